/* Jobs: whatever changes a lab runs in a worker process, one after another for one lab, some labs at a
 * time.  The worker reports over a socket in frames (work.c); labhost's loop only records. */
#include "labd/host/host.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void start_next(struct host *h);

static void job_free(struct job *j)
{
    if (j == NULL)
        return;
    frame_conn_free(j->conn);
    json_decref(j->spec);
    json_decref(j->result);
    free(j->reset);
    free(j->reboot);
    free(j->start);
    free(j);
}

struct job *job_reconcile(void)
{
    struct job *j = xcalloc(1, sizeof *j);

    j->kind = JOB_RECONCILE;
    return j;
}

/* Those that run beside 'j'. */
static unsigned *beside(struct host *h, const struct job *j)
{
    return j->kind == JOB_PROBE ? &h->nprobes : &h->njobs;
}

static bool room(struct host *h, const struct job *j)
{
    return *beside(h, j) < (j->kind == JOB_PROBE ? PROBES_AT_ONCE : JOBS_AT_ONCE);
}

void jobs_free(struct lab *lab)
{
    struct job *j;

    while ((j = lab->queue) != NULL) {
        lab->queue = j->next;
        if (j->call != NULL) {
            struct err e;
            err_set(&e, ERR_CONFLICT, "lab %s was stopped", lab->id);
            rpc_fail(j->call, &e);
        }
        job_free(j);
    }
    if (lab->running != NULL) { /* labhost ends: PR_SET_PDEATHSIG ends the worker */
        --*beside(lab->host, lab->running);
        job_free(lab->running);
        lab->running = NULL;
    }
}

void job_kill_running(struct lab *lab)
{
    if (lab->running != NULL && lab->running->pid > 0)
        kill(lab->running->pid, SIGKILL);
}

static void lab_gone(struct lab *lab)
{
    struct host *h = lab->host;

    log_info("lab.gone", "lab", lab->id);
    host_tell(h, json_pack("{s:s, s:s}", "event", "gone", "lab", lab->id));
    lab_remove(lab);
}

/* What cannot be recorded would not last: then the next reconciliation puts the wire back. */
static void link_done(struct lab *lab, struct job *j)
{
    struct plan_link *l = &lab->plan->links[j->link];
    struct plan_link old = *l;

    if (j->error.code != ERR_NONE)
        return;
    l->up = j->up;
    memcpy(l->impair, j->impair, sizeof l->impair);
    if (lab_save(lab, &j->error) < 0) {
        *l = old;
        lab->links_changed = true;
        log_err("lab.save", &j->error, "lab", lab->id, NULL);
    }
}

/* What could not be suspended or resumed stays as it was: wanted as before, and with the reason to read. */
static void retreat(struct lab *lab, const struct job *j)
{
    struct err e;

    lab->refused = j->retreat && j->error.code != ERR_NONE && lab->wanted != LAB_ABSENT;
    if (!lab->refused)
        return;
    lab->wanted = j->previous;
    if (lab_save(lab, &e) < 0)
        log_err("lab.save", &e, "lab", lab->id, NULL);
}

/* The worker has ended and everything that it said has been read. */
static void complete(struct lab *lab)
{
    struct host *h = lab->host;
    struct job *j = TAKE(lab->running);
    bool gone = false;

    --*beside(h, j);
    switch (j->kind) {
    case JOB_RECONCILE:
        gone = lab->wanted == LAB_ABSENT && j->error.code == ERR_NONE && lab->queue == NULL;
        retreat(lab, j);
        lab_fail(lab, j->error.code != ERR_NONE ? &j->error : NULL);
        if (j->error.code != ERR_NONE)
            log_err("lab.job", &j->error, "lab", lab->id, NULL);
        break;
    case JOB_LINK:
        link_done(lab, j);
        break;
    case JOB_PROBE:
        lab->links_changed |= j->error.code != ERR_NONE;
        break;
    }
    if (j->call != NULL && j->error.code != ERR_NONE)
        rpc_fail(j->call, &j->error);
    else if (j->call != NULL)
        rpc_reply(j->call, j->result != NULL ? json_pack("{s:O}", "result", j->result) : NULL);
    job_free(j);
    if (gone) {
        lab_gone(lab);
    } else {
        /* A probe that did not end well may have left a link cut or a reference host attached; a link may
         * have been set that could not be recorded. */
        if (lab->links_changed && lab->wanted == LAB_PRESENT) {
            job_add(lab, job_reconcile());
        }
        lab->links_changed = false;
        if (lab->guests_ended)
            lab_look(lab);
        lab_tell_now(lab);
    }
    start_next(h);
}

