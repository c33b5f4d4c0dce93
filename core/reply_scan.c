/* reply_scan.c -- walks a line of reply_text() by the rows of reply_words.def and notes what it met. */
#include "core/reply_scan.h"

#include <string.h>

#define PLACE_MAX_CHARACTERS 8		/* 全部撤到村小学 */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_latin(char c)
{
	return c >= 'A' && c <= 'Z';
}

static void
doubt(struct scan *s, size_t len)
{
	if (!s->mark) {
		s->mark = s->line + s->at;
		s->mark_len = len;
	}
	s->at += len;
}

bool
reply_has_answer(const struct scan *s)
{
	return s->digit || s->said;
}

const struct answer_rule *
reply_rule_of(const struct template *t, enum answer_kind kind)
{
	for (size_t i = 0; t && i < t->answer_count; i++)
		if (t->answers[i].kind == kind)
			return &t->answers[i];
	return NULL;
}

static bool
map_has(const struct template *t, enum answer_kind kind)
{
	if (kind == ANSWER_CANNOT || kind == ANSWER_HELP)
		return true;
	if (!t || !t->answer_count)
		return kind == ANSWER_ACKNOWLEDGED || kind == ANSWER_IN_POST || kind == ANSWER_DONE;
	return reply_rule_of(t, kind) != NULL;
}

/* 在路上 says that a callout was received, but nothing about a flood. */
static bool
is_callout(const struct template *t)
{
	return map_has(t, ANSWER_IN_POST) && !map_has(t, ANSWER_DONE);
}

/* A word counts only if the map has its outcome; NONE: it says nothing here. */
static enum answer_kind
kind_here(const struct template *t, const struct reply_word *w)
{
	if (map_has(t, w->kind))
		return w->kind;
	if (!w->otherwise || !map_has(t, w->otherwise) ||
	    (w->otherwise == ANSWER_ACKNOWLEDGED && !is_callout(t)))
		return ANSWER_NONE;
	return w->otherwise;
}

/* Letters and digits in turn, as code_format() makes them, and one more of the last kind, as
 * code_of_text() does; a slip of the finger may be in it. */
static size_t
code_at(const char *line, size_t at)
{
	size_t len = 0;

	if (at && is_latin(line[at - 1]))
		return 0;
	while (len & 1 ? is_digit(line[at + len]) : is_latin(line[at + len]))
		len++;
	if (len >= 2 && (len & 1 ? is_latin(line[at + len]) : is_digit(line[at + len])))
		len++;
	if (len < 2 || len >= CODE_TEXT || is_digit(line[at + len]) || is_latin(line[at + len]))
		return 0;
	return len;
}

/* "9 点到" is an hour; "9 点火了" is none. */
static bool
is_hour(const char *line, size_t at)
{
	static const char *const goes_on[] = { "到", "半", "钟", "前", "后", "左右", "来", "多", "过", "回", "赶", "能" };
	size_t len = word_at(line, at, "点");

	for (size_t i = 0; len && i < sizeof(goes_on) / sizeof(*goes_on); i++)
		if (word_at(line, at + len, goes_on[i]))
			return true;
	return len && (!line[at + len] || line[at + len] == ' ' || is_digit(line[at + len]));
}

/* Does a number before `at` count something, with or without a space: 3人, 3 people? */
static bool
is_counted(const char *line, size_t at, bool near_only)
{
	if (line[at] == ' ' && near_only)
		return is_hour(line, at + 1);
	return !code_at(line, at + (line[at] == ' ')) &&
		reply_counted_at(line, at, IS(UNIT) | IS(WHO) | IS(MINUTE) | IS(ABOUT));
}

static bool
says_coming(const struct scan *s)
{
	char token[2] = { s->digit, '\0' };
	enum answer_kind kind = ANSWER_NONE;
	int level;

	if (!s->digit)
		return s->mapped & BIT(ANSWER_COMING);
	return reply_meaning(s->t, token, &kind, &level) && kind == ANSWER_COMING;
}

/* "1 2" may be two answers. */
static bool
is_token(const struct scan *s, size_t len)
{
	char token[2] = { s->line[s->at], '\0' };
	enum answer_kind kind;
	int level;

	return len == 1 && reply_meaning(s->t, token, &kind, &level);
}

/* "1 20": minutes need something between, and behind a word their unit. */
static bool
take_minutes(struct scan *s, size_t len)
{
	size_t after = s->at + len;
	unsigned minutes = 0;
	const struct reply_word *unit;

	after += s->line[after] == ' ';
	unit = reply_word_at(s->line, after, IS(MINUTE));
	for (size_t i = 0; i < len && len <= 3; i++)
		minutes = minutes * 10 + (unsigned)(s->line[s->at + i] - '0');
	if (s->out->minutes || !minutes || minutes > REPLY_MINUTES_MAX || !says_coming(s) ||
	    (s->digit && !s->apart) || (!unit && (s->said || is_token(s, len))))
		return false;
	if (!unit && is_counted(s->line, s->at + len, false))
		return false;
	s->out->minutes = minutes;
	s->at = unit ? after + strlen(unit->text) : s->at + len;
	return true;
}

