/* reply.c -- reads what people type back on a telephone. */
#include "core/reply.h"

#include <stdio.h>
#include <string.h>

static const struct { const char *word, *token; } words[] = {
	{ "收到", "1" }, { "已收到", "1" }, { "知道了", "1" }, { "好的", "1" }, { "OK", "1" },
	{ "Y", "1" }, { "YES", "1" }, { "到岗", "2" }, { "已到岗", "2" }, { "到位", "2" },
	{ "已转移", "3" }, { "已完成", "3" }, { "完成", "3" }, { "去不了", "0" }, { "不能", "0" },
	{ "无法", "0" }, { "NO", "0" }, { "求助", "9" }, { "SOS", "9" }, { "HELP", "9" },
};

static const char *const opt_out_words[] = {
	"R", "T", "TD", "N", "0000", "00000", "退订", "STOP",
};

/* No 0 O 1 I L 5 S 2 Z B 8 U V. */
static const char letters[] = "ACDEFGHJKMNPQRTWXY";
static const char digits[] = "34679";

/* One character of `n` bytes as ASCII in capitals, full-width forms folded, CJK punctuation
 * (。、【】「」 and the wide space) a space; -1 for a letter of another script. */
static int
fold(const unsigned char *s, size_t n)
{
	int c = -1;

	if (n == 1)
		c = *s;
	else if (n == 3 && s[0] == 0xef && (s[1] == 0xbc || s[1] == 0xbd))
		c = (s[1] - 0xbc) * 64 + s[2] - 0x80 + 0x20;
	else if (n == 3 && s[0] == 0xe3 && s[1] == 0x80)
		c = ' ';
	return c >= 'a' && c <= 'z' ? c - 32 : c;
}

static bool
is_plain(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

/* Folds full-width forms and case, turns punctuation and 【】 into spaces. */
static void
normalise(char *out, size_t size, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = 0;

	while (*s && len + 4 < size) {
		size_t want = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
		size_t n = strnlen((const char *)s, want);	/* less: cut in the middle */
		int c = fold(s, n);

		if (c >= 0) {
			out[len++] = is_plain(c) ? (char)c : ' ';
		} else {
			memcpy(out + len, s, n);
			len += n;
		}
		s += n;
	}
	out[len] = '\0';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A code: letters and digits, a letter first, at least two characters. */
static bool
take_code(char code[CODE_TEXT], const char *word)
{
	size_t len = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	if (len < 2 || len >= CODE_TEXT || is_digit(word[0]) || word[len] ||
	    !strpbrk(word, "0123456789"))
		return false;
	memcpy(code, word, len);
	code[len] = '\0';
	return true;
}

static void
find_word(struct reply *out, const char *word)
{
	for (size_t i = 0; i < sizeof(opt_out_words) / sizeof(*opt_out_words); i++)
		out->opt_out |= strcmp(word, opt_out_words[i]) == 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words) && !out->opt_out; i++)
		if (strcmp(word, words[i].word) == 0)
			snprintf(out->token, sizeof(out->token), "%s", words[i].token);
}

/* Some type what the text told them to: 回复1. */
static char *
without_prompt(char *word)
{
	static const char *const prompts[] = { "回复", "回", "按" };

	for (size_t i = 0; i < sizeof(prompts) / sizeof(*prompts); i++) {
		size_t len = strlen(prompts[i]);

		if (strncmp(word, prompts[i], len) == 0 && (is_digit(word[len]) || !word[len]))
			return word + len;
	}
	return word;
}

/* 已转移3户, 完成不了, 全员到位2人未到: part of it, or the contrary.  Taken for "done", it would stop
 * the calls to people who are still there; not understood, they go on. */
static bool
is_in_doubt(const char *rest)
{
	static const char *const marks[] = {
		"不", "没", "未", "困", "半", "一些", "部分", "除",
		"NOT", "BUT", "EXCEPT", "STILL", "TRAPPED", "MISSING",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (strstr(rest, marks[i]))
			return true;
	return strpbrk(rest, "0123456789") != NULL;
}

/* What may follow a digit: 1收到, 3 已转移, 3 all out, but not 3人被困, 3 people trapped or 2号桥断了.
 * Help and "cannot" are believed however they go on. */
static bool
may_follow(char digit, const char *rest)
{
	static const char *const starts[] = {
		"收", "已", "好", "全", "都", "到", "撤", "转", "完", "谢", "知", "明白", "确认", "了",
		"OK", "YES", "DONE", "RECEIVED", "ROGER", "THANK", "ALL", "COPY", "GOT IT",
		"UNDERSTOOD", "CONFIRM", "ARRIVED", "SAFE",
	};

	if (digit == '0' || digit == '9')
		return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(rest, starts[i], strlen(starts[i])) == 0)
			return !is_in_doubt(rest);
	return false;
}

/* Is a digit by itself an answer, with `rest` of the line behind it?  A code, the same digit again
 * and what leaves no doubt may stand there. */
static bool
stands_alone(char digit, const char *rest)
{
	char word[CODE_TEXT], code[CODE_TEXT];

	rest += strspn(rest, " ");
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(rest, " "), rest);
	return !word[0] || (word[0] == digit && !word[1]) || take_code(code, word) ||
		may_follow(digit, rest);
}

/* A Chinese word may run on: 收到谢谢. The longest known beginning counts, but "in post" and
 * "done" only when what follows leaves no doubt. */
