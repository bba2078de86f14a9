#include "grading/probe/engine.h"

#include "grading/probe/refnet.h"
#include "labd/base/loop.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64
#define FRAMES_PER_TURN 256 /* of one watch, so that a flood at one port does not starve the others */
#define LAST_LOOK_MS 40     /* sightings may come a little later than the reply they belong to */

/* ---- opening, with privilege ---- */
static void wanted(const struct probe_spec *s, struct watch_want *w)
{
    w->naddrs = 0;
    w->arp = false;
    w->bpdu = s->listen_ms > 0;
    for (size_t i = 0; i < s->nrefs; i++)
        for (size_t k = 0; k < s->refs[i].nnets; k++)
            w->addrs[w->naddrs++] = s->refs[i].net[k].addr;
    for (size_t i = 0; i < s->nprobes; i++) {
        w->arp = w->arp || s->probes[i].kind == PROBE_NEIGHBOUR;
        w->addrs[w->naddrs++] = s->probes[i].to;
        for (size_t k = 0; k < s->probes[i].nalso; k++)
            w->addrs[w->naddrs++] = s->probes[i].also[k];
    }
}

static int watch_add(struct engine *en, const char *dev, const char *port, bool outgoing_is_in, bool whole,
                     struct err *e)
{
    struct watch *w = &en->watches[en->nwatches];
    struct watch_want want;

    wanted(en->spec, &want);
    want.all = whole;
    if (watch_open(dev, port, outgoing_is_in, &want, w, e) < 0)
        return -1;
    en->nwatches++;
    if (epoll_ctl(en->epoll, EPOLL_CTL_ADD, w->fd,
                  &(struct epoll_event){.events = EPOLLIN, .data.u64 = en->nwatches - 1}) < 0)
        return err_sys(e, "wait for port '%s'", port);
    return 0;
}

static int reference_open(struct engine *en, const struct probe_ref *r, struct err *e)
{
    char port[PROBE_PORT_SIZE];

    if (refnet_enter(r->pid, e) < 0)
        return err_wrap(e, "reference '%s'", r->name);
    if (refnet_setup(r, e) < 0)
        return -1;
    snprintf(port, sizeof port, "@%s", r->name);
    if (watch_add(en, REFNET_DEV, port, false, false, e) < 0)
        return -1;
    for (size_t i = 0; i < en->spec->nprobes; i++) {
        struct volley *v = &en->volleys[i];

        if (strcmp(v->p->from, r->name) != 0)
            continue;
        for (size_t k = 0; k < r->nnets; k++)
            if (r->net[k].addr.family == v->p->to.family)
                v->self = r->net[k].addr;
        probe_mac_parse(r->mac, v->mac);
        if (volley_open(v, e) < 0)
            return -1;
    }
    return 0;
}

static int limits(struct err *e)
{
    const struct rlimit files = {2048, 2048};

    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return err_sys(e, "allow more open files");
    return 0;
}

