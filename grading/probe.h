/* The spec and the result of "probe.run": what the grader asks the machine to observe.  Used by the
 * grader in labd (writes specs, reads results), labhost (checks specs again and resolves them) and
 * labprobe (carries them out).
 *
 * A reference host is a network namespace of ours with one interface, attached to a segment of the
 * lab; the student has no login there.  A probe sends from a reference host; a sighting says that a
 * packet of a probe was seen at a port of the lab, outside any guest.
 *
 * What labhost does with "probe.run" {lab, spec}:
 *   1. s = probe_spec_from_json(spec, false, e)       shape, sizes and names; refuses pids and devices
 *   2. probe_spec_resolve(s, plan, e)                 devices, MACs; refuses what the plan does not have
 *   3. for each s->refs[i]: a child that calls unshare(CLONE_NEWNET) and sleeps (with PR_SET_PDEATHSIG);
 *      s->refs[i].pid = child; net_references_add() with all of them, each with (index i, segment plan_segment_find(refs[i].segment), vlan,
 *      pid, mac, ipv6 = probe_ref_has(&refs[i], AF_INET6)) puts "eth0" there
 *   4. takes the links s->cut[] down, in the machine only: the lab's wanted state is not touched, so
 *      whoever reconciles the lab next (labhost at start, the next link.set) puts them back; a crash
 *      can not leave a cut behind; with s->cut_after_ms that much after step 5 has begun, while the probes flow
 *   5. runs "labprobe" as root with probe_spec_to_json(s) on stdin, at most
 *      probe_spec_duration_ms(s) + 45000 milliseconds; stdout is the result, stderr one line if the
 *      status is not 0.  labprobe sets addresses and gateways and brings eth0 up itself.
 *      With s->peers: they are started, and what they see is in the result; labprobe runs once to set up the
 *      references, once for the probes before and once for those "after"
 *      Then s->scripts, all at once: each is a stranger's program and runs in a container of its own, without any
 *      rights, in the network namespace of its reference (labd/host/guest/guest_script.h); not together with peers
 *   6. always, also when the peer has gone or labprobe failed: puts the cut links back to their wanted
 *      state, removes the reference ports, kills the children of step 3
 *   7. replies {"result": ...} after probe_result_from_json() accepted it
 *
 * spec: {"references":[{"name","segment","vlan","addresses":[{"address":"10.0.1.250/24","gateway"?}],
 *          "mac"?,"pid"?}],
 *        "observe":[{"port":"h2:eth0","dev"?,"element"?,"mac"?,"whole"?}],
 *        "probes":[{"id","kind":"icmp|udp|tcp|neighbour","from","to","port","ttl","far","count","interval_ms",
 *          "timeout_ms","stop","payload"?,"after"?,"also"?:["10.0.2.1"],"outer"?:"none|esp|udp|any","outer_port"?,
 *          "ask"?:{"dns","type","fresh"} or {"http","host"?,"text"?,"fresh"} or {"dhcp":true}}],
 *        "peers"?:[{"reference","protocol":"ospf|bgp","area":0,"hello_s","dead_s","as","router_as","router",
 *          "form_ms","announce":"198.18.4.7"}],
 *        "scripts"?:[{"id","from","timeout_ms","program":"#!/bin/sh.."}],
 *        "cut":["l1"],"cut_after_ms":2000,"listen_ms":3000}
 *   "icmp", "udp" and "tcp" send packets; "neighbour" asks by ARP or neighbour discovery who has 'to' on the
 *   reference's own segment, and waits for all who answer, up to its timeout.
 *   With "listen_ms" the observed ports are watched for BPDUs, at least for so long; not together with peers.
 * result: {"lost":0,"probes":[{"id","port"?,"error":null,"samples":[{"sent_us","reply_us":null,"reply_ttl",
 *          "tcp":null,"data":false,"echo":false,"answer":null or {"code","cut","found","values":["10.0.2.10"]},
 *          "sightings":[{"port","dir":"in|out","what","t_us","src","dst","ttl","mac"?,"copies"?,"frame"?,"length"?}]}]}],
 *          "peers"?:[{"reference","announced","foreign":false,"neighbours":[{"address","state"}],"prefixes":["10.0.2.0/24 65001"]}],
 *          "scripts"?:[{"id","error":null,"percent":100,"observed":"..","output"?:".."}],
 *          "bpdus"?:[{"port","dir","root":{"priority":4096,"mac"},"bridge":{"priority","mac"}}],"more_bpdus"?:true}
 *   "frame" is how the frame begins, in hexadecimal, and "length" how much of it was looked at: there as far as there is room.
 *   "output" is what a script that gave no result printed: for those who look at evidence.
 * "mac" (of a reference, a port), "pid" and "dev" of a spec are there only after probe_spec_resolve(). */
