/* The parts of the xen driver that need no Xen: UUIDs, configuration, the node's archive, private disks. */
#include "labd/base/buf.h"
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "labd/host/guest/xen_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <fcntl.h>

/* ---- UUIDs ---- */

static void a_uuid_names_owner_lab_and_node(void **state)
{
    uint8_t u[XEN_UUID_SIZE];
    char lab[LAB_ID_SIZE];
    size_t node = 0;

    (void)state;
    xen_uuid("/run/labd", "abc123", 16383, u);
    assert_true(xen_uuid_parse(u, "/run/labd", lab, &node));
    assert_string_equal(lab, "abc123");
    assert_int_equal(node, 16383);
    assert_false(xen_uuid_parse(u, "/run/other", lab, &node));
}

static void every_changed_byte_but_the_node_makes_a_stranger(void **state)
{
    uint8_t u[XEN_UUID_SIZE];
    char lab[LAB_ID_SIZE];
    size_t node;

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        xen_uuid("/run/labd", "abc123", 1, u);
        u[i] ^= 1;
        assert_false(xen_uuid_parse(u, "/run/labd", lab, &node));
    }
    xen_uuid("/run/labd", "abc123", 1, u);
    u[8] = '/';
    assert_false(xen_uuid_parse(u, "/run/labd", lab, &node));
}

static void zeroes_are_a_stranger(void **state)
{
    uint8_t u[XEN_UUID_SIZE] = {0};
    char lab[LAB_ID_SIZE];
    size_t node;

    (void)state;
    assert_false(xen_uuid_parse(u, "/run/labd", lab, &node));
}

/* ---- configuration ---- */

static struct plan_iface ifaces[] = {{"eth0", "02:00:00:00:00:01", 1500, 0},
                                     {"wan", "02:00:00:00:00:02", 1500, 1}};
static struct plan_port ports[] = {{.dev = "plabc123.0"}, {.dev = "plabc123.1"}};
static char frr_conf_path[] = "/etc/frr/frr.conf", frr_conf[] = "router ospf\n";
static char frr_daemons_path[] = "/etc/frr/daemons", frr_daemons[] = "ospfd=yes\n";
static struct plan_file files[] = {{frr_conf_path, 0640, frr_conf}, {frr_daemons_path, 0640, frr_daemons}};
static struct plan_node nodes[] = {
    {.name = "r1",
     .image = "base",
     .memory_mb = 64,
     .vcpus = 1,
     .ifaces = ifaces,
     .nifaces = 2,
     .files = files,
     .nfiles = 2},
    {.name = "h1", .image = "base", .memory_mb = 32, .vcpus = 2},
};
static const struct plan plan = {.lab = "abc123", .nodes = nodes, .nnodes = 2, .ports = ports, .nports = 2};
static const struct guest_host host = {
    .state_dir = "/s", .run_dir = "/run/labd", .image_dir = "/i", .program_dir = "/p"};
static const struct guest_lab lab = {.host = &host, .plan = &plan};

static void config(size_t node, struct buf *out)
{
    const struct xen_config c = {.lab = &lab,
                                 .node = node,
                                 .kernel = "/i/kernel/vmlinuz",
                                 .ramdisk = "/run/labd/labs/abc123/r1/ramdisk",
                                 .image_dev = "/dev/loop0",
                                 .layer_dev = "/dev/loop1",
                                 .hotplug = "/p/labhotplug",
                                 .memory_min_mb = 44};
    xen_config(&c, out);
}

static void a_configuration_is_as_people_expect(void **state)
{
    AUTO(buf_clear) struct buf got = BUF_INIT, want = BUF_INIT;
    struct err e;

    (void)state;
    config(0, &got);
    assert_int_equal(file_read("tests/golden/xen/domain.cfg", 1u << 16, &want, &e), 0);
    assert_string_equal(buf_str(&got), buf_str(&want));
}

static void memory_is_never_less_than_the_kernel_needs(void **state)
{
    AUTO(buf_clear) struct buf got = BUF_INIT;

    (void)state;
    config(1, &got);
    assert_non_null(strstr(buf_str(&got), "\nmemory = 44\nmaxmem = 44\nvcpus = 2\n"));
    assert_non_null(strstr(buf_str(&got), "\nvif = []\n"));
}

static void no_configuration_asks_for_a_device_model(void **state)
{
    AUTO(buf_clear) struct buf got = BUF_INIT;
    static const char *const words[] = {"channel", "vfb", "qdisk", "file:", "serial", "vnc", "device_model"};

    (void)state;
    config(0, &got);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_null(strstr(buf_str(&got), words[i]));
}

