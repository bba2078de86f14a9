/* What runs in a node before it is ready. */
#include "tests/unit/topo_rows.h"
#include "topology/plan_make.h"

static struct plan *plan_of(const char *inside)
{
    AUTO(mem_freep) char *xml = xasprintf("<topology name='t'><network name='lan'/>%s</topology>", inside);
    AUTO(topo_freep) struct topo *t = load_valid(xml);
    struct err e = {0};

    return plan_make(t, "abc123", &e);
}

#define FORWARD "echo 1 >/proc/sys/net/ipv4/ip_forward\necho 1 >/proc/sys/net/ipv6/conf/all/forwarding\n"

static const struct row {
    const char *name, *in, *want; /* before the student's own; NULL: nothing */
} rows[] = {
    {"nothing to do", "<host name='h'/>", NULL},
    {"interfaces alone", "<host name='h'><interface name='eth0' network='lan'/></host>", NULL},
    {"files alone", "<host name='h'><file path='/a'>x</file></host>", NULL},
    {"the usual MTU", "<host name='h'><interface name='eth0' network='lan' mtu='1500'/></host>", NULL},
    {"blank commands", "<host name='h'><startup> \n </startup></host>", NULL},
    {"another MTU", "<host name='h'><interface name='eth0' network='lan' mtu='9000'/></host>",
     "set -e\nip -batch - <<'END'\nlink set dev eth0 mtu 9000\nEND\n"},
    {"addresses and routes",
     "<host name='h'><interface name='eth0' network='lan'><address>10.0.1.10/24</address><address>2001:DB8:0::10/64</address>"
     "</interface><route to='default' via='10.0.1.1'/><route to='default' via='2001:db8::1'/>"
     "<route to='10.0.2.0/24' via='10.0.1.2'/><route to='2001:db8:7::/48' via='fe80::1' dev='eth0'/></host>",
     "set -e\nip -batch - <<'END'\n"
     "address add 10.0.1.10/24 broadcast + dev eth0\n"
     "address add 2001:db8::10/64 nodad dev eth0\n"
     "route add 0.0.0.0/0 via 10.0.1.1\n"
     "route add ::/0 via 2001:db8::1\n"
     "route add 10.0.2.0/24 via 10.0.1.2\n"
     "route add 2001:db8:7::/48 via fe80::1 dev eth0\nEND\n"},
    {"commands", "<host name='h'><startup>\n    echo \"it's\" &gt; /tmp/x\n      b\n</startup></host>",
     "set -e\necho \"it's\" > /tmp/x\n  b\n"},
    {"router", "<router name='r'/>", "set -e\n" FORWARD},
    {"router that does not forward", "<router name='r' forwarding='no'/>",
     "set -e\necho 0 >/proc/sys/net/ipv4/ip_forward\necho 0 >/proc/sys/net/ipv6/conf/all/forwarding\n"},
    {"router with everything, in order",
     "<router name='r'><startup>last</startup><frr daemons='ospfd'/><interface name='eth0' network='lan'>"
     "<address>10.0.0.1/8</address></interface></router>",
     "set -e\n" FORWARD "ip -batch - <<'END'\naddress add 10.0.0.1/8 broadcast + dev eth0\nEND\n"
     "/usr/lib/lab/frr-start\nlast\n"},
};

static void test_row(void **state)
{
    const struct row *r = *state;
    AUTO(plan_freep) struct plan *p = plan_of(r->in);

    AUTO(mem_freep) char *want = xasprintf("%s" PLAN_RC_LOCAL, r->want != NULL ? r->want : "");

    assert_string_equal(p->nodes[0].startup, want);
}

static const struct plan_file *file_of(const struct plan *p, const char *path)
{
    for (size_t i = 0; i < p->nodes[0].nfiles; i++)
        if (strcmp(p->nodes[0].files[i].path, path) == 0)
            return &p->nodes[0].files[i];
    fail_msg("there is no %s", path);
    return NULL;
}

static void test_frr_files(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(
        "<router name='r'><frr daemons='ospfd bfdd'>\n  router ospf\n   network 10.0.0.0/8 area 0\n</frr></router>");
    const struct plan_file *daemons = file_of(p, "/etc/frr/daemons"), *conf = file_of(p, "/etc/frr/frr.conf");

    (void)state;
    assert_non_null(strstr(daemons->content, "zebra=yes\n"));
    assert_non_null(strstr(daemons->content, "staticd=yes\n"));
    assert_non_null(strstr(daemons->content, "\nospfd=yes\n"));
    assert_non_null(strstr(daemons->content, "\nbgpd=no\n"));
    assert_non_null(strstr(daemons->content, "\nvtysh_enable=yes\n"));
    assert_int_equal(daemons->mode, 0640);
    assert_string_equal(conf->content,
                        "frr defaults traditional\nhostname r\nservice integrated-vtysh-config\n!\n"
                        "router ospf\n network 10.0.0.0/8 area 0\n");
}

static void test_frr_without_text(void **state)
{
    AUTO(plan_freep) struct plan *p = plan_of("<router name='r'><frr/></router>");

    (void)state;
    assert_string_equal(file_of(p, "/etc/frr/frr.conf")->content,
                        "frr defaults traditional\nhostname r\nservice integrated-vtysh-config\n!\n");
}

static void test_frr_that_frr_wrote(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of("<router name='r'><frr>frr version 8.4.4\nhostname x\n</frr></router>");

    (void)state;
    assert_string_equal(file_of(p, "/etc/frr/frr.conf")->content, "frr version 8.4.4\nhostname x\n");
}

static void test_no_frr(void **state)
{
    AUTO(plan_freep) struct plan *p = plan_of("<router name='r'/>");

    (void)state;
    assert_int_equal(p->nodes[0].nfiles, 0);
}

static void test_files(void **state)
{
    AUTO(plan_freep)
    struct plan *p = plan_of(
        "<host name='h'><file path='/a' mode='0755'>\n    #!/bin/sh\n    x\n  </file><file path='/b'/></host>");

    (void)state;
    assert_string_equal(file_of(p, "/a")->content, "#!/bin/sh\nx\n");
    assert_int_equal(file_of(p, "/a")->mode, 0755);
    assert_string_equal(file_of(p, "/b")->content, "");
    assert_int_equal(file_of(p, "/b")->mode, 0644);
}

int main(void)
{
    struct CMUnitTest tests[40];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_frr_files);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_frr_without_text);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_frr_that_frr_wrote);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_frr);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_files);
    return _cmocka_run_group_tests("plan_startup", tests, n, NULL, NULL);
}
