/* test_url.c -- where a callback may go: URLs that can be read in one way only, and addresses. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/url.h"
#include "drivers/hook/address.c"

static const struct {
	const char *text, *host;
	bool tls, loopback;
	unsigned port;
	const char *shown;
} good[] = {
	{ "http://a.example", "a.example", false, false, 80, "http://a.example" },
	{ "HTTPS://A.Example/x?y=z", "a.example", true, false, 443, "https://a.example/x" },
	{ "http://u:p%40@a.example:8080/dlr?pass=x", "a.example", false, false, 8080, "http://a.example:8080/dlr" },
	{ "http://127.1.2.3:1", "127.1.2.3", false, true, 1, "http://127.1.2.3:1" },
	{ "https://[::1]:8443/", "::1", true, true, 8443, "https://[::1]:8443/" },
	{ "http://localhost?x", "localhost", false, true, 80, "http://localhost" },
	{ "http://a.example/%p/%d", "a.example", false, false, 80, "http://a.example/%p/%d" },
};

/* Each is read as another host by some reader, or is none. */
static const char *const bad[] = {
	"", "ftp://a.example", "//a.example", "http://", "http:///x", "http://a.example:", "http://a.example:0",
	"http://a.example:65536", "http://a.example:80x", "http://good.example\\@evil.example", "http://a b.example",
	"http://a.example/\r\nHost: b", "http://a@b@c.example",
	"http://[::1", "http://[127.0.0.1]", "http://::1", "http://[::1]x", "http://a.example/\x7f", "http://.example",
	"http://ex\xc3\xa4mple.example", "http://a.example:80:81", "http://u@", "http://a%2eexample", "http://good.example#@evil.example", "http://a.example/x#f",
};

static void
one_way_only(void **state)
{
	struct url u;

	for (size_t i = 0; i < COUNT(good); i++) {
		struct buf shown = { 0 };

		holds(good[i].text, url_parse(&u, good[i].text) == 0, "is refused");
		holds(good[i].text, strcmp(u.host, good[i].host) == 0 && u.tls == good[i].tls && u.port == good[i].port &&
		      url_is_loopback(&u) == good[i].loopback, "%s %u", u.host, u.port);
		url_shown(&shown, good[i].text);
		holds(good[i].text, strcmp(shown.data, good[i].shown) == 0, "%s", shown.data);
		buf_fini(&shown);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		holds(bad[i], url_parse(&u, bad[i]) < 0, "is taken as %s", u.host);
}

static void
origins_are_compared_whole(void **state)
{
	struct url a, b;
	static const char *const others[] = { "https://a.example:80", "http://a.example:81", "http://b.example",
					      "http://a.example.b" };

	assert_int_equal(url_parse(&a, "http://A.example:80/x"), 0);
	assert_int_equal(url_parse(&b, "http://a.EXAMPLE"), 0);
	assert_true(url_same_origin(&a, &b));
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_int_equal(url_parse(&b, others[i]), 0);
		holds(others[i], !url_same_origin(&a, &b), "is the same");
	}
}

static const struct {
	const char *address;
	bool elsewhere, here;		/* may a callback go there; where it may go to this machine */
} addresses[] = {
	{ "203.0.113.7", true, true }, { "10.0.0.5", true, true }, { "192.168.1.1", true, true },
	{ "127.0.0.1", false, true }, { "127.255.255.254", false, true }, { "0.0.0.0", false, false },
	{ "169.254.169.254", false, false }, { "224.0.0.1", false, false }, { "255.255.255.255", false, false },
	{ "2001:db8::1", true, true }, { "fd00::1", true, true }, { "::1", false, true }, { "::", false, false },
	{ "fe80::1", false, false }, { "ff02::1", false, false }, { "::ffff:127.0.0.1", false, true },
	{ "::ffff:169.254.169.254", false, false }, { "::ffff:203.0.113.7", true, true }, { "::127.0.0.1", false, true },
	{ "64:ff9b::127.0.0.1", false, true }, { "64:ff9b::cb00:7107", true, true },
};

static void
only_to_other_hosts(void **state)
{
	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct sockaddr_in four = { .sin_family = AF_INET };
		struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
		const struct sockaddr *a = (const struct sockaddr *)&six;

		if (inet_pton(AF_INET, addresses[i].address, &four.sin_addr) == 1)
			a = (const struct sockaddr *)&four;
		else
			assert_int_equal(inet_pton(AF_INET6, addresses[i].address, &six.sin6_addr), 1);
		holds(addresses[i].address, address_is_allowed(a, false) == addresses[i].elsewhere, "as another host");
		holds(addresses[i].address, address_is_allowed(a, true) == addresses[i].here, "as this machine");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_way_only),
		cmocka_unit_test(origins_are_compared_whole),
		cmocka_unit_test(only_to_other_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