static void
find_beginning(struct reply *out, const char *word)
{
	size_t best = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t len = strlen(words[i].word);

		if ((unsigned char)words[i].word[0] >= 0x80 && len > best &&
		    strncmp(word, words[i].word, len) == 0) {
			best = len;
			snprintf(out->token, sizeof(out->token), "%s", words[i].token);
		}
	}
	if ((out->token[0] == '2' || out->token[0] == '3') && is_in_doubt(word + best))
		out->token[0] = '\0';
}

void
reply_parse(struct reply *out, const char *text)
{
	char line[512], *save = NULL, *first, *second;

	*out = (struct reply){ .token = "" };
	normalise(line, sizeof(line), text);
	first = strtok_r(line, " ", &save);
	first = first ? without_prompt(first) : NULL;
	if (first && !*first)
		first = strtok_r(NULL, " ", &save);
	if (!first)
		return;
	if (is_digit(first[0]) && !first[1] && !stands_alone(first[0], save))
		return;
	second = strtok_r(NULL, " ", &save);
	if (is_digit(first[0]) && !first[1]) {
		out->token[0] = first[0];
		if (second)
			take_code(out->code, second);
		return;
	}
	if (is_digit(first[0]) && take_code(out->code, first + 1)) {
		out->token[0] = first[0];
		return;
	}
	find_word(out, first);
	if (!out->opt_out && !out->token[0])
		find_beginning(out, first);
	/* 1收到, 3已转移: a digit that runs into Chinese */
	if (!out->opt_out && !out->token[0] && is_digit(first[0]) &&
	    (unsigned char)first[1] >= 0x80 && may_follow(first[0], first + 1))
		out->token[0] = first[0];
	if (out->token[0] && second)
		take_code(out->code, second);
}

bool
reply_meaning(const struct template *t, const char *token, enum answer_kind *kind, int *level)
{
	if (!token[0])
		return false;
	for (size_t i = 0; t && i < t->answer_count; i++) {
		if (strcmp(t->answers[i].token, token) == 0) {
			*kind = t->answers[i].kind;
			*level = t->answers[i].level;
			return true;
		}
	}
	*level = 0;
	if (strcmp(token, "0") == 0) {
		*kind = ANSWER_CANNOT;
		return true;
	}
	if (strcmp(token, "9") == 0) {
		*kind = ANSWER_HELP;
		return true;
	}
	if ((t && t->answer_count) || token[1] || token[0] < '1' || token[0] > '3')
		return false;
	*kind = token[0] == '1' ? ANSWER_ACKNOWLEDGED : token[0] == '2' ? ANSWER_IN_POST : ANSWER_DONE;
	*level = LEVEL_ACKNOWLEDGED + token[0] - '1';
	return true;
}

/* Bijective: letter, digit, then letters and digits in turn as the number grows. */
void
code_format(char out[CODE_TEXT], uint64_t alert)
{
	const uint64_t letter_count = sizeof(letters) - 1, digit_count = sizeof(digits) - 1;
	uint64_t n = alert ? alert - 1 : 0, size = letter_count * digit_count;
	size_t len = 2;

	while (n >= size && len + 1 < CODE_TEXT) {
		n -= size;
		len++;
		size *= len & 1 ? letter_count : digit_count;
	}
	out[len] = '\0';
	for (size_t i = len; i-- > 0;) {
		uint64_t base = i & 1 ? digit_count : letter_count;
		const char *set = i & 1 ? digits : letters;

		out[i] = set[n % base];
		n /= base;
	}
}

bool
code_of_text(char out[CODE_TEXT], const char *alert, unsigned n)
{
	size_t len = strlen(alert);
	const char *set = len & 1 ? letters : digits;

	snprintf(out, CODE_TEXT, "%s", alert);
	if (n >= strlen(set) || len + 1 >= CODE_TEXT)
		return false;
	out[len] = set[n];
	out[len + 1] = '\0';
	return true;
}

bool
code_is_of(const char *code, const char *alert)
{
	size_t len = strlen(alert);

	return strncmp(code, alert, len) == 0 &&
		(!code[len] || (!code[len + 1] && strchr(len & 1 ? letters : digits, code[len])));
}

/* The number that is written so, `len` characters long; 0 = it is none. */
static uint64_t
code_number(const char *code, size_t len)
{
	const uint64_t letter_count = sizeof(letters) - 1, digit_count = sizeof(digits) - 1;
	uint64_t n = 0, before = 0, size = letter_count * digit_count;

	for (size_t i = 0; i < len; i++) {
		const char *set = i & 1 ? digits : letters, *at = strchr(set, code[i]);

		if (!at)
			return 0;
		n = n * (i & 1 ? digit_count : letter_count) + (uint64_t)(at - set);
	}
	for (size_t i = 3; i <= len; i++) {
		before += size;
		size *= i & 1 ? letter_count : digit_count;
	}
	return before + n + 1;
}

bool
code_parse(uint64_t *alert, const char *text)
{
	size_t len = strlen(text);
	char code[CODE_TEXT], own[CODE_TEXT];

	if (len < 2 || len >= CODE_TEXT - 1)
		return false;
	for (size_t i = 0; i <= len; i++)
		code[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	*alert = code_number(code, len);
	if (!*alert && len > 2) {	/* one of several texts of it */
		*alert = code_number(code, len - 1);
		code_format(own, *alert);
		return *alert && code_is_of(code, own);
	}
	return *alert > 0;
}
