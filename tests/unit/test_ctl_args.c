/* The command line of labctl: which words and flags a command takes. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *name;
    const char *argv[10]; /* after "labctl" */
    int want;
    const char *words;  /* with '|' between them */
    const char *flags;  /* "json= driver=fake", in the order of enum ctl_flag */
    const char *saying; /* part of the message, or NULL */
} rows[] = {
    {"no command", {NULL}, CTL_USAGE, "", "", "a command is missing"},
    {"unknown command", {"frobnicate"}, CTL_USAGE, "", "", "there is no command 'frobnicate'"},
    {"unknown command is escaped", {"\033[2J"}, CTL_USAGE, "", "", "'\\x1b[2J'"},
    {"one word", {"validate", "a.xml"}, 0, "a.xml", "", NULL},
    {"too few words", {"validate"}, CTL_USAGE, "", "", "too few words after 'validate'"},
    {"too many words", {"up", "a", "b"}, CTL_USAGE, "", "", "one word too many: 'b'"},
    {"any number of words", {"validate", "a", "b", "c"}, 0, "a|b|c", "", NULL},
    {"two-word command", {"exercise", "test", "dir"}, 0, "dir", "", NULL},
    {"half of a two-word command", {"exercise"}, CTL_USAGE, "", "", "there is no command 'exercise'"},
    {"flag before the word", {"up", "--wait", "a"}, 0, "a", "wait=", NULL},
    {"flag after the word", {"up", "a", "--wait"}, 0, "a", "wait=", NULL},
    {"flag with a value", {"up", "--driver", "fake", "a"}, 0, "a", "driver=fake", NULL},
    {"flag with = and a value", {"up", "--driver=fake", "a"}, 0, "a", "driver=fake", NULL},
    {"flag with = and nothing", {"up", "--driver=", "a"}, 0, "a", "driver=", NULL},
    {"value looks like a flag", {"up", "--name", "--wait", "a"}, 0, "a", "name=--wait", NULL},
    {"value is missing", {"up", "a", "--driver"}, CTL_USAGE, "", "", "needs a value: '--driver'"},
    {"switch with a value", {"up", "a", "--wait=yes"}, CTL_USAGE, "", "", "takes no value: '--wait=yes'"},
    {"number that may be missing", {"exercise", "test", "--mutants", "dir"}, 0, "dir", "mutants=", NULL},
    {"number that may be missing, at the end",
     {"exercise", "test", "dir", "--mutants"},
     0,
     "dir",
     "mutants=",
     NULL},
    {"number that is there", {"exercise", "test", "--mutants", "20", "dir"}, 0, "dir", "mutants=20", NULL},
    {"number that is there, with =", {"exercise", "test", "--mutants=20", "30"}, 0, "30", "mutants=20", NULL},
    {"unknown flag", {"up", "a", "--fast"}, CTL_USAGE, "", "", "unknown option '--fast'"},
    {"unknown letter", {"up", "a", "-q"}, CTL_USAGE, "", "", "unknown option '-q'"},
    {"flag of another command", {"list", "--wait"}, CTL_USAGE, "", "", "unknown option '--wait'"},
    {"flag for the daemon where there is none",
     {"render", "a", "--socket", "s"},
     CTL_USAGE,
     "",
     "",
     "unknown option"},
    {"flag for the daemon", {"list", "--socket", "s", "--json"}, 0, "", "socket=s json=", NULL},
    {"abbreviated flag", {"list", "--js"}, CTL_USAGE, "", "", "unknown option '--js'"},
    {"short flag", {"render", "a", "-o", "b"}, 0, "a", "output=b", NULL},
    {"short flag with its value", {"render", "a", "-ob"}, 0, "a", "output=b", NULL},
    {"standard input", {"up", "-"}, 0, "-", "", NULL},
    {"-- ends the flags", {"validate", "--", "--json"}, 0, "--json", "", NULL},
    {"exec: -- and flags of its command",
     {"exec", "lab", "r1", "--", "ls", "-l", "--all"},
     0,
     "lab|r1|ls|-l|--all",
     "",
     NULL},
    {"exec: without --", {"exec", "lab", "r1", "ls", "-l", "--", "x"}, 0, "lab|r1|ls|-l|--|x", "", NULL},
    {"exec: own flag first",
     {"exec", "-n", "lab", "r1", "--", "ls", "-n"},
     0,
     "lab|r1|ls|-n",
     "no-stdin=",
     NULL},
    {"exec: own flag before --", {"exec", "lab", "r1", "-n", "--", "ls"}, 0, "lab|r1|ls", "no-stdin=", NULL},
    {"exec: no command", {"exec", "lab", "r1", "--"}, CTL_USAGE, "", "", "too few words after 'exec'"},
    {"help needs no words", {"exec", "--help"}, 0, "", "help=", NULL},
    {"-h instead of a command", {"-h"}, 0, "", "", NULL},
    {"--version instead of a command", {"--version"}, 0, "", "", NULL},
    {"socket before the command", {"--socket", "s", "list", "--json"}, 0, "", "socket=s json=", NULL},
    {"two before the command",
     {"--server=u", "--token", "t", "exercise", "test", "d"},
     0,
     "d",
     "server=u token=t",
     NULL},
    {"only that before the command", {"--json", "list"}, CTL_USAGE, "", "", "unknown option '--json'"},
    {"socket and no command", {"--socket", "s"}, CTL_USAGE, "", "", "a command is missing"},
    {"socket and a command without",
     {"--socket", "s", "render", "x"},
     CTL_USAGE,
     "",
     "",
     "it has no option '--socket'"},
    {"socket without its value", {"--socket"}, CTL_USAGE, "", "", "needs a value"},
    {"the last of two wins", {"up", "a", "--name", "x", "--name", "y"}, 0, "a", "name=y", NULL},
};

