/* See guest_fixture.h.  Not a program: included by test_guest.c and test_guest_container.c. */
#include "tests/contract/guest_fixture.h"

#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_MS 8000 /* a guest under emulation takes its time */

void fixture_assert_ok(int rc, const struct err *e, const char *what, const char *file, int line)
{
    if (rc != 0)
        print_error("%s: %s\n", what, e->msg);
    _assert_int_equal((LargestIntegralType)rc, 0, file, line);
}

/* Letters and digits that no other lab of the machine has, and a range of user ids likewise. */
static void unique(char id[LAB_ID_SIZE], uint32_t *uid_base)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char r[8];

    assert_int_equal(getrandom(r, sizeof r, 0), sizeof r);
    id[0] = 't';
    for (size_t i = 1; i < LAB_ID_LEN; i++)
        id[i] = digits[r[i] % 36];
    id[LAB_ID_LEN] = '\0';
    *uid_base = 0x70000000u + ((uint32_t)(r[6] << 8 | r[7]) % 0x2000u << 16);
}

static const char *images(void)
{
    const char *cache = getenv("LABD_CACHE");

    return cache != NULL ? cache : "/var/cache/labd";
}

/* BUILD/tests/contract/test_x -> BUILD; where the tests stand alone, the programs are installed. */
static void find_programs(char *out, size_t size)
{
    char self[PATH_MAX], path[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    self[n > 0 ? n : 0] = '\0';
    for (int i = 0; i < 3 && strrchr(self, '/') != NULL; i++)
        *strrchr(self, '/') = '\0';
    snprintf(path, sizeof path, "%s/labhotplug", self);
    snprintf(out, size, "%.200s", file_exists(path) ? self : "/usr/sbin");
}

int fixture_setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    struct err e;

    f->ops = *state;
    snprintf(f->dir, sizeof f->dir, "/tmp/plg-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    assert_int_equal(chmod(f->dir, 0711), 0);
    snprintf(f->state_dir, sizeof f->state_dir, "%s/s", f->dir);
    snprintf(f->run_dir, sizeof f->run_dir, "%s/r", f->dir);
    snprintf(f->image_dir, sizeof f->image_dir, "%s/images", images());
    find_programs(f->program_dir, sizeof f->program_dir);
    f->host = (struct guest_host){.state_dir = f->state_dir,
                                  .run_dir = f->run_dir,
                                  .image_dir = f->image_dir,
                                  .program_dir = f->program_dir,
                                  .parallel = 2};
    f->lab = (struct guest_lab){.host = &f->host, .plan = &f->plan};
    unique(f->plan.lab, &f->lab.uid_base);
    f->plan.nodes = f->nodes;
    f->plan.nnodes = FIXTURE_NODES;
    for (size_t i = 0; i < FIXTURE_NODES; i++) {
        snprintf(f->nodes[i].name, sizeof f->nodes[i].name, i == 2 ? "far-router" : "h%zu", i + 1);
        snprintf(f->nodes[i].image, sizeof f->nodes[i].image, "base");
        f->nodes[i].memory_mb = 64;
        f->nodes[i].vcpus = 1;
        f->all[i] = i;
    }
    assert_ok(f->ops->probe(&f->host, &notes, &e), &e);
    *state = f;
    return 0;
}

/* Ended, and only its parent, the machine's init, has not looked yet. */
static bool is_zombie(const char *proc_dir)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    char path[320];

    snprintf(path, sizeof path, "%s/stat", proc_dir);
    if (file_read(path, 4096, &text, NULL) < 0)
        return true;
    const char *state = strrchr(buf_str(&text), ')');
    return state == NULL || state[2] == 'Z';
}

/* Processes whose user is one of the lab's. */
static unsigned processes_of(uint32_t uid_base)
{
    unsigned count = 0;
    DIR *d = opendir("/proc");
    const struct dirent *entry;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        char path[300];
        struct stat st;
        snprintf(path, sizeof path, "/proc/%s", entry->d_name);
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && stat(path, &st) == 0 &&
            st.st_uid >= uid_base && st.st_uid - uid_base < 65536 && !is_zombie(path))
            count++;
    }
    if (d != NULL)
        closedir(d);
    return count;
}

/* A loop device goes a moment after the last program that had it open. */
static bool loop_is_left(const char *dir)
{
    AUTO(buf_clear) struct buf file = BUF_INIT;
    char path[80];
    bool left = false;

    for (int i = 0; i < 256 && !left; i++) {
        snprintf(path, sizeof path, "/sys/block/loop%d/loop/backing_file", i);
        buf_truncate(&file, 0);
        left = file_read(path, 4096, &file, NULL) == 0 && strncmp(buf_str(&file), dir, strlen(dir)) == 0;
    }
    return left;
}

