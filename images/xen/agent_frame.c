#include "images/xen/agent_frame.h"

#include "labd/host/guest/xen_agent.h"

#include <string.h>

long frame_take(struct frame_in *f, const uint8_t *data, size_t n, struct frame_piece *out, bool *have)
{
    size_t at = 0;
    bool first = false;

    *have = false;
    if (f->nhead < FRAME_HEAD) {
        while (at < n && f->nhead < FRAME_HEAD)
            f->head[f->nhead++] = data[at++];
        if (f->nhead < FRAME_HEAD)
            return (long)at;
        uint32_t length =
            (uint32_t)f->head[0] << 24 | (uint32_t)f->head[1] << 16 | (uint32_t)f->head[2] << 8 | f->head[3];
        if (length < 1 || length > XEN_AGENT_FRAME_MAX)
            return -1;
        f->left = length - 1;
        first = true;
    }
    size_t part = n - at < f->left ? n - at : f->left;
    /* The payload's first bytes may come later than its head, but a piece without bytes ends a frame. */
    if (part == 0 && f->left > 0 && !first)
        return (long)at;
    f->left -= (uint32_t)part;
    *out = (struct frame_piece){
        .type = f->head[4], .first = first, .last = f->left == 0, .data = data + at, .n = part};
    *have = true;
    if (f->left == 0)
        f->nhead = 0;
    return (long)(at + part);
}

void frame_head(uint8_t out[FRAME_HEAD], uint8_t type, size_t n)
{
    uint32_t length = (uint32_t)n + 1;

    out[0] = (uint8_t)(length >> 24);
    out[1] = (uint8_t)(length >> 16);
    out[2] = (uint8_t)(length >> 8);
    out[3] = (uint8_t)length;
    out[4] = type;
}

size_t frame_words(char *bytes, size_t n, char **words, size_t max)
{
    size_t count = 0;

    if (n == 0 || bytes[0] == '\0' || bytes[n - 1] != '\0')
        return 0;
    for (size_t at = 0; at < n; at += strlen(bytes + at) + 1) {
        if (count == max)
            return 0;
        words[count++] = bytes + at;
    }
    words[count] = NULL;
    return count;
}
