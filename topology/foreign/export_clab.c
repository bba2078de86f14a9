/* To a containerlab topology, by libyaml.  One file has to hold everything: FRR's configuration is embedded, files are
 * written and addresses set by commands. */
#include "labd/base/buf.h"
#include "labd/base/mem.h"
#include "topology/foreign/export.h"
#include "topology/foreign/import_text.h"
#include "topology/topo_value.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define IMAGE_FRR "frrouting/frr"
#define IMAGE_LINUX "nicolaka/netshoot"
#define BRIDGE_NAME_MAX 15 /* the kernel's limit for an interface name */

struct out {
    yaml_emitter_t emitter;
    struct buf text;
};

static int on_text(void *arg, unsigned char *s, size_t n)
{
    buf_add(&((struct out *)arg)->text, s, n);
    return 1;
}

static void emit(struct out *o, yaml_event_t *event)
{
    if (!yaml_emitter_emit(&o->emitter, event))
        abort(); /* out of memory, as in mem.h: events and texts are ours and in order */
}

static void scalar(struct out *o, const char *s)
{
    yaml_event_t event;
    yaml_scalar_style_t style = strchr(s, '\n') != NULL ? YAML_LITERAL_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE;
    /* What would be read as something else than text. */
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "~", "y", "n"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasecmp(s, words[i]) == 0)
            style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    if (!yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)s, (int)strlen(s), 1, 1,
                                      style))
        abort();
    emit(o, &event);
}

static void pair(struct out *o, const char *key, const char *value)
{
    scalar(o, key);
    scalar(o, value);
}

static void begin_map(struct out *o)
{
    yaml_event_t event;

    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
    emit(o, &event);
}

static void end_map(struct out *o)
{
    yaml_event_t event;

    yaml_mapping_end_event_initialize(&event);
    emit(o, &event);
}

static void begin_list(struct out *o, bool flow)
{
    yaml_event_t event;

    yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                         flow ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE);
    emit(o, &event);
}

static void end_list(struct out *o)
{
    yaml_event_t event;

    yaml_sequence_end_event_initialize(&event);
    emit(o, &event);
}

/* containerlab puts environment variables in before it reads the file. */
static char *escaped(const char *s)
{
    struct buf b = BUF_INIT;

    for (; *s != '\0'; s++)
        buf_puts(&b, *s == '$' ? "$$" : (char[]){*s, '\0'});
    return buf_take(&b);
}

static void shell(struct out *o, const char *script)
{
    AUTO(mem_freep) char *quoted = import_quote(script);
    AUTO(mem_freep) char *command = xasprintf("sh -c %s", quoted);
    AUTO(mem_freep) char *text = escaped(command);

    scalar(o, text);
}

/* ---- nodes ---- */
static void file_command(struct out *o, const struct topo_file *f)
{
    AUTO(mem_freep) char *text = value_dedent(f->text);
    AUTO(mem_freep) char *quoted = import_quote(text), *path = import_quote(f->path);
    AUTO(mem_freep)
    char *script = xasprintf("mkdir -p \"$(dirname %s)\"; printf %%s %s >%s; chmod %04o %s", path, quoted,
                             path, f->mode, path);

    shell(o, script);
}

static void commands(struct out *o, const struct topo_node *n)
{
    for (size_t i = 0; i < n->nfiles; i++)
        file_command(o, &n->files[i]);
    if (n->kind == TOPO_ROUTER && !n->frr) {
        scalar(o, n->forwarding ? "sysctl -w net.ipv4.ip_forward=1" : "sysctl -w net.ipv4.ip_forward=0");
        scalar(o, n->forwarding ? "sysctl -w net.ipv6.conf.all.forwarding=1"
                                : "sysctl -w net.ipv6.conf.all.forwarding=0");
    }
    for (size_t i = 0; i < n->nifaces; i++)
        for (size_t k = 0; k < n->ifaces[i].naddrs; k++) {
            AUTO(mem_freep)
            char *c = xasprintf("ip address add %s dev %s", n->ifaces[i].addrs[k].text, n->ifaces[i].name);
            scalar(o, c);
        }
    for (size_t i = 0; i < n->nroutes; i++) {
        const struct topo_route *r = &n->routes[i];
        AUTO(mem_freep)
        char *c = xasprintf("ip %s route add %s via %s%s%s", strchr(r->via, ':') != NULL ? "-6" : "-4", r->to,
                            r->via, r->dev != NULL ? " dev " : "", r->dev != NULL ? r->dev : "");
        scalar(o, c);
    }
    if (n->startup.text != NULL) {
        AUTO(mem_freep) char *script = value_dedent(n->startup.text);
        shell(o, script);
    }
}

