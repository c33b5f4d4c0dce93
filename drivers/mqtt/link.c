/* link.c -- what stands in link.h, by libevent's bufferevents and OpenSSL. */
#include "drivers/mqtt/link.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/cause.h"
#include "core/phrase.h"
#include "files/read.h"

#define READ_AHEAD 131072		/* beside a payload: a whole topic must find room */

struct link {
	struct event_base *base;
	const struct mqtt_settings *settings;
	const struct link_ops *ops;
	void *ctx;
	SSL_CTX *tls;			/* NULL: without */
	struct evdns_base *names;
	struct bufferevent *connection;	/* NULL: there is none */
};

/* -- TLS -- */

static int
tls_fault(struct err *err, const char *field, const char *path)
{
	char why[160];

	ERR_error_string_n(ERR_peek_last_error(), why, sizeof(why));
	ERR_clear_error();
	return err_field(err, field, "%s cannot be used: %s", path, why);
}

static int
tls_files(struct link *l, struct err *err)
{
	const struct mqtt_settings *s = l->settings;
	const char *const paths[] = { s->ca_file, s->client_cert, s->client_key };

	for (size_t i = 0; i < 3; i++)
		if (paths[i] && file_check(paths[i], FILE_CONF_MAX, err) < 0)
			return -1;
	if (s->ca_file ? SSL_CTX_load_verify_locations(l->tls, s->ca_file, NULL) != 1
	    : SSL_CTX_set_default_verify_paths(l->tls) != 1)
		return tls_fault(err, "ca_file", s->ca_file ? s->ca_file : "the system's certificates");
	if (!s->client_cert)
		return 0;
	if (SSL_CTX_use_certificate_chain_file(l->tls, s->client_cert) != 1)
		return tls_fault(err, "client_cert", s->client_cert);
	if (SSL_CTX_use_PrivateKey_file(l->tls, s->client_key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(l->tls) != 1)
		return tls_fault(err, "client_key", s->client_key);
	return 0;
}

/* A key with a passphrase would wait for somebody at a terminal. */
static int
no_passphrase(char *room, int size, int writing, void *ctx)
{
	return 0;
}

static int
tls_new(struct link *l, struct err *err)
{
	l->tls = SSL_CTX_new(TLS_client_method());
	if (!l->tls)
		return tls_fault(err, "broker", "TLS");
	SSL_CTX_set_min_proto_version(l->tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(l->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_passwd_cb(l->tls, no_passphrase);
	return tls_files(l, err);
}

static bool
is_address(const char *host)
{
	unsigned char room[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

/* The certificate must be of the host that gong.conf names, not only of somebody whom the CA knows. */
static SSL *
tls_for(const struct link *l)
{
	const char *host = l->settings->host;
	SSL *ssl = SSL_new(l->tls);
	int rc;

	if (!ssl)
		return NULL;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(host))
		rc = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	else
		rc = SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
	if (rc == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* -- a connection -- */

void
link_close(struct link *l)
{
	if (l->connection)
		bufferevent_free(l->connection);
	if (l->names)
		evdns_base_free(l->names, 1);
	l->connection = NULL;
	l->names = NULL;
}

static void
end(struct link *l, const char *reason)
{
	link_close(l);
	l->ops->down(l->ctx, reason);
}

/* NULL: TLS has nothing to do with it. */
static const char *
why_tls(struct link *l, char out[SAID_VALUE])
{
	unsigned long code = bufferevent_get_openssl_error(l->connection);
	SSL *ssl = bufferevent_openssl_get_ssl(l->connection);
	long proof = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *why = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	if (proof != X509_V_OK)
		return said_make(out, PHRASE_AND_VALUES(mqtt_bad_certificate, X509_verify_cert_error_string(proof)));
	return why ? said_make(out, PHRASE_AND_VALUES(mqtt_tls, why)) : NULL;
}

static const char *
why(struct link *l, short what, int failed, char out[SAID_VALUE])
{
	int unnamed = bufferevent_socket_get_dns_error(l->connection);
	const char *tls = l->tls && what & BEV_EVENT_ERROR && !unnamed ? why_tls(l, out) : NULL;

	if (unnamed)
		return said_make(out, PHRASE_AND_VALUES(mqtt_no_name, evutil_gai_strerror(unnamed)));
	if (tls)
		return tls;
	return what & BEV_EVENT_ERROR && failed ? cause_word(failed) : WORD(mqtt_ended);
}

static void
on_event(struct bufferevent *connection, short what, void *ctx)
{
	int failed = EVUTIL_SOCKET_ERROR();
	struct link *l = ctx;

	if (what & BEV_EVENT_CONNECTED) {
		setsockopt(bufferevent_getfd(connection), IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		l->ops->up(l->ctx);
	} else {
		end(l, why(l, what, failed, (char[SAID_VALUE]){ 0 }));
	}
}

static void
on_read(struct bufferevent *connection, void *ctx)
{
	struct link *l = ctx;

	l->ops->read(l->ctx);
}

static void
on_drained(struct bufferevent *connection, void *ctx)
{
	struct link *l = ctx;

	l->ops->drained(l->ctx);
}

static struct bufferevent *
connection_new(struct link *l)
{
	SSL *ssl = l->tls ? tls_for(l) : NULL;
	struct bufferevent *connection;

	if (l->tls && !ssl)
		return NULL;
	connection = ssl ? bufferevent_openssl_socket_new(l->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
							  BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS)
		: bufferevent_socket_new(l->base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (!connection)
		SSL_free(ssl);
	return connection;
}

void
link_open(struct link *l)
{
	link_close(l);
	/* Anew each time: a network that has come up since has other servers of names. */
	l->names = evdns_base_new(l->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!l->names && !is_address(l->settings->host)) {
		end(l, WORD(mqtt_no_resolver));
		return;
	}
	l->connection = connection_new(l);
	if (!l->connection) {
		end(l, SAID(mqtt_tls, WORD(mqtt_no_connection)));
		return;
	}
	bufferevent_setcb(l->connection, on_read, NULL, on_event, l);
	bufferevent_setwatermark(l->connection, EV_READ, 0, READ_AHEAD + (size_t)l->settings->bytes_max);
	bufferevent_enable(l->connection, EV_READ | EV_WRITE);
	/* A failure at once is told by on_event as well. */
	if (bufferevent_socket_connect_hostname(l->connection, l->names, AF_UNSPEC, l->settings->host,
						(int)l->settings->port) < 0 && l->connection)
		end(l, WORD(mqtt_no_connection));
}

void
link_write(struct link *l, struct buf *bytes)
{
	if (l->connection && bytes->len)
		bufferevent_write(l->connection, bytes->data, bytes->len);
	buf_reset(bytes);
}

void
link_drain(struct link *l)
{
	bufferevent_disable(l->connection, EV_READ);
	bufferevent_setcb(l->connection, NULL, on_drained, on_event, l);
	if (!evbuffer_get_length(bufferevent_get_output(l->connection)))
		bufferevent_trigger(l->connection, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

struct evbuffer *
link_input(struct link *l)
{
	return l->connection ? bufferevent_get_input(l->connection) : NULL;
}

void
link_hold(struct link *l, bool hold)
{
	if (!l->connection)
		return;
	if (hold)
		bufferevent_disable(l->connection, EV_READ);
	else
		bufferevent_enable(l->connection, EV_READ);
}

int
link_new(struct link **out, struct event_base *base, const struct mqtt_settings *settings,
	 const struct link_ops *ops, void *ctx, struct err *err)
{
	struct link *l = *out = xcalloc(1, sizeof(*l));

	*l = (struct link){ .base = base, .settings = settings, .ops = ops, .ctx = ctx };
	return settings->tls ? tls_new(l, err) : 0;
}

void
link_free(struct link *l)
{
	if (!l)
		return;
	link_close(l);
	SSL_CTX_free(l->tls);
	free(l);
}
