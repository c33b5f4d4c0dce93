/* rule.c -- does a rule fit a signal, and which words of the signal go on. */
#include "core/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "core/unicode.h"

/* Greedy with one place to come back to: no pattern takes longer than its length times the text's. */
bool
rule_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == *text || *pattern == '?') {
			do		/* "?" stands for a character, not for a byte */
				text++;
			while (*pattern == '?' && ((unsigned char)*text & 0xc0) == 0x80);
			pattern++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static const char *const trusts[] = { "send", "hold", "note" };

const char *
rule_trust_name(enum rule_trust trust)
{
	return trusts[trust];
}

int
rule_trust_parse(const char *word)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(trusts[i], word) == 0)
			return i;
	return -1;
}

static bool
test_fits(const struct rule_test *t, const struct signal *s)
{
	const struct signal_label *l = signal_label_find(s, t->label);

	if (!l)
		return false;
	switch (t->compare) {
	case RULE_EQUALS:
		return strcmp(l->text, t->text) == 0;
	case RULE_MATCHES:
		return rule_glob(t->text, l->text);
	case RULE_ABOVE:
		return l->is_number && l->value > t->value;
	case RULE_BELOW:
		return l->is_number && l->value < t->value;
	}
	return false;
}

static bool
kind_fits(const struct rule_when *w, const char *kind)
{
	for (size_t i = 0; i < w->kind_count; i++)
		if (rule_glob(w->kinds[i], kind ? kind : ""))
			return true;
	return !w->kind_count;
}

/* A severity that was not said is no severity: a rule that asks for one does not fit. */
static bool
severity_fits(const struct rule_when *w, int severity)
{
	if (w->severity_from >= 0 && severity < w->severity_from)
		return false;
	return w->severity_to < 0 || (severity >= 0 && severity <= w->severity_to);
}

static bool
place_fits(const struct rule_when *w, const division_code *divisions, size_t count)
{
	for (size_t i = 0; i < w->within_count; i++)
		for (size_t k = 0; k < count; k++)
			if (division_contains(w->within[i], divisions[k]))
				return true;
	return !w->within_count;
}

bool
rule_fits(const struct rule *r, const struct signal *s, const division_code *divisions,
	  size_t division_count)
{
	for (size_t i = 0; i < r->when.test_count; i++)
		if (!test_fits(&r->when.tests[i], s))
			return false;
	return kind_fits(&r->when, s->kind) && severity_fits(&r->when, s->severity) &&
	       place_fits(&r->when, divisions, division_count);
}

const struct rule *
rule_find(const struct rule *rules, size_t count, const struct signal *s,
	  const division_code *divisions, size_t division_count)
{
	for (size_t i = 0; i < count; i++)
		if (rule_fits(&rules[i], s, divisions, division_count))
			return &rules[i];
	return NULL;
}

void
rule_by(char out[RULE_BY_BYTES], const struct rule *r, const struct signal *s)
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = 0; i < r->by_count && n < RULE_BY_BYTES - 1; i++) {
		const struct signal_label *l = signal_label_find(s, r->by[i]);

		n += (size_t)snprintf(out + n, RULE_BY_BYTES - n, "%s%s=%s", i ? "\n" : "", r->by[i],
				      l ? l->text : "");
	}
}

