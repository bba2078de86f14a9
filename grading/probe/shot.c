/* Sends samples, follows TCP connections and reads answers. */
#include "grading/probe/engine.h"
#include "grading/probe/speech.h"
#include "labd/base/mem.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ECHO_BYTES 56     /* as ping does */
#define DATA_WAIT_MS 500  /* once connected: time for the peer's first bytes */
#define DATA_GRACE_MS 100 /* after them: time for the nonce to come back */
#define DATA_MAX 512
#define READ_MAX 4096

int64_t engine_us(const struct engine *en)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return ((int64_t)t.tv_sec * 1000000000 + t.tv_nsec - en->t0_ns) / 1000;
}

static socklen_t sockaddr_of(const struct probe_addr *a, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};

        memcpy(&in.sin_addr, a->b, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memcpy(&in6.sin6_addr, a->b, 16);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

/* A socket bound to the reference's address, with the probe's TTL. */
static int socket_open(const struct volley *v, int type, int proto, struct err *e)
{
    int family = v->p->to.family, ttl = v->p->ttl, on = 1;
    AUTO(mem_closep) int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, proto);
    struct sockaddr_storage self;
    socklen_t n = sockaddr_of(&v->self, 0, &self);

    if (fd < 0)
        return err_sys(e, "open a socket for probe '%s'", v->p->id);
    if ((family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl)
                           : setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &ttl, sizeof ttl)) < 0)
        return err_sys(e, "set the TTL of probe '%s'", v->p->id);
    /* The port is chosen at connect(), by peer, as for any client. */
    if (type == SOCK_STREAM && family == AF_INET &&
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0)
        return err_sys(e, "prepare probe '%s'", v->p->id);
    if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0)
        return err_sys(e, "prepare probe '%s'", v->p->id);
    if (bind(fd, (const struct sockaddr *)&self, n) < 0)
        return err_sys(e, "bind probe '%s' to the reference's address", v->p->id);
    return TAKE_FD(fd);
}

int volley_open(struct volley *v, struct err *e)
{
    struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    struct sock_fprog prog = {1, nothing};
    struct sockaddr_storage self;
    struct sockaddr_in in;
    socklen_t n = sizeof self;

    if (v->p->kind == PROBE_NEIGHBOUR)
        return neighbour_open(v, e);
    if (v->p->ask.speak == PROBE_SAY_DHCP)
        return dhcp_open(v, e);
    if (probe_per_sample(v->p)) {
        for (unsigned i = 0; i < v->p->count; i++)
            if ((v->shots[i].fd = socket_open(v, v->p->kind == PROBE_TCP ? SOCK_STREAM : SOCK_DGRAM, 0, e)) <
                0)
                return -1;
        return 0;
    }
    if (v->p->kind == PROBE_ICMP)
        v->fd = socket_open(v, SOCK_RAW, v->p->to.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, e);
    else
        v->fd = socket_open(v, SOCK_DGRAM, 0, e);
    if (v->fd < 0)
        return -1;
    /* Replies are read from the watch on the reference's interface; this socket only sends. */
    if (setsockopt(v->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog) < 0)
        return err_sys(e, "prepare probe '%s'", v->p->id);
    if (v->p->kind == PROBE_ICMP) {
        if (getrandom(&v->ident, sizeof v->ident, 0) != (ssize_t)sizeof v->ident)
            return err_sys(e, "get random bytes");
    } else {
        if (getsockname(v->fd, (struct sockaddr *)&self, &n) < 0)
            return err_sys(e, "prepare probe '%s'", v->p->id);
        memcpy(&in, &self, sizeof in); /* the port is at the same place in both families */
        v->ident = ntohs(in.sin_port);
    }
    return 0;
}

/* What an unreachable destination does to a sender is the lab's business; everything else is ours. */
static bool lab_error(int sys)
{
    return sys == EHOSTUNREACH || sys == ENETUNREACH || sys == ECONNREFUSED || sys == EHOSTDOWN;
}

