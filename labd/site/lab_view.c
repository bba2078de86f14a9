/* Who sees what of a lab. */
#include "labd/base/mem.h"
#include "labd/site/labs.h"
#include "topology/topo_hidden.h"

#include <string.h>

enum lab_view exercise_view(const char *exercise, const struct who *w)
{
    return who_teaches(w) || exercise[0] == '\0' ? VIEW_ALL : VIEW_STUDENT;
}

enum lab_view lab_view(const struct lab *lab, const struct who *w)
{
    return exercise_view(lab->row.exercise, w);
}

/* The member of an array of objects that has this name, or NULL. */
static const json_t *named(const json_t *list, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one) {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return one;
    }
    return NULL;
}

static const json_t *part(const struct lab *lab, enum lab_view view, const char *group, const char *name)
{
    return named(json_object_get(lab->drawing[view], group), name);
}

bool lab_has_node(const struct lab *lab, enum lab_view view, const char *node)
{
    return part(lab, view, "nodes", node) != NULL;
}

bool lab_has_link(const struct lab *lab, enum lab_view view, const char *link)
{
    return part(lab, view, "links", link) != NULL;
}

bool lab_has_port(const struct lab *lab, enum lab_view view, const char *port)
{
    const char *colon = strchr(port, ':');

    if (colon == NULL)
        return false;
    AUTO(mem_freep) char *name = xstrndup(port, (size_t)(colon - port));
    const json_t *node = part(lab, view, "nodes", name);
    if (node != NULL)
        return named(json_object_get(node, "interfaces"), colon + 1) != NULL;
    return lab_has_link(lab, view, name) && (strcmp(colon + 1, "a") == 0 || strcmp(colon + 1, "b") == 0);
}

char *lab_said(const struct lab *lab, enum lab_view view, const char *sentence)
{
    if (view == VIEW_ALL || sentence[0] == '\0')
        return xstrdup(sentence);
    if (lab->broken)
        return xstrdup("this lab cannot be read any more: stop it and start it again");
    return topo_redact(lab->secrets, sentence);
}

void lab_problem(struct http_req *r, const struct lab *lab, const struct err *e)
{
    struct err seen;

    AUTO(mem_freep) char *text = lab_said(lab, lab_view(lab, who_of(r)), e->msg);
    err_set(&seen, e->code, "%s", text);
    http_problem(r, &seen);
}
