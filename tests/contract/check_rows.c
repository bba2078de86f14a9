/* What tables of checks between two LANs share.  Not a program: included by the tests. */
#include "tests/contract/check_fixture.c" /* NOLINT(bugprone-suspicious-include) */

static const char check_topology[] =
    "<topology name='t'><host name='h1'><interface name='eth0' network='lan'/></host><host name='h2'><interface name='eth0' network='lan2'/></host>"
    "<router name='r1'><interface name='eth0' network='lan'/><interface name='eth1' network='lan2'/></router>"
    "<network name='lan'/><network name='lan2'/></topology>";
static const char check_head[] =
    "<exercise id='x' title='X'><summary>s</summary><topology file='t.xml'/><grading>"
    "<reference name='refa' at='lan' address='10.0.1.250/24' gateway='10.0.1.1' address6='fd00:1::fa/64' gateway6='fd00:1::1'/>"
    "<reference name='refb' at='lan2' address='10.0.2.250/24' gateway='10.0.2.1' address6='fd00:2::fa/64' gateway6='fd00:2::1'/>"
    "<check id='c' title='t' points='1' ";

struct check_row {
    const char *name, *set, *unset; /* shell */
    const char *check;              /* the rest of the element */
    enum grading_status status;
    const char *observed;
};

static int check_unset(void **state)
{
    const struct check_row *r = *state;

    return shell(r->unset);
}

static void test_check(void **state)
{
    const struct check_row *row = *state;
    AUTO(mem_freep) char *xml = xasprintf("%s%s</grading></exercise>", check_head, row->check);

    assert_int_equal(shell(row->set), 0);
    check_judged(xml, check_topology, row->status, row->observed);
}
