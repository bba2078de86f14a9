/* What a script runs in.  Unlike a node it has no user namespace: it is a user of the host that owns nothing, so that the
 * shared image needs no mapping and no capability is anywhere near it, not even over its own network. */
#include "labd/host/guest/oci_config.h"

#include "labd/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB ((json_int_t)1 << 20)
#define PIDS_MAX 32
#define FILES_MAX 256
#define MEMORY (256 * MIB) /* of all its processes where there is a controller; of each where there is none */
#define FILE_SIZE (16 * MIB)

static const char *const namespaces[] = {"pid", "mount", "uts", "ipc", "cgroup"};

static json_t *process(const struct oci_script *s)
{
    char limit[24];

    /* The program of the image that ends it is the first process of its PID namespace: all others go with it. */
    snprintf(limit, sizeof limit, "%u.%03u", s->timeout_ms / 1000, s->timeout_ms % 1000);
    return json_pack(
        "{s:b, s:{s:I, s:I}, s:[sssss], s:[ssss], s:s, s:b, s:i, s:{}, s:[o, o, o, o, o, o]}", "terminal", 0,
        "user", "uid", (json_int_t)s->uid, "gid", (json_int_t)s->uid, "args", "/usr/bin/timeout", "-s",
        "KILL", limit, "/run/program", "env",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", "TERM=dumb",
        "LANG=C.UTF-8", "cwd", "/tmp", "noNewPrivileges", 1, "oomScoreAdj", 1000, "capabilities", "rlimits",
        oci_rlimit("RLIMIT_NPROC", PIDS_MAX), oci_rlimit("RLIMIT_NOFILE", FILES_MAX),
        oci_rlimit("RLIMIT_AS", MEMORY), oci_rlimit("RLIMIT_FSIZE", FILE_SIZE),
        oci_rlimit("RLIMIT_CPU", (json_int_t)s->timeout_ms / 1000 + 1), oci_rlimit("RLIMIT_CORE", 0));
}

static json_t *mounts(const struct oci_script *s)
{
    return json_pack("[o, o, o, o, o]", oci_mount("/proc", "proc", "proc", "nosuid noexec nodev"),
                     oci_mount("/dev", "tmpfs", "tmpfs", "nosuid noexec mode=755 size=64k"),
                     oci_mount("/run", "tmpfs", "tmpfs", "nosuid nodev mode=755 size=64k"),
                     oci_mount("/tmp", "tmpfs", "tmpfs", "nosuid nodev mode=1777 size=16m nr_inodes=1024"),
                     oci_mount("/run/program", "bind", s->program, "bind ro nosuid nodev private"));
}

static json_t *linux_part(const struct oci_script *s)
{
    json_t *ns = json_array(), *resources = json_object();

    for (size_t i = 0; i < ARRAY_LEN(namespaces); i++)
        json_array_append_new(ns, json_pack("{s:s}", "type", namespaces[i]));
    if (s->limit_memory)
        json_object_set_new(resources, "memory", json_pack("{s:I, s:I}", "limit", MEMORY, "swap", MEMORY));
    if (s->limit_pids)
        json_object_set_new(resources, "pids", json_pack("{s:i}", "limit", PIDS_MAX));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "namespaces", ns, "resources", resources,
                     "seccomp", oci_seccomp(), "maskedPaths", oci_masked(), "readonlyPaths", oci_read_only(),
                     "cgroupsPath", s->cgroup, "rootfsPropagation", "private");
}

char *oci_script_config(const struct oci_script *s)
{
    json_t *j = json_pack("{s:s, s:{s:s, s:b}, s:s, s:o, s:o, s:o}", "ociVersion", "1.0.2", "root", "path",
                          s->rootfs, "readonly", 1, "hostname", s->hostname, "process", process(s), "mounts",
                          mounts(s), "linux", linux_part(s));
    char *text = json_dumps(j, JSON_COMPACT);

    json_decref(j);
    if (text == NULL)
        abort(); /* only names and paths of ours, or no memory */
    return text;
}
