/* The driver without guests: state is small files, nodes are folders.  Always built, needs no privilege;
 * tests and work on the front end run the real daemons on it.
 *
 * RUN/labs/LAB/NODE/fake says that the node was created and holds its startup script; "booted" beside it
 * holds the result (guest_result.h).  A startup script is not run: its lines "echo TEXT" become its
 * output and a line "exit N" ends it.  "asleep" beside it says that the node is suspended. */
#include "labd/host/guest/guest.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_node.h"
#include "labd/host/guest/guest_result.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAKE_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *node_name(const struct guest_lab *lab, size_t node)
{
    return lab->plan->nodes[node].name;
}

static void run_file(const struct guest_lab *lab, size_t node, const char *name, char *out)
{
    char dir[PATH_MAX];

    guest_path_run(lab, node_name(lab, node), dir);
    if (snprintf(out, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
        out[0] = '\0'; /* names no file: every use of it fails */
}

static void marker_path(const struct guest_lab *lab, size_t node, char *out)
{
    run_file(lab, node, "fake", out);
}

static bool asleep(const struct guest_lab *lab, size_t node)
{
    char path[PATH_MAX];

    run_file(lab, node, "asleep", path);
    return file_exists(path);
}

static bool created(const struct guest_lab *lab, size_t node)
{
    char path[PATH_MAX];

    marker_path(lab, node, path);
    return file_exists(path);
}

static int fake_probe(const struct guest_host *h, struct buf *notes, struct err *e)
{
    (void)h, (void)e;
    buf_puts(notes, "driver fake runs no guests: nodes are folders, startup scripts are not executed\n");
    return 0;
}

/* Guests that do not exist need none. */
static int fake_memory(const struct guest_host *h, const struct plan *plan, const bool *nodes,
                       struct guest_memory *out, struct err *e)
{
    (void)h, (void)plan, (void)nodes, (void)e;
    *out = (struct guest_memory){.free_mb = meminfo_mb("MemAvailable"), .total_mb = meminfo_mb("MemTotal")};
    return 0;
}

static int create_one(const struct guest_lab *lab, size_t node, struct err *e)
{
    const char *startup = lab->plan->nodes[node].startup;
    char run[PATH_MAX], state[PATH_MAX], path[PATH_MAX];

    if (created(lab, node))
        return 0;
    guest_path_run(lab, node_name(lab, node), run);
    guest_path_state(lab, node_name(lab, node), state);
    marker_path(lab, node, path);
    if (file_mkdirs(run, 0711, e) < 0 || file_mkdirs(state, 0711, e) < 0)
        return -1;
    return file_write_atomic(path, startup != NULL ? startup : "", startup != NULL ? strlen(startup) : 0,
                             0600, e);
}

static int fake_create(const struct guest_lab *lab, const size_t *nodes, size_t n, guest_report_fn *report,
                       void *arg, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < n; i++) {
        struct err why = {0};
        bool ok = create_one(lab, nodes[i], &why) == 0;
        report(nodes[i], ok ? NULL : &why, NULL, 0, arg);
    }
    return 0;
}

/* What the script would have said, as init words it. */
static void pretend(const char *script, struct buf *text)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    unsigned long status = 0;
    bool ended = false;

    while (!ended && *script != '\0') {
        size_t len = strcspn(script, "\n");
        AUTO(mem_freep) char *line = xstrndup(script, len);
        if (strncmp(line, "echo ", 5) == 0) {
            buf_printf(&out, "%s\n", line + 5);
        } else if (strncmp(line, "exit ", 5) == 0) {
            status = strtoul(line + 5, NULL, 10);
            ended = true;
        }
        script += len + (script[len] == '\n');
    }
    if (status == 0)
        buf_puts(text, "ok\n");
    else
        buf_printf(text, "failed %lu\n", status > 255 ? 255 : status);
    buf_add(text, buf_str(&out), out.len < GUEST_OUTPUT_MAX ? out.len : GUEST_OUTPUT_MAX);
}

