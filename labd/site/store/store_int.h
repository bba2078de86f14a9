/* Inside store/ only: the statements and how they are run. */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H

#include "labd/site/store/store.h"

#include <sqlite3.h>

enum store_sql {
    /* without an institution: these are about institutions themselves, or the site */
    SQL_INSTITUTION_ADD,
    SQL_INSTITUTION_EACH,
    SQL_INSTITUTION_SET_INTERNET,
    SQL_SECRET_ADD,
    SQL_SECRET_FIND,
    SQL_FIRST_SCOPED, /* every statement from here on has the institution as ?1 */
    SQL_INSTITUTION_NAME = SQL_FIRST_SCOPED,
    SQL_INSTITUTION_INTERNET,
    SQL_HOST_ADD,
    SQL_HOST_FIND,
    SQL_USER_PUT,
    SQL_USER_FIND,
    SQL_USER_END_SESSIONS,
    SQL_SESSION_ADD,
    SQL_SESSION_FIND,
    SQL_SESSION_TOUCH,
    SQL_SESSION_DEL,
    SQL_SESSION_EXPIRE,
    SQL_SESSION_COUNT,
    SQL_SIGNIN_PURGE,
    SQL_SIGNIN_FAIL,
    SQL_SIGNIN_FORGIVE,
    SQL_SIGNIN_FORGET,
    SQL_LAB_ADD,
    SQL_LAB_SET_STATE,
    SQL_LAB_MEND,
    SQL_LAB_END,
    SQL_LAB_EACH,
    SQL_ATTEMPT_ADD,
    SQL_ATTEMPT_RUNNING,
    SQL_ATTEMPT_FINISH,
    SQL_ATTEMPT_INTERRUPT,
    SQL_ATTEMPT_FIND,
    SQL_ATTEMPT_LATEST,
    SQL_ATTEMPT_EACH,
    SQL_ATTEMPT_HISTORY,
    SQL_ATTEMPT_COUNT,
    SQL_FAILURES_EACH,
    SQL_ANSWER_PUT,
    SQL_ANSWER_DEL,
    SQL_ANSWER_END,
    SQL_ANSWER_EACH,
    SQL_WRONG_EACH,
    SQL_SEEDS_EACH,
    SQL_EVIDENCE_ADD,
    SQL_EVIDENCE_FIND,
    SQL_REGRADE_COUNT,
    SQL_REGRADE_NEXT,
    SQL_REGRADE_ADD,
    SQL_REGRADE_SET,
    SQL_SCORE_FIND,
    SQL_OVERRIDE_ADD,
    SQL_OVERRIDE_EACH,
    SQL_DEADLINE_PUT,
    SQL_DEADLINE_DEL,
    SQL_DEADLINE_FIND,
    SQL_OVERVIEW_EACH,
    SQL_COUNT
};
extern const char *const store_sql[SQL_COUNT];
extern const char *const store_migrations[];
extern const int store_nmigrations;

struct store {
    sqlite3 *db;
    sqlite3_stmt *stmt[SQL_COUNT];
};

/* Resets statement 'id' and binds ?1.. from 'types': i int64_t, t const char *, T const char * with ""
 * stored as NULL, b (const void *, int), n NULL.  Strings are borrowed until the next step. */
sqlite3_stmt *store_bind(struct store *s, enum store_sql id, const char *types, ...);
/* Runs a bound statement to its end; 'what' begins the sentence of an error. */
int store_exec(struct store *s, sqlite3_stmt *q, const char *what, struct err *e) MUST_CHECK;
/* One step: 1 a row is there, 0 the end (statement reset), -1. */
int store_step(struct store *s, sqlite3_stmt *q, const char *what, struct err *e) MUST_CHECK;
/* store_step() that wants a row and takes its absence for ERR_NOT_FOUND; reset with sqlite3_reset(). */
int store_row(struct store *s, sqlite3_stmt *q, const char *what, struct err *e) MUST_CHECK;
int store_count(struct store *s, sqlite3_stmt *q, const char *what, int64_t *n, struct err *e) MUST_CHECK;
int store_begin(struct store *s, struct err *e) MUST_CHECK;
int store_commit(struct store *s, struct err *e) MUST_CHECK; /* rolls back if it fails */
void store_rollback(struct store *s);

/* A row of the columns of an attempt, from column 0 on; gives how many they are. */
int store_read_attempt(sqlite3_stmt *q, struct store_attempt *a);

void store_col_text(sqlite3_stmt *q, int col, char *out, size_t size); /* NULL gives "" */
char *store_col_dup(sqlite3_stmt *q, int col);                         /* malloc'ed, or NULL for NULL */

#endif
