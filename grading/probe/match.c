/* Which sample does this packet belong to?  By the nonce in its payload, which a protocol may have in a place of
 * its own, or for TCP segments without payload by ports and sequence number. */
#include "grading/probe/engine.h"
#include "grading/probe/speech.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define OUTER_MIN ((size_t)64) /* bytes: a probe's packet without its IP header */
#define SOURCES_MAX 4          /* of one packet at one port */
#define DIGEST_MAX 400         /* WATCH_SNAP without the headers that may be before it */

const struct speech *speech_of(const struct probe *p)
{
    static const struct speech *const all[] = {[PROBE_SAY_NONCE] = NULL,
                                               [PROBE_SAY_DNS] = &speech_dns,
                                               [PROBE_SAY_HTTP] = &speech_http,
                                               [PROBE_SAY_DHCP] = &speech_dhcp};

    return all[p->ask.speak];
}

uint32_t match_digest(const struct engine *en, const uint8_t *data, size_t n)
{
    uint32_t h = 2166136261u ^ en->seed; /* FNV-1a */

    for (size_t i = 0; i < n && i < DIGEST_MAX; i++)
        h = (h ^ data[i]) * 16777619u;
    return h;
}

static size_t nonce_hash(const uint8_t *nonce, size_t size)
{
    uint64_t h;

    memcpy(&h, nonce, sizeof h); /* random already */
    return (size_t)h & (size - 1);
}

static void table_add(struct engine *en, size_t volley, size_t shot)
{
    size_t i = nonce_hash(en->volleys[volley].shots[shot].nonce, en->table_size);

    while (en->table[i].used)
        i = (i + 1) & (en->table_size - 1);
    en->table[i] = (struct nonce_slot){(uint32_t)volley, (uint32_t)shot, true};
}

static struct shot *nonce_find(struct engine *en, const uint8_t *nonce, struct volley **v)
{
    for (size_t i = nonce_hash(nonce, en->table_size); en->table[i].used;
         i = (i + 1) & (en->table_size - 1)) {
        struct volley *candidate = &en->volleys[en->table[i].volley];
        struct shot *s = &candidate->shots[en->table[i].shot];

        if (memcmp(s->nonce, nonce, NONCE_SIZE) == 0) {
            *v = candidate;
            return s;
        }
    }
    return NULL;
}

int match_nonces(struct engine *en, struct err *e)
{
    size_t total = 0;

    for (size_t i = 0; i < en->spec->nprobes; i++)
        total += en->volleys[i].p->count;
    for (en->table_size = 64; en->table_size < 2 * total; en->table_size *= 2)
        ;
    en->table = xcalloc(en->table_size, sizeof *en->table);
    if (getrandom(&en->seed, sizeof en->seed, 0) != (ssize_t)sizeof en->seed)
        return err_sys(e, "get random bytes");
    for (size_t i = 0; i < en->spec->nprobes; i++)
        for (size_t k = 0; k < en->volleys[i].p->count; k++) {
            const struct speech *speech = speech_of(en->volleys[i].p);
            struct shot *s = &en->volleys[i].shots[k];

            if (getrandom(s->nonce, sizeof s->nonce, 0) != (ssize_t)sizeof s->nonce)
                return err_sys(e, "get random bytes");
            for (size_t b = 0; b < NONCE_SIZE; b++)
                snprintf(s->hex + 2 * b, 3, "%02x", s->nonce[b]);
            table_add(en, i, k);
            if (speech != NULL && speech->request(en->volleys[i].p, s, e) < 0)
                return -1;
        }
    return 0;
}

static bool advert(enum probe_what what)
{
    return what == PROBE_ADVERT || what == PROBE_ADVERT_ALIEN;
}

static void keep_frame(struct engine *en, struct probe_sighting *g)
{
    size_t n = en->nframe < PROBE_FRAME_MAX ? en->nframe : PROBE_FRAME_MAX;

    if (en->frame == NULL || en->frames_bytes + n > PROBE_FRAMES_BYTES_MAX)
        return;
    g->frame = xcalloc(n, 1);
    memcpy(g->frame, en->frame, n);
    g->nframe = (uint16_t)n;
    g->length = (uint16_t)en->nframe;
    en->frames_bytes += n;
}