static int boot_one(const struct guest_lab *lab, size_t node, struct buf *text, struct err *e)
{
    char run[PATH_MAX], path[PATH_MAX];
    AUTO(buf_clear) struct buf script = BUF_INIT;

    guest_path_run(lab, node_name(lab, node), run);
    if (guest_result_exists(run))
        return guest_result_load(run, text, e);
    marker_path(lab, node, path);
    if (file_read(path, 16u << 20, &script, e) < 0)
        return err_set(e, ERR_CONFLICT, "node %s was not created", node_name(lab, node));
    pretend(buf_str(&script), text);
    return guest_result_save(run, text->data, text->len, e);
}

static int fake_wait(const struct guest_lab *lab, const size_t *nodes, size_t n, unsigned timeout_ms,
                     guest_report_fn *report, void *arg, struct err *e)
{
    (void)timeout_ms, (void)e;
    for (size_t i = 0; i < n; i++) {
        AUTO(buf_clear) struct buf text = BUF_INIT;
        struct guest_result r = {0};
        struct err why = {0};
        bool ok = boot_one(lab, nodes[i], &text, &why) == 0 &&
                  guest_result_parse(buf_str(&text), text.len, &r, &why) == 0 &&
                  guest_result_err(&r, &why) == 0;
        report(nodes[i], ok ? NULL : &why, r.output, r.n, arg);
    }
    return 0;
}

static int fake_remove(const struct guest_lab *lab, const size_t *nodes, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        char run[PATH_MAX];
        guest_path_run(lab, node_name(lab, nodes[i]), run);
        if (file_remove_tree(run, e) < 0)
            return -1;
    }
    return 0;
}

static int fake_wipe(const struct guest_lab *lab, size_t node, struct err *e)
{
    char state[PATH_MAX];

    guest_path_state(lab, node_name(lab, node), state);
    return file_remove_tree(state, e);
}

static int fake_observe(const struct guest_lab *lab, struct guest_observed *out, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        char run[PATH_MAX];
        guest_path_run(lab, node_name(lab, i), run);
        out[i] = (struct guest_observed){.state = GUEST_ABSENT};
        if (created(lab, i))
            out[i].state = asleep(lab, i)             ? GUEST_SUSPENDED
                           : guest_result_exists(run) ? GUEST_RUNNING
                                                      : GUEST_CREATED;
    }
    return 0;
}

/* Does the run folder of 'lab' hold a node of ours? */
static bool has_nodes(const char *run_dir, const char *lab)
{
    char dir[PATH_MAX], path[PATH_MAX];
    bool found = false;

    if (snprintf(dir, sizeof dir, "%s/labs/%s", run_dir, lab) >= (int)sizeof dir)
        return false;
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d != NULL && !found && (entry = readdir(d)) != NULL)
        found = name_ok(entry->d_name) &&
                snprintf(path, sizeof path, "%s/%s/fake", dir, entry->d_name) < (int)sizeof path &&
                file_exists(path);
    if (d != NULL)
        closedir(d);
    return found;
}

static int fake_leftovers(const struct guest_host *h, void (*each)(const char *lab, void *arg), void *arg,
                          struct err *e)
{
    char dir[PATH_MAX];

    (void)e;
    if (snprintf(dir, sizeof dir, "%s/labs", h->run_dir) >= (int)sizeof dir)
        return err_set(e, ERR_INVALID, "run folder %s has too long a name", h->run_dir);
    DIR *d = opendir(dir);
    if (d == NULL)
        return 0;
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL)
        if (lab_id_ok(entry->d_name) && has_nodes(h->run_dir, entry->d_name))
            each(entry->d_name, arg);
    closedir(d);
    return 0;
}

static int fake_purge(const struct guest_host *h, const char *lab, struct err *e)
{
    char dir[PATH_MAX];

    if (!lab_id_ok(lab))
        return err_set(e, ERR_INVALID, "'%.16s' is no lab id", lab);
    if (snprintf(dir, sizeof dir, "%s/labs/%s", h->run_dir, lab) >= (int)sizeof dir)
        return err_set(e, ERR_INVALID, "run folder %s has too long a name", h->run_dir);
    if (file_remove_tree(dir, e) < 0)
        return -1;
    if (snprintf(dir, sizeof dir, "%s/labs/%s/nodes", h->state_dir, lab) >= (int)sizeof dir)
        return err_set(e, ERR_INVALID, "state folder %s has too long a name", h->state_dir);
    return file_remove_tree(dir, e);
}

