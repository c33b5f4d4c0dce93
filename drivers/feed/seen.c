/* seen.c -- what stands in seen.h.  In `keep` a mark is 7 characters of 6 bits, that of the address first. */
#include "drivers/feed/seen.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

#define PREFIX "feed1:"
#define UNKNOWN "feed0:"	/* the first look goes on */
#define DIGITS 7

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *
put(char *out, list_mark mark)
{
	for (int i = DIGITS - 1; i >= 0; i--)
		*out++ = digits[mark >> (6 * i) & 63];
	return out;
}

static bool
get(const char *text, list_mark *mark)
{
	*mark = 0;
	for (int i = 0; i < DIGITS; i++) {
		const char *at = text[i] ? strchr(digits, text[i]) : NULL;

		if (!at)
			return false;
		*mark = *mark << 6 | (list_mark)(at - digits);
	}
	return true;
}

static int
ascending(const void *a, const void *b)
{
	list_mark x = *(const list_mark *)a, y = *(const list_mark *)b;

	return (x > y) - (x < y);
}

static void
sort(struct seen *s)
{
	s->sorted = xrealloc(s->sorted, s->count * sizeof(*s->sorted));
	memcpy(s->sorted, s->marks, s->count * sizeof(*s->sorted));
	qsort(s->sorted, s->count, sizeof(*s->sorted), ascending);
}

void
seen_read(struct seen *s, const char *of, const char *kept)
{
	list_mark mark;
	bool known;

	*s = (struct seen){ 0 };
	if (!kept || (strncmp(kept, PREFIX, strlen(PREFIX)) != 0 && strncmp(kept, UNKNOWN, strlen(PREFIX)) != 0))
		return;
	known = kept[4] == '1';
	kept += strlen(PREFIX);
	if (!get(kept, &mark) || mark != list_mark_of(of, strlen(of)))
		return;
	s->known = known;
	s->marks = xcalloc(strlen(kept) / DIGITS + 1, sizeof(*s->marks));
	while (get(kept += DIGITS, &mark))
		s->marks[s->count++] = mark;
	sort(s);
}

void
seen_text(const struct seen *s, const char *of, char out[SEEN_TEXT])
{
	char *to = stpcpy(out, s->known ? PREFIX : UNKNOWN);

	to = put(to, list_mark_of(of, strlen(of)));
	for (size_t i = 0; i < s->count && to + DIGITS < out + SEEN_TEXT; i++)
		to = put(to, s->marks[i]);
	*to = '\0';
}

static bool
is_among(const list_mark *sorted, size_t count, list_mark mark)
{
	return count && bsearch(&mark, sorted, count, sizeof(mark), ascending);
}

bool
seen_has(const struct seen *s, list_mark mark)
{
	return is_among(s->sorted, s->count, mark);
}

void
seen_add(struct seen *s, const list_mark *marks, size_t count)
{
	list_mark *added = xcalloc(count, sizeof(*added));
	list_mark *all = xcalloc(count + s->count, sizeof(*all));
	size_t n = count;

	for (size_t i = 0; i < count; i++)	/* memcpy may not be given nothing */
		all[i] = added[i] = marks[i];
	qsort(added, count, sizeof(*added), ascending);
	for (size_t i = 0; i < s->count && n < SEEN_MAX; i++)
		if (!is_among(added, count, s->marks[i]))
			all[n++] = s->marks[i];
	free(added);
	free(s->marks);
	s->marks = all;
	s->count = n;
	sort(s);
}

void
seen_copy(struct seen *s, const struct seen *from)
{
	*s = (struct seen){ .known = from->known };
	if (from->count)
		seen_add(s, from->marks, from->count);
	s->known = from->known;
}

void
seen_fini(struct seen *s)
{
	free(s->marks);
	free(s->sorted);
	*s = (struct seen){ 0 };
}
