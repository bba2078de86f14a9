/* The requests about the evidence of a check.  Instructors only: it tells how the grader looks, which of its hosts are
 * where, and what passes at hidden nodes. */
#include "grading/evidence.h"
#include "labd/base/mem.h"
#include "labd/site/attempts.h"
#include "labd/site/site_evidence.h"

#include <stdlib.h>
#include <string.h>

static void decrefp(json_t **j)
{
    json_decref(*j);
}

/* When grading began, by the report of the attempt. */
static int64_t began_ms(const struct store_attempt *row)
{
    json_t *report = row->report != NULL ? json_loads(row->report, 0, NULL) : NULL;
    int64_t t = json_integer_value(json_object_get(report, "started"));

    json_decref(report);
    return t > 0 ? t : row->started;
}

static json_t *read_check(struct site *s, int64_t inst, int64_t attempt, const char *check, struct err *e)
{
    AUTO(buf_clear) struct buf packed = BUF_INIT;

    if (store_evidence_find(s->store, inst, attempt, &packed, e) < 0) {
        if (e->code == ERR_NOT_FOUND)
            err_set(e, ERR_NOT_FOUND, "no evidence was kept of this attempt");
        return NULL;
    }
    AUTO(decrefp) json_t *evidence = evidence_open(packed.data, packed.len, e);
    const char *xml = json_string_value(json_object_get(evidence, "exercise")),
               *topology = json_string_value(json_object_get(evidence, "topology"));
    if (evidence == NULL)
        return NULL;
    if (xml == NULL || topology == NULL) {
        err_set(e, ERR_INVALID, "the evidence does not say what the attempt was graded by");
        return NULL;
    }
    /* For the order of its checks, which no parameter changes. */
    AUTO(exercise_freep)
    struct exercise *x = exercise_load_mem(xml, strlen(xml), topology, strlen(topology), NULL, NULL, e);
    return x != NULL ? evidence_of_check(evidence, x, check, e) : NULL;
}

/* The evidence that is asked for, and when its attempt began; NULL: the request has its answer. */
static json_t *asked(struct http_req *r, struct site *s, struct store_attempt *row)
{
    char *end;
    long long id = strtoll(http_param(r, "id"), &end, 10);
    struct err e;

    if (*end != '\0' || id <= 0 || store_attempt_find(s->store, who_of(r)->inst, id, row, &e) < 0) {
        if (*end == '\0' && id > 0 && e.code != ERR_NOT_FOUND)
            http_problem(r, &e);
        else
            http_problem_status(r, 404, "there is no such attempt");
        return NULL;
    }
    json_t *j = read_check(s, who_of(r)->inst, id, http_param(r, "check"), &e);
    if (j == NULL) {
        store_attempt_clear(row);
        http_problem(r, &e);
    }
    return j;
}

void evidence_get(struct http_req *r, void *arg)
{
    struct store_attempt row;
    json_t *j = asked(r, arg, &row);

    if (j == NULL)
        return;
    evidence_strip(json_object_get(j, "rounds"));
    json_object_set_new(j, "attempt", json_integer(row.id));
    json_object_set_new(j, "started_ms", json_integer(began_ms(&row)));
    store_attempt_clear(&row);
    http_reply_json(r, 200, j);
}

void evidence_get_packets(struct http_req *r, void *arg)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;
    struct store_attempt row;
    AUTO(decrefp) json_t *j = asked(r, arg, &row);
    struct err e;

    if (j == NULL)
        return;
    AUTO(mem_freep)
    char *disposition = xasprintf("attachment; filename=\"attempt-%lld-%s.pcapng\"", (long long)row.id,
                                  json_string_value(json_object_get(j, "check")));
    int rc = evidence_pcapng(j, began_ms(&row), &out, &e);
    store_attempt_clear(&row);
    if (rc < 0) {
        http_problem(r, &e);
        return;
    }
    http_reply_header(r, "Content-Disposition", disposition);
    http_reply_text(r, 200, "application/x-pcapng", buf_str(&out), out.len);
}
