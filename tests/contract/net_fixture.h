/* What the contract tests of the net layer share: a private Open vSwitch in a run folder of the test, and
 * network namespaces for guests.  Needs root; runs beside any other instance and leaves nothing. */
#ifndef TESTS_CONTRACT_NET_FIXTURE_H
#define TESTS_CONTRACT_NET_FIXTURE_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "labd/host/net/net_impl.h"

#include <stdbool.h>
#include <sys/types.h>

#define LAB "nettst"
#define NODES_MAX 8

extern char run_dir[64];
extern struct net_host host;
extern struct plan *plan;
extern pid_t pids[NODES_MAX];

#define OK(call) \
    do { \
        struct err x_ = {0}; \
        if ((call) < 0) \
            fail_msg("%s: %s", #call, x_.msg); \
    } while (0)

/* ---- of the group, and after each test ---- */
int open_host(void **state);
int close_host(void **state);
int lab_end(void **state); /* fails if anything of the lab is left */

/* ---- guests ---- */
void pause_ms(long ms);
/* A process in a fresh network namespace without IPv6, so that it says nothing by itself. */
pid_t guest_new(void);
void guest_end(pid_t *pid);
int shell(pid_t pid, const char *text); /* its exit status */
void guest_up(size_t i);                /* brings eth0 of node 'i' up with 10.0.0.(i+1)/24 */
/* Tries for five seconds: a device drops what it is given in the moment in which its carrier comes. */
bool ping(size_t from, size_t to, const char *options);
int socket_in(pid_t pid, int domain, int type, int protocol);
bool carrier(size_t node, bool want); /* waits for it: the kernel tells of a carrier up to a second late */

/* ---- frames ---- */
struct frame {
    unsigned char b[9100];
    size_t n;
};
#define PLAIN 0x88b5 /* for local experiments, IEEE 802 */

int wire_of(pid_t pid, const char *dev); /* sees and sends what is on the wire of 'dev' */
/* An Ethernet frame with 'mark' in it, which makes it known again; 'vlan' 0: no tag. */
struct frame frame_new(const char *to, unsigned char from, unsigned vlan, uint16_t type, const char *mark,
                       size_t size);
void frame_send(int fd, const struct frame *f);
/* How many frames with 'mark' come in within 'ms' (returns early at 'enough'); '*tag' is the last one's. */
int frames_seen(int fd, const char *mark, int enough, int ms, unsigned *tag, size_t *size);

/* ---- the lab ---- */
void lab_plan(const char *xml);  /* makes 'plan' */
void lab_start(const char *xml); /* ... and its guests and wiring */
char *capture(const char *const *argv);
char *everything(void); /* flows, groups and ports of all bridges, and the kernel's devices */

#define HOST(name, where) "<host name='" name "'><interface name='eth0'" where "/></host>"
#define CABLE(l, a, b) "<link name='" l "' a='" a "' b='" b "'/>"

#define TWO_HOSTS \
    "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "") \
        CABLE("l1", "h1:eth0", "h2:eth0") "</topology>"
#define ONE_NETWORK \
    "<topology name='t' version='1'>" HOST("h1", " network='lan'") HOST("h2", " network='lan'") \
        HOST("h3", " network='lan'") "<network name='lan'/></topology>"
#define VLAN_SWITCH \
    "<topology name='t' version='1'>" HOST("h1", "") HOST("h2", "") HOST("h3", "") \
        HOST("h4", "") "<switch name='sw'><port name='p1' access='10'/><port name='p2' access='10'/>" \
                       "<port name='p3' access='20'/><port name='p4' trunk='10 20'/></switch>" CABLE( \
                           "l1", "h1:eth0", "sw:p1") CABLE("l2", "h2:eth0", "sw:p2") \
                           CABLE("l3", "h3:eth0", "sw:p3") CABLE("l4", "h4:eth0", "sw:p4") "</topology>"
#define SWITCH_LOOP \
    "<topology name='t' version='1'>" HOST("h1", "") HOST( \
        "h2", \
        "") "<switch name='s1' rstp='yes'><port name='p1'/><port name='p2'/><port name='p3'/></switch>" \
            "<switch name='s2' rstp='yes'><port name='p1'/><port name='p2'/><port name='p3'/></switch>" CABLE( \
                "l1", "h1:eth0", "s1:p1") CABLE("l2", "h2:eth0", "s2:p1") CABLE("l3", "s1:p2", "s2:p2") \
                CABLE("l4", "s1:p3", "s2:p3") "</topology>"
#define HUB_AND_SWITCH \
    "<topology name='t' version='1'>" HOST("h1", "") HOST( \
        "h2", \
        "") "<hub name='hub'/><switch name='sw'><port name='p1'/><port name='p2'/></switch>" CABLE("l1", \
                                                                                                   "h1:eth0", \
                                                                                                   "hub") \
        CABLE("l2", "hub", "sw:p1") CABLE("l3", "h2:eth0", "sw:p2") "</topology>"

/* ---- lists of tests ---- */
#define T(f) \
    { \
#f, f, NULL, lab_end, NULL \
    }
/* Appends one test per row to 'tests', at 'n'. */
#define ROWS(rows, f) \
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) { \
        union { \
            const void *in; \
            void *out; \
        } row = {.in = &(rows)[i]}; \
        tests[n++] = (struct CMUnitTest){(rows)[i].name, (f), NULL, lab_end, row.out}; \
    }

#endif