#ifndef GRADING_PROBE_H
#define GRADING_PROBE_H

#include "labd/base/err.h"
#include "labd/base/name.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct plan;

#define PROBE_REFS_MAX 16
#define PROBE_ADDRS_MAX 2 /* of a reference: one IPv4, one IPv6 */
#define PROBE_PORTS_MAX 128
#define PROBE_PROBES_MAX 128
#define PROBE_ALSO_MAX 2
#define PROBE_ALSO_ALL_MAX 32 /* of all probes together: a capture filter is limited by the kernel */
#define PROBE_COUNT_MAX 1200
#define PROBE_TCP_COUNT_MAX 40
#define PROBE_PAYLOAD_MAX 1400
#define PROBE_CUT_MAX 8
#define PROBE_ANSWER_MS 2000u /* once connected: time for the answer of a protocol */
#define PROBE_CUT_AFTER_MAX_MS 10000
#define PROBE_PEER_EXTRA_MS 20000u /* of a run with peers: their start, their words and their end */
#define PROBE_START_SPREAD_MS 250u /* each probe begins at a random moment within */
#define PROBE_DURATION_MAX_MS 300000u
#define PROBE_SAMPLES_MAX 2000 /* of all probes together */
#define PROBE_TCP_SAMPLES_MAX 512
#define PROBE_SIGHTINGS_MAX 512 /* per sample */
#define PROBE_SIGHTINGS_ALL_MAX 16384
#define PROBE_FRAME_MAX 192                 /* bytes of one that are kept */
#define PROBE_FRAMES_BYTES_MAX (192u << 10) /* of all */
#define PROBE_PEERS_MAX 2
#define PROBE_NEIGHBOURS_MAX 8
#define PROBE_PREFIXES_MAX 256
#define PROBE_LISTEN_MAX_MS 30000
#define PROBE_BPDUS_MAX 512 /* different ones, of all ports together */
#define PROBE_COPIES_MAX 65535u
#define PROBE_SCRIPTS_MAX 8
#define PROBE_SCRIPT_SIZE ((16u << 10) + 1) /* of a program, with the NUL */
#define PROBE_SCRIPT_MIN_MS 1000
#define PROBE_SCRIPT_MAX_MS 60000
#define PROBE_SCRIPT_EXTRA_MS 20000u         /* a busy machine takes a while to start a container */
#define PROBE_SCRIPT_PRINTED_MAX (64u << 10) /* what a program may print */
#define PROBE_OBSERVED_SIZE 301
#define PROBE_OUTPUT_SIZE 2001
#define PROBE_STATE_SIZE 16
#define PROBE_AS_PATH_SIZE 128
#define PROBE_PORT_SIZE (NAME_SIZE + IFNAME_SIZE) /* "NODE:IF", "LINK:a", "@REFERENCE" */
#define PROBE_ADDR_TEXT 46
#define PROBE_VALUES_MAX 16  /* of one answer */
#define PROBE_VALUE_SIZE 264 /* a domain name with what an MX record has before it */
#define PROBE_DOMAIN_SIZE 254
#define PROBE_PATH_SIZE 201
#define PROBE_TEXT_SIZE 256
#define PROBE_FRESH_MAX 220 /* length of a domain below which a fresh label is asked for */
#define PROBE_SPEC_BYTES_MAX (256u << 10)
#define PROBE_RESULT_BYTES_MAX (4u << 20) /* fits a frame of labd/rpc */

