/* Which packets become sightings of which sample; no socket is open here. */
#include "grading/probe/speech.h"
#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

struct bench {
    struct probe_spec *spec;
    struct engine en;
    struct volley volleys[2];
    struct shot shots[2][2];
};

/* Probe 0 is ICMP, probe 1 TCP to port 80 from port 40000; both were sent. */
static int setup(void **state)
{
    struct bench *b = xcalloc(1, sizeof *b);

    b->spec = probe_spec_new();
    b->spec->nprobes = 2;
    b->en.spec = b->spec;
    b->en.volleys = b->volleys;
    for (int i = 0; i < 2; i++) {
        struct probe *p = &b->spec->probes[i];
        struct volley *v = &b->volleys[i];

        p->kind = i ? PROBE_TCP : PROBE_ICMP;
        p->port = i ? 80 : 0;
        p->count = 2;
        snprintf(p->from, sizeof p->from, "refa");
        snprintf(p->far, sizeof p->far, "h2:eth0");
        probe_addr_parse("10.0.2.10", &p->to);
        probe_addr_parse("10.0.1.250", &v->self);
        v->p = p;
        v->shots = b->shots[i];
        v->fired = 2;
        for (int k = 0; k < 2; k++) {
            v->shots[k].fd = -1;
            v->shots[k].state = SHOT_SENT;
            v->shots[k].s.reply_us = -1;
            v->shots[k].lport = i ? (uint16_t)(40000 + k) : 0;
        }
    }
    *state = b;
    return match_nonces(&b->en, NULL);
}

static int teardown(void **state)
{
    struct bench *b = *state;

    for (int i = 0; i < 4; i++) {
        free(b->shots[i / 2][i % 2].seen);
        buf_clear(&b->shots[i / 2][i % 2].tx);
    }
    free(b->en.table);
    probe_spec_free(b->spec);
    free(b);
    return 0;
}

static struct packet echo(const struct shot *s, bool reply, const char *src, const char *dst)
{
    struct packet p = {.kind = PROBE_ICMP, .reply = reply, .ttl = 63, .data = s->nonce, .ndata = NONCE_SIZE};

    probe_addr_parse(src, &p.src);
    probe_addr_parse(dst, &p.dst);
    return p;
}

static struct packet tcp(bool back, uint8_t flags, uint32_t seq, uint32_t ack)
{
    struct packet p = {.kind = PROBE_TCP, .ttl = 63, .flags = flags, .seq = seq, .ack = ack};

    p.sport = back ? 80 : 40000;
    p.dport = back ? 40000 : 80;
    probe_addr_parse(back ? "10.0.2.10" : "10.0.1.250", &p.src);
    probe_addr_parse(back ? "10.0.1.250" : "10.0.2.10", &p.dst);
    return p;
}

static void test_nonces_differ(void **state)
{
    const struct bench *b = *state;

    assert_memory_not_equal(b->shots[0][0].nonce, b->shots[0][1].nonce, NONCE_SIZE);
    assert_int_equal(strlen(b->shots[1][0].hex), NONCE_HEX);
}

static void test_request_is_recorded_with_its_sample(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][1], false, "10.0.1.250", "10.0.2.10");

    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 0);
    assert_int_equal(b->shots[0][1].nseen, 1);
    assert_int_equal(b->shots[0][1].seen[0].g.what, PROBE_REQUEST);
}

static void test_other_nonce_is_nobodys(void **state)
{
    struct bench *b = *state;
    struct shot other = {.nonce = {1}};
    struct packet p = echo(&other, false, "10.0.1.250", "10.0.2.10");

    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    assert_int_equal(b->en.nseen, 0);
}

static void test_repetitions_are_counted(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][0], false, "10.0.1.250", "10.0.2.10");

    for (int i = 0; i < 1000; i++)
        match_packet(&b->en, &p, "h2:eth0", true, 5000 - i);
    assert_int_equal(b->shots[0][0].nseen, 1);
    assert_int_equal(b->shots[0][0].seen[0].g.t_us, 4001);
    assert_int_equal(b->shots[0][0].seen[0].g.copies, 1000);
    for (unsigned i = 0; i < PROBE_COPIES_MAX; i++)
        match_packet(&b->en, &p, "h2:eth0", true, 5000);
    assert_int_equal(b->shots[0][0].seen[0].g.copies, PROBE_COPIES_MAX);
    assert_int_equal(b->en.lost, 0);
}

