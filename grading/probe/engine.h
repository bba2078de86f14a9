/* Carries out a resolved probe spec.  Used by labprobe.
 *
 *   engine_open()  with privilege: reference networks, sockets, watches
 *   engine_run()   without: sends, receives, matches, until every probe is over
 *
 * engine.c drives, shot.c and neighbour.c send, match.c recognises what the watches saw. */
#ifndef GRADING_PROBE_ENGINE_H
#define GRADING_PROBE_ENGINE_H

#include "grading/probe.h"
#include "grading/probe/packet.h"
#include "grading/probe/watch.h"

#define NONCE_SIZE ((size_t)16)
#define NONCE_HEX (2 * NONCE_SIZE)
#define SHOT_RECEIVE_MAX 512

struct seen { /* a sighting and what it takes to tell repetitions and forgeries apart */
    struct probe_sighting g;
    uint32_t seq; /* TCP: the sequence number of a SYN, what a SYN-ACK or RST acknowledges; else 0 */
};

enum shot_state { SHOT_WAITING, SHOT_SENT, SHOT_OPEN, SHOT_OVER };

/* One sample on its way. */
struct shot {
    enum shot_state state;
    uint8_t nonce[NONCE_SIZE];
    char hex[NONCE_HEX + 1];
    int fd;         /* TCP: its own socket, made with privilege; else -1 */
    uint16_t lport; /* TCP: local port */
    uint32_t isn;   /* TCP: initial sequence number, from the sighting at the reference */
    bool isn_known;
    int64_t until_ms;      /* CLOCK_MONOTONIC: when to give up */
    struct probe_sample s; /* .sightings stays NULL until engine_result() */
    struct seen *seen;
    size_t nseen, cap;
    char rx[SHOT_RECEIVE_MAX];
    size_t nrx;
};

/* One probe: its samples. */
struct volley {
    const struct probe *p;
    struct probe_addr self; /* the reference's address in p->to's family */
    uint8_t mac[6];         /* the reference's */
    int fd;                 /* ICMP, UDP, neighbour: one socket for all samples */
    uint16_t ident;         /* ICMP: identifier; UDP: local port */
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
/* The TCP socket of 'shot' became ready. */
void shot_ready(struct volley *v, struct shot *s, const struct engine *en, int64_t now_ms);
bool shot_good(const struct volley *v, const struct shot *s);
int64_t engine_us(const struct engine *en); /* now, on the result's time scale */

/* ---- neighbour.c ---- */
/* The same for questions who has an address. */
int neighbour_open(struct volley *v, struct err *e) MUST_CHECK;
void neighbour_fire(struct volley *v);

/* ---- match.c ---- */
/* Fresh nonces for all shots and the table to find them by. */
int match_nonces(struct engine *en, struct err *e) MUST_CHECK;
/* Records packet 'p', seen at 't_us' at 'port'. */
void match_packet(struct engine *en, const struct packet *p, const char *port, bool in, int64_t t_us);
/* Searches a frame for nonces of probes that should be hidden, and for what may hide them. */
void match_frame(struct engine *en, const uint8_t *frame, size_t n, const char *port, bool in, int64_t t_us);

#endif