/* Repetitions at the same port are only counted: they carry nothing new, and would let a student fill the list; the same packet from
 * another source does (a translator that leaks, a second owner of an address), up to a few. */
static void record(struct engine *en, struct shot *s, const struct packet *p, const char *port, bool in,
                   int64_t t_us, enum probe_what what, uint32_t seq)
{
    struct seen *n;
    unsigned sources = 0;

    for (size_t i = 0; i < s->nseen; i++) {
        struct seen *o = &s->seen[i];

        if (o->g.what != what || o->g.in != in || o->seq != seq || strcmp(o->g.port, port) != 0)
            continue;
        if (probe_addr_equal(&o->g.src, &p->src) && (!advert(what) || memcmp(o->g.mac, p->mac, 6) == 0)) {
            if (t_us < o->g.t_us)
                o->g.t_us = t_us;
            o->g.copies += o->g.copies < PROBE_COPIES_MAX;
            return;
        }
        if (++sources == SOURCES_MAX)
            return;
    }
    if (s->nseen >= PROBE_SIGHTINGS_MAX || en->nseen >= PROBE_SIGHTINGS_ALL_MAX) {
        en->lost++;
        return;
    }
    XGROW(s->seen, s->nseen, s->cap);
    n = &s->seen[s->nseen++];
    memset(n, 0, sizeof *n);
    snprintf(n->g.port, sizeof n->g.port, "%s", port);
    n->g.in = in;
    n->g.what = what;
    n->g.t_us = t_us;
    n->g.src = p->src;
    n->g.dst = p->dst;
    n->g.ttl = p->ttl;
    n->g.copies = 1;
    if (advert(what))
        memcpy(n->g.mac, p->mac, sizeof n->g.mac);
    n->seq = seq;
    keep_frame(en, &n->g);
    en->nseen++;
}

static bool at_home(const struct volley *v, const char *port)
{
    return port[0] == '@' && strcmp(port + 1, v->p->from) == 0;
}

static void echo_or_datagram(struct engine *en, const struct packet *p, const char *port, bool in,
                             int64_t t_us)
{
    struct volley *v;
    struct shot *s;
    bool reply = p->kind == PROBE_ICMP && p->reply;

    if (p->ndata < NONCE_SIZE || (s = nonce_find(en, p->data, &v)) == NULL || v->p->kind != p->kind ||
        s->state == SHOT_WAITING)
        return;
    if (p->error) {
        record(en, s, p, port, in, t_us, PROBE_ERROR, 0);
        return;
    }
    if (p->kind == PROBE_UDP) { /* one of the two ports may have been translated */
        bool there = p->sport == v->ident || p->dport == v->p->port;

        reply = p->sport == v->p->port && p->dport == v->ident;
        if (!reply && !there && !(reply = p->sport == v->p->port || p->dport == v->ident))
            return;
    }
    record(en, s, p, port, in, t_us, reply ? PROBE_REPLY : PROBE_REQUEST, 0);
    if (p->kind == PROBE_UDP) /* at home nothing is translated */
        reply = p->sport == v->p->port && p->dport == v->ident;
    if (reply && in && at_home(v, port) && s->s.reply_us < 0 && probe_addr_equal(&p->src, &v->p->to) &&
        probe_addr_equal(&p->dst, &v->self)) {
        s->s.reply_us = t_us < s->s.sent_us ? s->s.sent_us : t_us;
        s->s.reply_ttl = p->ttl;
        s->s.data = s->s.echo = p->kind == PROBE_UDP;
    }
}

