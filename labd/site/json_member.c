/* Small JSON helpers of the handlers. */
#include "labd/base/mem.h"
#include "labd/site/site_int.h"

#include <string.h>

int json_member_text(const json_t *j, const char *name, size_t max, const char **out, struct err *e)
{
    const json_t *v = json_object_get(j, name);

    if (v == NULL || json_is_null(v)) {
        *out = NULL;
        return 0;
    }
    if (!json_is_string(v))
        return err_set(e, ERR_INVALID, "\"%s\" must be a string", name);
    if (json_string_length(v) > max)
        return err_set(e, ERR_INVALID, "\"%s\" is longer than %zu bytes", name, max);
    if (strlen(json_string_value(v)) != json_string_length(v))
        return err_set(e, ERR_INVALID, "\"%s\" holds a NUL", name);
    *out = json_string_value(v);
    return 0;
}

json_t *json_time(int64_t ms)
{
    return ms > 0 ? json_integer(ms) : json_null();
}

json_t *json_text(const char *s)
{
    if (s == NULL || *s == '\0')
        return json_null();
    json_t *j = json_string(s);
    if (j != NULL)
        return j;
    AUTO(mem_freep) char *copy = xstrdup(s);
    for (char *p = copy; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    return json_string(copy);
}
