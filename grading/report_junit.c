/* JUnit XML.  Nobody owns the format; what is written here are the elements and attributes that the schemas of
 * Ant, Jenkins and Maven have in common (tests/golden/report/junit.rng), so that each of them takes it.
 *
 * A check is a test case: fail is a failure, blocked is skipped, error is an error.  Points have no place in
 * JUnit: the check's JSON is the case's <system-out>, the report's other members are properties of the suite. */
#include "grading/report_format.h"
#include "labd/base/mem.h"

#include <libxml/xmlwriter.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

/* Text of guests may hold what XML cannot say, even escaped (XML 1.0, 2.2): '?' instead. */
static char *sayable(const char *s)
{
    char *copy = xstrdup(s);

    for (char *p = copy; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 && strchr("\t\n\r", *p) == NULL)
            *p = '?';
        if (strncmp(p, "\xef\xbf\xbe", 3) == 0 || strncmp(p, "\xef\xbf\xbf", 3) == 0)
            memcpy(p, "???", 3);
    }
    return copy;
}

static const xmlChar *x(const char *s)
{
    return (const xmlChar *)s;
}

static void attribute(xmlTextWriter *w, const char *name, const char *value)
{
    AUTO(mem_freep) char *safe = sayable(value);

    xmlTextWriterWriteAttribute(w, x(name), x(safe));
}

static void number(xmlTextWriter *w, const char *name, json_int_t n)
{
    AUTO(mem_freep) char *text = xasprintf("%lld", (long long)n);

    xmlTextWriterWriteAttribute(w, x(name), x(text));
}

static void seconds(xmlTextWriter *w, const char *name, json_int_t ms)
{
    AUTO(mem_freep) char *text = xasprintf("%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));

    xmlTextWriterWriteAttribute(w, x(name), x(text));
}

static void element(xmlTextWriter *w, const char *name, const char *message, const char *type,
                    const char *text)
{
    AUTO(mem_freep) char *safe = sayable(text);

    xmlTextWriterStartElement(w, x(name));
    if (message != NULL)
        attribute(w, "message", message);
    if (type != NULL)
        attribute(w, "type", type);
    xmlTextWriterWriteString(w, x(safe));
    xmlTextWriterEndElement(w);
}

static json_int_t with_status(const json_t *checks, const char *status)
{
    const json_t *check;
    json_int_t n = 0;
    size_t i;

    json_array_foreach(checks, i, check)
        n += strcmp(report_text(check, "status"), status) == 0;
    return n;
}

static void counts(xmlTextWriter *w, const json_t *report)
{
    const json_t *checks = json_object_get(report, "checks");
    json_int_t ms = report_int(report, "finished") - report_int(report, "started");

    number(w, "tests", (json_int_t)json_array_size(checks));
    number(w, "failures", with_status(checks, "fail"));
    number(w, "errors", with_status(checks, "error"));
    seconds(w, "time", ms > 0 ? ms : 0);
}

static void properties(xmlTextWriter *w, const json_t *report)
{
    const char *key;
    json_t *value;

    xmlTextWriterStartElement(w, x("properties"));
    json_object_foreach((json_t *)(uintptr_t)report, key, value) {
        AUTO(mem_freep) char *text = NULL;

        if (strcmp(key, "checks") == 0)
            continue;
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        xmlTextWriterStartElement(w, x("property"));
        attribute(w, "name", key);
        attribute(w, "value", text != NULL ? text : "null");
        xmlTextWriterEndElement(w);
    }
    xmlTextWriterEndElement(w);
}

static void test_case(xmlTextWriter *w, const char *exercise, const json_t *check)
{
    const char *status = report_text(check, "status"), *observed = report_text(check, "observed");
    AUTO(mem_freep)
    char *json = json_dumps(check, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER),
         *name = xasprintf("%s: %s", report_text(check, "id"), report_text(check, "title"));
    json_int_t ms = report_int(check, "time_to_pass_ms");

    xmlTextWriterStartElement(w, x("testcase"));
    attribute(w, "name", name);
    attribute(w, "classname", exercise);
    seconds(w, "time", ms > 0 ? ms : 0);
    if (strcmp(status, "blocked") == 0)
        element(w, "skipped", observed, NULL, "");
    else if (strcmp(status, "error") == 0)
        element(w, "error", observed, report_text(check, "kind"), "");
    else if (strcmp(status, "pass") != 0)
        element(w, "failure", observed, report_text(check, "kind"), report_text(check, "expected"));
    element(w, "system-out", NULL, NULL, json != NULL ? json : "");
    xmlTextWriterEndElement(w);
}

void report_junit(const json_t *report, struct buf *out)
{
    const json_t *checks = json_object_get(report, "checks"), *check;
    time_t when = (time_t)(report_int(report, "started") / 1000);
    char stamp[32] = "";
    struct tm tm;
    size_t i;

    if (gmtime_r(&when, &tm) != NULL)
        strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    xmlBuffer *text = xmlBufferCreate();
    xmlTextWriter *w = text != NULL ? xmlNewTextWriterMemory(text, 0) : NULL;
    if (w == NULL)
        abort(); /* no memory, as in xcalloc() */
    xmlTextWriterSetIndent(w, 1);
    xmlTextWriterStartDocument(w, NULL, "UTF-8", NULL);
    xmlTextWriterStartElement(w, x("testsuites"));
    attribute(w, "name", "Paralab");
    counts(w, report);
    xmlTextWriterStartElement(w, x("testsuite"));
    attribute(w, "name", report_text(report, "exercise"));
    counts(w, report);
    number(w, "skipped", with_status(checks, "blocked"));
    attribute(w, "timestamp", stamp);
    properties(w, report);
    json_array_foreach(checks, i, check) {
        test_case(w, report_text(report, "exercise"), check);
    }
    xmlTextWriterEndDocument(w);
    xmlFreeTextWriter(w);
    buf_puts(out, (const char *)xmlBufferContent(text));
    xmlBufferFree(text);
}
