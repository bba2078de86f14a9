/* The console of one node: its terminal, its scrollback, its viewers.  Used by labconsole. */
#ifndef HOST_CONSOLE_NODE_H
#define HOST_CONSOLE_NODE_H

#include "labd/base/loop.h"
#include "labd/host/guest/guest.h"
#include "labd/rpc/frame.h"

#include <stdint.h>

#define CONSOLE_UNACKED_MAX (128u << 10) /* the slowest viewer's lag at which the guest is made to wait */
#define CONSOLE_WAIT_MS 2000u            /* ... and for how long, before that viewer loses bytes instead */

struct console_node;

/* 'lab' and 'ops' are borrowed and outlive it. */
struct console_node *console_node_new(struct loop *l, const struct guest_lab *lab,
                                      const struct guest_ops *ops, size_t node);
void console_node_free(struct console_node *c);

/* Where a viewer that asks for 'offset' (-1: the oldest byte held) will begin. */
uint64_t console_node_offset(const struct console_node *c, int64_t offset);
/* Takes the connection; output follows from 'offset' on.  rows, cols: 0 if unknown.  The first viewer
 * opens the node's session. */
void console_node_attach(struct console_node *c, struct frame_conn *conn, uint64_t offset, unsigned rows,
                         unsigned cols);

#endif
