/* Labs over HTTP: their life, who may do what, and a labhost that comes and goes. */
#include "tests/site/ws_client.h"

#define TINY "{\"exercise\":\"tiny\"}"
#define RAW "{\"topology\":\"<topology name='raw' version='1'><host name='h1'/></topology>\"}"

static json_t *named(const json_t *j, const char *group, const char *name)
{
    json_t *one;
    size_t i;

    json_array_foreach(json_object_get(j, group), i, one) {
        if (strcmp(text_at(one, "name"), name) == 0)
            return one;
    }
    fail_msg("no %s in %s", name, group);
    return NULL;
}

static char *lab_path(const char *id, const char *rest)
{
    return xasprintf("/api/v1/labs/%s%s", id, rest);
}

/* ---- exercises ---- */

static void test_exercises(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    request(f, f->student, "GET", "/api/v1/exercises", NULL, &r);
    json_t *list = json_object_get(r.json, "exercises"), *tiny = json_array_get(list, 2);
    assert_int_equal(json_array_size(list), 9); /* the broken one is left out */
    assert_string_equal(text_at(tiny, "id"), "tiny");
    assert_string_equal(text_at(tiny, "title"), "Tiny & small");
    assert_int_equal(json_integer_value(json_object_get(tiny, "nodes")), 2);
    assert_int_equal(json_integer_value(json_object_get(tiny, "max_score")), 10);
    assert_true(json_is_null(json_object_get(tiny, "best_score")));
    assert_true(json_is_null(json_object_get(tiny, "lab")));
    reply_clear(&r);

    AUTO(buf_clear) struct buf log = BUF_INIT;
    struct err e;
    fixture_check(file_read(f->log, 1u << 20, &log, &e), &e);
    assert_non_null(strstr(buf_str(&log), "exercise.left-out"));
    assert_non_null(strstr(buf_str(&log), "tests/site/exercises/broken/exercise.xml:"));
}

/* ---- parameters ---- */

static char *address_of_h1(const json_t *topology)
{
    json_t *iface = json_array_get(json_object_get(named(topology, "nodes", "h1"), "interfaces"), 0);

    return xstrdup(json_string_value(json_array_get(json_object_get(iface, "addresses"), 0)));
}

/* The address of h1 in the drawing that a user gets, after a look at what belongs to it. */
static char *own_address(struct fixture *f, const char *token, const char *path)
{
    struct reply r;

    request(f, token, "GET", path, NULL, &r);
    assert_int_equal(r.status, 200);
    char *address = address_of_h1(json_object_get(r.json, "topology")), *last = strrchr(address, '.');
    AUTO(mem_freep) char *router = xasprintf("%.*s.1/24", (int)(last - address), address);
    const char *html = text_at(r.json, "instructions_html");
    assert_string_equal(last, ".10/24");
    assert_non_null(strstr(html, router));
    assert_non_null(strstr(html, "${HOME}"));
    assert_null(strstr(html, "${lan"));
    *strrchr(router, '/') = '\0';
    assert_non_null(strstr(text_at(json_array_get(json_object_get(r.json, "checks"), 0), "title"), router));
    reply_clear(&r);
    return address;
}

static char *lab_address(struct fixture *f, const char *token, const char *id)
{
    AUTO(mem_freep) char *path = lab_path(id, "");
    struct reply r;

    request(f, token, "GET", path, NULL, &r);
    assert_int_equal(r.status, 200);
    char *address = address_of_h1(r.json);
    reply_clear(&r);
    return address;
}

#define VARIANTS "/api/v1/exercises/variants"

static void begin_variants(struct fixture *f, const char *token, char id[16])
{
    struct reply r;

    request(f, token, "POST", "/api/v1/labs", "{\"exercise\":\"variants\"}", &r);
    assert_int_equal(r.status, 202);
    snprintf(id, 16, "%s", text_at(r.json, "id"));
    reply_clear(&r);
}

