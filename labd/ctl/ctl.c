/* From the command line to a handler and from its error to an exit status. */
#include "labd/ctl/ctl.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl_http.h"
#include "labd/ctl/ctl_text.h"

#include <stdarg.h>
#include <string.h>

const struct ctl_cmd *ctl_find(const char *name)
{
    for (const struct ctl_cmd *cmd = ctl_table; cmd->name != NULL; cmd++)
        if (strcmp(cmd->name, name) == 0)
            return cmd;
    return NULL;
}

void ctl_say(const struct ctl *c, const char *fmt, ...)
{
    AUTO(mem_freep) char *text = NULL, *safe = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = xvasprintf(fmt, ap);
    va_end(ap);
    safe = text_safe(text, strlen(text));
    fprintf(c->err, "labctl: %s\n", safe);
}

/* The flag, or the environment's value for it, or NULL. */
static const char *setting(const struct ctl *c, enum ctl_flag f, const char *variable)
{
    const char *value = c->flag[f] != NULL ? c->flag[f] : getenv(variable);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static int run(struct ctl *c, struct err *e)
{
    if ((c->cmd->traits & CTL_DAEMON) != 0) {
        const struct ctl_http_config config = {
            .socket = setting(c, FLAG_SOCKET, "LABCTL_SOCKET"),
            /* A flag for one place beats the environment for the other. */
            .server = c->flag[FLAG_SOCKET] != NULL ? c->flag[FLAG_SERVER]
                                                   : setting(c, FLAG_SERVER, "LABCTL_SERVER"),
            .token = setting(c, FLAG_TOKEN, "LABCTL_TOKEN"),
        };

        c->http = ctl_http_new(&config, e);
        if (c->http == NULL)
            return -1;
    }
    return c->cmd->run(c, e);
}

int ctl_main(int argc, char **argv, FILE *out, FILE *err)
{
    struct ctl c = {.out = out, .err = err};
    struct err e = {0};

    int status = ctl_args_parse(&c, argc, argv);
    if (status == 0 && c.flag[FLAG_HELP] != NULL) {
        AUTO(buf_clear) struct buf text = BUF_INIT;

        ctl_help_cmd(c.cmd, &text);
        fputs(buf_str(&text), out);
    } else if (status == 0) {
        status = run(&c, &e);
        if (status < 0) {
            ctl_say(&c, "%s", e.msg);
            status = err_exit_status(e.code);
        }
    }
    ctl_http_free(c.http);
    free(c.args);
    if ((fflush(out) == EOF || ferror(out)) && status == 0) {
        ctl_say(&c, "cannot write the output");
        status = 1;
    }
    return status;
}
