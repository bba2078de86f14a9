#include "grading/probe_script.h"

#include "grading/probe_json.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

/* ---- text ---- */
/* Control characters: those of ASCII but what 'allowed' holds, and U+0080 to U+009F, in UTF-8. */
static bool control(const char *s, const char *allowed)
{
    const unsigned char *p = (const unsigned char *)s;

    return ((*p < 0x20 || *p == 0x7f) && strchr(allowed, *s) == NULL) ||
           (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0);
}

static bool utf8(const char *s, size_t n)
{
    json_t *j = json_stringn(s, n);

    json_decref(j);
    return j != NULL;
}

int probe_script_check(const char *program, size_t n, struct err *e)
{
    if (n >= PROBE_SCRIPT_SIZE)
        return err_set(e, ERR_CAPACITY, "the program is longer than %u bytes", PROBE_SCRIPT_SIZE - 1);
    if (n < 3 || memcmp(program, "#!", 2) != 0)
        return err_set(e, ERR_INVALID, "the program does not begin with \"#!\" and an interpreter");
    if (strlen(program) != n || !utf8(program, n))
        return err_set(e, ERR_INVALID, "the program is not a UTF-8 text");
    for (const char *p = program; *p != '\0'; p++)
        if (control(p, "\t\r\n"))
            return err_set(e, ERR_INVALID, "the program holds control characters");
    return 0;
}

/* Makes what a program printed harmless, in 'out': UTF-8, with no control characters but newline and tab. */
static void clean(const char *s, size_t n, char out[PROBE_OUTPUT_SIZE])
{
    bool valid;

    n = n < PROBE_OUTPUT_SIZE - 1 ? n : PROBE_OUTPUT_SIZE - 1;
    memcpy(out, s, n);
    out[n] = '\0';
    valid = utf8(out, n);
    for (size_t i = 0; i < n; i++)
        if (control(out + i, "\t\n") || out[i] == '\0' || (!valid && (out[i] & 0x80) != 0))
            out[i] = '?';
    if (!utf8(out, n)) /* half of a control character of two bytes is left */
        for (size_t i = 0; i < n; i++)
            if ((out[i] & 0x80) != 0)
                out[i] = '?';
}

/* ---- the spec ---- */
json_t *probe_scripts_to_json(const struct probe_spec *s)
{
    json_t *list = s->nscripts > 0 ? json_array() : NULL;

    for (size_t i = 0; i < s->nscripts; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:s}", "id", s->scripts[i].id, "from",
                                              s->scripts[i].from, "timeout_ms", (int)s->scripts[i].timeout_ms,
                                              "program", s->scripts[i].program));
    return list;
}

static int script_read(const json_t *j, const struct probe_spec *s, struct probe_script *c, struct err *e)
{
    const json_t *program = json_object_get(j, "program");
    const char *text = json_string_value(program);
    json_int_t timeout;

    if (probe_json_text(j, "script", "id", true, c->id, sizeof c->id, e) < 0 ||
        name_check(c->id, "script", e) < 0 ||
        probe_json_text(j, c->id, "from", true, c->from, sizeof c->from, e) < 0 ||
        probe_json_int(j, c->id, "timeout_ms", PROBE_SCRIPT_MIN_MS, PROBE_SCRIPT_MAX_MS, 0, &timeout, e) < 0)
        return -1;
    if (probe_ref_find(s, c->from) == NULL)
        return err_set(e, ERR_INVALID, "script '%s': there is no reference '%s'", c->id, c->from);
    if (text == NULL)
        return err_set(e, ERR_INVALID, "script '%s' has no program", c->id);
    if (probe_script_check(text, json_string_length(program), e) < 0)
        return err_wrap(e, "script '%s'", c->id);
    memcpy(c->program, text, strlen(text) + 1);
    c->timeout_ms = (unsigned)timeout;
    for (size_t i = 0; i < s->nscripts; i++)
        if (strcmp(s->scripts[i].id, c->id) == 0)
            return err_set(e, ERR_INVALID, "two scripts have the id '%s'", c->id);
    return 0;
}

int probe_scripts_read(const json_t *list, struct probe_spec *s, struct err *e)
{
    json_t *v;
    size_t i;

    json_array_foreach(list, i, v) {
        if (script_read(v, s, &s->scripts[s->nscripts], e) < 0)
            return -1;
        s->nscripts++;
    }
    if (s->nscripts > 0 && s->npeers > 0)
        return err_set(e, ERR_INVALID, "a probe spec with peers runs no scripts");
    return 0;
}

unsigned probe_scripts_duration_ms(const struct probe_spec *s)
{
    unsigned longest = 0;

    for (size_t i = 0; i < s->nscripts; i++)
        if (s->scripts[i].timeout_ms + PROBE_SCRIPT_EXTRA_MS > longest)
            longest = s->scripts[i].timeout_ms + PROBE_SCRIPT_EXTRA_MS;
    return longest;
}

