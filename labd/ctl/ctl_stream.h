/* Moves bytes between a WebSocket and this process's terminal or files.  Used by exec, console and
 * capture. */
#ifndef CTL_CTL_STREAM_H
#define CTL_CTL_STREAM_H

#include "labd/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ctl_http;
struct ctl_ws;

struct ctl_stream {
    struct ctl_ws *ws;
    int in;                                                          /* read from here, or -1 */
    void (*input)(struct ctl_stream *s, const char *data, size_t n); /* n == 0: end of file */
    void (*message)(struct ctl_stream *s, bool text, const uint8_t *data, size_t n);
    void (*resized)(struct ctl_stream *s); /* SIGWINCH; or NULL */
    void *arg;
    bool done; /* a callback sets it */
};

/* 0: a callback said done; 1: labd closed in good order, or a signal of ctl_signals_catch() came; -1 as
 * ctl_ws_io().  Reads no input while much is still unsent. */
int ctl_stream_run(struct ctl_stream *s, struct err *e) MUST_CHECK;

struct ctl_exec {
    const char *lab, *node; /* checked names */
    json_t *argv;           /* array of strings; borrowed */
    int in;                 /* standard input, or -1: 'input' and then end of file */
    const char *input;
    size_t input_len;
    void (*output)(bool error, const uint8_t *data, size_t n, void *arg);
    void *arg;
};
/* Runs a command in a node.  '*status' is its exit status. */
int ctl_exec(struct ctl_http *h, const struct ctl_exec *x, int *status, struct err *e) MUST_CHECK;

#endif
