/* test_modem_national.c -- national tables of GSM 7 bit; the vectors were packed by hand. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "drivers/modem/national.c"

static const struct national_case {
	const char *sentence, *data;
	size_t octets;
	unsigned septets;
	const char *text;
} cases[] = {
	{ "Turkish by a locking table",
	  "\x03\x25\x01\x01\x00\x1e\x38\x60", 8, 9, "İıŞç" },
	{ "Turkish by a single shift",
	  "\x03\x24\x01\x01\xd8\x24\xd3\x9b\xf4\x66\xbc\x29\x03", 13, 14, "İiıç€" },
	{ "Spanish by a single shift",
	  "\x03\x24\x01\x02\xd8\x04\x37\xf5\xee\x06\x08", 11, 12, "ÁúÑ|" },
	{ "Portuguese by both",
	  "\x06\x24\x01\x03\x25\x01\x03\x95\x4b\x7f\x23\xd9\xfc\x01", 14, 15, "∞\\`Φâ" },
	{ "a table of another language in the other place",
	  "\x06\x25\x01\x01\x24\x01\x02\x8b\x4d\x18", 10, 11, "Ğá" },
	{ "the header of a part before, one octet fills no septet",
	  "\x08\x00\x03\x07\x02\x01\x25\x01\x03\x60\x5b\x00", 12, 13, "Ãé" },
	{ "the header of a part after, 7 octets are 8 septets",
	  "\x06\x25\x01\x01\x00\x01\x09\x9d\x30", 9, 10, "şa" },
	{ "an escape without a meaning is left out",
	  "\x03\x25\x01\x01\xd8\x08\x36\x40", 8, 9, "$|" },
	{ "an escape of the escape is a blank",
	  "\x03\x25\x01\x01\xd8\x6c\xc2", 7, 8, " a" },
	{ "an escape at the end says nothing",
	  "\x03\x25\x01\x01\x08\x6f\x00", 7, 7, "a" },
	{ "no text after the header",
	  "\x03\x25\x01\x01\x00", 5, 5, "" },
	{ "no header element of ours",
	  "\x05\x00\x03\x07\x02\x01\xc2", 7, 8, "a" },
	{ "Bengali by both",
	  "\x06\x25\x01\x04\x24\x01\x04\x04\x61\x14\xb4\xd1\x80\x3a\x2f", 15, 17, "আমি ১ জন" },
	{ "Gujarati by both",
	  "\x06\x25\x01\x05\x24\x01\x05\xcd\x69\x00\xb4\xf9\x00", 13, 14, "હું ૩" },
	{ "Hindi by a locking table",
	  "\x03\x25\x01\x06\x10\x6a\x03\xa0\x91\xb4\x02\x6a\x52\x01", 14, 16, "मैं ठीक हूँ" },
	{ "Hindi by a single shift",
	  "\x03\x24\x01\x06\x78\x2e\x41\x9b\xce\xc6\x03", 11, 12, "OK १२" },
	{ "Kannada by both",
	  "\x06\x25\x01\x07\x24\x01\x07\x2f\xe8\x6b\x0a\x22\x81\x36\x25", 15, 17, "ನಾನು ಡ ೯" },
	{ "Malayalam by both",
	  "\x06\x25\x01\x08\x24\x01\x08\x1f\xe8\x06\x06\x2a\x24\xa3\x22\x2c", 16, 18, "ഞാൻ ഇവിടെ" },
	{ "Oriya by both",
	  "\x06\x25\x01\x09\x24\x01\x09\xc2\x29\x00\xb4\x01\x01", 13, 14, "ମୁଁ ୪" },
	{ "Punjabi by both",
	  "\x06\x25\x01\x0a\x24\x01\x0a\x42\x6d\x00\xb4\xf1\x00", 13, 14, "ਮੈਂ ੨" },
	{ "Tamil by both",
	  "\x06\x25\x01\x0b\x24\x01\x0b\x2f\x28\xef\x0b\xda\x90\x00", 14, 15, "நான் ௮" },
	{ "Telugu by both",
	  "\x06\x25\x01\x0c\x24\x01\x0c\xaf\xec\x6b\x0a\xda\x70\x00", 14, 15, "నేను ౦" },
	{ "Urdu by both",
	  "\x06\x25\x01\x0d\x24\x01\x0d\xce\x2c\x14\xb4\xb8\x66\x8f\x20\xeb\x14\xba\xf9\x01", 20, 22, "میں ٹھیک ہوں۔" },
	{ "a blank as Android writes it in Tamil, by a code that the table leaves out",
	  "\x03\x25\x01\x0b\x78\x6d\x7b", 7, 8, "ந ப" },
	{ "a Latin letter in the Hindi table",
	  "\x03\x25\x01\x06\x08\x03", 6, 6, "a" },
	{ "a language nobody has numbered",
	  "\x03\x24\x01\xc8\x08\x03", 6, 6, "a" },
	{ "language 0",
	  "\x03\x25\x01\x00\x08\x03", 6, 6, "a" },
	{ "Spanish has no locking table",
	  "\x03\x25\x01\x02\x08\x03", 6, 6, "a" },
	{ "an element of two octets is none",
	  "\x04\x25\x02\x01\x01\x84\x01", 7, 7, "a" },
	{ "an element cut short",
	  "\x02\x25\x01\x10\x06", 5, 5, "a" },
	{ "an empty header",
	  "\x00\x40\x18", 3, 3, "a" },
};

static void
test_texts(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct national_case *c = &cases[i];
		char *got = national_text((const unsigned char *)c->data, c->octets, c->septets, true, NULL);

		holds(c->sentence, strcmp(got, c->text) == 0, "%s", got);
		free(got);
	}
}

/* Every length of every vector with every TP-UDL, each in memory of just that size: the
 * sanitizers see a step outside; the text is never longer than what was said. */
