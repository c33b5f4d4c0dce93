/* phone.h -- telephone numbers as people write them, to E.164 (ITU-T E.164, at most 15 digits).
 * Pure.  A number is kept as its digits in a uint64_t, without the plus sign. */
#ifndef GONG_PHONE_H
#define GONG_PHONE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

struct phone_plan {
	const char *country;	/* country code of the site, "86" */
	const char *area;	/* area code without the trunk 0, "771"; "" if none */
};

/* A country code, alone or as it is dialled or called ("86", "+86", "0086", "CN", "中国"), as its digits; an
 * area code with or without its 0 as what a plan wants.  NULL: it is none.  Borrowed of `text`, or static. */
const char *phone_country(const char *text);
const char *phone_area(const char *text);

#define PHONE_TEXT 24

/* Accepts +E.164, 00-prefixed, national and local forms of the plan's country, with whatever
 * phone_scan.h takes away; for a country 86 plan: 11-digit mobiles (1xx), 13-digit IoT numbers
 * (1xx…), landlines with or without trunk 0 and area code.  Short codes (110, 12379) are refused:
 * gong never calls them.  What is not surely one number is refused, with the remedy; docs/import.md. */
int phone_parse(uint64_t *out, const char *text, const struct phone_plan *, struct err *);
void phone_format(char out[PHONE_TEXT], uint64_t e164);		/* "+8613812341234" */
/* Is it the number as a network writes it, maybe without its country?  Eight digits tell a person. */
bool phone_is_same(uint64_t written, uint64_t e164);
void phone_mask(char out[PHONE_TEXT], uint64_t e164);		/* "+86138****1234" */

#endif
