/* What the contract tests of the guest drivers share: a small lab in folders of its own. */
#ifndef TESTS_CONTRACT_GUEST_FIXTURE_H
#define TESTS_CONTRACT_GUEST_FIXTURE_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "labd/base/buf.h"
#include "labd/base/proc.h"
#include "labd/host/guest/guest.h"

#include <stdbool.h>

#define FIXTURE_NODES 3

struct seen {
    unsigned reports;
    struct err why; /* code ERR_NONE: success */
    struct buf output;
};

struct fixture {
    const struct guest_ops *ops;
    char dir[64], state_dir[80], run_dir[80], image_dir[256], program_dir[256];
    struct guest_host host;
    struct plan plan;
    struct plan_node nodes[FIXTURE_NODES];
    struct guest_lab lab;
    struct seen seen[FIXTURE_NODES];
    size_t all[FIXTURE_NODES]; /* 0, 1, 2 */
};

/* cmocka setup and teardown; '*state' points to the guest_ops under test and becomes the fixture.  The
 * teardown purges the lab and fails if the driver left anything on the machine. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Fails the test with the error's text unless rc is 0. */
#define assert_ok(rc, e) fixture_assert_ok((rc), (e), #rc, __FILE__, __LINE__)
void fixture_assert_ok(int rc, const struct err *e, const char *what, const char *file, int line);

void fixture_create(struct fixture *f); /* all nodes, successfully */
void fixture_boot(struct fixture *f);   /* and waits; outcomes are in f->seen */
void fixture_forget(struct fixture *f); /* clears f->seen */
void fixture_report(size_t node, const struct err *e, const char *output, size_t n, void *arg);
enum guest_state fixture_state(struct fixture *f, size_t node);
pid_t fixture_pid(struct fixture *f, size_t node);

/* Runs "sh -c 'script'" in the node with 'input'; returns its status, '*out' (or NULL) gets stdout and stderr. */
int fixture_sh(struct fixture *f, size_t node, const char *script, const char *input, struct buf *out);
/* The same, and fails the test unless it prints exactly 'want' and ends with 0. */
void fixture_expect(struct fixture *f, size_t node, const char *script, const char *want);
/* Reads from a terminal until 'want' appears; false after 8 seconds or at its end. */
bool fixture_read_until(int fd, const char *want, struct buf *got);

#endif
