/* The guests that this process has made and that have not finished booting.  A backend opens a disk some time
 * after xl has returned; until then our descriptors keep the loop devices from detaching themselves. */
#include "labd/host/guest/xen_int.h"

#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct born {
    struct born *next;
    char lab[LAB_ID_SIZE], node[NAME_SIZE];
    int fd[2];
};
static struct born *list;

static struct born **find(const struct node_ref *n)
{
    struct born **p = &list;

    while (*p != NULL && (strcmp((*p)->node, n->node) != 0 || strcmp((*p)->lab, n->lab) != 0))
        p = &(*p)->next;
    return p;
}

void xen_born_add(const struct node_ref *n, int image_fd, int layer_fd)
{
    xen_born_del(n);
    struct born *b = xcalloc(1, sizeof *b);
    *b = (struct born){.next = list, .fd = {image_fd, layer_fd}};
    snprintf(b->lab, sizeof b->lab, "%s", n->lab);
    snprintf(b->node, sizeof b->node, "%s", n->node);
    list = b;
}

bool xen_born_has(const struct node_ref *n)
{
    return *find(n) != NULL;
}

static void drop(struct born **p)
{
    struct born *gone = *p;

    *p = gone->next;
    for (int i = 0; i < 2; i++)
        if (gone->fd[i] >= 0)
            close(gone->fd[i]);
    free(gone);
}

void xen_born_del(const struct node_ref *n)
{
    struct born **p = find(n);

    if (*p != NULL)
        drop(p);
}

void xen_born_clear(const char *lab)
{
    for (struct born **p = &list; *p != NULL;)
        if (strcmp((*p)->lab, lab) == 0)
            drop(p);
        else
            p = &(*p)->next;
}
