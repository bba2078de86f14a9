/* JSON to plan, for labhost, which does not trust what it is sent: the types and ranges of every member
 * here, what the members say about each other in plan_verify.c.  Device names must be those that the
 * planner would give. */
#include "labd/base/mem.h"
#include "topology/limits.h"
#include "topology/plan.h"
#include "topology/plan_make.h"
#include "topology/plan_verify.h"
#include "topology/plan_words.h"
#include "topology/topo_value.h"

#include <arpa/inet.h>
#include <string.h>

#define LINKS_MAX 200000
#define SEGMENTS_MAX (PLAN_PORTS_MAX + LINKS_MAX)
#define MIRRORS_MAX 4096
#define TEXT_MAX (4u << 20) /* startup script, content of a file */

/* ---- members ---- */
static int get_uint(const json_t *o, const char *key, uint64_t min, uint64_t max, uint64_t *out,
                    struct err *e)
{
    const json_t *v = json_object_get(o, key);
    json_int_t i = json_integer_value(v);

    if (!json_is_integer(v))
        return err_set(e, ERR_INVALID, "%s is not a whole number", key);
    if (i < 0 || (uint64_t)i < min || (uint64_t)i > max)
        return err_set(e, ERR_INVALID, "%s is not from %llu to %llu", key, (unsigned long long)min,
                       (unsigned long long)max);
    *out = (uint64_t)i;
    return 0;
}

static int get_u32(const json_t *o, const char *key, uint32_t min, uint32_t max, uint32_t *out, struct err *e)
{
    uint64_t v = 0;

    if (get_uint(o, key, min, max, &v, e) < 0)
        return -1;
    *out = (uint32_t)v;
    return 0;
}

/* An index below 'n', or -1 when the member is absent. */
static int get_index(const json_t *o, const char *key, size_t n, int32_t *out, struct err *e)
{
    uint64_t v = 0;

    if (json_object_get(o, key) == NULL) {
        *out = -1;
        return 0;
    }
    if (n == 0)
        return err_set(e, ERR_INVALID, "%s is an index into nothing", key);
    if (get_uint(o, key, 0, n - 1, &v, e) < 0)
        return -1;
    *out = (int32_t)v;
    return 0;
}

static int get_bool(const json_t *o, const char *key, bool *out, struct err *e)
{
    const json_t *v = json_object_get(o, key);

    if (!json_is_boolean(v))
        return err_set(e, ERR_INVALID, "%s is not true or false", key);
    *out = json_is_true(v);
    return 0;
}

/* Borrowed; without NUL inside, at most 'max' bytes. */
static const char *get_string(const json_t *o, const char *key, size_t max, struct err *e)
{
    const json_t *v = json_object_get(o, key);
    const char *s = json_string_value(v);

    if (s == NULL || strlen(s) != json_string_length(v) || strlen(s) > max) {
        err_set(e, ERR_INVALID, "%s is not a text of at most %zu bytes", key, max);
        return NULL;
    }
    return s;
}

static int get_name(const json_t *o, const char *key, bool (*ok)(const char *), size_t size, char *out,
                    struct err *e)
{
    const char *s = get_string(o, key, size - 1, e);

    if (s == NULL)
        return -1;
    if (!ok(s))
        return err_set(e, ERR_INVALID, "%s is not an allowed name", key);
    memcpy(out, s, strlen(s) + 1);
    return 0;
}

static bool name_or_empty(const char *s)
{
    return *s == '\0' || name_ok(s);
}

static int get_word(const json_t *o, const char *key, const char *const *words, unsigned *out, struct err *e)
{
    const char *s = get_string(o, key, NAME_MAX_LEN, e);

    if (s == NULL)
        return -1;
    for (unsigned i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], s) == 0) {
            *out = i;
            return 0;
        }
    return err_set(e, ERR_INVALID, "%s is none of the known words", key);
}

static const json_t *get_array(const json_t *o, const char *key, size_t max, struct err *e)
{
    const json_t *v = json_object_get(o, key);

    if (!json_is_array(v) || json_array_size(v) > max) {
        err_set(e, ERR_INVALID, "%s is not a list of at most %zu", key, max);
        return NULL;
    }
    return v;
}