static void test_own_values(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep)
    char *sam = own_address(f, f->student, VARIANTS), *olga = own_address(f, f->other, VARIANTS);
    char lab[16], again[16];

    assert_string_not_equal(sam, olga);
    host_wait(f);
    begin_variants(f, f->student, lab);
    AUTO(mem_freep) char *in_lab = lab_address(f, f->student, lab);
    assert_string_equal(in_lab, sam); /* what was read before is what the lab has */

    AUTO(mem_freep) char *path = xasprintf(VARIANTS "?lab=%s", lab);
    AUTO(mem_freep)
    char *seen = own_address(f, f->instructor, path), *iris = own_address(f, f->instructor, VARIANTS);
    assert_string_equal(seen, sam);
    assert_string_not_equal(iris, sam);
    assert_int_equal(status_of(f, f->other, "GET", path, NULL), 404);

    fixture_site_stop(f);
    fixture_site_start(f);
    AUTO(mem_freep) char *later = lab_address(f, f->student, lab);
    assert_string_equal(later, sam);

    host_wait(f);
    AUTO(mem_freep) char *gone = lab_path(lab, "");
    assert_int_equal(status_of(f, f->student, "DELETE", gone, NULL), 202);
    lab_wait(f, f->student, lab, "");
    begin_variants(f, f->student, again);
    AUTO(mem_freep) char *anew = lab_address(f, f->student, again);
    assert_string_equal(anew, sam);
}

#define SEEDED(more) \
    "{\"topology\":\"<topology name='t'><parameter name='p' type='prefix' pool='10.64.0.0/10' length='24'/>" \
    "<host name='h1'><interface name='eth0' network='n'><address>${p.10/}</address></interface></host>" \
    "<network name='n'/></topology>\"" more "}"

static void test_seed_of_instructor(void **state)
{
    static const char *const bodies[] = {SEEDED(",\"seed\":7"), SEEDED(",\"seed\":7"), SEEDED("")};
    struct fixture *f = *state;
    char *address[ARRAY_LEN(bodies)];
    struct reply r;

    host_wait(f);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        request(f, f->instructor, "POST", "/api/v1/labs", bodies[i], &r);
        assert_int_equal(r.status, 202);
        address[i] = address_of_h1(r.json);
        AUTO(mem_freep) char *path = lab_path(text_at(r.json, "id"), "");
        assert_int_equal(status_of(f, f->instructor, "DELETE", path, NULL), 202);
        lab_wait(f, f->instructor, text_at(r.json, "id"), "");
        reply_clear(&r);
    }
    assert_string_equal(address[0], address[1]);
    assert_string_not_equal(address[0], address[2]);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        free(address[i]);
    assert_int_equal(status_of(f, f->instructor, "POST", "/api/v1/labs", SEEDED(",\"seed\":-1")), 400);
    assert_int_equal(status_of(f, f->instructor, "POST", "/api/v1/labs", SEEDED(",\"seed\":\"7\"")), 400);
}

/* An instructor tries a variant of the site's exercise; a student has only one's own. */
static void test_seed_of_exercise(void **state)
{
    static const char seven[] = "{\"exercise\":\"variants\",\"seed\":7}";
    struct fixture *f = *state;
    AUTO(mem_freep) char *own = own_address(f, f->instructor, VARIANTS);
    char *address[2];
    struct reply r;

    host_wait(f);
    for (size_t i = 0; i < ARRAY_LEN(address); i++) {
        request(f, f->instructor, "POST", "/api/v1/labs", seven, &r);
        assert_int_equal(r.status, 202);
        address[i] = address_of_h1(r.json);
        AUTO(mem_freep) char *path = lab_path(text_at(r.json, "id"), "");
        assert_int_equal(status_of(f, f->instructor, "DELETE", path, NULL), 202);
        lab_wait(f, f->instructor, text_at(r.json, "id"), "");
        reply_clear(&r);
    }
    assert_string_equal(address[0], address[1]);
    assert_string_not_equal(address[0], own);
    for (size_t i = 0; i < ARRAY_LEN(address); i++)
        free(address[i]);
    assert_int_equal(status_of(f, f->student, "POST", "/api/v1/labs", seven), 403);
}

