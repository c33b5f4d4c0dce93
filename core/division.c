/* division.c -- division codes as padded numbers. */
#include "core/division.h"

#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define TOWNSHIP_UNIT 1000LL
#define COUNTY_UNIT 1000000LL

int
division_parse(division_code *out, const char *text, struct err *err)
{
	const char *p = text;
	division_code code = 0;
	unsigned digits = 0;

	while (*p && digits < 13) {
		size_t len;
		int digit = digit_at(p, &len);

		if (digit < 0)
			break;
		p += len;
		code = code * 10 + digit;
		digits++;
	}
	if (*p || (digits != 6 && digits != 9 && digits != 12) || code == 0)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), code_unreadable, QUOTE(text));
	for (; digits < 12; digits++)
		code *= 10;
	if (code < 100000 * COUNTY_UNIT)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), code_zero, QUOTE(text));
	*out = code;
	return 0;
}

enum tier
division_tier(division_code code)
{
	if (code % COUNTY_UNIT == 0)
		return TIER_COUNTY;
	return code % TOWNSHIP_UNIT == 0 ? TIER_TOWNSHIP : TIER_VILLAGE;
}

void
division_format(char out[DIVISION_TEXT], division_code code)
{
	switch (division_tier(code)) {
	case TIER_COUNTY:
		code /= COUNTY_UNIT;
		break;
	case TIER_TOWNSHIP:
		code /= TOWNSHIP_UNIT;
		break;
	case TIER_VILLAGE:
	case TIER_COUNT:
		break;
	}
	snprintf(out, DIVISION_TEXT, "%lld", (long long)(code % 1000000000000LL));
}

struct division_range
division_range(division_code code)
{
	switch (division_tier(code)) {
	case TIER_COUNTY:
		return (struct division_range){ code, code + COUNTY_UNIT - 1 };
	case TIER_TOWNSHIP:
		return (struct division_range){ code, code + TOWNSHIP_UNIT - 1 };
	case TIER_VILLAGE:
	case TIER_COUNT:
		break;
	}
	return (struct division_range){ code, code };
}

division_code
division_ancestor(division_code code, enum tier tier)
{
	if (tier == TIER_COUNTY)
		return code - code % COUNTY_UNIT;
	if (tier == TIER_TOWNSHIP && division_tier(code) == TIER_VILLAGE)
		return code - code % TOWNSHIP_UNIT;
	return code;
}

bool
division_contains(division_code outer, division_code inner)
{
	struct division_range range = division_range(outer);

	return inner >= range.first && inner <= range.last;
}
