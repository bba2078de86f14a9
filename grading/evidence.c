#include "grading/evidence.h"

#include "grading/probe_json.h"
#include "labd/base/mem.h"

#include <string.h>

/* Shared rounds, and of each check two phases or what held after a reboot. */
#define ROUNDS_MAX ((size_t)EXERCISE_HOLD_MAX * (1 + EXERCISE_CHECKS_MAX))
#define TIME_MAX ((json_int_t)24 * 60 * 60 * 1000)

static const char *const phases[] = {
    [GRADING_STEADY] = "steady", [GRADING_BROKEN] = "broken", [GRADING_REBOOTED] = "rebooted"};

json_t *evidence_new(void)
{
    return json_pack("{s:i, s:i, s:[]}", "schema", EVIDENCE_SCHEMA, "dropped", 0, "rounds");
}

/* Index of the first round of 'check' (NULL: shared) in 'phase'; 'n' gets how many there are. */
static size_t find(const json_t *rounds, const char *check, const char *phase, size_t *n)
{
    size_t first = 0, i;
    json_t *r;

    *n = 0;
    json_array_foreach(rounds, i, r) {
        const char *of = json_string_value(json_object_get(r, "check"));

        if (check == NULL || of == NULL ? of != check : strcmp(of, check) != 0)
            continue;
        if (strcmp(json_string_value(json_object_get(r, "phase")), phase) != 0)
            continue;
        if ((*n)++ == 0)
            first = i;
    }
    return first;
}

bool evidence_drop(json_t *evidence, unsigned keep)
{
    json_t *rounds = json_object_get(evidence, "rounds");
    size_t n, first = find(rounds, NULL, phases[GRADING_STEADY], &n);

    if (n == 0 || n <= keep)
        return false;
    json_array_remove(rounds, first);
    json_object_set_new(evidence, "dropped",
                        json_integer(json_integer_value(json_object_get(evidence, "dropped")) + 1));
    return true;
}

/* Takes the frames of the latest round away. */
static void strip_last(json_t *rounds)
{
    json_t *one = json_pack("[O]", json_array_get(rounds, json_array_size(rounds) - 1));

    evidence_strip(one);
    json_decref(one);
}

void evidence_add(json_t *evidence, const struct exercise *x, size_t which, enum grading_phase phase,
                  int64_t began_ms, int64_t ended_ms, json_t *result)
{
    const char *check = which == GRADING_ALL_SHARED ? NULL : x->checks[which].id;
    json_t *rounds = json_object_get(evidence, "rounds");
    size_t n = 0, first, keep = phase == GRADING_REBOOTED ? x->hold : 1;

    if (check != NULL && (first = find(rounds, check, phases[phase], &n), n >= keep))
        json_array_remove(rounds, first);
    if (phase == GRADING_REBOOTED && n > 0 && keep > 1)
        strip_last(rounds);
    if (check == NULL) {
        (void)evidence_drop(evidence, EXERCISE_HOLD_MAX - 1);
        evidence_strip(rounds); /* shared rounds come first */
    }
    json_array_append_new(rounds, json_pack("{s:s?, s:s, s:I, s:I, s:O}", "check", check, "phase",
                                            phases[phase], "began_ms", (json_int_t)began_ms, "ended_ms",
                                            (json_int_t)ended_ms, "result", result));
}

/* The entry of check 'which' in "reboots", borrowed; NULL if there is none. */
static json_t *reboot_of(const json_t *evidence, const char *check, size_t *at)
{
    json_t *r;
    size_t i;

    json_array_foreach(json_object_get(evidence, "reboots"), i, r) {
        *at = i;
        if (strcmp(json_string_value(json_object_get(r, "check")), check) == 0)
            return r;
    }
    return NULL;
}

void evidence_reboot(json_t *evidence, const struct exercise *x, size_t which, int64_t ended_ms)
{
    const char *check = x->checks[which].id;
    json_t *rounds = json_object_get(evidence, "rounds"), *reboots = json_object_get(evidence, "reboots");
    size_t first, n, at;

    while (first = find(rounds, check, phases[GRADING_REBOOTED], &n), n > 0)
        json_array_remove(rounds, first);
    if (reboot_of(evidence, check, &at) != NULL)
        json_array_remove(reboots, at);
    if (reboots == NULL)
        json_object_set_new(evidence, "reboots", reboots = json_array());
    json_array_append_new(reboots, json_pack("{s:s, s:I, s:n, s:b}", "check", check, "ended_ms",
                                             (json_int_t)ended_ms, "down", "typed", 0));
}

