/* The system call filter of a guest.
 *
 * A guest is a whole machine to its student, so what it may call is everything minus what no network node
 * needs: calls that change the host as a whole, that make namespaces or mounts (each opens a large part of
 * the kernel to a root that the user namespace made), that reach into other processes, and interfaces
 * with a record of kernel faults (bpf, io_uring, userfaultfd, keyrings).  Only native calls exist: no
 * architecture is listed, so that a call by the 32-bit or x32 table kills its process.  Refused calls give EPERM, so that
 * tools print their usual message; clone3 gives ENOSYS, for its flags lie in memory where a filter cannot
 * see them and every C library falls back to clone. */
#include "labd/host/guest/oci_config.h"

#include "labd/base/mem.h"

#include <errno.h>
#include <sched.h>

static const char *const refused[] = {
    /* the host as a whole */
    "acct",
    "adjtimex",
    "clock_adjtime",
    "clock_settime",
    "settimeofday",
    "stime",
    "delete_module",
    "finit_module",
    "init_module",
    "create_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "syslog",
    "quotactl",
    "quotactl_fd",
    "iopl",
    "ioperm",
    "vhangup",
    "nfsservctl",
    "uselib",
    "modify_ldt",
    "lookup_dcookie",
    "vm86",
    "vm86old",
    "ustat",
    "sysfs",
    "_sysctl",
    "get_mempolicy",
    "set_mempolicy",
    "set_mempolicy_home_node",
    "mbind",
    "migrate_pages",
    "move_pages",
    /* namespaces and mounts; the guest's are complete when its init starts */
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "unshare",
    "setns",
    "name_to_handle_at",
    "open_by_handle_at",
    "fanotify_init",
    /* other processes */
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    /* interfaces that no node needs */
    "add_key",
    "keyctl",
    "request_key",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "memfd_secret",
    "landlock_create_ruleset",
};

static json_t *names(const char *const *list, size_t n)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_string(list[i]));
    return a;
}

/* clone() with any flag that makes a namespace. */
static json_t *refused_clone(void)
{
    static const unsigned flags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWNET,   CLONE_NEWPID,
                                     CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
    json_t *rules = json_array();

    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        json_array_append_new(rules, json_pack("{s:[s], s:s, s:i, s:[{s:i, s:I, s:I, s:s}]}", "names",
                                               "clone", "action", "SCMP_ACT_ERRNO", "errnoRet", EPERM, "args",
                                               "index", 0, "value", (json_int_t)flags[i], "valueTwo",
                                               (json_int_t)flags[i], "op", "SCMP_CMP_MASKED_EQ"));
    return rules;
}

json_t *oci_seccomp(void)
{
    json_t *rules = refused_clone();

    json_array_append_new(rules, json_pack("{s:o, s:s, s:i}", "names", names(refused, ARRAY_LEN(refused)),
                                           "action", "SCMP_ACT_ERRNO", "errnoRet", EPERM));
    json_array_append_new(rules, json_pack("{s:[s], s:s, s:i}", "names", "clone3", "action", "SCMP_ACT_ERRNO",
                                           "errnoRet", ENOSYS));
    return json_pack("{s:s, s:o}", "defaultAction", "SCMP_ACT_ALLOW", "syscalls", rules);
}
