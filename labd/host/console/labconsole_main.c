/* labconsole: holds the terminals of one lab, so that they survive a restart of labhost.  Started by
 * console_start(); answers "console.open" on RUN/labs/LAB/console.sock (labd/doc/protocol.md). */
#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/host/console/console_client.h"
#include "labd/host/console/console_node.h"
#include "labd/rpc/rpc.h"

#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GREETING_FD 3
#define PLAN_MAX (64u << 20)
#define CHECK_MS 2000u

struct lab_console {
    struct loop *loop;
    struct guest_host host;
    struct guest_lab lab;
    const struct guest_ops *ops;
    struct plan *plan;
    struct console_node **nodes; /* made when first asked for */
    char path[PATH_MAX];
    ino_t inode;
};

static void console_open(struct rpc_call *call, json_t *req, void *arg)
{
    struct lab_console *l = arg;
    const char *name = json_string_value(json_object_get(req, "node"));
    const json_t *offset = json_object_get(req, "offset");
    json_int_t rows = json_integer_value(json_object_get(req, "rows"));
    json_int_t cols = json_integer_value(json_object_get(req, "cols"));
    const struct plan_node *n = name_ok(name) ? plan_node_find(l->plan, name) : NULL;
    struct err e;

    if (n == NULL) {
        err_set(&e, ERR_NOT_FOUND, "the lab has no such node");
        rpc_fail(call, &e);
        return;
    }
    size_t i = (size_t)(n - l->plan->nodes);
    if (l->nodes[i] == NULL)
        l->nodes[i] = console_node_new(l->loop, &l->lab, l->ops, i);
    uint64_t from =
        console_node_offset(l->nodes[i], json_is_integer(offset) ? json_integer_value(offset) : -1);
    struct frame_conn *conn = rpc_stream(call, json_pack("{s:I}", "offset", (json_int_t)from));
    if (conn != NULL)
        console_node_attach(l->nodes[i], conn, from, rows > 0 && rows <= 500 ? (unsigned)rows : 0,
                            cols > 0 && cols <= 1000 ? (unsigned)cols : 0);
}

static const struct rpc_method methods[] = {{"console.open", console_open}, {NULL, NULL}};

static void on_signal(int signo, void *arg)
{
    (void)signo;
    loop_stop(arg);
}

/* The lab's run folder was removed, or another labconsole took over: nobody can reach this one. */
static void check_socket(void *arg)
{
    struct lab_console *l = arg;
    struct stat st;

    if (stat(l->path, &st) < 0 || st.st_ino != l->inode)
        loop_stop(l->loop);
    else
        loop_timer_add(l->loop, CHECK_MS, check_socket, l);
}

static void greet(const char *text)
{
    if (write(GREETING_FD, text, strlen(text)) < 0)
        _exit(1);
    close(GREETING_FD);
}

static int load_plan(struct lab_console *l, const char *path, struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (file_read(path, PLAN_MAX, &text, e) < 0)
        return -1;
    json_t *j = json_loadb(buf_str(&text), text.len, 0, NULL);
    if (j == NULL)
        return err_set(e, ERR_INVALID, "%s is not JSON", path);
    l->plan = plan_from_json(j, e);
    json_decref(j);
    return l->plan != NULL ? 0 : -1;
}

static int serve(struct lab_console *l, const char *plan, struct err *e)
{
    struct rpc_server *server = NULL;
    struct stat st;

    if (load_plan(l, plan, e) < 0 ||
        console_socket_path(l->host.run_dir, l->plan->lab, l->path, sizeof l->path, e) < 0)
        return -1;
    l->lab.host = &l->host;
    l->lab.plan = l->plan;
    l->nodes = xcalloc(l->plan->nnodes, sizeof(void *));
    l->loop = loop_new(e);
    if (l->loop == NULL || (server = rpc_server_new(l->loop, l->path, 0, methods, l, e)) == NULL)
        return -1;
    if (loop_signal_add(l->loop, SIGTERM, on_signal, l->loop, e) < 0)
        return -1;
    l->inode = stat(l->path, &st) == 0 ? st.st_ino : 0;
    loop_timer_add(l->loop, CHECK_MS, check_socket, l);
    greet("ok\n");
    int rc = loop_run(l->loop, e);
    for (size_t i = 0; i < l->plan->nnodes; i++)
        console_node_free(l->nodes[i]);
    if (stat(l->path, &st) == 0 && st.st_ino == l->inode)
        rpc_server_free(server);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"plan", required_argument, NULL, 'p'},
        {"driver", required_argument, NULL, 'd'},
        {"uid-base", required_argument, NULL, 'u'},
        {"state", required_argument, NULL, 's'},
        {"run", required_argument, NULL, 'r'},
        {"images", required_argument, NULL, 'i'},
        {NULL, 0, NULL, 0},
    };
    struct lab_console l = {.host = {.parallel = 2}};
    const char *plan = NULL;
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    struct err e = {0};
    int c;

    log_init("labconsole", LOG_INFO_);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'p':
            plan = optarg;
            break;
        case 'd':
            l.ops = guest_find(optarg);
            break;
        case 'u':
            l.lab.uid_base = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 's':
            l.host.state_dir = optarg;
            break;
        case 'r':
            l.host.run_dir = optarg;
            break;
        case 'i':
            l.host.image_dir = optarg;
            break;
        default:
            return 2;
        }
    }
    if (len > 0 && len < (ssize_t)sizeof self) {
        self[len] = '\0';
        l.host.program_dir = dirname(self);
    }
    if (plan == NULL || l.ops == NULL || l.host.state_dir == NULL || l.host.run_dir == NULL ||
        l.host.image_dir == NULL) {
        fputs("labconsole is started by labhost\n", stderr);
        return 2;
    }
    pid_t pid = fork();
    if (pid != 0)
        return pid < 0;
    setsid();
    signal(SIGPIPE, SIG_IGN);
    if (serve(&l, plan, &e) < 0) {
        log_err("labconsole.failed", &e, NULL);
        greet(e.msg);
        return 1;
    }
    return 0;
}