struct probe_addr {
    int family; /* AF_INET, AF_INET6; 0: none */
    uint8_t b[16];
};
/* "10.0.1.1" or "2001:db8::1"; false if it is neither. */
bool probe_addr_parse(const char *s, struct probe_addr *out);
/* "10.0.1.250/24": both parts needed. */
bool probe_addr_parse_net(const char *s, struct probe_addr *out, unsigned *prefix);
bool probe_mac_parse(const char *s, uint8_t out[6]); /* "02:00:5e:10:00:01", in lower case */
const char *probe_mac_text(const uint8_t mac[6], char out[18]);
const char *probe_addr_text(const struct probe_addr *a, char out[PROBE_ADDR_TEXT]); /* "-" if none */
bool probe_addr_equal(const struct probe_addr *a, const struct probe_addr *b);
bool probe_addr_in_net(const struct probe_addr *a, const struct probe_addr *net, unsigned prefix);

bool probe_path_ok(const char *s); /* of a page: "/" and what may follow, without a query */

struct probe_ref {
    char name[NAME_SIZE];
    char segment[NAME_SIZE]; /* a network, hub or switch of the topology */
    uint16_t vlan;           /* access VLAN on a switch, or 0 */
    struct {
        struct probe_addr addr, gateway; /* gateway.family 0: none */
        unsigned prefix;
    } net[PROBE_ADDRS_MAX];
    size_t nnets;
    char mac[18]; /* resolved: the same for (lab, reference) each time, so that no neighbour goes stale */
    pid_t pid;    /* resolved: a process in its namespace; 0 before */
};

/* A port to observe.  "in" is towards the owner of the port (guest, reference, or an element of ours for
 * a link between two elements), "out" is from it. */
struct probe_port {
    char name[PROBE_PORT_SIZE]; /* "NODE:IF" or "LINK:a" or "LINK:b" */
    char dev[IFNAME_SIZE];      /* resolved: the host-side device */
    bool element;               /* resolved: it is a port of a switch, hub or network, not of a guest */
    bool whole;                 /* each frame is searched for what it may hold, whatever it looks like */
    char mac[18];               /* resolved: the one that its owner was made with; "" for an element */
};

enum probe_kind { PROBE_ICMP, PROBE_UDP, PROBE_TCP, PROBE_NEIGHBOUR };
enum probe_outer {
    PROBE_OUTER_NONE,
    PROBE_OUTER_ESP,
    PROBE_OUTER_UDP,
    PROBE_OUTER_ANY, /* no matter what: only PROBE_CLEAR is told, and not of answers */
};
/* What is said there: the bare nonce, or a request of a protocol that carries the nonce in its own way. */
enum probe_speak {
    PROBE_SAY_NONCE,
    PROBE_SAY_DNS,  /* the nonce is the message's id, the case of the letters (0x20), and a fresh label */
    PROBE_SAY_HTTP, /* the nonce is the query of a page, or the path of one that can not exist */
    PROBE_SAY_DHCP, /* the nonce is the client's hardware address and the id of its transaction */
};
struct probe_ask {
    enum probe_speak speak;
    char domain[PROBE_DOMAIN_SIZE]; /* as of probe_domain_parse().  DNS: the name; HTTP: the host, or "" */
    uint16_t type;                  /* DNS: ns_t_a and so on */
    bool fresh;                     /* DNS: ask for a random name below 'domain'; HTTP: for a random path */
    char path[PROBE_PATH_SIZE];     /* HTTP: as of probe_path_ok() */
    char text[PROBE_TEXT_SIZE];     /* HTTP: what to look for in the page, or "" */
};
struct probe {
    char id[NAME_SIZE];
    enum probe_kind kind;
    char from[NAME_SIZE]; /* a reference */
    struct probe_addr to;
    uint16_t port; /* UDP and TCP */
    uint8_t ttl;   /* initial TTL or hop limit */
    /* The far port, where arrival counts: the name of an observed port or "@REFERENCE"; "" if none. */
    char far[PROBE_PORT_SIZE];
    unsigned payload;            /* bytes of each datagram, UDP only; 0: as few as ping's */
    unsigned count, interval_ms; /* samples, each with a nonce of its own */
    unsigned timeout_ms;         /* how long to wait after the last sample was sent */
    /* Stop sending after so many consecutive samples that were answered (and seen at 'far'); 0: never. */
    unsigned stop;
    bool after; /* sent when the peers have withdrawn what they announced, not before */
    /* Addresses that its packets may bear on the way, translated, beside the sender's and 'to'. */
    struct probe_addr also[PROBE_ALSO_MAX];
    size_t nalso;
    /* What should hide its packets at ports that are searched: PROBE_CLEAR and PROBE_OUTER are told there. */
    enum probe_outer outer;
    uint16_t outer_port;  /* UDP, at either end */
    struct probe_ask ask; /* UDP and TCP */
    bool drawn;           /* 'to' or 'port' is at random, another one each time; not in the JSON */
    unsigned drawn_in;    /* ... but for so many bits of 'to' */
};

