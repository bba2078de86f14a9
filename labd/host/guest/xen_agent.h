/* What the host and a Xen guest say to each other outside of Xen's own protocols: names in xenstore and the
 * frames between the agent in the guest (images/xen) and its clients on the host.  Constants only; used by
 * the Xen driver, its client program and the agent.
 *
 * A frame is a 32-bit big-endian length L (1 .. XEN_AGENT_FRAME_MAX), then a type byte and L - 1 bytes, as in
 * labd/rpc/frame.h.  The agent speaks first.  A client takes the lock of its host until it has the hello, so
 * that no two go for one instance of the channel; where there is no channel or no hello it tries again. */
#ifndef HOST_GUEST_XEN_AGENT_H
#define HOST_GUEST_XEN_AGENT_H

#define XEN_AGENT_VERSION 1
#define XEN_AGENT_FRAME_MAX (1u << 20)
#define XEN_AGENT_WORDS_MAX 64u            /* of a command */
#define XEN_AGENT_COMMAND_MAX (128u << 10) /* its bytes, with a NUL after each word */
#define XEN_AGENT_CLIENTS_MAX 16u          /* at a time; the next one waits for its hello */

enum xen_agent_frame {
    XEN_AGENT_HELLO = 'h',  /* agent: u8 version */
    XEN_AGENT_EXEC = 'X',   /* client, first: the words, each with a NUL */
    XEN_AGENT_RESIZE = 'r', /* client, first: u16 BE rows, u16 BE columns of the console; answered by 'x' */
    XEN_AGENT_INPUT = 'i',  /* client: bytes for stdin; none: end of file */
    XEN_AGENT_OUTPUT = 'o', /* agent: bytes of stdout */
    XEN_AGENT_ERROR = 'e',  /* agent: bytes of stderr */
    XEN_AGENT_EXIT = 'x',   /* agent, last: u8 exit status, 128 + signal, 127 if it cannot be run */
};

/* In xenstore, below /local/domain/ID.  The guest may write there whatever it likes: the host bounds and
 * checks all of it. */
#define XEN_AGENT_CHANNEL \
    "data/vchan/%u" /* libxenvchan removes an instance's folder when the instance is closed */
#define XEN_AGENT_OFFERED "data/lab/channel"   /* the number of the instance that waits for a client */
#define XEN_AGENT_ALIVE "data/lab/agent"       /* written by each agent that starts; its version */
#define XEN_AGENT_BOOT "data/lab/boot"         /* "ok" or "failed STATUS", written last */
#define XEN_AGENT_OUTPUT_KEY "data/lab/output" /* below it "0" .. "3": what the startup script printed */
#define XEN_AGENT_OUTPUT_PARTS 4u
#define XEN_AGENT_OUTPUT_PART_MAX 2048u

/* In the backend's directory of a network interface: "0" unplugs the cable, all else plugs it in.  The small
 * kernel looks at it (images/kernel/patches). */
#define XEN_AGENT_CARRIER "carrier"

#endif