int plan_impair_from_json(const json_t *j, struct plan_impair *out, struct err *e)
{
    struct plan_impair v = {0};
    struct {
        const char *key;
        uint32_t *p;
    } const members[] = {
        {"delay_us", &v.delay_us},           {"jitter_us", &v.jitter_us},     {"loss_ppm", &v.loss_ppm},
        {"duplicate_ppm", &v.duplicate_ppm}, {"corrupt_ppm", &v.corrupt_ppm}, {"reorder_ppm", &v.reorder_ppm},
    };
    const char *fault;

    if (!json_is_object(j))
        return err_set(e, ERR_INVALID, "the impairment is not an object");
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_object_get(j, members[i].key) != NULL &&
            get_u32(j, members[i].key, 0, UINT32_MAX, members[i].p, e) < 0)
            return -1;
    if (json_object_get(j, "rate_bps") != NULL && get_uint(j, "rate_bps", 0, INT64_MAX, &v.rate_bps, e) < 0)
        return -1;
    fault = limit_impair_fault(&v);
    if (fault != NULL)
        return err_set(e, ERR_INVALID, "impairment: %s", fault);
    *out = v;
    return 0;
}

/* ---- parts ---- */
static bool mac_ok(const char *s)
{
    if (strncmp(s, "02:", 3) != 0 || strlen(s) != 17)
        return false;
    for (int i = 3; i < 17; i++)
        if (i % 3 == 2 ? s[i] != ':' : strchr("0123456789abcdef", s[i]) == NULL)
            return false;
    return true;
}

static int get_iface(const json_t *o, struct plan_iface *f, struct err *e)
{
    return get_name(o, "name", ifname_ok, sizeof f->name, f->name, e) < 0 ||
                   get_name(o, "mac", mac_ok, sizeof f->mac, f->mac, e) < 0 ||
                   get_u32(o, "mtu", LIMIT_MTU_MIN, LIMIT_MTU_MAX, &f->mtu, e) < 0 ||
                   get_u32(o, "port", 0, PLAN_PORTS_MAX, &f->port, e) < 0
               ? -1
               : 0;
}

static int get_file(const json_t *o, struct plan_file *f, struct err *e)
{
    const char *path = get_string(o, "path", 255, e), *content, *fault;

    if (path == NULL)
        return -1;
    fault = limit_path_fault(path);
    if (fault != NULL)
        return err_set(e, ERR_INVALID, "path %s", fault);
    content = get_string(o, "content", TEXT_MAX, e);
    if (content == NULL || get_u32(o, "mode", 0, 07777, &f->mode, e) < 0)
        return -1;
    f->path = xstrdup(path);
    f->content = xstrdup(content);
    return 0;
}

static int get_node(const json_t *o, struct plan_node *n, struct err *e)
{
    const json_t *ifaces, *files;
    const char *startup;
    unsigned kind = 0;

    if (get_name(o, "name", name_ok, sizeof n->name, n->name, e) < 0 ||
        get_name(o, "image", name_ok, sizeof n->image, n->image, e) < 0 ||
        get_word(o, "kind", plan_node_kinds, &kind, e) < 0 ||
        get_u32(o, "memory_mb", LIMIT_MEMORY_MIN, LIMIT_MEMORY_MAX, &n->memory_mb, e) < 0 ||
        get_u32(o, "vcpus", 1, LIMIT_VCPUS_MAX, &n->vcpus, e) < 0)
        return -1;
    n->kind = kind;
    if (json_object_get(o, "startup") != NULL) {
        startup = get_string(o, "startup", TEXT_MAX, e);
        if (startup == NULL)
            return -1;
        n->startup = xstrdup(startup);
    }
    ifaces = get_array(o, "ifaces", LIMIT_IFACES_MAX, e);
    if (ifaces == NULL)
        return -1;
    n->nifaces = json_array_size(ifaces);
    n->ifaces = xcalloc(n->nifaces + 1, sizeof *n->ifaces);
    for (size_t i = 0; i < n->nifaces; i++)
        if (get_iface(json_array_get(ifaces, i), &n->ifaces[i], e) < 0)
            return err_wrap(e, "ifaces[%zu]", i);
    files = get_array(o, "files", LIMIT_FILES_MAX + 2, e);
    if (files == NULL)
        return -1;
    n->nfiles = json_array_size(files);
    n->files = xcalloc(n->nfiles + 1, sizeof *n->files);
    for (size_t i = 0; i < n->nfiles; i++)
        if (get_file(json_array_get(files, i), &n->files[i], e) < 0)
            return err_wrap(e, "files[%zu]", i);
    return 0;
}