/* A router of ours at a reference, for as long as the run takes.  With OSPF (RFC 2328) it speaks first, as a
 * control, in an area where nobody should answer, for two hello intervals; then in 'area'.  With BGP (RFC 4271) it
 * and 'router' are each other's neighbour.  It announces one address as a prefix that nobody can know before, and
 * takes it back before the probes that are sent "after". */
enum probe_protocol { PROBE_OSPF, PROBE_BGP };
struct probe_peer {
    enum probe_protocol protocol;
    char ref[NAME_SIZE];
    uint32_t area; /* OSPF */
    unsigned hello_s, dead_s;
    uint32_t own_as, router_as; /* BGP */
    struct probe_addr router;
    unsigned form_ms;           /* how long it waits for a full adjacency or a session */
    struct probe_addr announce; /* IPv4 */
};
uint32_t probe_peer_other_area(const struct probe_peer *p); /* of the control */
unsigned probe_peer_control_ms(const struct probe_peer *p); /* how long it listens there */

/* A program of the exercise's author.  It says what it found as one JSON object on its standard output. */
struct probe_script {
    char id[NAME_SIZE];
    char from[NAME_SIZE]; /* a reference */
    unsigned timeout_ms;
    char program[PROBE_SCRIPT_SIZE]; /* as of probe_script_check() */
};
/* Is it a text that the kernel can start, a "#!" at its beginning, in UTF-8?  ERR_INVALID, ERR_CAPACITY. */
int probe_script_check(const char *program, size_t n, struct err *e) MUST_CHECK;

struct probe_spec {
    struct probe_ref refs[PROBE_REFS_MAX];
    size_t nrefs;
    struct probe_port ports[PROBE_PORTS_MAX];
    size_t nports;
    struct probe probes[PROBE_PROBES_MAX];
    size_t nprobes;
    struct probe_peer peers[PROBE_PEERS_MAX];
    size_t npeers;
    struct probe_script scripts[PROBE_SCRIPTS_MAX];
    size_t nscripts;
    char cut[PROBE_CUT_MAX][NAME_SIZE]; /* links held down while the probes run */
    size_t ncut;
    unsigned cut_after_ms; /* from the start of labprobe on; 0: cut before it starts */
    unsigned listen_ms;    /* for BPDUs; 0: they are not looked at */
};

