/* fuzz_reply.c -- any bytes as what a person typed. */
#include "tests/fuzz/fuzz.h"

#include "core/reply.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	enum answer_kind kind = ANSWER_NONE;
	struct reply r, again;
	char answer[64];
	int level = 0;

	reply_parse(&r, text);
	promise(strlen(r.token) <= 1, "a token is one digit or none");
	promise(!r.token[0] || strchr("0123456789", r.token[0]), "a token is a digit");
	promise(strlen(r.code) < CODE_TEXT, "a code fits");
	promise(!r.opt_out || !r.token[0], "an opt-out is no answer");
	promise(!r.code[0] || r.token[0], "a code alone is no answer");
	if (r.token[0]) {
		snprintf(answer, sizeof(answer), "%s %s", r.token, r.code);
		reply_parse(&again, answer);
		promise(strcmp(again.token, r.token) == 0 && strcmp(again.code, r.code) == 0,
			"what was understood is understood again");
	}
	if (reply_meaning(NULL, r.token, &kind, &level))
		promise(kind != ANSWER_NONE && level >= 0 && level < LEVEL_COUNT, "a meaning is one");
	free(text);
	return 0;
}