static void test_exercise_detail(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    request(f, f->student, "GET", "/api/v1/exercises/tiny", NULL, &r);
    assert_int_equal(r.status, 200);
    const char *html = text_at(r.json, "instructions_html");
    assert_non_null(strstr(html, "<strong>h1</strong>"));
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "javascript:"));
    assert_non_null(strstr(html, "https://example.org/"));
    json_t *h1 = named(json_object_get(r.json, "topology"), "nodes", "h1");
    assert_true(json_is_number(json_object_get(h1, "x")));
    assert_string_equal(text_at(json_array_get(json_object_get(r.json, "checks"), 0), "id"), "h1-answers");
    assert_null(strstr(r.body, "seen-at")); /* how a check is made is not told */
    reply_clear(&r);
    assert_int_equal(status_of(f, f->student, "GET", "/api/v1/exercises/broken", NULL), 404);
}

/* ---- the life of a lab ---- */

static void test_life(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    AUTO(mem_freep) char *path = lab_path(id, "");
    request(f, f->student, "GET", path, NULL, &r);
    assert_string_equal(text_at(r.json, "exercise"), "tiny");
    assert_string_equal(text_at(r.json, "driver"), "fake");
    assert_string_equal(text_at(json_object_get(r.json, "owner"), "login"), "sam");
    assert_true(json_integer_value(json_object_get(r.json, "ready_ms")) >=
                json_integer_value(json_object_get(r.json, "started_ms")));
    json_t *h2 = named(r.json, "nodes", "h2"), *eth0 = json_array_get(json_object_get(h2, "interfaces"), 0);
    assert_string_equal(text_at(h2, "state"), "running");
    assert_int_equal(strlen(text_at(eth0, "mac")), 17);
    assert_string_equal(json_string_value(json_array_get(json_object_get(eth0, "addresses"), 0)),
                        "10.9.0.2/24");
    assert_string_equal(text_at(named(r.json, "links", "l1"), "state"), "up");
    named(r.json, "elements", "lan");
    assert_true(json_is_null(json_object_get(r.json, "attempt")));
    reply_clear(&r);

    request(f, f->student, "GET", "/api/v1/exercises", NULL, &r);
    assert_string_equal(text_at(json_array_get(json_object_get(r.json, "exercises"), 2), "lab"), id);
    reply_clear(&r);

    request(f, f->student, "DELETE", path, NULL, &r);
    assert_int_equal(r.status, 202);
    assert_string_equal(text_at(r.json, "state"), "stopping");
    reply_clear(&r);
    lab_wait(f, f->student, id, "");
    lab_begin(f, f->student, id); /* and again */
}

static void test_start_says_where(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    request(f, f->student, "POST", "/api/v1/labs", TINY, &r);
    assert_int_equal(r.status, 202);
    assert_string_equal(text_at(r.json, "state"), "starting");
    AUTO(mem_freep) char *location = xasprintf("Location: /api/v1/labs/%s\r\n", text_at(r.json, "id"));
    assert_non_null(strstr(r.head, location));
    reply_clear(&r);
}

static void test_one_per_exercise(void **state)
{
    struct fixture *f = *state;
    char id[16], other[16];
    struct reply r;

    lab_begin(f, f->student, id);
    request(f, f->student, "POST", "/api/v1/labs", TINY, &r);
    assert_int_equal(r.status, 409);
    assert_string_equal(text_at(r.json, "lab"), id);
    reply_clear(&r);
    lab_begin(f, f->other, other);
    assert_string_not_equal(id, other);
}

static void test_quota(void **state)
{
    struct fixture *f = *state;
    struct reply r;

    for (int i = 0; i < FIXTURE_QUOTA; i++)
        assert_int_equal(status_of(f, f->instructor, "POST", "/api/v1/labs", RAW), 202);
    request(f, f->instructor, "POST", "/api/v1/labs", RAW, &r);
    assert_int_equal(r.status, 507);
    assert_string_equal(text_at(r.json, "type"), "urn:paralab:capacity");
    reply_clear(&r);
    assert_int_equal(status_of(f, f->student, "POST", "/api/v1/labs", TINY), 202); /* others have their own */
}

