/* Running something in a node that runs: a command with the caller's streams, or a shell on a terminal. */
#include "labd/host/guest/container_int.h"

#include "labd/base/mem.h"
#include "labd/host/guest/oci_config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HANDOVER_MS 5000

/* What both begin with.  User, environment and capabilities are those of the container's init. */
static int crun_exec(const struct guest_lab *lab, size_t node, struct argv *out, struct err *e)
{
    const struct node_ref n = node_ref(lab, node);
    char root[PATH_MAX];

    if (crun_pid(&n) == 0)
        return err_set(e, ERR_CONFLICT, "node %s does not run", n.node);
    if (crun_root(lab->host, root, e) < 0)
        return -1;
    /* crun sets the container's resource limits for its init only; here they are inherited. */
    argv_add(out, "prlimit");
    argv_addf(out, "--nproc=%d:%d", OCI_PIDS_MAX, OCI_PIDS_MAX);
    argv_addf(out, "--nofile=%d:%d", OCI_FILES_MAX, OCI_FILES_MAX);
    argv_add(out, "--core=0:0");
    argv_add(out, "crun");
    argv_add(out, "--root");
    argv_add(out, root);
    argv_add(out, "exec");
    argv_add(out, "--no-new-privs");
    argv_add(out, "--cwd=/root");
    return 0;
}

static void add_id(const struct guest_lab *lab, size_t node, struct argv *out)
{
    const struct node_ref n = node_ref(lab, node);
    char id[80];

    crun_id(&n, id);
    argv_add(out, id);
}

int container_exec_argv(const struct guest_lab *lab, size_t node, const char *const *cmd, struct argv *out,
                        struct err *e)
{
    if (crun_exec(lab, node, out, e) < 0)
        return -1;
    add_id(lab, node, out);
    /* crun passes SIGTERM on to the command; if crun itself is killed, the command goes with it. */
    argv_add(out, "/usr/bin/setpriv");
    argv_add(out, "--pdeathsig=KILL");
    argv_add(out, "--");
    for (; *cmd != NULL; cmd++)
        argv_add(out, *cmd);
    return 0;
}

static int listen_on(const char *path, struct err *e)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof sa.sun_path)
        return err_set(e, ERR_INVALID, "socket path %s is longer than %zu bytes", path,
                       sizeof sa.sun_path - 1);
    memcpy(sa.sun_path, path, strlen(path) + 1);
    AUTO(mem_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(e, "socket");
    if (unlink(path) < 0 && errno != ENOENT)
        return err_sys(e, "remove %s", path);
    if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 1) < 0)
        return err_sys(e, "listen on %s", path);
    return TAKE_FD(fd);
}

/* Takes the terminal that crun sends as SCM_RIGHTS (runc's console-socket protocol). */
static int receive_terminal(int listener, struct err *e)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char name[256];
    struct iovec iov = {.iov_base = name, .iov_len = sizeof name};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    struct pollfd p = {.fd = listener, .events = POLLIN};
    int fd = -1;

    if (poll(&p, 1, HANDOVER_MS) <= 0)
        return err_set(e, ERR_TIMEOUT, "crun handed over no terminal");
    AUTO(mem_closep) int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (peer < 0)
        return err_sys(e, "accept the terminal");
    ssize_t n = recvmsg(peer, &msg, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (c == NULL || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN(sizeof fd))
        return err_set(e, ERR_PROTOCOL, "crun sent no terminal");
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

int container_console(const struct guest_lab *lab, size_t node, int *fd, struct err *e)
{
    static unsigned serial;
    AUTO(argv_clear) struct argv argv = {0};
    char path[PATH_MAX];

    if (crun_exec(lab, node, &argv, e) < 0 || path_make(path, e, "%s/labs/%s/.tty-%d-%u", lab->host->run_dir,
                                                        lab->plan->lab, (int)getpid(), serial++) < 0)
        return -1;
    AUTO(mem_closep) int listener = listen_on(path, e);
    if (listener < 0)
        return -1;
    argv_add(&argv, "--env=TERM=xterm-256color");
    argv_add(&argv, "--tty");
    argv_add(&argv, "--detach");
    argv_addf(&argv, "--console-socket=%s", path);
    add_id(lab, node, &argv);
    argv_add(&argv, "/bin/bash");
    argv_add(&argv, "-l");
    const struct proc_spec spec = {.argv = argv_get(&argv), .input = "", .timeout_ms = HANDOVER_MS};
    int got = proc_check(lab->host->runner, &spec, NULL, e) < 0 ? -1 : receive_terminal(listener, e);
    unlink(path);
    if (got < 0)
        return err_wrap(e, "open a terminal on node %s", lab->plan->nodes[node].name);
    *fd = got;
    return 0;
}
