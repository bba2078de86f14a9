/* Who is asking: sessions, sign-in, sign-out.  Used by labd/site. */
#ifndef SITE_SESSION_H
#define SITE_SESSION_H

#include "labd/site/site_int.h"

#define SESSION_IDLE_MS (12ll * 3600 * 1000)
#define SESSION_LIFE_MS (7ll * 24 * 3600 * 1000)
#define SIGNIN_WINDOW_MS (15ll * 60 * 1000)
#define SIGNIN_ACCOUNT_MAX 10 /* failures in the window, then 429 */
#define SIGNIN_ADDRESS_MAX 60 /* a class may share one address */

http_auth_fn session_auth;
http_handler_fn session_signin, session_get, session_signout;

struct signins *signins_new(struct site *s);
void signins_free(struct signins *sg); /* ends the workers; the requests stay for the HTTP server to answer */

bool login_ok(const char *login);      /* [a-z0-9][a-z0-9._@-]{0,62} */
bool person_name_ok(const char *name); /* 1 to 127 bytes of UTF-8 without control characters */

#endif