static void test_foreign_lab(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *method, *rest, *body;
    } tries[] = {{"GET", "", NULL},
                 {"DELETE", "", NULL},
                 {"POST", "/reset", "{}"},
                 {"POST", "/suspend", "{}"},
                 {"POST", "/resume", "{}"},
                 {"POST", "/start", "{}"},
                 {"POST", "/nodes/h1/start", "{}"},
                 {"GET", "/events", NULL},
                 {"POST", "/attempts", "{}"},
                 {"GET", "/attempts", NULL},
                 {"GET", "/nodes/h1/console", NULL},
                 {"GET", "/nodes/h1/exec", NULL},
                 {"GET", "/capture?port=h1:eth0", NULL}};
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        AUTO(mem_freep) char *path = lab_path(id, tries[i].rest);
        assert_int_equal(status_of(f, f->other, tries[i].method, path, tries[i].body), 404);
    }
    request(f, f->other, "GET", "/api/v1/labs", NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "labs")), 0);
    reply_clear(&r);
    assert_int_equal(status_of(f, f->other, "GET", "/api/v1/labs?all=1", NULL), 403);
    /* An instructor sees it. */
    AUTO(mem_freep) char *path = lab_path(id, "");
    assert_int_equal(status_of(f, f->instructor, "GET", path, NULL), 200);
    request(f, f->instructor, "GET", "/api/v1/labs?all=1", NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "labs")), 1);
    reply_clear(&r);
    request(f, f->instructor, "GET", "/api/v1/labs", NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "labs")), 0);
    reply_clear(&r);
}

static void test_reset(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    AUTO(mem_freep) char *path = lab_path(id, "/reset");
    assert_int_equal(status_of(f, f->student, "POST", path, "{\"node\":\"nobody\"}"), 404);
    assert_int_equal(status_of(f, f->student, "POST", path, "{\"node\":7}"), 400);
    request(f, f->student, "POST", path, "{\"node\":\"h1\"}", &r);
    assert_int_equal(r.status, 202);
    assert_string_equal(text_at(r.json, "state"), "starting");
    reply_clear(&r);
    lab_wait(f, f->student, id, "running");
}

/* "stopped the node was ..." */
static const char *node_state(struct fixture *f, const char *id, const char *node, char out[128])
{
    AUTO(mem_freep) char *path = lab_path(id, "");
    struct reply r;

    request(f, f->student, "GET", path, NULL, &r);
    const json_t *n = named(r.json, "nodes", node);
    snprintf(out, 128, "%s %s", text_at(n, "state"), text_at(n, "error"));
    reply_clear(&r);
    return out;
}

/* As somebody in the node would. */
static void power_off(struct fixture *f, const char *id, const char *node)
{
    AUTO(mem_freep) char *path = xasprintf("/api/v1/labs/%s/nodes/%s/exec", id, node);
    AUTO(buf_clear) struct buf b = BUF_INIT;
    struct ws ws = ws_begin(f, f->student, path);

    assert_int_equal(ws.status, 101);
    ws_send(&ws, WS_TEXT, "{\"argv\":[\"poweroff\"]}", 21);
    assert_int_equal(ws_read(&ws, &b), WS_BINARY);
    ws_end(&ws);
}

