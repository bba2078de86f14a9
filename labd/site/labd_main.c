/* labd: the site daemon.  Talks to the world, so it has no privilege: started as root it makes its
 * sockets and becomes an ordinary user before it reads anything from anybody. */
#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/site/http/http.h"
#include "labd/site/password.h"
#include "labd/site/session.h"
#include "labd/site/site.h"
#include "labd/site/store/store.h"

#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 65536
#define QUOTA_MAX 1000
#define GRADERS_PER_CORE 4

static const char usage[] =
    "usage: labd [options]\n"
    "       labd --add-user LOGIN --role ROLE --password-stdin [--name NAME] [--state DIR] [--user NAME]\n"
    "       labd --institution NAME --internet yes|no [--state DIR] [--user NAME]\n"
    "  --listen HOST:PORT   where browsers come (default 127.0.0.1:8080; port 0: any free one)\n"
    "  --state DIR          the database (default /var/lib/labd/site)\n"
    "  --run DIR            the local socket labd.sock (default /run/labd)\n"
    "  --exercises DIR      one folder per exercise (default /usr/share/labd/exercises)\n"
    "  --web DIR            the front end (default /usr/share/labd/web)\n"
    "  --host-socket PATH   labhost's socket (default RUN/host.sock)\n"
    "  --user NAME          whom to become when started as root (default labd)\n"
    "  --secure-cookies     browsers come over HTTPS only, through a proxy that does TLS\n"
    "  --quota N            labs that a user may have at a time (default 3)\n"
    "  --verbose            log more\n"
    "  --help, --version\n"
    "accounts:\n"
    "  --add-user LOGIN     make the account, or change the one of that name and end its sessions\n"
    "  --role ROLE          student, instructor or admin\n"
    "  --name NAME          the person's name (default LOGIN)\n"
    "  --password-stdin     the password is the first line of standard input\n"
    "institutions:\n"
    "  --institution NAME   the one to change; \"default\" is the first\n"
    "  --internet yes|no    whether its labs may connect to the internet (at first: no)\n";

struct options {
    const char *listen, *state, *run, *exercises, *web, *host_socket, *user;
    const char *add_user, *role, *name;
    const char *institution, *internet;
    bool password_stdin, secure_cookies, verbose;
    unsigned quota;
};

/* ---- becoming nobody in particular ---- */

static int find_user(const char *name, struct passwd *out, struct err *e)
{
    const struct passwd *pw = getpwnam(name);

    if (pw == NULL)
        return err_set(e, ERR_NOT_FOUND,
                       "there is no user '%s' to become: create it or name another with --user", name);
    if (pw->pw_uid == 0)
        return err_set(e, ERR_DENIED, "labd does not run as root: name another user with --user");
    *out = *pw;
    return 0;
}

/* After this there is no way back: no saved ids, no capabilities (setuid from 0 drops them), and exec of
 * a set-uid program gives none. */
static int drop_privileges(const struct passwd *pw, struct err *e)
{
    if (setgroups(1, &pw->pw_gid) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
        return err_sys(e, "become the user %s", pw->pw_name);
    if (setuid(0) == 0)
        return err_set(e, ERR_INTERNAL, "could become root again");
    return 0;
}

/* A folder that labd made as root must be the user's; one that was there is somebody's decision. */
static int own_folder(const char *path, mode_t mode, const struct passwd *pw, struct err *e)
{
    if (file_exists(path))
        return 0;
    if (file_mkdirs(path, mode, e) < 0)
        return -1;
    if (pw != NULL && chown(path, pw->pw_uid, pw->pw_gid) < 0)
        return err_sys(e, "give the folder %s to %s", path, pw->pw_name);
    return 0;
}

static int become(const struct options *o, struct passwd *pw, bool *root, struct err *e)
{
    *root = geteuid() == 0;
    if (*root && find_user(o->user, pw, e) < 0)
        return -1;
    return own_folder(o->state, 0700, *root ? pw : NULL, e);
}

static int no_new_privileges(struct err *e)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys(e, "no_new_privs");
    return 0;
}

/* ---- accounts ---- */

static int read_password(char out[PASSWORD_MAX + 2], struct err *e)
{
    if (fgets(out, PASSWORD_MAX + 2, stdin) == NULL)
        return err_set(e, ERR_INVALID, "no password on standard input");
    out[strcspn(out, "\r\n")] = '\0';
    return 0;
}

