/* Carries out a resolved probe spec.  Used by labprobe.
 *
 *   engine_open()  with privilege: reference networks, sockets, watches
 *   engine_run()   without: sends, receives, matches, until every probe is over
 *
 * engine.c drives, shot.c, neighbour.c and dhcp.c send, match.c and bpdu.c recognise what the watches saw, speech.h has
 * protocols. */
#ifndef GRADING_PROBE_ENGINE_H
#define GRADING_PROBE_ENGINE_H

#include "grading/probe.h"
#include "grading/probe/packet.h"
#include "grading/probe/watch.h"
#include "labd/base/buf.h"

#define NONCE_SIZE ((size_t)16)
#define NONCE_HEX (2 * NONCE_SIZE)

struct seen { /* a sighting and what it takes to tell repetitions and forgeries apart */
    struct probe_sighting g;
    /* TCP: the sequence number of a SYN or of an answer without the nonce, what a SYN-ACK or RST acknowledges;
     * UDP: match_digest() of an answer to a request of a protocol; else 0. */
    uint32_t seq;
};

enum shot_state { SHOT_WAITING, SHOT_SENT, SHOT_OPEN, SHOT_OVER };

/* One sample on its way. */
struct shot {
    enum shot_state state;
    uint8_t nonce[NONCE_SIZE];
    char hex[NONCE_HEX + 1];
    int fd;         /* probe_per_sample(): its own socket, made with privilege; else -1 */
    uint16_t lport; /* of that socket */
    uint32_t isn;   /* TCP: initial sequence number, from the sighting at the reference */
    bool isn_known;
    uint32_t peer_isn; /* TCP: of the peer that the reference spoke with, from what it acknowledged */
    bool peer_known;
    int64_t until_ms;      /* CLOCK_MONOTONIC: when to give up */
    struct probe_sample s; /* .sightings stays NULL until engine_result() */
    struct seen *seen;
    size_t nseen, cap;
    struct buf tx; /* the request of a protocol; what tells it from others is 'nmark' bytes at 'mark' */
    size_t mark, nmark;
    struct buf rx;
    uint32_t digest;                            /* UDP: of the answer that was taken */
    uint8_t lease[4], server[4], server_mac[6]; /* DHCP: what was offered, by whom, and where it came from */
};

/* One probe: its samples. */
struct volley {
    const struct probe *p;
    struct probe_addr self; /* the reference's address in p->to's family */
    uint8_t mac[6];         /* the reference's */
    int fd;                 /* else: one socket for all samples */
    uint16_t ident;         /* ICMP: identifier; UDP: local port of 'fd' */
    struct shot *shots;     /* p->count */
    unsigned fired;
    int64_t next_ms;
    bool over;
    char error[160];
};

struct nonce_slot {
    uint32_t volley, shot;
    bool used;
};

struct engine {
    const struct probe_spec *spec;
    struct volley *volleys; /* spec->nprobes */
    struct watch *watches;
    size_t nwatches;
    struct nonce_slot *table; /* hash of nonces, 'table_size' a power of two */
    size_t table_size;
    int epoll;
    int64_t t0_ns; /* CLOCK_REALTIME when the run began */
    size_t nseen;
    uint64_t lost;
    struct probe_bpdu *bpdus;
    size_t nbpdus, cap_bpdus;
    bool more_bpdus;
    uint32_t seed; /* of match_digest(), random */
    /* What is being looked at, borrowed, or NULL; and the bytes of frames that sightings hold. */
    const uint8_t *frame;
    size_t nframe, frames_bytes;
};

/* 'spec' is borrowed until engine_close(). */
int engine_open(struct engine *en, const struct probe_spec *spec, struct err *e) MUST_CHECK;
int engine_run(struct engine *en, struct err *e) MUST_CHECK;
struct probe_result *engine_result(struct engine *en); /* caller frees */
void engine_close(struct engine *en);

/* ---- shot.c ---- */
/* Opens the sockets of 'v' in the current network namespace. */
int volley_open(struct volley *v, struct err *e) MUST_CHECK;
/* Sends the next sample. */
void volley_fire(struct volley *v, const struct engine *en, int64_t now_ms);
/* The socket of 'shot' became ready. */
void shot_ready(struct volley *v, struct shot *s, const struct engine *en, int64_t now_ms);
bool shot_good(const struct volley *v, const struct shot *s);
int64_t engine_us(const struct engine *en); /* now, on the result's time scale */

/* ---- neighbour.c ---- */
/* The same for questions who has an address. */
int neighbour_open(struct volley *v, struct err *e) MUST_CHECK;
void neighbour_fire(struct volley *v);

/* ---- dhcp.c ---- */
/* Opens a socket for each sample of 'v', which receives whole frames, and the one that sends. */
int dhcp_open(struct volley *v, struct err *e) MUST_CHECK;
/* Broadcasts what s->tx holds; an error is put in v->error. */
void dhcp_fire(struct volley *v, struct shot *s);
/* Leaves the message of a frame of 'n' bytes at its beginning; its length, or 0 if it is not for this client. */
size_t dhcp_unwrap(struct shot *s, uint8_t *frame, size_t n);
/* Gives back what the clients of 'v' got. */
void dhcp_release(struct volley *v);

/* ---- match.c ---- */
/* Fresh nonces for all shots, the requests that are made of them, and the table to find them by. */
int match_nonces(struct engine *en, struct err *e) MUST_CHECK;
/* Tells answers from each other; looks at no more than a capture always holds. */
uint32_t match_digest(const struct engine *en, const uint8_t *data, size_t n);
/* Records packet 'p', seen at 't_us' at 'port'. */
void match_packet(struct engine *en, const struct packet *p, const char *port, bool in, int64_t t_us);
/* Searches a frame for nonces of probes that should be hidden, and for what may hide them. */
void match_frame(struct engine *en, const uint8_t *frame, size_t n, const char *port, bool in, int64_t t_us);

/* ---- bpdu.c ---- */
/* Reads who speaks and who is the root from a configuration BPDU or a rapid one of a designated port; false if the
 * frame is something else, or cut short.  'port' and 'in' of 'out' stay as they are. */
bool bpdu_parse(const uint8_t *frame, size_t n, struct probe_bpdu *out);
/* Records a frame that was seen at 'port', if it is one. */
void bpdu_frame(struct engine *en, const uint8_t *frame, size_t n, const char *port, bool in);

#endif
