/* labctl grade: the report on a lab as it stands.  labctl scores: those of a class. */
#include "grading/report_format.h"
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_report.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>

int cmd_grade(struct ctl *c, struct err *e)
{
    const char *name = c->flag[FLAG_JSON] != NULL ? "json" : c->flag[FLAG_FORMAT];
    const struct report_format *format = name != NULL ? report_format_find(name) : NULL;
    char id[LAB_ID_SIZE];
    json_t *attempt = NULL;

    if (name != NULL && format == NULL) {
        ctl_say(c, "there is no format '%s': use json, junit or gradescope", name);
        return CTL_USAGE;
    }
    if (ctl_lab_find(c, c->args[0], id, e) < 0 || ctl_lab_grade(c, id, &attempt, e) < 0)
        return -1;
    const json_t *report = json_object_get(attempt, "report");
    long long score = (long long)text_int(report, "score"), most = (long long)text_int(report, "max_score");
    if (format != NULL) {
        AUTO(buf_clear) struct buf out = BUF_INIT;

        format->write(report, &out);
        fputs(buf_str(&out), c->out);
    } else {
        AUTO(mem_freep) char *values = xasprintf("values of seed %s", text_str(report, "seed_id"));

        report_print(c->out, "", report, false);
        if (json_object_get(report, "seed_id") != NULL)
            text_lines(c->out, "", values);
        fprintf(c->out, "score: %lld of %lld\n", score, most);
    }
    json_decref(attempt);
    return score >= most ? 0 : 1;
}

int cmd_scores(struct ctl *c, struct err *e)
{
    const char *exercise = c->nargs > 0 ? c->args[0] : NULL, *path = c->flag[FLAG_OUTPUT];
    AUTO(buf_clear) struct buf csv = BUF_INIT;

    if (exercise != NULL && name_check(exercise, "exercise", e) < 0)
        return -1;
    AUTO(mem_freep)
    char *from =
        exercise != NULL ? xasprintf("/api/v1/scores?exercise=%s", exercise) : xstrdup("/api/v1/scores");
    if (ctl_http_text(c->http, from, &csv, e) < 0)
        return -1;
    if (path != NULL && strcmp(path, "-") != 0)
        return file_write_atomic(path, buf_str(&csv), csv.len, 0600, e);
    fputs(buf_str(&csv), c->out);
    return 0;
}