/* How the frame began stays with the sighting, as far as there is room: without it the sighting counts as well. */
static void test_frames_are_kept(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][0], false, "10.0.1.250", "10.0.2.10");
    uint8_t frame[PROBE_FRAME_MAX + 100];

    b->spec->probes[0].id[0] = 'a';
    b->spec->probes[1].id[0] = 'b';
    memset(frame, 7, sizeof frame);
    b->en.frame = frame;
    b->en.nframe = sizeof frame;
    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    b->en.nframe = 60;
    match_packet(&b->en, &p, "r1:eth0", true, 1100);
    b->en.frames_bytes = PROBE_FRAMES_BYTES_MAX - 59;
    match_packet(&b->en, &p, "r1:eth1", false, 1200);
    b->shots[0][0].state = SHOT_OVER;
    AUTO(probe_result_freep) struct probe_result *r = engine_result(&b->en);
    const struct probe_sighting *g = r->probes[0].samples[0].sightings;
    assert_int_equal(r->probes[0].samples[0].nsightings, 3);
    assert_int_equal(g[0].nframe, PROBE_FRAME_MAX);
    assert_int_equal(g[0].length, sizeof frame);
    assert_int_equal(g[1].nframe, 60);
    assert_memory_equal(g[1].frame, frame, 60);
    assert_null(g[2].frame);
    json_t *j = probe_result_to_json(r);
    struct err e;
    AUTO(probe_result_freep) struct probe_result *again = probe_result_from_json(j, &e);
    if (again == NULL)
        fail_msg("%s", e.msg);
    AUTO(mem_freep) char *text = json_dumps(j, 0);
    assert_non_null(strstr(text, "\"frame\": \"0707"));
    json_decref(j);
}

/* Filling the list does not hide what comes later: it turns the result into an error. */
static void test_overflow_is_an_error(void **state)
{
    struct bench *b = *state;

    for (uint32_t i = 0; i <= PROBE_SIGHTINGS_MAX; i++) {
        struct packet p = tcp(false, PACKET_SYN, i, 0);

        match_packet(&b->en, &p, "r1:eth0", true, 1000);
    }
    assert_int_equal(b->shots[1][0].nseen, PROBE_SIGHTINGS_MAX);
    assert_int_equal(b->en.lost, 1);
}

static void test_reply_at_home(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][0], true, "10.0.2.10", "10.0.1.250");

    match_packet(&b->en, &p, "@refa", true, 2000);
    assert_int_equal(b->shots[0][0].s.reply_us, 2000);
    assert_int_equal(b->shots[0][0].s.reply_ttl, 63);
}

static void test_reply_elsewhere_is_no_reply(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][0], true, "10.0.2.10", "10.0.1.250");

    match_packet(&b->en, &p, "h2:eth0", false, 2000);
    assert_int_equal(b->shots[0][0].s.reply_us, -1);
}

static void test_reply_from_another_address_is_no_reply(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][0], true, "10.0.1.1", "10.0.1.250");

    match_packet(&b->en, &p, "@refa", true, 2000);
    assert_int_equal(b->shots[0][0].s.reply_us, -1);
}

static void test_before_it_was_sent_nothing_counts(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][0], false, "10.0.1.250", "10.0.2.10");

    b->shots[0][0].state = SHOT_WAITING;
    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 0);
}

/* A translator may leak what it should have translated: both show, and a flood of sources fits all the same. */
static void test_sources_are_told_apart(void **state)
{
    struct bench *b = *state;
    struct packet p = echo(&b->shots[0][0], false, "10.0.2.1", "10.0.2.10");

    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    probe_addr_parse("10.0.1.250", &p.src);
    match_packet(&b->en, &p, "h2:eth0", true, 1100);
    assert_int_equal(b->shots[0][0].nseen, 2);
    for (int i = 0; i < 200; i++) {
        p.src.b[3] = (uint8_t)i;
        match_packet(&b->en, &p, "h2:eth0", true, 1200);
    }
    assert_int_equal(b->shots[0][0].nseen, 4);
    assert_int_equal(b->en.lost, 0);
}

