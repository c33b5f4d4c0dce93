/* auth.c -- who asks: a token's hash on TCP, the peer's user id on the unix socket. */
#include "daemon/web/internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 512

int
auth_identify(struct web *web, const struct http_conn *c, struct exchange *x, struct err *err)
{
	const char *header = http_header(http_request(c), "authorization"), *token;
	struct about at = about_name(CONCEPT_HEADER, "Authorization");
	const struct client *client;
	unsigned char digest[32];

	if (http_is_unix(c)) {
		x->by.kind = PRINCIPAL_USER;
		x->by.uid = http_peer_uid(c);
		snprintf(x->by.name, sizeof(x->by.name), "socket:%ld", (long)(int32_t)x->by.uid);
		return 0;
	}
	if (!header)
		return err_say(err, REFUSED_UNAUTHENTICATED, at, token_missing);
	token = header + strcspn(header, " ");
	token += strspn(token, " ");
	if (strncasecmp(header, "bearer ", 7) != 0 || !*token || strlen(token) > TOKEN_MAX)
		return err_say(err, REFUSED_UNAUTHENTICATED, at, token_form);
	EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(), NULL);
	client = settings_client(x->settings, digest);
	if (!client) {
		web->auth_failures++;
		return err_say(err, REFUSED_UNAUTHENTICATED, at, token_unknown);
	}
	x->by.kind = PRINCIPAL_CLIENT;
	snprintf(x->by.name, sizeof(x->by.name), "%s", client->name);
	return 0;
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
