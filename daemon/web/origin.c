/* origin.c -- what stands in origin.h: a walk from the connection back to whoever began. */
#include "daemon/web/origin.h"

#include <string.h>

static bool
is_port(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len >= 1 && len <= 5;
}

/* "203.0.113.7", "203.0.113.7:80", "2001:db8::7", "[2001:db8::7]" or "[2001:db8::7]:80". */
static bool
parse_entry(unsigned char out[IP_BYTES], const char *text, size_t len)
{
	const char *end = text + len, *colon = memchr(text, ':', len), *behind = end;

	if (len && *text == '[') {
		const char *close = memchr(text, ']', len);

		if (!close || ip_address_parse(out, text + 1, (size_t)(close - text - 1)) != 128)
			return false;
		behind = close + 1;
	} else {
		if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1)))
			behind = colon;
		if (ip_address_parse(out, text, (size_t)(behind - text)) < 0)
			return false;
	}
	return behind == end || (*behind == ':' && is_port(behind + 1, (size_t)(end - behind - 1)));
}

struct walk {
	unsigned char *at;		/* the hop that is known by now */
	const struct ip_range *proxies;
	size_t count;
};

/* The entries of one header, from its end.  True: the walk is over. */
static bool
walk_header(struct walk *w, const char *value)
{
	const char *end = value + strlen(value), *start;

	for (;;) {
		unsigned char address[IP_BYTES];

		for (start = end; start > value && start[-1] != ',';)
			start--;
		while (end > start && strchr(" \t", end[-1]))
			end--;
		for (; start < end && strchr(" \t", *start); start++)
			;
		if (!parse_entry(address, start, (size_t)(end - start)))
			return true;
		memcpy(w->at, address, IP_BYTES);
		if (!ip_ranges_have(w->proxies, w->count, w->at))
			return true;
		end = memrchr(value, ',', (size_t)(start - value));
		if (!end)
			return false;
	}
}

void
origin_find(unsigned char out[IP_BYTES], const unsigned char peer[IP_BYTES],
	    const struct http_request *r, const struct ip_range *proxies, size_t count)
{
	struct walk w = { out, proxies, count };
	size_t header = 0;

	memcpy(out, peer, IP_BYTES);
	if (!ip_ranges_have(proxies, count, peer))
		return;
	while (r->headers[2 * header])
		header++;
	while (header-- > 0)
		if (strcmp(r->headers[2 * header], "x-forwarded-for") == 0 &&
		    walk_header(&w, r->headers[2 * header + 1]))
			return;
}
