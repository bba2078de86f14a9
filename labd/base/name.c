#include "labd/base/name.h"

#include <stdio.h>
#include <string.h>

static bool lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool name_ok(const char *s)
{
    size_t n = 0;

    if (s == NULL || !lower(s[0]))
        return false;
    for (; s[n] != '\0'; n++)
        if (n >= NAME_MAX_LEN || !(lower(s[n]) || digit(s[n]) || s[n] == '-'))
            return false;
    return true;
}

bool lab_id_ok(const char *s)
{
    if (s == NULL || !lower(s[0]))
        return false;
    for (size_t i = 1; i < LAB_ID_LEN; i++)
        if (!lower(s[i]) && !digit(s[i]))
            return false;
    return s[LAB_ID_LEN] == '\0';
}

bool ifname_ok(const char *s)
{
    size_t n = 0;

    if (s == NULL || !lower(s[0]) || strcmp(s, "lo") == 0)
        return false;
    for (; s[n] != '\0'; n++)
        if (n >= IFNAME_SIZE - 1 ||
            !(lower(s[n]) || digit(s[n]) || s[n] == '.' || s[n] == '_' || s[n] == '-'))
            return false;
    return true;
}

int name_check(const char *s, const char *what, struct err *e)
{
    char shown[80];
    size_t o = 0;

    if (name_ok(s))
        return 0;
    if (s == NULL)
        return err_set(e, ERR_INVALID, "%s has no name", what);
    for (size_t i = 0; s[i] != '\0' && o < sizeof shown - 8; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c < 0x7f && c != '\\')
            shown[o++] = (char)c;
        else
            o += (size_t)snprintf(shown + o, sizeof shown - o, "\\x%02x", c);
    }
    shown[o] = '\0';
    return err_set(
        e, ERR_INVALID,
        "%s name '%s' is not allowed: use 1 to %d characters from a-z, 0-9 and '-', beginning with a letter",
        what, shown, NAME_MAX_LEN);
}

uint32_t name_hash(const char *s)
{
    uint32_t n = 2166136261u;

    for (const char *c = s; *c != '\0'; c++)
        n = (n ^ (unsigned char)*c) * 16777619u;
    return n;
}
