/* ifconfig and route, which our image does not have, to ip.  Used by import_script.c. */
#ifndef FOREIGN_IMPORT_NETTOOLS_H
#define FOREIGN_IMPORT_NETTOOLS_H

#include <stddef.h>

#define NETTOOLS_WORDS_MAX 24

/* The commands that do what the words 'w' do, one or two on a line; NULL if they are another command or
 * one that has no plain counterpart.  The caller frees. */
char *nettools_translate(char **w, size_t n);

/* "255.255.255.0": 24; -1: it is no mask. */
int nettools_mask(const char *s);

#endif
