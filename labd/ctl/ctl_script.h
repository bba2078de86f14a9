/* The statements of a solution's script: a shell script that runs as root in a node, with text for other
 * programs (vtysh, nft, a file) in here-documents.  No full grammar of any of them: enough to say what one
 * statement is, and whether the script would still be one without it.  Used by ctl_mutant.c. */
#ifndef CTL_CTL_SCRIPT_H
#define CTL_CTL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum script_lang {
    SCRIPT_SHELL,
    SCRIPT_FRR,  /* what vtysh reads */
    SCRIPT_NFT,  /* what nft reads */
    SCRIPT_TEXT, /* what another program reads */
};

struct script_statement {
    enum script_lang lang;
    const char *text; /* 'len' bytes of the script, from the first character that is no blank, without the
                         last newline; of a shell statement maybe several lines */
    size_t len;
    unsigned line; /* of the script, from 1 */
    /* It holds others together ("do", "interface eth0", "table inet x {"), or is of no account for the
     * network ("set -e", "sleep 1"). */
    bool structure;
    const char *note; /* what follows "mutant:" in a comment of its own before it or behind it, to the end of
                         that line; NULL: no such comment */
    size_t note_len;
};

struct script {
    const char *at; /* the next line; NUL-terminated */
    unsigned line;
    char end[64]; /* the word that ends the here-document, "" outside */
    bool tabs;    /* "<<-": tabs may stand before that word */
    enum script_lang lang;
    const char *note;
    size_t note_len;
};

/* Begins to read 'text', which stays the caller's and must outlive 's'. */
void script_init(struct script *s, const char *text);
/* The next statement; false at the end.  Comments and empty lines are none. */
bool script_next(struct script *s, struct script_statement *out);

/* The same statements in the same order: only comments and blank lines differ, if anything. */
bool script_same(const char *a, const char *b);

#endif
