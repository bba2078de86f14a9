/* What the worker process of a JOB_PROBE does: attaches the reference hosts, cuts the links of the spec,
 * runs labprobe, and puts everything back.  See the contract in grading/probe.h.
 *
 * Why this is safe: the spec comes from labd, which labhost does not trust, so it is decoded with all
 * limits checked, may name no pid or device, and is resolved against the plan that labhost holds. */
#include "labd/host/host.h"

#include "grading/probe.h"
#include "labd/base/file.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"
#include "labd/host/peer.h"
#include "labd/host/probe_script.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 45000u
#define PEER_POLL_MS 500
/* From a full adjacency to all news: an LSA is sent again after 5 s at the earliest (RFC 2328, MinLSInterval). */
#define PEER_LEARN_MS 8000

/* Who may send pings without any rights, see icmp(7); scripts do. */
#define PING_GROUPS "/proc/sys/net/ipv4/ping_group_range"

/* A process that does nothing but hold a fresh network namespace; ends with this one.  'pings': anybody may ping there. */
static pid_t holder_new(bool pings, struct err *e)
{
    int ready[2];
    char c;

    if (pipe(ready) < 0)
        return err_sys(e, "pipe");
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || unshare(CLONE_NEWNET) < 0 ||
            (pings && file_write_once(PING_GROUPS, "0 2147483647", e) < 0) || write(ready[1], "r", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    bool ok = pid > 0 && read(ready[0], &c, 1) == 1;
    close(ready[0]);
    if (!ok) {
        err_sys(e, "make a network namespace for a reference host");
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return -1;
    }
    return pid;
}

static int attach(const struct lab *lab, struct probe_spec *s, struct err *e)
{
    struct net_reference refs[PROBE_REFS_MAX];

    for (size_t i = 0; i < s->nrefs; i++) {
        struct probe_ref *r = &s->refs[i];
        int segment = plan_segment_find(lab->plan, r->segment);
        if (segment < 0)
            return err_set(e, ERR_INVALID, "reference %s: the lab has no segment %s", r->name, r->segment);
        if ((r->pid = holder_new(s->nscripts > 0, e)) < 0) {
            r->pid = 0;
            return -1;
        }
        refs[i] = (struct net_reference){.index = (uint32_t)i,
                                         .segment = (size_t)segment,
                                         .vlan = r->vlan,
                                         .pid = r->pid,
                                         .mac = r->mac[0] != '\0' ? r->mac : NULL,
                                         .ipv6 = probe_ref_has(r, AF_INET6)};
    }
    return net_references_add(&lab->host->net, lab->plan, refs, s->nrefs, e);
}

static int set_cuts(const struct lab *lab, const struct probe_spec *s, bool cut, struct err *e)
{
    for (size_t i = 0; i < s->ncut; i++) {
        const struct plan_link *l = plan_link_find(lab->plan, s->cut[i]);
        if (l == NULL)
            return err_set(e, ERR_INVALID, "the lab has no link %s to cut", s->cut[i]);
        if (work_link(lab, (size_t)(l - lab->plan->links), l->up && !cut, l->impair, e) < 0)
            return err_wrap(e, "%s link %s", cut ? "cut" : "restore", l->name);
    }
    return 0;
}

/* A process that cuts the links a while from now; it ends with this one.  Its links are put back by whoever
 * puts back those of the spec. */
static pid_t cutter_new(const struct lab *lab, const struct probe_spec *s, struct err *e)
{
    const struct timespec wait = {s->cut_after_ms / 1000, (long)(s->cut_after_ms % 1000) * 1000000};
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        return err_sys(e, "fork a process to cut links");
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || nanosleep(&wait, NULL) < 0 || set_cuts(lab, s, true, e) < 0)
        _exit(1);
    _exit(0);
}

static int cutter_wait(pid_t pid, struct err *e)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_sys(e, "wait for the process that cuts links");
    return status == 0 ? 0 : err_set(e, ERR_TOOL, "the links could not be cut while the probes ran");
}