static void assert_nothing_left(const struct fixture *f)
{
    AUTO(buf_clear) struct buf mounts = BUF_INIT;
    char path[256];
    struct err e;

    assert_ok(file_read("/proc/self/mountinfo", 4u << 20, &mounts, &e), &e);
    if (strstr(buf_str(&mounts), f->dir) != NULL)
        fail_msg("a mount is left: %.300s", strstr(buf_str(&mounts), f->dir));
    snprintf(path, sizeof path, "/sys/fs/cgroup/paralab/%s", f->plan.lab);
    assert_false(file_exists(path));
    snprintf(path, sizeof path, "%s/labs/%s", f->run_dir, f->plan.lab);
    assert_false(file_exists(path));
    snprintf(path, sizeof path, "%s/labs/%s/nodes", f->state_dir, f->plan.lab);
    assert_false(file_exists(path));
    snprintf(path, sizeof path, "%s/crun", f->run_dir);
    if (file_exists(path))
        assert_int_equal(rmdir(path), 0); /* empty, that is */
    /* A killed process leaves its control group some microseconds before it is a zombie. */
    for (int i = 0; i < 200 && processes_of(f->lab.uid_base) > 0; i++)
        usleep(10000);
    assert_int_equal(processes_of(f->lab.uid_base), 0);
    for (int i = 0; i < 200 && loop_is_left(f->dir); i++)
        usleep(10000);
    assert_false(loop_is_left(f->dir));
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    struct err e;

    assert_ok(f->ops->purge(&f->host, f->plan.lab, &e), &e);
    assert_nothing_left(f);
    assert_ok(file_remove_tree(f->dir, &e), &e);
    fixture_forget(f);
    free(f);
    return 0;
}

void fixture_report(size_t node, const struct err *e, const char *output, size_t n, void *arg)
{
    struct fixture *f = arg;

    assert_in_range(node, 0, FIXTURE_NODES - 1);
    f->seen[node].reports++;
    f->seen[node].why = e != NULL ? *e : (struct err){0};
    buf_truncate(&f->seen[node].output, 0);
    buf_add(&f->seen[node].output, output, n);
}

void fixture_forget(struct fixture *f)
{
    for (size_t i = 0; i < FIXTURE_NODES; i++) {
        buf_clear(&f->seen[i].output);
        f->seen[i] = (struct seen){0};
    }
}

void fixture_create(struct fixture *f)
{
    struct err e;

    fixture_forget(f);
    assert_ok(f->ops->create(&f->lab, f->all, FIXTURE_NODES, fixture_report, f, &e), &e);
    for (size_t i = 0; i < FIXTURE_NODES; i++) {
        assert_ok(f->seen[i].why.code == ERR_NONE ? 0 : -1, &f->seen[i].why);
        assert_int_equal(f->seen[i].reports, 1);
    }
}

void fixture_boot(struct fixture *f)
{
    struct err e;

    fixture_create(f);
    fixture_forget(f);
    assert_ok(f->ops->wait(&f->lab, f->all, FIXTURE_NODES, 90000, fixture_report, f, &e), &e);
    for (size_t i = 0; i < FIXTURE_NODES; i++)
        assert_int_equal(f->seen[i].reports, 1);
}

static struct guest_observed observe(struct fixture *f, size_t node)
{
    struct guest_observed seen[FIXTURE_NODES];
    struct err e;

    assert_ok(f->ops->observe(&f->lab, seen, &e), &e);
    return seen[node];
}

enum guest_state fixture_state(struct fixture *f, size_t node)
{
    return observe(f, node).state;
}

pid_t fixture_pid(struct fixture *f, size_t node)
{
    return observe(f, node).netns_pid;
}

int fixture_sh(struct fixture *f, size_t node, const char *script, const char *input, struct buf *out)
{
    const char *cmd[] = {"sh", "-c", script, NULL};
    AUTO(argv_clear) struct argv argv = {0};
    AUTO(proc_result_clear) struct proc_result r = {0};
    struct err e;

    assert_ok(f->ops->exec_argv(&f->lab, node, cmd, &argv, &e), &e);
    if (input == NULL)
        input = "";
    const struct proc_spec spec = {.argv = argv_get(&argv), .input = input, .input_len = strlen(input)};
    assert_ok(proc_run(NULL, &spec, &r, &e), &e);
    if (out != NULL) {
        buf_add(out, buf_str(&r.out), r.out.len);
        buf_add(out, buf_str(&r.err), r.err.len);
    }
    return r.status;
}

void fixture_expect(struct fixture *f, size_t node, const char *script, const char *want)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    int status = fixture_sh(f, node, script, NULL, &out);

    assert_string_equal(buf_str(&out), want);
    assert_int_equal(status, 0);
}

bool fixture_read_until(int fd, const char *want, struct buf *got)
{
    int64_t due = loop_now_ms() + READ_MS;
    char chunk[1024];

    while (strstr(buf_str(got), want) == NULL) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (loop_now_ms() > due)
            return false;
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n <= 0)
            return false;
        buf_add(got, chunk, (size_t)n);
    }
    return true;
}
