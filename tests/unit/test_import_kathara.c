/* Kathará labs: every option of lab.conf, scripts, folders, and what is hostile. */
#include "tests/unit/import_rows.h"

#define ONE "a[0]=A\n"
#define RUNS(commands) ONE "--- a.startup\n" commands

static const struct import_row rows[] = {
    /* lab.conf */
    {"an interface", ONE, "<host name=\"a\">\n    <interface name=\"eth0\" network=\"a-2\"/>", "", NULL},
    {"quotes, blanks, comments", "  b[0] = \"L\"  # x\n# c[0]=L\n\n", "name=\"eth0\" network=\"l\"", "",
     "name=\"c\""},
    {"Windows line ends", "b[0]=\"L\"\r\nb[1]='M'\r\n", "network=\"m\"", "", NULL},
    {"two interfaces make a router", "b[0]=L\nb[1]=M\n", "<router name=\"b\">", "", NULL},
    {"interfaces in order", "b[10]=L\nb[2]=M\n", "\"eth2\" network=\"m\"/>\n    <interface name=\"eth10\"",
     "", NULL},
    {"an interface twice", "b[0]=L\nb[0]=M\n", "network=\"l\"",
     "lab.conf:2: warning: interface 0 of \"b\" is there", NULL},
    {"a name that must change", "PC_1[0]=L\n", "<host name=\"pc-1\">",
     "lab.conf:1: warning: \"PC_1\" is called \"pc-1\"", NULL},
    {"names that become equal", "pc_1[0]=L\npc-1[0]=L\n", "<host name=\"pc-1-2\">", NULL, NULL},
    {"domains that become equal", "x[0]=A\nx[1]=a\n", "network=\"a-2\"", NULL, NULL},
    {"a MAC address", "x[0]=A/00:00:00:00:00:01\n", "ip link set dev eth0 address 00:00:00:00:00:01", "",
     NULL},
    {"no MAC address", "x[0]=A/zero\n", "network=\"a\"", "\"zero\" is no MAC address", "address"},
    {"memory", "x[mem]=\"1g\"\n", "memory=\"1024\"", "", NULL},
    {"too little memory", "x[mem]=4m\n", "memory=\"16\"", "becomes 16 MiB", NULL},
    {"no memory", "x[mem]=lots\n", NULL, "memory \"lots\" of \"x\" is no size", "memory"},
    {"processors", "x[cpus]=2\n", "vcpus=\"2\"", "", NULL},
    {"parts of processors", "x[cpus]=0.5\n", "vcpus=\"1\"", "0.5 processors of \"x\" become 1", NULL},
    {"no processors", "x[cpus]=nan\n", NULL, "\"nan\" of \"x\" is no number of processors", "vcpus"},
    {"sysctl", "x[sysctl]=\"net.ipv4.ip_forward=0\"\n", "sysctl -q -w net.ipv4.ip_forward=0", "", NULL},
    {"sysctl beyond the net", "x[sysctl]=\"kernel.hostname=a\"\n", NULL,
     "sysctl \"kernel.hostname\" is left out", "kernel"},
    {"sysctl that is more", "x[sysctl]=\"net.a=1;reboot\"\n", "sysctl -q -w 'net.a=1;reboot'", "", NULL},
    {"sysctl with a bad key", "x[sysctl]=\"net.a;b=1\"\n", NULL, "is left out", "net.a"},
    {"environment", "x[env]=\"A=it's $B\"\n", "export A='it'\\''s $B'",
     "only the startup commands of \"x\" see", NULL},
    {"environment without a value", "x[env]=A\n", NULL, "\"A\" is no NAME=VALUE", "export"},
    {"environment with a bad name", "x[env]=\"A B=1\"\n", NULL, "is no name of an environment variable",
     "export"},
    {"commands", "x[exec]=\"echo hi\"\nx[exec]='echo \"ho\"'\n", "echo hi\n      echo \"ho\"\n", "", NULL},
    {"IPv6 on", "x[ipv6]=true\n", NULL, "", "disable_ipv6"},
    {"IPv6 off", "x[ipv6]=\"False\"\n", "net.ipv6.conf.all.disable_ipv6=1", "", NULL},
    {"image", "x[image]=kathara/p4\ny[image]=kathara/p4\n", "<host name=\"y\"/>",
     "lab.conf:1: warning: image \"kathara/p4\" becomes our own, which has FRR and the usual network tools, and no more\n",
     "image="},
    {"bridged", "x[bridged]=true\n", NULL, "\"x\" is not connected to the outside world", NULL},
    {"not bridged", "x[bridged]=false\n", "name=\"x\"", "", NULL},
    {"port", "x[port]=32000\n", NULL, "option port of \"x\" is not carried over", NULL},
    {"privileged", "x[privileged]=true\n", NULL, "option privileged of \"x\" is not carried over", NULL},
    {"ulimit", "x[ulimit]=nofile=1024\n", NULL, "option ulimit of \"x\" is not carried over", NULL},
    {"volume", "x[volume]=\"/etc|/etc|rw\"\n", NULL, "option volume of \"x\" is not carried over", "/etc"},
    {"num_terms", "x[num_terms]=2\n", NULL, "option num_terms of \"x\" is not carried over", NULL},
    {"shell", "x[shell]=/bin/zsh\n", NULL, "option shell of \"x\" is not carried over", NULL},
    {"an option of later", "x[colour]=red\n", NULL, "option \"colour\" of \"x\" is not known", NULL},
    {"information", "LAB_NAME=\"My lab\"\nLAB_DESCRIPTION=\"Learn\"\nLAB_AUTHOR=Ann\nx[0]=A\n",
     "title=\"My lab\" version=\"1\">\n  <note>Learn\nAuthor: Ann</note>", "", NULL},
    {"information of later", "LAB_MOOD=good\nx[0]=A\n", NULL,
     "lab.conf:1: warning: \"LAB_MOOD\" is not known", NULL},
    {"no assignment", "x[0]=A\nnonsense\nx[1\n[0]=A\nx[2]=\"A\n", NULL,
     "lab.conf:5: warning: this is no device[option]", NULL},
    /* scripts */
    {"startup", RUNS("ip link set eth0 up"), "set +e\n      ip link set eth0 up\n      :\n", "", NULL},
    {"order of scripts", "a[0]=A\na[exec]=\"echo 3\"\n--- shared.startup\necho 1\n--- a.startup\necho 2",
     "echo 1\n      echo 2\n      echo 3\n", "", NULL},
    {"a script for bash", RUNS("[[ -e /x ]] && echo yes\n"),
     "<file path=\"/etc/startup/a.startup\" mode=\"0755\">", "", NULL},
    {"a script for Python", RUNS("#!/usr/bin/python3\nprint(1)\n"), "/etc/startup/a.startup",
     "not for a shell", NULL},
    {"a shebang for sh", RUNS("#!/bin/sh\necho 1\n"), "set +e\n      echo 1\n", "", "#!"},
    {"Quagga starts", RUNS("/etc/init.d/zebra start\n"), "<frr/>", "", "zebra"},
    {"Quagga starts as a service", RUNS("service quagga restart\n"), "service frr restart", "", "quagga"},
    {"Quagga starts by systemd", RUNS("systemctl start quagga\n"), "<frr/>", "", "quagga"},
    {"FRR starts by its own script", RUNS("/usr/lib/frr/frrinit.sh start\n"), "/usr/lib/lab/frr-start start",
     "", NULL},
    {"FRR starts, and more", RUNS("service frr start && echo ok\n"), "<frr/>", "", NULL},
    {"FRR stops", RUNS("service frr stop\n"), "<host name=\"a\">", "", "<frr"},
    {"a comment starts nothing", RUNS("# service frr start\n"), "# service frr start", "", "<frr"},
    {"BIND by its old name", RUNS("/etc/init.d/bind start\n"), "/etc/init.d/named start", "", NULL},
    {"a service that we lack", RUNS("\n/etc/init.d/apache2 start\n"), "apache2",
     "a.startup:2: warning: the service \"apache2\" is not in our image", NULL},
    {"a command that we lack", RUNS("python3 /x.py\n"), "python3",
     "the command \"python3\" is not in our image", NULL},
    {"paths", RUNS("tail -f /var/log/quagga/ospfd.log </etc/quagga/x >/etc/quaggax\n"),
     "tail -f /var/log/frr/ospfd.log </etc/frr/x >/etc/quaggax", "", NULL},
    {"ifconfig", RUNS("ifconfig eth0 10.0.0.1 netmask 255.255.255.252 up\n"),
     "ip address add 10.0.0.1/30 broadcast + dev eth0; ip link set dev eth0 up", "", "ifconfig"},
    {"ifconfig without a mask", RUNS("ifconfig eth0 172.16.0.1\n"),
     "ip address add 172.16.0.1/16 broadcast + dev eth0", "", NULL},
    {"ifconfig down", RUNS("ifconfig eth0 down\n"), "ip link set dev eth0 down", "", NULL},
    {"ifconfig zero", RUNS("ifconfig eth0 0.0.0.0 up\n"),
     "ip address flush dev eth0; ip link set dev eth0 up", "", NULL},
    {"ifconfig alias", RUNS("ifconfig eth0:1 10.0.0.2/24\n"), "dev eth0 label eth0:1", "", NULL},
    {"ifconfig hardware", RUNS("ifconfig eth0 hw ether 00:00:00:00:00:01\n"),
     "ip link set dev eth0 address 00:00:00:00:00:01", "", NULL},
    {"ifconfig MTU", RUNS("ifconfig eth0 mtu 1400\n"), "ip link set dev eth0 mtu 1400", "", NULL},
    {"ifconfig IPv6", RUNS("ifconfig eth0 inet6 add 2001:db8::1/64\n"),
     "ip address add 2001:db8::1/64 dev eth0", "", NULL},
    {"ifconfig with a bad mask", RUNS("ifconfig eth0 10.0.0.1 netmask 255.0.255.0\n"), "ifconfig eth0",
     "the command \"ifconfig\" is not in our image", NULL},
    {"ifconfig in a pipe", RUNS("ifconfig eth0 | grep inet\n"), "ifconfig eth0 | grep", "is not in our image",
     NULL},
    {"route default", RUNS("route add default gw 10.0.0.1 dev eth0 # out\n"),
     "ip route add default via 10.0.0.1 dev eth0", "", NULL},
    {"route to a net", RUNS("route add -net 10.1.0.0 netmask 255.255.0.0 gw 10.0.0.1 metric 2\n"),
     "ip route add 10.1.0.0/16 via 10.0.0.1 metric 2", "", NULL},
    {"route to a prefix", RUNS("route add -net 10.1.0.0/16 gw 10.0.0.1\n"),
     "ip route add 10.1.0.0/16 via 10.0.0.1", "", NULL},
    {"route to a host", RUNS("route add -host 10.1.0.9 eth0\n"), "ip route add 10.1.0.9/32 dev eth0", "",
     NULL},
    {"route IPv6", RUNS("route -A inet6 add 2001:db8::/32 gw fe80::1 dev eth0\n"),
     "ip -6 route add 2001:db8::/32 via fe80::1 dev eth0", "", NULL},
    {"route IPv6 default", RUNS("route -A inet6 add default gw fe80::1 dev eth0\n"),
     "ip -6 route add default via fe80::1 dev eth0", "", NULL},
    {"route del", RUNS("route del default\n"), "ip route del default", "", NULL},
    {"route shown", RUNS("route -n\n"), "route -n", "the command \"route\" is not in our image", NULL},
    /* folders */
    {"a file", ONE "--- a/etc/x.conf\nkey  value\n",
     "<file path=\"/etc/x.conf\" mode=\"0644\">key  value\n</file>", "", NULL},
    {"shared", ONE "--- shared/x\ntext\n", "<file path=\"/shared/x\"",
     "shared:1: warning: /shared becomes a copy", NULL},
    {"a binary file",
     ONE "--- a/bin/x\n\x7f"
         "ELF\x01\n",
     "name=\"a\"", "a/bin/x:1: warning: /bin/x of \"a\" is not UTF-8", "/bin/x"},
    {"a file in Latin-1", ONE "--- a/x\nM\xfcnchen\n", "name=\"a\"", "is not UTF-8 text", "nchen"},
    {"a file for /proc", ONE "--- a/proc/x\n1\n", "name=\"a\"", "is in a folder of the system", "/proc/x"},
    {"a file that is indented", ONE "--- a/x\n  a\n  b\n", "path=\"/x\"", "loses white space", NULL},
    {"a device without interfaces", "a[mem]=64m\n", "<host name=\"a\" memory=\"64\"/>", "", NULL},
    {"a folder of nobody", ONE "--- b/x\n1\n", NULL, "b:1: warning: lab.conf has no device of that name",
     NULL},
    {"a script of nobody", ONE "--- b.startup\n1\n", NULL,
     "b.startup:1: warning: lab.conf has no device \"b\"", NULL},
    {"a shutdown script", ONE "--- a.shutdown\n1\n", NULL, "a.shutdown:1: warning: nothing runs when", NULL},
    {"an order of starting", ONE "--- lab.dep\na: b\n", NULL, "lab.dep:1: warning: the order of starting",
     NULL},
    {"external networks", ONE "--- lab.ext\nA eth0\n", NULL, "lab.ext:1: warning: networks are not connected",
     NULL},
    {"another file", ONE "--- README.md\nhi\n", NULL, "README.md:1: warning: the file is not part of", NULL},
    {"no lab.conf", "--- a/x\n1\n--- b/y\n2\n", "<host name=\"b\">",
     "lab.conf:1: warning: there is no lab.conf", NULL},
    {"nothing at all", "--- README\nx\n", NULL, "error: the topology has no <host>", NULL},
    {"lab.conf is no text", "a[0]=\xff\xfe\n", NULL, "lab.conf:1: error: the file is not UTF-8 text", NULL},
    {"a device that is a way out", "..[0]=A\n--- ..startup\nreboot\n", NULL, NULL, "reboot"},
    /* FRR */
    {"FRR's own files",
     RUNS(
         "service frr start\n") "--- a/etc/frr/daemons\nospfd=yes\nbgpd=no\nripd=1\n--- a/etc/frr/frr.conf\nrouter ospf\n",
     "<frr daemons=\"ospfd ripd\">\n      router ospf\n    </frr>", "", "<file"},
    {"Quagga's files",
     RUNS(
         "service quagga start\n") "--- a/etc/quagga/daemons\nripd=yes\n--- a/etc/quagga/ripd.conf\nrouter rip\nlog file /var/log/quagga/x\n",
     "<frr daemons=\"ripd\">\n      ! ripd.conf\n      router rip\n      log file /var/log/frr/x\n      !\n    </frr>",
     NULL, "quagga"},
    {"Quagga's files without daemons",
     RUNS("service quagga start\n") "--- a/etc/quagga/bgpd.conf\nrouter bgp 1\n", "<frr daemons=\"bgpd\">",
     NULL, NULL},
    {"FRR that the student starts",
     ONE "--- a/etc/frr/daemons\nospfd=yes\n--- a/etc/frr/ospfd.conf\nrouter ospf\n",
     "<file path=\"/etc/frr/frr.conf\" mode=\"0640\">! ospfd.conf\nrouter ospf\n!\n</file>", "", "<frr"},
    {"both kinds of FRR's files",
     RUNS("service frr start\n") "--- a/etc/frr/frr.conf\n!\n--- a/etc/frr/ospfd.conf\nrouter ospf\n", "<frr",
     "/etc/frr/ospfd.conf is left out", "router ospf"},
    {"options of FRR's daemons",
     RUNS(
         "service frr start\n") "--- a/etc/frr/daemons\nbgpd=yes\nbgpd_options=\" -M rpki\"\nzebra_options=\"-A 127.0.0.1\"\n",
     "daemons=\"bgpd\"", "of /etc/frr/daemons is not carried over", NULL},
};