static int get_bridge(const json_t *o, const struct plan *p, size_t i, struct plan_bridge *b, struct err *e)
{
    unsigned kind = 0;
    char want[IFNAME_SIZE];
    const char *dev = get_string(o, "dev", IFNAME_SIZE - 1, e);

    if (dev == NULL || get_word(o, "kind", plan_bridge_kinds, &kind, e) < 0 ||
        get_name(o, "element", name_or_empty, sizeof b->element, b->element, e) < 0 ||
        get_bool(o, "rstp", &b->rstp, e) < 0 ||
        get_u32(o, "rstp_priority", 0, LIMIT_RSTP_PRIORITY_MAX, &b->rstp_priority, e) < 0 ||
        (json_object_get(o, "mac_ageing") != NULL &&
         get_u32(o, "mac_ageing", LIMIT_AGEING_MIN, LIMIT_AGEING_MAX, &b->mac_ageing, e) < 0))
        return -1;
    b->kind = kind;
    plan_dev_bridge(want, p->lab, b->kind, i);
    if (strcmp(dev, want) != 0)
        return err_set(e, ERR_INVALID, "dev is not %s", want);
    memcpy(b->dev, want, sizeof want);
    if (b->rstp_priority % LIMIT_RSTP_PRIORITY_STEP != 0)
        return err_set(e, ERR_INVALID, "rstp_priority is not a multiple of %u", LIMIT_RSTP_PRIORITY_STEP);
    return 0;
}

static int get_segment(const json_t *o, const struct plan *p, struct plan_segment *s, struct err *e)
{
    unsigned kind = 0;
    int32_t bridge = -1;

    if (get_name(o, "element", name_or_empty, sizeof s->element, s->element, e) < 0 ||
        get_word(o, "kind", plan_segment_kinds, &kind, e) < 0 ||
        get_index(o, "bridge", p->nbridges, &bridge, e) < 0)
        return -1;
    if (bridge < 0)
        return err_set(e, ERR_INVALID, "bridge is missing");
    s->kind = kind;
    s->bridge = (uint32_t)bridge;
    return 0;
}

static int get_vlans(const json_t *o, struct plan_port *port, struct err *e)
{
    const json_t *trunks;
    unsigned mode = 0;
    uint32_t tag = 0;

    if (json_object_get(o, "vlan_mode") == NULL)
        return 0;
    if (get_word(o, "vlan_mode", plan_vlan_modes, &mode, e) < 0 ||
        get_u32(o, "vlan_tag", mode == PLAN_VLAN_ACCESS, LIMIT_VLAN_MAX, &tag, e) < 0)
        return -1;
    port->vlan_mode = mode;
    port->vlan_tag = (uint16_t)tag;
    trunks = get_array(o, "vlan_trunks", mode == PLAN_VLAN_TRUNK ? PLAN_VLANS_MAX : 0, e);
    if (trunks == NULL)
        return -1;
    for (size_t i = 0; i < json_array_size(trunks); i++) {
        json_int_t v = json_integer_value(json_array_get(trunks, i)); /* 0 for what is no number */
        if (v < 1 || v > LIMIT_VLAN_MAX)
            return err_set(e, ERR_INVALID, "vlan_trunks[%zu] is not from 1 to %d", i, LIMIT_VLAN_MAX);
        port->vlan_trunks[port->nvlan_trunks++] = (uint16_t)v;
    }
    return 0;
}

static int get_port(const json_t *o, const struct plan *p, size_t i, struct plan_port *port, struct err *e)
{
    char want[IFNAME_SIZE];
    int32_t bridge = -1, segment = -1;
    const char *dev = get_string(o, "dev", IFNAME_SIZE - 1, e);

    if (dev == NULL || get_index(o, "bridge", p->nbridges, &bridge, e) < 0 ||
        get_index(o, "segment", p->nsegments, &segment, e) < 0 ||
        get_u32(o, "ofport", 1, PLAN_OFPORT_REFERENCE - 1, &port->ofport, e) < 0 ||
        get_index(o, "node", p->nnodes, &port->node, e) < 0 ||
        get_index(o, "peer", p->nports, &port->peer, e) < 0 ||
        get_index(o, "link", p->nlinks, &port->link, e) < 0 ||
        get_index(o, "bond", p->nbonds, &port->bond, e) < 0)
        return -1;
    if (get_index(o, "iface", port->node >= 0 ? p->nodes[port->node].nifaces : 0, &port->iface, e) < 0)
        return -1;
    if (bridge < 0 || segment < 0)
        return err_set(e, ERR_INVALID, "bridge or segment is missing");
    port->bridge = (uint32_t)bridge;
    port->segment = (uint32_t)segment;
    plan_dev_port(want, p->lab, i);
    if (strcmp(dev, want) != 0)
        return err_set(e, ERR_INVALID, "dev is not %s", want);
    memcpy(port->dev, want, sizeof want);
    return get_vlans(o, port, e);
}

