#include "labd/ctl/ctl_report.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>

static bool passed(const json_t *check)
{
    return strcmp(text_str(check, "status"), "pass") == 0;
}

/* A text member, or a JSON value written out. */
static void detail(FILE *f, const char *indent, const char *label, const json_t *check, const char *key)
{
    const json_t *v = json_object_get(check, key);
    AUTO(mem_freep) char *dump = NULL;

    if (v == NULL || json_is_null(v))
        return;
    if (!json_is_string(v))
        dump = json_dumps(v, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    const char *s = dump != NULL ? dump : text_str(check, key);
    AUTO(mem_freep) char *text = xasprintf("%s: %s", label, s);
    text_lines(f, indent, text);
}

void report_print(FILE *f, const char *indent, const json_t *report, bool failed_only)
{
    AUTO(text_table_clear) struct text_table t = {.columns = 4};
    AUTO(mem_freep) char *deeper = xasprintf("%s    ", indent);
    const json_t *checks = json_object_get(report, "checks"), *check;
    size_t i, rows = 0;

    json_array_foreach(checks, i, check) {
        if (failed_only && passed(check))
            continue;
        rows++;
        text_cell(&t, "%s%s", indent, text_str(check, "status"));
        text_cell(&t, "%lld/%lld", (long long)text_int(check, "score"),
                  (long long)text_int(check, "max_score"));
        text_cell(&t, "%s", text_str(check, "id"));
        text_cell(&t, "%s", text_str(check, "title"));
    }
    if (rows > 0)
        text_table_print(&t, f);
    json_array_foreach(checks, i, check) {
        if (passed(check))
            continue;
        AUTO(mem_freep)
        char *head = xasprintf("%s (%s evidence)", text_str(check, "id"), text_str(check, "evidence"));
        text_lines(f, indent, head);
        const json_t *full = json_object_get(check, "full"); /* it names what students do not see */
        detail(f, deeper, "expected", full != NULL ? full : check, "expected");
        detail(f, deeper, "observed", full != NULL ? full : check, "observed");
        detail(f, deeper, "answer", check, "answer");
        detail(f, deeper, "right for", check, "others");
        detail(f, deeper, "kept", check, "kept");
        detail(f, deeper, "hint", check, "hint");
        detail(f, deeper, "failed attempts until the next hint", check, "hint_after");
    }
}
