/* BPDUs: what bridges say to each other about the spanning tree.  Frames of IEEE 802.1D-2004, clause 9, in LLC. */
#include "grading/probe/engine.h"
#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>

/* Offsets in an Ethernet frame. */
enum { LLC = 14, VERSION = 19, TYPE = 20, FLAGS = 21, ROOT = 22, BRIDGE = 34, END = 52 };

#define TYPE_CONFIG 0x00
#define TYPE_RAPID 0x02
#define ROLE_MASK 0x0c /* of the flags of a rapid one */
#define ROLE_DESIGNATED 0x0c

static struct probe_bridge bridge_at(const uint8_t *p)
{
    struct probe_bridge b = {.priority = (uint16_t)(p[0] << 8 | p[1])};

    memcpy(b.mac, p + 2, sizeof b.mac);
    return b;
}

bool bpdu_parse(const uint8_t *frame, size_t n, struct probe_bpdu *out)
{
    static const uint8_t group[] = {0x01, 0x80, 0xc2, 0, 0, 0}, head[] = {0x42, 0x42, 0x03, 0, 0};

    if (n < END || memcmp(frame, group, sizeof group) != 0 || memcmp(frame + LLC, head, sizeof head) != 0)
        return false;
    if (frame[TYPE] != TYPE_CONFIG &&
        (frame[TYPE] != TYPE_RAPID || frame[VERSION] < 2 || (frame[FLAGS] & ROLE_MASK) != ROLE_DESIGNATED))
        return false;
    out->root = bridge_at(frame + ROOT);
    out->bridge = bridge_at(frame + BRIDGE);
    return true;
}

void bpdu_frame(struct engine *en, const uint8_t *frame, size_t n, const char *port, bool in)
{
    struct probe_bpdu b = {.in = in};

    if (!bpdu_parse(frame, n, &b))
        return;
    for (size_t i = 0; i < en->nbpdus; i++) {
        const struct probe_bpdu *o = &en->bpdus[i];

        if (o->in == in && probe_bridge_equal(&o->root, &b.root) &&
            probe_bridge_equal(&o->bridge, &b.bridge) && strcmp(o->port, port) == 0)
            return;
    }
    if (en->nbpdus == PROBE_BPDUS_MAX) {
        en->more_bpdus = true;
        return;
    }
    snprintf(b.port, sizeof b.port, "%s", port);
    XGROW(en->bpdus, en->nbpdus, en->cap_bpdus);
    en->bpdus[en->nbpdus++] = b;
}
