/* What crosses the borders of labprobe: frames that anyone in a lab may have made, and the JSON of specs
 * and results.  The first byte decides: 's' a spec, 'r' a result, else a frame follows. */
#include "grading/probe/packet.h"
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
    if (packet_parse_outer(copy, size, &p, &proto))
        require(p.data >= copy && p.data + p.ndata <= copy + size, "what an outer packet holds");
    free(copy);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *j;

    if (size == 0)
        return 0;
    if (data[0] != 's' && data[0] != 'r') {
        frame(data + 1, size - 1);
        return 0;
    }
    j = json_loadb((const char *)data + 1, size - 1, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (j == NULL)
        return 0;
    if (data[0] == 'r') {
        result(j);
    } else {
        spec(j, false);
        spec(j, true);
    }
    json_decref(j);
    return 0;
}
