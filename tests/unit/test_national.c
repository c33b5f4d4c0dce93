/* test_national.c -- warnings of the national platform, as gong-parse reads them. */
#include "tests/unit/unit.h"

#include "drivers/parse/national.c"
#include "drivers/parse/sense.c"
#include "drivers/parse/shape.c"
#include "drivers/parse/words.c"
#include "drivers/parse/xml.c"
#include "files/read.h"
#include "tests/unit/parsing.h"

#define NATIONAL(identifier, sent, more) "<alert><identifier>" identifier "</identifier><sendTime>" sent "</sendTime>" \
	"<status>Actual</status><msgType>Update</msgType><references>99012141600000_20250602143000;x_1</references>" more "</alert>"
#define ONE "<info><eventType>11X99</eventType><severity>Unknown</severity></info>"

static void
reads_the_national_format(void **state)
{
	static const struct { const char *sentence, *body, *want; } cases[] = {
		{ "a code that nobody knows is the kind, and two references", NATIONAL("i", "2025-06-02 14:30:00", ONE),
		  "update real #1 - 11X99 refs:2\n" },
		{ "no instant", NATIONAL("i", "yesterday", ONE), "invalid cap_strange" },
		{ "no identifier", NATIONAL(" ", "2025-06-02 14:30:00", ONE), "invalid cap_lacks" },
		{ "nothing to warn of", NATIONAL("i", "2025-06-02 14:30:00", ""), "! cap_no_info update real #1 - - refs:2\n" },
		{ "CAP is another format", "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/>", "invalid national_root" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf got = { 0 };

		read_bytes_as(&got, format_national, cases[i].body, strlen(cases[i].body));
		holds(cases[i].sentence, strcmp(got.data, cases[i].want) == 0, "%s", got.data);
		buf_fini(&got);
	}
}

static void
takes_beijing_time_and_old_identifiers(void **state)
{
	const char *body = NATIONAL("99012141600000_20250602200500", "2025-06-02 20:05:00", ONE);
	struct message m = { .bytes = body, .len = strlen(body), .map = json_loads(MAP, 0, NULL) };
	struct signal_post post = { 0 };
	struct err err = { 0 };

	assert_int_equal(format_national(&post, &m, &err), 0);
	assert_string_equal(post.signals[0].ref, "99012141600000_20250602200500_0#1");
	assert_string_equal(post.signals[0].refs[0], "99012141600000_20250602143000_0#");
	assert_int_equal(post.signals[0].sent_at, 1748865900000);
	signal_post_fini(&post);
	json_decref(m.map);
}

static void
reads_what_the_platform_sends(void **state)
{
	static const struct { const char *file, *want; } cases[] = {
		{ "first", "alert real #1 red rainstorm zh:青石县气象局发布暴雨红色预警[I级/特别严重] "
		  "[青石县,小岩街道 =990121000000 =990121001000] refs:0\n" },
		{ "cancel", "end real #1 red rainstorm zh:青石县气象局发布暴雨红色预警[I级/特别严重] "
		  "[青石县,小岩街道 =990121000000 =990121001000] refs:1\n" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[120];
		struct buf got = { 0 };
		struct err err = { 0 };
		size_t len = 0;
		char *bytes;

		snprintf(path, sizeof(path), "tests/data/cap/national_rain_red_%s.xml", cases[i].file);
		bytes = file_read(path, 1 << 20, &len, &err);
		holds(cases[i].file, bytes, "%s", err.text);
		read_bytes_as(&got, format_national, bytes, len);
		holds(cases[i].file, strcmp(got.data, cases[i].want) == 0, "%s", got.data);
		buf_fini(&got);
		free(bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_national_format), cmocka_unit_test(takes_beijing_time_and_old_identifiers),
		cmocka_unit_test(reads_what_the_platform_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
