/* labd/host/guest/oci_config.c and oci_seccomp.c: what crun is told.  That crun does it is tested in
 * tests/contract/test_guest_container.c. */
#include "labd/host/guest/oci_config.h"

#include "labd/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct plan_iface ifaces[] = {{.name = "eth0"}, {.name = "eth1"}};
static const struct plan_node node = {.name = "r1", .memory_mb = 96, .ifaces = ifaces, .nifaces = 2};
static const struct oci_spec base = {
    .node = &node, .startup = "/run/x/startup", .cgroup = "/paralab/abcdef/r1", .uid_base = 4000000000u};

static json_t *config(const struct oci_spec *s)
{
    AUTO(mem_freep) char *text = oci_config(s);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    assert_non_null(j);
    return j;
}

/* Follows names and indices: "linux.uidMappings.0.hostID". */
static json_t *at(json_t *j, const char *path)
{
    char word[64];

    while (*path != '\0') {
        size_t n = strcspn(path, ".");
        snprintf(word, sizeof word, "%.*s", (int)n, path);
        j = json_is_array(j) ? json_array_get(j, (size_t)strtoul(word, NULL, 10)) : json_object_get(j, word);
        path += n + (path[n] == '.');
    }
    return j;
}

static const struct row {
    const char *name, *path, *want; /* as JSON; NULL: not there */
} rows[] = {
    {"init gets the interfaces", "process.args", "[\"/sbin/lab-init\",\"eth0\",\"eth1\"]"},
    {"no terminal", "process.terminal", "false"},
    {"no new privileges", "process.noNewPrivileges", "true"},
    {"no ambient capabilities", "process.capabilities.ambient", NULL},
    {"the cgroup is ours", "linux.cgroupsPath", "\"/paralab/abcdef/r1\""},
    {"the hostname is the node", "hostname", "\"r1\""},
    {"users begin at the lab's base", "linux.uidMappings.0",
     "{\"containerID\":0,\"hostID\":4000000000,\"size\":65536}"},
    {"groups too", "linux.gidMappings.0", "{\"containerID\":0,\"hostID\":4000000000,\"size\":65536}"},
    {"one range of users only", "linux.uidMappings.1", NULL},
    {"no hooks that run on the host", "hooks", NULL},
    {"no sysctl of the host", "linux.sysctl", NULL},
    {"no device without tun", "linux.devices", "[]"},
    {"no limit without controllers", "linux.resources", "{}"},
    {"the root is relative to the bundle", "root.path", "\"rootfs\""},
    {"mounts do not spread", "linux.rootfsPropagation", "\"private\""},
    {"unknown calls are allowed", "linux.seccomp.defaultAction", "\"SCMP_ACT_ALLOW\""},
    {"only the native calls exist", "linux.seccomp.architectures", NULL},
};

static void has(void **state)
{
    const struct row *r = *state;
    json_t *j = config(&base), *got = at(j, r->path);

    if (r->want == NULL) {
        assert_null(got);
    } else {
        AUTO(mem_freep) char *text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
        assert_non_null(text);
        assert_string_equal(text, r->want);
    }
    json_decref(j);
}

static void every_namespace_is_new(void **state)
{
    static const char *const want[] = {"user", "pid", "mount", "uts", "ipc", "network", "cgroup"};
    json_t *j = config(&base), *ns = at(j, "linux.namespaces");

    (void)state;
    assert_int_equal(json_array_size(ns), ARRAY_LEN(want));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_string_equal(json_string_value(at(json_array_get(ns, i), "type")), want[i]);
        assert_null(json_object_get(json_array_get(ns, i), "path")); /* never joins one */
    }
    json_decref(j);
}

static void only_the_startup_script_is_bound_and_read_only(void **state)
{
    json_t *j = config(&base), *m;
    size_t i;
    unsigned bound = 0;

    (void)state;
    json_array_foreach(at(j, "mounts"), i, m) {
        if (strcmp(json_string_value(at(m, "type")), "bind") != 0)
            continue;
        bound++;
        assert_string_equal(json_string_value(at(m, "destination")), "/run/lab/startup");
        assert_string_equal(json_string_value(at(m, "source")), "/run/x/startup");
        AUTO(mem_freep) char *options = json_dumps(at(m, "options"), JSON_COMPACT);
        assert_non_null(strstr(options, "\"ro\""));
    }
    assert_int_equal(bound, 1);
    json_decref(j);
}

static void limits_follow_the_controllers(void **state)
{
    struct oci_spec s = base;

    (void)state;
    s.limit_memory = s.limit_pids = true;
    json_t *j = config(&s);
    assert_int_equal(json_integer_value(at(j, "linux.resources.memory.limit")), 96 << 20);
    assert_int_equal(json_integer_value(at(j, "linux.resources.memory.swap")), 96 << 20);
    assert_int_equal(json_integer_value(at(j, "linux.resources.pids.limit")), OCI_PIDS_MAX);
    json_decref(j);
}

