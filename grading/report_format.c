/* The table of formats, and JSON itself. */
#include "grading/report_format.h"

#include "labd/base/mem.h"

#include <string.h>

const char *report_text(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

json_int_t report_int(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ASCII only: what guests wrote must not steer a terminal. */
static void plain(const json_t *report, struct buf *out)
{
    AUTO(mem_freep) char *text = json_dumps(report, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);

    buf_printf(out, "%s\n", text != NULL ? text : "null");
}

const struct report_format report_formats[] = {
    {"json", plain},
    {"junit", report_junit},
    {"gradescope", report_gradescope},
    {NULL, NULL},
};

const struct report_format *report_format_find(const char *name)
{
    for (const struct report_format *f = report_formats; f->name != NULL; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}
