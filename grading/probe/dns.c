/* DNS (RFC 1035): a question, and its answer taken apart by the resolver library.
 *
 * The nonce of a question is the message's id, the client's port, and the case of each letter of the name, which
 * servers repeat as it is (draft-vixie-dnsext-dns0x20). */
#include "grading/probe/speech.h"

#include "grading/probe_dns.h"
#include "labd/base/mem.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define LENGTH 2 /* before a message on TCP */
#define ANSWER_MAX 16384
#define ALIASES_MAX 8
#define FLAG_RD 0x01 /* of byte 2 */
#define FLAG_QR 0x80

/* The name with the case of its letters by the nonce. */
static void spell(const struct probe *p, const struct shot *s, char out[NS_MAXDNAME])
{
    unsigned letter = 0;

    snprintf(out, NS_MAXDNAME, "%s%s%s", p->ask.fresh ? s->hex : "", p->ask.fresh ? "." : "", p->ask.domain);
    for (char *c = out; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z') {
            if (s->nonce[2 + letter / 8 % (NONCE_SIZE - 2)] >> letter % 8 & 1)
                *c = (char)(*c - ('a' - 'A'));
            letter++;
        }
}

static int request(const struct probe *p, struct shot *s, struct err *e)
{
    uint8_t wire[NS_MAXCDNAME];
    uint8_t head[LENGTH + NS_HFIXEDSZ] = {0}, tail[NS_QFIXEDSZ] = {0, (uint8_t)p->ask.type, 0, ns_c_in};
    char name[NS_MAXDNAME];
    size_t n = 0, total;

    spell(p, s, name);
    if (ns_name_pton(name, wire, sizeof wire) < 0)
        return err_set(e, ERR_INVALID, "probe '%s': '%s' can not be asked for", p->id, name);
    while (wire[n] != 0)
        n += (size_t)wire[n] + 1;
    n++;
    total = NS_HFIXEDSZ + n + NS_QFIXEDSZ;
    head[0] = (uint8_t)(total >> 8);
    head[1] = (uint8_t)total;
    memcpy(head + LENGTH, s->nonce, 2);
    head[LENGTH + 2] = FLAG_RD;
    head[LENGTH + 5] = 1; /* one question */
    if (p->kind == PROBE_TCP)
        buf_add(&s->tx, head, LENGTH);
    buf_add(&s->tx, head + LENGTH, NS_HFIXEDSZ);
    s->mark = s->tx.len;
    buf_add(&s->tx, wire, n);
    buf_add(&s->tx, tail, sizeof tail);
    s->nmark = s->tx.len - s->mark;
    return 0;
}

/* The id, one question, and that exactly as it was sent. */
static bool belongs(const struct shot *s, const uint8_t *data, size_t n, bool *reply)
{
    if (n < NS_HFIXEDSZ + s->nmark || memcmp(data, s->nonce, 2) != 0 || data[4] != 0 || data[5] != 1 ||
        memcmp(data + NS_HFIXEDSZ, s->tx.data + s->mark, s->nmark) != 0)
        return false;
    *reply = (data[2] & FLAG_QR) != 0;
    return true;
}

/* ---- the answer ---- */
static bool name_at(const ns_msg *m, const uint8_t *at, char out[NS_MAXDNAME])
{
    if (ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), at, out, NS_MAXDNAME) < 0)
        return false;
    for (char *c = out; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return true;
}

/* The character strings of a TXT record as one, with what is not printable as \DDD. */
static bool text_of(const uint8_t *data, size_t n, char out[PROBE_VALUE_SIZE])
{
    size_t at = 0;

    while (n > 0) {
        size_t len = *data++;

        if (len > --n)
            return false;
        n -= len;
        for (; len > 0; len--, data++)
            if (at + 5 < PROBE_VALUE_SIZE)
                at +=
                    (size_t)snprintf(out + at, PROBE_VALUE_SIZE - at,
                                     *data < 0x20 || *data > 0x7e || *data == '\\' ? "\\%03u" : "%c", *data);
    }
    out[at] = '\0';
    return true;
}

/* As probe_record_parse() writes it.  What is too long for a value is longer than any that can be expected, also
 * when it is cut. */
