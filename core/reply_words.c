/* reply_words.c -- looks into reply_words.def. */
#include "core/reply_words.h"

#include <string.h>

const struct reply_word reply_words[] = {
#define ANSWER(text, kind, otherwise) { CLASS_ANSWER, text, ANSWER_##kind, ANSWER_##otherwise, 0 },
#define GOT(text) { CLASS_GOT, text, ANSWER_ACKNOWLEDGED, ANSWER_NONE, 0 },
#define BARE(text, kind) { CLASS_BARE, text, ANSWER_##kind, ANSWER_NONE, 0 },
#define DIGIT(text, digit) { CLASS_DIGIT, text, ANSWER_NONE, ANSWER_NONE, digit[0] },
#define OTHER(is, text) { CLASS_##is, text, ANSWER_NONE, ANSWER_NONE, 0 },
#define FILL(text) OTHER(FILL, text)
#define WITH(text) OTHER(WITH, text)
#define SELF(text) OTHER(SELF, text)
#define DOING(text) OTHER(DOING, text)
#define MINUTE(text) OTHER(MINUTE, text)
#define ABOUT(text) OTHER(ABOUT, text)
#define NAME(text) OTHER(NAME, text)
#define PROMPT(text) OTHER(PROMPT, text)
#define BUT(text) OTHER(BUT, text)
#define UNIT(text) OTHER(UNIT, text)
#define WHO(text) OTHER(WHO, text)
#define DOUBT(text) OTHER(DOUBT, text)
#define DANGER(text) OTHER(DANGER, text)
#define CALM(text) OTHER(CALM, text)
#define ALARM(text) OTHER(ALARM, text)
#define OPT_OUT(text) OTHER(OPT_OUT, text)
#define OPT_IN(text) OTHER(OPT_IN, text)
#include "core/reply_words.def"
};
const size_t reply_word_count = sizeof(reply_words) / sizeof(*reply_words);

static bool
is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

size_t
word_at(const char *line, size_t at, const char *word)
{
	size_t len;

	if (line[at] != word[0])
		return 0;		/* nearly always */
	len = strlen(word);
	if (strncmp(line + at, word, len) != 0)
		return 0;
	if (is_letter(word[0]) && at && is_letter(line[at - 1]))
		return 0;
	if (is_letter(word[len - 1]) && is_letter(line[at + len]))
		return 0;
	return len;
}

const struct reply_word *
reply_word_at(const char *line, size_t at, unsigned classes)
{
	const struct reply_word *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < reply_word_count; i++) {
		size_t len;

		const char *text = reply_words[i].text;

		if (text[0] != line[at] || (text[1] && text[1] != line[at + 1]) ||
		    !(classes & 1u << reply_words[i].is))
			continue;
		len = word_at(line, at, reply_words[i].text);
		if (len > best_len) {
			best = &reply_words[i];
			best_len = len;
		}
	}
	return best;
}

const struct reply_word *
reply_word_whole(const char *line, unsigned classes)
{
	for (size_t i = 0; i < reply_word_count; i++)
		if (classes & 1u << reply_words[i].is && strcmp(line, reply_words[i].text) == 0)
			return &reply_words[i];
	return NULL;
}

bool
reply_counted_at(const char *line, size_t at, unsigned classes)
{
	bool apart = line[at] == ' ';
	const struct reply_word *w = reply_word_at(line, at + apart, classes | IS(CALM) | (apart ? IS(ANSWER) : 0));

	return w && classes & 1u << w->is;
}

/* 3人, 12名, 3 people, 三个人, 好几个人: past the number at `at`, a number of people?  *end is where the
 * number ends, which is the same from anywhere in it. */
static bool
is_people(const char *line, size_t at, size_t *end)
{
	static const char *const numbers[] = {
		"一", "二", "两", "三", "四", "五", "六", "七", "八", "九", "十", "百", "几", "多", "余", "个",
		"ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "TEN", "SEVERAL",
	};
	bool number = false;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		size_t len = line[at] >= '0' && line[at] <= '9' ? 1 : word_at(line, at, numbers[i]);

		if (len) {
			number |= strcmp(numbers[i], "个") != 0 || len == 1;
			at += len;
			at += line[at] == ' ';
			i = (size_t)-1;		/* again from the first */
		}
	}
	*end = at;
	return number && reply_counted_at(line, at - (line[at - 1] == ' '), IS(WHO));
}

bool
reply_line_is_danger(const char *line)
{
	size_t number = 0;		/* ends there */

	if (reply_word_whole(line, IS(ALARM)))
		return true;
	for (size_t at = 0; line[at];) {
		const struct reply_word *w = reply_word_at(line, at, IS(CALM));

		if (w) {
			at += strlen(w->text);
			continue;
		}
		w = reply_word_at(line, at, IS(DANGER) | IS(ANSWER));
		if ((w && (w->is == CLASS_DANGER || w->kind == ANSWER_HELP)) ||
		    (at >= number && is_people(line, at, &number)))
			return true;
		for (at++; ((unsigned char)line[at] & 0xc0) == 0x80; at++)
			;		/* to the next character */
	}
	return false;
}
