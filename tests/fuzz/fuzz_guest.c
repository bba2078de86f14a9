/* What a Xen guest says to its host, and what the agent in it takes from there.  The first byte decides: 'f' frames
 * for labvchan, 'b' the result of a boot, 'a' frames for the agent, which must be the same however they are cut. */
#include "images/xen/agent_frame.c" // NOLINT(bugprone-suspicious-include): no library has it
#include "labd/host/guest/guest_result.h"

#include <fcntl.h>
#include <unistd.h>

/* A program, so taken in as it is; what it would print goes nowhere. */
static int nowhere;
#undef STDOUT_FILENO
#undef STDERR_FILENO
#define STDOUT_FILENO nowhere
#define STDERR_FILENO nowhere
#define main labvchan_main
int labvchan_main(int argc, char **argv);
#include "labd/host/guest/labvchan_main.c" // NOLINT(bugprone-suspicious-include)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "fuzz_guest: %s\n", what);
    abort();
}

static void frames_from_guest(const uint8_t *data, size_t size)
{
    struct session s = {.status = -1};

    buf_add(&s.in, data, size);
    if (take_frames(&s) == 0) {
        uint8_t type;
        const char *rest;
        size_t n;
        require(next_frame(&s, &type, &rest, &n) == 0, "a whole frame is left");
    }
    require(s.status >= -1 && s.status <= 255, "no exit status");
    buf_clear(&s.in);
}

static void result_of_boot(const uint8_t *data, size_t size)
{
    AUTO(buf_clear) struct buf text = BUF_INIT;
    struct guest_result r;
    struct err e;

    buf_add(&text, data, size);
    if (guest_result_parse(buf_str(&text), text.len, &r, &e) == 0)
        require(r.output >= text.data && r.output + r.n <= text.data + text.len, "output from elsewhere");
}

/* All pieces as one text: types, ends of frames and payload. */
static void take_all(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
    struct frame_in f = {0};

    for (size_t at = 0; at < size;) {
        size_t end = size - at < step ? size : at + step;
        while (at < end) {
            struct frame_piece p;
            bool have = false;
            long n = frame_take(&f, data + at, end - at, &p, &have);
            if (n < 0) {
                buf_putc(out, '!');
                return;
            }
            require(n > 0 && (size_t)n <= end - at, "it took what was not there");
            at += (size_t)n;
            if (have && p.first)
                buf_putc(out, (char)p.type);
            if (have)
                buf_add(out, p.data, p.n);
            if (have && p.last)
                buf_putc(out, '|');
        }
    }
}

static void frames_for_agent(const uint8_t *data, size_t size)
{
    AUTO(buf_clear) struct buf whole = BUF_INIT, cut = BUF_INIT;
    size_t step = size > 0 ? data[0] % 16 + 1u : 1;

    take_all(data, size, size + 1, &whole);
    take_all(data, size, step, &cut);
    require(whole.len == cut.len && memcmp(buf_str(&whole), buf_str(&cut), cut.len) == 0,
            "frames depend on how they are cut");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (nowhere == 0)
        nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (size == 0)
        return 0;
    if (data[0] == 'f')
        frames_from_guest(data + 1, size - 1);
    else if (data[0] == 'b')
        result_of_boot(data + 1, size - 1);
    else
        frames_for_agent(data + 1, size - 1);
    return 0;
}
