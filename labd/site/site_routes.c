/* The HTTP API, one line per route.  openapi.json describes each; test_site_routes.c holds the two
 * against each other. */
#include "labd/site/answers.h"
#include "labd/site/attempts.h"
#include "labd/site/deadlines.h"
#include "labd/site/exercises.h"
#include "labd/site/grades.h"
#include "labd/site/labs.h"
#include "labd/site/regrade.h"
#include "labd/site/report.h"
#include "labd/site/session.h"
#include "labd/site/stream.h"
#include "labd/site/watch.h"

#define V1 "/api/v1"
#define SMALL 4096u
#define XML (6u << 20) /* a topology and an exercise, escaped as JSON */

const struct http_route site_routes[] = {
    {"POST", V1 "/session", HTTP_LEVEL_PUBLIC, SMALL, session_signin},
    {"GET", V1 "/session", ROLE_STUDENT, 0, session_get},
    {"DELETE", V1 "/session", ROLE_STUDENT, SMALL, session_signout},
    {"GET", V1 "/exercises", ROLE_STUDENT, 0, exercises_list},
    {"GET", V1 "/exercises/{id}", ROLE_STUDENT, 0, exercises_get},
    {"PUT", V1 "/exercises/{id}/deadline", ROLE_INSTRUCTOR, SMALL, deadline_put},
    {"DELETE", V1 "/exercises/{id}/deadline", ROLE_INSTRUCTOR, SMALL, deadline_delete},
    {"POST", V1 "/exercises/{id}/regrade", ROLE_INSTRUCTOR, SMALL, regrade_post},
    {"GET", V1 "/exercises/{id}/regrade", ROLE_INSTRUCTOR, 0, regrade_get},
    {"GET", V1 "/exercises/{id}/students/{login}", ROLE_STUDENT, 0, grade_get},
    {"PUT", V1 "/exercises/{id}/students/{login}/score", ROLE_INSTRUCTOR, SMALL, grade_override},
    {"GET", V1 "/labs", ROLE_STUDENT, 0, lab_list},
    {"POST", V1 "/labs", ROLE_STUDENT, XML, lab_post},
    {"GET", V1 "/labs/{id}", ROLE_STUDENT, 0, lab_get},
    {"DELETE", V1 "/labs/{id}", ROLE_STUDENT, SMALL, lab_delete},
    {"POST", V1 "/labs/{id}/reset", ROLE_STUDENT, SMALL, lab_reset},
    {"POST", V1 "/labs/{id}/suspend", ROLE_STUDENT, SMALL, lab_suspend},
    {"POST", V1 "/labs/{id}/resume", ROLE_STUDENT, SMALL, lab_resume},
    {"POST", V1 "/labs/{id}/start", ROLE_STUDENT, SMALL, lab_start},
    {"POST", V1 "/labs/{id}/nodes/{node}/start", ROLE_STUDENT, SMALL, lab_start_node},
    {"PATCH", V1 "/labs/{id}/links/{link}", ROLE_INSTRUCTOR, SMALL, lab_patch_link},
    {"PUT", V1 "/labs/{id}/answers/{check}", ROLE_STUDENT, SMALL, answer_put},
    {"GET", V1 "/labs/{id}/events", ROLE_STUDENT, 0, watch_lab},
    {"WS", V1 "/labs/{id}/nodes/{node}/console", ROLE_STUDENT, 0, stream_console},
    {"WS", V1 "/labs/{id}/nodes/{node}/exec", ROLE_STUDENT, 0, stream_exec},
    {"WS", V1 "/labs/{id}/capture", ROLE_STUDENT, 0, stream_capture},
    {"POST", V1 "/labs/{id}/attempts", ROLE_STUDENT, SMALL, attempt_post},
    {"GET", V1 "/labs/{id}/attempts", ROLE_STUDENT, 0, attempt_list},
    {"GET", V1 "/attempts/{id}", ROLE_STUDENT, 0, attempt_get},
    {"GET", V1 "/attempts/{id}/checks/{check}/evidence", ROLE_INSTRUCTOR, 0, evidence_get},
    {"GET", V1 "/attempts/{id}/checks/{check}/packets", ROLE_INSTRUCTOR, 0, evidence_get_packets},
    {"GET", V1 "/overview", ROLE_INSTRUCTOR, 0, report_overview},
    {"GET", V1 "/scores", ROLE_INSTRUCTOR, 0, report_scores},
    {"GET", V1 "/host", ROLE_INSTRUCTOR, 0, report_host},
    {"GET", "/healthz", HTTP_LEVEL_PUBLIC, 0, report_health},
    {"GET", "/metrics", HTTP_LEVEL_PUBLIC, 0, report_metrics},
    {NULL, NULL, 0, 0, NULL},
};