static void test_row(void **state)
{
    check_row(*state, "kathara");
}

static void test_golden(void **state)
{
    (void)state;
    check_golden("kathara", "tests/golden/import/kathara");
}

/* Links out of the folder, in each place where something is read. */
static void test_links(void **state)
{
    AUTO(imported_clear)
    struct imported r = {{0}, NULL, NULL, NULL, {0}}, again = {{0}, NULL, NULL, NULL, {0}};
    static const char *const links[][2] = {{"/etc/passwd", "a/passwd"},       {"/etc", "a/folder"},
                                           {"../../etc/passwd", "a.startup"}, {"/etc", "b"},
                                           {"/etc/passwd", "shared.startup"}, {"/etc", "shared"}};

    (void)state;
    import_text(&r, "kathara", "a[0]=A\nb[0]=A\n--- a/fine\n1\n");
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        AUTO(mem_freep) char *path = xasprintf("%s/%s", r.dir, links[i][1]);
        assert_int_equal(symlink(links[i][0], path), 0);
    }
    run_import(&again, "kathara", r.dir);
    assert_non_null(strstr(again.xml, "/fine"));
    assert_null(strstr(again.xml, "root:"));
    assert_null(strstr(again.xml, "folder"));
    assert_non_null(strstr(again.said, "a/passwd:1: warning: a symbolic link is not followed"));
    assert_non_null(
        strstr(again.said, "a.startup:1: warning: a.startup is or passes through a symbolic link"));
    assert_non_null(strstr(again.said, "shared.startup:1: warning: shared.startup is or passes through"));
}