static bool value_of(const ns_msg *m, const ns_rr *rr, char out[PROBE_VALUE_SIZE])
{
    const uint8_t *data = ns_rr_rdata(*rr);
    size_t n = ns_rr_rdlen(*rr);
    char name[NS_MAXDNAME];

    switch ((unsigned)ns_rr_type(*rr)) {
    case ns_t_a:
        return n == 4 && inet_ntop(AF_INET, data, out, PROBE_VALUE_SIZE) != NULL;
    case ns_t_aaaa:
        return n == 16 && inet_ntop(AF_INET6, data, out, PROBE_VALUE_SIZE) != NULL;
    case ns_t_mx:
        if (n < 3 || !name_at(m, data + 2, name))
            return false;
        snprintf(out, PROBE_VALUE_SIZE, "%u %.255s", (unsigned)(data[0] << 8 | data[1]), name);
        return true;
    case ns_t_txt:
        return text_of(data, n, out);
    default:
        if (!name_at(m, data, name))
            return false;
        snprintf(out, PROBE_VALUE_SIZE, "%.255s", name);
        return true;
    }
}

/* Where the aliases in the answer lead from 'owner', in place. */
static bool follow(ns_msg *m, char owner[NS_MAXDNAME])
{
    for (int hops = 0; hops < ALIASES_MAX; hops++) {
        bool moved = false;

        for (int i = 0; i < ns_msg_count(*m, ns_s_an) && !moved; i++) {
            ns_rr rr;

            if (ns_parserr(m, ns_s_an, i, &rr) < 0)
                return false;
            if (ns_rr_type(rr) != ns_t_cname || strcasecmp(ns_rr_name(rr), owner) != 0)
                continue;
            if (!name_at(m, ns_rr_rdata(rr), owner))
                return false;
            moved = true;
        }
        if (!moved)
            break;
    }
    return true;
}

static bool take_apart(const uint8_t *data, size_t n, unsigned type, struct probe_answer *a)
{
    char owner[NS_MAXDNAME];
    ns_msg m;
    ns_rr rr;

    if (ns_initparse(data, (int)n, &m) < 0 || ns_parserr(&m, ns_s_qd, 0, &rr) < 0)
        return false;
    snprintf(owner, sizeof owner, "%s", ns_rr_name(rr));
    if (type != ns_t_cname && !follow(&m, owner))
        return false;
    a->code = ns_msg_getflag(m, ns_f_rcode);
    a->cut = ns_msg_getflag(m, ns_f_tc) != 0;
    a->values = xcalloc(PROBE_VALUES_MAX, sizeof *a->values);
    for (int i = 0; i < ns_msg_count(m, ns_s_an) && a->nvalues < PROBE_VALUES_MAX; i++) {
        if (ns_parserr(&m, ns_s_an, i, &rr) < 0)
            return false;
        if (ns_rr_type(rr) != type || ns_rr_class(rr) != ns_c_in || strcasecmp(ns_rr_name(rr), owner) != 0)
            continue;
        if (!value_of(&m, &rr, a->values[a->nvalues]))
            return false;
        a->nvalues++;
    }
    return true;
}

static bool answer(const struct probe *p, struct shot *s, bool closed)
{
    const uint8_t *data = (const uint8_t *)buf_str(&s->rx);
    struct probe_answer *a = &s->s.answer;
    size_t n = s->rx.len;
    bool reply = false;

    if (p->kind == PROBE_TCP) {
        if (n < LENGTH || n - LENGTH < (size_t)(data[0] << 8 | data[1])) {
            if (n > 0 && (closed || n >= ANSWER_MAX))
                a->code = PROBE_ANSWER_BAD;
            return a->code != PROBE_ANSWER_NONE;
        }
        n = (size_t)(data[0] << 8 | data[1]);
        data += LENGTH;
    }
    if (!belongs(s, data, n, &reply) || !reply) {
        /* On UDP anyone may send something: the real answer may still come. */
        if (p->kind == PROBE_TCP)
            a->code = PROBE_ANSWER_BAD;
        return p->kind == PROBE_TCP;
    }
    if (!take_apart(data, n, p->ask.type, a)) {
        free(a->values);
        *a = (struct probe_answer){.code = PROBE_ANSWER_BAD};
    }
    return true;
}

const struct speech speech_dns = {
    .answer_max = ANSWER_MAX,
    .request = request,
    .belongs = belongs,
    .answer = answer,
};
