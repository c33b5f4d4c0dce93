/* url.h -- where an http URL goes, read so strictly that no other reader can mean another host by it
 * (RFC 3986, 3.2, less what only makes readers differ).  Pure. */
#ifndef GONG_URL_H
#define GONG_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

#define URL_HOST_MAX 253		/* RFC 1035, 2.3.4 */
#define URL_MAX 2000

struct url {				/* its origin, RFC 6454 */
	bool tls;
	char host[URL_HOST_MAX + 1];	/* in small letters; an IPv6 address without brackets */
	uint16_t port;
	size_t user_at, user_len;	/* NAME:PASSWORD in the text; len 0 = none */
	size_t rest_at;			/* where path or query begins, or the text ends */
};

/* -1: it is no http or https URL, or one that could be read in two ways. */
int url_parse(struct url *out, const char *text);
bool url_same_origin(const struct url *, const struct url *);
/* Its host is by its own words this machine: localhost, 127.0.0.0/8, ::1. */
bool url_is_loopback(const struct url *);
/* As logs, books and people may see it: scheme, host, port and path; no name, password or query.  What
 * cannot be read is "?". */
void url_shown(struct buf *out, const char *text);

#endif
