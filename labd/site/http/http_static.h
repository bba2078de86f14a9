/* The files of the web front end.  Used by labd.  Only files that are there at the start are served, by
 * a table, so no request ever names a path. */
#ifndef HTTP_STATIC_H
#define HTTP_STATIC_H

#include "labd/base/err.h"

struct http_static;
struct http_req;

/* 'pages' (ends with NULL; borrowed) are the paths that index.html answers: "/", "/labs/" with all below
 * it where the last byte is a slash.  In index.html __CSP_NONCE__ becomes the nonce of the answer. */
struct http_static *http_static_load(const char *dir, const char *const *pages, struct err *e);
void http_static_free(struct http_static *s); /* NULL is fine */

#endif
