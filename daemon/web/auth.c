/* auth.c -- who asks: a token's hash on TCP, the peer's user id on the unix socket. */
#include "daemon/web/internal.h"

#include "core/principal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define TOKEN_MAX 512

static struct client everything = {
	.name = "socket", .up_to = SEVERITY_RED, .verbs = ~0u,
};

static int
by_peer(const struct http_conn *c, struct exchange *x, struct err *err)
{
	uid_t uid = http_peer_uid(c);

	snprintf(x->name, sizeof(x->name), "socket:%ld", (long)(int32_t)uid);
	x->client = &everything;
	if (uid == 0 || uid == geteuid())
		return 0;
	return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), no_user_right, NUM((int32_t)uid));
}

int
auth_identify(struct web *web, const struct http_conn *c, struct exchange *x, struct err *err)
{
	const char *header = http_header(http_request(c), "authorization"), *token;
	struct about at = about_name(CONCEPT_HEADER, "Authorization");
	unsigned char digest[32];

	if (http_is_unix(c))
		return by_peer(c, x, err);
	if (!header)
		return err_say(err, REFUSED_UNAUTHENTICATED, at, token_missing);
	token = header + strcspn(header, " ");
	token += strspn(token, " ");
	if (strncasecmp(header, "bearer ", 7) != 0 || !*token || strlen(token) > TOKEN_MAX)
		return err_say(err, REFUSED_UNAUTHENTICATED, at, token_form);
	EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(), NULL);
	x->client = settings_client(x->settings, digest);
	if (!x->client) {
		web->auth_failures++;
		return err_say(err, REFUSED_UNAUTHENTICATED, at, token_unknown);
	}
	snprintf(x->name, sizeof(x->name), "%s", x->client->name);
	return 0;
}

bool
auth_may(const struct client *c, enum right right)
{
	switch (right) {
	case RIGHT_NONE:
		return true;
	case RIGHT_READ:
		return c->verbs >> VERB_READ & 1;
	case RIGHT_SEND:
		return c->verbs >> VERB_SEND & 1;
	case RIGHT_IMPORT:
		return c->verbs >> VERB_PEOPLE & 1;
	case RIGHT_OPERATE:
		return c->verbs >> VERB_ROUTES & 1;
	}
	return false;
}

/* By hash, so that not even the length shows in the time. */
bool
auth_is_secret(const char *given, const char *secret)
{
	unsigned char a[32], b[32];

	EVP_Digest(given, strlen(given), a, NULL, EVP_sha256(), NULL);
	EVP_Digest(secret, strlen(secret), b, NULL, EVP_sha256(), NULL);
	return CRYPTO_memcmp(a, b, sizeof(a)) == 0;
}
