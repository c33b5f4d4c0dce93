/* test_ip_range.c -- who may call back. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>

#include "daemon/settings/ip_range.h"

static const struct {
	const char *sentence, *range, *address;
	bool in;
} cases[] = {
	{ "the first of a range is in it", "203.0.113.0/24", "203.0.113.0", true },
	{ "the last of a range is in it", "203.0.113.0/24", "203.0.113.255", true },
	{ "the next one is not", "203.0.113.0/24", "203.0.114.0", false },
	{ "a range may end inside a byte", "10.16.0.0/12", "10.31.255.255", true },
	{ "and the next one is outside", "10.16.0.0/12", "10.32.0.0", false },
	{ "bits after the range do not count", "203.0.113.77/24", "203.0.113.1", true },
	{ "a single address is itself", "192.0.2.7", "192.0.2.7", true },
	{ "and no other", "192.0.2.7", "192.0.2.6", false },
	{ "everybody of IPv4", "0.0.0.0/0", "198.51.100.1", true },
	{ "is nobody of IPv6", "0.0.0.0/0", "2001:db8::1", false },
	{ "IPv6 by its bits", "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "IPv6 outside", "2001:db8::/32", "2001:db9::", false },
	{ "everybody", "::/0", "198.51.100.1", true },
};

static const char *const garbage[] = {
	"", "/24", "203.0.113.0/", "203.0.113.0/33", "203.0.113.0/-1", "203.0.113.0/24x", "203.0.113/24",
	"2001:db8::/129", "provider.example", "203.0.113.0/24 ", "+1/8",
	"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc/1",
};

static void
addresses_are_in_ranges(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned char address[IP_BYTES], v4[4];
		struct ip_range r;

		assert_int_equal(ip_range_parse(&r, cases[i].range), 0);
		if (inet_pton(AF_INET, cases[i].address, v4) == 1)
			ip_map_v4(address, v4);
		else
			assert_int_equal(inet_pton(AF_INET6, cases[i].address, address), 1);
		holds(cases[i].sentence, ip_ranges_have(&r, 1, address) == cases[i].in, "%s, %s",
		      cases[i].range, cases[i].address);
		assert_false(ip_ranges_have(&r, 0, address));
	}
}

static void
garbage_is_refused(void **state)
{
	struct ip_range r;

	for (size_t i = 0; i < COUNT(garbage); i++)
		holds(garbage[i], ip_range_parse(&r, garbage[i]) < 0, "is taken");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_in_ranges),
		cmocka_unit_test(garbage_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
