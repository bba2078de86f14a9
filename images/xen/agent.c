/* The agent of a Xen guest: tells the host how the boot went and runs commands for it.  lab-init keeps it
 * running.
 *
 * A machine that was saved and restored has other event channels, grants and a new place in xenstore, and its
 * clients are gone.  The agent notices that by its mark in xenstore, which is not there any more, and ends:
 * lab-init starts it anew, and everything that it does is done again. */
#include "images/xen/agent_boot.h"
#include "images/xen/agent_session.h"
#include "images/xen/agent_vchan.h"
#include "labd/host/guest/xen_agent.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

#define TERMINAL "/dev/hvc0"
#define REPORT "/run/lab/report" /* stage 1 makes it */
#define REPORT_MAX (XEN_AGENT_OUTPUT_PARTS * XEN_AGENT_OUTPUT_PART_MAX + 16)
#define STACK_BYTES (128u << 10)

static struct xs_handle *store;

static void put(const char *path, const char *value, size_t n)
{
    if (!xs_write(store, XBT_NULL, path, value, (unsigned)n))
        fprintf(stderr, "agent: cannot write %s to xenstore: %s\n", path, strerror(errno));
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

/* Is this still the machine that the agent was started on? */
static bool marked(void)
{
    unsigned n;
    char *value = xs_read(store, XBT_NULL, XEN_AGENT_ALIVE, &n);
    bool gone = value == NULL && errno == ENOENT;

    free(value);
    return !gone;
}

int main(void)
{
    char version[8];

    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, 1); /* one heap for all threads: small guests */
    /* posix_spawnp() looks where this process would. */
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    store = xs_open(0);
    if (store == NULL) {
        fprintf(stderr, "agent: cannot open xenstore: %s\n", strerror(errno));
        return 1;
    }
    snprintf(version, sizeof(version), "%d", XEN_AGENT_VERSION);
    put(XEN_AGENT_ALIVE, version, strlen(version));
    if (!xs_watch(store, XEN_AGENT_ALIVE, "alive")) {
        fprintf(stderr, "agent: cannot watch xenstore: %s\n", strerror(errno));
        return 1;
    }
    if (thread(report) != 0 || thread(serve) != 0) {
        fprintf(stderr, "agent: cannot start its threads\n");
        return 1;
    }
    do {
        unsigned n;
        char **event = xs_read_watch(store, &n);
        if (event == NULL) {
            fprintf(stderr, "agent: lost xenstore: %s\n", strerror(errno));
            break;
        }
        free(event);
    } while (marked());
    agent_session_kill_all();
    _exit(0); /* at once: the threads' channels belong to a machine that is no more */
}
