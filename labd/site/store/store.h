/* The database of one site: accounts, sessions, labs, attempts.  Used by labd (labd/site) only; nobody
 * else includes sqlite3.h.
 *
 * Every row but a secret belongs to an institution, and every function but store_open(), store_close(),
 * store_writable(), store_secret() and the store_institution_ ones takes the institution 'inst' that it may see: a row
 * of another one does not exist for it.  test_store.c proves this for every statement.
 *
 * Functions return 0, or -1 with 'e' filled and out-parameters untouched.  Times are milliseconds of the
 * wall clock (loop_wall_ms()).  Everything blocks for at most the busy timeout. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "labd/base/err.h"
#include "labd/base/name.h"
#include "topology/topo_seed.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_INSTITUTION_DEFAULT 1
#define STORE_HOST_LOCAL 1
#define STORE_LOGIN_SIZE 64
#define STORE_TEXT_SIZE 128
#define STORE_PWHASH_SIZE 129
#define STORE_TOKEN_HASH_LEN 32
#define STORE_ERROR_SIZE 512
#define STORE_DRIVER_SIZE 16
#define STORE_SECRET_LEN 32
#define STORE_REASON_SIZE 512

struct buf;
struct store;

/* Opens or creates the database and brings its schema up to date.  ERR_UNSUPPORTED if a newer program
 * wrote it. */
struct store *store_open(const char *path, struct err *e);
void store_close(struct store *s); /* NULL is fine */
void store_closep(struct store **s);
bool store_writable(struct store *s, struct err *e); /* tries a write and takes it back */

/* The secret of the site that has this name.  The first call keeps 'fresh', which is random, as such. */
int store_secret(struct store *s, const char *name, const uint8_t fresh[STORE_SECRET_LEN],
                 uint8_t out[STORE_SECRET_LEN], struct err *e) MUST_CHECK;

/* ---- institutions ---- */
int store_institution_add(struct store *s, const char *name, const char *title, int64_t *id,
                          struct err *e) MUST_CHECK; /* with a host row "local" of its own */
typedef void store_institution_fn(int64_t inst, const char *name, void *arg);
int store_institution_each(struct store *s, store_institution_fn *fn, void *arg, struct err *e) MUST_CHECK;
int store_institution_name(struct store *s, int64_t inst, char out[NAME_SIZE], struct err *e) MUST_CHECK;
/* Whether its labs may have a way to the internet; a new one's may not. */
int store_institution_internet(struct store *s, int64_t inst, bool *out, struct err *e) MUST_CHECK;
/* ERR_NOT_FOUND if there is no institution 'name'. */
int store_institution_set_internet(struct store *s, const char *name, bool internet,
                                   struct err *e) MUST_CHECK;
int store_host_find(struct store *s, int64_t inst, const char *name, int64_t *id, struct err *e) MUST_CHECK;

/* ---- users ---- */
enum store_role { ROLE_NONE, ROLE_STUDENT, ROLE_INSTRUCTOR, ROLE_ADMIN };
const char *store_role_name(enum store_role r);
enum store_role store_role_from_name(const char *name); /* ROLE_NONE if unknown */

struct store_user {
    int64_t id;
    char login[STORE_LOGIN_SIZE];
    char name[STORE_TEXT_SIZE];
    enum store_role role;
    char pwhash[STORE_PWHASH_SIZE]; /* "" : cannot sign in with a password */
};
/* Adds the account, or replaces name, role and password hash of the one with this login and ends its
 * sessions. */
int store_user_put(struct store *s, int64_t inst, const struct store_user *u, int64_t now, int64_t *id,
                   struct err *e) MUST_CHECK;
int store_user_find(struct store *s, int64_t inst, const char *login, struct store_user *out,
                    struct err *e) MUST_CHECK; /* ERR_NOT_FOUND */

/* ---- sessions ---- */
struct store_session {
    int64_t id;
    int64_t created, used;
    struct store_user user; /* without pwhash */
};
int store_session_add(struct store *s, int64_t inst, int64_t user, const uint8_t hash[STORE_TOKEN_HASH_LEN],
                      int64_t now, int64_t *id, struct err *e) MUST_CHECK;