static void test_too_much_text(void **state)
{
    AUTO(imported_clear)
    struct imported r = {{0}, NULL, NULL, NULL, {0}}, again = {{0}, NULL, NULL, NULL, {0}};
    AUTO(mem_freep) char *text = xcalloc(1, 1000001);

    (void)state;
    memset(text, 'x', 1000000);
    import_text(&r, "kathara", "a[0]=A\n--- a/fine\n1\n");
    for (int i = 0; i < 5; i++) {
        AUTO(mem_freep) char *path = xasprintf("%s/a/big%d", r.dir, i);
        assert_int_equal(file_write_atomic(path, text, 1000000, 0644, NULL), 0);
    }
    run_import(&again, "kathara", r.dir);
    assert_true(strlen(again.xml) < TOPO_FILE_MAX);
    assert_non_null(
        strstr(again.said, "a/big4:1: warning: /big4 of \"a\" is left out: a topology has no room"));
}

static void test_no_folder(void **state)
{
    AUTO(imported_clear) struct imported r = {{0}, NULL, NULL, NULL, {0}};

    (void)state;
    run_import(&r, "kathara", "/nonexistent/lab");
    assert_null(r.xml);
    assert_int_equal(r.e.code, ERR_NOT_FOUND);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        tests[n++] = row_test(rows[i].name, test_row, &rows[i]);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_golden);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_links);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_too_much_text);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_folder);
    return _cmocka_run_group_tests("import_kathara", tests, n, NULL, NULL);
}
