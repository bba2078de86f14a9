/* results.json of a Gradescope autograder, as its specification for instructors has it ("Autograder
 * Specifications", section "Output format").  The report goes along as extra_data. */
#include "grading/report_format.h"
#include "labd/base/mem.h"

#include <stdbool.h>
#include <string.h>

/* One thought per line: what was seen, what should have been, what to think about. */
static json_t *words(const json_t *check)
{
    static const char *const keys[][2] = {
        {"observed", "Observed"}, {"expected", "Expected"}, {"hint", "Hint"}};
    bool pass = strcmp(report_text(check, "status"), "pass") == 0;
    AUTO(buf_clear) struct buf b = BUF_INIT;

    if (strcmp(report_text(check, "status"), "error") == 0)
        buf_puts(&b, "Not judged: the platform could not measure this; it is not your mistake.\n");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *s = report_text(check, keys[i][0]);

        if (s[0] != '\0' && (i == 0 || !pass))
            buf_printf(&b, "%s: %s\n", keys[i][1], s);
    }
    return json_stringn(buf_str(&b), b.len);
}

static json_t *test(const json_t *check, size_t n)
{
    bool pass = strcmp(report_text(check, "status"), "pass") == 0;
    AUTO(mem_freep) char *number = xasprintf("%zu", n + 1);

    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:o, s:s, s:[s, s]}", "number", number, "name",
                     report_text(check, "title"), "name_format", "text", "status", pass ? "passed" : "failed",
                     "score", report_int(check, "score"), "max_score", report_int(check, "max_score"),
                     "visibility", "visible", "output", words(check), "output_format", "text", "tags",
                     report_text(check, "kind"), report_text(check, "evidence"));
}

void report_gradescope(const json_t *report, struct buf *out)
{
    const json_t *checks = json_object_get(report, "checks"), *check;
    json_int_t ms = report_int(report, "finished") - report_int(report, "started");
    json_t *tests = json_array();
    size_t i;

    json_array_foreach(checks, i, check) {
        json_array_append_new(tests, test(check, i));
    }
    json_t *j =
        json_pack("{s:I, s:I, s:s, s:s, s:o, s:{s:O}}", "score", report_int(report, "score"),
                  "execution_time", ms > 0 ? ms / 1000 : 0, "visibility", "visible", "stdout_visibility",
                  "hidden", "tests", tests, "extra_data", "paralab_report", report);
    AUTO(mem_freep) char *text = json_dumps(j, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);
    json_decref(j);
    buf_printf(out, "%s\n", text != NULL ? text : "null");
}
