/* Startup scripts: what a foreign machine ran becomes what ours runs.
 *
 * Line by line, without understanding the shell: names and paths of Quagga and other services become ours
 * wherever they stand; ifconfig and route, which our image lacks, are translated where a line is that
 * command and nothing else (import_nettools.c). */
#include "labd/base/mem.h"
#include "topology/foreign/import_lab.h"
#include "topology/foreign/import_nettools.h"
#include "topology/foreign/import_text.h"
#include "topology/topo_value.h"

#include <string.h>

struct pair {
    const char *from, *to;
};

/* Longer ones first. */
static const struct pair names[] = {
    {"/etc/quagga/Quagga.conf", "/etc/frr/frr.conf"},
    {"/usr/lib/frr/frrinit.sh", "/usr/lib/lab/frr-start"},
    {"/etc/init.d/quagga", "/etc/init.d/frr"},
    {"/etc/init.d/zebra", "/etc/init.d/frr"},
    {"/etc/init.d/bind9", "/etc/init.d/named"},
    {"/etc/init.d/bind", "/etc/init.d/named"},
    {"/usr/lib/quagga", "/usr/lib/frr"},
    {"/var/log/quagga", "/var/log/frr"},
    {"/var/log/zebra", "/var/log/frr"},
    {"/var/run/quagga", "/var/run/frr"},
    {"/run/quagga", "/run/frr"},
    {"/etc/quagga", "/etc/frr"},
    {"/etc/zebra", "/etc/frr"},
    {"quagga:quaggavty", "frr:frrvty"},
    {"quagga.quaggavty", "frr:frrvty"},
    {"quagga:quagga", "frr:frr"},
    {"quagga.quagga", "frr:frr"},
};

/* Services, as words after service, systemctl and the like. */
static const struct pair services[] = {
    {"quagga", "frr"}, {"zebra", "frr"},   {"quagga.service", "frr"},
    {"bind", "named"}, {"bind9", "named"}, {"bind9.service", "named"},
};

static const char *const service_commands[] = {"service", "systemctl", "invoke-rc.d"};
static const char *const our_services[] = {"dnsmasq", "frr", "iperf3", "ipsec", "named", "nginx", "procps"};
static const char *const absent[] = {
    "a2dissite",   "a2enmod", "a2ensite",   "apache2", "apache2ctl", "apt",    "apt-get", "bird",    "dhcpd",
    "exabgp",      "gobgpd",  "ifconfig",   "ipcalc",  "iw",         "perl",   "python",  "python3", "route",
    "rpki-client", "snort",   "ssh-keygen", "sshd",    "sudo",       "telnet", "vconfig", "wget",
};

static bool one_of(const char *const *v, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(v[i], s) == 0)
            return true;
    return false;
}

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Foreign paths and names to ours, where they are not part of a longer name. */
static char *with_our_names(const char *line, size_t n)
{
    struct buf b = BUF_INIT;

    for (size_t at = 0; at < n;) {
        const struct pair *hit = NULL;
        for (size_t i = 0; i < ARRAY_LEN(names) && hit == NULL; i++) {
            size_t k = strlen(names[i].from);
            if (k <= n - at && strncmp(line + at, names[i].from, k) == 0 &&
                !(at + k < n && in_name(line[at + k])) &&
                !(at > 0 && (in_name(line[at - 1]) || (line[at] == '/' && line[at - 1] == '/'))))
                hit = &names[i];
        }
        if (hit != NULL) {
            buf_puts(&b, hit->to);
            at += strlen(hit->from);
        } else {
            buf_putc(&b, line[at++]);
        }
    }
    return buf_take(&b);
}

/* ---- one command ---- */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Which service a command is about: its index in 'w', or 0. */
static size_t service_word(char **w, size_t n)
{
    bool systemctl = strcmp(base_name(w[0]), "systemctl") == 0;

    if (n < 3 || !one_of(service_commands, ARRAY_LEN(service_commands), base_name(w[0])))
        return 0;
    return systemctl ? n - 1 : 1;
}

static bool starts(const char *verb)
{
    static const char *const verbs[] = {"start", "restart", "reload", "force-reload"};

    return one_of(verbs, ARRAY_LEN(verbs), verb);
}