/* Datagrams of protocols. */
static void words(struct engine *en, const struct packet *p, const char *port, bool in, int64_t t_us)
{
    for (size_t i = 0; i < en->spec->nprobes; i++) {
        struct volley *v = &en->volleys[i];
        const struct speech *speech = speech_of(v->p);
        bool reply;

        if (v->p->kind != PROBE_UDP || speech == NULL)
            continue;
        for (unsigned k = 0; k < v->fired; k++)
            if (speech->belongs(&v->shots[k], p->data, p->ndata, &reply))
                record(en, &v->shots[k], p, port, in, t_us,
                       p->error ? PROBE_ERROR
                       : reply  ? PROBE_REPLY
                                : PROBE_REQUEST,
                       reply && !p->error ? match_digest(en, p->data, p->ndata) : 0);
    }
}

static bool holds_nonce(const struct packet *p, const struct shot *s)
{
    const void *mark = s->nmark > 0 ? (const void *)(s->tx.data + s->mark) : s->hex;
    size_t n = s->nmark > 0 ? s->nmark : NONCE_HEX;

    return p->ndata >= n && memmem(p->data, p->ndata, mark, n) != NULL;
}

/* The first bytes of an answer without the nonce: those with the sequence number that the client waits for, which is
 * held against them when all is over unless it is known already. */
static bool opens(const struct volley *v, const struct shot *s, const struct packet *p)
{
    const struct speech *speech = speech_of(v->p);
    size_t n = speech != NULL && speech->opening != NULL ? strlen(speech->opening) : 0;

    return n > 0 && p->ndata >= n && memcmp(p->data, speech->opening, n) == 0 &&
           (!s->peer_known || p->seq == s->peer_isn + 1);
}

/* Addresses and the server's port may have been translated on the way; the client's port stays, and what bears
 * no nonce is held against the sequence number when all is over: genuine() of engine.c. */
