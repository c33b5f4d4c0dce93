/* flight.c -- what is under way on the simulated network: its words, its lot, who it meets, and what
 * comes back.  When things happen is for sim.c and voice.c to say. */
#include "drivers/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double
sim_draw(const struct sim *s, const char *id, unsigned salt)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ (s->seed * 0x9e3779b97f4a7c15ULL + salt);

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 0x100000001b3ULL;
	h ^= h >> 30;
	h *= 0xbf58476d1ce4e5b9ULL;
	h ^= h >> 27;
	h *= 0x94d049bb133111ebULL;
	h ^= h >> 31;
	return (double)(h >> 11) / 9007199254740992.0;
}

struct words *
words_new(const char *text)
{
	struct buf json = { 0 };
	struct words *w;

	buf_json(&json, text);
	w = xmalloc(sizeof(*w) + json.len + 1);
	w->refs = 1;
	memcpy(w->json, json.data, json.len + 1);
	buf_fini(&json);
	return w;
}

void
words_drop(struct words *w)
{
	if (w && --w->refs == 0)
		free(w);
}

struct flight *
flight_new(struct sim *s)
{
	struct flight *f = s->spare;

	if (f)
		s->spare = f->next;
	else
		f = xmalloc(sizeof(*f));
	f->next = NULL;
	f->words = NULL;
	f->keys[0] = '\0';
	return f;
}

void
flight_free(struct sim *s, struct flight *f)
{
	words_drop(f->words);
	f->words = NULL;
	f->next = s->spare;
	s->spare = f;
}

const struct rule *
sim_meet(struct sim *s, const char *to, enum channel channel)
{
	return s->people ? people_meet(s->people, to, channel) : NULL;
}

void
sim_receipt(struct sim *s, const char *id, const char *to, msec ms)
{
	struct flight *f = flight_new(s);

	f->kind = FLIGHT_MESSAGE;
	f->stage = STAGE_RECEIPT;
	snprintf(f->id, sizeof(f->id), "%s", id);
	snprintf(f->to, sizeof(f->to), "%s", to);
	heap_push(&s->echoes, msec_add(s->now, ms), f);
}
