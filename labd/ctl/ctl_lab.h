/* Labs as labctl's commands see them: by id or name, waited for, gone.  Every string that reaches a
 * request's path was checked here. */
#ifndef CTL_CTL_LAB_H
#define CTL_CTL_LAB_H

#include "labd/base/err.h"
#include "labd/base/name.h"

#include <jansson.h>

struct ctl;

/* The id of the lab that 'arg' names: an id, or the name of exactly one lab that the caller may see. */
int ctl_lab_find(struct ctl *c, const char *arg, char id[LAB_ID_SIZE], struct err *e) MUST_CHECK;
int ctl_lab_status(struct ctl *c, const char *id, json_t **status, struct err *e) MUST_CHECK;
/* The labs that the caller may see: of everybody for an instructor, else their own. */
int ctl_lab_list(struct ctl *c, json_t **labs, struct err *e) MUST_CHECK;

/* Asks for the lab that 'body' (stolen) describes; its id. */
int ctl_lab_start(struct ctl *c, json_t *body, char id[LAB_ID_SIZE], struct err *e) MUST_CHECK;

/* Waits until the lab is neither starting nor being suspended; shows nodes as they come up if stderr is a
 * terminal.  -1 if its state is not 'want' then ("running", "suspended"; 'e' says why, naming the node that
 * failed), if it vanished, or if labd cannot be reached for half a minute.  '*status' (or NULL) is its last
 * state, set also when it failed, or NULL. */
int ctl_lab_wait(struct ctl *c, const char *id, const char *want, json_t **status, struct err *e) MUST_CHECK;

/* Waits until nothing is left of a lab that is being removed. */
int ctl_lab_await_gone(struct ctl *c, const char *id, struct err *e) MUST_CHECK;
/* Removes the lab and waits. */
int ctl_lab_remove(struct ctl *c, const char *id, struct err *e) MUST_CHECK;

/* Says 'text' to question 'check' of the lab; NULL or "" takes back what was said. */
int ctl_lab_answer(struct ctl *c, const char *id, const char *check, const char *text,
                   struct err *e) MUST_CHECK;
/* Grades the lab.  '*attempt' is the finished attempt; ERR_INTERNAL with its words if it ended in error. */
int ctl_lab_grade(struct ctl *c, const char *id, json_t **attempt, struct err *e) MUST_CHECK;

/* Sleeps between two looks at something that began at 'since' (loop_now_ms()): a twentieth of the time
 * passed, 10 to 1000 ms, so that waiting adds at most 5 %. */
void ctl_pause(int64_t since);

#endif
