/* Text for people: what guests and servers sent made safe for a terminal, tables, times, sizes.  Used by
 * the commands of labctl. */
#ifndef CTL_CTL_TEXT_H
#define CTL_CTL_TEXT_H

#include "labd/base/buf.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A copy in which control characters, bidirectional overrides and bytes that are not UTF-8 appear as
 * \xNN or \u{NNNN}; the caller frees. */
char *text_safe(const char *s, size_t n);
/* Every line of 's' on its own, made safe, behind 'indent'. */
void text_lines(FILE *f, const char *indent, const char *s);

/* Columns as wide as their longest cell, two blanks between; cells are made safe. */
struct text_table {
    unsigned columns;
    char **cells;
    size_t n, cap;
};
void text_cell(struct text_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_table_print(const struct text_table *t, FILE *f);
void text_table_clear(struct text_table *t); /* AUTO(text_table_clear) */

/* Columns on a terminal that 's', valid UTF-8, takes; wide characters count as one. */
size_t text_width(const char *s);

/* One JSON document, indented, ASCII only, so that it is safe on a terminal too. */
void text_json(FILE *f, const json_t *j);

/* Members of an object, whatever it really holds: "" and 0 when absent or of another type. */
const char *text_str(const json_t *object, const char *key);
int64_t text_int(const json_t *object, const char *key);

/* "delay 20ms, loss 1%", "none": an impairment object of the API. */
void text_impair(const json_t *impair, struct buf *out);

#endif