/* ERR_NOT_FOUND unless created at or after 'created_min' and used at or after 'used_min'. */
int store_session_find(struct store *s, int64_t inst, const uint8_t hash[STORE_TOKEN_HASH_LEN],
                       int64_t created_min, int64_t used_min, struct store_session *out,
                       struct err *e) MUST_CHECK;
int store_session_touch(struct store *s, int64_t inst, int64_t id, int64_t now, struct err *e) MUST_CHECK;
int store_session_del(struct store *s, int64_t inst, int64_t id, struct err *e) MUST_CHECK;
int store_session_expire(struct store *s, int64_t inst, int64_t created_min, int64_t used_min,
                         struct err *e) MUST_CHECK;
int store_session_count(struct store *s, int64_t inst, int64_t created_min, int64_t used_min, int64_t *n,
                        struct err *e) MUST_CHECK;

/* ---- failed sign-ins, for the rate limit ---- */
enum store_signin_kind { SIGNIN_ACCOUNT, SIGNIN_ADDRESS };
/* Counts one more failure of 'key' and gives the number since the window began, which is at most
 * 'window' milliseconds ago; 'since' is its beginning. */
int store_signin_fail(struct store *s, int64_t inst, enum store_signin_kind kind, const char *key,
                      int64_t now, int64_t window, int64_t *count, int64_t *since, struct err *e) MUST_CHECK;
int store_signin_forgive(struct store *s, int64_t inst, enum store_signin_kind kind, const char *key,
                         struct err *e) MUST_CHECK; /* takes one failure back */
int store_signin_forget(struct store *s, int64_t inst, enum store_signin_kind kind, const char *key,
                        struct err *e) MUST_CHECK;

/* ---- labs ---- */
/* STARTING RUNNING FAILED: wanted on the host; SUSPENDING SUSPENDED: wanted there, but asleep; STOPPING: to be
 * removed. */
enum store_lab_state {
    LAB_STARTING,
    LAB_RUNNING,
    LAB_FAILED,
    LAB_STOPPING,
    LAB_SUSPENDING,
    LAB_SUSPENDED,
    LAB_GONE
};
const char *store_lab_state_name(enum store_lab_state st);

struct store_lab {
    char id[LAB_ID_SIZE];
    int64_t host, owner;
    char owner_login[STORE_LOGIN_SIZE], owner_name[STORE_TEXT_SIZE]; /* read only */
    char exercise[NAME_SIZE];                                        /* "" for a raw lab */
    char name[NAME_SIZE];
    char title[STORE_TEXT_SIZE];
    char *topology;     /* XML; owned; "" once the lab is gone */
    char *exercise_xml; /* XML of a raw lab's grading, or NULL; owned */
    char driver[STORE_DRIVER_SIZE];
    struct topo_seed seed; /* of its parameters */
    enum store_lab_state state;
    char error[STORE_ERROR_SIZE];
    int64_t created, ready; /* ready: 0 until then */
};
void store_lab_clear(struct store_lab *l);
/* ERR_CONFLICT if the owner has a lab of this exercise already, or if the id was ever used. */
int store_lab_add(struct store *s, int64_t inst, const struct store_lab *l, struct err *e) MUST_CHECK;
int store_lab_set_state(struct store *s, int64_t inst, const char *id, enum store_lab_state st,
                        const char *error, int64_t ready, struct err *e) MUST_CHECK;
/* Gives the lab another grading. */
int store_lab_mend(struct store *s, int64_t inst, const char *id, const char *exercise_xml,
                   struct err *e) MUST_CHECK;
/* Marks the lab gone and drops its XML and answers; its attempts stay. */
int store_lab_end(struct store *s, int64_t inst, const char *id, struct err *e) MUST_CHECK;
typedef void store_lab_fn(const struct store_lab *l, void *arg); /* 'l' is borrowed for the call */
int store_lab_each(struct store *s, int64_t inst, store_lab_fn *fn, void *arg,
                   struct err *e) MUST_CHECK; /* not gone */

