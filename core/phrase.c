/* phrase.c -- sentences of the catalogue: filled, nested, rendered; it knows no subject. */
#include "core/phrase.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/unicode.h"

#define OPEN '\x01'
#define NEXT '\x02'
#define CLOSE '\x03'
#define DEPTH_MAX 4			/* of phrases in phrases */

static const struct {
	const char *name;
	unsigned arity;
	const char *text[LANG_COUNT];
} phrases[PHRASE_COUNT] = {
#define P(name, arity, en, zh) { #name, arity, { [LANG_EN] = en, [LANG_ZH] = zh } },
#include "core/phrases.def"
#undef P
};

const char *
phrase_name(enum phrase p)
{
	return phrases[p].name;
}

int
phrase_find(const char *name)
{
	for (int i = 0; i < PHRASE_COUNT; i++)
		if (strcmp(phrases[i].name, name) == 0)
			return i;
	return -1;
}

const char *
phrase_text(enum phrase p, enum lang lang)
{
	return phrases[p].text[lang];
}

unsigned
phrase_arity(enum phrase p)
{
	return phrases[p].arity;
}

void
text_mend(char *text)
{
	const char *p = text, *at = text;
	int32_t c;

	for (; (c = utf8_next(&p)); at = p)
		if (c < 0)
			text[at - text] = '?';
}

