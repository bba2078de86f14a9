/* A vchan serves one client, and a key in xenstore names the one that waits.  So when a client has connected, the
 * next vchan is offered there, and only then the client gets its hello: a client that has the hello may let go
 * of the host's lock, for the next one finds a fresh vchan. */
#include "images/xen/agent_vchan.h"

#include "images/xen/agent_session.h"
#include "labd/host/guest/xen_agent.h"

#include <errno.h>
#include <libxenvchan.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <xenstore.h>

#define HOST 0           /* the domain that may connect */
#define RING_BYTES 32768 /* each way */
#define STACK_BYTES (128u << 10)

static sem_t places; /* for clients that are being served */
static const char *console;

static void pause_ms(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};

    nanosleep(&t, NULL);
}

static ssize_t vchan_read(void *arg, void *to, size_t n)
{
    return libxenvchan_read(arg, to, n);
}

static ssize_t vchan_write(void *arg, const void *from, size_t n)
{
    return libxenvchan_write(arg, from, n);
}

static void vchan_woken(void *arg)
{
    libxenvchan_wait(arg);
}

static bool vchan_connected(void *arg)
{
    return libxenvchan_is_open(arg) == 1;
}

static void *serve(void *arg)
{
    struct libxenvchan *v = arg;
    struct agent_channel c = {
        .arg = v,
        .fd = libxenvchan_fd_for_select(v),
        .event_only = true,
        .read = vchan_read,
        .write = vchan_write,
        .woken = vchan_woken,
        .connected = vchan_connected,
    };

    agent_session(&c, console);
    libxenvchan_close(v);
    sem_post(&places);
    return NULL;
}

static void serve_in_thread(struct libxenvchan *v)
{
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = pthread_create(&thread, &attr, serve, v);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        fprintf(stderr, "agent: cannot start a thread: %s\n", strerror(rc));
        libxenvchan_close(v);
        sem_post(&places);
    }
}

/* What is offered last is what the key says, or nobody comes. */
static bool announce(unsigned number)
{
    struct xs_handle *store = xs_open(0);
    char text[16];
    int n = snprintf(text, sizeof(text), "%u", number);
    bool ok = store != NULL && xs_write(store, XBT_NULL, XEN_AGENT_OFFERED, text, (unsigned)n);

    if (store != NULL)
        xs_close(store);
    return ok;
}

/* Offers a new vchan.  Memory may be short for a while: it goes on trying, and meanwhile the
 * client before it waits for its hello. */
static struct libxenvchan *offer(void)
{
    static unsigned number;
    char path[32];

    snprintf(path, sizeof(path), XEN_AGENT_CHANNEL, ++number);
    for (bool told = false;; pause_ms(200)) {
        struct libxenvchan *v = libxenvchan_server_init(NULL, HOST, path, RING_BYTES, RING_BYTES);
        if (v != NULL && announce(number)) {
            v->blocking = 0;
            return v;
        }
        if (v != NULL)
            libxenvchan_close(v);
        if (!told)
            fprintf(stderr, "agent: cannot make a channel: %s\n", strerror(errno));
        told = true;
    }
}

_Noreturn void agent_vchan_serve(const char *terminal)
{
    console = terminal;
    sem_init(&places, 0, XEN_AGENT_CLIENTS_MAX);
    for (struct libxenvchan *v = offer();;) {
        while (libxenvchan_is_open(v) == 2)
            if (libxenvchan_wait(v) < 0)
                pause_ms(200);
        while (sem_wait(&places) < 0)
            ;
        struct libxenvchan *next = offer();
        serve_in_thread(v); /* gone again already?  The session sees that. */
        v = next;
    }
}
