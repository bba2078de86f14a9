/* What reading, planning and importing a topology takes.  Used by topology.sh.
 *
 *   bench_topology validate|plan|import FILE
 *
 * prints milliseconds of processor time and KiB of memory, both of the work alone: a small topology went
 * through the same functions before, so that neither the start of the process nor the loading of libraries
 * is in the figures.  What takes less than ENOUGH_MS is done again until it does not, and the mean printed. */
#include "labd/base/file.h"
#include "labd/base/mem.h"
#include "topology/foreign/import.h"
#include "topology/topo.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENOUGH_MS 100
#define USAGE 2

static void require(bool ok, const char *what, const struct err *e)
{
    if (ok)
        return;
    fprintf(stderr, "bench_topology: %s: %s\n", what, e->msg);
    exit(1);
}

static long status_kib(const char *field)
{
    const struct err unread = {.msg = "cannot be read from /proc/self/status"};
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;

    require(f != NULL, field, &unread);
    while (kib < 0 && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtol(line + strlen(field), NULL, 10);
    require(kib >= 0, field, &unread);
    fclose(f);
    return kib;
}

/* Gives what is free back to the kernel and has it forget the peak, so that VmHWM is that of what follows.
 * Returns what is in use now (KiB). */
static long start_peak(void)
{
    struct err e = {0};

    malloc_trim(0);
    require(file_write_once("/proc/self/clear_refs", "5", &e) == 0, "peak of memory", &e);
    return status_kib("VmRSS:");
}

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct topo *load(const char *path)
{
    struct err e = {0};
    struct topo *t = topo_load_large_file(path, NULL, NULL, NULL, &e);

    require(t != NULL, path, &e);
    return t;
}

static void validate(const char *path, const struct topo *t)
{
    AUTO(topo_freep) struct topo *again = load(path);

    (void)t;
}

static void plan(const char *path, const struct topo *t)
{
    struct err e = {0};
    AUTO(plan_freep) struct plan *p = plan_make(t, "bench0", &e);

    require(p != NULL, path, &e);
}

static void import(const char *path, const struct topo *t)
{
    AUTO(import_log_clear) struct import_log log = IMPORT_LOG_INIT;
    const struct topo_import_options o = {.hosts = false};
    struct err e = {0};
    AUTO(topo_freep) struct topo *made = import_format_find("graphml")->run(path, &o, &log, &e);

    (void)t;
    require(made != NULL, path, &e);
    AUTO(mem_freep) char *xml = topo_write(made);
}

static const struct work {
    const char *name;
    void (*run)(const char *path, const struct topo *t); /* 't': of the file; plan only */
    const char *small;                                   /* goes before */
} works[] = {
    {"validate", validate, "tests/golden/topology/everything.xml"},
    {"plan", plan, "tests/golden/topology/everything.xml"},
    {"import", import, "tests/golden/topology/zoo/Abilene.graphml"},
};

static void measure(const struct work *w, const char *path)
{
    const bool planning = w->run == plan;
    AUTO(topo_freep) struct topo *small = planning ? load(w->small) : NULL;
    AUTO(topo_freep) struct topo *t = planning ? load(path) : NULL;
    long kib;
    double start, ms;
    int n = 0;

    w->run(w->small, small);
    kib = start_peak();
    start = now_ms();
    do {
        w->run(path, t);
        if (n++ == 0)
            kib = status_kib("VmHWM:") - kib;
        ms = now_ms() - start;
    } while (ms < ENOUGH_MS);
    printf("%.4f %ld\n", ms / n, kib);
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < ARRAY_LEN(works); i++)
        if (strcmp(argv[1], works[i].name) == 0) {
            measure(&works[i], argv[2]);
            return 0;
        }
    fputs("usage: bench_topology validate|plan|import FILE\n", stderr);
    return USAGE;
}
