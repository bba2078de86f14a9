/* A scenario of VNX (Virtual Networks over linuX) in its language of version 2.0, after the schema vnx-2.00.xsd and the
 * project's reference pages.
 *
 * A virtual machine becomes a host, or a router if it forwards or starts FRR; a net of mode openvswitch becomes a
 * switch, any other a network. */
#include "labd/base/mem.h"
#include "topology/foreign/import_nettools.h"
#include "topology/foreign/vnx.h"
#include "topology/foreign/xml_tools.h"
#include "topology/limits.h"
#include "topology/topo_grow.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static void vnx_clear(struct vnx *v)
{
    import_map_free(v->nets);
    free(v->file);
    import_lab_close(&v->im);
}

char *vnx_text(const xmlNode *x)
{
    AUTO(mem_freep) char *all = topo_xml_text(x);
    size_t from = strspn(all, " \t\r\n"), n = strlen(all);

    while (n > from && strchr(" \t\r\n", all[n - 1]) != NULL)
        n--;
    return xstrndup(all + from, n - from);
}

static bool among(const char *const *v, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], s) == 0)
            return true;
    return false;
}

/* Attributes that are none of 'known'. */
static void warn_of_attributes(struct vnx *v, const xmlNode *x, const char *const *known, size_t n)
{
    char shown[VALUE_SHOW_SIZE];

    for (const xmlAttr *a = x->properties; a != NULL; a = a->next)
        if (!among(known, n, (const char *)a->name))
            import_warn(&v->im, v->file, topo_xml_line(x), "%s=\"...\" of <%s> is not carried over",
                        value_show((const char *)a->name, shown), (const char *)x->name);
}

static void warn_of_element(struct vnx *v, const xmlNode *x)
{
    char shown[VALUE_SHOW_SIZE];

    import_warn(&v->im, v->file, topo_xml_line(x), "<%s> is not carried over",
                value_show((const char *)x->name, shown));
}

/* ---- VLANs of switches ---- */
/* <vlan trunk="yes"><tag id="10"/></vlan>: the name of a port for it, or NULL: a plain one will do. */
static const char *vlan_port(struct vnx *v, size_t element, const xmlNode *owner)
{
    const xmlNode *vlan = xml_child(owner, "vlan");
    AUTO(mem_freep) char *trunk = vlan != NULL ? xml_get(vlan, "trunk") : NULL;
    struct topo_element *e = &v->im.t->elements[element];
    struct topo_port *p;

    if (vlan == NULL)
        return NULL;
    if (e->kind != TOPO_SWITCH) {
        import_warn(&v->im, v->file, topo_xml_line(vlan), "only a net of mode openvswitch has VLANs");
        return NULL;
    }
    p = TOPO_PUSH(e->ports, e->nports);
    p->name = xasprintf("p%zu", e->nports);
    p->mode = trunk != NULL && strcmp(trunk, "yes") == 0 ? PLAN_VLAN_TRUNK : PLAN_VLAN_NONE;
    for (const xmlNode *c = vlan->children; c != NULL; c = c->next) {
        AUTO(mem_freep) char *id = xml_is(c, "tag") ? xml_get(c, "id") : NULL;
        uint32_t tag;
        bool twice = false;
        if (id == NULL)
            continue;
        if (!value_uint(id, &tag) || tag < 1 || tag > LIMIT_VLAN_MAX || p->ntrunks >= PLAN_VLANS_MAX ||
            (p->mode != PLAN_VLAN_TRUNK && p->access != 0)) {
            import_warn(&v->im, v->file, topo_xml_line(c),
                        "this VLAN is left out: it is none, or one too many");
            continue;
        }
        for (size_t i = 0; i < p->ntrunks; i++)
            twice = twice || p->trunks[i] == tag;
        if (p->mode == PLAN_VLAN_TRUNK && !twice) {
            *TOPO_PUSH(p->trunks, p->ntrunks) = tag;
        } else if (!twice) {
            p->mode = PLAN_VLAN_ACCESS;
            p->access = tag;
        }
    }
    return p->name;
}

