/* The reader: exercise.xml to struct exercise.  Elements and attributes are tables; it reports what has
 * the wrong form and goes on, so that one run names all problems.  grading/exercise.rng says the same
 * for editors; a test holds the two against each other. */
#include "grading/check/check.h"
#include "grading/exercise_attr.h"
#include "grading/exercise_parts.h"
#include "grading/probe_dns.h"
#include "labd/base/mem.h"
#include "topology/topo_expand.h"
#include "topology/topo_parameter.h"
#include "topology/topo_value.h"
#include "topology/topo_xml.h"

#include <libxml/tree.h>
#include <string.h>

#define DEADLINE_MS 30000
#define HOLD 2
#define INTERVAL_MS 500
#define SETTLE_MS 20000
#define TIMEOUT_MS 10000
#define STATUS_OK 200
#define XATTRS_MAX 32 /* of one element: a bit each */

struct reader {
    struct exercise *x;
    struct topo_msgs *m;
    size_t cap_checks, cap_wrongs;
};

typedef void element_fn(struct reader *r, const xmlNode *n, void *obj);
struct element {
    const char *name;
    bool single, needed;
    element_fn *read;
};

static void complain_text(struct reader *r, const xmlNode *n, const xmlNode *text)
{
    const char *s = (const char *)text->content;
    char shown[VALUE_SHOW_SIZE];

    if (s != NULL && s[strspn(s, " \t\r\n")] != '\0')
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "<%s> may not hold the text '%s'",
                      (const char *)n->name, value_show(s + strspn(s, " \t\r\n"), shown));
}

static void complain_element(struct reader *r, const xmlNode *n, const xmlNode *child,
                             const struct element *allowed, size_t nallowed)
{
    char shown[VALUE_SHOW_SIZE], hint[VALUE_HINT_SIZE];
    struct value_guess g;

    value_guess_init(&g, (const char *)child->name);
    for (size_t i = 0; i < nallowed; i++)
        value_guess_offer(&g, allowed[i].name);
    topo_msgs_add(r->m, topo_xml_line(child), TOPO_ERROR, "<%s> is not allowed in <%s>%s",
                  value_show((const char *)child->name, shown), (const char *)n->name,
                  value_guess_hint(&g, hint));
}

static void children(struct reader *r, const xmlNode *n, const struct element *allowed, size_t nallowed,
                     void *obj)
{
    unsigned seen = 0;

    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        size_t i = 0;

        if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE)
            complain_text(r, n, c);
        if (c->type != XML_ELEMENT_NODE)
            continue;
        while (i < nallowed && (c->ns != NULL || strcmp(allowed[i].name, (const char *)c->name) != 0))
            i++;
        if (i == nallowed) {
            complain_element(r, n, c, allowed, nallowed);
        } else if (allowed[i].single && (seen & 1u << i)) {
            topo_msgs_add(r->m, topo_xml_line(c), TOPO_ERROR, "<%s> may hold only one <%s>",
                          (const char *)n->name, allowed[i].name);
        } else {
            seen |= 1u << i;
            allowed[i].read(r, c, obj);
        }
    }
    for (size_t i = 0; i < nallowed; i++)
        if (allowed[i].needed && !(seen & 1u << i))
            topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "<%s> needs a <%s>", (const char *)n->name,
                          allowed[i].name);
}

/* The folded text of an element that holds nothing else. */
static void text(struct reader *r, const xmlNode *n, char **out)
{
    AUTO(mem_freep) char *s = topo_xml_text(n);

    for (const xmlNode *c = n->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE)
            complain_element(r, n, c, NULL, 0);
    exercise_fold(s);
    if (*s == '\0') {
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "<%s> is empty", (const char *)n->name);
        return;
    }
    free(*out);
    *out = TAKE(s);
}

static void no_attributes(struct reader *r, const xmlNode *n)
{
    static const struct xattr none[] = {XATTRS_END};

    exercise_attrs(r->m, n, none, NULL);
}

static void read_summary(struct reader *r, const xmlNode *n, void *obj)
{
    (void)obj;
    no_attributes(r, n);
    text(r, n, &r->x->summary);
}

static void read_source(struct reader *r, const xmlNode *n, void *obj)
{
    (void)obj;
    no_attributes(r, n);
    text(r, n, &r->x->source);
}

