#include "topology/topo_size.h"

#define LAB_ELEMENTS_MAX 200000

const struct topo_size topo_size_lab = {TOPO_FILE_MAX, LAB_ELEMENTS_MAX, PLAN_NODES_MAX, false};
/* Room for 100,000 hosts with an address and a route each, four times over; about 1 GiB of memory at the worst. */
const struct topo_size topo_size_tool = {64u << 20, 2000000, 200000, false};

void topo_size_grew(const struct topo_size *max, size_t was, size_t is, size_t lab, struct topo_msgs *m)
{
    if (max->warns && was <= lab && is > lab)
        topo_msgs_add(
            m, 0, TOPO_WARNING,
            "this is larger than a lab may be (%u MiB of XML, %d elements, %d hosts and routers): it "
            "can be checked and drawn, not started",
            TOPO_FILE_MAX >> 20, LAB_ELEMENTS_MAX, PLAN_NODES_MAX);
}
