/* labhotplug: what libxl runs when a device of a guest comes or goes, for interfaces and disks alike
 * (docs/misc/xenstore-paths and xen's hotplug scripts).  libxl says what it is about in the environment:
 *   XENBUS_TYPE=vif, vif=NAME, XENBUS_PATH=...    argument "online" or "offline"
 *   XENBUS_TYPE=vbd, XENBUS_PATH=...              argument "add" or "remove"
 *
 * An interface gets the name that the plan gave it and no IPv6 of the host's; it stays down: labhost's net layer
 * sets it up with the state of its link.  A disk is a loop device that is attached already; its numbers are
 * written where blkback waits for them.  Going needs nothing: the kernel removes the interface, the loop
 * device detaches itself. */
#include "labd/base/err.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <xenstore.h>

#define KEY_SIZE 256

struct hotplug {
    struct xs_handle *xs;
    const char *path; /* of the backend in xenstore */
};

static int key(const struct hotplug *h, const char *name, char out[KEY_SIZE], struct err *e)
{
    if (snprintf(out, KEY_SIZE, "%s/%s", h->path, name) >= KEY_SIZE)
        return err_set(e, ERR_INVALID, "XENBUS_PATH is too long");
    return 0;
}

static int put(const struct hotplug *h, const char *name, const char *value, struct err *e)
{
    char k[KEY_SIZE];

    if (key(h, name, k, e) < 0)
        return -1;
    return xs_write(h->xs, XBT_NULL, k, value, (unsigned)strlen(value)) ? 0 : err_sys(e, "write %s", k);
}

static char *get(const struct hotplug *h, const char *name, struct err *e)
{
    char k[KEY_SIZE];
    unsigned len;

    if (key(h, name, k, e) < 0)
        return NULL;
    char *value = xs_read(h->xs, XBT_NULL, k, &len);
    if (value == NULL)
        err_sys(e, "read %s", k);
    return value;
}

static int rename_device(const char *from, const char *to, struct err *e)
{
    struct ifreq r = {0};

    if (strlen(from) >= IFNAMSIZ || strlen(to) >= IFNAMSIZ)
        return err_set(e, ERR_INVALID, "interface name %.40s is too long", to);
    if (strcmp(from, to) == 0)
        return 0;
    AUTO(mem_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, "socket");
    memcpy(r.ifr_name, from, strlen(from));
    memcpy(r.ifr_newname, to, strlen(to));
    return ioctl(fd, SIOCSIFNAME, &r) < 0 ? err_sys(e, "name interface %s %s", from, to) : 0;
}

/* No router solicitation, MLD report or neighbour of the host appears on a lab's wire. */
static int ipv6_off(const char *dev, struct err *e)
{
    char path[96];

    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%.15s/disable_ipv6", dev);
    AUTO(mem_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_sys(e, "open %s", path);
    return write(fd, "1", 1) == 1 ? 0 : err_sys(e, "switch IPv6 off on %s", dev);
}

static int vif_online(const struct hotplug *h, struct err *e)
{
    const char *born = getenv("vif");

    if (born == NULL)
        return err_set(e, ERR_INVALID, "the environment names no vif");
    AUTO(mem_freep) char *name = get(h, "vifname", e);
    if (name == NULL || rename_device(born, name, e) < 0 || ipv6_off(name, e) < 0)
        return -1;
    return put(h, "hotplug-status", "connected", e);
}

static int vbd_add(const struct hotplug *h, struct err *e)
{
    char numbers[32];
    struct stat st;

    AUTO(mem_freep) char *dev = get(h, "params", e);
    if (dev == NULL)
        return -1;
    if (stat(dev, &st) < 0)
        return err_sys(e, "look at %s", dev);
    if (!S_ISBLK(st.st_mode))
        return err_set(e, ERR_INVALID, "%s is no block device", dev);
    snprintf(numbers, sizeof numbers, "%x:%x", major(st.st_rdev), minor(st.st_rdev));
    if (put(h, "physical-device-path", dev, e) < 0 || put(h, "physical-device", numbers, e) < 0)
        return -1;
    return put(h, "hotplug-status", "connected", e);
}

static int run(const struct hotplug *h, const char *verb, struct err *e)
{
    const char *type = getenv("XENBUS_TYPE");

    if (type == NULL || h->path == NULL)
        return err_set(e, ERR_INVALID,
                       "labhotplug is called by libxl, which sets XENBUS_TYPE and XENBUS_PATH");
    if (strcmp(type, "vif") == 0 && strcmp(verb, "online") == 0)
        return vif_online(h, e);
    if (strcmp(type, "vbd") == 0 && strcmp(verb, "add") == 0)
        return vbd_add(h, e);
    return 0;
}

/* libxl shows it when the program fails. */
static void tell(const struct hotplug *h, const struct err *e)
{
    struct err ignored;

    fprintf(stderr, "labhotplug: %s\n", e->msg);
    if (h->path != NULL && h->xs != NULL && put(h, "hotplug-error", e->msg, &ignored) < 0)
        fprintf(stderr, "labhotplug: %s\n", ignored.msg);
}

int main(int argc, char **argv)
{
    struct hotplug h = {.path = getenv("XENBUS_PATH")};
    struct err e = {0};
    int rc = -1;

    if (argc < 2) {
        fputs("labhotplug is called by libxl\n", stderr);
        return 2;
    }
    h.xs = xs_open(0);
    if (h.xs == NULL)
        err_sys(&e, "connect to xenstore");
    else
        rc = run(&h, argv[1], &e);
    if (rc < 0)
        tell(&h, &e);
    if (h.xs != NULL)
        xs_close(h.xs);
    return rc < 0;
}
