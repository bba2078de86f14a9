/* Starting, finding and ending the console process of a lab.  Used by labhost and its workers. */
#ifndef HOST_CONSOLE_CLIENT_H
#define HOST_CONSOLE_CLIENT_H

#include "labd/base/err.h"
#include "labd/host/guest/guest.h"

#include <stddef.h>

/* RUN/labs/LAB/console.sock */
int console_socket_path(const char *run_dir, const char *lab, char *out, size_t size,
                        struct err *e) MUST_CHECK;

/* Starts labconsole (installed in 'program_dir') for 'lab' unless it runs already.  When it returns 0 the
 * socket answers.  The process leads a session of its own and outlives the caller.  Blocks for some
 * milliseconds. */
int console_start(const struct guest_lab *lab, const struct guest_ops *ops, const char *program_dir,
                  struct err *e) MUST_CHECK;

/* Ends the console process of a lab, if there is one, and removes its socket.  Blocks, at most 2 s. */
void console_stop(const char *run_dir, const char *lab);

#endif
