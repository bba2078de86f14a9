/* Rows of comma-separated values (RFC 4180) that a spreadsheet opens without running anything.  Used by labd. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "labd/base/buf.h"

#include <stdint.h>

/* Appends a cell, with a comma first unless it begins a row.  A text that a spreadsheet would take for a formula
 * (it begins with = + - @ or a control character, also after blanks) gets an apostrophe in front; control
 * characters inside become blanks. */
void csv_text(struct buf *out, const char *s); /* NULL: an empty cell */
void csv_number(struct buf *out, int64_t n);
void csv_end(struct buf *out); /* ends the row */

#endif
