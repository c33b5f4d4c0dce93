/* signal.c -- a signal's parts, each within its bounds however hostile the sender. */
#include "core/signal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/number.h"
#include "core/phrase.h"

static const char *const acts[] = {
#define A(name, text) text,
	SIGNAL_ACTS(A)
#undef A
};
static const char *const modes[] = {
#define M(name, text) text,
	SIGNAL_MODES(M)
#undef M
};

const char *
signal_act_name(enum signal_act act)
{
	return acts[act];
}

const char *
signal_mode_name(enum signal_mode mode)
{
	return modes[mode];
}

static int
word_find(const char *const *words, int count, const char *word)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

int
signal_act_parse(const char *word)
{
	return word_find(acts, SIGNAL_ACT_COUNT, word);
}

int
signal_mode_parse(const char *word)
{
	return word_find(modes, SIGNAL_MODE_COUNT, word);
}

void
signal_init(struct signal *s)
{
	*s = (struct signal){ .severity = -1 };
}

static void
area_fini(struct signal_area *a)
{
	free(a->name);
	for (size_t i = 0; i < a->code_count; i++) {
		free(a->codes[i].scheme);
		free(a->codes[i].value);
	}
	for (size_t i = 0; i < a->ring_count; i++)
		free(a->rings[i].points);
	free(a->codes);
	free(a->rings);
	free(a->circles);
}

void
signal_fini(struct signal *s)
{
	free(s->ref);
	for (size_t i = 0; i < s->ref_count; i++)
		free(s->refs[i]);
	free(s->refs);
	free(s->kind);
	for (size_t i = 0; i < s->area_count; i++)
		area_fini(&s->areas[i]);
	free(s->meant);
	free(s->areas);
	for (int lang = 0; lang < LANG_COUNT; lang++) {
#define T(name) free(s->texts[lang].name);
		SIGNAL_TEXTS(T)
#undef T
	}
	for (size_t i = 0; i < s->label_count; i++) {
		free(s->labels[i].name);
		free(s->labels[i].text);
	}
	free(s->labels);
	free(s->callback);
	signal_init(s);
}

void
signals_free(struct signal *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		signal_fini(&list[i]);
	free(list);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n';
}