/* ---- attempts ---- */
enum store_attempt_state { ATTEMPT_QUEUED, ATTEMPT_RUNNING, ATTEMPT_DONE, ATTEMPT_ERROR };
const char *store_attempt_state_name(enum store_attempt_state st);

struct store_attempt {
    int64_t id;
    char lab[LAB_ID_SIZE];
    int64_t user;
    char exercise[NAME_SIZE]; /* "" for a raw lab */
    int64_t number;           /* 1, 2, ... of this user and exercise (of this lab, if raw) */
    enum store_attempt_state state;
    int64_t started, finished; /* finished: 0 until then */
    int64_t score, max_score;  /* score: only when DONE */
    char error[STORE_ERROR_SIZE];
    char *report;   /* JSON text or NULL; owned */
    bool spent;     /* counts although it is an ERROR: the student broke it off */
    int64_t counts; /* when reading: 'score' without what lateness costs */
    bool evidence;  /* when reading: it was kept */
    /* When reading: [{score, max_score, by, by_name, until_ms}], what it was before; JSON text; owned. */
    char *former;
};
void store_attempt_clear(struct store_attempt *a);
/* Fills a->id and a->number. */
int store_attempt_add(struct store *s, int64_t inst, struct store_attempt *a, struct err *e) MUST_CHECK;
int store_attempt_running(struct store *s, int64_t inst, int64_t id, struct err *e) MUST_CHECK;
/* Stores state, finished, score, max_score, error, report and spent. */
int store_attempt_finish(struct store *s, int64_t inst, const struct store_attempt *a,
                         struct err *e) MUST_CHECK;
/* Every attempt that is queued or running becomes ERROR "interrupted". */
int store_attempt_interrupt(struct store *s, int64_t inst, int64_t now, struct err *e) MUST_CHECK;
int store_attempt_find(struct store *s, int64_t inst, int64_t id, struct store_attempt *out,
                       struct err *e) MUST_CHECK;
int store_attempt_latest(struct store *s, int64_t inst, const char *lab, struct store_attempt *out,
                         struct err *e) MUST_CHECK; /* ERR_NOT_FOUND if there is none */
typedef void store_attempt_fn(const struct store_attempt *a, void *arg);
int store_attempt_each(struct store *s, int64_t inst, const char *lab, store_attempt_fn *fn, void *arg,
                       struct err *e) MUST_CHECK; /* oldest first */
/* The user's latest 'max' attempts at the exercise, in whatever lab, newest first and without reports. */
int store_attempt_history(struct store *s, int64_t inst, int64_t user, const char *exercise, int64_t max,
                          store_attempt_fn *fn, void *arg, struct err *e) MUST_CHECK;
int store_attempt_count(struct store *s, int64_t inst, enum store_attempt_state st, int64_t *n,
                        struct err *e) MUST_CHECK;

/* How many attempts failed at 'check': those of the user at the exercise (in the lab, if it is raw: "") that were begun
 * before attempt 'before'. */
typedef void store_failures_fn(const char *check, int64_t n, void *arg);
int store_failures_each(struct store *s, int64_t inst, int64_t user, const char *exercise, const char *lab,
                        int64_t before, store_failures_fn *fn, void *arg, struct err *e) MUST_CHECK;

/* ---- answers to questions; store_answer.c ---- */
int store_answer_put(struct store *s, int64_t inst, const char *lab, const char *question, const char *text,
                     struct err *e) MUST_CHECK;
int store_answer_del(struct store *s, int64_t inst, const char *lab, const char *question,
                     struct err *e) MUST_CHECK;
typedef void store_answer_fn(const char *question, const char *text, void *arg);
int store_answer_each(struct store *s, int64_t inst, const char *lab, store_answer_fn *fn, void *arg,
                      struct err *e) MUST_CHECK;
/* The different answers that failed in the user's attempts at the exercise that were begun before attempt 'before'. */
int store_wrong_each(struct store *s, int64_t inst, int64_t user, const char *exercise, int64_t before,
                     store_answer_fn *fn, void *arg, struct err *e) MUST_CHECK;

/* What the labs of the exercise drew from that others than 'user' have or had; at most 'max'. */
typedef void store_seed_fn(const char *login, const struct topo_seed *seed, void *arg);
int store_seeds_each(struct store *s, int64_t inst, const char *exercise, int64_t user, int64_t max,
                     store_seed_fn *fn, void *arg, struct err *e) MUST_CHECK;

