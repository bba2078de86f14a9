/* labctl: one invocation and the table of its commands.  Used by labd/ctl only.
 *
 *   labctl_main.c -> ctl.c finds the row in ctl_table.c, parses its flags -> cmd_*.c does the work
 *   ctl_help.c makes help, man page section and bash completion from the same table */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include "labd/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CTL_USAGE 2 /* exit status of wrong usage; the others come from err_exit_status() */
#define CTL_SOCKET "/run/labd/labd.sock"

struct buf;
struct ctl;
struct ctl_http;

enum ctl_flag {
    FLAG_SOCKET,
    FLAG_SERVER,
    FLAG_TOKEN,
    FLAG_HELP,
    FLAG_JSON,
    FLAG_DRIVER,
    FLAG_NAME,
    FLAG_WAIT,
    FLAG_HOST,
    FLAG_ALL,
    FLAG_OUTPUT,
    FLAG_WRITE,
    FLAG_NO_STDIN,
    FLAG_HOSTS,
    FLAG_DELAY,
    FLAG_OSPF,
    FLAG_NO_RATES,
    FLAG_EXPAND,
    FLAG_LABELS,
    FLAG_STUDENT,
    FLAG_FORMAT,
    FLAG_RUNS,
    FLAG_SEED,
    FLAG_MUTANTS,
    FLAG_JOBS,
    FLAG_ONE_LAB,
    FLAG_LIST,
    FLAG_MAN,
    FLAG_COMPLETION,
    FLAG_COUNT
};
#define FLAG_BIT(f) (1u << (f))

struct ctl_flag_row {
    const char *name; /* "json" for --json */
    char letter;      /* 'o' for -o, or 0 */
    const char *arg;  /* "FILE"; "[N]" for a number that may be missing; NULL for a switch */
    const char *help; /* NULL: hidden */
};
extern const struct ctl_flag_row ctl_flags[FLAG_COUNT];

/* A handler returns the exit status, or -1 with 'e' set: then ctl_main() prints it. */
typedef int ctl_run_fn(struct ctl *c, struct err *e);

enum ctl_trait {
    CTL_DAEMON = 1,   /* talks to labd: takes --socket, --server, --token */
    CTL_VERBATIM = 2, /* what follows the first 'min' - 1 words, or "--", is not looked at for flags */
};

struct ctl_cmd {
    const char *name;  /* may be two words: "exercise test" */
    const char *usage; /* the words after the name, without flags */
    int min, max;      /* words after the name; max -1: any number */
    unsigned flags;    /* FLAG_BIT()s, beside those that every command has */
    unsigned traits;
    const char *
        complete; /* what each word is: "file", "dir", "lab", "exercise", "format", "export-format", "-"; the last repeats */
    const char *help; /* one line */
    const char *text; /* the man page's paragraph, scdoc */
    ctl_run_fn *run;
};
extern const struct ctl_cmd ctl_table[]; /* ends with a NULL name */

struct ctl {
    const struct ctl_cmd *cmd;
    const char *flag[FLAG_COUNT]; /* NULL: not given; "" for a switch, and for a number that is missing */
    const char **args;            /* the words; owned, the strings borrowed from argv */
    int nargs;
    FILE *out, *err;
    struct ctl_http *http; /* NULL unless the command has CTL_DAEMON */
};

/* Everything from argv to the exit status. */
int ctl_main(int argc, char **argv, FILE *out, FILE *err);

/* Fills 'c' from argv[1..].  0; or CTL_USAGE after a sentence on c->err. */
int ctl_args_parse(struct ctl *c, int argc, char **argv);
const struct ctl_cmd *ctl_find(const char *name); /* NULL if there is none */

void ctl_help_usage(const struct ctl_cmd *cmd, struct buf *out); /* "labctl up [--wait] FILE|EXERCISE" */
void ctl_help_all(struct buf *out);
void ctl_help_cmd(const struct ctl_cmd *cmd, struct buf *out);
void ctl_help_list(struct buf *out);       /* the names, one per line */
void ctl_help_man(struct buf *out);        /* scdoc: the sections COMMANDS and OPTIONS */
void ctl_help_completion(struct buf *out); /* bash */

/* "labctl: sentence" on c->err; control characters are escaped. */
void ctl_say(const struct ctl *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The number of --seed into '*n', which is untouched without it.  0; or CTL_USAGE after a sentence. */
int ctl_seed(const struct ctl *c, uint32_t *n);

/* ---- the commands ---- */
ctl_run_fn cmd_answer, cmd_capture, cmd_console, cmd_down, cmd_evidence, cmd_exec, cmd_exercise_new,
    cmd_exercise_test, cmd_export, cmd_grade, cmd_help, cmd_import, cmd_link, cmd_list, cmd_regrade,
    cmd_render, cmd_reset, cmd_resume, cmd_scores, cmd_start, cmd_status, cmd_suspend, cmd_up, cmd_validate,
    cmd_version;

#endif