/* Control characters become blanks, a tab too, but a line's end stays; blanks at both ends go. */
static char *
tidy(const char *text, size_t max, bool *was_cut)
{
	size_t len = strlen(text), from = 0;
	char *out;

	*was_cut = len > max;
	if (*was_cut)
		for (len = max; len && ((unsigned char)text[len] & 0xc0) == 0x80;)
			len--;
	out = xstrndup(text, len);
	text_mend(out);
	for (char *p = out; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\n') || *p == 0x7f)
			*p = ' ';
	len = strlen(out);
	while (len && is_blank(out[len - 1]))
		len--;
	while (from < len && is_blank(out[from]))
		from++;
	memmove(out, out + from, len - from);
	out[len - from] = '\0';
	return out;
}

void
signal_set(struct signal *s, char **field, const char *text, size_t max)
{
	bool was_cut = false;
	char *fresh = text ? tidy(text, max, &was_cut) : NULL;

	s->cut += was_cut;
	free(*field);
	*field = fresh;
	if (fresh && !*fresh) {
		free(fresh);
		*field = NULL;
	}
}

static char **
text_field(struct signal_texts *t, const char *name)
{
#define T(field) \
	if (strcmp(name, #field) == 0) \
		return &t->field;
	SIGNAL_TEXTS(T)
#undef T
	return NULL;
}

bool
signal_text_set(struct signal *s, enum lang lang, const char *name, const char *text)
{
	char **field = text_field(&s->texts[lang], name);

	if (field)
		signal_set(s, field, text, SIGNAL_TEXT_MAX);
	return field;
}

const char *
signal_text(const struct signal *s, enum lang lang, const char *name)
{
	struct signal_texts t = s->texts[lang];
	char **field = text_field(&t, name);

	return field ? *field : NULL;
}

int
signal_number(double *out, const char *text)
{
	bool minus = *text == '-';

	if (decimal_parse(out, text + minus, 0, 1e15) < 0)
		return -1;
	if (minus)
		*out = -*out;
	return 0;
}

/* One more place in a list; NULL: it is full. */
#define GROW(s, list, count, most) \
	((count) >= (most) ? (++(s)->cut, NULL) \
	 : ((list) = xrealloc((list), ((count) + 1) * sizeof(*(list))), \
	    memset(&(list)[count], 0, sizeof(*(list))), &(list)[(count)++]))

/* Two names may be one after mending. */
void
signal_label(struct signal *s, const char *given, const char *text)
{
	struct signal_label *l;
	char *name = NULL;

	signal_set(s, &name, given, SIGNAL_NAME_MAX);
	if (!name || !text) {
		free(name);
		return;
	}
	l = (struct signal_label *)signal_label_find(s, name);
	if (!l && !(l = GROW(s, s->labels, s->label_count, SIGNAL_LABELS_MAX))) {
		free(name);
		return;
	}
	free(l->name);
	l->name = name;
	signal_set(s, &l->text, text, SIGNAL_LABEL_MAX);
	if (!l->text) {			/* nothing was left of it */
		free(l->name);
		free(l->text);
		memmove(l, l + 1, (size_t)(s->labels + s->label_count - l - 1) * sizeof(*l));
		s->label_count--;
		return;
	}
	l->is_number = signal_number(&l->value, l->text) == 0;
}

const struct signal_label *
signal_label_find(const struct signal *s, const char *name)
{
	for (size_t i = 0; i < s->label_count; i++)
		if (strcmp(s->labels[i].name, name) == 0)
			return &s->labels[i];
	return NULL;
}

void
signal_ref_add(struct signal *s, const char *ref)
{
	char **place, *fresh = NULL;

	signal_set(s, &fresh, ref, SIGNAL_REF_MAX);
	if (!fresh)
		return;
	place = GROW(s, s->refs, s->ref_count, SIGNAL_REFS_MAX);
	if (place)
		*place = fresh;
	else
		free(fresh);
}

void
signal_meant_add(struct signal *s, division_code code)
{
	division_code *place = GROW(s, s->meant, s->meant_count, SIGNAL_CODES_MAX);

	if (place)
		*place = code;
}

struct signal_area *
signal_area_add(struct signal *s, const char *name)
{
	struct signal_area *a = GROW(s, s->areas, s->area_count, SIGNAL_AREAS_MAX);

	if (a)
		signal_set(s, &a->name, name, SIGNAL_LABEL_MAX);
	return a;
}

static size_t
codes_of_all(const struct signal *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->area_count; i++)
		count += s->areas[i].code_count;
	return count;
}

static size_t
points_of_all(const struct signal *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->area_count; i++) {
		count += s->areas[i].circle_count;
		for (size_t k = 0; k < s->areas[i].ring_count; k++)
			count += s->areas[i].rings[k].count;
	}
	return count;
}

void
signal_code_add(struct signal *s, struct signal_area *a, const char *scheme, const char *value)
{
	struct signal_code code = { 0 }, *place;

	signal_set(s, &code.value, value, SIGNAL_LABEL_MAX);
	signal_set(s, &code.scheme, scheme, SIGNAL_NAME_MAX);
	if (!code.scheme)
		code.scheme = xstrdup("");
	if (code.value && codes_of_all(s) < SIGNAL_CODES_MAX) {
		place = GROW(s, a->codes, a->code_count, SIGNAL_CODES_MAX);
		assert(place);		/* an area has no more than all of them */
		*place = code;
		return;
	}
	s->cut += code.value != NULL;
	free(code.value);
	free(code.scheme);
}

static bool
is_on_earth(const struct signal_point *p)
{
	return p->lat >= -90 && p->lat <= 90 && p->lon >= -180 && p->lon <= 180;
}

bool
signal_ring_add(struct signal *s, struct signal_area *a, const struct signal_point *points,
		size_t count)
{
	struct signal_ring *ring;

	if (count < 4 || points[0].lat != points[count - 1].lat ||
	    points[0].lon != points[count - 1].lon)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!is_on_earth(&points[i]))
			return false;
	if (points_of_all(s) + count > SIGNAL_POINTS_MAX) {
		s->cut++;
		return false;
	}
	ring = GROW(s, a->rings, a->ring_count, SIGNAL_POINTS_MAX);
	assert(ring);
	ring->points = xcalloc(count, sizeof(*points));
	memcpy(ring->points, points, count * sizeof(*points));
	ring->count = count;
	return true;
}

bool
signal_circle_add(struct signal *s, struct signal_area *a, struct signal_circle circle)
{
	struct signal_circle *place;

	if (!is_on_earth(&circle.centre) || !(circle.radius_km >= 0) || circle.radius_km > 20040)
		return false;
	if (points_of_all(s) >= SIGNAL_POINTS_MAX) {
		s->cut++;
		return false;
	}
	place = GROW(s, a->circles, a->circle_count, SIGNAL_POINTS_MAX);
	assert(place);
	*place = circle;
	return true;
}