/* A parameter is one line: what was written in several, or has another control character, becomes one. */
static void
in_one_line(char *text)
{
	char *to = text;

	for (const char *p = text; *p; p++) {
		char c = (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p;

		if (c != ' ' || (to > text && to[-1] != ' '))
			*to++ = c;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '.';
}

/* "www.anything", or a host with something behind it: "gong.example/x", but not "3.5m/s". */
static bool
is_bare_link(const char *word, const char *end)
{
	const char *name = end, *dot = end;

	if (strncasecmp(word, "www.", 4) == 0)
		return true;
	if (*end != '/')
		return false;
	while (dot > word && dot[-1] != '.')
		dot--;
	for (name = dot; name < end && (*name | 32) >= 'a' && (*name | 32) <= 'z';)
		name++;
	return dot > word + 1 && name == end && name >= dot + 2;
}

/* Telephones make a link of a host, too. */
static void
without_bare_links(char *text)
{
	for (char *p = text; *p;) {
		char *end = p;

		while (is_word(*end))
			end++;
		if (end > p && is_bare_link(p, end)) {
			while (*end > ' ' && *end < 0x7f)
				end++;
			memmove(p, end, strlen(end) + 1);
		} else {
			p = end > p ? end : p + 1;
		}
	}
}

/* What looks like a signature, or like something to be clicked, is another's word in gong's mouth. */
static void
without_marks(char *text)
{
	static const char *const brackets[] = { "【", "】" };
	char *p;

	for (size_t i = 0; i < 2; i++)
		while ((p = strstr(text, brackets[i])))
			memmove(p, p + strlen(brackets[i]), strlen(p + strlen(brackets[i])) + 1);
	while ((p = strstr(text, "://"))) {
		char *begin = p, *end = p;

		while (begin > text && ((begin[-1] | 32) >= 'a' && (begin[-1] | 32) <= 'z'))
			begin--;
		while (*end > ' ' && *end < 0x7f)	/* RFC 3986: all of it is ASCII */
			end++;
		memmove(begin, end, strlen(end) + 1);
	}
	without_bare_links(text);
}

/* At most `max` characters, the last one "…" where something was cut. */
static void
shorten(char *text, size_t max)
{
	size_t characters = 0;
	char *cut = text;

	for (char *p = text; *p; p++) {
		if (((unsigned char)*p & 0xc0) == 0x80)
			continue;
		if (characters + 1 == max)
			cut = p;
		if (characters++ == max) {
			memcpy(cut, "…", strlen("…") + 1);
			return;
		}
	}
}

/* What nobody sees turns what they read around, or breaks a link so that nobody finds it. */
static void
without_unseen(char *text)
{
	const char *from = text, *at = text;
	char *to = text;

	for (int32_t c; (c = utf8_next(&at)); from = at) {
		if (c > 0 && is_unseen_char(c))
			continue;
		memmove(to, from, (size_t)(at - from));
		to += at - from;
	}
	*to = '\0';
}

static const char *
said_by(const struct rule_param *p, const struct signal *s, enum lang lang)
{
	const struct signal_label *l;
	const char *text;

	switch (p->from) {
	case RULE_VALUE:
		return p->what;
	case RULE_LABEL:
		l = signal_label_find(s, p->what);
		return l ? l->text : NULL;
	case RULE_TEXT:
		text = signal_text(s, lang, p->what);
		for (int other = 0; other < LANG_COUNT && !text; other++)
			text = signal_text(s, (enum lang)other, p->what);
		return text;
	case RULE_AREA:
		for (size_t i = 0; i < s->area_count; i++)
			if (s->areas[i].name && !s->areas[i].without)
				return s->areas[i].name;
		return NULL;
	}
	return NULL;
}

char *
rule_param_value(const struct rule_param *p, const struct signal *s, enum lang lang)
{
	const char *text = said_by(p, s, lang);
	char *out;

	if (!text)
		return xstrdup(p->otherwise);
	/* "…" may be longer than what it takes the place of. */
	out = xmalloc(strlen(text) + sizeof("…"));
	memcpy(out, text, strlen(text) + 1);
	if (p->from != RULE_VALUE)
		without_unseen(out);
	if (p->from != RULE_VALUE && !p->as_sent)
		without_marks(out);
	in_one_line(out);
	if (p->max)
		shorten(out, p->max);
	if (*out)
		return out;
	free(out);
	return xstrdup(p->otherwise);
}

static int
by_code(const void *a, const void *b)
{
	division_code x = *(const division_code *)a, y = *(const division_code *)b;

	return (x > y) - (x < y);
}

static bool
is_left_out(const struct signal *s, division_code code)
{
	for (size_t i = 0; i < s->area_count; i++)
		for (size_t k = 0; s->areas[i].without && k < s->areas[i].code_count; k++) {
			division_code out;

			if (!*s->areas[i].codes[k].scheme &&
			    division_parse(&out, s->areas[i].codes[k].value, NULL) == 0 &&
			    division_contains(out, code))
				return true;
		}
	return false;
}

size_t
rule_divisions(const struct signal *s, division_code *out, size_t max, size_t *unknown)
{
	size_t count = 0, kept = 0;

	*unknown = 0;
	for (size_t i = 0; i < s->area_count; i++)
		for (size_t k = 0; !s->areas[i].without && k < s->areas[i].code_count; k++) {
			const struct signal_code *c = &s->areas[i].codes[k];
			division_code code;

			if (*c->scheme || division_parse(&code, c->value, NULL) < 0)
				++*unknown;
			else if (count < max && !is_left_out(s, code))
				out[count++] = code;
		}
	for (size_t i = 0; i < s->meant_count; i++)
		if (count < max && !is_left_out(s, s->meant[i]))
			out[count++] = s->meant[i];
	qsort(out, count, sizeof(*out), by_code);
	for (size_t i = 0; i < count; i++)	/* what another one contains is said by that */
		if (!kept || !division_contains(out[kept - 1], out[i]))
			out[kept++] = out[i];
	return kept;
}
