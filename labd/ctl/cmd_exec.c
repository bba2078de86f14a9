/* labctl exec: a command in a node, with our own input and output. */
#include "labd/base/name.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_lab.h"
#include "labd/ctl/ctl_stream.h"

#include <unistd.h>

/* The bytes are the command's own and go out as they are, at once. */
static void output(bool error, const uint8_t *data, size_t n, void *arg)
{
    struct ctl *c = arg;
    FILE *f = error ? c->err : c->out;

    fwrite(data, 1, n, f);
    fflush(f);
}

int cmd_exec(struct ctl *c, struct err *e)
{
    char id[LAB_ID_SIZE];
    struct ctl_exec x = {
        .lab = id,
        .node = c->args[1],
        .argv = json_array(),
        .in = c->flag[FLAG_NO_STDIN] != NULL ? -1 : STDIN_FILENO,
        .output = output,
        .arg = c,
    };
    int status = 0, rc = 0;

    for (int i = 2; i < c->nargs && rc == 0; i++)
        if (json_array_append_new(x.argv, json_string(c->args[i])) < 0)
            rc = err_set(e, ERR_INVALID, "word %d of the command is not valid UTF-8", i - 1);
    if (rc == 0 && (name_check(x.node, "node", e) < 0 || ctl_lab_find(c, c->args[0], id, e) < 0 ||
                    ctl_exec(c->http, &x, &status, e) < 0))
        rc = -1;
    json_decref(x.argv);
    return rc < 0 ? -1 : status;
}
