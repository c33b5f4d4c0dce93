/* provider_tls.c -- the server's TLS: one context, non-blocking reads and writes, ALPN. */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/conn.h"

static _Noreturn void
give_up(const char *what)
{
	fprintf(stderr, "provider: %s: %s\n", what, ERR_reason_error_string(ERR_peek_error()));
	exit(1);
}

static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		const unsigned char *in, unsigned in_len, void *ctx)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	const bool *no_h2 = ctx;
	size_t skip = *no_h2 ? 3 : 0;

	/* SSL_select_next_proto wants to write where it may only point. */
	if (SSL_select_next_proto((unsigned char **)out, out_len, ours + skip,
				  sizeof(ours) - 1 - skip, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

/* Debian forbids what is older than 1.2; security level 0 allows it again. */
static void
limit_version(SSL_CTX *tls, const char *max)
{
	static const struct { const char *name; int version; } versions[] = {
		{ "1.0", TLS1_VERSION }, { "1.1", TLS1_1_VERSION },
		{ "1.2", TLS1_2_VERSION }, { "1.3", TLS1_3_VERSION },
	};

	for (size_t i = 0; i < 4; i++) {
		if (strcmp(versions[i].name, max) != 0)
			continue;
		SSL_CTX_set_min_proto_version(tls, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(tls, versions[i].version);
		SSL_CTX_set_cipher_list(tls, "ALL:@SECLEVEL=0");
		return;
	}
	fprintf(stderr, "provider: --tls-max %s is not 1.0, 1.1, 1.2 or 1.3\n", max);
	exit(2);
}

void
server_use_tls(struct server *s, const struct server_tls *o)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	static bool no_h2;

	no_h2 = o->no_h2;
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(tls, 1);
	SSL_CTX_set_default_read_buffer_len(tls, 65536);
	SSL_CTX_set_alpn_select_cb(tls, choose_protocol, &no_h2);
	if (o->max)
		limit_version(tls, o->max);
	if (SSL_CTX_use_certificate_chain_file(tls, o->cert) != 1)
		give_up(o->cert);
	if (SSL_CTX_use_PrivateKey_file(tls, o->key, SSL_FILETYPE_PEM) != 1)
		give_up(o->key);
	if (o->client_ca) {
		if (SSL_CTX_load_verify_file(tls, o->client_ca) != 1)
			give_up(o->client_ca);
		SSL_CTX_set_client_CA_list(tls, SSL_load_client_CA_file(o->client_ca));
		SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		SSL_CTX_set_session_id_context(tls, (const unsigned char *)"gong", 4);
	}
	s->tls = tls;
}

void
tls_accept(struct conn *c)
{
	c->ssl = SSL_new(c->server->tls);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_accept_state(c->ssl);
}

bool
tls_speaks_h2(const struct conn *c)
{
	const unsigned char *name = NULL;
	unsigned len = 0;

	if (c->ssl)
		SSL_get0_alpn_selected(c->ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

static ssize_t
tls_failed(struct conn *c, int result)
{
	int error = SSL_get_error(c->ssl, result);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_WRITE)
		event_add(&c->writable, NULL);
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

ssize_t
tls_read(struct conn *c, void *bytes, size_t len)
{
	int n = SSL_read(c->ssl, bytes, (int)len);

	return n > 0 ? n : tls_failed(c, n);
}

ssize_t
tls_write(struct conn *c, const void *bytes, size_t len)
{
	int n = SSL_write(c->ssl, bytes, (int)len);

	return n > 0 ? n : tls_failed(c, n);
}