static void test_translated_port_is_the_same_connection(void **state)
{
    struct bench *b = *state;
    struct packet left = tcp(false, PACKET_SYN, 77, 0), mapped = left;
    struct probe_result *r;

    mapped.dport = 8080;
    probe_addr_parse("10.0.2.99", &mapped.dst);
    match_packet(&b->en, &left, "@refa", false, 1000);
    match_packet(&b->en, &mapped, "h2:eth0", true, 1100);
    b->shots[1][0].state = SHOT_OVER;
    r = engine_result(&b->en);
    assert_int_equal(r->probes[1].samples[0].nsightings, 2);
    probe_result_free(r);
}

/* Another connection of the reference, by chance from the same port, is not this one. */
static void test_shared_client_port(void **state)
{
    struct bench *b = *state;
    struct packet left = tcp(false, PACKET_SYN, 77, 0), other = tcp(false, PACKET_SYN, 99, 0);
    struct probe_result *r;

    probe_addr_parse("10.0.2.11", &other.dst);
    match_packet(&b->en, &left, "@refa", false, 1000);
    match_packet(&b->en, &other, "@refa", false, 1050);
    match_packet(&b->en, &other, "h2:eth0", true, 1100);
    b->shots[1][0].state = SHOT_OVER;
    r = engine_result(&b->en);
    assert_int_equal(r->probes[1].samples[0].nsightings, 1);
    assert_int_equal(r->probes[1].samples[0].sightings[0].t_us, 1000);
    probe_result_free(r);
}

/* What the result holds of two SYNs at the far port: the one that left the reference. */
static void test_forged_syn_is_left_out(void **state)
{
    struct bench *b = *state;
    struct packet left = tcp(false, PACKET_SYN, 77, 0), forged = tcp(false, PACKET_SYN, 78, 0);
    struct probe_result *r;

    match_packet(&b->en, &forged, "h2:eth0", true, 900);
    match_packet(&b->en, &left, "@refa", false, 1000);
    match_packet(&b->en, &left, "h2:eth0", true, 1100);
    b->shots[1][0].state = SHOT_OVER;
    r = engine_result(&b->en);
    assert_int_equal(r->probes[1].samples[0].nsightings, 2);
    assert_string_equal(r->probes[1].samples[0].sightings[1].port, "h2:eth0");
    assert_int_equal(r->probes[1].samples[0].sightings[1].t_us, 1100);
    probe_result_free(r);
}

static void test_answer_must_acknowledge_the_syn(void **state)
{
    struct bench *b = *state;
    struct packet left = tcp(false, PACKET_SYN, 77, 0), wrong = tcp(true, PACKET_RST | PACKET_ACK, 0, 77),
                  right = tcp(true, PACKET_RST | PACKET_ACK, 0, 78);
    struct probe_result *r;

    match_packet(&b->en, &left, "@refa", false, 1000);
    match_packet(&b->en, &wrong, "h2:eth0", false, 1100);
    match_packet(&b->en, &right, "h2:eth0", false, 1200);
    b->shots[1][0].state = SHOT_OVER;
    r = engine_result(&b->en);
    assert_int_equal(r->probes[1].samples[0].nsightings, 2);
    assert_int_equal(r->probes[1].samples[0].sightings[1].what, PROBE_RST);
    assert_int_equal(r->probes[1].samples[0].sightings[1].t_us, 1200);
    probe_result_free(r);
}

/* An error that quotes a packet of ours; of TCP the very SYN. */
static void test_errors(void **state)
{
    struct bench *b = *state;
    struct packet ping = echo(&b->shots[0][0], false, "10.0.1.1", "10.0.1.250"),
                  left = tcp(false, PACKET_SYN, 77, 0), forged = tcp(false, PACKET_SYN, 78, 0);
    struct probe_result *r;

    ping.error = forged.error = true;
    match_packet(&b->en, &ping, "@refa", true, 900);
    match_packet(&b->en, &left, "@refa", false, 1000);
    match_packet(&b->en, &forged, "@refa", true, 1100);
    b->shots[0][0].state = b->shots[1][0].state = SHOT_OVER;
    r = engine_result(&b->en);
    assert_int_equal(r->probes[0].samples[0].nsightings, 1);
    assert_int_equal(r->probes[0].samples[0].sightings[0].what, PROBE_ERROR);
    assert_int_equal(r->probes[0].samples[0].reply_us, -1);
    assert_int_equal(r->probes[1].samples[0].nsightings, 1); /* the SYN alone */
    probe_result_free(r);
    left.error = true;
    match_packet(&b->en, &left, "@refa", true, 1200);
    r = engine_result(&b->en);
    assert_int_equal(r->probes[1].samples[0].nsightings, 2);
    probe_result_free(r);
}

