/* The evidence of an attempt on its way into the database and back.  Used inside labd/site.
 *
 *   worker: evidence_wrap() -> frame -> labd: evidence_keep() -> database -> evidence_open(): worker */
#ifndef SITE_SITE_EVIDENCE_H
#define SITE_SITE_EVIDENCE_H

#include "labd/base/err.h"
#include "labd/base/mem.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct store;

#define EVIDENCE_PACKED_MAX (1u << 20) /* bytes in the database, for one attempt */

/* Adds the texts of the exercise and its topology to 'evidence' and packs it: a new JSON string, in base64.  Shared
 * rounds are left out from the oldest on until it is small enough, but 'hold' of them stay: NULL with 'e' (ERR_CAPACITY)
 * if it is too large then. */
json_t *evidence_wrap(json_t *evidence, const char *exercise_xml, const char *topology, unsigned hold,
                      struct err *e);
/* Stores what evidence_wrap() made, which it does not trust. */
int evidence_keep(struct store *s, int64_t inst, int64_t attempt, const json_t *wrapped,
                  struct err *e) MUST_CHECK;
/* What was stored, unpacked: as of grading/evidence.h, but checked no further.  NULL with 'e'. */
json_t *evidence_open(const void *packed, size_t n, struct err *e);

#endif