static int run_labprobe(const struct lab *lab, const struct probe_spec *s, json_t **result, struct err *e)
{
    AUTO(probe_spec_freep) struct probe_spec *own = probe_spec_new();
    AUTO(mem_freep) char *input = NULL;
    AUTO(mem_freep) char *program = xasprintf("%s/labprobe", lab->host->self_dir);
    AUTO(buf_clear) struct buf out = BUF_INIT;
    const char *argv[] = {program, NULL};

    *own = *s;
    own->nscripts = 0; /* it runs no others' programs, for it is root */
    json_t *spec = probe_spec_to_json(own);
    input = json_dumps(spec, JSON_COMPACT);
    json_decref(spec);
    if (input == NULL)
        return err_set(e, ERR_INTERNAL, "the probe spec cannot be written as JSON");
    const struct proc_spec p = {.argv = argv,
                                .input = input,
                                .input_len = strlen(input),
                                .timeout_ms = probe_spec_duration_ms(own) + GRACE_MS,
                                .output_max = PROBE_RESULT_BYTES_MAX};
    if (proc_check(NULL, &p, &out, e) < 0)
        return -1;
    json_t *j = json_loadb(buf_str(&out), out.len, 0, NULL);
    /* labprobe read hostile packets: what it says is checked like anything else. */
    struct probe_result *r = probe_result_from_json(j, e);
    if (r == NULL) {
        json_decref(j);
        return err_wrap(e, "result of labprobe");
    }
    probe_result_free(r);
    *result = j;
    return 0;
}

static int run_with_cuts(const struct lab *lab, const struct probe_spec *s, json_t **result, struct err *e)
{
    struct err late;

    if (s->ncut == 0 || s->cut_after_ms == 0)
        return set_cuts(lab, s, true, e) < 0 ? -1 : run_labprobe(lab, s, result, e);
    pid_t cutter = cutter_new(lab, s, e);
    if (cutter < 0)
        return -1;
    int rc = run_labprobe(lab, s, result, e);
    /* Waited for and not killed: so no tool of its own runs on beside the one that restores. */
    if (cutter_wait(cutter, &late) < 0 && rc == 0) {
        *e = late;
        rc = -1;
    }
    return rc;
}

/* ---- with routers of ours ---- */
enum part { PART_SETUP, PART_BEFORE, PART_AFTER };

/* Runs the probes of one part of 's' and adds what they saw to 'result'. */
static int run_part(const struct lab *lab, const struct probe_spec *s, enum part part, json_t *result,
                    struct err *e)
{
    AUTO(probe_spec_freep) struct probe_spec *copy = probe_spec_new();
    json_t *found = NULL;

    *copy = *s;
    copy->npeers = copy->nprobes = 0;
    for (size_t i = 0; i < s->nprobes; i++)
        if (part != PART_SETUP && s->probes[i].after == (part == PART_AFTER))
            copy->probes[copy->nprobes++] = s->probes[i];
    if (part != PART_SETUP && copy->nprobes == 0)
        return 0;
    if (run_labprobe(lab, copy, &found, e) < 0)
        return -1;
    json_array_extend(json_object_get(result, "probes"), json_object_get(found, "probes"));
    json_object_set_new(result, "lost",
                        json_integer(json_integer_value(json_object_get(result, "lost")) +
                                     json_integer_value(json_object_get(found, "lost"))));
    json_decref(found);
    return 0;
}

static void pause_ms(unsigned ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&t, NULL);
}

/* In the area of the control: nobody should be heard there. */
static int listen_elsewhere(const struct probe_spec *s, const struct peer *peers,
                            struct probe_peer_outcome *o, struct err *e)
{
    unsigned ms = 0;

    for (size_t i = 0; i < s->npeers; i++)
        if (probe_peer_control_ms(&s->peers[i]) > ms)
            ms = probe_peer_control_ms(&s->peers[i]);
    pause_ms(ms);
    for (size_t i = 0; i < s->npeers; i++) {
        if (peer_neighbours(&peers[i], &o[i], e) < 0)
            return -1;
        o[i].foreign = s->peers[i].protocol == PROBE_OSPF && o[i].nneighbours > 0;
        if (peer_move(&peers[i], probe_ref_find(s, s->peers[i].ref), &s->peers[i], e) < 0)
            return -1;
    }
    return 0;
}

