/* Help, the man page's generated part and bash completion, from the tables in ctl_table.c. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "labd/ctl/ctl.h"
#include "labd/ctl/ctl_text.h"

#include <string.h>

#define SHOWN_EVERYWHERE (FLAG_BIT(FLAG_HELP))
#define DAEMON_FLAGS (FLAG_BIT(FLAG_SOCKET) | FLAG_BIT(FLAG_SERVER) | FLAG_BIT(FLAG_TOKEN))

static bool has_flag(unsigned flags, int f)
{
    return (flags & FLAG_BIT(f)) != 0 && ctl_flags[f].help != NULL;
}

/* "-o FILE" or "--json": the form in a usage line. */
static void short_flag(int f, struct buf *out)
{
    const struct ctl_flag_row *row = &ctl_flags[f];

    if (row->letter != 0)
        buf_printf(out, "-%c", row->letter);
    else
        buf_printf(out, "--%s", row->name);
    if (row->arg != NULL)
        buf_printf(out, " %s", row->arg);
}

void ctl_help_usage(const struct ctl_cmd *cmd, struct buf *out)
{
    buf_printf(out, "labctl %s", cmd->name);
    for (int f = 0; f < FLAG_COUNT; f++) {
        if (!has_flag(cmd->flags, f))
            continue;
        buf_puts(out, " [");
        short_flag(f, out);
        buf_putc(out, ']');
    }
    if (cmd->usage[0] != '\0')
        buf_printf(out, " %s", cmd->usage);
}

static void flag_lines(unsigned flags, struct buf *out)
{
    for (int f = 0; f < FLAG_COUNT; f++) {
        const struct ctl_flag_row *row = &ctl_flags[f];
        AUTO(buf_clear) struct buf left = BUF_INIT;

        if (!has_flag(flags, f))
            continue;
        if (row->letter != 0)
            buf_printf(&left, "-%c, ", row->letter);
        buf_printf(&left, "--%s%s%s", row->name, row->arg != NULL ? " " : "",
                   row->arg != NULL ? row->arg : "");
        buf_printf(out, "  %-20s %s\n", buf_str(&left), row->help);
    }
}

void ctl_help_all(struct buf *out)
{
    buf_puts(out, "labctl - virtual network labs\n\n");
    for (const struct ctl_cmd *cmd = ctl_table; cmd->name != NULL; cmd++) {
        AUTO(mem_freep) char *left = xasprintf("%s %s", cmd->name, cmd->usage);
        /* A long usage is told by "labctl help COMMAND"; here it would push the columns apart. */
        buf_printf(out, "  %-34s %s\n", strlen(left) <= 34 ? left : cmd->name, cmd->help);
    }
    buf_puts(out, "\n'labctl help COMMAND' explains one. Where commands talk to labd:\n");
    flag_lines(DAEMON_FLAGS, out);
    buf_puts(
        out,
        "\nExit status: 0 done; 1 false or failed; 2 wrong usage; 3 labd cannot be reached; 4 not allowed;\n"
        "5 no capacity.\n");
}

/* scdoc to plain text: *bold* and _underlined_ lose their marks, as do escapes. */
static void plain(const char *s, struct buf *out)
{
    for (; *s != '\0'; s++) {
        if (*s == '\\' && s[1] != '\0')
            buf_putc(out, *++s);
        else if (*s != '*' && *s != '_')
            buf_putc(out, *s);
    }
}

void ctl_help_cmd(const struct ctl_cmd *cmd, struct buf *out)
{
    unsigned flags = cmd->flags | SHOWN_EVERYWHERE | ((cmd->traits & CTL_DAEMON) != 0 ? DAEMON_FLAGS : 0);

    ctl_help_usage(cmd, out);
    buf_puts(out, "\n\n");
    plain(cmd->text, out);
    buf_puts(out, "\n\n");
    flag_lines(flags, out);
}

void ctl_help_list(struct buf *out)
{
    for (const struct ctl_cmd *cmd = ctl_table; cmd->name != NULL; cmd++)
        buf_printf(out, "%s\n", cmd->name);
}

/* ---- the man page ---- */

/* Escapes what scdoc takes for markup. */
static void scdoc(const char *s, struct buf *out)
{
    for (; *s != '\0'; s++) {
        if (strchr("_*\\#.[]|<>-~`", *s) != NULL)
            buf_putc(out, '\\');
        buf_putc(out, *s);
    }
}

static void man_flag(int f, struct buf *out)
{
    const struct ctl_flag_row *row = &ctl_flags[f];

    if (row->letter != 0)
        buf_printf(out, "*-%c*, ", row->letter);
    buf_printf(out, "*--%s*", row->name);
    if (row->arg != NULL)
        buf_printf(out, " _%s_", row->arg);
    buf_puts(out, "\n\t");
    scdoc(row->help, out);
    buf_puts(out, "\n\n");
}

static void man_paragraph(const char *text, struct buf *out)
{
    for (const char *line = text; *line != '\0';) {
        size_t n = strcspn(line, "\n");

        buf_putc(out, '\t');
        buf_add(out, line, n);
        buf_putc(out, '\n');
        line += n + (line[n] == '\n');
    }
}

