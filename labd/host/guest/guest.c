/* The table of guest drivers and the paths that all of them share. */
#include "labd/host/guest/guest.h"

#include "labd/base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct guest_ops *const drivers[] = {&guest_xen, &guest_container, &guest_fake};

const struct guest_ops *guest_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
        if (name != NULL && strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    return NULL;
}

const struct guest_ops *guest_each(size_t i)
{
    return i < ARRAY_LEN(drivers) ? drivers[i] : NULL;
}

void guest_path_state(const struct guest_lab *lab, const char *node, char *out)
{
    snprintf(out, PATH_MAX, "%s/labs/%s/nodes/%s", lab->host->state_dir, lab->plan->lab, node);
}

void guest_path_run(const struct guest_lab *lab, const char *node, char *out)
{
    snprintf(out, PATH_MAX, "%s/labs/%s/%s", lab->host->run_dir, lab->plan->lab, node);
}