static void datagram_fire(struct volley *v, const struct shot *s, unsigned seq)
{
    uint8_t m[8 + PROBE_PAYLOAD_MAX] = {0};
    struct sockaddr_storage to;
    socklen_t nto = sockaddr_of(&v->p->to, v->p->kind == PROBE_UDP ? v->p->port : 0, &to);
    const uint8_t *from = m;
    const size_t bytes = v->p->payload > ECHO_BYTES ? v->p->payload : ECHO_BYTES;
    size_t n = 8 + bytes;

    for (size_t i = 0; i < bytes; i++)
        m[8 + i] = (uint8_t)i;
    memcpy(m + 8, s->nonce, NONCE_SIZE);
    if (v->p->kind == PROBE_UDP) {
        from = m + 8;
        n = bytes;
    } else {
        uint16_t sum;

        m[0] = v->p->to.family == AF_INET ? 8 : 128;
        m[4] = (uint8_t)(v->ident >> 8);
        m[5] = (uint8_t)v->ident;
        m[6] = (uint8_t)(seq >> 8);
        m[7] = (uint8_t)seq;
        if (v->p->to.family == AF_INET) { /* the kernel does it for ICMPv6 */
            sum = packet_checksum(m, n);
            m[2] = (uint8_t)(sum >> 8);
            m[3] = (uint8_t)sum;
        }
    }
    if (sendto(v->fd, from, n, 0, (const struct sockaddr *)&to, nto) < 0 && !lab_error(errno))
        snprintf(v->error, sizeof v->error, "could not send: %s", strerror(errno));
}

static void shot_over(const struct engine *en, struct shot *s)
{
    if (s->fd >= 0) {
        epoll_ctl(en->epoll, EPOLL_CTL_DEL, s->fd, NULL);
        close(s->fd);
        s->fd = -1;
    }
    s->state = SHOT_OVER;
}

static void failed(struct volley *v, struct shot *s, const struct engine *en, int sys)
{
    if (sys == ECONNREFUSED || sys == ECONNRESET)
        s->s.tcp = PROBE_TCP_REFUSED;
    else if (sys == ETIMEDOUT)
        s->s.tcp = PROBE_TCP_TIMEOUT;
    else if (lab_error(sys) || sys == ENOPROTOOPT || sys == EACCES)
        s->s.tcp = PROBE_TCP_UNREACHABLE;
    else
        snprintf(v->error, sizeof v->error, "could not %s: %s", v->p->kind == PROBE_TCP ? "connect" : "ask",
                 strerror(sys));
    if (s->s.tcp == PROBE_TCP_REFUSED)
        s->s.reply_us = engine_us(en);
    shot_over(en, s);
}

/* Connects the sample's own socket; on UDP that only says who may answer, and the request follows. */
static void own_fire(struct volley *v, struct shot *s, const struct engine *en)
{
    struct sockaddr_storage to, self;
    socklen_t nto = sockaddr_of(&v->p->to, v->p->port, &to), nself = sizeof self;
    struct sockaddr_in in;
    int r = connect(s->fd, (const struct sockaddr *)&to, nto), sys = errno;

    if (r < 0 && sys != EINPROGRESS) {
        failed(v, s, en, sys);
        return;
    }
    if (getsockname(s->fd, (struct sockaddr *)&self, &nself) == 0) {
        memcpy(&in, &self, sizeof in);
        s->lport = ntohs(in.sin_port);
    }
    if (v->p->kind == PROBE_UDP && send(s->fd, s->tx.data, s->tx.len, 0) < 0)
        failed(v, s, en, errno);
}

void volley_fire(struct volley *v, const struct engine *en, int64_t now_ms)
{
    struct shot *s = &v->shots[v->fired];

    s->state = SHOT_SENT;
    s->s.sent_us = engine_us(en);
    s->until_ms = now_ms + v->p->timeout_ms;
    if (v->p->ask.speak == PROBE_SAY_DHCP)
        dhcp_fire(v, s);
    else if (probe_per_sample(v->p))
        own_fire(v, s, en);
    else if (v->p->kind == PROBE_NEIGHBOUR)
        neighbour_fire(v);
    else
        datagram_fire(v, s, v->fired + 1);
    v->fired++;
    v->next_ms += v->p->interval_ms;
}

/* Speaks as a client of that port would. */
static void tcp_opened(struct volley *v, struct shot *s, const struct engine *en, int64_t now_ms)
{
    bool web = v->p->port == 80 || v->p->port == 8080;

    s->state = SHOT_OPEN;
    s->until_ms = now_ms + (v->p->ask.speak != PROBE_SAY_NONCE ? (int)PROBE_ANSWER_MS : DATA_WAIT_MS);
    s->s.tcp = PROBE_TCP_OPEN;
    s->s.reply_us = engine_us(en);
    if (v->p->ask.speak == PROBE_SAY_NONCE)
        buf_printf(&s->tx, web ? "GET /%s HTTP/1.0\r\n\r\n" : "%s\n", s->hex);
    (void)!send(s->fd, s->tx.data, s->tx.len,
                MSG_NOSIGNAL); /* a peer that closes at once is open all the same */
}

