/* What the tests of the net layer share: sample plans, a runner that records, golden files. */
#ifndef TESTS_UNIT_NET_ROWS_H
#define TESTS_UNIT_NET_ROWS_H

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/net/net_impl.h"
#include "topology/topo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Everything once: two guests by a cable, one of them on a hub, the hub on a switch with VLANs, a second
 * switch with spanning tree, a network, an interface without a cable. */
static const char net_sample[] =
    "<topology name='sample' version='1'>"
    "<host name='h1'><interface name='eth0'/><interface name='eth1'/></host>"
    "<host name='h2'><interface name='eth0'/></host>"
    "<host name='h3'><interface name='eth0' network='lan'/><interface name='eth9'/></host>"
    "<host name='h4'><interface name='eth0' mtu='9000'/></host>"
    "<router name='r1'><interface name='eth0'/><interface name='eth1' network='lan'/></router>"
    "<switch name='sw1'><port name='p1' access='10'/><port name='p2' trunk='10 20' native='1'/>"
    "<port name='p3' trunk='10 20'/><port name='p4'/></switch>"
    "<switch name='sw2' rstp='yes' rstp-priority='4096'><port name='p1'/><port name='p2'/></switch>"
    "<hub name='hub1'/><network name='lan'/>"
    "<link name='cable' a='h1:eth0' b='h2:eth0'/>"
    "<link name='tohub' a='h1:eth1' b='hub1'/>"
    "<link name='uplink' a='hub1' b='sw1:p1'/>"
    "<link name='trunk' a='sw1:p2' b='sw2:p1'/>"
    "<link name='access' a='sw1:p3' b='h4:eth0'/>"
    "<link name='edge' a='r1:eth0' b='sw2:p2'/>"
    "</topology>";

static inline struct plan *net_plan(const char *xml, const char *lab)
{
    struct err e = {0};
    AUTO(topo_freep) struct topo *t = topo_load_mem(xml, strlen(xml), NULL, &e);
    struct plan *p = t != NULL ? plan_make(t, lab, &e) : NULL;

    if (p == NULL)
        fail_msg("sample: %s", e.msg);
    return p;
}

/* Writes down what would be run, and answers with 'answers' one after another. */
struct recorder {
    struct proc_runner runner; /* first: the runner is the recorder */
    struct buf log;
    const char *const *answers; /* stdout of each program; NULL-terminated; or NULL */
    int status;
    const char *complaint; /* stderr */
};

static inline int recorder_run(struct proc_runner *self, const struct proc_spec *s, struct proc_result *r,
                               struct err *e)
{
    struct recorder *x = (struct recorder *)self;

    (void)e;
    for (size_t i = 0; s->argv[i] != NULL; i++)
        buf_printf(&x->log, "%s%s", i > 0 ? " " : "", s->argv[i]);
    buf_putc(&x->log, '\n');
    if (s->input != NULL)
        buf_add(&x->log, s->input, s->input_len);
    if (x->answers != NULL && *x->answers != NULL)
        buf_puts(&r->out, *x->answers++);
    if (x->complaint != NULL)
        buf_puts(&r->err, x->complaint);
    r->status = x->status;
    return 0;
}
#define RECORDER \
    { \
        .runner = { recorder_run } \
    }

static inline struct net_host net_host_recorded(struct recorder *r)
{
    return (struct net_host){
        .runner = &r->runner, .datapath = NET_NETDEV, .run = "/nonexistent/ovs", .owner = "0badcafe"};
}

/* Compares with tests/golden/net/'name'; with UPDATE_GOLDEN=1 in the environment writes it instead. */
static inline void net_golden(const char *name, const char *text)
{
    AUTO(mem_freep) char *path = xasprintf("tests/golden/net/%s", name);
    AUTO(buf_clear) struct buf want = BUF_INIT;
    struct err e;

    if (getenv("UPDATE_GOLDEN") != NULL && file_write_atomic(path, text, strlen(text), 0644, &e) < 0)
        fail_msg("%s", e.msg);
    if (file_read(path, 1 << 20, &want, &e) < 0)
        fail_msg("%s (run the test from the top folder)", e.msg);
    assert_string_equal(text, buf_str(&want));
}

#endif
