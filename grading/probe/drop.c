#include "grading/probe/drop.h"

#include "labd/base/mem.h"

#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534

#if defined(__x86_64__)
#define DROP_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define DROP_ARCH AUDIT_ARCH_AARCH64
#endif /* on another architecture it does not compile until its constant is named here */

static const int allowed[] = {
    SYS_read,          SYS_write,           SYS_readv,        SYS_writev,
    SYS_close,         SYS_lseek,
#ifdef SYS_newfstatat
    SYS_newfstatat,
#endif
    SYS_fstat,         SYS_connect,         SYS_sendto,       SYS_sendmsg,
    SYS_recvfrom,      SYS_recvmsg,         SYS_getsockopt,   SYS_getsockname,
    SYS_epoll_ctl,     SYS_epoll_pwait,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
    SYS_clock_gettime, SYS_clock_nanosleep, SYS_getrandom,    SYS_brk,
    SYS_mmap,          SYS_munmap,          SYS_mremap,       SYS_mprotect,
    SYS_madvise,       SYS_futex,           SYS_rt_sigreturn, SYS_rt_sigprocmask,
    SYS_getpid,        SYS_gettid,          SYS_tgkill,       SYS_restart_syscall,
    SYS_exit,          SYS_exit_group,
};

static int seccomp_allow(struct err *e)
{
    struct sock_filter code[5 + 2 * ARRAY_LEN(allowed)];
    struct sock_fprog prog = {0, code};
    unsigned short n = 0;

    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DROP_ARCH, 1, 0);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i], 0, 1);
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    prog.len = n;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
        return err_sys(e, "limit the system calls");
    return 0;
}

int drop_privileges(struct err *e)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys(e, "forbid new privileges");
    /* Leaving uid 0 clears the permitted, effective and ambient sets; what remains in the bounding set
     * can not be gained without exec, which the filter below does not allow. */
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return err_sys(e, "become nobody");
    if (setresuid(0, 0, 0) == 0)
        return err_set(e, ERR_INTERNAL, "privileges came back after they were dropped");
#if !defined(__SANITIZE_ADDRESS__)
    return seccomp_allow(e);
#else
    (void)seccomp_allow; /* the sanitizer's own system calls are not ours to list */
    return 0;
#endif
}
