#!/bin/sh
# Greps for what this project does not do: calls that cannot be used safely, exec outside its one place,
# SQL outside the store, notes to self, and paths of somebody's machine.
#
#   bans.sh [ROOT]        checks the tree below ROOT (default: the current folder)
#   bans.sh --self-test   proves that it can fail
set -u

# What is wrong, the extended regular expression, the files (find -path patterns, separated by blanks),
# the files excepted ("-": none).  One per line, fields separated by one tab.
rules() {
    tab='	'
    sed "s/ | /$tab/g" <<'END'
system() and popen() run a shell; use labd/base/proc.h | (^|[^A-Za-z0-9_.>"-])(system|popen)[ ]*\( | *.c *.h | -
strcpy, strcat and sprintf do not know the size; use snprintf or struct buf | (^|[^A-Za-z0-9_])(strcpy|strcat|sprintf|vsprintf|stpcpy|gets)[ ]*\( | *.c *.h | -
strtok keeps hidden state; use strtok_r or strcspn | (^|[^A-Za-z0-9_])strtok[ ]*\( | *.c *.h | -
atoi and atol do not report errors; use strtol and look at the end | (^|[^A-Za-z0-9_])(atoi|atol|atoll|atof)[ ]*\( | *.c *.h | -
only labd/base/proc.c runs programs | (^|[^A-Za-z0-9_.>"-])(execl|execlp|execle|execv|execve|execvp|execvpe|fexecve|execveat|posix_spawn|posix_spawnp)[ ]*\( | *.c *.h | labd/base/proc.c images/init/* images/xen/* tests/*
only labd/site/store speaks SQL | (sqlite3\.h|sqlite3_[a-z]) | *.c *.h | labd/site/store/* tests/unit/test_store*
a note to self: do it, or open an issue | (^|[^A-Za-z_])(TO[D]O|FI[X]ME|X[X]X|HA[C]K)([^A-Za-z_]|$) | *.c *.h *.ts *.tsx *.mjs *.sh *.xml *.md *.scd *.css *.html *.rng *.rnc *.sql *Makefile *.service | -
a path of one machine | (^|[^A-Za-z0-9_.}/])(/wor[k]/|/hom[e]/[a-z]|/roo[t]/[a-z]|/Use[r]s/) | *.c *.h *.ts *.tsx *.mjs *.sh *.xml *.md *.scd *.css *.html *.rng *.rnc *.sql *.json *Makefile *.service *.conf *.yml | -
END
}

list_files() { # patterns; prints the files of the project that match
    set -f
    for pattern in $1; do
        find . \( -name node_modules -o -name .git -o -name 'build' -o -name 'build-*' -o -path ./web/dist \) \
            -prune -o -type f -path "$pattern" -print
    done
    set +f
}

excepted() { # file, patterns
    set -f
    for pattern in $2; do
        # shellcheck disable=SC2254  # the pattern is a pattern
        case "$1" in ./$pattern) set +f; return 0 ;; esac
    done
    set +f
    return 1
}

check() {
    cd "$1" || return 2
    tmp=$(mktemp -d) || return 2
    trap 'rm -rf "$tmp"' EXIT
    out=$tmp/out
    count=0
    tab='	'
    rules >"$out.rules"
    while IFS="$tab" read -r why regex files except; do
        list_files "$files" >"$out.files"
        while read -r file; do
            count=$((count + 1))
            if excepted "$file" "$except"; then
                continue
            fi
            case "$file" in
            *.c | *.h) text=code ;;
            *) text=all ;;
            esac
            # Comments and texts may name what the code must not call.
            if [ "$text" = code ] && [ "${why#a }" = "$why" ]; then
                sed -e '/^[ ]*#/!s:"\([^"\\]\|\\.\)*":"":g' -e 's://.*$::' -e 's:/\*.*\*/::g' -e 's:^[ ]*\*.*$::' -e 's:/\*.*$::' "$file"
            else
                cat "$file"
            fi | grep -nE -- "$regex" | while IFS=: read -r line text; do
                echo "${file#./}:$line: error: $why: $text"
            done
        done <"$out.files"
    done <"$out.rules" >"$out"
    status=0
    if [ -s "$out" ]; then
        cut -c1-220 "$out" >&2
        echo "bans: $(wc -l <"$out") problem(s)" >&2
        status=1
    elif [ "$count" -eq 0 ]; then
        echo "bans: no file below $1: nothing was checked" >&2
        status=2
    else
        echo "bans: ok" >&2
    fi
    rm -rf "$tmp"
    return "$status"
}

self_test() {
    dir=$(mktemp -d) || exit 2
    trap 'rm -rf "$dir"' EXIT
    fails=0
    expect() { # name, wanted status, file, text
        rm -rf "$dir/tree"
        mkdir -p "$dir/tree/$(dirname "$3")"
        printf '%s\n' "$4" >"$dir/tree/$3"
        (check "$dir/tree") >"$dir/out" 2>&1
        got=$?
        if [ "$got" -ne "$2" ]; then
            echo "bans: self-test '$1': wanted status $2, got $got:" >&2
            cat "$dir/out" >&2
            fails=$((fails + 1))
        fi
    }
    expect 'clean code' 0 labd/a.c 'int n = snprintf(b, sizeof b, "%s", s);'
    for call in system popen strcpy strcat sprintf strtok atoi execve; do
        expect "$call is found" 1 labd/a.c "    return $call(x, y);"
    done
    expect 'strtok_r is fine' 0 labd/a.c '    p = strtok_r(s, ",", &save);'
    expect 'a member of that name is fine' 0 labd/a.c '    c->system(x);'
    expect 'a comment may name it' 0 labd/a.c '/* like system(), without the shell */'
    expect 'a text may name it' 0 labd/a.c '    puts("a \"folder\" of the system (/proc)");'
    expect 'not hidden by a text before it' 1 labd/a.c '    f("x"); system("y");'
    expect 'a test may run its helper' 0 tests/unit/test_a.c '    execl("/bin/sh", "sh", NULL);'
    expect 'a folder in an image' 0 images/a.sh 'mkdir /mnt/roo''t/dev'
    expect 'the one place' 0 labd/base/proc.c '    execve(path, argv, env);'
    expect 'SQL elsewhere' 1 labd/site/a.c '#include <sqlite3.h>'
    expect 'SQL elsewhere, quoted' 1 labd/site/a.c '#include "sqlite3.h"'
    expect 'SQL in the store' 0 labd/site/store/a.c '#include <sqlite3.h>'
    expect 'note to self in C' 1 labd/a.c "/* TO""DO: later */"
    expect 'note to self in a page' 1 README.md "FIX""ME"
    expect 'somebodys folder' 1 README.md "see /hom""e/ann/paralab"
    expect 'an empty tree is no success' 2 labd/a.bin 'x'
    [ "$fails" -eq 0 ] && echo "bans: self-test ok" >&2
    return "$fails"
}

case "${1-}" in
--self-test) self_test ;;
*) check "${1-.}" ;;
esac
