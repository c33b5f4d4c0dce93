/* phone.c -- numbers as written to E.164. */
#include "core/phone.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 20

struct written {
	char digits[DIGITS_MAX + 1];
	size_t count;
	bool plus;
};

/* One character, full-width forms (U+FF01..U+FF5E) folded to ASCII; -1 for anything else. */
static int
next_char(const char **text)
{
	const unsigned char *s = (const unsigned char *)*text;

	if (s[0] < 0x80) {
		*text += 1;
		return s[0];
	}
	if (s[0] == 0xef && (s[1] == 0xbc || s[1] == 0xbd) && s[2] >= 0x80 && s[2] <= 0xbf) {
		*text += 3;
		return (s[1] - 0xbc) * 64 + s[2] - 0x80 + 0x20;
	}
	if (s[0] == 0xe3 && s[1] == 0x80 && s[2] == 0x80) {	/* ideographic space */
		*text += 3;
		return ' ';
	}
	return -1;
}

static int
read_digits(struct written *w, const char *text, struct err *err)
{
	const char *p = text;

	while (*p) {
		int c = next_char(&p);

		if (c == '+' && w->count == 0 && !w->plus)
			w->plus = true;
		else if (c >= '0' && c <= '9' && w->count < DIGITS_MAX)
			w->digits[w->count++] = (char)c;
		else if (c < 0 || !strchr(" -()./", c))
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_unreadable, QUOTE(text));
	}
	w->digits[w->count] = '\0';
	return 0;
}

static int
finish(uint64_t *out, const char *country, const char *rest, const char *text, struct err *err)
{
	char all[2 * DIGITS_MAX + 8];
	size_t len;

	snprintf(all, sizeof(all), "%s%s", country, rest);
	len = strlen(all);
	if (len > 15)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_too_long, QUOTE(text));
	if (len < 8 || all[0] == '0')
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_too_short, QUOTE(text));
	*out = strtoull(all, NULL, 10);
	return 0;
}

/* National forms of the site's country. */
static int
national(uint64_t *out, const struct written *w, const char *text, const struct phone_plan *plan,
	 struct err *err)
{
	const char *d = w->digits;
	char local[DIGITS_MAX + 16];

	if (w->count < 7)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_short_code, QUOTE(text));
	if (d[0] == '0')
		return finish(out, plan->country, d + 1, text, err);
	if (strcmp(plan->country, "86") == 0) {
		if (d[0] == '1' && (w->count == 11 || w->count == 13))
			return finish(out, plan->country, d, text, err);
		if (d[0] == '8' && d[1] == '6' && d[2] == '1' &&
		    (w->count == 13 || w->count == 15))
			return finish(out, "", d, text, err);
		if (w->count > 8)
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_neither, QUOTE(text));
	}
	if (w->count <= 8 && plan->area && plan->area[0]) {
		snprintf(local, sizeof(local), "%.8s%s", plan->area, d);
		return finish(out, plan->country, local, text, err);
	}
	if (w->count <= 8)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_no_area, QUOTE(text));
	return finish(out, plan->country, d, text, err);
}

int
phone_parse(uint64_t *out, const char *text, const struct phone_plan *plan, struct err *err)
{
	struct written w = { .count = 0 };

	if (read_digits(&w, text, err) < 0)
		return -1;
	if (w.plus)
		return finish(out, "", w.digits, text, err);
	if (strncmp(w.digits, "00", 2) == 0)
		return finish(out, "", w.digits + 2, text, err);
	return national(out, &w, text, plan, err);
}

void
phone_format(char out[PHONE_TEXT], uint64_t e164)
{
	snprintf(out, PHONE_TEXT, "+%llu", (unsigned long long)e164);
}

#define TELLING 10000000		/* eight digits */

bool
phone_is_same(uint64_t written, uint64_t e164)
{
	uint64_t beyond = 1;

	while (beyond <= written && beyond <= UINT64_MAX / 10)
		beyond *= 10;
	return written == e164 || (written >= TELLING && e164 % beyond == written);
}

void
phone_mask(char out[PHONE_TEXT], uint64_t e164)
{
	size_t len;

	phone_format(out, e164);
	len = strlen(out);
	for (size_t i = len > 10 ? len - 8 : 3; i + 4 < len; i++)
		out[i] = '*';
}
