#include "labd/site/site_evidence.h"

#include "grading/evidence.h"
#include "labd/base/buf.h"
#include "labd/base/pack.h"
#include "labd/site/store/store.h"

#include <sodium.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL

/* False if it is too large. */
static bool try(const json_t *evidence, struct buf *out)
{
    AUTO(mem_freep) char *text = json_dumps(evidence, JSON_COMPACT);
    size_t n = text != NULL ? strlen(text) : SIZE_MAX;

    buf_clear(out);
    if (n > EVIDENCE_BYTES_MAX)
        return false;
    pack(text, n, out);
    return out->len <= EVIDENCE_PACKED_MAX;
}

json_t *evidence_wrap(json_t *evidence, const char *exercise_xml, const char *topology, unsigned hold,
                      struct err *e)
{
    AUTO(buf_clear) struct buf packed = BUF_INIT;

    json_object_set_new(evidence, "exercise", json_string(exercise_xml));
    json_object_set_new(evidence, "topology", json_string(topology));
    while (!try(evidence, &packed))
        if (!evidence_drop(evidence, hold)) {
            err_set(e, ERR_CAPACITY, "the evidence is too large to be kept");
            return NULL;
        }
    size_t size = sodium_base64_encoded_len(packed.len, BASE64);
    AUTO(mem_freep) char *text = xcalloc(size, 1);
    sodium_bin2base64(text, size, (const unsigned char *)packed.data, packed.len, BASE64);
    return json_string(text);
}

int evidence_keep(struct store *s, int64_t inst, int64_t attempt, const json_t *wrapped, struct err *e)
{
    const char *text = json_string_value(wrapped);
    AUTO(mem_freep) unsigned char *packed = xcalloc(EVIDENCE_PACKED_MAX, 1);
    size_t n;

    if (text == NULL ||
        sodium_base642bin(packed, EVIDENCE_PACKED_MAX, text, strlen(text), NULL, &n, NULL, BASE64) < 0)
        return err_set(e, ERR_INTERNAL, "the evidence of the grader is damaged");
    return store_evidence_add(s, inst, attempt, packed, n, e);
}

json_t *evidence_open(const void *packed, size_t n, struct err *e)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    json_error_t why;
    json_t *j;

    if (unpack(packed, n, EVIDENCE_BYTES_MAX, &text, e) < 0)
        return NULL;
    if ((j = json_loadb(buf_str(&text), text.len, 0, &why)) == NULL)
        err_set(e, ERR_INVALID, "the evidence is damaged: %s", why.text);
    return j;
}
