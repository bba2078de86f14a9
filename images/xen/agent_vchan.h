/* The channel between a guest and its host: libxenvchan, one instance for each client. */
#ifndef IMAGES_XEN_AGENT_VCHAN_H
#define IMAGES_XEN_AGENT_VCHAN_H

/* Waits for clients and serves each in a thread of its own.  Does not return. */
_Noreturn void agent_vchan_serve(const char *terminal);

#endif