/* ---- what a program says ---- */
static int observed_read(const json_t *j, char out[PROBE_OBSERVED_SIZE], struct err *e)
{
    const json_t *v = json_object_get(j, "observed");
    const char *s = v == NULL ? "" : json_string_value(v);

    if (s == NULL)
        return err_set(e, ERR_INVALID, "'observed' is not a text");
    if (strlen(s) >= PROBE_OBSERVED_SIZE)
        return err_set(e, ERR_INVALID, "'observed' is longer than %d bytes", PROBE_OBSERVED_SIZE - 1);
    for (const char *p = s; *p != '\0'; p++)
        if (control(p, ""))
            return err_set(e, ERR_INVALID, "'observed' holds control characters");
    memcpy(out, s, strlen(s) + 1);
    return 0;
}

/* Only what is all right is 100: 0.999 is not. */
static int passed_read(const json_t *v, unsigned *percent, struct err *e)
{
    double d = json_is_boolean(v) ? json_is_true(v) : json_is_number(v) ? json_number_value(v) : -1;

    if (!(d >= 0 && d <= 1))
        return err_set(e, ERR_INVALID, "'passed' is not true, false or a number from 0 to 1");
    *percent = (unsigned)(d * 100 + 1e-9);
    return 0;
}

void probe_script_answer(struct probe_script_outcome *o, const char *out, size_t n)
{
    json_error_t why;
    struct err e;
    json_t *j = json_loadb(out, n, JSON_REJECT_DUPLICATES, &why);

    o->error[0] = o->observed[0] = '\0';
    o->percent = 0;
    if (n > PROBE_SCRIPT_PRINTED_MAX)
        snprintf(o->error, sizeof o->error, "The author's program printed more than %u KiB.",
                 PROBE_SCRIPT_PRINTED_MAX >> 10);
    else if (!json_is_object(j))
        snprintf(o->error, sizeof o->error, "The author's program did not print one JSON object.");
    else if (passed_read(json_object_get(j, "passed"), &o->percent, &e) < 0 ||
             observed_read(j, o->observed, &e) < 0)
        snprintf(o->error, sizeof o->error, "The author's program gave no result: %.100s.", e.msg);
    if (o->error[0] != '\0')
        o->percent = 0;
    json_decref(j);
}

/* ---- the result ---- */
json_t *probe_script_outcome_to_json(const struct probe_script_outcome *o, const char *output, size_t n)
{
    char text[PROBE_OUTPUT_SIZE] = "";

    if (output != NULL)
        clean(output, n, text);
    return json_pack("{s:s, s:o, s:i, s:s, s:o*}", "id", o->id, "error",
                     o->error[0] != '\0' ? json_string(o->error) : json_null(), "percent", (int)o->percent,
                     "observed", o->observed, "output", text[0] != '\0' ? json_string(text) : NULL);
}

json_t *probe_script_outcomes_to_json(const struct probe_result *r)
{
    json_t *list = r->nscripts > 0 ? json_array() : NULL;

    for (size_t i = 0; i < r->nscripts; i++)
        json_array_append_new(list, probe_script_outcome_to_json(&r->scripts[i], NULL, 0));
    return list;
}

/* It is checked, but not kept: nothing is judged by it. */
static int output_check(const json_t *j, struct err *e)
{
    const json_t *v = json_object_get(j, "output");
    const char *s = v == NULL ? "" : json_string_value(v);

    if (s == NULL || strlen(s) >= PROBE_OUTPUT_SIZE)
        return err_set(e, ERR_INVALID, "script: 'output' is no text, or too long");
    for (const char *p = s; *p != '\0'; p++)
        if (control(p, "\t\n"))
            return err_set(e, ERR_INVALID, "script: 'output' holds control characters");
    return 0;
}

int probe_script_outcomes_read(const json_t *list, struct probe_result *r, struct err *e)
{
    json_t *v;
    size_t i;

    r->scripts = xcalloc(json_array_size(list) + 1, sizeof *r->scripts);
    json_array_foreach(list, i, v) {
        struct probe_script_outcome *o = &r->scripts[r->nscripts++];
        json_int_t percent;

        if (probe_json_text(v, "script", "id", true, o->id, sizeof o->id, e) < 0 ||
            probe_json_text(v, o->id, "error", false, o->error, sizeof o->error, e) < 0 ||
            probe_json_int(v, o->id, "percent", 0, 100, 0, &percent, e) < 0 ||
            observed_read(v, o->observed, e) < 0 || output_check(v, e) < 0)
            return -1;
        o->percent = (unsigned)percent;
    }
    return 0;
}

const struct probe_script_outcome *probe_script_find(const struct probe_result *r, const char *id)
{
    for (size_t i = 0; i < r->nscripts; i++)
        if (strcmp(r->scripts[i].id, id) == 0)
            return &r->scripts[i];
    return NULL;
}
