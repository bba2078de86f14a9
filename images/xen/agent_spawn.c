#include "images/xen/agent_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As lab-init has it in a container, without a terminal. */
static char *const environment[] = {
    (char *)(uintptr_t) "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    (char *)(uintptr_t) "HOME=/root",
    (char *)(uintptr_t) "USER=root",
    (char *)(uintptr_t) "LANG=C.UTF-8",
    NULL,
};

static void close_all(int pipes[3][2])
{
    for (int i = 0; i < 3; i++)
        for (int end = 0; end < 2; end++)
            if (pipes[i][end] >= 0)
                close(pipes[i][end]);
}

static int spawn(char *const *words, int pipes[3][2], pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t all, none;
    int rc;

    sigfillset(&all);
    sigemptyset(&none);
    rc = posix_spawn_file_actions_init(&files);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc != 0) {
        posix_spawn_file_actions_destroy(&files);
        return rc;
    }
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = posix_spawn_file_actions_adddup2(&files, pipes[i][i == 0 ? 0 : 1], i);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(&files, 3);
    if (rc == 0 && access("/root", X_OK) == 0)
        rc = posix_spawn_file_actions_addchdir_np(&files, "/root");
    if (rc == 0)
        rc = posix_spawnp(pid, words[0], &files, &attr, words, environment);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

int agent_spawn(char *const *words, struct agent_command *out)
{
    int pipes[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    pid_t pid = 0;
    int rc = 0;

    for (int i = 0; i < 3 && rc == 0; i++) {
        rc = pipe2(pipes[i], O_CLOEXEC) < 0 ? errno : 0;
        if (rc == 0)
            fcntl(pipes[i][i == 0 ? 1 : 0], F_SETFL, O_NONBLOCK); /* our end only */
    }
    if (rc == 0)
        rc = spawn(words, pipes, &pid);
    if (rc != 0) {
        close_all(pipes);
        return rc;
    }
    int ended = (int)syscall(SYS_pidfd_open, pid, 0);
    if (ended < 0) {
        rc = errno;
        kill(-pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close_all(pipes);
        return rc;
    }
    close(pipes[0][0]);
    close(pipes[1][1]);
    close(pipes[2][1]);
    *out = (struct agent_command){
        .pid = pid, .in = pipes[0][1], .out = {pipes[1][0], pipes[2][0]}, .ended = ended};
    return 0;
}