void ctl_help_man(struct buf *out)
{
    buf_puts(out, "# COMMANDS\n\n");
    for (const struct ctl_cmd *cmd = ctl_table; cmd->name != NULL; cmd++) {
        buf_printf(out, "*%s*", cmd->name);
        for (int f = 0; f < FLAG_COUNT; f++) {
            if (!has_flag(cmd->flags, f))
                continue;
            AUTO(buf_clear) struct buf flag = BUF_INIT;

            short_flag(f, &flag);
            buf_puts(out, " \\[");
            scdoc(buf_str(&flag), out);
            buf_puts(out, "\\]");
        }
        if (cmd->usage[0] != '\0') {
            buf_putc(out, ' ');
            scdoc(cmd->usage, out);
        }
        buf_putc(out, '\n');
        man_paragraph(cmd->text, out);
        buf_putc(out, '\n');
    }
    buf_puts(out, "# OPTIONS\n\n");
    for (int f = 0; f < FLAG_COUNT; f++)
        if (ctl_flags[f].help != NULL)
            man_flag(f, out);
}

/* ---- bash completion ---- */

static void completion_case(const struct ctl_cmd *cmd, struct buf *out)
{
    unsigned flags = cmd->flags | SHOWN_EVERYWHERE | ((cmd->traits & CTL_DAEMON) != 0 ? DAEMON_FLAGS : 0);

    buf_printf(out, "    '%s') words='%s' flags='", cmd->name, cmd->complete);
    for (int f = 0; f < FLAG_COUNT; f++)
        if (has_flag(flags, f))
            buf_printf(out, "--%s ", ctl_flags[f].name);
    buf_puts(out, "' ;;\n");
}

void ctl_help_completion(struct buf *out)
{
    buf_puts(
        out,
        "# Bash completion for labctl, made by 'labctl help --completion'.\n"
        "_labctl() {\n"
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    local cmd=${COMP_WORDS[1]} first=2 words flags kind n i\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W \"$(labctl help --list | cut -d' ' -f1 | sort -u)\" -- \"$cur\")\n"
        "        return\n"
        "    fi\n"
        "    if [ \"$cmd\" = exercise ]; then\n"
        "        [ \"$COMP_CWORD\" -eq 2 ] && { mapfile -t COMPREPLY < <(compgen -W 'new test' -- \"$cur\"); return; }\n"
        "        cmd=\"exercise ${COMP_WORDS[2]}\" first=3\n"
        "    fi\n"
        "    case $cmd in\n");
    for (const struct ctl_cmd *cmd = ctl_table; cmd->name != NULL; cmd++)
        completion_case(cmd, out);
    buf_puts(
        out,
        "    *) return ;;\n"
        "    esac\n"
        "    case $prev in\n"
        "    --driver) mapfile -t COMPREPLY < <(compgen -W 'container fake' -- \"$cur\"); return ;;\n"
        "    --format) mapfile -t COMPREPLY < <(compgen -W 'json junit gradescope' -- \"$cur\"); return ;;\n"
        "    --socket | --output | --write | -o | -w) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); return ;;\n"
        "    --server | --token | --name | --runs | --seed | --jobs | -j) return ;;\n"
        "    esac\n"
        "    if [ \"${cur#-}\" != \"$cur\" ]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W \"$flags\" -- \"$cur\")\n"
        "        return\n"
        "    fi\n"
        "    n=0\n"
        "    for ((i = first; i < COMP_CWORD; i++)); do\n"
        "        [ \"${COMP_WORDS[i]#-}\" = \"${COMP_WORDS[i]}\" ] && n=$((n + 1))\n"
        "    done\n"
        "    read -ra kinds <<<\"$words\"\n"
        "    [ \"$n\" -ge \"${#kinds[@]}\" ] && n=$((${#kinds[@]} - 1))\n"
        "    case ${kinds[n]} in\n"
        "    file) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
        "    dir) mapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
        "    exercise) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
        "    lab) mapfile -t COMPREPLY < <(compgen -W \"$(labctl list 2>/dev/null | awk '$1 ~ /^[a-z][a-z0-9-]*$/ { print $1 }')\" -- \"$cur\") ;;\n"
        "    node) mapfile -t COMPREPLY < <(compgen -W \"$(labctl status \"${COMP_WORDS[first]}\" 2>/dev/null |\n"
        "        awk '$1 == \"NODE\" { on = 1; next } NF == 0 { on = 0 } on && $1 ~ /^[a-z][a-z0-9-]*$/ { print $1 }')\" -- \"$cur\") ;;\n"
        "    format) mapfile -t COMPREPLY < <(compgen -W 'graphml kathara containerlab vnx' -- \"$cur\") ;;\n"
        "    export-format) mapfile -t COMPREPLY < <(compgen -W 'containerlab dot graphml' -- \"$cur\") ;;\n"
        "    command) mapfile -t COMPREPLY < <(compgen -W \"$(labctl help --list | cut -d' ' -f1 | sort -u)\" -- \"$cur\") ;;\n"
        "    esac\n"
        "}\n"
        "complete -o filenames -F _labctl labctl\n");
}