static void read_hint(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"after", XA_UINT, offsetof(struct exercise_hint, after), false, 1, 1000},
        XATTRS_END,
    };
    struct exercise_check *c = obj;
    struct exercise_hint *h;

    if (c->nhints >= EXERCISE_HINTS_MAX) {
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "a check may have at most %d hints",
                      EXERCISE_HINTS_MAX);
        return;
    }
    if (c->hints == NULL)
        c->hints = xcalloc(EXERCISE_HINTS_MAX, sizeof *c->hints);
    h = &c->hints[c->nhints++];
    h->after = 1;
    exercise_attrs(r->m, n, attrs, h);
    text(r, n, &h->text);
}

static void read_topology(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"file", XA_FILE, offsetof(struct exercise, topo_file), true, 0, 0},
        XATTRS_END,
    };

    exercise_attrs(r->m, n, attrs, obj);
    children(r, n, NULL, 0, NULL);
}

static void read_instructions(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"file", XA_FILE, offsetof(struct exercise, instructions_file), true, 0, 0},
        XATTRS_END,
    };

    exercise_attrs(r->m, n, attrs, obj);
    children(r, n, NULL, 0, NULL);
}

static void read_solution(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"dir", XA_DIR, offsetof(struct exercise, solution_dir), true, 0, 0},
        XATTRS_END,
    };

    exercise_attrs(r->m, n, attrs, obj);
    children(r, n, NULL, 0, NULL);
}

static void read_wrong(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"dir", XA_DIR, offsetof(struct exercise_wrong, dir), true, 0, 0},
        {"score", XA_UINT, offsetof(struct exercise_wrong, score), true, 0, 100000},
        XATTRS_END,
    };
    struct exercise *x = obj;
    struct exercise_wrong *w;

    if (x->nwrongs >= EXERCISE_WRONGS_MAX) {
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "there are more than %d wrong solutions",
                      EXERCISE_WRONGS_MAX);
        return;
    }
    XGROW(x->wrongs, x->nwrongs, r->cap_wrongs);
    w = &x->wrongs[x->nwrongs++];
    memset(w, 0, sizeof *w);
    w->line = topo_xml_line(n);
    exercise_attrs(r->m, n, attrs, w);
    text(r, n, &w->why);
}

static void read_attempts(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"policy", XA_POLICY, offsetof(struct exercise, rules.policy), false, 0, 0},
        {"max", XA_UINT, offsetof(struct exercise, rules.max), false, 1, 1000},
        {"cooldown", XA_DURATION, offsetof(struct exercise, rules.cooldown_ms), false, 1000, 86400000},
        XATTRS_END,
    };

    exercise_attrs(r->m, n, attrs, obj);
    children(r, n, NULL, 0, NULL);
}

static void read_reference(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"name", XA_NAME, offsetof(struct probe_ref, name), true, 0, 0},
        {"at", XA_NAME, offsetof(struct probe_ref, segment), true, 0, 0},
        {"vlan", XA_PORT, offsetof(struct probe_ref, vlan), false, 1, 4094},
        {"address", XA_NET, 0, false, 0, 0},
        {"gateway", XA_GATEWAY, 0, false, 0, 0},
        {"address6", XA_NET6, 0, false, 0, 0},
        {"gateway6", XA_GATEWAY6, 0, false, 0, 0},
        XATTRS_END,
    };
    struct exercise *x = obj;
    struct probe_ref ref = {0};
    unsigned given = exercise_attrs(r->m, n, attrs, &ref);

    children(r, n, NULL, 0, NULL);
    if (ref.name[0] == '\0')
        return;
    if (x->nrefs >= PROBE_REFS_MAX) {
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "there are more than %d references",
                      PROBE_REFS_MAX);
        return;
    }
    for (int i = 0; i < 2; i++)
        if ((given & 1u << (4 + 2 * i)) != 0 && ref.net[i].addr.family == 0)
            topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR,
                          "reference '%s' has a gateway, but no address of its family", ref.name);
    if (ref.net[0].addr.family == 0) {
        ref.net[0] = ref.net[1];
        memset(&ref.net[1], 0, sizeof ref.net[1]);
    }
    ref.nnets = (ref.net[0].addr.family != 0) + (ref.net[1].addr.family != 0);
    x->ref_lines[x->nrefs] = topo_xml_line(n);
    x->refs[x->nrefs++] = ref;
}

