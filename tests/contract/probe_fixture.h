/* What the contract tests of labprobe share: a real network of namespaces, two LANs and a router.  Needs root;
 * runs beside any other instance and leaves nothing.
 *
 *   refa, h1 - [br1] - r1 - [br2] - h2, refb      (br1, br2 and the host-side devices in namespace w) */
#ifndef TESTS_CONTRACT_PROBE_FIXTURE_H
#define TESTS_CONTRACT_PROBE_FIXTURE_H

/* cmocka.h needs these four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "grading/grading_parts.h"

#include <sys/types.h>

enum { W, REFA, REFB, H1, H2, R1, SPACES };

/* ---- of the group ---- */
int space_setup(void **state);
int space_teardown(void **state);

const char *space(int i); /* the name of a namespace */
/* Runs shell text with $w, $r1 .. naming the namespaces and the function n NAMESPACE CMD... */
int shell(const char *text);
/* A child in a namespace, which says on descriptor 9 when it is ready; it dies with us. */
pid_t child_in(int where, void (*fn)(uint16_t), uint16_t port);

/* The references refa and refb and all ports, resolved. */
struct probe_spec *spec_new(void);
/* As labhost does it; labprobe runs where the host-side devices are. */
struct probe_result *probe_run(const struct probe_spec *s);

/* ---- whole checks: from the exercise's text to the verdict ---- */
struct check_row {
    const char *name, *set, *unset; /* shell */
    const char *check;              /* the rest of the element, from refa */
    enum grading_status status;
    const char *observed;
};
void test_check(void **state); /* a struct check_row */
int check_unset(void **state);

#endif