static void tun_is_given_when_asked_for(void **state)
{
    struct oci_spec s = base;

    (void)state;
    s.tun = true;
    json_t *j = config(&s);
    assert_int_equal(json_array_size(at(j, "linux.devices")), 1);
    assert_string_equal(json_string_value(at(j, "linux.devices.0.path")), "/dev/net/tun");
    json_decref(j);
}

static bool refuses(json_t *profile, const char *call, int errnum)
{
    json_t *rule, *name;
    size_t i, k;

    json_array_foreach(json_object_get(profile, "syscalls"), i, rule) {
        json_array_foreach(json_object_get(rule, "names"), k, name) {
            if (strcmp(json_string_value(name), call) == 0 && json_object_get(rule, "args") == NULL)
                return strcmp(json_string_value(json_object_get(rule, "action")), "SCMP_ACT_ERRNO") == 0 &&
                       json_integer_value(json_object_get(rule, "errnoRet")) == errnum;
        }
    }
    return false;
}

static void the_filter_names_what_it_refuses(void **state)
{
    json_t *p = oci_seccomp();

    (void)state;
    assert_true(refuses(p, "bpf", 1));
    assert_true(refuses(p, "mount", 1));
    assert_true(refuses(p, "unshare", 1));
    assert_true(refuses(p, "clone3", 38));
    assert_false(refuses(p, "socket", 1));
    assert_false(refuses(p, "clone", 1)); /* only with namespace flags */
    json_decref(p);
}

/* ---- programs of exercises ---- */
static const struct oci_script script = {.rootfs = "/var/images/base/root",
                                         .program = "/run/x/program",
                                         .timeout_ms = 1500,
                                         .hostname = "west",
                                         .cgroup = "/paralab/abcdef/.script-0",
                                         .uid = 4000064000u};

static const struct row script_rows[] = {
    {"script: the image is read-only", "root", "{\"path\":\"/var/images/base/root\",\"readonly\":true}"},
    {"script: it ends in time", "process.args",
     "[\"/usr/bin/timeout\",\"-s\",\"KILL\",\"1.500\",\"/run/program\"]"},
    {"script: no capabilities", "process.capabilities", "{}"},
    {"script: no new privileges", "process.noNewPrivileges", "true"},
    {"script: nobody's user", "process.user", "{\"uid\":4000064000,\"gid\":4000064000}"},
    {"script: no terminal", "process.terminal", "false"},
    {"script: no hooks", "hooks", NULL},
    {"script: no devices", "linux.devices", NULL},
    {"script: no ids of others", "linux.uidMappings", NULL},
    {"script: mounts do not spread", "linux.rootfsPropagation", "\"private\""},
    {"script: no network but the one of its reference", "linux.namespaces",
     "[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},{\"type\":\"cgroup\"}]"},
    {"script: the program can not change", "mounts.4",
     "{\"destination\":\"/run/program\",\"type\":\"bind\",\"source\":\"/run/x/program\",\"options\":[\"bind\",\"ro\","
     "\"nosuid\",\"nodev\",\"private\"]}"},
    {"script: nothing else of the host", "mounts.5", NULL},
    {"script: no limit without controllers", "linux.resources", "{}"},
};

static void script_has(void **state)
{
    const struct row *r = *state;
    AUTO(mem_freep) char *text = oci_script_config(&script);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *got;

    assert_non_null(j);
    got = at(j, r->path);
    if (r->want == NULL) {
        assert_null(got);
    } else {
        AUTO(mem_freep) char *is = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
        assert_non_null(is);
        assert_string_equal(is, r->want);
    }
    json_decref(j);
}

static void script_has_the_guests_filter_and_limits(void **state)
{
    struct oci_script s = script;

    (void)state;
    s.limit_memory = s.limit_pids = true;
    AUTO(mem_freep) char *text = oci_script_config(&s);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *filter = oci_seccomp();

    assert_true(json_equal(at(j, "linux.seccomp"), filter));
    assert_int_equal(json_integer_value(at(j, "linux.resources.memory.limit")), 256 << 20);
    assert_int_equal(json_integer_value(at(j, "linux.resources.pids.limit")), 32);
    assert_int_equal(json_array_size(at(j, "process.rlimits")), 6);
    json_decref(filter);
    json_decref(j);
}

int main(void)
{
    struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(script_rows) + 6];
    size_t n = 0;

    for (; n < ARRAY_LEN(rows); n++)
        tests[n] = (struct CMUnitTest){rows[n].name, has, NULL, NULL, (void *)(uintptr_t)&rows[n]};
    for (size_t i = 0; i < ARRAY_LEN(script_rows); i++)
        tests[n++] = (struct CMUnitTest){script_rows[i].name, script_has, NULL, NULL,
                                         (void *)(uintptr_t)&script_rows[i]};
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(script_has_the_guests_filter_and_limits);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_namespace_is_new);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(only_the_startup_script_is_bound_and_read_only);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(limits_follow_the_controllers);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(tun_is_given_when_asked_for);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_filter_names_what_it_refuses);
    return cmocka_run_group_tests_name("guest_oci", tests, NULL, NULL);
}