static void test_start_again(void **state)
{
    struct fixture *f = *state;
    AUTO(mem_freep) char *all = NULL, *one = NULL, *none = NULL;
    char id[16], was[128];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    all = lab_path(id, "/start");
    one = lab_path(id, "/nodes/h2/start");
    none = lab_path(id, "/nodes/h3/start");
    power_off(f, id, "h1");
    power_off(f, id, "h2");
    for (int i = 0; i < 500 && strncmp(node_state(f, id, "h2", was), "stopped", 7) != 0; i++)
        usleep(10000);
    assert_string_equal(node_state(f, id, "h1", was), "stopped " FAKE_OFF);
    request(f, f->student, "POST", one, "{}", &r);
    assert_int_equal(r.status, 202);
    assert_string_equal(text_at(r.json, "state"), "starting");
    reply_clear(&r);
    lab_wait(f, f->student, id, "running");
    assert_string_equal(node_state(f, id, "h2", was), "running ");
    assert_string_equal(node_state(f, id, "h1", was), "stopped " FAKE_OFF);
    assert_int_equal(status_of(f, f->student, "POST", all, "{}"), 202);
    lab_wait(f, f->student, id, "running");
    assert_string_equal(node_state(f, id, "h1", was), "running ");
    assert_int_equal(status_of(f, f->student, "POST", none, "{}"), 404);
    fixture_kill(&f->host, SIGKILL);
    assert_int_equal(status_of(f, f->student, "POST", all, "{}"), 503);
}

static void test_links(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    AUTO(mem_freep) char *path = lab_path(id, "/links/l1");
    AUTO(mem_freep) char *none = lab_path(id, "/links/l9");
    assert_int_equal(status_of(f, f->student, "PATCH", path, "{\"state\":\"down\"}"), 403);
    assert_int_equal(status_of(f, f->instructor, "PATCH", none, "{\"state\":\"down\"}"), 404);
    assert_int_equal(status_of(f, f->instructor, "PATCH", path, "{\"state\":\"sideways\"}"), 400);
    assert_int_equal(status_of(f, f->instructor, "PATCH", path, "{\"impair\":{\"a\":{\"delay_us\":-1}}}"),
                     400);
    assert_int_equal(status_of(f, f->instructor, "PATCH", path, "{\"impair\":7}"), 400);
    request(f, f->instructor, "PATCH", path, "{\"state\":\"down\",\"impair\":{\"a\":{\"delay_us\":20000}}}",
            &r);
    assert_int_equal(r.status, 200);
    json_t *l1 = named(r.json, "links", "l1");
    assert_string_equal(text_at(l1, "state"), "down");
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(json_object_get(l1, "impairment"), "a"), "delay_us")),
                     20000);
    assert_string_equal(text_at(named(r.json, "links", "l2"), "state"), "up");
    reply_clear(&r);
}

/* ---- what a start may ask for ---- */

static const struct start_row {
    const char *name, *body;
    bool teaches;
    int want;
} start_rows[] = {
    {"unknown exercise", "{\"exercise\":\"nothing\"}", false, 404},
    {"exercise with a path", "{\"exercise\":\"../tiny\"}", false, 404},
    {"neither", "{}", false, 400},
    {"both", "{\"exercise\":\"tiny\",\"topology\":\"<t/>\"}", true, 400},
    {"number", "{\"exercise\":5}", false, 400},
    {"name twice", "{\"exercise\":\"tiny\",\"exercise\":\"tiny\"}", false, 400},
    {"student with a topology", RAW, false, 403},
    {"student with a driver", "{\"exercise\":\"tiny\",\"driver\":\"fake\"}", false, 403},
    {"student with driver null", "{\"exercise\":\"tiny\",\"driver\":null}", false, 202},
    {"instructor with a topology", RAW, true, 202},
    {"driver without room", "{\"exercise\":\"tiny\",\"driver\":\"full\"}", true, 507},
    {"driver with a path", "{\"exercise\":\"tiny\",\"driver\":\"../x\"}", true, 400},
    {"name with a shell character", "{\"topology\":\"<t/>\",\"name\":\"r;reboot\"}", true, 400},
    {"no XML", "{\"topology\":\"hello\"}", true, 400},
    {"entities",
     "{\"topology\":\"<!DOCTYPE t [<!ENTITY a 'b'>]><topology name='t' version='1'>&a;</topology>\"}", true,
     400},
    {"invalid node name", "{\"topology\":\"<topology name='t' version='1'><host name='A B'/></topology>\"}",
     true, 400},
    {"exercise XML that is none",
     "{\"topology\":\"<topology name='t' version='1'><host name='h1'/></topology>\",\"exercise_xml\":\"<x/>\"}",
     true, 400},
};