static void test_samples_on_their_way_are_left_out(void **state)
{
    struct bench *b = *state;
    struct probe_result *r;

    b->shots[0][0].state = SHOT_OVER;
    r = engine_result(&b->en);
    assert_int_equal(r->probes[0].nsamples, 1);
    probe_result_free(r);
}

static void test_data_with_the_nonce(void **state)
{
    struct bench *b = *state;
    char text[NONCE_HEX + 8];
    struct packet p = tcp(false, PACKET_ACK, 78, 1);

    p.ndata = (size_t)snprintf(text, sizeof text, "GET /%s", b->shots[1][0].hex);
    p.data = (const uint8_t *)text;
    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    assert_int_equal(b->shots[1][0].seen[0].g.what, PROBE_DATA);
    p.ndata -= 1; /* cut short: no longer the nonce */
    match_packet(&b->en, &p, "h1:eth0", true, 1000);
    assert_int_equal(b->shots[1][0].nseen, 1);
}

/* Good is: connected, and the SYN was seen at the far port. */
/* ---- protocols ---- */
static size_t results(struct bench *b, const char *port, bool in, enum probe_what what)
{
    AUTO(probe_result_freep) struct probe_result *r = NULL;
    const struct probe_sample *m;
    size_t n = 0;

    b->shots[1][0].state = SHOT_OVER;
    r = engine_result(&b->en);
    m = &r->probes[1].samples[0];
    for (size_t i = 0; i < m->nsightings; i++)
        n += m->sightings[i].in == in && m->sightings[i].what == what &&
             strcmp(m->sightings[i].port, port) == 0;
    return n;
}

/* Makes probe 1 ask a name server. */
static void asks(struct bench *b)
{
    struct probe *p = &b->spec->probes[1];
    struct shot *s = &b->shots[1][0];

    p->kind = PROBE_UDP;
    p->port = 53;
    p->ask = (struct probe_ask){.speak = PROBE_SAY_DNS, .domain = "lab.test", .type = 1};
    b->volleys[1].fired = 1;
    assert_int_equal(speech_of(p)->request(p, s, NULL), 0);
}

static struct packet datagram(const uint8_t *data, size_t n, bool back)
{
    struct packet p = tcp(back, 0, 0, 0);

    p.kind = PROBE_UDP;
    p.sport = back ? 53 : 40000;
    p.dport = back ? 40000 : 53;
    p.data = data;
    p.ndata = n;
    return p;
}

/* A question that an error quotes did not arrive where the error is seen. */
static void test_quoted_question_is_no_arrival(void **state)
{
    struct bench *b = *state;
    struct packet p;

    asks(b);
    p = datagram((const uint8_t *)b->shots[1][0].tx.data, b->shots[1][0].tx.len, false);
    p.error = true;
    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    assert_int_equal(results(b, "h2:eth0", true, PROBE_REQUEST), 0);
    assert_int_equal(results(b, "h2:eth0", true, PROBE_ERROR), 1);
}

/* Of two answers, only the one that was taken was given. */
static void test_only_the_answer_that_was_taken_counts(void **state)
{
    struct bench *b = *state;
    struct shot *s = &b->shots[1][0];
    uint8_t wrong[128], right[128];
    struct packet p;
    size_t n;

    asks(b);
    n = s->tx.len;
    assert_in_range(n, 12, sizeof wrong);
    memcpy(wrong, s->tx.data, n);
    wrong[2] |= 0x80;
    memcpy(right, wrong, n);
    right[3] |= 5;
    p = datagram((const uint8_t *)s->tx.data, n, false);
    match_packet(&b->en, &p, "h2:eth0", true, 1000);
    p = datagram(wrong, n, true);
    match_packet(&b->en, &p, "h2:eth0", false, 1100);
    s->digest = match_digest(&b->en, right, n);
    assert_int_equal(results(b, "h2:eth0", true, PROBE_REQUEST), 1);
    assert_int_equal(results(b, "h2:eth0", false, PROBE_REPLY), 0);
    p = datagram(right, n, true);
    match_packet(&b->en, &p, "h2:eth0", false, 1200);
    assert_int_equal(results(b, "h2:eth0", false, PROBE_REPLY), 1);
}