/* ---- nets ---- */
static void read_net(struct vnx *v, const xmlNode *x)
{
    static const char *const known[] = {"name", "mode", "type", "hub"};
    AUTO(mem_freep) char *name = xml_get(x, "name"), *mode = xml_get(x, "mode");
    enum topo_kind kind = mode != NULL && strcmp(mode, "openvswitch") == 0 ? TOPO_SWITCH : TOPO_NETWORK;
    bool fresh;

    if (name == NULL) {
        import_warn(&v->im, v->file, topo_xml_line(x), "a net without a name is left out");
        return;
    }
    import_map_put(v->nets, name, v->im.t->nelements, &fresh);
    if (!fresh) {
        import_warn(&v->im, v->file, topo_xml_line(x),
                    "there is a net of that name already; this one is left out");
        return;
    }
    import_element_add(&v->im, kind, name);
    warn_of_attributes(v, x, known, ARRAY_LEN(known));
    for (const xmlNode *c = x->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE && !xml_is(c, "connection"))
            warn_of_element(v, c);
}

/* <connection name="" net="other"/> in a net: a cable between the two. */
static void read_connections(struct vnx *v, const xmlNode *net)
{
    AUTO(mem_freep) char *name = xml_get(net, "name");
    size_t from, to;

    if (name == NULL || !import_map_get(v->nets, name, &from))
        return;
    for (const xmlNode *c = net->children; c != NULL; c = c->next) {
        AUTO(mem_freep) char *other = xml_is(c, "connection") ? xml_get(c, "net") : NULL;
        const char *port;
        if (!xml_is(c, "connection"))
            continue;
        if (other == NULL || !import_map_get(v->nets, other, &to) || to == from) {
            import_warn(&v->im, v->file, topo_xml_line(c), "a connection without another net is left out");
            continue;
        }
        port = vlan_port(v, from, c);
        import_link_add(&v->im, v->im.t->elements[from].name, port, v->im.t->elements[to].name, NULL);
    }
}

/* ---- interfaces ---- */
static void lo_address(struct import_node *x, const char *text)
{
    const char *const words[] = {"ip", "address", "add", text, "dev", "lo"};

    import_script_words(x, words, ARRAY_LEN(words));
}

static void read_address(struct vnx *v, struct import_node *x, struct topo_iface *f, const xmlNode *c)
{
    AUTO(mem_freep) char *text = vnx_text(c), *mask = xml_get(c, "mask");
    bool six = xml_is(c, "ipv6");
    char out[VALUE_ADDR_SIZE], shown[VALUE_SHOW_SIZE];
    struct value_addr a;

    if (strcmp(text, "dhcp") == 0 && f != NULL) {
        const char *const words[] = {"dhclient", "-nw", "-q", f->name};
        import_script_words(x, words, ARRAY_LEN(words));
        return;
    }
    if (!value_addr(text, &a) || (a.family == AF_INET6) != six) {
        import_warn(&v->im, v->file, topo_xml_line(c), "\"%s\" is no address and is left out",
                    value_show(text, shown));
        return;
    }
    if (!a.has_prefix) {
        const char *digits = mask != NULL && mask[0] == '/' ? mask + 1 : mask;
        int dotted = mask != NULL ? nettools_mask(mask) : -1;
        uint32_t n = six ? 64 : 24;
        if (dotted >= 0)
            n = (uint32_t)dotted;
        else if (digits != NULL && (!value_uint(digits, &n) || n > (six ? 128 : 32)))
            n = six ? 64 : 24;
        a.prefix = n;
        a.has_prefix = true;
    }
    if (a.prefix == 0) {
        import_warn(&v->im, v->file, topo_xml_line(c), "\"%s\" has no network and is left out",
                    value_show(text, shown));
        return;
    }
    value_addr_format(&a, out);
    if (f == NULL)
        lo_address(x, out);
    else
        TOPO_PUSH(f->addrs, f->naddrs)->text = xstrdup(out);
}