static struct fixture *fx;

static void test_start(void **state)
{
    const struct start_row *row = *state;
    const char *who = row->teaches ? fx->instructor : fx->student;
    struct reply r;

    request(fx, who, "POST", "/api/v1/labs", row->body, &r);
    if (r.status != row->want)
        fail_msg("%d, wanted %d: %s", r.status, row->want, r.body);
    if (r.status == 202) {
        AUTO(mem_freep) char *path = lab_path(text_at(r.json, "id"), "");
        assert_int_equal(status_of(fx, who, "DELETE", path, NULL), 202);
        lab_wait(fx, who, text_at(r.json, "id"), "");
    } else {
        assert_true(strlen(text_at(r.json, "detail")) > 10);
    }
    reply_clear(&r);
    request(fx, fx->instructor, "GET", "/api/v1/labs?all=1", NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "labs")), 0); /* no half lab */
    reply_clear(&r);
}

/* ---- the internet ---- */

static void test_internet(void **state)
{
    static const char body[] = "{\"topology\":\"<topology name='t' version='1'><host name='h1'/>\\n"
                               "<internet name='out'/></topology>\"}";
    struct fixture *f = *state;
    struct reply r;
    struct err e;

    request(f, f->instructor, "POST", "/api/v1/labs", body, &r);
    assert_int_equal(r.status, 403);
    assert_string_equal(text_at(r.json, "detail"),
                        "topology:2: labs of institution default may not connect to the internet: ask the "
                        "administrator of the site to allow it");
    reply_clear(&r);
    request(f, f->instructor, "GET", "/api/v1/labs?all=1", NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "labs")), 0); /* no half lab */
    reply_clear(&r);
    AUTO(store_closep) struct store *st = store_open(f->db, &e);
    assert_non_null(st);
    assert_int_equal(store_institution_set_internet(st, "default", true, &e), 0);
    request(f, f->instructor, "POST", "/api/v1/labs", body, &r);
    assert_int_equal(r.status, 202);
    AUTO(mem_freep) char *path = lab_path(text_at(r.json, "id"), "");
    assert_int_equal(status_of(f, f->instructor, "DELETE", path, NULL), 202);
    lab_wait(f, f->instructor, text_at(r.json, "id"), "");
    reply_clear(&r);
    assert_int_equal(store_institution_set_internet(st, "default", false, &e), 0);
}

/* ---- labhost comes and goes ---- */

static void test_without_labhost(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    fixture_kill(&f->host, SIGKILL);
    for (int i = 0; i < 500 && status_of(f, NULL, "GET", "/healthz", NULL) != 503; i++)
        usleep(10000);
    request(f, f->other, "POST", "/api/v1/labs", TINY, &r);
    assert_int_equal(r.status, 503);
    assert_non_null(strstr(text_at(r.json, "detail"), "lab host does not answer"));
    reply_clear(&r);
    AUTO(mem_freep) char *reset = lab_path(id, "/reset");
    assert_int_equal(status_of(f, f->student, "POST", reset, "{}"), 503);
    assert_int_equal(status_of(f, f->instructor, "GET", "/api/v1/host", NULL), 503);
    /* Everything else is served. */
    AUTO(mem_freep) char *path = lab_path(id, "");
    assert_int_equal(status_of(f, f->student, "GET", path, NULL), 200);
    request(f, NULL, "GET", "/metrics", NULL, &r);
    assert_non_null(strstr(r.body, "paralab_labhost_up 0\n"));
    assert_non_null(strstr(r.body, "paralab_labs{state=\"running\"} 1\n"));
    reply_clear(&r);
    request(f, f->other, "GET", "/api/v1/labs", NULL, &r);
    assert_int_equal(json_array_size(json_object_get(r.json, "labs")), 0);
    reply_clear(&r);
}

