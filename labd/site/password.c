#include "labd/site/password.h"

#include "labd/base/mem.h"

#include <sodium.h>
#include <string.h>

#define PASSES 2
#define MEMORY (19u << 20)

int password_hash(const char *password, char out[STORE_PWHASH_SIZE], struct err *e)
{
    char h[crypto_pwhash_STRBYTES];
    size_t n = strlen(password);

    _Static_assert(crypto_pwhash_STRBYTES <= STORE_PWHASH_SIZE, "the database field holds a hash");
    if (n < PASSWORD_MIN || n > PASSWORD_MAX)
        return err_set(e, ERR_INVALID, "a password has %d to %d bytes", PASSWORD_MIN, PASSWORD_MAX);
    if (crypto_pwhash_str_alg(h, password, n, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return err_set(e, ERR_CAPACITY, "not enough memory to hash a password");
    memcpy(out, h, strlen(h) + 1);
    return 0;
}

bool password_matches(const char *hash, const char *password)
{
    char h[crypto_pwhash_STRBYTES];

    if (hash[0] != '\0')
        return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
    /* The work is only to take as long. */
    (void)!crypto_pwhash_str_alg(h, password, strlen(password), PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13);
    return false;
}