/* ---- evidence, and judging again by it ---- */
int store_evidence_add(struct store *s, int64_t inst, int64_t attempt, const void *packed, size_t n,
                       struct err *e) MUST_CHECK;
/* Appends it to 'out'.  ERR_NOT_FOUND if there is none. */
int store_evidence_find(struct store *s, int64_t inst, int64_t attempt, struct buf *out,
                        struct err *e) MUST_CHECK;
/* Attempts at the exercise that have a score. */
int store_regrade_count(struct store *s, int64_t inst, const char *exercise, int64_t *n,
                        struct err *e) MUST_CHECK;
/* The first of them after attempt 'after', the login of its user, and what its lab drew from.  ERR_NOT_FOUND after the
 * last. */
int store_regrade_next(struct store *s, int64_t inst, const char *exercise, int64_t after,
                       struct store_attempt *out, char login[STORE_LOGIN_SIZE], struct topo_seed *seed,
                       struct err *e) MUST_CHECK;
/* Gives attempt a->id the score, max_score and report of 'a', and keeps what they were.  ERR_NOT_FOUND if it has none. */
int store_regrade_add(struct store *s, int64_t inst, const struct store_attempt *a, int64_t author,
                      int64_t made, struct err *e) MUST_CHECK;

/* Attempts of one user at one exercise. */
struct store_score {
    int64_t attempts; /* those that count: an error costs nothing */
    bool scored;      /* there are points: 'best' and 'last' hold them */
    int64_t best, last;
    int64_t best_counts, last_counts; /* the same without what lateness costs */
    int64_t max;                      /* points to be had */
    int64_t began;                    /* when the latest one did; 0: none */
    int64_t ended;                    /* when the latest that counts did; 0: none */
    bool overridden;
    int64_t override; /* what an instructor set instead, if 'overridden' */
};
int store_score_find(struct store *s, int64_t inst, int64_t user, const char *exercise,
                     struct store_score *out, struct err *e) MUST_CHECK; /* zero if there are none */

/* Attempts that begin after 'due' lose 'percent' of their score for each day that has begun since; 100: all of it. */
struct store_deadline {
    int64_t due;
    int64_t percent;
};
int store_deadline_put(struct store *s, int64_t inst, const char *exercise, const struct store_deadline *d,
                       struct err *e) MUST_CHECK;
int store_deadline_del(struct store *s, int64_t inst, const char *exercise, struct err *e) MUST_CHECK;
int store_deadline_find(struct store *s, int64_t inst, const char *exercise, struct store_deadline *out,
                        struct err *e) MUST_CHECK; /* ERR_NOT_FOUND if there is none */

/* A score that an instructor gave, or took back.  Rows are only added. */
struct store_override {
    bool set;
    int64_t score; /* if 'set'; else the attempts' score counts again */
    char reason[STORE_REASON_SIZE];
    int64_t author;                                                    /* when adding */
    char author_login[STORE_LOGIN_SIZE], author_name[STORE_TEXT_SIZE]; /* when reading */
    int64_t made;
};
int store_override_add(struct store *s, int64_t inst, int64_t user, const char *exercise,
                       const struct store_override *o, struct err *e) MUST_CHECK;
typedef void store_override_fn(const struct store_override *o, void *arg);
int store_override_each(struct store *s, int64_t inst, int64_t user, const char *exercise, int64_t max,
                        store_override_fn *fn, void *arg, struct err *e) MUST_CHECK; /* newest first */

/* One row per user and exercise that has a lab, attempts or an override. */
struct store_overview {
    char login[STORE_LOGIN_SIZE], name[STORE_TEXT_SIZE], exercise[NAME_SIZE];
    char lab[LAB_ID_SIZE]; /* "" if none */
    struct store_score score;
};
typedef void store_overview_fn(const struct store_overview *o, void *arg);
int store_overview_each(struct store *s, int64_t inst, store_overview_fn *fn, void *arg,
                        struct err *e) MUST_CHECK;

#endif
