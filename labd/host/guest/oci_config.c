#include "labd/host/guest/oci_config.h"

#include "labd/base/mem.h"

#define MIB ((json_int_t)1 << 20)

/* What configuring a network and running its daemons takes.  Not SYS_ADMIN: the image starts FRR, which
 * asks for it, without (images/init/capfit.c). */
static const char *const capabilities[] = {
    "CAP_CHOWN",      "CAP_DAC_OVERRIDE",     "CAP_FOWNER",  "CAP_FSETID",
    "CAP_KILL",       "CAP_SETGID",           "CAP_SETUID",  "CAP_SETPCAP",
    "CAP_SYS_CHROOT", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_NET_ADMIN",
};

static const char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "TERM=linux",
    "LANG=C.UTF-8",
};

static const char *const namespaces[] = {"user", "pid", "mount", "uts", "ipc", "network", "cgroup"};

/* What of the host shows in /proc and /sys and is nobody's business. */
static const char *const masked[] = {
    "/proc/acpi",       "/proc/config.gz",     "/proc/kallsyms", "/proc/kcore", "/proc/keys",
    "/proc/key-users",  "/proc/latency_stats", "/proc/modules",  "/proc/scsi",  "/proc/sched_debug",
    "/proc/timer_list", "/proc/timer_stats",   "/sys/firmware",  "/sys/fs",     "/sys/kernel",
};
/* Of /proc/sys only net and kernel/hostname belong to the guest; the rest is owned by the host's root. */
static const char *const read_only[] = {
    "/proc/bus",     "/proc/fs",         "/proc/irq",       "/proc/sysrq-trigger",
    "/proc/sys/abi", "/proc/sys/crypto", "/proc/sys/debug", "/proc/sys/dev",
    "/proc/sys/fs",  "/proc/sys/kernel", "/proc/sys/user",  "/proc/sys/vm",
};

static const struct mount {
    const char *destination, *type, *source, *options; /* options separated by blanks */
} mounts[] = {
    {"/proc", "proc", "proc", "nosuid noexec nodev"},
    {"/sys", "sysfs", "sysfs", "nosuid noexec nodev ro"},
    {"/dev", "tmpfs", "tmpfs", "nosuid noexec strictatime mode=755 size=64k"},
    {"/dev/pts", "devpts", "devpts", "nosuid noexec newinstance ptmxmode=0666 mode=0620 gid=5"},
    {"/dev/shm", "tmpfs", "shm", "nosuid noexec nodev mode=1777 size=16m"},
    {"/run", "tmpfs", "tmpfs", "nosuid nodev mode=755 size=16m"},
    {"/tmp", "tmpfs", "tmpfs", "nosuid nodev mode=1777 size=64m"},
};

static json_t *strings(const char *const *list, size_t n)
{
    json_t *a = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(a, json_string(list[i]));
    return a;
}

static json_t *words(const char *s)
{
    json_t *a = json_array();

    while (*s != '\0') {
        size_t n = 0;
        while (s[n] != '\0' && s[n] != ' ')
            n++;
        json_array_append_new(a, json_stringn(s, n));
        s += n + (s[n] == ' ');
    }
    return a;
}

json_t *oci_masked(void)
{
    return strings(masked, ARRAY_LEN(masked));
}

json_t *oci_read_only(void)
{
    return strings(read_only, ARRAY_LEN(read_only));
}

json_t *oci_mount(const char *destination, const char *type, const char *source, const char *options)
{
    return json_pack("{s:s, s:s, s:s, s:o}", "destination", destination, "type", type, "source", source,
                     "options", words(options));
}

json_t *oci_rlimit(const char *type, json_int_t limit)
{
    return json_pack("{s:s, s:I, s:I}", "type", type, "soft", limit, "hard", limit);
}

static json_t *process(const struct oci_spec *s)
{
    json_t *args = json_pack("[s]", "/sbin/lab-init");
    json_t *caps = strings(capabilities, ARRAY_LEN(capabilities));

    for (size_t i = 0; i < s->node->nifaces; i++)
        json_array_append_new(args, json_string(s->node->ifaces[i].name));
    /* RLIMIT_NPROC counts per user inside this user namespace: a fork bomb ends there even where the
     * pids controller is missing. */
    json_t *p = json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:b, s:i, s:{s:O, s:O, s:O}, s:[o, o, o]}",
                          "terminal", 0, "user", "uid", 0, "gid", 0, "args", args, "env",
                          strings(environment, ARRAY_LEN(environment)), "cwd", "/", "noNewPrivileges", 1,
                          "oomScoreAdj", 500, "capabilities", "bounding", caps, "effective", caps,
                          "permitted", caps, "rlimits", oci_rlimit("RLIMIT_NOFILE", OCI_FILES_MAX),
                          oci_rlimit("RLIMIT_NPROC", OCI_PIDS_MAX), oci_rlimit("RLIMIT_CORE", 0));
    json_decref(caps);
    return p;
}

static json_t *mount_list(const struct oci_spec *s)
{
    json_t *a = json_array();

    for (size_t i = 0; i < ARRAY_LEN(mounts); i++)
        json_array_append_new(
            a, oci_mount(mounts[i].destination, mounts[i].type, mounts[i].source, mounts[i].options));
    json_array_append_new(a,
                          oci_mount("/run/lab/startup", "bind", s->startup, "bind ro nosuid nodev private"));
    return a;
}

static json_t *resources(const struct oci_spec *s)
{
    json_t *r = json_object();
    json_int_t memory = (json_int_t)s->node->memory_mb * MIB;

    if (s->limit_memory)
        json_object_set_new(r, "memory", json_pack("{s:I, s:I}", "limit", memory, "swap", memory));
    if (s->limit_pids)
        json_object_set_new(r, "pids", json_pack("{s:i}", "limit", OCI_PIDS_MAX));
    return r;
}

static json_t *id_map(uint32_t base)
{
    return json_pack("[{s:i, s:I, s:i}]", "containerID", 0, "hostID", (json_int_t)base, "size",
                     (int)OCI_ID_RANGE);
}

static json_t *linux_part(const struct oci_spec *s)
{
    json_t *ns = json_array(), *devices = json_array();

    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
        json_array_append_new(ns, json_pack("{s:s}", "type", namespaces[i]));
    if (s->tun)
        json_array_append_new(devices, json_pack("{s:s, s:s, s:i, s:i}", "path", "/dev/net/tun", "type", "c",
                                                 "major", 10, "minor", 200));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "namespaces", ns, "uidMappings",
                     id_map(s->uid_base), "gidMappings", id_map(s->uid_base), "devices", devices, "resources",
                     resources(s), "seccomp", oci_seccomp(), "maskedPaths", oci_masked(), "readonlyPaths",
                     oci_read_only(), "cgroupsPath", s->cgroup, "rootfsPropagation", "private");
}

char *oci_config(const struct oci_spec *s)
{
    json_t *j = json_pack("{s:s, s:{s:s, s:b}, s:s, s:o, s:o, s:o}", "ociVersion", "1.0.2", "root", "path",
                          "rootfs", "readonly", 0, "hostname", s->node->name, "process", process(s), "mounts",
                          mount_list(s), "linux", linux_part(s));
    char *text = json_dumps(j, JSON_COMPACT);

    json_decref(j);
    if (text == NULL)
        abort(); /* only names of ours and of the plan, all ASCII, or no memory */
    return text;
}