/* Bytes came back: anything, the nonce, or a protocol's answer.  True when there is nothing to wait for. */
static bool received(const struct volley *v, struct shot *s, const struct engine *en, bool closed,
                     int64_t now_ms)
{
    const struct speech *speech = speech_of(v->p);

    if (speech == NULL) {
        if (!closed && !s->s.data)
            s->until_ms = now_ms + DATA_GRACE_MS;
        s->s.data = s->rx.len > 0;
        s->s.echo = s->rx.len > 0 && memmem(s->rx.data, s->rx.len, s->hex, NONCE_HEX) != NULL;
        return closed || s->s.echo || s->rx.len >= DATA_MAX;
    }
    s->s.data = s->s.data || s->rx.len > 0;
    if (!speech->answer(v->p, s, closed))
        return closed || s->rx.len >= speech->answer_max;
    if (v->p->kind == PROBE_UDP) {
        s->s.reply_us = engine_us(en);
        s->digest = match_digest(en, (const uint8_t *)s->rx.data, s->rx.len);
    }
    return true;
}

/* What was received, and is not the end: an offer, which the client asks for, or a stranger's datagram. */
static void go_on(struct volley *v, struct shot *s, const struct engine *en)
{
    if (v->p->ask.speak == PROBE_SAY_DHCP && s->state == SHOT_SENT && s->s.answer.code == PROBE_DHCP_OFFER) {
        s->digest = match_digest(en, (const uint8_t *)s->rx.data, s->rx.len);
        dhcp_fire(v, s);
        s->state = SHOT_OPEN;
    }
    buf_truncate(&s->rx, 0);
}

static void own_receive(struct volley *v, struct shot *s, const struct engine *en, int64_t now_ms)
{
    const struct speech *speech = speech_of(v->p);
    size_t max = speech != NULL ? speech->answer_max : DATA_MAX;
    char chunk[READ_MAX];
    ssize_t n = recv(s->fd, chunk, max - s->rx.len < sizeof chunk ? max - s->rx.len : sizeof chunk, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 && v->p->kind == PROBE_UDP) {
        failed(v, s, en, errno);
        return;
    }
    if (n > 0 && v->p->ask.speak == PROBE_SAY_DHCP)
        n = (ssize_t)dhcp_unwrap(s, (uint8_t *)chunk, (size_t)n);
    if (n > 0)
        buf_add(&s->rx, chunk, (size_t)n);
    if (received(v, s, en, v->p->kind == PROBE_TCP && n <= 0, now_ms))
        shot_over(en, s);
    else if (v->p->kind == PROBE_UDP)
        go_on(v, s, en);
}

void shot_ready(struct volley *v, struct shot *s, const struct engine *en, int64_t now_ms)
{
    int sys = 0;
    socklen_t len = sizeof sys;

    if (s->state == SHOT_OPEN || (s->state == SHOT_SENT && v->p->kind == PROBE_UDP)) {
        own_receive(v, s, en, now_ms);
        return;
    }
    if (s->state != SHOT_SENT)
        return;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
        sys = errno;
    if (sys != 0) {
        failed(v, s, en, sys);
        return;
    }
    tcp_opened(v, s, en, now_ms);
    epoll_ctl(en->epoll, EPOLL_CTL_MOD, s->fd,
              &(struct epoll_event){.events = EPOLLIN,
                                    .data.u64 = 1ull << 32 | (uint64_t)(v - en->volleys) << 16 |
                                                (uint64_t)(s - v->shots)});
}

bool shot_good(const struct volley *v, const struct shot *s)
{
    enum probe_what want = v->p->kind == PROBE_TCP ? PROBE_SYN : PROBE_REQUEST;

    if (v->p->kind == PROBE_TCP ? s->s.tcp != PROBE_TCP_OPEN : s->s.reply_us < 0)
        return false;
    if (v->p->ask.speak != PROBE_SAY_NONCE && s->s.answer.code < 0)
        return false;
    if (v->p->far[0] == '\0')
        return true;
    for (size_t i = 0; i < s->nseen; i++)
        if (s->seen[i].g.in && s->seen[i].g.what == want && strcmp(s->seen[i].g.port, v->p->far) == 0)
            return true;
    return false;
}
