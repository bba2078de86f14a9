/* Reaching into a guest: commands by the agent's vchan (labvchan), the console by xenconsoled's terminal, the
 * carrier of an interface by a key that the guest's network driver follows. */
#include "labd/host/guest/xen_agent.h"
#include "labd/host/guest/xen_int.h"

#include "labd/base/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <xenstore.h>

#define TTY_MAX 64u

static int labvchan(const struct guest_lab *lab, size_t node, const char *verb, struct argv *out,
                    struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    char lock[PATH_MAX];
    uint32_t domid = 0;

    if (xen_running(lab, node, &domid, e) < 0 || path_run(&n, "/vchan.lock", lock, e) < 0)
        return -1;
    argv_addf(out, "%s/labvchan", lab->host->program_dir);
    argv_add(out, verb);
    argv_addf(out, "%u", domid);
    argv_add(out, lock);
    return 0;
}

int xen_exec_argv(const struct guest_lab *lab, size_t node, const char *const *cmd, struct argv *out,
                  struct err *e)
{
    if (labvchan(lab, node, "exec", out, e) < 0)
        return -1;
    for (; *cmd != NULL; cmd++)
        argv_add(out, *cmd);
    return 0;
}

int xen_resize_argv(const struct guest_lab *lab, size_t node, unsigned rows, unsigned cols, struct argv *out,
                    struct err *e)
{
    if (labvchan(lab, node, "resize", out, e) < 0)
        return -1;
    argv_addf(out, "%u", rows);
    argv_addf(out, "%u", cols);
    return 0;
}

/* xenconsoled's side of the terminal is raw already; ours must be, too, or input would be echoed twice. */
static int make_raw(int fd, struct err *e)
{
    struct termios t;

    if (tcgetattr(fd, &t) < 0)
        return err_sys(e, "look at the console's terminal");
    cfmakeraw(&t);
    return tcsetattr(fd, TCSANOW, &t) < 0 ? err_sys(e, "set the console's terminal") : 0;
}

int xen_console(const struct guest_lab *lab, size_t node, int *fd, struct err *e)
{
    AUTO(buf_clear) struct buf tty = BUF_INIT;
    char key[64];
    uint32_t domid = 0;

    if (xen_running(lab, node, &domid, e) < 0)
        return -1;
    AUTO(xen_store_closep) struct xs_handle *xs = xen_store_open(e);
    if (xs == NULL)
        return -1;
    snprintf(key, sizeof key, "/local/domain/%u/console/tty", domid);
    if (!xen_store_read(xs, key, TTY_MAX, &tty) || strncmp(buf_str(&tty), "/dev/pts/", 9) != 0 ||
        strstr(buf_str(&tty), "..") != NULL)
        return err_set(e, ERR_NOT_FOUND, "node %s has no console: is xenconsoled running?",
                       lab->plan->nodes[node].name);
    AUTO(mem_closep) int got = open(buf_str(&tty), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
    if (got < 0)
        return err_sys(e, "open %s", buf_str(&tty));
    if (make_raw(got, e) < 0)
        return -1;
    *fd = TAKE_FD(got);
    return 0;
}

/* In the backend's folder, which the guest can read and not write.  Only our own kernel looks at it. */
int xen_carrier(const struct guest_lab *lab, size_t node, size_t iface, bool on, struct err *e)
{
    AUTO(buf_clear) struct buf state = BUF_INIT;
    char key[96];
    uint32_t domid = 0;

    if (xen_running(lab, node, &domid, NULL) < 0)
        return 0; /* it will be told when it starts */
    AUTO(xen_store_closep) struct xs_handle *xs = xen_store_open(e);
    if (xs == NULL)
        return -1;
    snprintf(key, sizeof key, "/local/domain/0/backend/vif/%u/%zu/state", domid, iface);
    if (!xen_store_read(xs, key, 16, &state))
        return 0; /* the guest has just gone, and a key would stay behind */
    snprintf(key, sizeof key, "/local/domain/0/backend/vif/%u/%zu/" XEN_AGENT_CARRIER, domid, iface);
    if (!xs_write(xs, XBT_NULL, key, on ? "1" : "0", 1))
        return err_sys(e, "tell node %s of its carrier", lab->plan->nodes[node].name);
    return 0;
}
