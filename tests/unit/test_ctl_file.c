/* Commands of labctl that work on files: what they print and exit with. */
#include "tests/unit/ctl_rows.h"

static const struct ctl_row rows[] = {
    {"validate --expand",
     {"validate", "--expand", "tests/golden/topology/reuse.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<host name=\"f1-r2-h011\"", "</topology>\n"},
     "",
     NULL},
    {"validate --expand: parameters have the values of seed 1",
     {"validate", "--expand", "tests/golden/topology/parameters.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<parameter name=\"asn\" type=\"integer\" min=\"64603\" max=\"64603\"/>", "router bgp 64603\n"},
     "",
     NULL},
    {"validate --expand: of another seed",
     {"validate", "--expand", "--seed", "2", "tests/golden/topology/parameters.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<parameter name=\"asn\" type=\"integer\" min=\"65440\" max=\"65440\"/>", "router bgp 65440\n"},
     "",
     NULL},
    {"validate --seed: an exercise",
     {"validate", "--seed", "4294967295", "tests/site/exercises/variants"},
     {{NULL, 0, NULL}},
     0,
     {"ok: 3 nodes"},
     "",
     NULL},
    {"validate --seed: no number",
     {"validate", "--seed", "4294967296", "a.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--seed takes a number from 0 to 4294967295",
     NULL},
    {"render --labels",
     {"render", "--labels", "names", "exercises/vlan-office/topology.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<svg ", "</svg>"},
     "",
     NULL},
    {"render --labels: no such",
     {"render", "--labels", "all", "exercises/vlan-office/topology.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "there are no labels 'all': use names, interfaces or addresses",
     NULL},
    {"render: hidden parts are marked",
     {"render", "tests/golden/topology/everything.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<title>host h2 (hidden)</title>", "<title>l9 (hidden)</title>", ">h2 (hidden)</text>"},
     "warning: the hidden file /etc/motd is on the disk of 'h1', which is not hidden",
     NULL},
    {"render --student",
     {"render", "--student", "tests/golden/topology/everything.xml"},
     {{NULL, 0, NULL}},
     0,
     {"<title>host h1</title>", "<title>l4</title>"},
     "root can read it there\n",
     NULL},
    {"validate --expand: two files",
     {"validate", "--expand", "a.xml", "b.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--expand takes one file",
     NULL},
    {"validate --output without --expand",
     {"validate", "-o", "a.xml", "b.xml"},
     {{NULL, 0, NULL}},
     2,
     {""},
     "--output is for --expand",
     NULL},
};

/* A pipe can be read once only. */
static void validate_pipe(const char *option, const char *expected)
{
    static const char xml[] = "<topology name='t'><!-- said --><host name='a'/></topology>";
    const struct server none = {.socket = "/nonexistent"};
    AUTO(mem_freep) char *out = NULL, *err = NULL;
    int p[2];

    assert_int_equal(pipe(p), 0);
    assert_int_equal(write(p[1], xml, strlen(xml)), strlen(xml));
    close(p[1]);
    AUTO(mem_freep) char *path = xasprintf("/dev/fd/%d", p[0]);
    assert_int_equal(ctl_run(&none, (const char *const[]){"validate", path, option, NULL}, &out, &err), 0);
    ctl_contains("stdout", out, expected);
    close(p[0]);
}

static void test_validate_pipe(void **state)
{
    (void)state;
    validate_pipe(NULL, "ok: 1 nodes, 0 links");
    validate_pipe("--expand", "<!-- said -->");
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
    size_t n = ARRAY_LEN(rows);

    ctl_row_tests(rows, n, tests);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_validate_pipe);
    return _cmocka_run_group_tests("ctl_file", tests, n, NULL, NULL);
}
