/* fuzz_segment.c -- any bytes as the text of a message: parts that fit and lose nothing. */
#include "tests/fuzz/fuzz.h"

#include "core/segment.h"

static void
check_parts(const struct segment_plan *plan, const char *text)
{
	unsigned room = plan->parts == 1 ? (plan->alphabet == SEGMENT_GSM7 ? 160 : 70)
		: plan->alphabet == SEGMENT_GSM7 ? 153 : 67;
	size_t start = 0;

	for (unsigned i = 0; i < plan->parts; i++) {
		size_t end = segment_end(plan, text, i);
		struct segment_plan part;
		char *one;

		promise(end > start || (plan->parts == 1 && !*text), "every part has something in it");
		one = xstrndup(text + start, end - start);
		promise(segment_plan(&part, one, NULL) == 0, "a part is UTF-8");
		if (part.alphabet == plan->alphabet)
			promise(part.units <= room, "a part fits");
		free(one);
		start = end;
	}
	promise(start == strlen(text), "the parts are the text");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct segment_plan plan;
	struct err err = { .text = "" };

	if (segment_plan(&plan, text, &err) == 0) {
		promise(utf8_check(text, strlen(text), NULL) == 0, "what is planned is UTF-8");
		promise(plan.parts >= 1 && plan.parts <= SEGMENT_PARTS_MAX, "1 to 255 parts");
		check_parts(&plan, text);
	} else {
		promise(err.text[0], "a refused text has a reason");
	}
	free(text);
	return 0;
}