static void on_report(struct frame_conn *conn, uint8_t type, const uint8_t *payload, size_t n, void *arg)
{
    struct lab *lab = arg;
    struct job *job = lab->running;
    int node = -1, state = 0, pid = 0;
    const char *error = NULL, *output = NULL;

    (void)conn;
    json_t *j = type == FRAME_JSON ? json_loadb((const char *)payload, n, 0, NULL) : NULL;
    json_t *failed = json_object_get(j, "failed");
    if (failed != NULL) {
        rpc_err_from_json(failed, &job->error);
    } else if (json_object_get(j, "done") != NULL) {
        job->error.code = ERR_NONE;
        job->result = json_incref(json_object_get(j, "result"));
    } else if (json_unpack(j, "{s:i, s:i, s:i, s?s, s?s}", "node", &node, "state", &state, "pid", &pid,
                           "error", &error, "output", &output) == 0 &&
               node >= 0 && (size_t)node < lab->plan->nnodes && state >= NODE_WAITING &&
               state <= NODE_SUSPENDED) {
        lab_node_set(lab, (size_t)node, (enum node_state)state, error, output);
        if (pid > 0)
            lab_node_watch(lab, (size_t)node, pid);
    }
    json_decref(j);
}

static void on_report_end(struct frame_conn *conn, const struct err *e, void *arg)
{
    struct lab *lab = arg;
    struct job *j = lab->running;

    (void)e;
    frame_conn_free(conn);
    j->conn = NULL;
    if (j->ended)
        complete(lab);
}

static void on_worker_exit(pid_t pid, int status, void *arg)
{
    struct lab *lab = arg;
    struct job *j = lab->running;

    (void)pid, (void)status;
    j->ended = true;
    if (j->conn == NULL)
        complete(lab);
}

/* Runs in the worker process. */
static _Noreturn void worker(const struct lab *lab, const struct job *j, int fd, pid_t parent)
{
    struct err e = {0};
    json_t *result = NULL;
    int rc = -1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before that: no signal will come */
        _exit(1);
    prctl(PR_SET_NAME, "labhost-job");
    signal(SIGPIPE, SIG_IGN);
    switch (j->kind) {
    case JOB_RECONCILE:
        rc = work_reconcile(lab, &(struct asked){.reset = j->reset, .reboot = j->reboot, .start = j->start},
                            fd, &e);
        break;
    case JOB_LINK:
        rc = work_link(lab, j->link, j->up, j->impair, &e);
        break;
    case JOB_PROBE:
        rc = work_probe(lab, j->spec, &result, &e);
        break;
    }
    json_t *last = rc < 0 ? json_pack("{s:o}", "failed", rpc_err_json(&e))
                          : json_pack("{s:b, s:o*}", "done", 1, "result", result);
    char *text = json_dumps(last, JSON_COMPACT);
    if (text != NULL && frame_write_fd(fd, FRAME_JSON, text, strlen(text), NULL) < 0)
        _exit(1);
    _exit(0);
}

static int run(struct lab *lab, struct job *j, struct err *e)
{
    int sv[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
        return err_sys(e, "socketpair");
    pid_t parent = getpid();
    j->pid = fork();
    if (j->pid < 0) {
        err_sys(e, "fork a worker");
        close(sv[0]);
        close(sv[1]);
        return -1;
    }
    if (j->pid == 0) {
        close(sv[0]);
        worker(lab, j, sv[1], parent);
    }
    close(sv[1]);
    j->conn = frame_conn_new(lab->host->loop, sv[0], on_report, on_report_end, lab);
    /* Until the worker says otherwise: */
    err_set(&j->error, ERR_INTERNAL, "the worker of lab %s was ended", lab->id);
    if (loop_child_add(lab->host->loop, j->pid, on_worker_exit, lab, e) < 0) {
        kill(j->pid, SIGKILL);
        waitpid(j->pid, NULL, 0);
        return -1;
    }
    return 0;
}

static void start_next(struct host *h)
{
    for (struct lab *lab = h->labs, *next; lab != NULL; lab = next) {
        struct job *j = lab->queue;

        next = lab->next;
        if (lab->running != NULL || j == NULL || !room(h, j))
            continue;
        lab->queue = j->next;
        j->next = NULL;
        lab->running = j;
        ++*beside(h, j);
        if (run(lab, j, &j->error) < 0) {
            complete(lab);
            return; /* which has called us again */
        }
        lab_changed(lab);
    }
}

void job_add(struct lab *lab, struct job *job)
{
    struct job **p = &lab->queue;

    while (*p != NULL)
        p = &(*p)->next;
    *p = job;
    if (job->kind == JOB_RECONCILE) { /* a new attempt: what the last one failed of is over */
        lab->refused = false;
        lab_fail(lab, NULL);
    }
    start_next(lab->host);
}
