/* Texts of foreign labs.  Used by the importers. */
#ifndef FOREIGN_IMPORT_TEXT_H
#define FOREIGN_IMPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* 'text' as content of an element that people read: on lines of its own, indented; value_dedent() undoes
 * it.  The caller frees. */
char *import_indent(const char *text);

/* Can XML hold it?  Well-formed UTF-8 without NUL and other control characters. */
bool import_text_ok(const char *s, size_t n);

/* "'it'\''s'": one word for a shell, without quotes where none are needed; the caller frees. */
char *import_quote(const char *word);

#endif
