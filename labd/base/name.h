/* Names that reach commands, paths and device names.  Used by every layer that takes one. */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include "labd/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_MAX_LEN 31
#define NAME_SIZE (NAME_MAX_LEN + 1)
#define NAME_PATTERN "[a-z][a-z0-9-]{0,30}"
#define LAB_ID_LEN 6 /* [a-z][a-z0-9]{5} */
#define LAB_ID_SIZE (LAB_ID_LEN + 1)
#define IFNAME_SIZE 16

bool name_ok(const char *s);   /* matches NAME_PATTERN */
bool lab_id_ok(const char *s); /* matches [a-z][a-z0-9]{5} */
/* An interface name inside a guest: [a-z][a-z0-9._-]{0,14}, and not "lo". */
bool ifname_ok(const char *s);

/* FNV-1a (Fowler, Noll, Vo): a number that stands for a text, e.g. for the run folder of one labhost of several. */
uint32_t name_hash(const char *s);

/* ERR_INVALID, saying "'what' name 'x' ..." with the offending bytes escaped. */
int name_check(const char *s, const char *what, struct err *e) MUST_CHECK;

#endif