void evidence_reboot_down(json_t *evidence, const struct exercise *x, size_t which, const char *why)
{
    size_t at;

    json_object_set_new(reboot_of(evidence, x->checks[which].id, &at), "down",
                        why != NULL && *why != '\0' ? json_string(why) : json_null());
}

void evidence_reboot_typed(json_t *evidence, const struct exercise *x, size_t which, bool typed)
{
    size_t at;

    json_object_set_new(reboot_of(evidence, x->checks[which].id, &at), "typed", json_boolean(typed));
}

void evidence_free(struct evidence *ev)
{
    if (ev == NULL)
        return;
    for (size_t i = 0; i < ev->nrounds; i++)
        probe_result_free(ev->rounds[i].result);
    free(ev->rounds);
    free(ev->reboots);
    free(ev);
}

void evidence_freep(struct evidence **ev)
{
    evidence_free(*ev);
}

static int round_read(const json_t *j, struct evidence_round *r, struct err *e)
{
    json_int_t began, ended;
    int phase = probe_json_enum(j, "round", "phase", phases, ARRAY_LEN(phases), e);

    if (phase < 0 || probe_json_text(j, "round", "check", false, r->check, sizeof r->check, e) < 0 ||
        probe_json_int(j, "round", "began_ms", 0, TIME_MAX, 0, &began, e) < 0 ||
        probe_json_int(j, "round", "ended_ms", 0, TIME_MAX, 0, &ended, e) < 0)
        return -1;
    r->phase = (enum grading_phase)phase;
    r->began_ms = began;
    r->ended_ms = ended;
    r->result = probe_result_from_json(json_object_get(j, "result"), e);
    return r->result != NULL ? 0 : -1;
}

static int reboot_read(const json_t *j, struct evidence_reboot *r, struct err *e)
{
    json_int_t ended;

    if (probe_json_text(j, "reboot", "check", true, r->check, sizeof r->check, e) < 0 ||
        probe_json_int(j, "reboot", "ended_ms", 0, TIME_MAX, 0, &ended, e) < 0 ||
        probe_json_text(j, "reboot", "down", false, r->down, sizeof r->down, e) < 0)
        return -1;
    r->ended_ms = ended;
    r->typed = json_is_true(json_object_get(j, "typed"));
    return 0;
}

struct evidence *evidence_read(const json_t *j, struct err *e)
{
    AUTO(evidence_freep) struct evidence *ev = xcalloc(1, sizeof *ev);
    json_int_t schema, dropped;
    const json_t *list, *reboots = NULL;
    json_t *v;
    size_t i;

    if (probe_json_int(j, "evidence", "schema", 1, INT32_MAX, 0, &schema, e) < 0 ||
        probe_json_int(j, "evidence", "dropped", 0, INT32_MAX, 0, &dropped, e) < 0 ||
        probe_json_array(j, "rounds", ROUNDS_MAX, &list, e) < 0 ||
        (json_object_get(j, "reboots") != NULL &&
         probe_json_array(j, "reboots", EXERCISE_CHECKS_MAX, &reboots, e) < 0))
        return NULL;
    if (schema != EVIDENCE_SCHEMA) {
        err_set(e, ERR_UNSUPPORTED, "the evidence was kept by another version of the grader");
        return NULL;
    }
    ev->dropped = (unsigned)dropped;
    ev->rounds = xcalloc(json_array_size(list) + 1, sizeof *ev->rounds);
    json_array_foreach(list, i, v) {
        ev->nrounds++;
        if (round_read(v, &ev->rounds[i], e) < 0) {
            err_wrap(e, "round %zu of the evidence", i + 1);
            return NULL;
        }
    }
    ev->reboots = xcalloc(json_array_size(reboots) + 1, sizeof *ev->reboots);
    json_array_foreach(reboots, i, v) {
        if (reboot_read(v, &ev->reboots[ev->nreboots++], e) < 0) {
            err_wrap(e, "reboot %zu of the evidence", i + 1);
            return NULL;
        }
    }
    return TAKE(ev);
}
