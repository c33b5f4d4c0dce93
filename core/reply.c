/* reply.c -- reads what people type back on a telephone: reply_scan.c walks the line, here it is judged.
 * What is in doubt is no answer. */
#include "core/reply.h"

#include <stdio.h>
#include <string.h>

#include "core/reply_scan.h"
#include "core/reply_text.h"

/* No 0 O 1 I L 5 S 2 Z B 8 U V. */
static const char letters[] = "ACDEFGHJKMNPQRTWXY";
static const char digits[] = "34679";

static bool
conclude(struct scan *s, enum reply_rule rule, const char *token, const char *why, size_t len)
{
	s->out->rule = rule;
	snprintf(s->out->token, sizeof(s->out->token), "%s", token);
	snprintf(s->out->why, sizeof(s->out->why), "%.*s", (int)len, why);
	if (!token[0])
		s->out->minutes = 0;
	return token[0];
}

static const char *
token_of(const struct scan *s, enum answer_kind kind)
{
	const struct answer_rule *rule = s->rule && s->rule->kind == kind ? s->rule : reply_rule_of(s->t, kind);

	if (rule)
		return rule->token;
	return kind == ANSWER_ACKNOWLEDGED ? "1" : kind == ANSWER_IN_POST ? "2" : kind == ANSWER_DONE ? "3" :
		kind == ANSWER_CANNOT ? "0" : "9";
}

/* 0 and 9 are believed however they go on, and so is 去不了 or 求救 at the beginning; what stands before
 * them is another matter. */
static bool
judge_cannot_or_help(struct scan *s)
{
	char digit[2] = { s->digit, '\0' };
	enum answer_kind kind = ANSWER_NONE;
	int level;

	if (s->before || (s->mark && !s->counts && s->mark < s->line + s->answer_at))
		return false;		/* 没人来不了 */
	if (s->digit && !s->spelled && !s->before_digit && reply_meaning(s->t, digit, &kind, &level) &&
	    (kind == ANSWER_CANNOT || kind == ANSWER_HELP) &&
	    (!s->counts || (kind == ANSWER_HELP && s->out->danger)))
		return conclude(s, REPLY_BY_DIGIT, digit, digit, 1);
	if (s->digit && !s->before_digit)
		return false;
	if (s->first && s->first->is == CLASS_ANSWER &&
	    (s->first->kind == ANSWER_CANNOT || s->first->kind == ANSWER_HELP))
		return conclude(s, REPLY_BY_WORD, token_of(s, s->first->kind), s->first->text,
				strlen(s->first->text));
	if (s->own_first && (s->rule->kind == ANSWER_CANNOT || s->rule->kind == ANSWER_HELP))
		return conclude(s, REPLY_BY_TEMPLATE_WORD, s->rule->token, s->line, strlen(s->line));
	return false;
}

/* "3 safe" may be three of them, "3 arrived" too; 我撤完了 speaks of one. */
static bool
says_only(const struct scan *s, enum answer_kind kind)
{
	unsigned same = BIT(kind) | BIT(ANSWER_ACKNOWLEDGED);

	if (s->digit && s->with && !(s->said & BIT(kind)))
		return false;
	if (s->digit && s->said & ~same)
		return false;
	return !(s->said & BIT(ANSWER_COMING)) && !(kind == ANSWER_DONE && s->self);
}

/* "In post" and "done" stop calls to people who may still be there: every word must be known, and
 * nothing only begun.  "Received" may be followed by what the person is going to do. */
static bool
leaves_no_doubt(const struct scan *s, enum answer_kind kind, int level)
{
	bool nothing_unknown = !s->after && !s->before;

	if (s->out->danger)
		return false;
	if (s->spelled)
		return nothing_unknown && !s->said && !s->with && !s->doing;
	if (kind == ANSWER_IN_POST || kind == ANSWER_DONE || level >= LEVEL_IN_POST)
		return nothing_unknown && !s->doing && !s->named && says_only(s, kind);
	if (kind != ANSWER_ACKNOWLEDGED || s->latin)
		return nothing_unknown;
	if (s->before)
		return s->first && s->first->is == CLASS_GOT && !s->digit && !s->after &&
			s->before <= NAME_MAX_CHARACTERS;
	if (s->first && s->first->is == CLASS_BARE)
		return nothing_unknown;
	return !s->after || !s->glued;
}

static bool
judge_digit(struct scan *s)
{
	char digit[2] = { s->digit, '\0' };
	enum answer_kind kind = ANSWER_NONE;
	int level = 0;

	if (!reply_meaning(s->t, digit, &kind, &level))
		return conclude(s, REPLY_BY_MAP, "", digit, 1);
	if (s->but && kind == ANSWER_ACKNOWLEDGED && level <= LEVEL_ACKNOWLEDGED)
		return conclude(s, REPLY_BY_DIGIT_BUT, digit, digit, 1);
	if (s->but || !leaves_no_doubt(s, kind, level) ||
	    (s->before_digit && !(kind == ANSWER_ACKNOWLEDGED && s->mapped & BIT(kind))) ||
	    (s->said & (BIT(ANSWER_CANNOT) | BIT(ANSWER_HELP))))
		return conclude(s, REPLY_BY_DOUBT, "", digit, 1);
	return conclude(s, REPLY_BY_DIGIT, digit, digit, 1);
}