bool probe_per_sample(const struct probe *p);         /* each of its samples has a socket of its own */
unsigned probe_spec_also(const struct probe_spec *s); /* addresses in also[] of all probes */
struct probe_spec *probe_spec_new(void);              /* zeroed; never NULL */
void probe_spec_free(struct probe_spec *s);
void probe_spec_freep(struct probe_spec **s);
json_t *probe_spec_to_json(const struct probe_spec *s); /* new reference */
/* Does not trust 'j'.  'resolved' says whether "mac", "pid" and "dev" must be there or must not. */
struct probe_spec *probe_spec_from_json(const json_t *j, bool resolved, struct err *e);
/* Fills devices and MACs from the plan.  ERR_INVALID naming what the plan does not have. */
int probe_spec_resolve(struct probe_spec *s, const struct plan *p, struct err *e) MUST_CHECK;
/* The longest that the probes can take. */
unsigned probe_spec_duration_ms(const struct probe_spec *s);
const struct probe_ref *probe_ref_find(const struct probe_spec *s, const char *name); /* or NULL */
bool probe_ref_has(const struct probe_ref *r, int family);

enum probe_tcp {
    PROBE_TCP_NONE,
    PROBE_TCP_OPEN,
    PROBE_TCP_REFUSED,
    PROBE_TCP_TIMEOUT,
    PROBE_TCP_UNREACHABLE
};

/* What the packet was; requests travel away from the reference, replies towards it. */
enum probe_what {
    PROBE_REQUEST, /* echo request or datagram with the nonce */
    PROBE_REPLY,   /* echo reply or datagram with the nonce */
    PROBE_SYN,     /* the SYN of this connection, by ports and sequence number */
    PROBE_SYNACK,  /* what acknowledges that sequence number */
    PROBE_RST,
    PROBE_DATA,         /* nonce in TCP data away from the reference */
    PROBE_DATABACK,     /* nonce in TCP data towards it */
    PROBE_ERROR,        /* an ICMP error, destination unreachable, that quotes the packet of this sample */
    PROBE_CLEAR,        /* the nonce, readable anywhere in a frame; addresses of its outermost packet */
    PROBE_OUTER,        /* a packet that could hide this sample's, after it was sent */
    PROBE_ADVERT,       /* "I have that address": 'src' is the address, 'mac' where it is said to be */
    PROBE_ADVERT_ALIEN, /* the same, leaving a guest's port with another MAC than the guest was made with */
    PROBE_WHAT_COUNT
};
struct probe_sighting {
    char port[PROBE_PORT_SIZE];
    bool in;
    enum probe_what what;
    int64_t t_us; /* since labprobe began to send */
    struct probe_addr src, dst;
    uint8_t ttl;
    uint8_t mac[6]; /* of an advertisement; else 0 */
    /* How the frame began, owned; NULL if it was not kept.  It is written to JSON for those who look at evidence, and
     * checked when read, but not kept then: nothing is judged by it. */
    uint8_t *frame;
    uint16_t nframe, length;
    unsigned copies; /* how often it was seen there like this, at most PROBE_COPIES_MAX */
};
#define PROBE_ANSWER_NONE (-1)
#define PROBE_ANSWER_BAD (-2) /* it broke the protocol's rules */
/* DHCP: the type of the last message that counts, RFC 2132, section 9.6.  After an OFFER the client asked for it. */
#define PROBE_DHCP_OFFER 2
#define PROBE_DHCP_ACK 5
#define PROBE_DHCP_NAK 6
struct probe_answer {
    int code;   /* DNS: the RCODE; HTTP: the status; DHCP: see above; or one of the above */
    bool cut;   /* DNS: the server says that it is incomplete */
    bool found; /* HTTP: ask.text is in the page */
    /* DNS: what probe_record_parse() makes of records of the type that was asked for, at the end of the chain
     * of aliases; the first PROBE_VALUES_MAX.  HTTP: one, how the page begins.  DHCP: "address A",
     * "server A", "mask A", "router A" and "dns A" (up to four each), and "domain NAME" in lower case. */
    char (*values)[PROBE_VALUE_SIZE];
    size_t nvalues;
};
struct probe_sample {
    int64_t sent_us;
    int64_t reply_us; /* -1: none.  ICMP, UDP, neighbour: reply at the reference; TCP: connected or refused */
    uint8_t reply_ttl;
    enum probe_tcp tcp;
    bool data, echo;                  /* TCP, UDP: the peer sent something; sent the nonce back */
    struct probe_answer answer;       /* to what probe.ask says */
    struct probe_sighting *sightings; /* in order of time; repetitions at the same port are left out */
    size_t nsightings;
};
struct probe_outcome {
    char id[NAME_SIZE];
    uint16_t port;   /* as the probe was asked to use; 0: none */
    char error[160]; /* "": fine; else why this probe could not be made: ours, not the student's */
    struct probe_sample *samples;
    size_t nsamples;
};
struct probe_neighbour {
    struct probe_addr addr;
    char state[PROBE_STATE_SIZE]; /* "Full", "ExStart", in FRR's words */
};
struct probe_prefix {
    struct probe_addr addr;
    unsigned len;
    char as_path[PROBE_AS_PATH_SIZE]; /* BGP: numbers, a blank between two */
};
struct probe_peer_outcome {
    char ref[NAME_SIZE];
    struct probe_addr announced;
    bool foreign; /* somebody answered in the other area */
    struct probe_neighbour
        neighbours[PROBE_NEIGHBOURS_MAX]; /* in the area of the spec, at the end of the wait */
    size_t nneighbours;
    struct probe_prefix prefixes[PROBE_PREFIXES_MAX]; /* that it learned, at the end of the first probes */
    size_t nprefixes;
};
bool probe_as_path_ok(const char *s);                   /* nothing but digits and blanks, and not too long */
bool probe_peer_up(const struct probe_peer_outcome *o); /* some neighbour is full, or established */

