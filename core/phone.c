/* phone.c -- numbers as written to E.164, by the rules of one country; others are taken as they are. */
#include "core/phone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/phone_scan.h"

#define WHOLE 7				/* digits that are a subscriber's number by themselves */

/* E.164: zones 1 and 7 have one digit; these have two; all others three. */
static size_t
country_length(const char *digits)
{
	static const char two[][3] = {
		"20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
		"47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
		"64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
	};

	if (*digits == '1' || *digits == '7')
		return 1;
	for (size_t i = 0; i < sizeof(two) / sizeof(*two); i++)
		if (strncmp(digits, two[i], 2) == 0)
			return 2;
	return 3;
}

/* May a number go on with 0 behind its country?  Elsewhere that 0 is dialled at home only. */
static bool
keeps_zero(const char *digits)
{
	static const char *const countries[] = { "39", "225", "229", "241", "242", "378", "379" };

	for (size_t i = 0; i < sizeof(countries) / sizeof(*countries); i++)
		if (strncmp(digits, countries[i], strlen(countries[i])) == 0)
			return true;
	return false;
}

static int
finish(uint64_t *out, const char *country, const char *rest, const char *text, struct err *err)
{
	char all[2 * PHONE_DIGITS_MAX + 8];
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

static bool
is_chinese_mobile(const char *d)
{
	return d[0] == '1' && d[1] >= '3' && strlen(d) == 11;
}

/* Behind 86: a mobile, a number of things (13 digits), or an area (10, 2x, three digits) and a landline. */
static bool
is_chinese(const char *d)
{
	size_t len = strlen(d);

	if (d[0] == '1' && d[1] != '0')
		return is_chinese_mobile(d) || len == 13;
	if (d[0] == '1' || d[0] == '2')
		return len == 10;
	return d[0] != '0' && (len == 10 || len == 11);
}

/* A number of the site's country, without that and without its 0. */
static int
own(uint64_t *out, const char *rest, const char *text, const struct phone_plan *plan, struct err *err)
{
	if (*rest == '0' && !keeps_zero(plan->country))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_zero, QUOTE(text));
	if (strcmp(plan->country, "86") == 0 && !is_chinese(rest))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_neither, QUOTE(text));
	return finish(out, plan->country, rest, text, err);
}

/* With its country; a "(0)" or a 0 behind the own country is dialled at home only. */
static int
international(uint64_t *out, const char *digits, size_t zero_at, const char *text,
	      const struct phone_plan *plan, struct err *err)
{
	size_t own_length = strlen(plan->country);
	bool is_own = strncmp(digits, plan->country, own_length) == 0;
	size_t length = is_own ? own_length : country_length(digits);
	const char *rest = strlen(digits) > length ? digits + length : "";

	if (zero_at && (!is_own || zero_at != length || keeps_zero(plan->country)))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_zero, QUOTE(text));
	if (is_own)
		return own(out, rest + (*rest == '0' && !keeps_zero(plan->country)), text, plan, err);
	if (*rest == '0' && !keeps_zero(digits))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_zero, QUOTE(text));
	return finish(out, "", digits, text, err);
}

/* Up to eight digits: a subscriber's number in the site's own area. */
static int
local(uint64_t *out, const char *d, const char *text, const struct phone_plan *plan, struct err *err)
{
	char rest[PHONE_DIGITS_MAX + 16];

	if (!plan->area || !plan->area[0])
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_no_area, QUOTE(text));
	snprintf(rest, sizeof(rest), "%.8s%s", plan->area, d);
	return own(out, rest, text, plan, err);
}

/* Written without + and without 0: a mobile with or without its country, or a number of the area. */
static int
chinese(uint64_t *out, const struct phone_written *w, const char *text, const struct phone_plan *plan,
	struct err *err)
{
	const char *d = w->digits;

	if (w->count <= 8 && d[0] != '1')
		return local(out, d, text, plan, err);
	if (d[0] == '8' && d[1] == '6' && d[2] == '1' && is_chinese(d + 2))
		return finish(out, "", d, text, err);
	if (d[0] == '1' && w->count > 8)
		return own(out, d, text, plan, err);
	return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_neither, QUOTE(text));
}

/* National forms of the site's country. */
static int
national(uint64_t *out, const struct phone_written *w, const char *text, const struct phone_plan *plan,
	 struct err *err)
{
	const char *d = w->digits;
	size_t own_length = strlen(plan->country);
	bool is_own = strncmp(d, plan->country, own_length) == 0;