/* Into `out`, which ends up with its NUL; never half a character.  Returns the bytes without it. */
static size_t
put(char *out, size_t room, const char *text, size_t len)
{
	if (!room)
		return 0;
	if (len >= room) {
		len = room - 1;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(out, text, len);
	out[len] = '\0';
	return len;
}

void
said_fill(struct said *s, enum phrase p, const char *const *values)
{
	size_t n = 0;

	s->phrase = p;
	memset(s->values, 0, sizeof(s->values));
	for (unsigned i = 0; i < phrases[p].arity && n < sizeof(s->values); i++) {
		const char *text = values[i] ? values[i] : "";
		size_t len = put(s->values + n, sizeof(s->values) - n, text, strlen(text));

		text_mend(s->values + n);
		for (char *c = s->values + n; *c; c++)
			if (((unsigned char)*c < ' ' && *c > CLOSE) || *c == 0x7f)
				*c = '?';
		n += len + 1;
	}
}

void
said_verbatim(struct said *s, const char *text)
{
	SAY(s, verbatim, text);
	for (char *c = s->values; *c; c++)	/* from outside: no phrase hides in it */
		if ((unsigned char)*c < ' ')
			*c = '?';
}

const char *
said_value(const struct said *s, unsigned i)
{
	const char *v = s->values, *end = s->values + sizeof(s->values) - 1;

	if (i >= phrases[s->phrase].arity)
		return "";
	for (; i && v < end; i--)
		v += strlen(v) + 1;
	return v < end ? v : "";
}

/* The end of the value at p, which stands inside a nested phrase: its NEXT or CLOSE, or the end
 * of what was cut. */
static const char *
value_end(const char *p)
{
	for (int depth = 0; *p; p++) {
		if (!depth && (*p == NEXT || *p == CLOSE))
			break;
		depth += (*p == OPEN) - (*p == CLOSE);
	}
	return p;
}

/* Reads the phrase nested at p, which stands on its OPEN.  Returns what follows its CLOSE; *known is
 * false when this gong has no such phrase. */
static const char *
nested(const char *p, struct said *out, bool *known)
{
	char values[PHRASE_VALUES_MAX][SAID_BYTES], name[64];
	const char *list[PHRASE_VALUES_MAX] = { "", "", "", "", "", "", "", "" };
	size_t n;
	int phrase;

	p++;
	n = (size_t)(value_end(p) - p);
	put(name, sizeof(name), p, n);
	phrase = phrase_find(name);
	p += n;
	for (unsigned i = 0; *p == NEXT; i++) {
		p++;
		n = (size_t)(value_end(p) - p);
		if (i < PHRASE_VALUES_MAX) {
			put(values[i], sizeof(values[i]), p, n);
			list[i] = values[i];
		}
		p += n;
	}
	*known = phrase >= 0;
	if (*known)
		said_fill(out, (enum phrase)phrase, list);
	return p + (*p == CLOSE);
}

static size_t render(const struct said *, enum lang, char *out, size_t room, int depth);

static size_t
put_value(const char *p, enum lang lang, char *out, size_t room, int depth)
{
	size_t n = 0;

	*out = '\0';
	while (*p && n + 1 < room) {
		size_t plain = strcspn(p, "\x01");
		struct said inner;
		bool known;

		n += put(out + n, room - n, p, plain);
		p += plain;
		if (!*p || n + 1 >= room)
			break;
		p = nested(p, &inner, &known);
		n += known && depth < DEPTH_MAX ? render(&inner, lang, out + n, room - n, depth + 1)
						: put(out + n, room - n, "?", 1);
	}
	return n;
}

static size_t
render(const struct said *s, enum lang lang, char *out, size_t room, int depth)
{
	const char *p = phrases[s->phrase].text[lang];
	size_t n = 0;

	*out = '\0';
	while (*p && n + 1 < room) {
		if (p[0] == '{' && p[1] >= '0' && p[1] <= '9' && p[2] == '}') {
			n += put_value(said_value(s, (unsigned)(p[1] - '0')), lang, out + n, room - n,
				       depth);
			p += 3;
		} else {
			size_t len = 1 + strcspn(p + 1, "{");

			n += put(out + n, room - n, p, len);
			p += len;
		}
	}
	return n;
}

void
said_render(const struct said *s, enum lang lang, char *out, size_t size)
{
	assert(size > 0);
	render(s, lang, out, size, 0);
}

bool
value_has_phrases(const char *value)
{
	return strchr(value, OPEN) != NULL;
}

void
value_render(const char *value, enum lang lang, char *out, size_t size)
{
	assert(size > 0);
	put_value(value, lang, out, size, 0);
}

const char *
value_english(char out[SAID_BYTES], const char *value)
{
	value_render(value, LANG_EN, out, SAID_BYTES);
	return out;
}

const char *
said_nest(char out[SAID_VALUE], const struct said *s)
{
	size_t n = (size_t)snprintf(out, SAID_VALUE, "\x01%s", phrases[s->phrase].name);

	/* A text from outside has no other language to be kept for. */
	if (s->phrase == PHRASE_verbatim) {
		put(out, SAID_VALUE, s->values, strlen(s->values));
		return out;
	}
	for (unsigned i = 0; i < phrases[s->phrase].arity && n < SAID_VALUE - 3; i++) {
		out[n++] = NEXT;
		n += put(out + n, SAID_VALUE - 1 - n, said_value(s, i), strlen(said_value(s, i)));
	}
	out[n] = CLOSE;
	out[n + 1] = '\0';
	return out;
}

const char *
said_make(char out[SAID_VALUE], enum phrase phrase, const char *const *values)
{
	struct said said;

	said_fill(&said, phrase, values);
	return said_nest(out, &said);
}

static void
values_json(const struct said *s, struct buf *out, int depth)
{
	buf_puts(out, "[");
	for (unsigned i = 0; i < phrases[s->phrase].arity; i++) {
		const char *value = said_value(s, i);
		char text[SAID_BYTES];
		struct said inner;
		bool known = false;

		buf_puts(out, i ? "," : "");
		if (*value == OPEN && !*nested(value, &inner, &known) && known && depth < DEPTH_MAX) {
			buf_printf(out, "{\"code\":\"%s\",\"values\":", phrases[inner.phrase].name);
			values_json(&inner, out, depth + 1);
			buf_puts(out, "}");
		} else {
			value_render(value, LANG_EN, text, sizeof(text));
			buf_json(out, text);
		}
	}
	buf_puts(out, "]");
}

void
said_values_json(const struct said *s, struct buf *out)
{
	values_json(s, out, 0);
}

const char *
number_text(char out[24], long long n)
{
	snprintf(out, 24, "%lld", n);
	return out;
}

const char *
quote_text(char out[QUOTE_BYTES], const char *text)
{
	return text_show(out, QUOTE_BYTES, text);
}

const char *
severity_word(enum severity severity)
{
	switch (severity) {
	case SEVERITY_NOTICE:
		return WORD(notice);
	case SEVERITY_BLUE:
		return WORD(blue);
	case SEVERITY_YELLOW:
		return WORD(yellow);
	case SEVERITY_ORANGE:
		return WORD(orange);
	case SEVERITY_RED:
		return WORD(red);
	case SEVERITY_COUNT:
		break;
	}
	assert(!"no severity");
	return "";
}

const char *
tier_word(enum tier tier)
{
	switch (tier) {
	case TIER_COUNTY:
		return WORD(county);
	case TIER_TOWNSHIP:
		return WORD(township);
	case TIER_VILLAGE:
		return WORD(village);
	case TIER_COUNT:
		break;
	}
	assert(!"no tier");
	return "";
}