static void
test_lying_lengths(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t octets = 0; octets <= cases[i].octets; octets++) {
			unsigned char *data = malloc(octets ? octets : 1);

			memcpy(data, cases[i].data, octets);
			for (unsigned septets = 0; septets < 256; septets += 5) {
				char *got = national_text(data, octets, septets, true, NULL);

				holds(cases[i].sentence, strlen(got) <= 3 * octets * 8 / 7,
				      "%zu octets made %s", octets, got);
				free(got);
			}
			free(data);
		}
	}
}

/* What a table has twice would be a slip of the pen. */
static void
test_tables(void **state)
{
	static const uint16_t *const tables[] = { default_table, turkish_table, portuguese_table };

	assert_int_equal(sizeof(default_table), 2 * 129);
	assert_int_equal(sizeof(turkish_table), 2 * 129);
	assert_int_equal(sizeof(portuguese_table), 2 * 129);
	for (size_t t = 0; t < COUNT(tables); t++)
		for (int a = 0; a < 128; a++)
			for (int b = 0; b < a; b++)
				if (a != ESCAPE && b != ESCAPE)
					assert_int_not_equal(tables[t][a], tables[t][b]);
}

/* Digits and small letters stand in their places, the rest in the blocks of its script. */
static void
the_tables_of_india_and_pakistan_are_of_their_scripts(void **state)
{
	static const uint16_t blocks[] = { 0x0980, 0x0a80, 0x0900, 0x0c80, 0x0d00, 0x0b00, 0x0a00, 0x0b80,
					   0x0c00, 0x0600 };

	for (size_t i = 0; i < COUNT(blocks); i++) {
		const uint16_t *table = languages[BENGALI + i].table, block = blocks[i];
		uint16_t end = block == 0x0600 ? 0x0700 : block + 0x80;
		const struct shifted *s = languages[BENGALI + i].shift;
		size_t own = 0;

		for (unsigned c = 0; c < 128; c++) {
			bool is_own = table[c] >= block && table[c] < end;

			own += is_own;
			if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))
				assert_int_equal(table[c], c);
			else
				assert_true(is_own || table[c] < 0x80);
		}
		assert_int_equal(table[128], 0);
		holds("a script has its letters", own >= 50, "%zu", own);
		for (; s->unit; s++)
			assert_true((s->unit >= block && s->unit < end) || s->unit == 0x0964 ||
				    s->unit == 0x0965);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts), cmocka_unit_test(test_lying_lengths),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(the_tables_of_india_and_pakistan_are_of_their_scripts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