/* The first digit that stands for itself is the answer.  `counts`: it counts something, or is part of
 * a number, a time or a range. */
static void
take_number(struct scan *s)
{
	size_t len = strspn(s->line + s->at, "0123456789");
	char c = s->line[s->at], next = s->line[s->at + len];
	bool believed = c == '0' || c == '9';

	if (s->digit == c && len == 1 && !s->said && next != '.' && !is_counted(s->line, s->at + 1, false)) {
		s->at++;
		return;
	}
	if (!s->digit && !s->before && len == 1) {
		s->digit = c;
		s->before_digit = s->said;
		s->counts = next == '.' || s->filled || is_counted(s->line, s->at + 1, believed);
		if (s->counts)
			doubt(s, 1);
		else
			s->at++;
	} else if (next == '.' || !take_minutes(s, len)) {
		doubt(s, len);
	}
}

static size_t
character(const char *s)
{
	size_t len = 1;

	while (((unsigned char)s[len] & 0xc0) == 0x80)
		len++;
	return len;
}

static void
take_unknown(struct scan *s)
{
	size_t len = character(s->line + s->at);

	s->latin |= is_latin(s->line[s->at]);
	if (!reply_has_answer(s)) {
		s->before++;
	} else {
		s->after++;
		s->glued |= !s->loose;
	}
	s->at += len;
}

/* 张建国, 柳溪村, 柳溪村张三.  Nothing doubtful may be in it, and 张三家 counts. */
static bool
is_signature(const char *line, size_t at, size_t end)
{
	size_t village = 0, left = 0;

	for (size_t i = at; i < end; i += character(line + i)) {
		if ((unsigned char)line[i] < 0x80 || i - at > 3 * NAME_MAX_CHARACTERS ||
		    word_at(line, i, "水") || word_at(line, i, "洪") ||
		    reply_word_at(line, i, READ & ~IS(DIGIT)) ||
		    (reply_word_at(line, i, IS(DIGIT)) && reply_counted_at(line, i + character(line + i),
									    IS(UNIT) | IS(WHO))))
			return false;
		if (word_at(line, i, "村"))
			village = i + strlen("村");
	}
	at = village ? village : at;
	for (size_t i = at; i < end; i += character(line + i))
		left++;
	return (village && !left) || (reply_word_at(line, at, IS(NAME)) && (left == 2 || left == 3));
}

/* 收到 张建国; 收到 柳溪村张三: a name ends the text. */
static bool
take_name(struct scan *s)
{
	size_t end = strlen(s->line);

	if (!reply_has_answer(s) || !s->apart || !is_signature(s->line, s->at, end))
		return false;
	s->named = true;
	s->at = end;
	return true;
}

/* 张三收到; 张三 1; 柳溪村 1: a name begins it. */
static bool
take_signer(struct scan *s)
{
	size_t end = s->at;
	const char *line = s->line;

	if (reply_has_answer(s) || s->before || (s->at && !s->apart && !s->filled))
		return false;
	while ((unsigned char)line[end] >= 0x80 && end - s->at <= 3 * NAME_MAX_CHARACTERS &&
	       !reply_word_at(line, end, IS(GOT)))
		end += character(line + end);
	if (end == s->at || !is_signature(line, s->at, end) ||
	    (!reply_word_at(line, end + (line[end] == ' '), IS(GOT)) &&
	     !(line[end] == ' ' && is_digit(line[end + 1]))))
		return false;
	s->named = true;
	s->at = end;
	return true;
}

/* 收到 王主任: whom he speaks to. */
static bool
take_addressee(struct scan *s)
{
	const struct reply_word *name = reply_word_at(s->line, s->at, IS(NAME)), *title;

	title = name ? reply_word_at(s->line, s->at + strlen(name->text), IS(FILL)) : NULL;
	if (!title || strlen(title->text) < strlen("主任"))
		return false;
	s->at += strlen(name->text);
	return true;
}

static void
take_prompt(struct scan *s, size_t len)
{
	if (reply_has_answer(s) || s->before)
		doubt(s, len);		/* 收到请回复1: our own text comes back */
	else
		s->at += len;
}

/* 一 by itself; 一户, 一半, 十一 are numbers. */
static void
take_spelled(struct scan *s, const struct reply_word *w)
{
	size_t len = strlen(w->text);

	if (reply_has_answer(s) || s->before || is_counted(s->line, s->at + len, false)) {
		doubt(s, len);
		return;
	}
	s->digit = w->digit;
	s->spelled = true;
	s->at += len;
}