/* The attributes that every check has and those of its kind. */
static void read_check_attrs(struct reader *r, const xmlNode *n, struct exercise_check *c)
{
    static const struct xattr common[] = {
        {"id", XA_NAME, offsetof(struct exercise_check, id), true, 0, 0},
        {"kind", XA_KIND, offsetof(struct exercise_check, kind), true, 0, 0},
        {"title", XA_TEXT, offsetof(struct exercise_check, title), true, 0, 0},
        {"points", XA_UINT, offsetof(struct exercise_check, points), true, 0, 1000},
        {"requires", XA_NAMES, offsetof(struct exercise_check, requires), false, 0, 0},
    };
    static const struct xattr any[] = {{XATTR_ANY, XA_NAME, 0, false, 0, 0}, XATTRS_END};
    xmlChar *name = xmlGetNoNsProp(n, (const xmlChar *)"kind");
    const struct check_kind *kind = name != NULL ? check_kind_find((const char *)name) : NULL;
    const struct xattr *own = kind != NULL ? kind->attrs : any;
    struct xattr attrs[XATTRS_MAX];
    size_t count = ARRAY_LEN(common), both = 0;
    unsigned good;

    xmlFree(name);
    memcpy(attrs, common, sizeof common);
    for (size_t i = 0; count < XATTRS_MAX - 1 && own[i].name != NULL; i++) {
        if (own[i].offset == offsetof(struct exercise_check, both))
            both = count;
        attrs[count++] = own[i];
    }
    attrs[count] = (struct xattr)XATTRS_END;
    good = exercise_attrs(r->m, n, attrs, c);
    if (kind == NULL)
        return;
    if (kind->proto != PROBE_ICMP)
        c->proto = kind->proto;
    if (c->port == 0)
        c->port = kind->port;
    c->both = both > 0 && (good & 1u << both ? c->both : c->proto != PROBE_UDP);
}

static void read_part(struct reader *r, const xmlNode *n, void *obj)
{
    AUTO(mem_freep) char *value = NULL;
    struct exercise_check *c = obj, *part;

    if (c->nparts >= EXERCISE_PARTS_MAX) {
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "check '%s' has more than %d parts", c->id,
                      EXERCISE_PARTS_MAX);
        return;
    }
    XGROW(c->parts, c->nparts, c->cap_parts);
    part = &c->parts[c->nparts++];
    memset(part, 0, sizeof *part);
    memcpy(part->id, c->id, sizeof part->id);
    part->kind = c->kind;
    part->line = topo_xml_line(n);
    part->hops = EXERCISE_HOPS_ANY;
    exercise_attrs(r->m, n, c->kind->part_attrs, part);
    if (c->kind->part_text == NULL) {
        children(r, n, NULL, 0, NULL);
        return;
    }
    text(r, n, &value);
    c->kind->part_text(r->m, part, value);
}

static void read_program(struct reader *r, const xmlNode *n, void *obj)
{
    struct exercise_check *c = obj;

    no_attributes(r, n);
    for (const xmlNode *child = n->children; child != NULL; child = child->next)
        if (child->type == XML_ELEMENT_NODE)
            complain_element(r, n, child, NULL, 0);
    if (c->run != NULL)
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "check '%s' has run and a <program>: one is enough",
                      c->id);
    c->program = topo_xml_text(n);
}

static void read_check(struct reader *r, const xmlNode *n, void *obj)
{
    struct element parts[3] = {{"hint", false, false, read_hint}};
    size_t nparts = 1;
    struct exercise *x = obj;
    struct exercise_check *c;

    if (x->nchecks >= EXERCISE_CHECKS_MAX) {
        topo_msgs_add(r->m, topo_xml_line(n), TOPO_ERROR, "there are more than %d checks",
                      EXERCISE_CHECKS_MAX);
        return;
    }
    XGROW(x->checks, x->nchecks, r->cap_checks);
    c = &x->checks[x->nchecks++];
    memset(c, 0, sizeof *c);
    c->line = topo_xml_line(n);
    c->hops = EXERCISE_HOPS_ANY;
    c->priority = EXERCISE_PRIORITY_ANY;
    c->settle_ms = SETTLE_MS;
    c->timeout_ms = TIMEOUT_MS;
    c->status = STATUS_OK;
    c->path[0] = '/';
    read_check_attrs(r, n, c);
    if (c->kind == NULL)
        return; /* what may be in it is its kind's to say */
    if (c->kind->part != NULL)
        parts[nparts++] = (struct element){c->kind->part, false, true, read_part};
    if (c->kind->program)
        parts[nparts++] = (struct element){"program", true, false, read_program};
    children(r, n, parts, nparts, c);
}

