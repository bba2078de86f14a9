/* What the host and the agent in a Xen guest say to each other: xenstore keys and the frames on the vchan.  Included
 * by the driver, by labvchan and by the agent of images/xen; depends on nothing.
 *
 * A frame is a 32-bit big-endian length L, then a type byte and L-1 bytes, as in labd/rpc/frame.h.  The agent
 * greets; the client sends one AGENT_RUN or AGENT_RESIZE; AGENT_EXIT is the last frame. */
#ifndef HOST_GUEST_XEN_AGENT_H
#define HOST_GUEST_XEN_AGENT_H

#define AGENT_VCHAN "data/vchan" /* keys below the guest's own folder in xenstore */
#define AGENT_BOOT "data/lab/boot"
#define AGENT_OUTPUT "data/lab/output/%u" /* of the startup script: 0, 1, ... */
#define AGENT_OUTPUT_PARTS 4u
#define AGENT_OUTPUT_PART_MAX 2048u

#define AGENT_VERSION 1
#define AGENT_FRAME_MAX (1u << 20)
#define AGENT_WORDS_MAX 64u
#define AGENT_ARGV_MAX (128u << 10)

enum agent_frame {
    AGENT_HELLO = 'h',  /* agent: u8 version */
    AGENT_RUN = 'X',    /* client: words of a command, each ended by a NUL */
    AGENT_RESIZE = 'r', /* client: u16 BE rows, u16 BE columns of the console */
    AGENT_INPUT = 'i',  /* client: bytes for standard input; empty: end of file */
    AGENT_OUTPUT_BYTES = 'o',
    AGENT_ERROR_BYTES = 'e',
    AGENT_EXIT = 'x', /* agent: u8 status, 128 + signal */
};

#endif
