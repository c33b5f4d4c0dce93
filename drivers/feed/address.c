/* address.c -- what stands in address.h. */
#include "drivers/feed/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* "[::1]:80", "::1", "host:80" or "host" -> where the host ends; *port: behind the colon, or NULL. */
static size_t
host_length(const char *entry, const char **port)
{
	const char *bracket = entry[0] == '[' ? strchr(entry, ']') : NULL, *colon = strrchr(entry, ':');

	*port = NULL;
	if (bracket && bracket[1] == ':')
		*port = bracket + 2;
	if (bracket)
		return (size_t)(bracket + 1 - entry);
	if (!colon || strchr(entry, ':') != colon)
		return strlen(entry);
	*port = colon + 1;
	return (size_t)(colon - entry);
}

bool
address_is_listed(const struct conf *c, const char *host, const char *port)
{
	for (size_t i = 0; i < c->host_count; i++) {
		const char *entry = c->hosts[i], *only;
		size_t len = host_length(entry, &only), n = strlen(host);
		bool bare = host[0] == '[' && entry[0] != '[';

		if (bare ? n == len + 2 && strncasecmp(host + 1, entry, len) == 0
		    : n == len && strncasecmp(host, entry, len) == 0)
			if (!only || strcmp(only, port) == 0)
				return true;
	}
	return false;
}

bool
address_is_literal(const char *host)
{
	unsigned char room[16];

	return host[0] == '[' || strcasecmp(host, "localhost") == 0 || inet_pton(AF_INET, host, room) == 1;
}

/* RFC 6890: this host, loopback, link-local (the cloud's keeper of keys), multicast, reserved. */
static bool
is_far_4(uint32_t a)
{
	return a >> 24 != 0 && a >> 24 != 127 && a >> 16 != 0xa9fe && a >> 28 != 0xe && a >> 28 != 0xf;
}

static uint32_t
last_4(const unsigned char *bytes)
{
	return (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 | (uint32_t)bytes[14] << 8 | bytes[15];
}

static bool
is_far_6(const unsigned char *b)
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	static const unsigned char nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const unsigned char none[12] = { 0 };

	if (memcmp(b, mapped, 12) == 0 || memcmp(b, nat64, 12) == 0)
		return is_far_4(last_4(b));
	return memcmp(b, none, 12) != 0 && (b[0] != 0xfe || (b[1] & 0xc0) != 0x80) && b[0] != 0xff;
}

bool
address_may_connect(const struct conf *c, const struct sockaddr *to, char *out, size_t size)
{
	const void *bytes = to->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)to)->sin_addr
		: &((const struct sockaddr_in6 *)to)->sin6_addr;
	bool far = false;

	snprintf(out, size, "?");
	if (to->sa_family != AF_INET && to->sa_family != AF_INET6)
		return false;
	inet_ntop(to->sa_family, bytes, out, (socklen_t)size);
	if (to->sa_family == AF_INET)
		far = is_far_4(ntohl(((const struct sockaddr_in *)to)->sin_addr.s_addr));
	else
		far = is_far_6(bytes);
	for (size_t i = 0; !far && i < c->host_count; i++)
		far = strcmp(c->hosts[i], out) == 0;
	return far;
}