static void join_flags(const struct ctl *c, struct buf *out)
{
    for (int f = 0; f < FLAG_COUNT; f++)
        if (c->flag[f] != NULL)
            buf_printf(out, "%s%s=%s", out->len > 0 ? " " : "", ctl_flags[f].name, c->flag[f]);
}

static void test_parse(void **state)
{
    const struct row *r = *state;
    AUTO(buf_clear) struct buf words = BUF_INIT, flags = BUF_INIT;
    AUTO(mem_freep) char *said = NULL;
    char *argv[12] = {xstrdup("labctl")};
    int argc = 1;
    size_t n;
    struct ctl c = {.out = stdout, .err = open_memstream(&said, &n)};

    for (int i = 0; i < 10 && r->argv[i] != NULL; i++)
        argv[argc++] = xstrdup(r->argv[i]);
    assert_int_equal(ctl_args_parse(&c, argc, argv), r->want);
    fclose(c.err);
    if (r->want == 0) {
        for (int i = 0; i < c.nargs; i++)
            buf_printf(&words, "%s%s", i > 0 ? "|" : "", c.args[i]);
        join_flags(&c, &flags);
        assert_string_equal(buf_str(&words), r->words);
        assert_string_equal(buf_str(&flags), r->flags);
        assert_string_equal(said, "");
    } else {
        assert_non_null(r->saying);
        if (strstr(said, r->saying) == NULL)
            fail_msg("'%s' is not in '%s'", r->saying, said);
        assert_int_equal(strncmp(said, "labctl: ", 8), 0);
    }
    free(c.args);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows)];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        union {
            const struct row *in;
            void *out;
        } row = {&rows[i]};

        tests[i] = (struct CMUnitTest){rows[i].name, test_parse, NULL, NULL, row.out};
    }
    return _cmocka_run_group_tests("ctl_args", tests, ARRAY_LEN(rows), NULL, NULL);
}