/* Who speaks for a segment in the spanning tree protocol, and whom it takes for the root (IEEE 802.1D-2004, 9.3). */
struct probe_bridge {
    uint16_t priority; /* all 16 bits */
    uint8_t mac[6];
};
bool probe_bridge_equal(const struct probe_bridge *a, const struct probe_bridge *b);
struct probe_bpdu { /* of a designated port; repetitions at the same port are left out */
    char port[PROBE_PORT_SIZE];
    bool in;
    struct probe_bridge root, bridge;
};

struct probe_script_outcome {
    char id[NAME_SIZE];
    char error
        [160]; /* "": fine; else why there is no result: the author's failure or ours, not the student's */
    unsigned percent;                   /* how much of it is as it should be */
    char observed[PROBE_OBSERVED_SIZE]; /* UTF-8 without control characters; may be empty */
};
/* Fills 'o' but for its id from the 'n' bytes that the program printed, which are hostile:
 * {"passed": true, false or a number from 0 to 1, "observed": a sentence}. */
void probe_script_answer(struct probe_script_outcome *o, const char *out, size_t n);
/* 'output': what the program printed, hostile, or NULL. */
json_t *probe_script_outcome_to_json(const struct probe_script_outcome *o, const char *output, size_t n);

struct probe_result {
    uint64_t lost; /* packets that the capture had to drop: what was not seen proves nothing then */
    struct probe_outcome *probes;
    size_t nprobes;
    struct probe_peer_outcome peers[PROBE_PEERS_MAX];
    size_t npeers;
    struct probe_script_outcome *scripts;
    size_t nscripts;
    struct probe_bpdu *bpdus;
    size_t nbpdus;
    bool more_bpdus; /* there were more different ones than PROBE_BPDUS_MAX */
};
struct probe_result *probe_result_new(void);
void probe_result_free(struct probe_result *r);
void probe_result_freep(struct probe_result **r);
json_t *probe_result_to_json(const struct probe_result *r);
/* Does not trust 'j'. */
struct probe_result *probe_result_from_json(const json_t *j, struct err *e);
const struct probe_peer_outcome *probe_peer_find(const struct probe_result *r, const char *ref); /* or NULL */
json_t *probe_peer_outcome_to_json(const struct probe_peer_outcome *o);
const struct probe_script_outcome *probe_script_find(const struct probe_result *r,
                                                     const char *id); /* or NULL */
const struct probe_outcome *probe_outcome_find(const struct probe_result *r, const char *id);

#endif
