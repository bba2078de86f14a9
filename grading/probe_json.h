/* Reading members of a JSON object that a stranger wrote.  Used by probe_spec.c and probe_result.c. */
#ifndef GRADING_PROBE_JSON_H
#define GRADING_PROBE_JSON_H

#include "grading/probe.h"

/* Each names 'where' and the member in its message.  A missing or null member gives 'absent' (or "")
 * if that is within the bounds, else an error. */
int probe_json_int(const json_t *j, const char *where, const char *key, json_int_t min, json_int_t max,
                   json_int_t absent, json_int_t *out, struct err *e) MUST_CHECK;
/* 'size' counts the NUL; the text must be printable ASCII. */
int probe_json_text(const json_t *j, const char *where, const char *key, bool needed, char *out, size_t size,
                    struct err *e) MUST_CHECK;
/* The same for a value that has been found already. */
int probe_json_string(const json_t *v, const char *where, const char *key, char *out, size_t size,
                      struct err *e) MUST_CHECK;
int probe_json_addr(const json_t *j, const char *where, const char *key, bool needed, struct probe_addr *out,
                    struct err *e) MUST_CHECK;
/* Index of the member's text in 'names'; -1 with 'e' if it is none of them. */
int probe_json_enum(const json_t *j, const char *where, const char *key, const char *const *names, size_t n,
                    struct err *e) MUST_CHECK;
/* A missing array counts as empty; more than 'max' elements are an error. */
int probe_json_array(const json_t *j, const char *key, size_t max, const json_t **out,
                     struct err *e) MUST_CHECK;

json_t *probe_json_from_addr(const struct probe_addr *a); /* new reference; null if none */

#endif