/* A page has no nonce: what the client waited for is told by its sequence number. */
static void test_page_of_the_peer_only(void **state)
{
    static const uint8_t page[] = "HTTP/1.1 200 OK\r\n\r\n";
    struct bench *b = *state;
    struct packet p;

    b->spec->probes[1].ask.speak = PROBE_SAY_HTTP;
    p = tcp(true, PACKET_ACK, 7001,
            101); /* seen at the far port before the client's acknowledgement is at home */
    p.data = page;
    p.ndata = sizeof page - 1;
    match_packet(&b->en, &p, "h2:eth0", false, 900);
    assert_int_equal(results(b, "h2:eth0", false, PROBE_DATABACK), 0);
    p = tcp(false, PACKET_ACK, 101, 5001);
    match_packet(&b->en, &p, "@refa", false, 1000);
    assert_int_equal(results(b, "h2:eth0", false, PROBE_DATABACK), 0);
    p = tcp(true, PACKET_ACK, 5001, 101);
    p.data = page;
    p.ndata = sizeof page - 1;
    match_packet(&b->en, &p, "h2:eth0", false, 1100);
    assert_int_equal(results(b, "h2:eth0", false, PROBE_DATABACK), 1);
    p.seq = 5030; /* more of it, whatever it holds */
    match_packet(&b->en, &p, "h2:eth0", false, 1200);
    assert_int_equal(b->shots[1][0].nseen, 2);
}

static void test_good_needs_the_far_port(void **state)
{
    struct bench *b = *state;
    struct shot *s = &b->shots[1][0];
    struct packet left = tcp(false, PACKET_SYN, 77, 0);

    s->s.tcp = PROBE_TCP_OPEN;
    assert_false(shot_good(&b->volleys[1], s));
    match_packet(&b->en, &left, "r1:eth0", true, 1000);
    assert_false(shot_good(&b->volleys[1], s));
    match_packet(&b->en, &left, "h2:eth0", true, 1000);
    assert_true(shot_good(&b->volleys[1], s));
}

/* ---- who has an address ---- */
static void ask_neighbour(struct bench *b)
{
    b->spec->probes[0].kind = PROBE_NEIGHBOUR;
    probe_addr_parse("10.0.1.1", &b->spec->probes[0].to);
    b->volleys[0].fired = 1;
    b->spec->nports = 1;
    snprintf(b->spec->ports[0].name, PROBE_PORT_SIZE, "r1:eth0");
    snprintf(b->spec->ports[0].mac, sizeof b->spec->ports[0].mac, "02:00:00:00:00:01");
}

static struct packet advert(uint8_t mac, const char *who, const char *to)
{
    struct packet p = {.kind = PROBE_NEIGHBOUR, .reply = true, .mac = {2, 0, 0, 0, 0, mac}};

    probe_addr_parse(who, &p.src);
    probe_addr_parse(to, &p.dst);
    return p;
}

static void test_neighbour_answers(void **state)
{
    struct bench *b = *state;
    struct packet p = advert(1, "10.0.1.1", "10.0.1.250");

    ask_neighbour(b);
    match_packet(&b->en, &p, "r1:eth0", false, 1000);
    match_packet(&b->en, &p, "@refa", true, 1100);
    assert_int_equal(b->shots[0][0].nseen, 2);
    assert_int_equal(b->shots[0][0].seen[0].g.what, PROBE_ADVERT);
    assert_int_equal(b->shots[0][0].seen[0].g.mac[5], 1);
    assert_int_equal(b->shots[0][0].s.reply_us, 1100);
}

static void test_neighbour_with_another_mac_is_alien(void **state)
{
    struct bench *b = *state;
    struct packet p = advert(9, "10.0.1.1", "10.0.1.250");

    ask_neighbour(b);
    match_packet(&b->en, &p, "r1:eth0", false, 1000);
    match_packet(&b->en, &p, "@refa", true, 1100); /* nothing is known of who is behind other ports */
    assert_int_equal(b->shots[0][0].seen[0].g.what, PROBE_ADVERT_ALIEN);
    assert_int_equal(b->shots[0][0].seen[1].g.what, PROBE_ADVERT);
}