static void segment(struct engine *en, struct volley *v, struct shot *s, const struct packet *p,
                    const char *port, bool in, int64_t t_us)
{
    bool home = at_home(v, port);

    if (p->error) {
        if (p->sport == s->lport)
            record(en, s, p, port, in, t_us, PROBE_ERROR, p->seq);
    } else if (p->sport == s->lport) {
        if ((p->flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN) {
            /* Exactly this one: connections to different peers may share the client's port. */
            if (home && !in && p->dport == v->p->port && probe_addr_equal(&p->dst, &v->p->to)) {
                s->isn = p->seq;
                s->isn_known = true;
            }
            record(en, s, p, port, in, t_us, PROBE_SYN, p->seq);
        } else {
            if (home && !in && !s->peer_known && (p->flags & PACKET_ACK) != 0 && p->dport == v->p->port &&
                probe_addr_equal(&p->dst, &v->p->to)) {
                s->peer_isn = p->ack - 1;
                s->peer_known = true;
            }
            if (holds_nonce(p, s))
                record(en, s, p, port, in, t_us, PROBE_DATA, 0);
        }
    } else if (p->dport == s->lport) {
        if ((p->flags & (PACKET_SYN | PACKET_ACK)) == (PACKET_SYN | PACKET_ACK))
            record(en, s, p, port, in, t_us, PROBE_SYNACK, p->ack);
        else if ((p->flags & PACKET_RST) != 0)
            record(en, s, p, port, in, t_us, PROBE_RST, p->ack);
        else if (holds_nonce(p, s))
            record(en, s, p, port, in, t_us, PROBE_DATABACK, 0);
        else if (opens(v, s, p))
            record(en, s, p, port, in, t_us, PROBE_DATABACK, p->seq);
    }
}

static bool alien(const struct engine *en, const struct packet *p, const char *port, bool in)
{
    uint8_t own[6];

    for (size_t i = 0; !in && i < en->spec->nports; i++)
        if (strcmp(en->spec->ports[i].name, port) == 0 && probe_mac_parse(en->spec->ports[i].mac, own))
            return memcmp(own, p->mac, sizeof own) != 0;
    return false;
}

/* There is no room for a nonce: an answer is told by the addresses, and that it is meant for the one who asked. */
static void neighbour(struct engine *en, const struct packet *p, const char *port, bool in, int64_t t_us)
{
    const struct probe_addr *asker = p->reply ? &p->dst : &p->src, *wanted = p->reply ? &p->src : &p->dst;

    for (size_t i = 0; i < en->spec->nprobes; i++) {
        struct volley *v = &en->volleys[i];
        struct shot *s = v->fired > 0 ? &v->shots[v->fired - 1] : NULL;
        bool home = at_home(v, port);

        if (v->p->kind != PROBE_NEIGHBOUR || s == NULL || !probe_addr_equal(asker, &v->self) ||
            !probe_addr_equal(wanted, &v->p->to))
            continue;
        record(en, s, p, port, in, t_us,
               !p->reply                ? PROBE_REQUEST
               : alien(en, p, port, in) ? PROBE_ADVERT_ALIEN
                                        : PROBE_ADVERT,
               0);
        if (p->reply && in && home && s->s.reply_us < 0)
            s->s.reply_us = t_us < s->s.sent_us ? s->s.sent_us : t_us;
    }
}

void match_packet(struct engine *en, const struct packet *p, const char *port, bool in, int64_t t_us)
{
    if (p->kind == PROBE_NEIGHBOUR) {
        neighbour(en, p, port, in, t_us);
        return;
    }
    if (p->kind != PROBE_TCP) {
        echo_or_datagram(en, p, port, in, t_us);
        if (p->kind == PROBE_UDP)
            words(en, p, port, in, t_us);
        return;
    }
    for (size_t i = 0; i < en->spec->nprobes; i++) {
        struct volley *v = &en->volleys[i];

        if (v->p->kind != PROBE_TCP || v->p->to.family != p->src.family)
            continue;
        for (unsigned k = 0; k < v->fired; k++)
            if (v->shots[k].lport != 0 && (v->shots[k].lport == p->sport || v->shots[k].lport == p->dport))
                segment(en, v, &v->shots[k], p, port, in, t_us);
    }
}

static bool hides(const struct probe *pr, unsigned proto, const struct packet *p)
{
    if (p->ndata < OUTER_MIN)
        return false;
    if (pr->outer == PROBE_OUTER_ESP)
        return proto == IPPROTO_ESP;
    return pr->outer == PROBE_OUTER_UDP && proto == IPPROTO_UDP &&
           ((p->data[0] << 8 | p->data[1]) == pr->outer_port ||
            (p->data[2] << 8 | p->data[3]) == pr->outer_port);
}

/* Is the nonce at 'at' that of an answer, by what stands before it in a packet as probes are?  Inside of whatever. */
static bool answers(const struct volley *v, const uint8_t *frame, size_t at)
{
    enum { BEFORE = 8 }; /* the header of UDP, of ICMP echo */
    const uint8_t *h = frame + at - BEFORE;

    if (at < BEFORE)
        return false;
    if (v->p->kind == PROBE_ICMP)
        return h[0] == (v->p->to.family == AF_INET ? 0 : 129);
    return (h[2] << 8 | h[3]) == v->ident;
}

void match_frame(struct engine *en, const uint8_t *frame, size_t n, const char *port, bool in, int64_t t_us)
{
    struct packet p = {.src.family = AF_INET, .dst.family = AF_INET}; /* for what is not IP at all */
    unsigned proto = 0;
    bool ip = packet_parse_outer(frame, n, &p, &proto);

    for (size_t i = 0; i + NONCE_SIZE <= n; i++) {
        struct volley *v;
        struct shot *s = nonce_find(en, frame + i, &v);

        if (s != NULL && s->state != SHOT_WAITING && v->p->outer != PROBE_OUTER_NONE &&
            !(v->p->outer == PROBE_OUTER_ANY && answers(v, frame, i)))
            record(en, s, &p, port, in, t_us, PROBE_CLEAR, 0);
    }
    for (size_t i = 0; ip && i < en->spec->nprobes; i++) {
        struct volley *v = &en->volleys[i];

        for (unsigned k = 0; k < v->fired && hides(v->p, proto, &p); k++)
            if (t_us >= v->shots[k].s.sent_us)
                record(en, &v->shots[k], &p, port, in, t_us, PROBE_OUTER, 0);
    }
}