/* ---- the node's archive ---- */

static char *entry_text(const struct buf *cpio, const char *path, mode_t *mode)
{
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    char *out = NULL;

    assert_int_equal(archive_read_support_format_cpio(a), ARCHIVE_OK);
    assert_int_equal(archive_read_open_memory(a, cpio->data, cpio->len), ARCHIVE_OK);
    while (out == NULL && archive_read_next_header(a, &entry) == ARCHIVE_OK) {
        if (strcmp(archive_entry_pathname(entry), path) != 0)
            continue;
        size_t n = (size_t)archive_entry_size(entry);
        out = xcalloc(n + 1, 1);
        *mode = archive_entry_mode(entry);
        assert_int_equal(archive_read_data(a, out, n), (la_ssize_t)n);
    }
    archive_read_free(a);
    return out;
}

static void assert_entry(const struct buf *cpio, const char *path, mode_t want_mode, const char *want)
{
    mode_t mode = 0;
    AUTO(mem_freep) char *text = entry_text(cpio, path, &mode);

    if (text == NULL)
        fail_msg("the archive has no %s", path);
    assert_int_equal(mode, want_mode);
    if (want != NULL)
        assert_string_equal(text, want);
}

static void an_archive_holds_what_makes_a_node(void **state)
{
    AUTO(buf_clear) struct buf cpio = BUF_INIT;
    struct plan_node n = nodes[0];
    char startup[] = "set -e\necho hi\n";
    struct err e;
    mode_t mode;

    (void)state;
    n.startup = startup;
    assert_int_equal(xen_payload(&n, &cpio, &e), 0);
    assert_int_equal(cpio.len % 4, 0);
    assert_entry(&cpio, "lab", S_IFDIR | 0755, NULL);
    assert_entry(&cpio, "lab/hostname", S_IFREG | 0644, "r1\n");
    assert_entry(&cpio, "lab/interfaces", S_IFREG | 0644, "eth0 02:00:00:00:00:01\nwan 02:00:00:00:00:02\n");
    assert_entry(&cpio, "lab/startup", S_IFREG | 0700, startup);
    assert_entry(&cpio, "lab/random", S_IFREG | 0600, NULL);
    assert_entry(&cpio, "lab/seed/etc/frr", S_IFDIR | 0755, NULL);
    assert_entry(&cpio, "lab/seed/etc/frr/frr.conf", S_IFREG | 0640, "router ospf\n");
    buf_clear(&cpio);
    n.startup = NULL;
    assert_int_equal(xen_payload(&n, &cpio, &e), 0);
    assert_null(entry_text(&cpio, "lab/startup", &mode));
}

