#include "labd/host/console/console_client.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/rpc/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 5000
#define STOP_MS 1000

int console_socket_path(const char *run_dir, const char *lab, char *out, size_t size, struct err *e)
{
    if (snprintf(out, size, "%s/labs/%s/console.sock", run_dir, lab) >= (int)size)
        return err_set(e, ERR_INVALID, "run folder %s has too long a name", run_dir);
    return 0;
}

/* Reads what labconsole says on its start: "ok", or why not. */
static int read_greeting(int fd, struct err *e)
{
    char text[512];
    size_t n = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};

    while (n < sizeof text - 1 && poll(&p, 1, START_MS) > 0) {
        ssize_t r = read(fd, text + n, sizeof text - 1 - n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            break;
        n += (size_t)r;
    }
    text[n] = '\0';
    if (strcmp(text, "ok\n") == 0)
        return 0;
    return err_set(e, ERR_TOOL, "the console process did not start: %s", n > 0 ? text : "it said nothing");
}

int console_start(const struct guest_lab *lab, const struct guest_ops *ops, const char *program_dir,
                  struct err *e)
{
    char path[PATH_MAX], plan[PATH_MAX], program[PATH_MAX], uid[16], dir[PATH_MAX];
    const struct guest_host *h = lab->host;

    if (console_socket_path(h->run_dir, lab->plan->lab, path, sizeof path, e) < 0)
        return -1;
    int fd = frame_connect(path, NULL);
    if (fd >= 0) {
        close(fd);
        return 0;
    }
    snprintf(dir, sizeof dir, "%s/labs/%s", h->run_dir, lab->plan->lab);
    if (file_mkdirs(dir, 0711, e) < 0)
        return -1;
    snprintf(plan, sizeof plan, "%s/labs/%s/plan.json", h->state_dir, lab->plan->lab);
    snprintf(program, sizeof program, "%s/labconsole", program_dir);
    snprintf(uid, sizeof uid, "%u", lab->uid_base);
    const char *argv[] = {program,   "--plan",     plan,    "--driver", ops->name,  "--uid-base", uid,
                          "--state", h->state_dir, "--run", h->run_dir, "--images", h->image_dir, NULL};
    int greeting[2];
    if (pipe2(greeting, O_CLOEXEC) < 0)
        return err_sys(e, "pipe");
    const int fds[3] = {-1, -1, STDERR_FILENO};
    pid_t pid = proc_spawn(argv, fds, &greeting[1], 1, NULL, e);
    close(greeting[1]);
    int rc = pid < 0 ? -1 : read_greeting(greeting[0], e);
    close(greeting[0]);
    if (pid > 0) /* it forked and its first process ends at once */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    return rc;
}

static pid_t listener_of(const char *path)
{
    struct ucred cred = {0};
    socklen_t len = sizeof cred;
    int fd = frame_connect(path, NULL);

    if (fd < 0)
        return 0;
    /* The credentials of a connected unix socket are those of the process that called listen(). */
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        cred.pid = 0;
    close(fd);
    return cred.pid;
}

void console_stop(const char *run_dir, const char *lab)
{
    char path[PATH_MAX];

    if (console_socket_path(run_dir, lab, path, sizeof path, NULL) < 0)
        return;
    pid_t pid = listener_of(path);
    if (pid > 1 && pid != getpid()) {
        AUTO(mem_closep) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd p = {.fd = pidfd, .events = POLLIN};
        if (pidfd >= 0) {
            syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
            if (poll(&p, 1, STOP_MS) == 0) {
                syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
                poll(&p, 1, STOP_MS);
            }
        }
    }
    unlink(path);
}