static void check_service(struct import *im, struct import_node *x, const char *service, const char *verb,
                          const char *rel, int line)
{
    char shown[VALUE_SHOW_SIZE];

    if (strcmp(service, "frr") == 0)
        x->starts_frr = x->starts_frr || starts(verb);
    else if (!one_of(our_services, ARRAY_LEN(our_services), service))
        import_warn(im, rel, line, "the service \"%s\" is not in our image", value_show(service, shown));
}

/* The line with its service called as ours, or NULL; notes what it starts, warns of what we do not have. */
static char *look_at(struct import *im, struct import_node *x, char **w, size_t n, const char *rel, int line)
{
    size_t s = service_word(w, n);
    char shown[VALUE_SHOW_SIZE];

    if (strncmp(w[0], "/etc/init.d/", 12) == 0 && n > 1) {
        check_service(im, x, w[0] + 12, w[1], rel, line);
        return NULL;
    }
    if (strcmp(w[0], "/usr/lib/lab/frr-start") == 0) {
        x->starts_frr = true;
        return NULL;
    }
    if (s == 0) {
        if (one_of(absent, ARRAY_LEN(absent), base_name(w[0])))
            import_warn(im, rel, line, "the command \"%s\" is not in our image", value_show(w[0], shown));
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(services); i++)
        if (strcmp(w[s], services[i].from) == 0) {
            struct buf b = BUF_INIT;
            check_service(im, x, services[i].to, w[s == 1 ? 2 : 1], rel, line);
            for (size_t k = 0; k < n; k++)
                buf_printf(&b, "%s%s", k > 0 ? " " : "", k == s ? services[i].to : w[k]);
            return buf_take(&b);
        }
    AUTO(mem_freep) char *bare = xstrndup(w[s], strcspn(w[s], "."));
    check_service(im, x, bare, w[s == 1 ? 2 : 1], rel, line);
    return NULL;
}

/* A line that is one command of plain words: what to run instead, or NULL. */
static char *command(struct import *im, struct import_node *x, const char *text, const char *rel, int line)
{
    AUTO(mem_freep) char *copy = xstrdup(text);
    char *w[NETTOOLS_WORDS_MAX], *save = NULL, *ours;
    size_t n = 0;

    /* What begins with a command is looked at as far as it is one: "service x start && ..." too. */
    copy[strcspn(copy, ";|&<>()$`\"'\\*?{}#")] = '\0';
    for (char *word = strtok_r(copy, " \t\r", &save); word != NULL && n < ARRAY_LEN(w);
         word = strtok_r(NULL, " \t\r", &save))
        w[n++] = word;
    if (n == 0)
        return NULL;
    if (text[strcspn(text, ";|&<>()$`\"'\\*?{}")] == '\0') {
        ours = nettools_translate(w, n);
        if (ours != NULL)
            return ours;
        return look_at(im, x, w, n, rel, line);
    }
    ours = look_at(im, x, w, n, rel, line);
    if (ours == NULL)
        return NULL;
    struct buf b = BUF_INIT;
    buf_printf(&b, "%s %s", ours, text + strcspn(text, ";|&<>()$`\"'\\*?{}#"));
    free(ours);
    return buf_take(&b);
}

static void add_line(struct import *im, struct import_node *x, const char *text, size_t n, const char *rel,
                     int line)
{
    AUTO(mem_freep) char *renamed = with_our_names(text, n);
    size_t indent = strspn(renamed, " \t");
    AUTO(mem_freep) char *ours = NULL;

    if (renamed[indent] != '#')
        ours = command(im, x, renamed + indent, rel, line);
    if (ours != NULL)
        buf_printf(&x->script, "%.*s%s\n", (int)indent, renamed, ours);
    else
        buf_printf(&x->script, "%s\n", renamed);
}

/* ---- whole scripts ---- */
/* What /bin/sh, dash in our image, takes for something else than bash does. */
static bool for_bash(const char *s)
{
    static const char *const signs[] = {"[[", "((",  "<(",  "<<<", "$'",   "&>",   "function ", "source ",
                                        "=(", "${!", "//}", "|&",  "{1..", "{0..", "declare ",  "shopt "};

    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (strstr(s, signs[i]) != NULL)
            return true;
    return false;
}