static void attach(struct vnx *v, struct import_node *x, struct topo_iface *f, const char *net,
                   const xmlNode *c)
{
    char shown[VALUE_SHOW_SIZE];
    const char *port;
    size_t to;

    if (strcmp(net, "unconnected") == 0)
        return;
    if (!import_map_get(v->nets, net, &to)) {
        import_warn(&v->im, v->file, topo_xml_line(c),
                    "there is no net \"%s\"; the interface is connected to nothing", value_show(net, shown));
        return;
    }
    port = vlan_port(v, to, c);
    if (v->im.t->elements[to].kind == TOPO_NETWORK)
        f->network = xstrdup(v->im.t->elements[to].name);
    else
        import_link_add(&v->im, x->n.name, f->name, v->im.t->elements[to].name, port);
}

static void read_if(struct vnx *v, struct import_node *x, const xmlNode *c)
{
    static const char *const known[] = {"id", "net", "name"};
    AUTO(mem_freep) char *id = xml_get(c, "id"), *net = xml_get(c, "net"), *given = xml_get(c, "name");
    AUTO(mem_freep) char *name = given != NULL ? TAKE(given) : xasprintf("eth%s", id != NULL ? id : "");
    bool lo = net != NULL && strcmp(net, "lo") == 0;
    struct topo_iface *f = NULL;

    if (x->n.nifaces >= LIMIT_IFACES_MAX)
        return;
    warn_of_attributes(v, c, known, ARRAY_LEN(known));
    if (!lo) {
        f = import_iface_add(&v->im, x, name, v->file, topo_xml_line(c));
        attach(v, x, f, net != NULL ? net : "unconnected", c);
    }
    for (const xmlNode *a = c->children; a != NULL; a = a->next) {
        if (xml_is(a, "ipv4") || xml_is(a, "ipv6")) {
            if (f == NULL || f->naddrs < LIMIT_ADDRS_MAX)
                read_address(v, x, f, a);
        } else if (xml_is(a, "mac") && f != NULL) {
            AUTO(mem_freep) char *mac = vnx_text(a);
            import_script_mac(&v->im, x, f->name, mac, vnx_at(v, a));
        } else if (a->type == XML_ELEMENT_NODE && !xml_is(a, "vlan")) {
            warn_of_element(v, a);
        }
    }
}

/* ---- routes ---- */
static bool on_link(const struct topo_node *n, const struct value_addr *gw)
{
    struct value_addr a;

    for (size_t i = 0; i < n->nifaces; i++)
        for (size_t k = 0; k < n->ifaces[i].naddrs; k++)
            if (value_addr(n->ifaces[i].addrs[k].text, &a) && value_addr_within(&a, gw))
                return true;
    return false;
}

static void read_route(struct vnx *v, struct import_node *x, const xmlNode *c)
{
    AUTO(mem_freep) char *to = vnx_text(c), *gw = xml_get(c, "gw");
    struct value_addr net, via;
    bool all = strcmp(to, "default") == 0;
    struct topo_route *r;

    if (gw != NULL)
        gw[strcspn(gw, "/")] = '\0';
    if (gw == NULL || !value_addr(gw, &via) ||
        (!all && (!value_addr(to, &net) || net.family != via.family || value_addr_host_bits(&net)))) {
        import_warn(&v->im, v->file, topo_xml_line(c),
                    "this is no route to a prefix by a gateway and is left out");
        return;
    }
    if (x->n.nroutes >= LIMIT_ROUTES_MAX)
        return;
    if (!on_link(&x->n, &via)) { /* perhaps later, by dhcp or a command */
        const char *const words[] = {"ip", via.family == AF_INET6 ? "-6" : "-4", "route", "add", to, "via",
                                     gw};
        import_script_words(x, words, ARRAY_LEN(words));
        return;
    }
    r = TOPO_PUSH(x->n.routes, x->n.nroutes);
    r->to = xstrdup(to);
    r->via = xstrdup(gw);
}

/* ---- virtual machines ---- */
static void set_forwarding(struct vnx *v, struct import_node *x, const xmlNode *c)
{
    AUTO(mem_freep) char *type = xml_get(c, "type");

    x->n.kind = TOPO_ROUTER;
    x->may_forward = true;
    if (type != NULL && strcmp(type, "ipv4") == 0)
        import_script_sysctl(&v->im, x, "net.ipv6.conf.all.forwarding", "0", vnx_at(v, c));
    if (type != NULL && strcmp(type, "ipv6") == 0)
        import_script_sysctl(&v->im, x, "net.ipv4.ip_forward", "0", vnx_at(v, c));
}

