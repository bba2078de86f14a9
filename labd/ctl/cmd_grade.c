/* labctl grade: the report on a lab as it stands. */
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_report.h"
#include "labd/ctl/ctl_text.h"

int cmd_grade(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];
    json_t *attempt = NULL;

    if (ctl_lab_find(c, c->args[0], id, e) < 0 || ctl_lab_grade(c, id, &attempt, e) < 0)
        return -1;
    const json_t *report = json_object_get(attempt, "report");
    long long score = (long long)text_int(report, "score"), most = (long long)text_int(report, "max_score");
    if (c->flag[FLAG_JSON] != NULL) {
        text_json(c->out, report);
    } else {
        report_print(c->out, "", report, false);
        fprintf(c->out, "score: %lld of %lld\n", score, most);
    }
    json_decref(attempt);
    return score >= most ? 0 : 1;
}