static int get_link(const json_t *o, const struct plan *p, struct plan_link *l, struct err *e)
{
    const json_t *ports, *impair;

    if (get_name(o, "name", name_ok, sizeof l->name, l->name, e) < 0 || get_bool(o, "up", &l->up, e) < 0)
        return -1;
    ports = get_array(o, "ports", 2, e);
    impair = ports != NULL ? get_array(o, "impair", 2, e) : NULL;
    if (impair == NULL)
        return -1;
    for (size_t k = 0; k < 2; k++) {
        const json_t *v = json_array_get(ports, k);
        json_int_t port = json_integer_value(v);
        if (!json_is_integer(v) || port < -1 || port >= (json_int_t)p->nports)
            return err_set(e, ERR_INVALID, "ports[%zu] is not -1 or the index of a port", k);
        l->port[k] = (int32_t)port;
        if (plan_impair_from_json(json_array_get(impair, k), &l->impair[k], e) < 0)
            return -1;
    }
    return 0;
}

static int get_bond(const json_t *o, const struct plan *p, size_t i, struct plan_bond *b, struct err *e)
{
    char want[IFNAME_SIZE];
    int32_t bridge = -1;
    const char *dev = get_string(o, "dev", IFNAME_SIZE - 1, e);

    if (dev == NULL || get_index(o, "bridge", p->nbridges, &bridge, e) < 0 ||
        get_bool(o, "passive", &b->passive, e) < 0)
        return -1;
    if (bridge < 0)
        return err_set(e, ERR_INVALID, "bridge is missing");
    b->bridge = (uint32_t)bridge;
    plan_dev_bond(want, p->lab, i);
    if (strcmp(dev, want) != 0)
        return err_set(e, ERR_INVALID, "dev is not %s", want);
    memcpy(b->dev, want, sizeof want);
    return 0;
}

static int get_mirror(const json_t *o, const struct plan *p, struct plan_mirror_port *m, struct err *e)
{
    const json_t *from;
    int32_t to = -1;
    unsigned direction = 0;

    if (get_index(o, "to", p->nports, &to, e) < 0 ||
        get_word(o, "direction", plan_mirrors, &direction, e) < 0)
        return -1;
    if (to < 0 || direction == PLAN_MIRROR_NONE)
        return err_set(e, ERR_INVALID, "it shows nothing, or nowhere");
    m->to = (uint32_t)to;
    m->direction = direction;
    from = get_array(o, "from", p->nports, e);
    if (from == NULL)
        return -1;
    m->from = xcalloc(json_array_size(from) + 1, sizeof *m->from);
    for (size_t i = 0; i < json_array_size(from); i++) {
        const json_t *v = json_array_get(from, i);
        json_int_t port = json_integer_value(v);
        if (!json_is_integer(v) || port < 0 || port >= (json_int_t)p->nports)
            return err_set(e, ERR_INVALID, "from[%zu] is not the index of a port", i);
        m->from[m->nfrom++] = (uint32_t)port;
    }
    return 0;
}

static int get_internet(const json_t *o, const struct plan *p, struct plan_internet *n, struct err *e)
{
    const json_t *addrs = get_array(o, "addresses", LIMIT_GATEWAYS_MAX, e);
    int32_t port = -1;
    int family = AF_UNSPEC;

    if (addrs == NULL || get_index(o, "port", p->nports, &port, e) < 0)
        return -1;
    if (port < 0 || json_array_size(addrs) == 0)
        return err_set(e, ERR_INVALID, "port or addresses are missing");
    n->port = (uint32_t)port;
    for (size_t i = 0; i < json_array_size(addrs); i++) {
        const char *text = json_string_value(json_array_get(addrs, i)), *fault;
        struct value_addr a;
        if (text == NULL || !value_addr(text, &a))
            return err_set(e, ERR_INVALID, "addresses[%zu] is no address", i);
        fault = limit_gateway_fault(&a);
        if (fault != NULL)
            return err_set(e, ERR_INVALID, "addresses[%zu] %s", i, fault);
        if (a.family == family)
            return err_set(e, ERR_INVALID, "addresses[%zu] is a second one of its family", i);
        family = a.family;
        value_addr_format(&a, n->addrs[n->naddrs++]);
    }
    return 0;
}

