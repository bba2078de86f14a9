/* labctl help, labctl version. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"

int cmd_help(struct ctl *c, struct err *e)
{
    AUTO(buf_clear) struct buf out = BUF_INIT;

    if (c->flag[FLAG_LIST] != NULL) {
        ctl_help_list(&out);
    } else if (c->flag[FLAG_MAN] != NULL) {
        ctl_help_man(&out);
    } else if (c->flag[FLAG_COMPLETION] != NULL) {
        ctl_help_completion(&out);
    } else if (c->nargs == 0) {
        ctl_help_all(&out);
    } else {
        AUTO(mem_freep)
        char *name = c->nargs == 2 ? xasprintf("%s %s", c->args[0], c->args[1]) : xstrdup(c->args[0]);
        const struct ctl_cmd *cmd = ctl_find(name);

        if (cmd == NULL)
            return err_set(e, ERR_INVALID, "there is no command '%s': labctl help lists them", name);
        ctl_help_cmd(cmd, &out);
    }
    fputs(buf_str(&out), c->out);
    return 0;
}

int cmd_version(struct ctl *c, struct err *e)
{
    (void)e;
    fprintf(c->out, "labctl %s\n", PARALAB_VERSION);
    return 0;
}