/* Does it run Linux, so that its commands mean something to us? */
static bool check_type(struct vnx *v, struct import_node *x, const xmlNode *vm)
{
    static const char *const others[] = {"win", "bsd", "olive", "dynamips", "android", "junos", "ios"};
    static const char *const attrs[] = {"type", "subtype", "os"};

    for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
        AUTO(mem_freep) char *value = xml_get(vm, attrs[i]);
        for (size_t k = 0; k < ARRAY_LEN(others) && value != NULL; k++)
            if (strcasestr(value, others[k]) != NULL) {
                char shown[VALUE_SHOW_SIZE];
                import_warn(&v->im, v->file, topo_xml_line(vm),
                            "\"%s\" is of type \"%s\", which is not to be had here: it is a plain node",
                            x->n.name, value_show(value, shown));
                if (strcmp(others[k], "olive") == 0 || strcmp(others[k], "dynamips") == 0) {
                    x->n.kind = TOPO_ROUTER;
                    x->may_forward = true;
                }
                return false;
            }
    }
    return true;
}

/* An element of the machine, or of the defaults where the machine has none. */
static const xmlNode *own_or_default(const struct vnx *v, const xmlNode *vm, const char *name)
{
    const xmlNode *own = xml_child(vm, name);

    return own != NULL || v->defaults == NULL ? own : xml_child(v->defaults, name);
}

static void read_vm(struct vnx *v, const xmlNode *vm)
{
    static const char *const attrs[] = {"name", "type", "subtype", "os", "vcpu", "exec_mode", "arch"};
    static const char *const quiet[] = {"filesystem", "mem",  "forwarding", "if",   "route",
                                        "filetree",   "exec", "console",    "vlan", "exec_mode"};
    AUTO(mem_freep) char *name = xml_get(vm, "name"), *vcpu = xml_get(vm, "vcpu");
    const xmlNode *mem = own_or_default(v, vm, "mem"), *fs = own_or_default(v, vm, "filesystem");
    const xmlNode *forwarding = own_or_default(v, vm, "forwarding");
    struct import_node *x;
    bool fresh, linux_like;

    if (name == NULL || v->im.nnodes >= IMPORT_NODES_MAX) {
        import_warn(&v->im, v->file, topo_xml_line(vm),
                    "a machine without a name, or one too many, is left out");
        return;
    }
    x = import_node_add(&v->im, name, v->file, topo_xml_line(vm), &fresh);
    if (!fresh) {
        import_warn(&v->im, v->file, topo_xml_line(vm),
                    "there is a machine of that name already; this one is left out");
        return;
    }
    linux_like = check_type(v, x, vm);
    warn_of_attributes(v, vm, attrs, ARRAY_LEN(attrs));
    if (fs != NULL) {
        AUTO(mem_freep) char *image = vnx_text(fs);
        import_warn_of_image(&v->im, image, vnx_at(v, fs));
    }
    if (mem != NULL) {
        AUTO(mem_freep) char *size = vnx_text(mem);
        import_set_memory(&v->im, x, size, vnx_at(v, mem));
    }
    if (vcpu != NULL)
        import_set_cpus(&v->im, x, vcpu, vnx_at(v, vm));
    if (forwarding != NULL)
        set_forwarding(v, x, forwarding);
    for (const xmlNode *c = vm->children; c != NULL; c = c->next) {
        if (xml_is(c, "if"))
            read_if(v, x, c);
        else if (c->type == XML_ELEMENT_NODE && !among(quiet, ARRAY_LEN(quiet), (const char *)c->name))
            warn_of_element(v, c);
    }
    for (const xmlNode *c = vm->children; c != NULL; c = c->next)
        if (xml_is(c, "route"))
            read_route(v, x, c);
    vnx_sequences(v, x, vm, linux_like);
}