static void an_archive_takes_no_path_out_of_the_node(void **state)
{
    AUTO(buf_clear) struct buf cpio = BUF_INIT;
    char path[] = "/etc/../../lab/startup", text[] = "x";
    struct plan_file bad = {path, 0644, text};
    struct plan_node n = nodes[1];
    struct err e;

    (void)state;
    n.files = &bad;
    n.nfiles = 1;
    assert_int_equal(xen_payload(&n, &cpio, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(cpio.len, 0);
}

/* ---- private disks ---- */

static void a_private_disk_is_a_sparse_copy_made_once(void **state)
{
    char dir[] = "/tmp/xen-test-XXXXXX", template[64], layer[128];
    struct guest_host h = {.state_dir = dir, .run_dir = dir};
    const struct node_ref n = {&h, "abc123", "h1"};
    AUTO(buf_clear) struct buf image = BUF_INIT;
    struct stat st;
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(template, sizeof template, "%s/template", dir);
    snprintf(layer, sizeof layer, "%s/labs/abc123/nodes/h1/layer.ext4", dir);
    int fd = open(template, O_RDWR | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 64 << 20), 0);
    assert_int_equal(pwrite(fd, "begin", 5, 4096), 5);
    assert_int_equal(pwrite(fd, "end", 3, 40 << 20), 3);
    close(fd);
    assert_int_equal(xen_layer(&n, template, "base-1", &e), 0);
    assert_int_equal(stat(layer, &st), 0);
    assert_int_equal(st.st_size, 64 << 20);
    assert_true(st.st_blocks < 1024);
    fd = open(layer, O_RDWR);
    char got[6] = "";
    assert_int_equal(pread(fd, got, 3, 40 << 20), 3);
    assert_string_equal(got, "end");
    assert_int_equal(pwrite(fd, "work", 4, 0), 4);
    assert_int_equal(xen_layer(&n, template, "base-2", &e), 0); /* there already: nothing is touched */
    assert_int_equal(pread(fd, got, 4, 0), 4);
    assert_memory_equal(got, "work", 4);
    close(fd);
    snprintf(layer, sizeof layer, "%s/labs/abc123/nodes/h1/image", dir);
    assert_int_equal(file_read(layer, 64, &image, &e), 0);
    assert_string_equal(buf_str(&image), "base-1");
    assert_int_equal(file_remove_tree(dir, &e), 0);
}

static void a_missing_template_leaves_no_disk(void **state)
{
    char dir[] = "/tmp/xen-test-XXXXXX", layer[128];
    struct guest_host h = {.state_dir = dir, .run_dir = dir};
    const struct node_ref n = {&h, "abc123", "h1"};
    struct err e;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(layer, sizeof layer, "%s/labs/abc123/nodes/h1/layer.ext4", dir);
    assert_int_equal(xen_layer(&n, "/nonexistent", "base-1", &e), -1);
    assert_false(file_exists(layer));
    assert_int_equal(file_remove_tree(dir, &e), 0);
}

/* ---- what xl says ---- */

static const struct said {
    const char *name, *text, *want;
} said[] = {
    {"libxl's place in its source is left out",
     "libxl: error: libxl_create.c:1279:domcreate_launch_dm:Domain 5:unable to add disk devices\n"
     "libxl: error: libxl_domain.c:1183:libxl__destroy_domid:Domain 5:Non-existant domain\n",
     "xl create: Domain 5:unable to add disk devices"},
    {"chatter comes before the cause",
     "Saving to /var/lib/x new xl format (info 0x3/0x0/1402)\n"
     "xc: error: Failed to write page data to stream (28 = No space left on device): Internal error\n"
     "libxl: error: libxl_stream_write.c:357:libxl__xc_domain_save_done: Domain 6:saving domain\n",
     "xl create: Failed to write page data to stream (28 = No space left on device): Internal error"},
    {"no word of an error", "usage: xl\nmore\n", "xl create: usage: xl"},
    {"silence", "", "xl create ended with status 3 and said nothing"},
};

static void the_cause_is_taken_from_what_xl_says(void **state)
{
    const struct said *row = *state;
    struct proc_result r = {.status = 3};
    struct err e;

    buf_add(&r.err, row->text, strlen(row->text));
    xen_xl_error("create", &r, &e);
    buf_clear(&r.err);
    assert_string_equal(e.msg, row->want);
    assert_int_equal(e.code, ERR_TOOL);
}

static void without_xen_the_driver_says_so_and_purges_nothing(void **state)
{
    AUTO(buf_clear) struct buf notes = BUF_INIT;
    struct err e;

    (void)state;
    if (xen_is_dom0())
        return; /* the contract tests run it there */
    assert_int_equal(guest_xen.probe(&host, &notes, &e), -1);
    assert_int_equal(e.code, ERR_UNSUPPORTED);
    assert_string_equal(e.msg, "this machine does not run Xen");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uuid_names_owner_lab_and_node),
        cmocka_unit_test(every_changed_byte_but_the_node_makes_a_stranger),
        cmocka_unit_test(zeroes_are_a_stranger),
        cmocka_unit_test(a_configuration_is_as_people_expect),
        cmocka_unit_test(memory_is_never_less_than_the_kernel_needs),
        cmocka_unit_test(no_configuration_asks_for_a_device_model),
        cmocka_unit_test(an_archive_holds_what_makes_a_node),
        cmocka_unit_test(an_archive_takes_no_path_out_of_the_node),
        cmocka_unit_test(a_private_disk_is_a_sparse_copy_made_once),
        cmocka_unit_test(a_missing_template_leaves_no_disk),
        cmocka_unit_test(without_xen_the_driver_says_so_and_purges_nothing),
    };

    struct CMUnitTest rows[ARRAY_LEN(said)];

    for (size_t i = 0; i < ARRAY_LEN(said); i++)
        rows[i] = (struct CMUnitTest){said[i].name, the_cause_is_taken_from_what_xl_says, NULL, NULL,
                                      (void *)(uintptr_t)&said[i]};
    int failed = cmocka_run_group_tests_name("xen", tests, NULL, NULL);
    return failed + cmocka_run_group_tests_name("what xl says", rows, NULL, NULL);
}
