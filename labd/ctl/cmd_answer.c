/* labctl answer: says something to a question of a lab. */
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_lab.h"

int ctl_lab_answer(struct ctl *c, const char *id, const char *check, const char *text, struct err *e)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/answers/%s", id, check);
    json_t *said = text != NULL ? json_string(text) : json_null();

    if (said == NULL)
        return err_set(e, ERR_INVALID, "the answer is not in UTF-8");
    return ctl_http(c->http, "PUT", path, json_pack("{s:o}", "answer", said), NULL, e);
}

int cmd_answer(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];

    if (name_check(c->args[1], "question", e) < 0 || ctl_lab_find(c, c->args[0], id, e) < 0)
        return -1;
    return ctl_lab_answer(c, id, c->args[1], c->args[2], e);
}
