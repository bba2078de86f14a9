/* What is really there of a node: crun's status file, the process it names, our marker. */
#include "labd/host/guest/container_int.h"

#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_result.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define STATUS_MAX (64u << 10)
#define START_TIME_FIELD 22 /* of /proc/PID/stat, proc(5) */

/* A lab id has no dash, so the first one divides the two names. */
void crun_id(const struct node_ref *n, char out[80])
{
    snprintf(out, 80, "%s-%s", n->lab, n->node);
}

int crun_root(const struct guest_host *h, char *out, struct err *e)
{
    return path_make(out, e, "%s/crun", h->run_dir);
}

static int crun_dir(const struct node_ref *n, const char *file, char *out)
{
    char id[80];

    crun_id(n, id);
    return path_make(out, NULL, "%s/crun/%s%s", n->host->run_dir, id, file);
}

/* Is 'pid' alive, and the process that started at 'start' (clock ticks since boot)? */
static bool alive(pid_t pid, unsigned long long start)
{
    char path[64], state = 0;
    AUTO(buf_clear) struct buf text = BUF_INIT;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (file_read(path, 4096, &text, NULL) < 0)
        return false;
    /* The name in parentheses may hold anything; after the last one come state and numbers. */
    const char *p = strrchr(buf_str(&text), ')');
    if (p == NULL || sscanf(p, ") %c", &state) != 1)
        return false;
    p += 2;
    for (int field = 3; field < START_TIME_FIELD && p != NULL; field++) {
        p = strchr(p, ' ');
        if (p != NULL)
            p++;
    }
    return p != NULL && strtoull(p, NULL, 10) == start && state != 'Z' && state != 'X';
}

pid_t crun_pid(const struct node_ref *n)
{
    char path[PATH_MAX];
    AUTO(buf_clear) struct buf text = BUF_INIT;

    if (crun_dir(n, "/status", path) < 0 || file_read(path, STATUS_MAX, &text, NULL) < 0)
        return 0;
    json_t *j = json_loadb(buf_str(&text), text.len, 0, NULL);
    json_int_t pid = json_integer_value(json_object_get(j, "pid"));
    json_int_t start = json_integer_value(json_object_get(j, "process-start-time"));
    json_decref(j);
    if (pid < 2 || pid > INT_MAX || start <= 0 || !alive((pid_t)pid, (unsigned long long)start))
        return 0;
    return (pid_t)pid;
}

bool crun_remains(const struct node_ref *n)
{
    char path[PATH_MAX];

    return (crun_dir(n, "", path) == 0 && file_exists(path)) ||
           (path_run(n, "", path, NULL) == 0 && file_exists(path)) || cgroup_exists(n);
}

int container_observe(const struct guest_lab *lab, struct guest_observed *out, struct err *e)
{
    (void)e;
    for (size_t i = 0; i < lab->plan->nnodes; i++) {
        const struct node_ref n = node_ref(lab, i);
        char run[PATH_MAX];
        pid_t pid = crun_pid(&n);

        out[i] = (struct guest_observed){.netns_pid = pid};
        if (pid > 0 && path_run(&n, "", run, NULL) == 0)
            out[i].state = guest_result_exists(run) ? GUEST_RUNNING : GUEST_CREATED;
        else
            out[i].state = crun_remains(&n) ? GUEST_STOPPED : GUEST_ABSENT;
    }
    return 0;
}