static void test_two_neighbours_are_told_apart(void **state)
{
    struct bench *b = *state;

    ask_neighbour(b);
    for (uint8_t mac = 1; mac <= 2; mac++) {
        struct packet p = advert(mac, "10.0.1.1", "10.0.1.250");

        match_packet(&b->en, &p, "@refa", true, 1000);
        match_packet(&b->en, &p, "@refa", true, 1000);
    }
    assert_int_equal(b->shots[0][0].nseen, 2);
}

static void test_answers_to_others_do_not_count(void **state)
{
    struct bench *b = *state;
    struct packet other = advert(1, "10.0.1.1", "10.0.1.10"), another = advert(1, "10.0.1.2", "10.0.1.250");

    ask_neighbour(b);
    match_packet(&b->en, &other, "r1:eth0", false, 1000);
    match_packet(&b->en, &another, "r1:eth0", false, 1000);
    assert_int_equal(b->shots[0][0].nseen, 0);
}

/* ---- tunnels ---- */
static size_t tunnelled(uint8_t *frame, unsigned proto, const uint8_t *inner, size_t n, size_t padding)
{
    static const uint8_t head[] = {2, 0, 0,  0, 0, 1, 2,   0, 0, 0, 0,   2, 8, 0, 0x45, 0,    0,    0,   0, 1,
                                   0, 0, 64, 0, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0xca, 0x6c, 0x01, 0xbb};
    size_t total = sizeof head + n + padding;

    memset(frame, 0xaa, total);
    memcpy(frame, head, sizeof head);
    frame[16] = (uint8_t)((total - 14) >> 8);
    frame[17] = (uint8_t)(total - 14);
    frame[23] = (uint8_t)proto;
    memcpy(frame + sizeof head, inner, n);
    return total;
}

static void test_nonce_anywhere_in_a_frame(void **state)
{
    struct bench *b = *state;
    uint8_t frame[256];
    size_t n = tunnelled(frame, 47, b->shots[0][0].nonce, NONCE_SIZE, 3);

    match_frame(&b->en, frame, n, "wan:a", true, 1000); /* of a probe that need not hide */
    assert_int_equal(b->shots[0][0].nseen, 0);
    b->spec->probes[0].outer = PROBE_OUTER_ESP;
    match_frame(&b->en, frame, n, "wan:a", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 1);
    assert_int_equal(b->shots[0][0].seen[0].g.what, PROBE_CLEAR);
    frame[12] = 0x12; /* not IP at all */
    match_frame(&b->en, frame, n, "wan:b", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 2);
    match_frame(&b->en, frame, n - 4, "wan:c", true, 1000); /* a part of it is nothing */
    assert_int_equal(b->shots[0][0].nseen, 2);
}

/* A request, wrapped into something; an answer may go where it likes. */
static void test_request_in_anything(void **state)
{
    struct bench *b = *state;
    uint8_t frame[256], inner[8 + NONCE_SIZE] = {0};
    size_t n;

    b->spec->probes[0].outer = PROBE_OUTER_ANY;
    b->spec->probes[0].to.family = AF_INET;
    memcpy(inner + 8, b->shots[0][0].nonce, NONCE_SIZE);
    n = tunnelled(frame, 47, inner, sizeof inner, 3); /* echo reply */
    match_frame(&b->en, frame, n, "wan:a", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 0);
    inner[0] = 8; /* echo request */
    n = tunnelled(frame, 47, inner, sizeof inner, 3);
    match_frame(&b->en, frame, n, "wan:a", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 1);
    assert_int_equal(b->shots[0][0].seen[0].g.what, PROBE_CLEAR);
    n = tunnelled(frame, 50, (const uint8_t *)"x", 1, 80); /* what could hide it does not matter */
    match_frame(&b->en, frame, n, "wan:a", false, 1000);
    assert_int_equal(b->shots[0][0].nseen, 1);
}

