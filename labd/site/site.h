/* labd, the site daemon, as an object in a loop.  Used by labd_main.c and by tests. */
#ifndef SITE_SITE_H
#define SITE_SITE_H

#include "labd/base/err.h"
#include "labd/base/loop.h"

#include <stdbool.h>

struct site;

struct site_options {
    const char *db;          /* the database file */
    const char *host_socket; /* of labhost */
    const char *exercises;   /* the folder of exercises, or NULL */
    const char *web;         /* the folder of the front end, or NULL */
    int tcp_fd, unix_fd;     /* listening sockets, taken over; -1: none */
    bool secure_cookies;     /* labd is behind TLS: cookies for HTTPS only */
    unsigned quota;          /* labs that a user may have at a time */
    unsigned graders;        /* labs that are graded at a time */
};

/* Opens the database, loads exercises and the front end, begins to serve and to look for labhost, which
 * need not be there yet.  The options are borrowed for the call. */
struct site *site_open(struct loop *l, const struct site_options *o, struct err *e);
/* Answers what waits with 503, ends every stream and every worker.  Running labs are not touched. */
void site_close(struct site *s); /* NULL is fine */

#endif
