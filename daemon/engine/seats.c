/* seats.c -- a person with several seats: of which of his places one text can speak.  One, where it
 * says the same of all of them; else one a place, each answered by a code of its own. */
#include "daemon/engine/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t
distinct_places(const struct pick *picks, size_t count, division_code *out)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		bool known = !picks[i].division;

		for (size_t k = 0; k < found && !known; k++)
			known = out[k] == picks[i].division;
		if (!known)
			out[found++] = picks[i].division;
	}
	return found;
}

static void
add_place(struct told *told, division_code place)
{
	told->places = xrealloc(told->places, (told->place_count + 1) * sizeof(*told->places));
	told->places[told->place_count++] = place;
}

size_t
seats_split(struct planner *p, const struct template *t, const struct pick *picks, size_t count,
	    enum channel channel, struct told **out)
{
	division_code *places = xcalloc(count, sizeof(*places));
	struct text_place all = { .alert = p->alert, .request = p->request, .template = t,
				  .places = places };
	char **said = xcalloc(count, sizeof(*said));
	struct told *told = xcalloc(count, sizeof(*told));
	size_t texts = 0;

	all.place_count = distinct_places(picks, count, places);
	for (size_t i = 0; i < all.place_count || !texts; i++) {
		size_t text = 0;

		if (all.place_count > 1 && !picks->helps)
			said[i] = text_of_place(p->e, &all, i, picks->lang, channel);
		while (text < texts && said[i] && told[text].said &&
		       strcmp(said[i], told[text].said) != 0)
			text++;
		if (text == texts)
			told[texts++] = (struct told){ .picks = picks, .count = count,
						       .helps = picks->helps, .said = said[i] };
		if (i < all.place_count)
			add_place(&told[text], places[i]);
		if (said[i] && said[i] != told[text].said)
			free(said[i]);
	}
	free(said);
	free(places);
	*out = told;
	return texts;
}

void
seats_free(struct told *told, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(told[i].places);
		free(told[i].said);
	}
	free(told);
}

struct codes {				/* what this person's texts of the alert are answered by */
	struct engine *e;
	const struct told *told;
	const char *alert;
	char of_these[CODE_TEXT];	/* of a text about the same places; "" = none */
	bool used[64];
};

static void
on_variant(void *ctx, int64_t id, enum wave_kind kind, const char *code)
{
	struct codes *c = ctx;
	char own[CODE_TEXT];
	division_code *places;
	size_t count;

	if (!code)
		return;
	for (unsigned n = 0; n < sizeof(c->used) && code_of_text(own, c->alert, n); n++)
		c->used[n] |= strcmp(own, code) == 0;
	places = store_variant_places(c->e->store, id, &count);
	if (count == c->told->place_count && count &&
	    memcmp(places, c->told->places, count * sizeof(*places)) == 0)
		snprintf(c->of_these, sizeof(c->of_these), "%s", code);
	free(places);
}

void
seats_code(struct planner *p, struct told *told, size_t texts, enum channel channel)
{
	struct codes c = { .e = p->e, .told = told, .alert = p->alert->code };
	unsigned targets[2], n = 0;

	if (channel != CHANNEL_SMS || told->helps)
		return;			/* a key belongs to the call in which it is pressed */
	/* Of several texts in an earlier step one place may still be silent. */
	if (texts == 1 && (!p->index || store_called_targets(p->e->store, told->picks->contact,
							     p->alert->id, -1, targets, 2) < 2))
		return;
	store_variants_of(p->e->store, p->alert->id, told->picks->contact, false, on_variant, &c);
	while (n < sizeof(c.used) && c.used[n])
		n++;
	if (c.of_these[0])
		snprintf(told->code, sizeof(told->code), "%s", c.of_these);
	else if (texts > 1)
		code_of_text(told->code, p->alert->code, n);
}