static bool has_commands(const struct topo_node *n)
{
    size_t addrs = 0;

    for (size_t i = 0; i < n->nifaces; i++)
        addrs += n->ifaces[i].naddrs;
    return n->nfiles + addrs + n->nroutes > 0 || n->startup.text != NULL ||
           (n->kind == TOPO_ROUTER && !n->frr);
}

static void position(struct out *o, const struct topo_pos *p)
{
    if (!p->set)
        return;
    AUTO(mem_freep) char *x = xasprintf("%d", p->x), *y = xasprintf("%d", p->y);
    scalar(o, "labels");
    begin_map(o);
    pair(o, "graph-posX", x);
    pair(o, "graph-posY", y);
    end_map(o);
}

static void frr(struct out *o, const struct topo_node *n)
{
    AUTO(mem_freep) char *conf = value_dedent(n->frr_conf != NULL ? n->frr_conf : "");
    AUTO(mem_freep) char *text = escaped(conf);

    if (strchr(text, '\n') != NULL) /* without one it would be taken for the name of a file */
        pair(o, "startup-config", text);
    scalar(o, "extras");
    begin_map(o);
    scalar(o, "frr");
    begin_map(o);
    scalar(o, "daemons");
    begin_list(o, true);
    scalar(o, "staticd"); /* it runs anyhow; an empty list would mean all */
    for (size_t i = 0; i < n->nfrr_daemons; i++)
        scalar(o, n->frr_daemons[i]);
    end_list(o);
    end_map(o);
    end_map(o);
}

static void node(struct out *o, const struct topo_node *n, struct topo_msgs *m)
{
    scalar(o, n->name);
    begin_map(o);
    pair(o, "kind", n->frr ? "frr" : "linux");
    pair(o, "image", n->frr ? IMAGE_FRR : IMAGE_LINUX);
    pair(o, "network-mode", "none"); /* eth0 is ours */
    if (n->memory_mb > 0) {
        AUTO(mem_freep) char *s = xasprintf("%uMiB", n->memory_mb);
        pair(o, "memory", s);
    }
    if (n->vcpus > 0) {
        AUTO(mem_freep) char *s = xasprintf("%u", n->vcpus);
        pair(o, "cpu", s);
    }
    position(o, &n->pos);
    if (n->frr)
        frr(o, n);
    if (has_commands(n)) {
        scalar(o, "exec");
        begin_list(o, false);
        commands(o, n);
        end_list(o);
    }
    end_map(o);
    if (n->image != NULL && strcmp(n->image, "base") != 0)
        topo_msgs_add(m, n->line, TOPO_WARNING, "image \"%s\" of \"%s\" is not to be had there", n->image,
                      n->name);
    if (n->nnotes > 0)
        topo_msgs_add(m, n->line, TOPO_WARNING, "notes of \"%s\" are not carried over", n->name);
}

static void element(struct out *o, const struct topo_element *x, struct topo_msgs *m)
{
    scalar(o, x->name);
    begin_map(o);
    pair(o, "kind", "bridge");
    position(o, &x->pos);
    end_map(o);
    if (x->nports > 0 || x->rstp || x->mac_ageing != 0)
        topo_msgs_add(m, x->line, TOPO_WARNING,
                      "VLANs, bonds, mirrors, RSTP and ageing of \"%s\" are not carried over", x->name);
    if (x->kind == TOPO_INTERNET)
        topo_msgs_add(m, x->line, TOPO_WARNING, "\"%s\" becomes a bridge that leads nowhere", x->name);
    if (strlen(x->name) > BRIDGE_NAME_MAX)
        topo_msgs_add(m, x->line, TOPO_WARNING, "\"%s\" is too long for the name of a bridge", x->name);
}

/* ---- links ---- */
struct ports {
    const struct topo *t;
    size_t n; /* given out: their names have to differ on the whole machine */
};

