/* The command line: finds the row of the table, then sorts what follows into flags and words.  Flags
 * may stand before or after words; "--" ends them. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "topology/topo_value.h"

#include <string.h>

#define EVERYWHERE FLAG_BIT(FLAG_HELP)
#define DAEMON_FLAGS (FLAG_BIT(FLAG_SOCKET) | FLAG_BIT(FLAG_SERVER) | FLAG_BIT(FLAG_TOKEN))

static int wrong(const struct ctl *c, const char *what, const char *which)
{
    if (which != NULL)
        ctl_say(c, "%s '%s'", what, which);
    else
        ctl_say(c, "%s", what);
    if (c->cmd != NULL) {
        AUTO(buf_clear) struct buf usage = BUF_INIT;

        ctl_help_usage(c->cmd, &usage);
        ctl_say(c, "usage: %s", buf_str(&usage));
    } else {
        ctl_say(c, "'labctl help' lists the commands");
    }
    return CTL_USAGE;
}

/* The flag that 'word' (without its value) names, or FLAG_COUNT. */
static enum ctl_flag flag_find(const char *word, size_t n)
{
    for (int i = 0; i < FLAG_COUNT; i++) {
        const struct ctl_flag_row *f = &ctl_flags[i];

        if (n == 2 && word[1] == f->letter && f->letter != 0)
            return (enum ctl_flag)i;
        if (n > 2 && strlen(f->name) == n - 2 && strncmp(word + 2, f->name, n - 2) == 0 && word[1] == '-')
            return (enum ctl_flag)i;
    }
    return FLAG_COUNT;
}

static unsigned allowed(const struct ctl_cmd *cmd)
{
    return cmd->flags | EVERYWHERE | ((cmd->traits & CTL_DAEMON) != 0 ? DAEMON_FLAGS : 0);
}

/* Takes the flag at argv[*i], one of those in 'may', and its value, which may be the next word. */
static int take_flag(struct ctl *c, unsigned may, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    bool longer = word[1] == '-';
    const char *equals = longer ? strchr(word, '=') : NULL;
    size_t n = equals != NULL ? (size_t)(equals - word) : longer ? strlen(word) : 2;
    enum ctl_flag f = flag_find(word, n);
    if (f == FLAG_COUNT || (may & FLAG_BIT(f)) == 0)
        return wrong(c, "unknown option", word);
    const char *value = equals != NULL ? equals + 1 : !longer && word[2] != '\0' ? word + 2 : NULL;

    if (ctl_flags[f].arg == NULL) {
        if (value != NULL)
            return wrong(c, "this option takes no value:", word);
        c->flag[f] = "";
        return 0;
    }
    if (ctl_flags[f].arg[0] == '[') {
        const char *next = *i + 1 < argc ? argv[*i + 1] : "";
        bool number = value == NULL && next[0] != '\0' && next[strspn(next, "0123456789")] == '\0';
        c->flag[f] = number ? argv[++*i] : value != NULL ? value : "";
        return 0;
    }
    if (value == NULL && *i + 1 >= argc)
        return wrong(c, "this option needs a value:", word);
    c->flag[f] = value != NULL ? value : argv[++*i];
    return 0;
}

/* Finds the command that begins at argv[at], of two words or one.  Returns the words used, 0 if none. */
static int find_cmd(struct ctl *c, int argc, char **argv, int at)
{
    if (at + 1 < argc) {
        AUTO(mem_freep) char *two = xasprintf("%s %s", argv[at], argv[at + 1]);

        c->cmd = ctl_find(two);
        if (c->cmd != NULL)
            return 2;
    }
    if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)
        c->cmd = ctl_find("help");
    else if (strcmp(argv[at], "--version") == 0)
        c->cmd = ctl_find("version");
    else
        c->cmd = ctl_find(argv[at]);
    return c->cmd != NULL ? 1 : 0;
}

/* Which labd to talk to may stand before the command, too.  '*at' moves to the command. */
static int parse_head(struct ctl *c, int argc, char **argv, int *at)
{
    const char *first = argc > 1 ? argv[1] : NULL;
    int used = 0;

    for (*at = 1; *at < argc && used == 0; ++*at) {
        used = find_cmd(c, argc, argv, *at);
        if (used > 0)
            break;
        if (argv[*at][0] != '-')
            return wrong(c, "there is no command", argv[*at]);
        int status = take_flag(c, DAEMON_FLAGS, argc, argv, at);
        if (status != 0)
            return status;
    }
    if (used == 0)
        return wrong(c, "a command is missing", NULL);
    if (*at > 1 && (c->cmd->traits & CTL_DAEMON) == 0)
        return wrong(c, "this command talks to no labd; it has no option", first);
    *at += used;
    return 0;
}

static int parse_rest(struct ctl *c, int argc, char **argv, int at)
{
    bool verbatim = false;

    for (int i = at; i < argc; i++) {
        if ((c->cmd->traits & CTL_VERBATIM) != 0 && c->nargs == c->cmd->min - 1)
            verbatim = verbatim || argv[i][0] != '-';
        if (!verbatim && strcmp(argv[i], "--") == 0) {
            verbatim = true;
        } else if (!verbatim && argv[i][0] == '-' && argv[i][1] != '\0') {
            int status = take_flag(c, allowed(c->cmd), argc, argv, &i);
            if (status != 0)
                return status;
        } else {
            c->args[c->nargs++] = argv[i];
        }
    }
    return 0;
}

int ctl_args_parse(struct ctl *c, int argc, char **argv)
{
    int at, status = parse_head(c, argc, argv, &at);

    if (status != 0)
        return status;
    c->args = xcalloc((size_t)argc, sizeof *c->args);
    status = parse_rest(c, argc, argv, at);
    if (status != 0 || c->flag[FLAG_HELP] != NULL)
        return status;
    if (c->nargs < c->cmd->min)
        return wrong(c, "too few words after", c->cmd->name);
    if (c->cmd->max >= 0 && c->nargs > c->cmd->max)
        return wrong(c, "one word too many:", c->args[c->cmd->max]);
    return 0;
}

int ctl_seed(const struct ctl *c, uint32_t *n)
{
    if (c->flag[FLAG_SEED] == NULL || value_uint(c->flag[FLAG_SEED], n))
        return 0;
    ctl_say(c, "--seed takes a number from 0 to 4294967295");
    return CTL_USAGE;
}
