/* test_origin.c -- who called, when proxies stand between. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/web/origin.h"

#define PEER "10.0.0.1"			/* one of the proxies: 10.0.0.0/8 and 2001:db8:a::/48 */

static const struct {
	const char *sentence, *peer, *headers[4], *origin;
} cases[] = {
	{ "no header: the connection", PEER, { NULL }, PEER },
	{ "one hop: what the proxy wrote", PEER, { "203.0.113.7" }, "203.0.113.7" },
	{ "a stranger's header is not looked at", "198.51.100.9", { "203.0.113.7" }, "198.51.100.9" },
	{ "what stands left of a stranger is his own word", PEER, { "203.0.113.7, 198.51.100.9" },
	  "198.51.100.9" },
	{ "proxies in a row are passed", PEER, { "203.0.113.7, 10.9.9.9,10.0.0.2" }, "203.0.113.7" },
	{ "all of them proxies: the first", PEER, { "10.7.7.7, 10.0.0.2" }, "10.7.7.7" },
	{ "a port is left away", PEER, { "203.0.113.7:51234" }, "203.0.113.7" },
	{ "IPv6", PEER, { "2001:db8::7" }, "2001:db8::7" },
	{ "IPv6 in brackets", PEER, { "[2001:db8::7]" }, "2001:db8::7" },
	{ "IPv6 with a port", PEER, { "[2001:db8::7]:443" }, "2001:db8::7" },
	{ "a proxy of IPv6", "2001:db8:a::1", { "203.0.113.7,\t2001:db8:a::2 " }, "203.0.113.7" },
	{ "IPv4 written as IPv6 is IPv4", PEER, { "203.0.113.7, ::ffff:10.0.0.9" }, "203.0.113.7" },
	{ "repeated headers are one list", PEER, { "203.0.113.7", "10.0.0.3", "10.0.0.2" }, "203.0.113.7" },
	{ "a stranger in the last one ends it", PEER, { "203.0.113.7", "198.51.100.9" }, "198.51.100.9" },
	{ "a name is no address: the hop before it", PEER, { "203.0.113.7, provider.example" }, PEER },
	{ "nor in the middle", PEER, { "203.0.113.7, unknown, 10.0.0.2" }, "10.0.0.2" },
	{ "an empty header", PEER, { "" }, PEER },
	{ "an empty entry", PEER, { "203.0.113.7," }, PEER },
	{ "an empty entry in the middle", PEER, { "203.0.113.7,, 10.0.0.2" }, "10.0.0.2" },
	{ "commas alone", PEER, { ",,,," }, PEER },
	{ "a port without digits", PEER, { "203.0.113.7:" }, PEER },
	{ "a port of letters", PEER, { "203.0.113.7:http" }, PEER },
	{ "a port too long", PEER, { "203.0.113.7:123456" }, PEER },
	{ "IPv6 with an open bracket", PEER, { "[2001:db8::7" }, PEER },
	{ "IPv6 with something behind", PEER, { "[2001:db8::7]x" }, PEER },
	{ "IPv4 in brackets", PEER, { "[203.0.113.7]" }, PEER },
	{ "an interface behind IPv6", PEER, { "fe80::1%eth0" }, PEER },
	{ "quotes", PEER, { "\"203.0.113.7\"" }, PEER },
};

static void
read_address(unsigned char out[IP_BYTES], const char *text)
{
	assert_true(ip_address_parse(out, text, strlen(text)) > 0);
}

static void
find(unsigned char out[IP_BYTES], const char *peer, const char *const *values, size_t count)
{
	struct ip_range proxies[2];
	struct http_request request = { .method = "POST" };
	unsigned char from[IP_BYTES];

	assert_int_equal(ip_range_parse(&proxies[0], "10.0.0.0/8"), 0);
	assert_int_equal(ip_range_parse(&proxies[1], "2001:db8:a::/48"), 0);
	for (size_t i = 0; i < count && values[i]; i++) {
		request.headers[4 * i] = "x-forwarded-for";
		request.headers[4 * i + 1] = values[i];
		request.headers[4 * i + 2] = "x-other";		/* between them */
		request.headers[4 * i + 3] = "192.0.2.1";
	}
	read_address(from, peer);
	origin_find(out, from, &request, proxies, 2);
}

static void
who_called_is_found(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned char origin[IP_BYTES], wanted[IP_BYTES];
		char text[INET6_ADDRSTRLEN];

		find(origin, cases[i].peer, cases[i].headers, COUNT(cases[i].headers));
		read_address(wanted, cases[i].origin);
		inet_ntop(AF_INET6, origin, text, sizeof(text));
		holds(cases[i].sentence, memcmp(origin, wanted, IP_BYTES) == 0, "it is %s", text);
	}
}

/* Ten thousand trusted entries in one header: each is looked at once. */
static void
a_long_list_costs_its_length(void **state)
{
	struct buf list = { 0 };
	unsigned char origin[IP_BYTES], wanted[IP_BYTES];

	buf_puts(&list, "203.0.113.7");
	for (int i = 0; i < 10000; i++)
		buf_puts(&list, ", 10.1.1.1");
	find(origin, PEER, (const char *const[]){ list.data }, 1);
	read_address(wanted, "203.0.113.7");
	assert_memory_equal(origin, wanted, IP_BYTES);
	buf_fini(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_called_is_found),
		cmocka_unit_test(a_long_list_costs_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
