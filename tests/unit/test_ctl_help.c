/* Help, man page and completion say what the table says. */
#include "labd/base/mem.h"
#include "labd/base/proc.h"
#include "labd/ctl/ctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, text);
}

/* One test per command: every form of help knows it and its flags. */
static void test_cmd(void **state)
{
    const struct ctl_cmd *cmd = *state;
    AUTO(buf_clear)
    struct buf all = BUF_INIT, one = BUF_INIT, list = BUF_INIT, man = BUF_INIT, bash = BUF_INIT;
    AUTO(mem_freep)
    char *line = xasprintf("%s\n", cmd->name), *bold = xasprintf("\n*%s*", cmd->name),
         *word = xasprintf("    '%s') words='%s'", cmd->name, cmd->complete);

    ctl_help_all(&all);
    ctl_help_cmd(cmd, &one);
    ctl_help_list(&list);
    ctl_help_man(&man);
    ctl_help_completion(&bash);
    contains(buf_str(&all), cmd->help);
    contains(buf_str(&list), line);
    contains(buf_str(&man), bold);
    contains(buf_str(&bash), word);
    for (int f = 0; f < FLAG_COUNT; f++) {
        if ((cmd->flags & FLAG_BIT(f)) == 0 || ctl_flags[f].help == NULL)
            continue;
        AUTO(mem_freep) char *flag = xasprintf("--%s", ctl_flags[f].name);
        contains(buf_str(&one), flag);
        contains(strstr(buf_str(&bash), word), flag);
        contains(buf_str(&man), flag);
    }
    assert_ptr_equal(ctl_find(cmd->name), cmd);
    assert_true(cmd->max < 0 || cmd->max >= cmd->min);
    assert_non_null(cmd->run);
    assert_true(strlen(cmd->help) > 5 && cmd->help[strlen(cmd->help) - 1] != '.');
}

static void test_no_hidden_flag(void **state)
{
    AUTO(buf_clear) struct buf man = BUF_INIT, one = BUF_INIT;

    (void)state;
    ctl_help_man(&man);
    ctl_help_cmd(ctl_find("help"), &one);
    assert_null(strstr(buf_str(&man), "--completion"));
    assert_null(strstr(buf_str(&one), "--completion"));
}

static void test_lines_fit(void **state)
{
    AUTO(buf_clear) struct buf all = BUF_INIT;

    (void)state;
    ctl_help_all(&all);
    for (const char *p = buf_str(&all); *p != '\0'; p += strcspn(p, "\n") + 1)
        assert_true(strcspn(p, "\n") <= 110);
}

/* bash itself reads the completion and offers the commands that begin with "va" and the flags of "up". */
static void test_completion_works(void **state)
{
    AUTO(buf_clear) struct buf bash = BUF_INIT, out = BUF_INIT;
    struct err e = {0};

    (void)state;
    ctl_help_completion(&bash);
    buf_puts(&bash, "labctl() { printf '%s\\n' validate version up; }\n"
                    "COMP_WORDS=(labctl va); COMP_CWORD=1; _labctl; echo \"${COMPREPLY[*]}\"\n"
                    "COMP_WORDS=(labctl up --dr); COMP_CWORD=2; _labctl; echo \"${COMPREPLY[*]}\"\n"
                    "COMP_WORDS=(labctl exercise te); COMP_CWORD=2; _labctl; echo \"${COMPREPLY[*]}\"\n"
                    "labctl() { printf 'LAB NAME\\nabc123 x\\n$(echo-pwned) y\\n'; }\n"
                    "COMP_WORDS=(labctl status ''); COMP_CWORD=2; _labctl; echo \"${COMPREPLY[*]}\"\n");
    const char *const argv[] = {"bash", "-s", NULL};
    struct proc_spec s = {.argv = argv, .input = buf_str(&bash), .input_len = bash.len};
    if (proc_check(NULL, &s, &out, &e) < 0)
        fail_msg("%s", e.msg);
    assert_string_equal(buf_str(&out), "validate\n--driver\ntest\nabc123\n");
}

int main(void)
{
    struct CMUnitTest tests[40];
    size_t n = 0;

    for (const struct ctl_cmd *cmd = ctl_table; cmd->name != NULL && n < 36; cmd++) {
        union {
            const struct ctl_cmd *in;
            void *out;
        } row = {cmd};

        tests[n++] = (struct CMUnitTest){cmd->name, test_cmd, NULL, NULL, row.out};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_no_hidden_flag);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_lines_fit);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_completion_works);
    return _cmocka_run_group_tests("ctl_help", tests, n, NULL, NULL);
}
