/* HTTP: a GET request of HTTP/1.0 (RFC 1945), to which servers answer without chunks and then close, so that what
 * there is to take apart is a status line and where the headers end. */
#include "grading/probe/speech.h"

#include "labd/base/mem.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define ANSWER_MAX (256 << 10)
#define STATUS_LINE 12 /* "HTTP/1.1 200" */
#define SHOWN_MAX 60   /* of a page's beginning */

static int request(const struct probe *p, struct shot *s, struct err *e)
{
    const struct probe_ask *a = &p->ask;
    bool six = p->to.family == AF_INET6;
    char to[PROBE_ADDR_TEXT];

    (void)e;
    if (a->fresh)
        buf_printf(&s->tx, "GET /%s HTTP/1.0\r\n", s->hex);
    else
        buf_printf(&s->tx, "GET %s?%s HTTP/1.0\r\n", a->path, s->hex);
    if (a->domain[0] != '\0')
        buf_printf(&s->tx, "Host: %s\r\n", a->domain);
    else
        buf_printf(&s->tx, "Host: %s%s%s\r\n", six ? "[" : "", probe_addr_text(&p->to, to), six ? "]" : "");
    buf_puts(&s->tx, "User-Agent: Mozilla/5.0\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    return 0;
}

/* The length of the body that the headers announce; SIZE_MAX if they do not. */
static size_t announced(const char *head, size_t n)
{
    static const char name[] = "\r\nContent-Length:";

    for (size_t i = 0; i + sizeof name - 1 <= n; i++) {
        size_t length = 0;

        if (strncasecmp(head + i, name, sizeof name - 1) != 0)
            continue;
        for (i += sizeof name - 1; i < n && head[i] == ' '; i++)
            ;
        for (; i < n && head[i] >= '0' && head[i] <= '9' && length <= ANSWER_MAX; i++)
            length = length * 10 + (size_t)(head[i] - '0');
        return length;
    }
    return SIZE_MAX;
}

/* The beginning of the page, for the student to recognise it. */
static void show(const char *body, size_t n, struct probe_answer *a)
{
    size_t at = 0;

    a->values = xcalloc(1, sizeof *a->values);
    a->nvalues = 1;
    for (size_t i = 0; i < n && at < SHOWN_MAX; i++) {
        char c = body[i] >= 0x20 && body[i] <= 0x7e ? body[i] : ' ';

        if (c != ' ' || (at > 0 && a->values[0][at - 1] != ' '))
            a->values[0][at++] = c;
    }
}

static bool status(const char *p, size_t n, int *out)
{
    if (n < STATUS_LINE || memcmp(p, "HTTP/1.", 7) != 0 || p[8] != ' ')
        return false;
    *out = 0;
    for (int i = 9; i < STATUS_LINE; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *out = *out * 10 + (p[i] - '0');
    }
    return true;
}

static bool answer(const struct probe *p, struct shot *s, bool closed)
{
    const char *text = buf_str(&s->rx), *end = memmem(text, s->rx.len, "\r\n\r\n", 4), *body;
    struct probe_answer *a = &s->s.answer;
    size_t head, n;
    int code;

    closed = closed || s->rx.len >= ANSWER_MAX;
    if (end == NULL) {
        if (closed && s->rx.len > 0)
            a->code = PROBE_ANSWER_BAD;
        return closed;
    }
    head = (size_t)(end - text);
    body = end + 4;
    n = s->rx.len - head - 4;
    if (!closed && n < announced(text, head))
        return false;
    if (!status(text, head, &code)) {
        a->code = PROBE_ANSWER_BAD;
        return true;
    }
    a->code = code;
    a->found = p->ask.text[0] == '\0' || memmem(body, n, p->ask.text, strlen(p->ask.text)) != NULL;
    show(body, n, a);
    return true;
}

const struct speech speech_http = {
    .answer_max = ANSWER_MAX,
    .opening = "HTTP/1.",
    .request = request,
    .answer = answer,
};