/* ---- the scenario ---- */
static void read_help(struct vnx *v, const xmlNode *help)
{
    AUTO(buf_clear) struct buf b = BUF_INIT;

    for (const xmlNode *c = help->children; c != NULL; c = c->next) {
        AUTO(mem_freep) char *seq = xml_is(c, "seq_help") ? xml_get(c, "seq") : NULL, *text = NULL;
        if (seq == NULL)
            continue;
        text = vnx_text(c);
        buf_printf(&b, "%svnx-%s: %s", b.len > 0 ? "\n" : "", seq, text);
    }
    import_lab_note(&v->im, buf_str(&b));
}

static void read_global(struct vnx *v)
{
    /* About how VNX runs machines, which is not how we do it. */
    static const char *const quiet[] = {"version", "scenario_name", "automac", "vm_defaults", "cmd-seq"};
    static const char *const defaults[] = {"console", "exec_mode", "mem", "filesystem", "forwarding"};

    for (const xmlNode *c = v->global->children; c != NULL; c = c->next) {
        AUTO(mem_freep) char *type = xml_is(c, "vm_mgmt") ? xml_get(c, "type") : NULL;
        if (xml_is(c, "help"))
            read_help(v, c);
        else if (c->type == XML_ELEMENT_NODE && !among(quiet, ARRAY_LEN(quiet), (const char *)c->name) &&
                 (type == NULL || strcmp(type, "none") != 0))
            warn_of_element(v, c);
    }
    v->defaults = xml_child(v->global, "vm_defaults");
    for (const xmlNode *c = v->defaults != NULL ? v->defaults->children : NULL; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE && !among(defaults, ARRAY_LEN(defaults), (const char *)c->name))
            warn_of_element(v, c);
}

static void read_host(struct vnx *v, const xmlNode *host)
{
    for (const xmlNode *c = host->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE)
            import_warn(&v->im, v->file, topo_xml_line(c),
                        "<%s> is about the machine itself, which is not part of a lab",
                        (const char *)c->name);
}

static void read_scenario(struct vnx *v, const xmlNode *root, const struct topo_import_options *o)
{
    const xmlNode *name;
    AUTO(mem_freep) char *title = NULL;
    char shown[VALUE_SHOW_SIZE];

    v->global = xml_child(root, "global");
    name = v->global != NULL ? xml_child(v->global, "scenario_name") : NULL;
    title = name != NULL ? vnx_text(name) : xstrdup("");
    import_lab_name(&v->im, o->name, title);
    if (title[0] != '\0')
        v->im.t->title = xstrdup(value_show(title, shown));
    if (v->global != NULL)
        read_global(v);
    for (const xmlNode *c = root->children; c != NULL; c = c->next)
        if (xml_is(c, "net"))
            read_net(v, c);
    for (const xmlNode *c = root->children; c != NULL; c = c->next) {
        if (xml_is(c, "vm"))
            read_vm(v, c);
        else if (xml_is(c, "net"))
            read_connections(v, c);
        else if (xml_is(c, "host"))
            read_host(v, c);
        else if (c->type == XML_ELEMENT_NODE && !xml_is(c, "global"))
            warn_of_element(v, c);
    }
}

struct topo *import_vnx(const char *path, const struct topo_import_options *o, struct import_log *l,
                        struct err *e)
{
    AUTO(vnx_clear) struct vnx v = {.im.folder = FOLDER_INIT, .nets = import_map_new()};
    AUTO(buf_clear) struct buf text = BUF_INIT;
    AUTO(topo_xml_freep) xmlDoc *doc = NULL;
    const xmlNode *root;

    if (import_lab_open_file(&v.im, path, l, &text, &v.file, e) < 0)
        return NULL;
    doc = topo_xml_parse(buf_str(&text), text.len, &topo_size_lab, import_log_at(l, path), e);
    if (doc == NULL)
        return NULL;
    root = xmlDocGetRootElement(doc);
    if (!xml_is(root, "vnx")) {
        import_fail(&v.im, e, v.file, topo_xml_line(root),
                    "this is no VNX scenario: the root element is not <vnx>");
        return NULL;
    }
    read_scenario(&v, root, o);
    return import_lab_finish(&v.im, e);
}
