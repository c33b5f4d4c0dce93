/* name_list.c -- what stands in name_list.h. */
#include "core/name_list.h"

#include <stdio.h>
#include <string.h>

#include "core/segment.h"

static const char *const between[LANG_COUNT] = { [LANG_ZH] = "、", [LANG_EN] = ", " };

struct list {
	const char *text;
	enum lang lang;
	size_t names, end;		/* how many are named, and where the last of them ends */
	unsigned long all;
	bool persons;
};

bool
name_is_place(const char *param)
{
	return strcmp(param, "place") == 0 || strcmp(param, "places") == 0 || strncmp(param, "area", 4) == 0;
}

void
name_list_add(struct buf *list, enum lang lang, const char *name)
{
	buf_puts(list, list->len ? between[lang] : "");
	buf_puts(list, name);
}

void
name_list_rest(struct buf *list, enum lang lang, size_t shown, unsigned long all, bool persons)
{
	if (shown >= all)
		return;
	if (lang == LANG_ZH)
		buf_printf(list, "等%lu%s", all, persons ? "人" : "处");
	else
		buf_printf(list, " and %lu more", all - shown);
}

/* Is this the whole rest of the text?  `more` is its number, and %n its end. */
static bool
is_rest(const char *at, const char *form, unsigned long *more)
{
	int end = -1;

	return sscanf(at, form, more, &end) == 1 && end > 0 && !at[end];
}

/* What follows the names, read back; `more` = 0: all of them are named. */
static void
read_rest(struct list *l, unsigned long *more)
{
	for (const char *at = l->text; (at = strstr(at, l->lang == LANG_ZH ? "等" : " and ")); at++) {
		bool persons = is_rest(at, "等%lu人%n", more);

		if (persons || is_rest(at, "等%lu处%n", more) || is_rest(at, " and %lu more%n", more)) {
			l->end = (size_t)(at - l->text);
			l->persons = persons;
			return;
		}
	}
	*more = 0;
	l->end = strlen(l->text);
}

static struct list
read_list(const char *text)
{
	struct list l = { .text = text, .lang = LANG_EN, .names = 1 };
	unsigned long more;

	if (strstr(text, between[LANG_ZH]) || (strstr(text, "等") && !strstr(text, between[LANG_EN])))
		l.lang = LANG_ZH;
	read_rest(&l, &more);
	for (const char *at = text; (at = strstr(at, between[l.lang])) && at < text + l.end; at++)
		l.names++;
	l.all = l.lang == LANG_EN ? l.names + more : more > l.names ? more : l.names;
	return l;
}

/* The first `shown` of its names. */
static void
add_first(struct buf *out, const struct list *l, size_t shown)
{
	const char *end = l->text;

	for (size_t i = 0; i < shown; i++) {
		const char *next = i ? end + strlen(between[l->lang]) : end;

		end = strstr(next, between[l->lang]);
		if (!end || end > l->text + l->end)
			end = l->text + l->end;
	}
	buf_add(out, l->text, (size_t)(end - l->text));
}

bool
name_list_cut(struct buf *out, const char *list, size_t max)
{
	struct list l = read_list(list);
	struct buf one = { 0 };
	bool fits = false;

	for (size_t shown = l.names; shown && !fits; shown--) {
		buf_reset(&one);
		add_first(&one, &l, shown);
		name_list_rest(&one, l.lang, shown, l.all, l.persons);
		fits = utf8_characters(one.data) <= max;
	}
	if (fits)
		buf_puts(out, one.data);
	buf_fini(&one);
	return fits;
}