static void read_grading(struct reader *r, const xmlNode *n, void *obj)
{
    static const struct xattr attrs[] = {
        {"deadline", XA_DURATION, offsetof(struct exercise, deadline_ms), false, 1000, 600000},
        {"hold", XA_UINT, offsetof(struct exercise, hold), false, 1, EXERCISE_HOLD_MAX},
        {"interval", XA_DURATION, offsetof(struct exercise, interval_ms), false, 100, 10000},
        XATTRS_END,
    };
    static const struct element parts[] = {
        {"reference", false, true, read_reference},
        {"check", false, true, read_check},
    };

    exercise_attrs(r->m, n, attrs, obj);
    children(r, n, parts, ARRAY_LEN(parts), obj);
}

static void read_exercise(struct reader *r, const xmlNode *n)
{
    static const struct xattr attrs[] = {
        {"id", XA_NAME, offsetof(struct exercise, id), true, 0, 0},
        {"title", XA_TEXT, offsetof(struct exercise, title), true, 0, 0},
        {"level", XA_TEXT, offsetof(struct exercise, level), false, 0, 0},
        {"minutes", XA_UINT, offsetof(struct exercise, minutes), false, 1, 10000},
        {"version", XA_UINT, offsetof(struct exercise, version), false, 1, 1000000},
        XATTRS_END,
    };
    static const struct element parts[] = {
        {"summary", true, true, read_summary},    {"source", true, false, read_source},
        {"topology", true, true, read_topology},  {"instructions", true, false, read_instructions},
        {"solution", true, false, read_solution}, {"wrong", false, false, read_wrong},
        {"attempts", true, false, read_attempts}, {"grading", true, true, read_grading},
    };

    r->x->line = topo_xml_line(n);
    exercise_attrs(r->m, n, attrs, r->x);
    children(r, n, parts, ARRAY_LEN(parts), r->x);
}

/* ---- parameters ---- */
/* What a class's scores are made of is the same for everyone. */
static void check_constant(const xmlNode *x, struct topo_msgs *m)
{
    static const char *const constant[] = {"id", "points"};

    for (size_t i = 0; i < ARRAY_LEN(constant); i++) {
        xmlChar *v = xmlGetNoNsProp(x, (const xmlChar *)constant[i]);
        if (v != NULL && strstr((const char *)v, "${") != NULL)
            topo_msgs_add(m, topo_xml_line(x), TOPO_ERROR, "%s=\"...\" of <%s> may not depend on parameters",
                          constant[i], (const char *)x->name);
        xmlFree(v);
    }
}

/* Fills 'x' and all below it. */
static int fill(const struct topo *t, xmlNode *x, struct topo_budget *b)
{
    check_constant(x, b->m);
    if (topo_reference_fill_element(t, x, b) < 0)
        return -1;
    for (xmlNode *c = x->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE && fill(t, c, b) < 0)
            return -1;
    return 0;
}

/* Only what grades differs from student to student; the rest is the list of exercises. */
static int fill_grading(const struct topo *t, const xmlNode *root, struct topo_msgs *m, struct err *e)
{
    struct topo_budget b = {.max = &topo_size_lab, .m = m, .e = e};

    for (xmlNode *c = root->children; c != NULL; c = c->next)
        if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, "grading") == 0 &&
            fill(t, c, &b) < 0)
            return -1;
    return 0;
}

struct exercise *exercise_read(const char *xml, size_t n, const struct topo *t, struct topo_msgs *m,
                               struct err *e)
{
    AUTO(exercise_freep) struct exercise *x = NULL;
    AUTO(topo_xml_freep) xmlDoc *doc = NULL;
    const xmlNode *root;
    struct reader r = {.m = m};

    if (n > EXERCISE_FILE_MAX) {
        topo_fatal(m, e, 0, "the file is longer than %u KiB", EXERCISE_FILE_MAX / 1024);
        return NULL;
    }
    if ((doc = topo_xml_parse(xml, n, &topo_size_lab, m, e)) == NULL)
        return NULL;
    root = xmlDocGetRootElement(doc);
    if (root == NULL || root->ns != NULL || strcmp((const char *)root->name, "exercise") != 0) {
        topo_fatal(m, e, root != NULL ? topo_xml_line(root) : 1, "the root element is not <exercise>");
        return NULL;
    }
    if (t != NULL && fill_grading(t, root, m, e) < 0)
        return NULL;
    x = r.x = xcalloc(1, sizeof *x);
    x->version = 1;
    x->deadline_ms = DEADLINE_MS;
    x->hold = HOLD;
    x->interval_ms = INTERVAL_MS;
    read_exercise(&r, root);
    return TAKE(x);
}