	if (w->count < WHOLE)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_short_code, QUOTE(text));
	if (w->zero_at)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_zero, QUOTE(text));
	if (d[0] == '0')	/* in countries 1 and 7 no number begins so */
		return plan->country[0] == '1' || strcmp(plan->country, "7") == 0
			       ? err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_zero, QUOTE(text))
			       : own(out, d + !keeps_zero(plan->country), text, plan, err);
	if (strcmp(plan->country, "86") == 0)
		return chinese(out, w, text, plan, err);
	if (w->count <= 8)
		return local(out, d, text, plan, err);
	/* 999123456789 where 999 is the country: with it, or without? */
	if (is_own && w->count - own_length >= WHOLE)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_whose_country, QUOTE(text),
			       plan->country);
	return finish(out, plan->country, d, text, err);
}

/* The digits of the first group that are no subscriber's: 00 and the country. */
static size_t
prefix_length(const struct phone_written *w)
{
	size_t zeros = !w->plus && strncmp(w->digits, "00", 2) == 0 ? 2 : 0;
	size_t all = zeros || w->plus ? zeros + country_length(w->digits + zeros) : 0;

	return all < w->group[0] ? all : w->group[0];
}

/* A short group behind a whole number, or behind a dash where blanks separate the others, is an
 * extension; "1390000-1111" is a mobile of China. */
static bool
has_extension(const struct phone_written *w, size_t whole, const struct phone_plan *plan)
{
	size_t last = w->groups - 1, prefix = prefix_length(w);
	size_t own_digits = w->count - prefix - (!prefix && w->digits[0] == '0');
	size_t few = own_digits > 11 ? 5 : 3;	/* a number so long is most likely two */
	bool blanks = false;

	if (whole < last)
		return !(strcmp(plan->country, "86") == 0 && whole + 1 == last && w->group[last] == 4 &&
			 w->group[whole] - (whole ? 0 : prefix) == 7 && w->count >= 11 &&
			 is_chinese_mobile(w->digits + w->count - 11));
	for (size_t i = w->group[0] == prefix ? 2 : 1; i < last; i++)
		blanks |= !w->dash[i];
	return w->dash[last] && w->group[last] <= few && blanks;
}

/* What the grouping says against one number; -1 refuses. */
static int
check_groups(const struct phone_written *w, const char *text, const struct phone_plan *plan,
	     struct err *err)
{
	size_t whole = 0, behind = 0;

	if (!w->groups)
		return 0;
	while (whole < w->groups && w->group[whole] - (whole ? 0 : prefix_length(w)) < WHOLE)
		whole++;
	for (size_t i = whole + 1; i < w->groups; i++)
		behind += w->group[i];
	if (behind >= WHOLE)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_two, QUOTE(text));
	if (has_extension(w, whole, plan))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), phone_extension, QUOTE(text));
	return 0;
}

int
phone_parse(uint64_t *out, const char *text, const struct phone_plan *plan, struct err *err)
{
	struct phone_written w;

	if (phone_scan(&w, text, err) < 0 || check_groups(&w, text, plan, err) < 0)
		return -1;
	if (w.plus)
		return international(out, w.digits, w.zero_at, text, plan, err);
	if (strncmp(w.digits, "00", 2) == 0)
		return international(out, w.digits + 2, w.zero_at > 2 ? w.zero_at - 2 : w.zero_at, text, plan,
				     err);
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

static bool
is_digits(const char *text, size_t least, size_t most)
{
	size_t len = strspn(text, "0123456789");

	return !text[len] && len >= least && len <= most;
}

/* E.164: 1 and 7 stand alone, the zones have their two-digit codes, all others have three digits. */
static size_t
country_digits(const char *text)
{
	static const char two[] = " 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58"
		" 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 ";
	char code[8];

	if (*text == '1' || *text == '7')
		return 1;
	snprintf(code, sizeof(code), " %.2s ", text);
	return strlen(text) > 1 && strstr(two, code) ? 2 : 3;
}

const char *
phone_country(const char *text)
{
	static const char *const china[] = { "CN", "CHN", "PRC", "China", "中国", "中华人民共和国" };
	const char *digits = text + (*text == '+' ? 1 : strncmp(text, "00", 2) == 0 ? 2 : 0);

	for (size_t i = 0; i < sizeof(china) / sizeof(*china); i++)
		if (strcasecmp(text, china[i]) == 0)
			return "86";
	if (!is_digits(digits, 1, 3) || *digits == '0' || strlen(digits) != country_digits(digits))
		return NULL;
	return digits;
}

const char *
phone_area(const char *text)
{
	const char *digits = text + (*text == '0');

	return is_digits(digits, *text == '0', 5) && *digits != '0' ? digits : NULL;
}