/* It is gone for good: the work in it is lost, and the owner is told so. */
static void test_labhost_forgot(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    fixture_kill(&f->host, SIGKILL);
    fixture_host_start(f);
    /* Once labhost counts as there, labd knows what it runs. */
    for (int i = 0; i < 1000 && status_of(f, f->instructor, "GET", "/api/v1/host", NULL) != 200; i++)
        usleep(10000);
    AUTO(mem_freep) char *path = lab_path(id, "");
    request(f, f->student, "GET", path, NULL, &r);
    assert_string_equal(text_at(r.json, "state"), "failed");
    assert_non_null(strstr(text_at(r.json, "error"), "lost this lab"));
    assert_string_equal(text_at(named(r.json, "nodes", "h1"), "state"), "stopped");
    reply_clear(&r);
    assert_int_equal(status_of(f, f->student, "DELETE", path, NULL), 202);
    lab_wait(f, f->student, id, "");
}

static void test_stopped_while_labhost_was_away(void **state)
{
    struct fixture *f = *state;
    char id[16];

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    fixture_kill(&f->host, SIGKILL);
    AUTO(mem_freep) char *path = lab_path(id, "");
    assert_int_equal(status_of(f, f->student, "DELETE", path, NULL), 202);
    lab_wait(f, f->student, id, "stopping");
    fixture_site_stop(f); /* also over a restart of labd */
    fixture_host_start(f);
    fixture_site_start(f);
    lab_wait(f, f->student, id, "");
}

/* SIGKILL of labd: labs go on, and labd finds them again. */
static void test_labd_killed(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    fixture_kill(&f->site, SIGKILL);
    fixture_site_start(f);
    lab_wait(f, f->student, id, "running");
    AUTO(mem_freep) char *path = lab_path(id, "");
    request(f, f->student, "GET", path, NULL, &r);
    assert_string_equal(text_at(named(r.json, "nodes", "h2"), "state"), "running");
    assert_int_equal(
        strlen(
            text_at(json_array_get(json_object_get(named(r.json, "nodes", "h2"), "interfaces"), 0), "mac")),
        17);
    reply_clear(&r);
}

/* labd died between writing what is wanted and asking labhost for it. */
static void test_wanted_but_never_asked(void **state)
{
    struct fixture *f = *state;
    AUTO(buf_clear) struct buf xml = BUF_INIT;
    struct store_lab l = {.id = "wanted",
                          .host = STORE_HOST_LOCAL,
                          .name = "raw",
                          .title = "Raw",
                          .driver = "fake",
                          .created = 1};
    struct store_user u;
    struct err e;

    fixture_kill(&f->site, SIGKILL);
    struct store *st = store_open(f->db, &e);
    fixture_check(st == NULL ? -1 : 0, &e);
    fixture_check(store_user_find(st, STORE_INSTITUTION_DEFAULT, "iris", &u, &e), &e);
    buf_puts(&xml, "<topology name='raw' version='1'><host name='h1'/></topology>");
    l.topology = xml.data;
    l.owner = u.id;
    fixture_check(store_lab_add(st, STORE_INSTITUTION_DEFAULT, &l, &e), &e);
    store_close(st);
    fixture_site_start(f);
    lab_wait(f, f->instructor, "wanted", "running");
}

static void test_overview(void **state)
{
    struct fixture *f = *state;
    char id[16];
    struct reply r;

    lab_begin(f, f->student, id);
    lab_wait(f, f->student, id, "running");
    request(f, f->instructor, "GET", "/api/v1/overview", NULL, &r);
    json_t *row = json_array_get(json_object_get(r.json, "rows"), 0);
    assert_int_equal(json_array_size(json_object_get(r.json, "rows")), 1);
    assert_string_equal(text_at(row, "login"), "sam");
    assert_string_equal(text_at(row, "title"), "Tiny & small");
    assert_string_equal(text_at(row, "lab"), id);
    assert_int_equal(json_integer_value(json_object_get(row, "nodes_ready")), 2);
    assert_int_equal(json_integer_value(json_object_get(row, "max_score")), 10);
    reply_clear(&r);
    request(f, f->instructor, "GET", "/api/v1/host", NULL, &r);
    assert_string_equal(text_at(r.json, "driver"), "fake");
    reply_clear(&r);
}

