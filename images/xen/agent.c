/* The agent of a Xen guest: tells the host how the boot went and runs commands for it.  lab-init keeps it
 * running.
 *
 * A machine that was saved and restored has other event channels, grants and a new place in xenstore, and its
 * clients are gone.  The kernel's clock stood still meanwhile, which wakes a timer (timerfd_create(2),
 * TFD_TIMER_CANCEL_ON_SET); then the agent's mark in xenstore is not there any more, and it ends: lab-init
 * starts it anew, and everything that it does is done again.
 *
 * No watches: libxenstore reads those in a thread, and on the xenbus device that thread dies. */
#include "images/xen/agent_boot.h"
#include "images/xen/agent_session.h"
#include "images/xen/agent_vchan.h"
#include "labd/host/guest/xen_agent.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <xenstore.h>

#define TERMINAL "/dev/hvc0"
#define REPORT "/run/lab/report" /* stage 1 makes it */
#define REPORT_MAX (XEN_AGENT_OUTPUT_PARTS * XEN_AGENT_OUTPUT_PART_MAX + 16)
#define STACK_BYTES (128u << 10)

static bool put(const char *path, const char *value, size_t n)
{
    struct xs_handle *store = xs_open(0);
    bool ok = store != NULL && xs_write(store, XBT_NULL, path, value, (unsigned)n);

    if (!ok)
        fprintf(stderr, "agent: cannot write %s to xenstore: %s\n", path, strerror(errno));
    if (store != NULL)
        xs_close(store);
    return ok;
}

static void *report(void *arg)
{
    static char text[REPORT_MAX];
    struct boot_report r;
    char path[64];

    (void)arg;
    boot_parse(text, boot_wait(REPORT, text, sizeof(text)), &r);
    for (unsigned i = 0; i < XEN_AGENT_OUTPUT_PARTS; i++) {
        size_t at = (size_t)i * XEN_AGENT_OUTPUT_PART_MAX;
        if (at >= r.noutput)
            break;
        size_t n = r.noutput - at < XEN_AGENT_OUTPUT_PART_MAX ? r.noutput - at : XEN_AGENT_OUTPUT_PART_MAX;
        snprintf(path, sizeof(path), XEN_AGENT_OUTPUT_KEY "/%u", i);
        put(path, r.output + at, n);
    }
    put(XEN_AGENT_BOOT, r.outcome, strlen(r.outcome)); /* last: the host watches it */
    return NULL;
}

static void *serve(void *arg)
{
    (void)arg;
    agent_vchan_serve(TERMINAL);
}

static int thread(void *(*run)(void *))
{
    pthread_attr_t attr;
    pthread_t t;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = pthread_create(&t, &attr, run, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

/* Is this still the machine that the agent was started on?  An answer of another kind than "no" means yes. */
static bool marked(void)
{
    struct xs_handle *store = xs_open(0);
    unsigned n;

    if (store == NULL)
        return true;
    char *value = xs_read(store, XBT_NULL, XEN_AGENT_ALIVE, &n);
    bool gone = value == NULL && errno == ENOENT;
    free(value);
    xs_close(store);
    return !gone;
}

/* Returns when the clock has jumped, as it does when a saved machine goes on; or after a minute. */
static void wait_for_jump(int timer)
{
    static const struct itimerspec never = {.it_value = {.tv_sec = LONG_MAX}};
    struct pollfd p = {.fd = timer, .events = POLLIN};
    uint64_t count;

    if (timerfd_settime(timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0 &&
        errno != ECANCELED)
        sleep(1);
    if (poll(&p, 1, 60000) > 0 && read(timer, &count, sizeof(count)) < 0 && errno != ECANCELED)
        sleep(1);
}

int main(void)
{
    char version[8];
    int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);

    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, 1); /* one heap for all threads: small guests */
    /* posix_spawnp() looks where this process would. */
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    snprintf(version, sizeof(version), "%d", XEN_AGENT_VERSION);
    if (timer < 0 || !put(XEN_AGENT_ALIVE, version, strlen(version)))
        return 1;
    if (thread(report) != 0 || thread(serve) != 0) {
        fprintf(stderr, "agent: cannot start its threads\n");
        return 1;
    }
    do
        wait_for_jump(timer);
    while (marked());
    agent_session_kill_all();
    _exit(0); /* at once: the threads' channels belong to a machine that is no more */
}