static int require_created(const struct guest_lab *lab, size_t node, struct err *e)
{
    if (!created(lab, node))
        return err_set(e, ERR_CONFLICT, "node %s does not run", node_name(lab, node));
    if (asleep(lab, node))
        return err_set(e, ERR_CONFLICT, "node %s is suspended", node_name(lab, node));
    return 0;
}

/* A clean environment and the node's folder as the current one. */
static void add_env(const struct guest_lab *lab, size_t node, struct argv *out)
{
    char state[PATH_MAX];

    guest_path_state(lab, node_name(lab, node), state);
    for (size_t i = 0; i < 3; i++)
        argv_add(out, (const char *const[]){"/usr/bin/env", "-i", "-C"}[i]);
    argv_add(out, state);
    argv_add(out, FAKE_PATH);
    argv_addf(out, "HOME=%s", state);
    argv_add(out, "LC_ALL=C.UTF-8");
}

static int fake_exec_argv(const struct guest_lab *lab, size_t node, const char *const *cmd, struct argv *out,
                          struct err *e)
{
    if (require_created(lab, node, e) < 0)
        return -1;
    add_env(lab, node, out);
    argv_add(out, "TERM=dumb");
    for (; *cmd != NULL; cmd++)
        argv_add(out, *cmd);
    return 0;
}

static int fake_console(const struct guest_lab *lab, size_t node, int *fd, struct err *e)
{
    AUTO(argv_clear) struct argv argv = {0};
    AUTO(mem_closep) int master = -1;
    AUTO(mem_closep) int slave = -1;
    char name[64];

    if (require_created(lab, node, e) < 0)
        return -1;
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 ||
        ptsname_r(master, name, sizeof name) != 0 || (slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
        return err_sys(e, "open a terminal for node %s", node_name(lab, node));
    /* setsid(1) leaves the shell to itself: it ends when the last holder of the master closes it. */
    argv_add(&argv, "/usr/bin/setsid");
    argv_add(&argv, "--ctty");
    add_env(lab, node, &argv);
    argv_add(&argv, "TERM=xterm-256color");
    argv_addf(&argv, "PS1=root@%s:~# ", node_name(lab, node));
    argv_add(&argv, "/bin/sh");
    argv_add(&argv, "-i");
    const int fds[3] = {slave, slave, slave};
    pid_t pid = proc_spawn(argv_get(&argv), fds, NULL, 0, NULL, e);
    if (pid < 0)
        return -1;
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    *fd = TAKE_FD(master);
    return 0;
}

static int fake_suspend(const struct guest_lab *lab, struct err *e)
{
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        char path[PATH_MAX];
        run_file(lab, i, "asleep", path);
        if (created(lab, i) && file_write_atomic(path, "", 0, 0600, e) < 0)
            return -1;
    }
    return 0;
}

static int fake_restore(const struct guest_lab *lab, guest_report_fn *report, void *arg, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < lab->plan->nnodes; i++)
        if (asleep(lab, i))
            report(i, NULL, NULL, 0, arg);
    return 0;
}

static int fake_wake(const struct guest_lab *lab, struct err *e)
{
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        char path[PATH_MAX];
        run_file(lab, i, "asleep", path);
        if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
            return err_sys(e, "remove %s", path);
    }
    return 0;
}

const struct guest_ops guest_fake = {
    .name = "fake",
    .wired = false,
    .probe = fake_probe,
    .memory = fake_memory,
    .create = fake_create,
    .wait = fake_wait,
    .remove = fake_remove,
    .wipe = fake_wipe,
    .observe = fake_observe,
    .leftovers = fake_leftovers,
    .purge = fake_purge,
    .exec_argv = fake_exec_argv,
    .console = fake_console,
    .suspend = fake_suspend,
    .restore = fake_restore,
    .wake = fake_wake,
};
