/* The UUIDs of our domains: "plab", four bytes of the owner, six of the lab's id, two of the node's index.  Not
 * an RFC 4122 UUID, and need not be one: Xen takes the 16 bytes as an opaque handle. */
#include "labd/host/guest/xen_int.h"

#include <string.h>

static const uint8_t magic[4] = {'p', 'l', 'a', 'b'};

void xen_uuid(const char *run_dir, const char *lab, size_t node, uint8_t out[XEN_UUID_SIZE])
{
    uint32_t owner = name_hash(run_dir);

    memcpy(out, magic, sizeof magic);
    for (int i = 0; i < 4; i++)
        out[4 + i] = (uint8_t)(owner >> (24 - 8 * i));
    memcpy(out + 8, lab, LAB_ID_LEN);
    out[14] = (uint8_t)(node >> 8);
    out[15] = (uint8_t)node;
}

bool xen_uuid_parse(const uint8_t uuid[XEN_UUID_SIZE], const char *run_dir, char lab[LAB_ID_SIZE],
                    size_t *node)
{
    uint8_t want[XEN_UUID_SIZE];
    char id[LAB_ID_SIZE];

    memcpy(id, uuid + 8, LAB_ID_LEN);
    id[LAB_ID_LEN] = '\0';
    if (!lab_id_ok(id))
        return false;
    *node = (size_t)uuid[14] << 8 | uuid[15];
    xen_uuid(run_dir, id, *node, want);
    memcpy(lab, id, sizeof id);
    return memcmp(uuid, want, sizeof want) == 0;
}
