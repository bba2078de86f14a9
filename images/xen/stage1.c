/* /init of a Xen guest's initramfs.  It finds there what the host has put in (a description of the node in
 * /lab), makes the guest's root from a shared read-only disk and a private one, and becomes lab-init, so
 * that a guest looks the same inside whichever driver runs it (labd/host/guest/oci_config.c). */
#include "images/xen/stage1.h"

#include "images/xen/xs_wire.h"
#include "labd/host/guest/xen_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROOT "/new"
#define REPORT_FD 3
#define FILES_MAX 4096
#define FAILED "failed 126" /* lab-init's number for a trouble that is not the startup script's */

_Noreturn void stage1_fail(const char *format, ...)
{
    char line[512] = "paralab: this node cannot boot: ";
    size_t at = strlen(line);
    va_list ap;

    va_start(ap, format);
    vsnprintf(line + at, sizeof(line) - at - 1, format, ap);
    va_end(ap);
    dprintf(STDERR_FILENO, "%s\n", line);
    int fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
    if (fd >= 0 && xs_wire_write(fd, XEN_AGENT_OUTPUT_KEY "/0", line, strlen(line)) == 0 &&
        xs_wire_write(fd, XEN_AGENT_BOOT, FAILED, strlen(FAILED)) == 0)
        stage1_sleep(1000); /* the host reads it before the domain is gone */
    sync();
    reboot(RB_POWER_OFF);
    _exit(1);
}

void stage1_sleep(unsigned ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

long stage1_read(const char *path, char *out, size_t max)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t k = -1;

    if (fd < 0)
        return -1;
    while (n < max && (k = read(fd, out + n, max - n)) > 0)
        n += (size_t)k;
    close(fd);
    if (k < 0 || n == max)
        return -1;
    out[n] = '\0';
    return (long)n;
}

/* A kernel that is not ours has its parts in modules: /modules/order names them, dependencies first, with
 * parameters.  What the processor cannot do (ENODEV) has another module, slower, in its place. */
static void load_modules(void)
{
    static char order[32768];
    char path[256], *save = NULL;

    if (stage1_read("/modules/order", order, sizeof(order)) < 0) {
        if (access("/modules", F_OK) == 0)
            stage1_fail("cannot read /modules/order: %s", strerror(errno));
        return;
    }
    for (char *name = strtok_r(order, "\n", &save); name != NULL; name = strtok_r(NULL, "\n", &save)) {
        char *parameters = strchr(name, ' ');
        if (parameters != NULL)
            *parameters++ = '\0';
        snprintf(path, sizeof(path), "/modules/%s", name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || (syscall(SYS_finit_module, fd, parameters == NULL ? "" : parameters, 0) < 0 &&
                       errno != EEXIST && errno != ENODEV))
            dprintf(STDERR_FILENO, "paralab: module %s: %s\n", name, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
}

/* The host's random bytes count as such: without them a guest, which has neither keyboard nor disk noise,
 * would make its first keys before its generator is ready. */
static void credit_random(void)
{
    struct {
        int entropy, size;
        char bytes[65];
    } pool = {0};
    long n = stage1_read("/lab/random", pool.bytes, sizeof(pool.bytes));
    int fd = open("/dev/random", O_WRONLY | O_CLOEXEC);

    if (n <= 0 || fd < 0)
        stage1_fail("there are no random bytes in /lab/random");
    pool.entropy = (int)n * 8;
    pool.size = (int)n;
    if (ioctl(fd, RNDADDENTROPY, &pool) < 0)
        stage1_fail("cannot seed the random numbers: %s", strerror(errno));
    close(fd);
    explicit_bzero(&pool, sizeof(pool));
}

static void read_hostname(char *out, size_t max)
{
    long n = stage1_read("/lab/hostname", out, max);

    if (n > 0 && out[n - 1] == '\n')
        out[--n] = '\0';
    if (n <= 0 ||
        strspn(out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != (size_t)n)
        stage1_fail("/lab/hostname does not hold a name");
    if (sethostname(out, (size_t)n) < 0)
        stage1_fail("cannot set the host name %s: %s", out, strerror(errno));
}

static void copy(const char *from, const char *to, mode_t mode)
{
    char chunk[16384];
    ssize_t n;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (in < 0 || out < 0)
        stage1_fail("cannot copy %s to %s: %s", from, to, strerror(errno));
    while ((n = read(in, chunk, sizeof(chunk))) > 0)
        if (write(out, chunk, (size_t)n) != n)
            stage1_fail("cannot write %s: %s", to, strerror(errno));
    if (n < 0 || fchmod(out, mode) < 0)
        stage1_fail("cannot copy %s to %s: %s", from, to, strerror(errno));
    close(in);
    close(out);
}

static void limits(void)
{
    struct rlimit files = {FILES_MAX, FILES_MAX}, core = {0, 0};

    setrlimit(RLIMIT_NOFILE, &files);
    setrlimit(RLIMIT_CORE, &core);
}

/* lab-init's report goes into a file that is locked as long as lab-init has it open: whoever gets the lock
 * knows that the report is complete, and may be started again and read it again. */
static void open_streams(void)
{
    int report = open("/run/lab/report", O_RDWR | O_CREAT | O_EXCL, 0600);
    int null = open("/dev/null", O_RDONLY);
    /* Complaints of what lab-init keeps running belong to the kernel's log, not into a student's terminal. */
    int log = open("/dev/kmsg", O_WRONLY);

    if (report < 0 || null < 0 || log < 0 || flock(report, LOCK_EX) < 0)
        stage1_fail("cannot open the report: %s", strerror(errno));
    /* 0, 1 and 2 are the console, so that all of these are at least 3. */
    int keep = fcntl(report, F_DUPFD, 10);
    if (keep < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        stage1_fail("cannot set up descriptors: %s", strerror(errno));
    syscall(SYS_close_range, 3, 9, 0);
    if (dup2(keep, REPORT_FD) < 0)
        stage1_fail("cannot set up descriptors: %s", strerror(errno));
    close(keep);
}

int main(void)
{
    static char *argv[8 + STAGE1_IFACES_MAX] = {
        (char *)(uintptr_t) "/sbin/lab-init", (char *)(uintptr_t) "--machine",
        (char *)(uintptr_t) "--keep",         (char *)(uintptr_t) "/run/lab/agent",
        (char *)(uintptr_t) "--keep",         (char *)(uintptr_t) "/run/lab/console",
    };
    static char *env[] = {
        (char *)(uintptr_t) "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        (char *)(uintptr_t) "HOME=/root",
        (char *)(uintptr_t) "TERM=linux",
        (char *)(uintptr_t) "LANG=C.UTF-8",
        NULL,
    };
    char hostname[65];

    if (getpid() != 1) {
        dprintf(STDERR_FILENO, "stage 1 runs only as process 1 of a Xen guest\n");
        return 2;
    }
    umask(022);
    mount_kernel_files();
    load_modules();
    credit_random();
    read_hostname(hostname, sizeof(hostname));
    mount_root(ROOT);
    seed_once(ROOT, hostname);
    net_rename(argv + 6); /* needs /sys where it is now */
    mount_guest_files(ROOT);
    copy("/agent", ROOT "/run/lab/agent", 0700);
    copy("/console", ROOT "/run/lab/console", 0700);
    if (access("/lab/startup", F_OK) == 0)
        copy("/lab/startup", ROOT "/run/lab/startup", 0700);
    mount_switch(ROOT);
    limits();
    open_streams();
    execve(argv[0], argv, env);
    stage1_fail("cannot run %s: %s", argv[0], strerror(errno));
}
