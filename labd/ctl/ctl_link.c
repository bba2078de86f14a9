#include "labd/ctl/ctl_link.h"

#include "labd/base/mem.h"
#include "topology/topo_value.h"

#include <stddef.h>
#include <string.h>

enum form { DELAY, PERCENT, RATE };

static const struct {
    const char *key;
    enum form form;
    size_t offset; /* in struct plan_impair */
    const char *example;
} keys[] = {
    {"delay", DELAY, offsetof(struct plan_impair, delay_us), "20ms"},
    {"jitter", DELAY, offsetof(struct plan_impair, jitter_us), "2ms"},
    {"loss", PERCENT, offsetof(struct plan_impair, loss_ppm), "1%"},
    {"duplicate", PERCENT, offsetof(struct plan_impair, duplicate_ppm), "1%"},
    {"corrupt", PERCENT, offsetof(struct plan_impair, corrupt_ppm), "1%"},
    {"reorder", PERCENT, offsetof(struct plan_impair, reorder_ppm), "1%"},
    {"rate", RATE, offsetof(struct plan_impair, rate_bps), "10mbit"},
};

int link_change_init(struct link_change *c, const json_t *a, const json_t *b, struct err *e)
{
    struct link_change new = {0};

    if ((a != NULL && plan_impair_from_json(a, &new.impair[0], e) < 0) ||
        (b != NULL && plan_impair_from_json(b, &new.impair[1], e) < 0))
        return -1;
    *c = new;
    return 0;
}

static bool parse(enum form form, const char *value, void *field)
{
    bool zero = strcmp(value, "0") == 0;

    switch (form) {
    case DELAY:
        return value_delay(zero ? "0ms" : value, field);
    case PERCENT:
        return value_percent(zero ? "0%" : value, field);
    case RATE:
        if (zero)
            memset(field, 0,
                   sizeof(uint64_t)); /* in a topology a rate of 0 makes no sense; here it ends one */
        return zero || value_rate(value, field);
    }
    return false;
}

static int set(struct link_change *c, const char *word, size_t n, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        if (strlen(keys[i].key) != n || strncmp(word, keys[i].key, n) != 0)
            continue;
        for (int end = 0; end < 2; end++)
            if (c->from != 2 - end &&
                !parse(keys[i].form, word + n + 1, (char *)&c->impair[end] + keys[i].offset))
                return err_set(e, ERR_INVALID, "'%s' is not understood: write %s=%s, or %s=0", word,
                               keys[i].key, keys[i].example, keys[i].key);
        c->impaired = true;
        return 0;
    }
    return err_set(e, ERR_INVALID, "'%s' is no word of labctl link: 'labctl help link' lists them", word);
}

int link_change_word(struct link_change *c, const char *word, struct err *e)
{
    size_t n = strcspn(word, "=");

    if (strcmp(word, "up") == 0 || strcmp(word, "down") == 0) {
        c->state = word[0] == 'u' ? "up" : "down";
        return 0;
    }
    if (strcmp(word, "from=a") == 0 || strcmp(word, "from=b") == 0) {
        c->from = word[5] == 'a' ? 1 : 2;
        return 0;
    }
    if (strcmp(word, "clear") == 0) {
        for (int end = 0; end < 2; end++)
            if (c->from != 2 - end)
                c->impair[end] = (struct plan_impair){0};
        c->impaired = true;
        return 0;
    }
    if (word[n] != '=')
        return err_set(e, ERR_INVALID, "'%s' is no word of labctl link: 'labctl help link' lists them", word);
    return set(c, word, n, e);
}

json_t *link_change_json(const struct link_change *c)
{
    json_t *body = json_object();

    if (c->state != NULL)
        json_object_set_new(body, "state", json_string(c->state));
    if (c->impaired)
        json_object_set_new(body, "impair",
                            json_pack("{s:o, s:o}", "a", plan_impair_to_json(&c->impair[0]), "b",
                                      plan_impair_to_json(&c->impair[1])));
    return body;
}
