/* Passwords: argon2id by libsodium.  Used by labd/site.  Both block for tens of milliseconds and need
 * 19 MiB meanwhile (OWASP's parameters: 2 passes), so the daemon calls them in a worker. */
#ifndef SITE_PASSWORD_H
#define SITE_PASSWORD_H

#include "labd/base/err.h"
#include "labd/site/store/store.h"

#include <stdbool.h>

#define PASSWORD_MIN 6
#define PASSWORD_MAX 256

int password_hash(const char *password, char out[STORE_PWHASH_SIZE], struct err *e) MUST_CHECK;
/* 'hash' "" (no such account, or none with a password) takes as long and is false. */
bool password_matches(const char *hash, const char *password);

#endif
