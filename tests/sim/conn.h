/* conn.h -- what the parts of the server share: a connection, an exchange on it, and the
 * protocol that it speaks. */
#ifndef GONG_SIM_CONN_H
#define GONG_SIM_CONN_H

#include <openssl/ssl.h>

#include "tests/sim/server.h"

enum conn_end { END_NOT, END_ORDERLY, END_ABRUPT, END_RESET };

struct exchange {			/* one request and its answer */
	LIST_ENTRY(exchange) link;
	struct conn *conn;
	struct event timer;
	bool has_timer, closes;
	struct answer answer;
	size_t sent, allowed;		/* of the answer's body */
	int32_t stream;			/* HTTP/2 */
	char *target, *type, *authorization;
	struct buf body;
};

struct protocol {
	/* False: what came is no such protocol; the connection closes. */
	bool (*take)(struct conn *c, const char *bytes, size_t len);
	void (*answer)(struct exchange *x);	/* it is due, whole or in part */
	void (*more)(struct exchange *x);	/* `allowed` has grown */
	void (*reset)(struct exchange *x);
	void (*fill)(struct conn *c);		/* puts what is to be written into `out` */
	void (*fini)(struct conn *c);
};

struct conn {
	TAILQ_ENTRY(conn) dirty_link;
	LIST_HEAD(, exchange) exchanges;
	struct server *server;
	const struct protocol *protocol;
	struct event readable, writable;
	struct buf in, out;
	size_t start, written;		/* taken from in, written of out */
	SSL *ssl;
	struct nghttp2_session *h2;
	unsigned long taken;		/* streams */
	int32_t last;			/* … and the last of them */
	int fd;
	bool is_dirty;
	enum conn_end end;
};

extern const struct protocol http1;
extern const struct protocol http2;

void http2_start(struct conn *c);
void conn_touch(struct conn *c);	/* server_flush looks at it */
void conn_end(struct conn *c, enum conn_end how);
struct exchange *exchange_new(struct conn *c);
void exchange_free(struct exchange *x);

/* -1: would block; 0: the other side is gone. */
ssize_t tls_read(struct conn *c, void *bytes, size_t len);
ssize_t tls_write(struct conn *c, const void *bytes, size_t len);
void tls_accept(struct conn *c);
bool tls_speaks_h2(const struct conn *c);

#endif
