/* labhost's own state: the labs of this machine and what works on them.  Used by labd/host only. */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "labd/base/loop.h"
#include "labd/host/guest/guest.h"
#include "labd/host/net/net.h"
#include "labd/host/reconcile.h"
#include "labd/rpc/frame.h"
#include "labd/rpc/rpc.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define DRIVERS_MAX 8
#define JOBS_AT_ONCE 4    /* workers of all labs together; each runs as many programs as there are cores */
#define PROBES_AT_ONCE 64 /* these mostly wait for the network, and no lab waits for them to start */

enum node_state {
    NODE_WAITING,
    NODE_CREATING,
    NODE_BOOTING,
    NODE_RUNNING,
    NODE_FAILED,
    NODE_STOPPED,
    NODE_SUSPENDED
};
enum lab_state { LAB_STARTING, LAB_RUNNING, LAB_FAILED, LAB_STOPPING, LAB_SUSPENDING, LAB_SUSPENDED };

struct lab_node {
    enum node_state state;
    char *error;  /* or NULL */
    char *output; /* what its startup printed, made valid UTF-8; or NULL */
    int pidfd;    /* of a process that lives as long as the guest; -1 */
    struct loop_fd *watch;
    struct lab *lab;
};

enum job_kind { JOB_RECONCILE, JOB_LINK, JOB_PROBE };
struct job {
    struct job *next;
    enum job_kind kind;
    bool *reset, *reboot, *start; /* JOB_RECONCILE: see struct asked; per node, or NULL */
    bool retreat;                 /* JOB_RECONCILE: if it fails, the lab is wanted as before: */
    enum lab_wanted previous;     /* ... suspended, or present */
    size_t link;                  /* JOB_LINK: what the link becomes */
    bool up;
    struct plan_impair impair[2];
    json_t *spec;          /* JOB_PROBE */
    struct rpc_call *call; /* answered at the end; or NULL */
    /* while it runs */
    pid_t pid;
    struct frame_conn *conn;
    json_t *result;
    bool ended;       /* process reaped */
    struct err error; /* code ERR_NONE: all is well */
};

struct lab {
    struct host *host;
    struct lab *next;
    char id[LAB_ID_SIZE];
    const struct guest_ops *ops;
    struct plan *plan;
    uint32_t slot; /* its range of uids */
    enum lab_wanted wanted;
    enum lab_state state;
    char *error;
    bool refused; /* 'error' is of a suspend or resume that did not come about: the lab is as before */
    struct lab_node *nodes; /* plan->nnodes */
    int64_t created_ms, ready_ms;
    uint64_t typed;
    struct job *running, *queue;
    struct loop_timer *notify;
    bool links_changed; /* a probe that cut links died: restore them */
    bool guests_ended;  /* ... while a job worked on the lab: look when it is done */
};

struct host {
    struct loop *loop;
    struct guest_host guest;
    struct net_host net;
    bool net_ok;
    char *net_why; /* why not */
    struct {
        const struct guest_ops *ops;
        bool ok;
        char *why, *notes;
        struct loop_fd *watch; /* of the ends of its guests */
        int watch_fd;
    } drivers[DRIVERS_MAX];
    size_t ndrivers;
    const struct guest_ops *default_driver; /* NULL if none works */
    char *notes;
    struct lab *labs;
    unsigned njobs, nprobes; /* that run; a JOB_PROBE is not one of njobs */
    struct subscriber *subscribers;
    struct rpc_server *server;
    char *self_dir; /* where labconsole, labprobe and the drivers' programs are installed */
};

/* host.c */
struct host_options {
    const char *state_dir, *run_dir, *image_dir, *driver;
    uid_t allow_uid;
    bool private_ovs;
    bool internet;
    const char *const *internet_allow;
    size_t ninternet_allow;
};
struct host *host_open(struct loop *l, const struct host_options *o, struct err *e);
void host_close(struct host *h);                            /* running labs go on */
int host_recover(struct host *h, struct err *e) MUST_CHECK; /* reads what is on disk and starts its jobs */
const struct guest_ops *host_driver(const struct host *h, const char *name, struct err *e); /* name or NULL */

/* lab.c: the records */
struct lab *lab_find(const struct host *h, const char *id);
struct lab *lab_add(struct host *h, const char *id, const struct guest_ops *ops,
                    struct plan *plan /* taken */, uint32_t slot);
void lab_remove(struct lab *lab); /* frees the record only */
int lab_save(const struct lab *lab, struct err *e) MUST_CHECK;
/* That it is to go.  Takes no space, so that a full disk does not keep a lab alive. */
int lab_save_unwanted(const struct lab *lab, struct err *e) MUST_CHECK;
int lab_load_all(struct host *h, struct err *e) MUST_CHECK;
uint32_t lab_free_slot(const struct host *h);
json_t *lab_json(const struct lab *lab); /* the lab object of doc/protocol.md */
void lab_node_set(struct lab *lab, size_t node, enum node_state state, const char *error, const char *output);
void lab_node_watch(struct lab *lab, size_t node, pid_t pid);
void lab_fail(struct lab *lab, const struct err *e);
void lab_changed(struct lab *lab);  /* tells the subscribers soon, many changes at once */
void lab_tell_now(struct lab *lab); /* tells them now */
void lab_look(struct lab *lab);     /* notices guests that have ended, and starts what rebooted */
struct guest_lab lab_guest(const struct lab *lab);
int lab_dir(const struct host *h, const char *id, char *out, size_t size, struct err *e);
void host_subscribe(struct host *h, struct frame_conn *conn);
void host_tell(struct host *h, json_t *event); /* steals */

/* job.c: the queue of each lab, and the worker processes */
void job_add(struct lab *lab, struct job *job /* taken */);
struct job *job_reconcile(void);        /* a new one; the caller's */
void job_kill_running(struct lab *lab); /* its end is handled as a failure */
void jobs_free(struct lab *lab);

/* work.c, probe_run.c: what a worker process does; they report on 'fd' and return 0 or -1 with 'e' */
int work_reconcile(const struct lab *lab, const struct asked *asked, int fd, struct err *e);
/* Sets a running link, and what the guests at its ends see of it. */
int work_link(const struct lab *lab, size_t link, bool up, const struct plan_impair impair[2], struct err *e);
int work_probe(const struct lab *lab, const json_t *spec, json_t **result, struct err *e);
int work_purge(const struct host *h, const char *id, struct err *e); /* a lab whose plan is lost */

/* requests.c, stream_*.c */
extern const struct rpc_method host_methods[];
void stream_console(struct rpc_call *call, struct lab *lab, json_t *req);
void stream_exec(struct rpc_call *call, struct lab *lab, size_t node, json_t *req);
void stream_capture(struct rpc_call *call, struct lab *lab, json_t *req);

#endif
