#include "grading/probe_json.h"

#include <string.h>

int probe_json_int(const json_t *j, const char *where, const char *key, json_int_t min, json_int_t max,
                   json_int_t absent, json_int_t *out, struct err *e)
{
    const json_t *v = json_object_get(j, key);
    json_int_t n = absent;

    if (v != NULL && !json_is_null(v)) {
        if (!json_is_integer(v))
            return err_set(e, ERR_INVALID, "%s: '%s' is not a whole number", where, key);
        n = json_integer_value(v);
    }
    if (n < min || n > max)
        return err_set(e, ERR_INVALID, "%s: '%s' must be from %lld to %lld", where, key, (long long)min,
                       (long long)max);
    *out = n;
    return 0;
}

int probe_json_string(const json_t *v, const char *where, const char *key, char *out, size_t size,
                      struct err *e)
{
    const char *s;

    if (!json_is_string(v))
        return err_set(e, ERR_INVALID, "%s: '%s' is not a text", where, key);
    s = json_string_value(v);
    if (strlen(s) != json_string_length(v) || strlen(s) >= size)
        return err_set(e, ERR_INVALID, "%s: '%s' is longer than %zu bytes", where, key, size - 1);
    for (const char *p = s; *p != '\0'; p++)
        if (*p < 0x20 || *p > 0x7e)
            return err_set(e, ERR_INVALID, "%s: '%s' holds bytes that are not printable", where, key);
    memcpy(out, s, strlen(s) + 1);
    return 0;
}

int probe_json_text(const json_t *j, const char *where, const char *key, bool needed, char *out, size_t size,
                    struct err *e)
{
    const json_t *v = json_object_get(j, key);

    out[0] = '\0';
    if (v != NULL && !json_is_null(v) && probe_json_string(v, where, key, out, size, e) < 0)
        return -1;
    if (needed && out[0] == '\0')
        return err_set(e, ERR_INVALID, "%s: '%s' is missing", where, key);
    return 0;
}

int probe_json_addr(const json_t *j, const char *where, const char *key, bool needed, struct probe_addr *out,
                    struct err *e)
{
    char text[PROBE_ADDR_TEXT] = "";

    if (probe_json_text(j, where, key, needed, text, sizeof text, e) < 0)
        return -1;
    if (text[0] == '\0') {
        memset(out, 0, sizeof *out);
        return 0;
    }
    if (!probe_addr_parse(text, out))
        return err_set(e, ERR_INVALID, "%s: '%s' is not an IPv4 or IPv6 address", where, key);
    return 0;
}

int probe_json_enum(const json_t *j, const char *where, const char *key, const char *const *names, size_t n,
                    struct err *e)
{
    char text[24];

    if (probe_json_text(j, where, key, true, text, sizeof text, e) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (names[i] != NULL && strcmp(names[i], text) == 0)
            return (int)i;
    return err_set(e, ERR_INVALID, "%s: '%s' is none of the known values", where, key);
}

int probe_json_array(const json_t *j, const char *key, size_t max, const json_t **out, struct err *e)
{
    const json_t *v = json_object_get(j, key);

    if (v != NULL && !json_is_array(v))
        return err_set(e, ERR_INVALID, "'%s' is not a list", key);
    if (json_array_size(v) > max)
        return err_set(e, ERR_INVALID, "'%s' has more than %zu elements", key, max);
    *out = v;
    return 0;
}

json_t *probe_json_from_addr(const struct probe_addr *a)
{
    char text[PROBE_ADDR_TEXT];

    return a->family == 0 ? json_null() : json_string(probe_addr_text(a, text));
}