/* Plans from before there were bonds and mirrors lack these members: '*out' is NULL then. */
static int get_newer_array(const json_t *o, const char *key, size_t max, const json_t **out, struct err *e)
{
    *out = json_object_get(o, key);
    return *out == NULL || get_array(o, key, max, e) != NULL ? 0 : -1;
}

static int get_parts(const json_t *j, struct plan *p, struct err *e)
{
    const json_t *nodes = get_array(j, "nodes", PLAN_NODES_MAX, e);
    const json_t *bridges = nodes ? get_array(j, "bridges", PLAN_BRIDGES_MAX, e) : NULL;
    const json_t *segments = bridges ? get_array(j, "segments", SEGMENTS_MAX, e) : NULL;
    const json_t *ports = segments ? get_array(j, "ports", PLAN_PORTS_MAX, e) : NULL;
    const json_t *links = ports ? get_array(j, "links", LINKS_MAX, e) : NULL;
    const json_t *bonds = NULL, *mirrors = NULL;

    if (links == NULL || get_newer_array(j, "bonds", PLAN_PORTS_MAX, &bonds, e) < 0 ||
        get_newer_array(j, "mirrors", MIRRORS_MAX, &mirrors, e) < 0)
        return -1;
    p->nodes = xcalloc(json_array_size(nodes) + 1, sizeof *p->nodes);
    p->nnodes = json_array_size(nodes);
    p->bridges = xcalloc(json_array_size(bridges) + 1, sizeof *p->bridges);
    p->nbridges = json_array_size(bridges);
    p->segments = xcalloc(json_array_size(segments) + 1, sizeof *p->segments);
    p->nsegments = json_array_size(segments);
    p->ports = xcalloc(json_array_size(ports) + 1, sizeof *p->ports);
    p->nports = json_array_size(ports);
    p->links = xcalloc(json_array_size(links) + 1, sizeof *p->links);
    p->nlinks = json_array_size(links);
    p->bonds = xcalloc(json_array_size(bonds) + 1, sizeof *p->bonds);
    p->nbonds = json_array_size(bonds);
    p->mirrors = xcalloc(json_array_size(mirrors) + 1, sizeof *p->mirrors);
    p->nmirrors = json_array_size(mirrors);
    for (size_t i = 0; i < p->nnodes; i++)
        if (get_node(json_array_get(nodes, i), &p->nodes[i], e) < 0)
            return err_wrap(e, "nodes[%zu]", i);
    for (size_t i = 0; i < p->nbridges; i++)
        if (get_bridge(json_array_get(bridges, i), p, i, &p->bridges[i], e) < 0)
            return err_wrap(e, "bridges[%zu]", i);
    for (size_t i = 0; i < p->nsegments; i++)
        if (get_segment(json_array_get(segments, i), p, &p->segments[i], e) < 0)
            return err_wrap(e, "segments[%zu]", i);
    for (size_t i = 0; i < p->nports; i++)
        if (get_port(json_array_get(ports, i), p, i, &p->ports[i], e) < 0)
            return err_wrap(e, "ports[%zu]", i);
    for (size_t i = 0; i < p->nlinks; i++)
        if (get_link(json_array_get(links, i), p, &p->links[i], e) < 0)
            return err_wrap(e, "links[%zu]", i);
    for (size_t i = 0; i < p->nbonds; i++)
        if (get_bond(json_array_get(bonds, i), p, i, &p->bonds[i], e) < 0)
            return err_wrap(e, "bonds[%zu]", i);
    for (size_t i = 0; i < p->nmirrors; i++)
        if (get_mirror(json_array_get(mirrors, i), p, &p->mirrors[i], e) < 0)
            return err_wrap(e, "mirrors[%zu]", i);
    if (json_object_get(j, "internet") == NULL)
        return 0;
    p->internet = xcalloc(1, sizeof *p->internet);
    if (get_internet(json_object_get(j, "internet"), p, p->internet, e) < 0)
        return err_wrap(e, "internet");
    return 0;
}

struct plan *plan_from_json(const json_t *j, struct err *e)
{
    AUTO(plan_freep) struct plan *p = xcalloc(1, sizeof *p);

    if (!json_is_object(j)) {
        err_set(e, ERR_INVALID, "the plan is not a JSON object");
        return NULL;
    }
    if (get_name(j, "lab", lab_id_ok, sizeof p->lab, p->lab, e) < 0 || get_parts(j, p, e) < 0 ||
        plan_verify(p, e) < 0) {
        err_wrap(e, "plan");
        return NULL;
    }
    return TAKE(p);
}
