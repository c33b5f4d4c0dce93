/* signal_to.c -- numbers that a signal names itself: they stand for the contacts that have them, and for nobody
 * else.  Who would send to any number does not need to know any. */
#include "daemon/engine/signal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 100			/* of one signal */
#define NUMBER_BYTES 40

static void
add_contact(struct engine *e, struct alert_request *r, uint32_t id)
{
	struct person p;

	if (!store_person_by_id(e->store, id, &p))
		return;
	for (size_t i = 0; i < r->contact_count; i++)
		if (strcmp(r->contacts[i], p.ref) == 0)
			return;
	r->contacts = xrealloc(r->contacts, (r->contact_count + 2) * sizeof(*r->contacts));
	r->contacts[r->contact_count++] = xstrdup(p.ref);
	r->contacts[r->contact_count] = NULL;
}

int
engine_signal_to(struct saying *s, struct alert_request *r)
{
	const struct signal_label *label = signal_label_find(s->signal, s->rule->then.to);
	const char *p = label ? label->text : "";
	size_t named = 0;

	for (p += strspn(p, NUMBERS_APART); *p; p += strspn(p, NUMBERS_APART)) {
		size_t len = strcspn(p, NUMBERS_APART), count;
		char number[NUMBER_BYTES];
		uint32_t ids[NUMBER_SHARE_MAX];

		snprintf(number, sizeof(number), "%.*s", (int)(len < sizeof(number) ? len : sizeof(number) - 1), p);
		p += len;
		count = ++named <= NUMBERS_MAX && len < sizeof(number) ? engine_written_number(s->e, number, ids) : 0;
		if (!count) {
			SAY(&s->why, signal_to_stranger, number);
			return -1;
		}
		for (size_t i = 0; i < count; i++)
			add_contact(s->e, r, ids[i]);
	}
	if (!named)
		SAY(&s->why, signal_to_nobody, s->rule->then.to, s->rule->name);
	return named ? 0 : -1;
}