static int store_account(const char *db, const struct store_user *u, struct err *e)
{
    AUTO(store_closep) struct store *st = store_open(db, e);
    int64_t id;

    if (st == NULL)
        return -1;
    return store_user_put(st, STORE_INSTITUTION_DEFAULT, u, loop_wall_ms(), &id, e);
}

static int add_user(const struct options *o, const char *db, struct err *e)
{
    struct store_user u = {.role = o->role != NULL ? store_role_from_name(o->role) : ROLE_NONE};
    const char *name = o->name != NULL ? o->name : o->add_user;
    char password[PASSWORD_MAX + 2];

    if (!login_ok(o->add_user) || strcmp(o->add_user, "root") == 0)
        return err_set(e, ERR_INVALID,
                       "a login begins with a-z or 0-9, goes on with these or . _ @ -, and is not root");
    if (u.role == ROLE_NONE)
        return err_set(e, ERR_INVALID, "--role must be student, instructor or admin");
    if (!person_name_ok(name))
        return err_set(e, ERR_INVALID, "--name must have 1 to %d bytes of printable UTF-8",
                       STORE_TEXT_SIZE - 1);
    if (!o->password_stdin)
        return err_set(e, ERR_INVALID,
                       "--password-stdin is needed: a password on the command line would be seen by all");
    snprintf(u.login, sizeof u.login, "%s", o->add_user);
    snprintf(u.name, sizeof u.name, "%s", name);
    if (sodium_init() < 0)
        return err_set(e, ERR_INTERNAL, "libsodium does not start");
    int rc = read_password(password, e);
    if (rc == 0)
        rc = password_hash(password, u.pwhash, e);
    mem_wipe(password, sizeof password);
    return rc < 0 ? -1 : store_account(db, &u, e);
}

/* ---- institutions ---- */

static int change_institution(const struct options *o, const char *db, struct err *e)
{
    bool yes = o->internet != NULL && strcmp(o->internet, "yes") == 0;

    if (!yes && (o->internet == NULL || strcmp(o->internet, "no") != 0))
        return err_set(e, ERR_INVALID, "--institution needs --internet yes or --internet no");
    AUTO(store_closep) struct store *st = store_open(db, e);
    if (st == NULL)
        return -1;
    if (store_institution_set_internet(st, o->institution, yes, e) == 0)
        return 0;
    return e->code == ERR_NOT_FOUND ? err_set(e, ERR_NOT_FOUND, "there is no institution of this name") : -1;
}

/* Works on the database, as the user that serves it. */
static int run_alone(const struct options *o,
                     int (*work)(const struct options *o, const char *db, struct err *e), struct err *e)
{
    AUTO(mem_freep) char *db = xasprintf("%s/labd.db", o->state);
    struct passwd pw = {.pw_name = NULL};
    bool root = false;

    if (become(o, &pw, &root, e) < 0 || (root && drop_privileges(&pw, e) < 0) || no_new_privileges(e) < 0)
        return -1;
    return work(o, db, e);
}

/* ---- serving ---- */

static void on_signal(int signo, void *arg)
{
    log_info("labd.stop", "signal", signo == SIGTERM ? "TERM" : "INT");
    loop_stop(arg);
}

static void raise_limits(void)
{
    struct rlimit rl;

    if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < FILES_MAX) {
        rl.rlim_cur = rl.rlim_max < FILES_MAX ? rl.rlim_max : FILES_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &rl); /* with fewer there are fewer connections */
    }
}

static int run_loop(const struct site_options *so, struct err *e)
{
    struct loop *l = loop_new(e);
    int rc = -1;

    if (l == NULL)
        return -1;
    struct site *s = site_open(l, so, e);
    if (s != NULL && loop_signal_add(l, SIGTERM, on_signal, l, e) == 0 &&
        loop_signal_add(l, SIGINT, on_signal, l, e) == 0)
        rc = loop_run(l, e);
    site_close(s);
    loop_free(l);
    return rc;
}

/* Grading waits for the network most of the time. */
static unsigned graders(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return GRADERS_PER_CORE * (cores > 0 ? (unsigned)cores : 1);
}