/* An account's name is what its owner chose; a spreadsheet must not run it. */
static void test_scores(void **state)
{
    struct fixture *f = *state;
    struct store_user u = {.login = "eve", .name = "=cmd|'/c calc'!A1", .role = ROLE_STUDENT};
    struct store_lab l = {.id = "evelab",
                          .host = STORE_HOST_LOCAL,
                          .exercise = "tiny",
                          .name = "tiny",
                          .title = "T",
                          .topology = (char[]){"<t/>"},
                          .driver = "fake",
                          .created = 1};
    struct store_attempt a = {.lab = "evelab", .exercise = "tiny", .started = 1700000000000, .max_score = 10};
    struct reply r;
    struct err e;

    struct store *st = store_open(f->db, &e);
    fixture_check(st == NULL ? -1 : 0, &e);
    fixture_check(store_user_put(st, STORE_INSTITUTION_DEFAULT, &u, 1, &u.id, &e), &e);
    l.owner = a.user = u.id;
    fixture_check(store_lab_add(st, STORE_INSTITUTION_DEFAULT, &l, &e), &e);
    fixture_check(store_attempt_add(st, STORE_INSTITUTION_DEFAULT, &a, &e), &e);
    a.state = ATTEMPT_DONE;
    a.score = 7;
    fixture_check(store_attempt_finish(st, STORE_INSTITUTION_DEFAULT, &a, &e), &e);
    store_close(st);
    request(f, f->instructor, "GET", "/api/v1/scores?exercise=tiny", NULL, &r);
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.head, "text/csv"));
    assert_non_null(strstr(r.body, "\"eve\",\"'=cmd|'/c calc'!A1\",\"tiny\",\"Tiny & small\",7,10,1,"
                                   "\"2023-11-14 22:13:20\"\r\n"));
    reply_clear(&r);
    request(f, f->instructor, "GET", "/api/v1/scores?exercise=other", NULL, &r);
    assert_null(strstr(r.body, "eve"));
    reply_clear(&r);
    request(f, f->student, "GET", "/api/v1/scores", NULL, &r);
    assert_int_equal(r.status, 403);
    reply_clear(&r);
}

static int setup(void **state)
{
    int rc = fixture_setup(state);

    if (rc == 0)
        host_wait(*state);
    return rc;
}

static int group_setup(void **state)
{
    int rc = setup(state);

    fx = *state;
    *state = NULL; /* else it would take the place of every test's row */
    return rc;
}

static int group_teardown(void **state)
{
    void *f = fx;

    (void)state;
    return fixture_teardown(&f);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_exercises),
        T(test_own_values),
        T(test_seed_of_instructor),
        T(test_seed_of_exercise),
        T(test_exercise_detail),
        T(test_life),
        T(test_start_says_where),
        T(test_one_per_exercise),
        T(test_quota),
        T(test_foreign_lab),
        T(test_reset),
        T(test_start_again),
        T(test_links),
        T(test_internet),
        T(test_without_labhost),
        T(test_labhost_forgot),
        T(test_stopped_while_labhost_was_away),
        T(test_labd_killed),
        T(test_wanted_but_never_asked),
        T(test_overview),
        T(test_scores),
    };
    struct CMUnitTest all[ARRAY_LEN(start_rows) + ARRAY_LEN(tests)];
    size_t n = 0;

    for (; n < ARRAY_LEN(start_rows); n++) {
        union {
            const void *in;
            void *out;
        } row = {&start_rows[n]};
        all[n] = (struct CMUnitTest){start_rows[n].name, test_start, NULL, NULL, row.out};
    }
    memcpy(&all[n], tests, sizeof tests);
    n += ARRAY_LEN(tests);
    return _cmocka_run_group_tests("site_labs", all, n, group_setup, group_teardown);
}