/* '*all': each peer has a full neighbour. */
static int form(const struct probe_spec *s, const struct peer *peers, struct probe_peer_outcome *o, bool *all,
                struct err *e)
{
    int64_t began = loop_now_ms();
    bool waiting = true;

    for (*all = false; waiting && !*all; pause_ms(PEER_POLL_MS)) {
        waiting = false;
        *all = true;
        for (size_t i = 0; i < s->npeers; i++) {
            if (peer_neighbours(&peers[i], &o[i], e) < 0)
                return -1;
            *all = *all && probe_peer_up(&o[i]);
            waiting = waiting || loop_now_ms() < began + s->peers[i].form_ms;
        }
    }
    return 0;
}

static int speak(const struct lab *lab, const struct probe_spec *s, struct peer *peers,
                 struct probe_peer_outcome *o, json_t *result, struct err *e)
{
    bool all;

    for (size_t i = 0; i < s->npeers; i++) {
        const struct probe_ref *r = probe_ref_find(s, s->peers[i].ref);

        snprintf(o[i].ref, sizeof o[i].ref, "%s", r->name);
        o[i].announced = s->peers[i].announce;
        if (peer_start(&peers[i], r, &s->peers[i], e) < 0)
            return -1;
    }
    if (listen_elsewhere(s, peers, o, e) < 0 || form(s, peers, o, &all, e) < 0)
        return -1;
    if (!all)
        return 0;
    if (run_part(lab, s, PART_BEFORE, result, e) < 0)
        return -1;
    pause_ms(PEER_LEARN_MS);
    for (size_t i = 0; i < s->npeers; i++) /* all, before the first takes anything back */
        if (peer_prefixes(&peers[i], &o[i], e) < 0)
            return -1;
    for (size_t i = 0; i < s->npeers; i++)
        if (peer_withdraw(&peers[i], &s->peers[i], e) < 0)
            return -1;
    return run_part(lab, s, PART_AFTER, result, e);
}

static int run_with_peers(const struct lab *lab, const struct probe_spec *s, json_t **result, struct err *e)
{
    AUTO(mem_freep) struct probe_peer_outcome *o = xcalloc(s->npeers, sizeof *o);
    json_t *list = json_array(), *all = json_pack("{s:i, s:[], s:o}", "lost", 0, "probes", "peers", list);
    struct peer peers[PROBE_PEERS_MAX] = {{NULL, 0, 0}};
    int rc = run_part(lab, s, PART_SETUP, all, e);

    if (rc == 0)
        rc = speak(lab, s, peers, o, all, e);
    for (size_t i = 0; i < s->npeers; i++) {
        peer_stop(&peers[i]);
        json_array_append_new(list, probe_peer_outcome_to_json(&o[i]));
    }
    if (rc == 0)
        *result = json_incref(all);
    json_decref(all);
    return rc;
}

int work_probe(const struct lab *lab, const json_t *spec, json_t **result, struct err *e)
{
    struct err restore;
    json_t *found = NULL;

    if (!lab->ops->wired)
        return err_set(e, ERR_UNSUPPORTED, "driver %s has no wires that could be probed", lab->ops->name);
    AUTO(probe_spec_freep) struct probe_spec *s = probe_spec_from_json(spec, false, e);
    if (s == NULL || probe_spec_resolve(s, lab->plan, e) < 0)
        return -1;
    int rc = attach(lab, s, e);
    if (rc == 0)
        rc = s->npeers > 0 ? run_with_peers(lab, s, &found, e) : run_with_cuts(lab, s, &found, e);
    if (rc == 0 && s->nscripts > 0)
        rc = probe_scripts_run(lab, s, found, e);
    if (set_cuts(lab, s, false, &restore) < 0 && rc == 0) {
        *e = restore;
        rc = -1;
    }
    if (net_reference_clear(&lab->host->net, lab->plan, &restore) < 0 && rc == 0) {
        *e = restore;
        rc = -1;
    }
    for (size_t i = 0; i < s->nrefs; i++) {
        if (s->refs[i].pid <= 0)
            continue;
        kill(s->refs[i].pid, SIGKILL);
        waitpid(s->refs[i].pid, NULL, 0);
    }
    if (rc == 0)
        *result = TAKE(found);
    json_decref(found);
    return rc;
}
