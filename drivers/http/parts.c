/* parts.c -- long replies travel in parts, which some providers push one by one: one is read when all of
 * it is here. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"

#define JOIN_MS MINUTES(2)		/* then the missing part will not come */

static unsigned
next_number(const char **text)
{
	unsigned number = 0;

	while (**text && !isdigit((unsigned char)**text))
		++*text;
	for (; isdigit((unsigned char)**text); ++*text)
		number = number < 100000 ? number * 10 + (unsigned)(**text - '0') : number;
	return number;
}

void
parts_read(struct part *p, const char *part, const char *of)
{
	if (part) {
		p->part = next_number(&part);
		p->of = next_number(&part);
	}
	if (of)
		p->of = next_number(&of);
}

static void
joint_free(struct http *h, struct joint *j)
{
	TAILQ_REMOVE(&h->parts.joints, j, link);
	for (unsigned i = 0; i < KEEP_PARTS_MAX; i++)
		free(j->texts[i]);
	free(j);
}

static void
set_timer(struct http *h)
{
	const struct joint *j;
	msec next = NEVER;

	TAILQ_FOREACH(j, &h->parts.joints, link)
		next = msec_min(next, j->until);
	timer_at(&h->parts.timer, next);
}

/* A part that is not here is shown as missing: nobody must take the rest for the whole. */
static void
tell(struct http *h, struct joint *j)
{
	struct buf text = { 0 };

	for (unsigned i = 0; i < j->of; i++)
		buf_puts(&text, j->texts[i] ? j->texts[i] : "[…]");
	kit_inbound(h->kit, j->id, j->from, text.data ? text.data : "", kit_now());
	h->parts.joined[h->parts.joined_count++ % JOINED_MAX] = table_key(j->key);
	buf_fini(&text);
	joint_free(h, j);
}

static bool
is_whole(const struct joint *j)
{
	for (unsigned i = 0; i < j->of; i++)
		if (!j->texts[i])
			return false;
	return true;
}

static bool
is_joined(const struct http *h, const char *key)
{
	for (size_t i = 0; i < JOINED_MAX; i++)
		if (h->parts.joined[i] == table_key(key))
			return true;
	return false;
}

static struct joint *
joint_of(struct http *h, const char *key)
{
	struct joint *j;

	TAILQ_FOREACH(j, &h->parts.joints, link)
		if (strcmp(j->key, key) == 0)
			return j;
	return NULL;
}

void
parts_join(struct http *h, const struct part *p, const char *id, const char *from, const char *text)
{
	struct joint *j;
	char key[sizeof(j->key)];

	snprintf(key, sizeof(key), "%s %s", from, p->what);
	if (p->of < 2 || p->of > KEEP_PARTS_MAX || !p->part || p->part > p->of) {
		told_inbound(h, id, from, text);
		return;
	}
	j = joint_of(h, key);
	if (!j && is_joined(h, key))
		return;			/* pushed again */
	while (!keep_has_room(h, strlen(text) * 2) && TAILQ_FIRST(&h->parts.joints) &&
	       TAILQ_FIRST(&h->parts.joints) != j)
		tell(h, TAILQ_FIRST(&h->parts.joints));
	if (!j) {
		j = xcalloc(1, sizeof(*j));
		*j = (struct joint){ .of = p->of, .until = timer_now() + JOIN_MS };
		snprintf(j->key, sizeof(j->key), "%s", key);
		snprintf(j->from, sizeof(j->from), "%s", from);
		snprintf(j->id, sizeof(j->id), "%s", id);
		TAILQ_INSERT_TAIL(&h->parts.joints, j, link);
	}
	if (p->part > j->of)
		return;
	told_owe(h, j->id);		/* it is told with the whole */
	free(j->texts[p->part - 1]);
	j->texts[p->part - 1] = xstrdup(text);
	if (is_whole(j))
		tell(h, j);
	keep_write(h);
	set_timer(h);
}

static void
on_due(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;
	struct joint *j, *next;
	bool told = false;

	for (j = TAILQ_FIRST(&h->parts.joints); j; j = next) {
		next = TAILQ_NEXT(j, link);
		if (j->until > timer_now())
			continue;
		tell(h, j);
		told = true;
	}
	if (told)
		keep_write(h);
	set_timer(h);
}

void
parts_init(struct http *h)
{
	struct joint *j;

	event_assign(&h->parts.timer, kit_base(h->kit), -1, 0, on_due, h);
	TAILQ_FOREACH(j, &h->parts.joints, link)	/* from before a restart */
		j->until = timer_now() + JOIN_MS;
	set_timer(h);
}

/* What waits is with gongd, and comes back at the next open. */
void
parts_fini(struct http *h)
{
	event_del(&h->parts.timer);
	while (!TAILQ_EMPTY(&h->parts.joints))
		joint_free(h, TAILQ_FIRST(&h->parts.joints));
}