int engine_open(struct engine *en, const struct probe_spec *spec, struct err *e)
{
    AUTO(mem_closep) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

    memset(en, 0, sizeof *en);
    en->spec = spec;
    en->epoll = -1;
    en->volleys = xcalloc(spec->nprobes + 1, sizeof *en->volleys);
    en->watches = xcalloc(spec->nports + spec->nrefs + 1, sizeof *en->watches);
    for (size_t i = 0; i < spec->nprobes; i++) {
        struct volley *v = &en->volleys[i];

        v->p = &spec->probes[i];
        v->fd = -1;
        v->shots = xcalloc(v->p->count, sizeof *v->shots);
        for (unsigned k = 0; k < v->p->count; k++) {
            v->shots[k].fd = -1;
            v->shots[k].s.reply_us = -1;
            v->shots[k].s.answer.code = PROBE_ANSWER_NONE;
        }
    }
    if (home < 0)
        return err_sys(e, "open this network namespace");
    if (limits(e) < 0 || match_nonces(en, e) < 0)
        return -1;
    if ((en->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return err_sys(e, "create an epoll descriptor");
    for (size_t i = 0; i < spec->nports; i++) {
        const struct probe_port *p = &spec->ports[i];

        if (watch_add(en, p->dev, p->name, !p->element, p->whole, e) < 0)
            return -1;
    }
    for (size_t i = 0; i < spec->nrefs; i++)
        if (reference_open(en, &spec->refs[i], e) < 0)
            return -1;
    if (setns(home, CLONE_NEWNET) < 0)
        return err_sys(e, "return to the first network namespace");
    return 0;
}

void engine_close(struct engine *en)
{
    for (size_t i = 0; en->volleys != NULL && i < en->spec->nprobes; i++) {
        struct volley *v = &en->volleys[i];

        mem_closep(&v->fd);
        for (unsigned k = 0; k < v->p->count; k++) {
            mem_closep(&v->shots[k].fd);
            buf_clear(&v->shots[k].tx);
            buf_clear(&v->shots[k].rx);
            free(v->shots[k].s.answer.values);
            for (size_t n = 0; n < v->shots[k].nseen; n++)
                free(v->shots[k].seen[n].g.frame);
            free(v->shots[k].seen);
        }
        free(v->shots);
    }
    for (size_t i = 0; i < en->nwatches; i++)
        watch_close(&en->watches[i]);
    mem_closep(&en->epoll);
    free(en->volleys);
    free(en->watches);
    free(en->table);
    free(en->bpdus);
    memset(en, 0, sizeof *en);
    en->epoll = -1;
}

/* ---- running, without ---- */
static void fire(struct engine *en, struct volley *v, int64_t now)
{
    struct shot *s = &v->shots[v->fired];

    volley_fire(v, en, now);
    if (s->fd >= 0 && s->state == SHOT_SENT)
        epoll_ctl(en->epoll, EPOLL_CTL_ADD, s->fd,
                  &(struct epoll_event){.events = v->p->kind == PROBE_TCP ? EPOLLOUT : EPOLLIN,
                                        .data.u64 = 1ull << 32 | (uint64_t)(v - en->volleys) << 16 |
                                                    (uint64_t)(s - v->shots)});
}

/* Closes samples whose time is up, and the volley when nothing more can change. */
static void settle(struct engine *en, struct volley *v, int64_t now)
{
    unsigned open = 0, good = 0;
    bool counting = true;

    for (unsigned i = v->fired; i-- > 0;) {
        struct shot *s = &v->shots[i];
        bool fine = shot_good(v, s);

        if (s->state != SHOT_OVER && now >= s->until_ms) {
            if (v->p->kind == PROBE_TCP && s->s.tcp == PROBE_TCP_NONE)
                s->s.tcp = PROBE_TCP_TIMEOUT;
            s->state = SHOT_OVER;
            if (s->fd >= 0) {
                epoll_ctl(en->epoll, EPOLL_CTL_DEL, s->fd, NULL);
                close(s->fd);
                s->fd = -1;
            }
        } else if (s->state == SHOT_SENT && fine && !probe_per_sample(v->p) &&
                   v->p->kind != PROBE_NEIGHBOUR) { /* a second neighbour may answer */
            s->state = SHOT_OVER;
        }
        if (s->state != SHOT_OVER)
            open++;
        else if (counting && fine)
            good++;
        else
            counting = false;
    }
    if (v->error[0] != '\0' || (v->p->stop > 0 && good >= v->p->stop) ||
        (v->fired == v->p->count && open == 0)) {
        v->over = true;
        if (v->p->ask.speak == PROBE_SAY_DHCP)
            dhcp_release(v);
    }
}

static int64_t next_event(const struct engine *en, int64_t now)
{
    int64_t next = now + 1000;

    for (size_t i = 0; i < en->spec->nprobes; i++) {
        const struct volley *v = &en->volleys[i];

        if (v->over)
            continue;
        if (v->fired < v->p->count && v->next_ms < next)
            next = v->next_ms;
        for (unsigned k = 0; k < v->fired; k++)
            if (v->shots[k].state != SHOT_OVER && v->shots[k].until_ms < next)
                next = v->shots[k].until_ms;
    }
    return next < now ? now : next;
}

static void look(struct engine *en, struct watch *w)
{
    uint8_t frame[WATCH_SNAP];
    struct packet p;
    int64_t t_ns;
    size_t n;
    bool in;

    for (int i = 0; i < FRAMES_PER_TURN && (n = watch_read(w, frame, &t_ns, &in)) > 0; i++) {
        int64_t t_us = (t_ns - en->t0_ns) / 1000;

        en->frame = frame;
        en->nframe = n;
        if (en->spec->listen_ms > 0)
            bpdu_frame(en, frame, n, w->port, in);
        if (packet_parse(frame, n, &p))
            match_packet(en, &p, w->port, in, t_us);
        if (w->all)
            match_frame(en, frame, n, w->port, in, t_us);
    }
    en->frame = NULL;
}

static int turn(struct engine *en, int64_t until, struct err *e)
{
    struct epoll_event ev[EVENTS_MAX];
    int64_t now = loop_now_ms();
    int n = epoll_wait(en->epoll, ev, EVENTS_MAX, until > now ? (int)(until - now) : 0);

    if (n < 0 && errno != EINTR)
        return err_sys(e, "wait for packets");
    for (int i = 0; i < n; i++) {
        uint64_t what = ev[i].data.u64;

        if (what >> 32 == 0) {
            look(en, &en->watches[what]);
        } else {
            struct volley *v = &en->volleys[what >> 16 & 0xffff];

            shot_ready(v, &v->shots[what & 0xffff], en, loop_now_ms());
        }
    }
    return 0;
}

static int start(struct engine *en, struct err *e)
{
    struct timespec t;
    int64_t now = loop_now_ms();

    clock_gettime(CLOCK_REALTIME, &t);
    en->t0_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    for (size_t i = 0; i < en->spec->nprobes; i++) {
        uint16_t r;

        if (getrandom(&r, sizeof r, 0) != (ssize_t)sizeof r)
            return err_sys(e, "get random bytes");
        en->volleys[i].next_ms = now + r % PROBE_START_SPREAD_MS;
    }
    return 0;
}

int engine_run(struct engine *en, struct err *e)
{
    int64_t now, last, until, heard;
    size_t left;

    if (start(en, e) < 0)
        return -1;
    heard = loop_now_ms() + en->spec->listen_ms;
    do {
        now = loop_now_ms();
        left = 0;
        for (size_t i = 0; i < en->spec->nprobes; i++) {
            struct volley *v = &en->volleys[i];

            while (!v->over && v->fired < v->p->count && v->next_ms <= now)
                fire(en, v, now);
            if (!v->over)
                settle(en, v, now);
            if (!v->over)
                left++;
        }
        until = next_event(en, now);
        if (left == 0 && until > heard)
            until = heard;
        if ((left > 0 || now < heard) && turn(en, until, e) < 0)
            return -1;
    } while (left > 0 || now < heard);
    for (last = loop_now_ms() + LAST_LOOK_MS; loop_now_ms() < last;)
        if (turn(en, last, e) < 0)
            return -1;
    for (size_t i = 0; i < en->nwatches; i++)
        en->lost += watch_lost(&en->watches[i]);
    return 0;
}

/* ---- the result ---- */
static int by_time(const void *a, const void *b)
{
    const struct probe_sighting *x = a, *y = b;

    return x->t_us < y->t_us ? -1 : x->t_us > y->t_us;
}

/* A SYN counts if it is the one that left the reference, answers if they acknowledge it. */
static bool genuine(const struct shot *s, const struct seen *n)
{
    switch (n->g.what) {
    case PROBE_ERROR: /* of TCP it quotes a SYN */
        return n->seq == 0 || (s->isn_known && n->seq == s->isn);
    case PROBE_SYN:
        return s->isn_known && n->seq == s->isn;
    case PROBE_SYNACK:
    case PROBE_RST:
        return s->isn_known && n->seq == s->isn + 1;
    case PROBE_REPLY:
        return n->seq == s->digest;
    case PROBE_DATABACK:
        return n->seq == 0 || (s->peer_known && n->seq == s->peer_isn + 1);
    case PROBE_REQUEST:
    case PROBE_DATA:
    case PROBE_CLEAR:
    case PROBE_OUTER:
    case PROBE_ADVERT:
    case PROBE_ADVERT_ALIEN:
        return true;
    case PROBE_WHAT_COUNT:
        break;
    }
    return false;
}

struct probe_result *engine_result(struct engine *en)
{
    struct probe_result *r = probe_result_new();

    r->lost = en->lost;
    r->probes = xcalloc(en->spec->nprobes + 1, sizeof *r->probes);
    r->nprobes = en->spec->nprobes;
    r->bpdus = TAKE(en->bpdus);
    r->nbpdus = en->nbpdus;
    r->more_bpdus = en->more_bpdus;
    for (size_t i = 0; i < r->nprobes; i++) {
        const struct volley *v = &en->volleys[i];
        struct probe_outcome *o = &r->probes[i];

        memcpy(o->id, v->p->id, sizeof o->id);
        memcpy(o->error, v->error, sizeof o->error);
        o->port = v->p->port;
        o->samples = xcalloc(v->fired + 1, sizeof *o->samples);
        for (unsigned k = 0; k < v->fired; k++) {
            struct shot *shot = &v->shots[k];
            struct probe_sample *s;

            if (shot->state != SHOT_OVER)
                continue; /* still on its way when the streak was long enough */
            s = &o->samples[o->nsamples++];
            *s = shot->s;
            shot->s.answer.values = NULL;
            s->sightings = xcalloc(shot->nseen + 1, sizeof *s->sightings);
            for (size_t n = 0; n < shot->nseen; n++)
                if (genuine(shot, &shot->seen[n])) {
                    s->sightings[s->nsightings++] = shot->seen[n].g;
                    shot->seen[n].g.frame = NULL;
                }
            qsort(s->sightings, s->nsightings, sizeof *s->sightings, by_time);
        }
    }
    return r;
}
