#include "topology/topo_hidden.h"

#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/topo_grow.h"

#include <string.h>

static bool end_hidden(const struct topo *t, const struct topo_index *ix, const struct topo_end *end)
{
    const struct topo_ref *ref = topo_index_find(ix, end->node);

    return topo_kind_is_node(ref->kind) ? t->nodes[ref->i].hidden : t->elements[ref->i].hidden;
}

bool topo_link_hidden(const struct topo *t, const struct topo_index *ix, const struct topo_link *l)
{
    return l->hidden || end_hidden(t, ix, &l->end[0]) || end_hidden(t, ix, &l->end[1]);
}

/* ---- what is left ---- */

static struct topo_node seen_node(const struct topo *t, const struct topo_index *ix,
                                  const struct topo_node *n)
{
    struct topo_node out = *n;

    out.ifaces = xcalloc(n->nifaces + 1, sizeof *out.ifaces);
    for (size_t i = 0; i < n->nifaces; i++) {
        const struct topo_ref *ref = topo_index_find(ix, n->ifaces[i].network);
        out.ifaces[i] = n->ifaces[i];
        if (ref != NULL && t->elements[ref->i].hidden)
            out.ifaces[i].network = NULL;
    }
    out.files = xcalloc(n->nfiles + 1, sizeof *out.files);
    out.nfiles = 0;
    for (size_t i = 0; i < n->nfiles; i++)
        if (!n->files[i].hidden)
            out.files[out.nfiles++] = n->files[i];
    return out;
}

struct topo *topo_seen(const struct topo *t)
{
    AUTO(topo_index_clear) struct topo_index ix = {0};
    struct topo *s = xcalloc(1, sizeof *s);

    topo_index_init(&ix, t);
    *s = *t;
    s->nodes = xcalloc(t->nnodes + 1, sizeof *s->nodes);
    s->elements = xcalloc(t->nelements + 1, sizeof *s->elements);
    s->links = xcalloc(t->nlinks + 1, sizeof *s->links);
    s->nnodes = s->nelements = s->nlinks = 0;
    for (size_t i = 0; i < t->nnodes; i++)
        if (!t->nodes[i].hidden)
            s->nodes[s->nnodes++] = seen_node(t, &ix, &t->nodes[i]);
    for (size_t i = 0; i < t->nelements; i++)
        if (!t->elements[i].hidden)
            s->elements[s->nelements++] = t->elements[i];
    for (size_t i = 0; i < t->nlinks; i++)
        if (!topo_link_hidden(t, &ix, &t->links[i]))
            s->links[s->nlinks++] = t->links[i];
    return s;
}

void topo_seen_free(struct topo *seen)
{
    if (seen == NULL)
        return;
    for (size_t i = 0; i < seen->nnodes; i++) {
        free(seen->nodes[i].ifaces);
        free(seen->nodes[i].files);
    }
    free(seen->nodes);
    free(seen->elements);
    free(seen->links);
    free(seen);
}

void topo_seen_freep(struct topo **seen)
{
    topo_seen_free(*seen);
    *seen = NULL;
}

/* ---- texts ---- */

struct names {
    char **v; /* sorted */
    size_t n;
};
struct topo_secrets {
    struct names hidden, visible;
};

static bool ref_hidden(const struct topo *t, const struct topo_index *ix, const struct topo_ref *ref)
{
    if (ref->kind == TOPO_LINK)
        return topo_link_hidden(t, ix, &t->links[ref->i]);
    return topo_kind_is_node(ref->kind) ? t->nodes[ref->i].hidden : t->elements[ref->i].hidden;
}

struct topo_secrets *topo_secrets_new(const struct topo *t)
{
    AUTO(topo_index_clear) struct topo_index ix = {0};
    struct topo_secrets *s = xcalloc(1, sizeof *s);

    topo_index_init(&ix, t);
    for (size_t i = 0; i < ix.nrefs; i++) { /* they are sorted, so what is made of them is */
        struct names *to = ref_hidden(t, &ix, &ix.refs[i]) ? &s->hidden : &s->visible;
        *TOPO_PUSH(to->v, to->n) = xstrdup(ix.refs[i].name);
    }
    if (s->hidden.n > 0)
        return s;
    topo_secrets_free(s);
    return NULL;
}

static void names_clear(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->v[i]);
    free(names->v);
}

void topo_secrets_free(struct topo_secrets *s)
{
    if (s == NULL)
        return;
    names_clear(&s->hidden);
    names_clear(&s->visible);
    free(s);
}

void topo_secrets_freep(struct topo_secrets **s)
{
    topo_secrets_free(*s);
    *s = NULL;
}

/* Is it the 'len' bytes at 'word'? */
static bool names_hold(const struct names *names, const char *word, size_t len)
{
    size_t low = 0, high = names->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strncmp(names->v[mid], word, len);
        if (c == 0 && names->v[mid][len] == '\0')
            return true;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* Is a run of whole parts of "part-part-part" a hidden name? */
static bool part_hidden(const struct topo_secrets *s, const char *word, size_t len)
{
    for (size_t from = 0; from < len; from++) {
        if (from > 0 && word[from - 1] != '-')
            continue;
        for (size_t to = from + 1; to <= len && to - from <= NAME_MAX_LEN; to++)
            if ((to == len || word[to] == '-') && names_hold(&s->hidden, word + from, to - from))
                return true;
    }
    return false;
}

#define WORD_BYTES "abcdefghijklmnopqrstuvwxyz0123456789-"
#define IFNAME_BYTES WORD_BYTES "._"

/* ":eth0" behind a name; not the colon of a sentence, nor the dot at its end. */
static size_t iface_after(const char *s)
{
    size_t n = *s == ':' ? strspn(s + 1, IFNAME_BYTES) : 0;

    while (n > 0 && s[n] == '.')
        n--;
    return n > 0 ? n + 1 : 0;
}

char *topo_redact(const struct topo_secrets *s, const char *text)
{
    struct buf b = BUF_INIT;

    if (s == NULL)
        return xstrdup(text);
    while (*text != '\0') {
        size_t n = strspn(text, WORD_BYTES);
        if (n == 0) {
            buf_putc(&b, *text++);
        } else if (!names_hold(&s->visible, text, n) && part_hidden(s, text, n)) {
            buf_puts(&b, TOPO_NOT_SHOWN);
            text += n;
            text += iface_after(text);
        } else {
            buf_add(&b, text, n);
            text += n;
        }
    }
    return buf_take(&b);
}
