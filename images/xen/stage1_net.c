/* Names of interfaces.  The kernel calls them eth0, eth1, ... in the order in which they come; the host's
 * description says which MAC address has which name. */
#include "images/xen/stage1.h"

#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES 64
#define MAC_BYTES 6

struct iface {
    char name[IFNAMSIZ];
    unsigned char mac[MAC_BYTES];
    char now[IFNAMSIZ]; /* how the kernel calls it; "": not there yet */
};

static struct iface ifaces[STAGE1_IFACES_MAX];
static size_t nifaces;

/* "02:51:00:00:00:01" */
static int parse_mac(const char *s, unsigned char mac[MAC_BYTES])
{
    for (size_t i = 0; i < MAC_BYTES; i++) {
        char *end;
        unsigned long v = strtoul(s, &end, 16);
        if (end != s + 2 || v > 0xff || *end != (i < MAC_BYTES - 1 ? ':' : '\0'))
            return -1;
        mac[i] = (unsigned char)v;
        s = end + 1;
    }
    return 0;
}

static int parse_line(char *line)
{
    char *blank = strchr(line, ' ');

    if (blank == NULL || nifaces == STAGE1_IFACES_MAX)
        return -1;
    *blank = '\0';
    if (line[0] == '\0' || line[0] == '-' || strlen(line) >= IFNAMSIZ || strpbrk(line, "/:\t") != NULL ||
        strcmp(line, ".") == 0 || strcmp(line, "..") == 0)
        return -1;
    struct iface *i = &ifaces[nifaces++];
    memcpy(i->name, line, strlen(line) + 1);
    return parse_mac(blank + 1, i->mac);
}

static void read_plan(void)
{
    static char text[STAGE1_IFACES_MAX * LINE_MAX_BYTES];
    char *save = NULL;

    if (stage1_read("/lab/interfaces", text, sizeof(text)) < 0)
        stage1_fail("cannot read /lab/interfaces");
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save))
        if (parse_line(line) < 0)
            stage1_fail("line %zu of /lab/interfaces is not 'NAME MAC'", nifaces);
}

/* Looks which of the planned interfaces are there; how many are not. */
static size_t look(int s)
{
    size_t missing = nifaces;
    DIR *d = opendir("/sys/class/net");
    struct dirent *e;

    if (d == NULL)
        stage1_fail("cannot list the interfaces: %s", strerror(errno));
    while ((e = readdir(d)) != NULL) {
        struct ifreq r = {0};
        if (strlen(e->d_name) >= IFNAMSIZ || e->d_name[0] == '.')
            continue;
        memcpy(r.ifr_name, e->d_name, strlen(e->d_name));
        if (ioctl(s, SIOCGIFHWADDR, &r) < 0 || r.ifr_hwaddr.sa_family != ARPHRD_ETHER)
            continue;
        for (size_t i = 0; i < nifaces; i++) {
            if (memcmp(ifaces[i].mac, r.ifr_hwaddr.sa_data, MAC_BYTES) != 0)
                continue;
            memcpy(ifaces[i].now, e->d_name, strlen(e->d_name) + 1);
            missing--;
            break;
        }
    }
    closedir(d);
    return missing;
}

static void rename_one(int s, struct iface *i, const char *to)
{
    struct ifreq r = {0};

    memcpy(r.ifr_name, i->now, strlen(i->now));
    memcpy(r.ifr_newname, to, strlen(to));
    if (strcmp(i->now, to) != 0 && ioctl(s, SIOCSIFNAME, &r) < 0)
        stage1_fail("cannot rename interface %s to %s: %s", i->now, to, strerror(errno));
    memcpy(i->now, to, strlen(to) + 1);
}

void net_rename(char *names[STAGE1_IFACES_MAX + 1])
{
    char temporary[IFNAMSIZ];
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (s < 0)
        stage1_fail("cannot make a socket: %s", strerror(errno));
    read_plan();
    for (unsigned ms = 0; look(s) > 0; ms += 10) {
        if (ms >= STAGE1_WAIT_MS)
            for (size_t i = 0; i < nifaces; i++)
                if (ifaces[i].now[0] == '\0')
                    stage1_fail("interface %s did not come within %u s", ifaces[i].name,
                                STAGE1_WAIT_MS / 1000);
        stage1_sleep(10);
    }
    /* By way of names that nobody plans, for one's new name may be another's present one. */
    for (size_t i = 0; i < nifaces; i++) {
        snprintf(temporary, sizeof(temporary), "_%u_", (unsigned)i % STAGE1_IFACES_MAX);
        rename_one(s, &ifaces[i], temporary);
    }
    for (size_t i = 0; i < nifaces; i++) {
        rename_one(s, &ifaces[i], ifaces[i].name);
        names[i] = ifaces[i].name;
    }
    names[nifaces] = NULL;
    close(s);
}