static char *endpoint(struct ports *p, const struct topo_end *end)
{
    for (size_t i = 0; i < p->t->nelements; i++)
        if (strcmp(p->t->elements[i].name, end->node) == 0)
            return xasprintf("%s:%.4s-p%zu", end->node, p->t->name, p->n++);
    return xasprintf("%s:%s", end->node, end->iface);
}

static uint32_t mtu_of(const struct topo *t, const struct topo_end *end)
{
    for (size_t i = 0; i < t->nnodes; i++)
        if (strcmp(t->nodes[i].name, end->node) == 0)
            for (size_t k = 0; k < t->nodes[i].nifaces; k++)
                if (end->iface != NULL && strcmp(t->nodes[i].ifaces[k].name, end->iface) == 0)
                    return t->nodes[i].ifaces[k].mtu;
    return 0;
}

static void link_of(struct out *o, struct ports *p, const struct topo_end *a, const struct topo_end *b,
                    uint32_t mtu)
{
    AUTO(mem_freep) char *x = endpoint(p, a), *y = endpoint(p, b);
    AUTO(mem_freep) char *size = xasprintf("%u", mtu != 0 ? mtu : 1500);

    begin_map(o);
    scalar(o, "endpoints");
    begin_list(o, true);
    scalar(o, x);
    scalar(o, y);
    end_list(o);
    pair(o, "mtu", size);
    end_map(o);
}

static bool impaired(const struct plan_impair *i)
{
    static const struct plan_impair none;

    return memcmp(i, &none, sizeof none) != 0;
}

static void links(struct out *o, const struct topo *t, struct topo_msgs *m)
{
    struct ports p = {t, 0};

    for (size_t i = 0; i < t->nnodes; i++)
        for (size_t k = 0; k < t->nodes[i].nifaces; k++) {
            const struct topo_iface *f = &t->nodes[i].ifaces[k];
            const struct topo_end a = {t->nodes[i].name, f->name}, b = {f->network, NULL};
            if (f->network != NULL)
                link_of(o, &p, &a, &b, f->mtu);
        }
    for (size_t i = 0; i < t->nlinks; i++) {
        const struct topo_link *l = &t->links[i];
        uint32_t a = mtu_of(t, &l->end[0]), b = mtu_of(t, &l->end[1]);
        link_of(o, &p, &l->end[0], &l->end[1], a != 0 ? a : b);
        if (a != b && a != 0 && b != 0)
            topo_msgs_add(m, l->line, TOPO_WARNING,
                          "the ends of \"%s\" have different MTUs; the first one is taken", l->name);
        if (impaired(&l->impair[0]) || impaired(&l->impair[1]) || !l->up)
            topo_msgs_add(m, l->line, TOPO_WARNING, "impairments and state of \"%s\" are not carried over",
                          l->name);
    }
}

char *export_containerlab(const struct topo *t, struct topo_msgs *m)
{
    struct out o = {.text = BUF_INIT};
    yaml_event_t event;

    if (!yaml_emitter_initialize(&o.emitter))
        abort();
    yaml_emitter_set_output(&o.emitter, on_text, &o);
    yaml_emitter_set_unicode(&o.emitter, 1);
    yaml_emitter_set_width(&o.emitter, -1);
    yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
    emit(&o, &event);
    yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1);
    emit(&o, &event);
    begin_map(&o);
    pair(&o, "name", t->name);
    scalar(&o, "topology");
    begin_map(&o);
    scalar(&o, "nodes");
    begin_map(&o);
    for (size_t i = 0; i < t->nnodes; i++)
        node(&o, &t->nodes[i], m);
    for (size_t i = 0; i < t->nelements; i++)
        element(&o, &t->elements[i], m);
    end_map(&o);
    scalar(&o, "links");
    begin_list(&o, false);
    links(&o, t, m);
    end_list(&o);
    end_map(&o);
    end_map(&o);
    yaml_document_end_event_initialize(&event, 1);
    emit(&o, &event);
    yaml_stream_end_event_initialize(&event);
    emit(&o, &event);
    yaml_emitter_delete(&o.emitter);
    if (t->nelements > 0)
        topo_msgs_add(m, 0, TOPO_WARNING, "%zu bridges have to be made before the lab is deployed",
                      t->nelements);
    export_warn_of_hidden(t, m);
    if (t->nnotes > 0)
        topo_msgs_add(m, 0, TOPO_WARNING, "%zu notes of the drawing are not carried over", t->nnotes);
    return buf_take(&o.text);
}