static bool other_interpreter(const char *text)
{
    size_t n = strcspn(text, "\r\n");
    AUTO(mem_freep) char *first = xstrndup(text, n);

    return strncmp(first, "#!", 2) == 0 && strstr(first, "sh") == NULL;
}

static void as_file(struct import *im, struct import_node *x, const char *text, const char *rel,
                    const char *with)
{
    AUTO(mem_freep) char *path = xasprintf("/etc/startup/%s", base_name(rel));

    import_file_text(im, x, path, text, strlen(text), 0755, (struct import_at){rel, 0});
    AUTO(mem_freep) char *quoted = import_quote(path);
    buf_printf(&x->script, "%s%s\n", with, quoted);
}

void import_script_add(struct import *im, struct import_node *x, const char *text, const char *rel, int line)
{
    struct buf before = x->script;
    bool first = true;

    if (strlen(text) > im->text_left) {
        import_warn(im, rel, line, "the script is left out: a topology has no room for so much text");
        return;
    }
    im->text_left -= strlen(text);
    if (other_interpreter(text)) {
        import_warn(im, rel, line, "the script is not for a shell; it is run as it is, if our image can");
        as_file(im, x, text, rel, "");
        return;
    }
    x->script = (struct buf)BUF_INIT;
    for (const char *p = text; *p != '\0'; line++, first = false) {
        size_t n = strcspn(p, "\n"), len = n;
        while (len > 0 && p[len - 1] == '\r')
            len--;
        if (!(first && strncmp(p, "#!", 2) == 0)) /* it is part of a longer script now */
            add_line(im, x, p, len, rel, line);
        p += n + (p[n] == '\n');
    }
    AUTO(buf_clear) struct buf made = x->script;
    x->script = before;
    if (for_bash(buf_str(&made)))
        as_file(im, x, buf_str(&made), rel, "bash ");
    else
        buf_puts(&x->script, buf_str(&made));
}

void import_script_words(struct import_node *x, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO(mem_freep) char *q = import_quote(words[i]);
        buf_printf(&x->script, "%s%s", i > 0 ? " " : "", q);
    }
    buf_putc(&x->script, '\n');
}

void import_script_sysctl(struct import *im, struct import_node *x, const char *key, const char *value,
                          struct import_at at)
{
    char shown[VALUE_SHOW_SIZE];

    if (strncmp(key, "net.", 4) != 0 ||
        key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/")] != '\0') {
        import_warn(im, at.rel, at.line,
                    "sysctl \"%s\" is left out: a node may set what begins with \"net.\"",
                    value_show(key, shown));
        return;
    }
    AUTO(mem_freep) char *pair = xasprintf("%s=%s", key, value);
    const char *const words[] = {"sysctl", "-q", "-w", pair};
    import_script_words(x, words, ARRAY_LEN(words));
}

void import_script_env(struct import *im, struct import_node *x, const char *key, const char *value,
                       struct import_at at)
{
    char shown[VALUE_SHOW_SIZE];

    if (key[0] == '\0' || (key[0] >= '0' && key[0] <= '9') ||
        key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0') {
        import_warn(im, at.rel, at.line, "\"%s\" is no name of an environment variable and is left out",
                    value_show(key, shown));
        return;
    }
    import_warn(im, at.rel, at.line, "only the startup commands of \"%s\" see the variable \"%s\"", x->n.name,
                value_show(key, shown));
    AUTO(mem_freep) char *q = import_quote(value);
    buf_printf(&x->script, "export %s=%s\n", key, q);
}

void import_script_mac(struct import *im, struct import_node *x, const char *iface, const char *mac,
                       struct import_at at)
{
    const char *const words[] = {"ip", "link", "set", "dev", iface, "address", mac};
    char shown[VALUE_SHOW_SIZE];
    size_t n = strlen(mac);
    bool ok = n == 17;

    for (size_t i = 0; i < n && ok; i++)
        ok = i % 3 == 2 ? mac[i] == ':' : strchr("0123456789abcdefABCDEF", mac[i]) != NULL;
    if (ok)
        import_script_words(x, words, ARRAY_LEN(words));
    else
        import_warn(im, at.rel, at.line, "\"%s\" is no MAC address and is left out", value_show(mac, shown));
}