/* 全部撤到村小学了: where they are.  Not 全部撤到学校老人在车上. */
static void
take_place(struct scan *s)
{
	size_t left = PLACE_MAX_CHARACTERS, at = s->at;
	const char *line = s->line;

	if (!word_at(line, at, "到") && !word_at(line, at, "至"))
		return;
	for (at += strlen("到"); line[at] && line[at] != ' '; at += character(line + at))
		if (!left-- || (unsigned char)line[at] < 0x80 || word_at(line, at, "人") ||
		    word_at(line, at, "在") || word_at(line, at, "的") ||
		    reply_word_at(line, at, READ & ~(IS(FILL) | IS(WITH) | IS(DOING) | IS(BARE))))
			return;
	s->at = at;
}

static void
take_answer(struct scan *s, const struct reply_word *w)
{
	enum answer_kind kind = kind_here(s->t, w);

	if (!reply_has_answer(s))
		s->first = w;
	s->said |= BIT(w->kind);
	s->mapped |= kind ? BIT(kind) : 0;
	s->bare_no |= w->kind == ANSWER_CANNOT && w->is == CLASS_BARE;
	s->loose = s->filled = false;
	s->at += strlen(w->text);
	if (w->kind == ANSWER_DONE)
		take_place(s);
}

static void
take_word(struct scan *s, const struct reply_word *w)
{
	size_t len = strlen(w->text);

	switch (w->is) {
	case CLASS_ANSWER:
	case CLASS_GOT:
	case CLASS_BARE:
		take_answer(s, w);
		break;
	case CLASS_FILL:
	case CLASS_WITH:
	case CLASS_SELF:
		s->with |= w->is != CLASS_FILL;
		s->self |= w->is == CLASS_SELF;
		s->filled = true;
		s->at += len;
		break;
	case CLASS_DOING:
	case CLASS_MINUTE:
	case CLASS_ABOUT:
		s->filled = s->doing = true;
		s->loose |= w->is == CLASS_DOING && len > 3;	/* 去, 来 promise nothing */
		s->at += len;
		break;
	case CLASS_PROMPT:
		take_prompt(s, len);
		break;
	case CLASS_DIGIT:
		take_spelled(s, w);
		break;
	case CLASS_BUT:
		s->but = s->digit && !s->spelled && !s->mark;
		if (s->but)
			s->at = strlen(s->line);
		else
			doubt(s, len);
		break;
	case CLASS_DOUBT:
	case CLASS_DANGER:
	case CLASS_UNIT:
	case CLASS_WHO:
	case CLASS_CALM:
	case CLASS_ALARM:
	case CLASS_OPT_OUT:
	case CLASS_OPT_IN:
	case CLASS_NAME:
		doubt(s, len);
		break;
	}
}

/* The template's own word, when it is at least as long as ours. */
static bool
take_own_word(struct scan *s, size_t ours)
{
	const struct answer_rule *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; s->t && i < s->t->answer_count; i++) {
		const struct answer_rule *rule = &s->t->answers[i];

		for (size_t w = 0; w < rule->word_count; w++) {
			size_t len = word_at(s->line, s->at, rule->words[w]);

			if (len > best_len) {
				best = rule;
				best_len = len;
			}
		}
	}
	if (!best || best_len < ours)
		return false;
	if (s->rule && s->rule != best) {
		doubt(s, best_len);
		return true;
	}
	s->own_first = !reply_has_answer(s);
	s->rule = best;
	s->said |= BIT(best->kind);
	s->mapped |= BIT(best->kind);
	s->loose = false;
	s->at += best_len;
	return true;
}

static void
take(struct scan *s)
{
	size_t code = code_at(s->line, s->at);
	const struct reply_word *w;

	if (code && reply_has_answer(s) && !s->out->code[0]) {
		memcpy(s->out->code, s->line + s->at, code);
		s->at += code;
		return;
	}
	if (take_signer(s))
		return;
	if (is_digit(s->line[s->at])) {
		take_number(s);
		return;
	}
	if (s->line[s->at] == '?' || s->line[s->at] == '.') {
		doubt(s, 1);
		return;
	}
	w = reply_word_at(s->line, s->at, READ);
	if (take_own_word(s, w ? strlen(w->text) : 0))
		return;
	if (w)
		take_word(s, w);
	else if (!take_name(s) && !take_addressee(s))
		take_unknown(s);
}

void
reply_scan(struct scan *s)
{
	while (s->line[s->at]) {
		size_t plus = s->line[s->at] == '+' ? 1 : word_at(s->line, s->at, "加");

		s->answer_at = reply_has_answer(s) ? s->answer_at : s->at;
		s->apart = s->line[s->at] == ' ' || (plus && s->digit && is_digit(s->line[s->at + plus]));
		if (s->apart) {
			s->at += plus ? plus : 1;
			s->loose = s->filled = false;
		}
		if (s->line[s->at])
			take(s);
	}
}
