/* test_contract.c -- ids on the wire, lists, and whole lines out of bytes. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "core/lines.h"
#include "daemon/contract/contract.h"

static const struct { const char *sentence; uint32_t wave, contact; unsigned attempt; } ids[] = {
	{ "the first", 1, 1, 1 }, { "nothing", 0, 0, 0 }, { "the largest attempt", 1, 1, 31 },
	{ "the largest contact", 1, 0x3fffffff, 1 }, { "the largest wave", 0x0fffffff, 1, 1 },
	{ "all at their largest", 0x0fffffff, 0x3fffffff, 31 }, { "an ordinary one", 4711, 815, 2 },
};

static void
ids_survive_the_wire(void **state)
{
	for (size_t i = 0; i < COUNT(ids); i++) {
		uint64_t id = message_id(ids[i].wave, ids[i].contact, ids[i].attempt), back = 0;
		char text[MESSAGE_ID_TEXT];

		holds(ids[i].sentence, message_id_wave(id) == ids[i].wave &&
		      message_id_contact(id) == ids[i].contact &&
		      message_id_attempt(id) == ids[i].attempt, "%llx", (unsigned long long)id);
		message_id_format(text, id);
		holds(ids[i].sentence, strlen(text) == 13, "\"%s\"", text);
		holds(ids[i].sentence, message_id_parse(&back, text) == 0 && back == id, "\"%s\"", text);
	}
}

/* 64 bits, though today's ids use 63. */
static void
any_number_survives_the_wire(void **state)
{
	uint64_t id = 1;

	for (int i = 0; i < 2000; i++, id = id * 6364136223846793005ULL + 1442695040888963407ULL) {
		char text[MESSAGE_ID_TEXT];
		uint64_t back;

		message_id_format(text, id);
		assert_int_equal(message_id_parse(&back, text), 0);
		assert_true(back == id);
	}
}

static const struct { const char *sentence, *text; } foreign[] = {
	{ "nothing is no id of ours", "" }, { "12 characters are too few", "000000000001" },
	{ "14 are too many", "00000000000001" }, { "l is not in the alphabet", "000000000000l" },
	{ "capitals neither", "000000000000A" }, { "a sign neither", "-000000000001" },
	{ "65 bits do not fit", "zzzzzzzzzzzzz" }, { "nor does bit 64", "g000000000000" },
	{ "a provider's id", "P-20260602-17" },
};

static void
foreign_ids_are_not_ours(void **state)
{
	for (size_t i = 0; i < COUNT(foreign); i++) {
		uint64_t id;

		holds(foreign[i].sentence, message_id_parse(&id, foreign[i].text) < 0, "\"%s\" was taken",
		      foreign[i].text);
	}
}

static void
lists_give_back_in_order(void **state)
{
	struct command_list list = { 0 };
	struct effect_list effects = { 0 };
	struct command *c;

	assert_null(command_pop(&list));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5; i++)
			command_push(&list, command_new(CMD_BARRIER, i));
		assert_int_equal(list.count, 5);
		for (int i = 0; i < 5; i++) {
			c = command_pop(&list);
			assert_int_equal(c->route, i);
			assert_null(c->next);
			command_free(c);
		}
		assert_null(command_pop(&list));
		assert_int_equal(list.count, 0);
	}
	effect_push(&effects, effect_new(EFFECT_BARRIER, 7));
	effect_free(effect_pop(&effects));
	assert_null(effect_pop(&effects));
}

/* The sanitizer build proves that nothing of it leaks. */
static void
what_a_command_owns_goes_with_it(void **state)
{
	struct command *done = command_new(CMD_DONE, 0), *accept = command_new(CMD_ACCEPT, -1);
	struct effect *send = effect_new(EFFECT_SEND, 0);

	done->done.items = calloc(2, sizeof(*done->done.items));
	done->done.count = 2;
	done->done.items[1].ref = strdup("r");
	done->done.items[0].reason = strdup("why");
	command_free(done);
	accept->accept = calloc(1, sizeof(*accept->accept));
	accept->accept->key = strdup("k");
	accept->accept->roles = calloc(1, sizeof(char *));
	accept->accept->roles[0] = strdup("warner");
	accept->accept->role_count = 1;
	command_free(accept);
	send->send.texts = calloc(1, sizeof(char *));
	send->send.texts[0] = strdup("t");
	send->send.text_count = 1;
	effect_free(send);
	command_free(NULL);
	effect_free(NULL);
}

/* Any way of cutting the stream gives the same lines. */
static void
lines_come_out_whole_however_they_arrive(void **state)
{
	static const char stream[] = "{\"a\":1}\n\nthird 立即\nlast without end";
	static const char *const want[] = { "{\"a\":1}", "", "third 立即" };

	for (size_t piece = 1; piece < sizeof(stream); piece++) {
		struct lines l = { 0 };
		size_t count = 0, len;
		char *line;

		for (size_t at = 0; at < sizeof(stream) - 1; at += piece) {
			size_t n = sizeof(stream) - 1 - at;

			lines_add(&l, stream + at, n < piece ? n : piece);
			while ((line = lines_next(&l, &len))) {
				assert_true(count < COUNT(want));
				assert_string_equal(line, want[count]);
				assert_int_equal(len, strlen(want[count]));
				count++;
			}
		}
		holds("three lines", count == 3, "pieces of %zu gave %zu", piece, count);
		lines_fini(&l);
	}
}

static void
a_line_without_end_is_noticed(void **state)
{
	struct lines l = { 0 };
	char chunk[65536];
	size_t len;

	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 16; i++)
		lines_add(&l, chunk, sizeof(chunk));
	assert_false(lines_overlong(&l));
	lines_add(&l, "x", 1);
	assert_true(lines_overlong(&l));
	assert_null(lines_next(&l, &len));
	lines_add(&l, "\n", 1);
	assert_non_null(lines_next(&l, &len));
	assert_int_equal(len, 16 * 65536 + 1);
	assert_false(lines_overlong(&l));
	lines_fini(&l);
}

/* A long stream must not make the buffer grow with it. */
static void
memory_follows_the_longest_line_not_the_stream(void **state)
{
	struct lines l = { 0 };
	char chunk[1000];
	size_t len, lines = 0;

	memset(chunk, 'x', sizeof(chunk));
	chunk[499] = '\n';
	for (int i = 0; i < 20000; i++) {
		lines_add(&l, chunk, sizeof(chunk));
		while (lines_next(&l, &len))
			lines++;
	}
	assert_int_equal(lines, 20000);
	assert_true(l.bytes.cap < 400000);
	lines_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_survive_the_wire),
		cmocka_unit_test(any_number_survives_the_wire),
		cmocka_unit_test(foreign_ids_are_not_ours),
		cmocka_unit_test(lists_give_back_in_order),
		cmocka_unit_test(what_a_command_owns_goes_with_it),
		cmocka_unit_test(lines_come_out_whole_however_they_arrive),
		cmocka_unit_test(a_line_without_end_is_noticed),
		cmocka_unit_test(memory_follows_the_longest_line_not_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
