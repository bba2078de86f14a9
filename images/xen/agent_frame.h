/* Frames as they come from a client, in pieces of any size.  Pure. */
#ifndef IMAGES_XEN_AGENT_FRAME_H
#define IMAGES_XEN_AGENT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEAD 5 /* the length and the type */

struct frame_in {
    uint8_t head[FRAME_HEAD];
    size_t nhead;
    uint32_t
        left; /* bytes of this frame's payload that have not come yet; of meaning once the head is there */
};

/* A part of one frame's payload: its first part has 'first', its last one 'last'; 'data' is borrowed. */
struct frame_piece {
    uint8_t type;
    bool first, last;
    const uint8_t *data;
    size_t n;
};

/* Takes bytes from 'data' until one piece is complete or nothing is left.  Returns how many were taken, and
 * in '*have' whether '*out' is a piece; -1: no frame has such a length. */
long frame_take(struct frame_in *f, const uint8_t *data, size_t n, struct frame_piece *out, bool *have);

/* Writes the head of a frame with 'n' bytes of payload. */
void frame_head(uint8_t out[FRAME_HEAD], uint8_t type, size_t n);

/* Splits a command into its words, which point into 'bytes'; 'words' has room for 'max' and a NULL.  Returns
 * how many there are, 0 if the bytes are not 1 .. 'max' words with a NUL each, the first not empty. */
size_t frame_words(char *bytes, size_t n, char **words, size_t max);

#endif
