/* fuzz_phone.c -- any bytes as a telephone number or a division code. */
#include "tests/fuzz/fuzz.h"

#include "core/division.h"
#include "core/phone.h"

static void
as_phone(const char *text, const struct phone_plan *plan)
{
	struct err err = { .text = "" };
	char again[PHONE_TEXT];
	uint64_t number, same;

	if (phone_parse(&number, text, plan, &err) < 0) {
		promise(err.text[0], "a refused number has a reason");
		return;
	}
	promise(number >= 10000000 && number <= 999999999999999, "8 to 15 digits");
	phone_format(again, number);
	promise(phone_parse(&same, again, plan, NULL) == 0 && same == number, "read back the same");
	phone_mask(again, number);
	promise(strchr(again, '*'), "a masked number hides something");
}

static void
as_division(const char *text)
{
	char again[DIVISION_TEXT];
	division_code code, same;

	if (division_parse(&code, text, NULL) < 0)
		return;
	division_format(again, code);
	promise(division_parse(&same, again, NULL) == 0 && same == code, "a code is read back");
	promise(division_contains(division_ancestor(code, TIER_COUNTY), code), "a county has it");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct phone_plan plans[] = { { "86", "" }, { "86", "771" }, { "679", "" } };
	char *text = fuzz_text(data, size);

	for (size_t i = 0; i < 3; i++)
		as_phone(text, &plans[i]);
	as_division(text);
	free(text);
	return 0;
}