/* 我撤完了 speaks of one, not of all; but it has been read. */
static bool
has_received(const struct scan *s)
{
	enum answer_kind kind;
	int level;

	return s->self && s->mapped & BIT(ANSWER_DONE) && !s->before && !s->after && !s->doing &&
		!s->out->danger && reply_meaning(s->t, token_of(s, ANSWER_ACKNOWLEDGED), &kind, &level) &&
		kind == ANSWER_ACKNOWLEDGED;
}

static bool
judge_word(struct scan *s)
{
	/* 收到,已全部撤出: the highest that holds. */
	static const enum answer_kind order[] = {
		ANSWER_DONE, ANSWER_IN_POST, ANSWER_COMING, ANSWER_DELAYED, ANSWER_ACKNOWLEDGED,
	};
	const char *word = s->first ? s->first->text : s->line;
	unsigned cannot = BIT(ANSWER_CANNOT), ack = BIT(ANSWER_ACKNOWLEDGED);

	if (s->said & BIT(ANSWER_HELP))
		return conclude(s, REPLY_BY_DOUBT, "", word, strlen(word));
	if (s->said & cannot) {
		bool ours = s->said == cannot || (s->said == (cannot | ack) && !s->bare_no);

		return conclude(s, ours && !s->after && !s->before ? REPLY_BY_WORD : REPLY_BY_DOUBT,
				ours && !s->after && !s->before ? token_of(s, ANSWER_CANNOT) : "", word,
				strlen(word));
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		enum answer_kind kind;
		const char *token;
		int level = 0;

		if (!(s->mapped & BIT(order[i])))
			continue;
		token = token_of(s, order[i]);
		reply_meaning(s->t, token, &kind, &level);
		if (leaves_no_doubt(s, order[i], level))
			return conclude(s, s->rule && token == s->rule->token ? REPLY_BY_TEMPLATE_WORD :
					REPLY_BY_WORD, token, word, strlen(word));
	}
	if (has_received(s))
		return conclude(s, REPLY_BY_WORD, token_of(s, ANSWER_ACKNOWLEDGED), word, strlen(word));
	return conclude(s, s->mapped ? REPLY_BY_DOUBT : REPLY_BY_MAP, "", word, strlen(word));
}

static void
judge(struct scan *s)
{
	bool answered;

	if (judge_cannot_or_help(s))
		return;
	if (!reply_has_answer(s))
		answered = conclude(s, REPLY_BY_NOTHING, "", "", 0);
	else if (s->mark)
		answered = conclude(s, REPLY_BY_DOUBT, "", s->mark, s->mark_len);
	else
		answered = s->digit ? judge_digit(s) : judge_word(s);
	/* Without an answer a code is any road's number: G3. */
	if (!answered && s->out->rule != REPLY_BY_MAP)
		s->out->code[0] = '\0';
}

void
reply_parse(struct reply *out, const struct template *t, const char *text)
{
	char line[REPLY_LINE];
	struct scan s = { .t = t, .out = out, .line = line };
	const struct reply_word *whole;

	*out = (struct reply){ .token = "" };
	reply_text(line, sizeof(line), text);
	out->danger = reply_line_is_danger(line);
	whole = reply_word_whole(line, IS(OPT_OUT) | IS(OPT_IN));
	if (whole) {
		out->opt_out = whole->is == CLASS_OPT_OUT;
		out->opt_in = whole->is == CLASS_OPT_IN;
		conclude(&s, out->opt_out ? REPLY_BY_OPT_OUT : REPLY_BY_OPT_IN, "", whole->text,
			 strlen(whole->text));
		return;
	}
	reply_scan(&s);
	judge(&s);
}

const char *
reply_rule_name(enum reply_rule rule)
{
	static const char *const names[REPLY_RULE_COUNT] = {
		"nothing", "digit", "word", "template_word", "digit_but", "doubt", "map", "opt_out", "opt_in",
	};

	return names[rule];
}

const char *
reply_word_fault(const char *word, enum answer_kind kind)
{
	char line[REPLY_LINE];
	bool no = kind == ANSWER_CANNOT || kind == ANSWER_HELP;

	reply_text(line, sizeof(line), word);
	if (!line[0])
		return WORD(word_says_nothing);
	if (strpbrk(line, "0123456789?."))
		return WORD(word_has_digit);
	if (reply_word_whole(line, IS(OPT_OUT) | IS(OPT_IN)))
		return WORD(word_leaves);
	for (size_t at = 0; line[at] && !no;) {
		const struct reply_word *w = reply_word_at(line, at, READ);

		if (w && (w->is == CLASS_DOUBT || w->is == CLASS_DANGER || w->is == CLASS_DIGIT ||
			  w->is == CLASS_BUT || w->kind == ANSWER_CANNOT || w->kind == ANSWER_HELP))
			return WORD(word_denies);
		at += w ? strlen(w->text) : 1;
	}
	return NULL;
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