static int serve(const struct options *o, struct err *e)
{
    AUTO(mem_freep) char *db = xasprintf("%s/labd.db", o->state);
    AUTO(mem_freep) char *socket = xasprintf("%s/labd.sock", o->run);
    AUTO(mem_freep)
    char *host = o->host_socket != NULL ? xstrdup(o->host_socket) : xasprintf("%s/host.sock", o->run);
    struct site_options so = {.db = db,
                              .host_socket = host,
                              .exercises = o->exercises,
                              .web = o->web,
                              .tcp_fd = -1,
                              .unix_fd = -1,
                              .secure_cookies = o->secure_cookies,
                              .quota = o->quota,
                              .graders = graders()};
    struct passwd pw = {.pw_name = NULL};
    char address[160];
    bool root = false;

    raise_limits();
    if (become(o, &pw, &root, e) < 0 || own_folder(o->run, 0711, root ? &pw : NULL, e) < 0)
        return -1;
    so.tcp_fd = http_listen_tcp(o->listen, address, sizeof address, e);
    if (so.tcp_fd < 0)
        return -1;
    so.unix_fd = http_listen_unix(socket, 0660, e);
    if (so.unix_fd < 0)
        return -1;
    if (root && lchown(socket, pw.pw_uid, pw.pw_gid) < 0)
        return err_sys(e, "give %s to %s", socket, pw.pw_name);
    if ((root && drop_privileges(&pw, e) < 0) || no_new_privileges(e) < 0)
        return -1;
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    log_info("labd.listen", "address", address, "socket", socket);
    int rc = run_loop(&so, e);
    unlink(socket); /* a stale one is replaced at the next start */
    return rc;
}

static int parse(int argc, char **argv, struct options *o)
{
    static const struct option options[] = {
        {"listen", required_argument, NULL, 'l'},
        {"state", required_argument, NULL, 's'},
        {"run", required_argument, NULL, 'r'},
        {"exercises", required_argument, NULL, 'x'},
        {"web", required_argument, NULL, 'w'},
        {"host-socket", required_argument, NULL, 'H'},
        {"user", required_argument, NULL, 'u'},
        {"secure-cookies", no_argument, NULL, 'c'},
        {"quota", required_argument, NULL, 'q'},
        {"add-user", required_argument, NULL, 'a'},
        {"role", required_argument, NULL, 'R'},
        {"name", required_argument, NULL, 'n'},
        {"password-stdin", no_argument, NULL, 'p'},
        {"institution", required_argument, NULL, 'I'},
        {"internet", required_argument, NULL, 'N'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    const char **texts[256] = {
        ['l'] = &o->listen, ['s'] = &o->state, ['r'] = &o->run,         ['x'] = &o->exercises,
        ['w'] = &o->web,    ['u'] = &o->user,  ['a'] = &o->add_user,    ['H'] = &o->host_socket,
        ['R'] = &o->role,   ['n'] = &o->name,  ['I'] = &o->institution, ['N'] = &o->internet};
    char *end;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->secure_cookies = true;
            break;
        case 'p':
            o->password_stdin = true;
            break;
        case 'v':
            o->verbose = true;
            break;
        case 'q':
            o->quota = (unsigned)strtoul(optarg, &end, 10);
            if (*end != '\0' || o->quota < 1 || o->quota > QUOTA_MAX)
                return -1;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case 'V':
            puts("labd " PARALAB_VERSION);
            exit(0);
        default:
            if (c <= 0 || c > 255 || texts[c] == NULL)
                return -1;
            *texts[c] = optarg;
        }
    }
    return optind == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options o = {.listen = "127.0.0.1:8080",
                        .state = "/var/lib/labd/site",
                        .run = "/run/labd",
                        .exercises = "/usr/share/labd/exercises",
                        .web = "/usr/share/labd/web",
                        .user = "labd",
                        .quota = 3};
    struct err e = {.code = ERR_NONE};

    if (parse(argc, argv, &o) < 0) {
        fputs(usage, stderr);
        return 2;
    }
    log_init("labd", o.verbose ? LOG_DEBUG_ : LOG_INFO_);
    if (o.internet != NULL && o.institution == NULL) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.add_user != NULL || o.institution != NULL) {
        if (run_alone(&o, o.add_user != NULL ? add_user : change_institution, &e) == 0)
            return 0;
        fprintf(stderr, "labd: %s\n", e.msg);
        return err_exit_status(e.code);
    }
    if (serve(&o, &e) == 0)
        return 0;
    log_err("labd.failed", &e, NULL);
    return 1;
}
