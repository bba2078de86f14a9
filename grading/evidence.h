/* What the probes of an attempt saw, as it is kept, so that the attempt can be judged again.  Used by the grader and
 * labd.
 *
 * {"schema":1, "dropped":0, "rounds":[{"check":null or "cut", "phase":"steady|broken|rebooted", "began_ms":0,
 *   "ended_ms":812, "result":..}], "reboots"?:[{"check":"kept", "ended_ms":9120, "down":null or "node r1 ..",
 *   "typed":false}], "answers":{"which":"what was said"}, "exercise":"<exercise ..", "topology":"<topology .."}
 * "check" is null for a round that the checks share; times count from the beginning of grading; "result" is as of
 * probe.h; "dropped" counts rounds that the checks shared and that are not kept: the oldest.  "reboots" are the last of
 * the checks that reboot nodes: "down" says which node was not there after it, "typed" that somebody typed into the lab
 * then.  "exercise" and
 * "topology" are the texts that the attempt was graded by: labd adds them.  Whoever changes what a kind of check sends
 * or how its results are meant raises EVIDENCE_SCHEMA, so that old evidence is refused and not misread. */
#ifndef GRADING_EVIDENCE_H
#define GRADING_EVIDENCE_H

#include "grading/grading_parts.h"

struct buf;

#define EVIDENCE_SCHEMA 1
#define EVIDENCE_BYTES_MAX (16u << 20) /* of the JSON text */

json_t *evidence_new(void);
/* Adds a round for check 'which' or GRADING_ALL_SHARED; 'result' stays the caller's, but may lose its frames later.  Of
 * the rounds that are shared the last EXERCISE_HOLD_MAX stay, which is what verdicts are made of, and of them the last
 * keeps its frames; of others the last of its check and phase; of
 * those after a reboot as many as have to hold, and the last with its frames. */
void evidence_add(json_t *evidence, const struct exercise *x, size_t which, enum grading_phase phase,
                  int64_t began_ms, int64_t ended_ms, json_t *result);
/* Begins what is known after a reboot for check 'which' anew: the rounds before it say nothing. */
void evidence_reboot(json_t *evidence, const struct exercise *x, size_t which, int64_t ended_ms);
/* .. that a node was not there ('why' NULL or "": all were), and whether somebody typed into the lab. */
void evidence_reboot_down(json_t *evidence, const struct exercise *x, size_t which, const char *why);
void evidence_reboot_typed(json_t *evidence, const struct exercise *x, size_t which, bool typed);
/* Makes it smaller by its oldest shared round; false if that would leave fewer than 'keep'. */
bool evidence_drop(json_t *evidence, unsigned keep);

/* ---- reading: evidence comes from a database, and in the end from what guests sent ---- */
struct evidence_round {
    char check[NAME_SIZE]; /* "": shared */
    enum grading_phase phase;
    int64_t began_ms, ended_ms;
    struct probe_result *result;
};
struct evidence_reboot {
    char check[NAME_SIZE];
    int64_t ended_ms;
    char down[GRADING_TEXT]; /* "": nothing was */
    bool typed;
};
struct evidence {
    struct evidence_round *rounds;
    size_t nrounds;
    struct evidence_reboot *reboots;
    size_t nreboots;
    unsigned dropped;
};
/* NULL with 'e': ERR_UNSUPPORTED for another schema. */
struct evidence *evidence_read(const json_t *j, struct err *e);
void evidence_free(struct evidence *ev);
void evidence_freep(struct evidence **ev);

/* ---- showing: evidence_show.c ---- */
/* What of 'j' is about check 'id' of 'x', the exercise that it was graded by: {"check", "rounds":[{"phase", "began_ms",
 * "ended_ms", "probes":[..], "peers"?:[..], "scripts"?:[..]}]}, as of probe.h; new reference.  "peers" is there in rounds of the check's
 * own.  NULL with 'e': ERR_NOT_FOUND if there is no such check. */
json_t *evidence_of_check(const json_t *j, const struct exercise *x, const char *id, struct err *e);
void evidence_strip(json_t *rounds); /* takes frames away: "rounds" of either */
/* Appends the frames in 'of_check' as a capture with one interface per port, in the order of time.  Grading began at
 * 'started_ms', wall clock.  ERR_NOT_FOUND if there are none. */
int evidence_pcapng(const json_t *of_check, int64_t started_ms, struct buf *out, struct err *e) MUST_CHECK;

#endif