/* Datagrams are told by the client's port. */
static void test_datagram_in_anything(void **state)
{
    struct bench *b = *state;
    uint8_t frame[256], inner[8 + NONCE_SIZE] = {0, 53, 0x9c, 0x40};
    size_t n;

    b->spec->probes[0].kind = PROBE_UDP;
    b->spec->probes[0].outer = PROBE_OUTER_ANY;
    b->volleys[0].ident = 0x9c40;
    memcpy(inner + 8, b->shots[0][0].nonce, NONCE_SIZE);
    n = tunnelled(frame, 47, inner, sizeof inner, 3); /* to the client */
    match_frame(&b->en, frame, n, "wan:a", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 0);
    memcpy(inner, (const uint8_t[]){0x9c, 0x40, 0, 53}, 4);
    n = tunnelled(frame, 47, inner, sizeof inner, 3);
    match_frame(&b->en, frame, n, "wan:a", true, 1000);
    assert_int_equal(b->shots[0][0].nseen, 1);
}

static void test_what_may_hide_it(void **state)
{
    struct bench *b = *state;
    uint8_t frame[256];
    size_t n = tunnelled(frame, 50, (const uint8_t *)"x", 1, 80);

    b->spec->probes[0].outer = PROBE_OUTER_ESP;
    b->shots[0][0].s.sent_us = 500;
    b->shots[0][1].s.sent_us = 1500;
    match_frame(&b->en, frame, n, "wan:a", false, 1000);
    assert_int_equal(b->shots[0][0].nseen, 1);
    assert_int_equal(b->shots[0][0].seen[0].g.what, PROBE_OUTER);
    assert_int_equal(b->shots[0][1].nseen, 0); /* sent later */
    assert_int_equal(b->shots[1][0].nseen, 0); /* of a probe that need not hide */
    match_frame(&b->en, frame, tunnelled(frame, 50, (const uint8_t *)"x", 1, 20), "wan:b", false,
                1000); /* too small */
    match_frame(&b->en, frame, tunnelled(frame, 17, (const uint8_t *)"x", 1, 80), "wan:b", false, 1000);
    assert_int_equal(b->shots[0][0].nseen, 1);
}

static void test_udp_may_hide_it_at_its_port(void **state)
{
    struct bench *b = *state;
    uint8_t frame[256];
    size_t n = tunnelled(frame, 17, (const uint8_t *)"x", 1, 80); /* from 51820 to 443 */

    b->spec->probes[0].outer = PROBE_OUTER_UDP;
    for (unsigned port = 442; port <= 443; port++) {
        b->spec->probes[0].outer_port = (uint16_t)port;
        match_frame(&b->en, frame, n, "wan:a", false, 1000);
        assert_int_equal(b->shots[0][0].nseen, port == 443);
    }
    b->spec->probes[0].outer_port = 51820;
    match_frame(&b->en, frame, n, "wan:b", false, 1000);
    assert_int_equal(b->shots[0][0].nseen, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_nonces_differ),
        T(test_request_is_recorded_with_its_sample),
        T(test_other_nonce_is_nobodys),
        T(test_frames_are_kept),
        T(test_repetitions_are_counted),
        T(test_overflow_is_an_error),
        T(test_reply_at_home),
        T(test_reply_elsewhere_is_no_reply),
        T(test_reply_from_another_address_is_no_reply),
        T(test_before_it_was_sent_nothing_counts),
        T(test_sources_are_told_apart),
        T(test_translated_port_is_the_same_connection),
        T(test_shared_client_port),
        T(test_forged_syn_is_left_out),
        T(test_answer_must_acknowledge_the_syn),
        T(test_errors),
        T(test_samples_on_their_way_are_left_out),
        T(test_data_with_the_nonce),
        T(test_quoted_question_is_no_arrival),
        T(test_only_the_answer_that_was_taken_counts),
        T(test_page_of_the_peer_only),
        T(test_good_needs_the_far_port),
        T(test_neighbour_answers),
        T(test_neighbour_with_another_mac_is_alien),
        T(test_two_neighbours_are_told_apart),
        T(test_answers_to_others_do_not_count),
        T(test_nonce_anywhere_in_a_frame),
        T(test_request_in_anything),
        T(test_datagram_in_anything),
        T(test_what_may_hide_it),
        T(test_udp_may_hide_it_at_its_port),
    };

    return cmocka_run_group_tests_name("probe_match", tests, NULL, NULL);
}
