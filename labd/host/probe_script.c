#include "labd/host/probe_script.h"

#include "labd/base/log.h"
#include "labd/base/mem.h"
#include "labd/host/guest/guest_script.h"

#include <stdio.h>

#define STOPPED (128 + 9) /* SIGKILL, timeout(1) */

struct outcomes {
    const struct lab *lab;
    const struct probe_spec *spec;
    json_t **list; /* one per script */
};

/* What it said on its standard error comes first: there are the reasons. */
static json_t *outcome(const struct probe_script_outcome *o, const struct proc_result *r)
{
    AUTO(buf_clear) struct buf all = BUF_INIT;

    if (o->error[0] == '\0')
        return probe_script_outcome_to_json(o, NULL, 0);
    buf_add(&all, buf_str(&r->err), r->err.len);
    buf_add(&all, buf_str(&r->out), r->out.len);
    return probe_script_outcome_to_json(o, buf_str(&all), all.len);
}

static void ended(size_t i, bool ran, struct proc_result *r, const struct err *e, void *arg)
{
    const struct outcomes *all = arg;
    const struct probe_script *s = &all->spec->scripts[i];
    struct probe_script_outcome o = {.percent = 0};

    snprintf(o.id, sizeof o.id, "%s", s->id);
    if (r->out.len > PROBE_SCRIPT_PRINTED_MAX)
        probe_script_answer(&o, buf_str(&r->out), r->out.len);
    else if (!ran && !r->timed_out)
        snprintf(o.error, sizeof o.error, "The author's program could not be started: %.100s", e->msg);
    else if (!ran || r->status == STOPPED)
        snprintf(o.error, sizeof o.error,
                 "The author's program was stopped: it did not finish within %g s, or took too much memory.",
                 s->timeout_ms / 1e3);
    else if (r->status != 0)
        snprintf(o.error, sizeof o.error, "The author's program ended with status %d.", r->status);
    else
        probe_script_answer(&o, buf_str(&r->out), r->out.len);
    all->list[i] = outcome(&o, r);
    const char *output = json_string_value(json_object_get(all->list[i], "output"));
    if (o.error[0] != '\0')
        log_warn("script.failed", "lab", all->lab->id, "script", s->id, "why", o.error, "output",
                 output != NULL ? output : "");
}

int probe_scripts_run(const struct lab *lab, const struct probe_spec *s, json_t *result, struct err *e)
{
    AUTO(mem_freep) struct guest_script *v = xcalloc(s->nscripts + 1, sizeof *v);
    AUTO(mem_freep) json_t **list = xcalloc(s->nscripts + 1, sizeof(json_t *));
    struct outcomes all = {lab, s, list};
    const struct guest_lab g = lab_guest(lab);
    json_t *scripts = json_array();

    for (size_t i = 0; i < s->nscripts; i++)
        v[i] = (struct guest_script){.program = s->scripts[i].program,
                                     .hostname = s->scripts[i].from,
                                     .netns = probe_ref_find(s, s->scripts[i].from)->pid,
                                     .timeout_ms = s->scripts[i].timeout_ms,
                                     .start_ms = PROBE_SCRIPT_EXTRA_MS,
                                     .printed_max = PROBE_SCRIPT_PRINTED_MAX + 1};
    int rc = guest_scripts_run(&g, v, s->nscripts, ended, &all, e);
    for (size_t i = 0; i < s->nscripts; i++)
        if (list[i] != NULL)
            json_array_append_new(scripts, list[i]);
    json_object_set_new(result, "scripts", scripts);
    return rc;
}
