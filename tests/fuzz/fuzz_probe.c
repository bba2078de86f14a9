/* What crosses the borders of labprobe: frames that anyone in a lab may have made, and the JSON of specs
 * and results, and answers of servers, and what is kept of results.  The first byte decides: 's' a spec, 'r' a result,
 * 'e' evidence, 'd' what a name server says, 'h' what a web server says, 'p' what a DHCP server says, else a frame
 * follows. */
#include "grading/evidence.h"
#include "grading/probe/engine.h"
#include "grading/probe/speech.h"
#include "labd/base/buf.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz_probe: %s\n", what);
    abort();
}

static void frame(const uint8_t *data, size_t size)
{
    uint8_t *copy = xcalloc(size + 1, 1); /* so that the sanitizer sees its exact end */
    struct probe_bpdu b = {0};
    struct packet p;
    char text[PROBE_ADDR_TEXT];
    unsigned proto;

    for (size_t i = 0; i < size; i++)
        copy[i] = data[i];
    copy = xrealloc(copy, size > 0 ? size : 1, 1);
    if (packet_parse(copy, size, &p)) {
        unsigned sum = 0;

        require(p.data >= copy && p.ndata <= size && p.data + p.ndata <= copy + size,
                "payload outside the frame");
        for (size_t i = 0; i < p.ndata; i++)
            sum += p.data[i];
        require(sum <= 255 * p.ndata, "payload");
        require(probe_addr_text(&p.src, text)[0] != '-' && p.src.family == p.dst.family, "addresses");
    }
    if (bpdu_parse(copy, size, &b))
        require(b.port[0] == '\0' && !b.in, "a BPDU that was seen somewhere");
    if (packet_parse_outer(copy, size, &p, &proto))
        require(p.data >= copy && p.data + p.ndata <= copy + size, "what an outer packet holds");
    free(copy);
}

/* The whole as one answer: complete, and cut off by a server that closes. */
static void answer(const uint8_t *data, size_t size, enum probe_speak speak, enum probe_kind kind)
{
    struct probe p = {.kind = kind,
                      .ask = {.speak = speak, .domain = "lab.test", .type = data[0], .text = "a"}};
    struct shot s = {.nonce = {0x12, 0x34}, .s = {.answer = {.code = PROBE_ANSWER_NONE}}};
    const struct speech *speech = speech_of(&p);

    probe_addr_parse("10.0.2.10", &p.to);
    require(speech->request(&p, &s, NULL) == 0, "no request");
    buf_add(&s.rx, data, size < speech->answer_max ? size : speech->answer_max);
    if (!speech->answer(&p, &s, false))
        speech->answer(&p, &s, true);
    require(s.s.answer.nvalues <= PROBE_VALUES_MAX, "too many values");
    for (size_t i = 0; i < s.s.answer.nvalues; i++)
        for (const char *c = s.s.answer.values[i]; *c != '\0'; c++)
            require(*c >= 0x20 && *c <= 0x7e, "a value that is not printable");
    free(s.s.answer.values);
    buf_clear(&s.tx);
    buf_clear(&s.rx);
}

static void spec(json_t *j, bool resolved)
{
    struct probe_spec *s = probe_spec_from_json(j, resolved, NULL), *t;
    json_t *again;

    if (s == NULL)
        return;
    require(probe_spec_duration_ms(s) <= PROBE_DURATION_MAX_MS, "a spec that takes too long");
    again = probe_spec_to_json(s);
    t = probe_spec_from_json(again, resolved, NULL);
    require(t != NULL, "a spec that does not survive being written");
    json_decref(again);
    probe_spec_free(s);
    probe_spec_free(t);
}

static void result(json_t *j)
{
    struct probe_result *r = probe_result_from_json(j, NULL), *t;
    json_t *again;

    if (r == NULL)
        return;
    again = probe_result_to_json(r);
    t = probe_result_from_json(again, NULL);
    require(t != NULL, "a result that does not survive being written");
    json_decref(again);
    probe_result_free(r);
    probe_result_free(t);
}

/* What can be read can be shown. */
static void evidence(json_t *j)
{
    struct evidence *ev = evidence_read(j, NULL);
    struct buf out = BUF_INIT;
    struct err e;

    if (ev != NULL && evidence_pcapng(j, 1700000000000, &out, &e) == 0)
        require(out.len > 28, "a capture without a section");
    evidence_free(ev);
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *j;

    if (size == 0)
        return 0;
    if (data[0] == 'd' || data[0] == 'h') {
        answer(data + (size > 1), size - (size > 1), data[0] == 'd' ? PROBE_SAY_DNS : PROBE_SAY_HTTP,
               PROBE_TCP);
        if (data[0] == 'd')
            answer(data + (size > 1), size - (size > 1), PROBE_SAY_DNS, PROBE_UDP);
        return 0;
    }
    if (data[0] == 'p') {
        answer(data + (size > 1), size - (size > 1), PROBE_SAY_DHCP, PROBE_UDP);
        return 0;
    }
    if (data[0] != 's' && data[0] != 'r' && data[0] != 'e') {
        frame(data + 1, size - 1);
        return 0;
    }
    j = json_loadb((const char *)data + 1, size - 1, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (j == NULL)
        return 0;
    if (data[0] == 'r') {
        result(j);
    } else if (data[0] == 'e') {
        evidence(j);
    } else {
        spec(j, false);
        spec(j, true);
    }
    json_decref(j);
    return 0;
}
