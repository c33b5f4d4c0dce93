/* shape.c -- numbers in pairs, read strictly: a place that is not what it says calls the wrong village. */
#include "drivers/parse/shape.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"

#define BLANKS " \t\r\n"
#define WORD_MAX 64

/* The next word of a list into `out`; false: there is none, or it is too long to be one. */
static bool
next_word(char out[WORD_MAX], const char **at, const char *between)
{
	size_t len;

	*at += strspn(*at, between);
	len = strcspn(*at, between);
	if (!len || len >= WORD_MAX)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += len;
	return true;
}

static bool
pair(struct signal_point *out, char *word)
{
	char *comma = strchr(word, ',');

	if (!comma)
		return false;
	*comma = '\0';
	return signal_number(&out->lat, word) == 0 && signal_number(&out->lon, comma + 1) == 0;
}

bool
shape_polygon(struct signal *s, struct signal_area *a, const char *text)
{
	size_t room = strlen(text) / 4 + 2, count = 0;
	struct signal_point *points = xcalloc(room, sizeof(*points));
	char word[WORD_MAX];
	bool good = true;

	while (good && next_word(word, &text, BLANKS))
		good = pair(&points[count++], word);
	if (good && !*text && count >= 3 && (points[0].lat != points[count - 1].lat ||
					    points[0].lon != points[count - 1].lon)) {
		points[count] = points[0];
		count++;
	}
	good = good && !*text && signal_ring_add(s, a, points, count);
	free(points);
	return good;
}

bool
shape_circle(struct signal *s, struct signal_area *a, const char *text)
{
	char word[WORD_MAX], radius[WORD_MAX], rest[WORD_MAX];
	struct signal_circle c;

	return next_word(word, &text, BLANKS) && next_word(radius, &text, BLANKS) &&
	       !next_word(rest, &text, BLANKS) && !*text && pair(&c.centre, word) &&
	       signal_number(&c.radius_km, radius) == 0 && signal_circle_add(s, a, c);
}

/* GB/T 2260 and what bureaus call it. */
static bool
is_division_scheme(const char *scheme)
{
	static const char *const names[] = { "", "division", "gong:division", "adcode", "geocode" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(scheme, names[i]) == 0)
			return true;
	return strstr(scheme, "2260") || strstr(scheme, "行政区划");
}

void
shape_codes(struct signal *s, struct signal_area *a, const char *scheme, const char *text)
{
	char word[WORD_MAX];

	if (!is_division_scheme(scheme)) {
		signal_code_add(s, a, scheme, text);
		return;
	}
	while (next_word(word, &text, BLANKS ",;"))
		signal_code_add(s, a, "", word);
	s->cut += *text != '\0';	/* what is longer than any code */
}
