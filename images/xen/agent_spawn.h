/* Starting a command for a client. */
#ifndef IMAGES_XEN_AGENT_SPAWN_H
#define IMAGES_XEN_AGENT_SPAWN_H

#include <sys/types.h>

struct agent_command {
    pid_t pid;  /* its process group and session, too; 0: none */
    int in;     /* our ends, not blocking, -1: closed */
    int out[2]; /* stdout, stderr */
    int ended;  /* readable when it has ended */
};

#define AGENT_COMMAND_NONE ((struct agent_command){.pid = 0, .in = -1, .out = {-1, -1}, .ended = -1})

/* Runs 'words' (NULL after the last) as root in /root with the environment of a guest.  0, or an errno: then
 * '*out' is untouched. */
int agent_spawn(char *const *words, struct agent_command *out);

#endif
