/* The console of a Xen guest: takes the terminal, sets it up as new and becomes root's login shell.  lab-init
 * keeps it running, so a shell that ends, or is killed with everything else, is followed by another. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define TERMINAL "/dev/hvc0"

/* The last shell may have left it raw and silent, as a killed editor does. */
static void reset(void)
{
    struct termios t;

    if (tcgetattr(STDIN_FILENO, &t) < 0)
        return;
    t.c_iflag = BRKINT | ICRNL | IXON | IMAXBEL | IUTF8;
    t.c_oflag = OPOST | ONLCR;
    t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD | HUPCL | CLOCAL;
    t.c_lflag = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    static const struct {
        int index;
        cc_t value;
    } keys[] = {{VINTR, 3},    {VQUIT, 28},  {VERASE, 127}, {VKILL, 21}, {VEOF, 4},
                {VSTART, 17},  {VSTOP, 19},  {VSUSP, 26},   {VEOL, 0},   {VREPRINT, 18},
                {VWERASE, 23}, {VLNEXT, 22}, {VMIN, 1},     {VTIME, 0}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        t.c_cc[keys[i].index] = keys[i].value;
    tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

int main(void)
{
    static const char *const env[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "USER=root",
        "LOGNAME=root",
        "SHELL=/bin/bash",
        "TERM=xterm-256color",
        "LANG=C.UTF-8",
        NULL,
    };
    static const char *const shell[] = {"-bash", NULL}, *const plain[] = {"-sh", NULL};
    int fd = open(TERMINAL, O_RDWR | O_NOCTTY);

    if (fd < 0) {
        dprintf(STDERR_FILENO, "console: cannot open %s: %s\n", TERMINAL, strerror(errno));
        return 1;
    }
    setsid(); /* lab-init has done it; by hand this lets it work, too */
    /* 1: even from a session that still has it: a job that outlived the last shell. */
    if (ioctl(fd, TIOCSCTTY, 1) < 0)
        dprintf(STDERR_FILENO, "console: cannot take %s: %s\n", TERMINAL, strerror(errno));
    for (int i = 0; i < 3; i++)
        if (dup2(fd, i) < 0)
            return 1;
    if (fd > 2)
        close(fd);
    tcsetpgrp(STDIN_FILENO, getpid());
    reset();
    if (chdir("/root") < 0 && chdir("/") < 0)
        return 1;
    execve("/bin/bash", (char *const *)(const void *)shell, (char *const *)(const void *)env);
    execve("/bin/sh", (char *const *)(const void *)plain, (char *const *)(const void *)env);
    dprintf(STDOUT_FILENO, "console: this node has no shell: %s\r\n", strerror(errno));
    return 1;
}
