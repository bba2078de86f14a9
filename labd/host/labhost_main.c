/* labhost: runs the labs of one machine.  Root; see labd/doc/protocol.md for what it answers. */
#include "labd/base/file.h"
#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/host/host.h"
#include "topology/topo_value.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_WAIT_MS 10000
#define ALLOW_MAX 64

static const char usage[] =
    "usage: labhost [options]\n"
    "  --state DIR      what must survive (default /var/lib/labd/host)\n"
    "  --run DIR        sockets and run-time files (default /run/labd)\n"
    "  --images DIR     guest images (default /var/cache/labd/images)\n"
    "  --driver NAME    default guest driver: xen, container, fake (default: the first that works)\n"
    "  --user NAME      the user that labd runs as, who may connect besides root (default labd)\n"
    "  --private-ovs    start an Open vSwitch of its own even if the machine runs one\n"
    "  --internet       labs may have a way to the outside (default: no)\n"
    "  --internet-allow PREFIX   ... to these private addresses, too; may be given several times\n"
    "  --help, --version\n";

static const char *allowed[ALLOW_MAX];

/* It becomes part of a firewall's rules. */
static bool add_allowed(struct host_options *o, const char *prefix)
{
    struct value_addr a;

    if (!value_addr(prefix, &a) || (a.has_prefix && value_addr_host_bits(&a))) {
        fprintf(stderr, "labhost: --internet-allow %s is not a prefix such as 10.1.2.0/24 or fd00:1::/64\n",
                prefix);
        return false;
    }
    if (o->ninternet_allow == ALLOW_MAX) {
        fprintf(stderr, "labhost: --internet-allow can be given %d times\n", ALLOW_MAX);
        return false;
    }
    allowed[o->ninternet_allow++] = prefix;
    o->internet_allow = allowed;
    return true;
}

static void on_signal(int signo, void *arg)
{
    (void)signo;
    loop_stop(arg);
}

/* Held as long as this process lives; a second labhost on the same folder waits for the first to end. */
static int lock_run_dir(const char *run_dir, struct err *e)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/labhost.lock", run_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_sys(e, "open %s", path);
    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += 20) {
        if (waited >= LOCK_WAIT_MS) {
            close(fd);
            return err_set(e, ERR_CONFLICT, "another labhost uses %s", run_dir);
        }
        usleep(20000);
    }
    return fd;
}

static int serve(const struct host_options *o, struct err *e)
{
    if (file_mkdirs(o->state_dir, 0711, e) < 0 || file_mkdirs(o->run_dir, 0711, e) < 0)
        return -1;
    AUTO(mem_closep) int lock = lock_run_dir(o->run_dir, e);
    if (lock < 0)
        return -1;
    struct loop *l = loop_new(e);
    if (l == NULL)
        return -1;
    struct host *h = host_open(l, o, e);
    int rc = -1;
    if (h != NULL && loop_signal_add(l, SIGTERM, on_signal, l, e) == 0 &&
        loop_signal_add(l, SIGINT, on_signal, l, e) == 0 && host_recover(h, e) == 0) {
        log_info("labhost.ready", "run", o->run_dir, "driver",
                 h->default_driver != NULL ? h->default_driver->name : "none", "datapath",
                 h->net_ok ? net_datapath_name(h->net.datapath) : "none");
        rc = loop_run(l, e);
    }
    host_close(h);
    loop_free(l);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"state", required_argument, NULL, 's'},
        {"run", required_argument, NULL, 'r'},
        {"images", required_argument, NULL, 'i'},
        {"driver", required_argument, NULL, 'd'},
        {"user", required_argument, NULL, 'u'},
        {"private-ovs", no_argument, NULL, 'o'},
        {"internet", no_argument, NULL, 'n'},
        {"internet-allow", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    struct host_options o = {.state_dir = "/var/lib/labd/host",
                             .run_dir = "/run/labd",
                             .image_dir = "/var/cache/labd/images",
                             .allow_uid = 0};
    const char *user = "labd";
    struct err e = {0};
    int c;

    log_init("labhost", LOG_INFO_);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 's':
            o.state_dir = optarg;
            break;
        case 'r':
            o.run_dir = optarg;
            break;
        case 'i':
            o.image_dir = optarg;
            break;
        case 'd':
            o.driver = optarg;
            break;
        case 'u':
            user = optarg;
            break;
        case 'o':
            o.private_ovs = true;
            break;
        case 'n':
            o.internet = true;
            break;
        case 'a':
            if (!add_allowed(&o, optarg))
                return 2;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        case 'V':
            puts("labhost " PARALAB_VERSION);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc || o.state_dir[0] != '/' || o.run_dir[0] != '/' || o.image_dir[0] != '/') {
        fputs("labhost: folders are given as absolute paths\n", stderr);
        return 2;
    }
    const struct passwd *pw = getpwnam(user);
    if (pw != NULL)
        o.allow_uid = pw->pw_uid;
    else
        log_warn("user.unknown", "user", user, "effect", "only root may connect");
    umask(022);
    if (serve(&o, &e) < 0) {
        log_err("labhost.failed", &e, NULL);
        return 1;
    }
    return 0;
}
