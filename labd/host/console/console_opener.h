/* Opens a node's terminal without making the loop wait: the driver's blocking call runs in a child that
 * passes the descriptor back.  Used by labconsole. */
#ifndef HOST_CONSOLE_OPENER_H
#define HOST_CONSOLE_OPENER_H

#include "labd/base/loop.h"
#include "labd/host/guest/guest.h"

struct opener;

/* Called once: 'fd' is the callee's, or -1 with 'e'. */
typedef void opener_fn(int fd, const struct err *e, void *arg);

/* Never NULL: what fails at once is told from the loop, too. */
struct opener *opener_start(struct loop *l, const struct guest_lab *lab, const struct guest_ops *ops,
                            size_t node, opener_fn *done, void *arg);
void opener_cancel(struct opener *o); /* 'done' is not called; NULL is fine */

#endif
