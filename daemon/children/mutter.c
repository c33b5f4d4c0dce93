/* mutter.c -- what a child writes to its standard error: line by line to its owner, so many a second.
 * The rest is dropped and counted; a child that mutters without end is read less, and then waits for
 * its own pipe, not gongd for it. */
#include "daemon/children/internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_PER_S 100
#define LINES_BURST 1000
#define REST_MS 50			/* between two looks at one that mutters too much */
#define LAST_BYTES 65536		/* read of one that has ended: why it did may be there */

static void
give(struct child *c)
{
	struct mutter *m = &c->mutter;

	m->line[m->len] = '\0';
	if (!m->len)
		return;
	m->len = 0;
	if (pace_bucket_take(&m->bucket, 1, c->all->now(c->all->now_ctx))) {
		c->ops->muttered(c->owner, m->line);
	} else {
		c->ops->muttered(c->owner, NULL);
		m->too_much = true;
	}
}

/* Bytes that were there; 0: none now, or none any more. */
static size_t
read_some(struct child *c)
{
	struct mutter *m = &c->mutter;
	char chunk[16384];
	ssize_t n = read(m->fd, chunk, sizeof(chunk));

	for (ssize_t i = 0; i < n; i++) {
		if (chunk[i] == '\n')
			give(c);
		else if (m->len < sizeof(m->line) - 1)	/* of a longer line the beginning */
			m->line[m->len++] = chunk[i];
	}
	if (n == 0)
		event_del(m->readable);
	return n > 0 ? (size_t)n : 0;
}

static void
on_muttering(evutil_socket_t fd, short what, void *ctx)
{
	struct child *c = ctx;
	struct timeval rest = { 0, REST_MS * 1000 };

	c->mutter.too_much = false;
	read_some(c);
	if (!c->mutter.too_much)
		return;
	event_del(c->mutter.readable);
	event_add(c->mutter.rested, &rest);
}

static void
on_rested(evutil_socket_t fd, short what, void *ctx)
{
	struct child *c = ctx;

	event_add(c->mutter.readable, NULL);
}

void
mutter_open(struct child *c, int fd)
{
	struct mutter *m = &c->mutter;

	if (m->bucket.per_second <= 0)	/* its first life: the bucket is one for all of them */
		m->bucket = (struct pace_bucket){ LINES_PER_S, LINES_BURST, LINES_BURST,
						  c->all->now(c->all->now_ctx) };
	m->fd = fd;
	m->len = 0;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	m->readable = event_new(c->all->base, fd, EV_READ | EV_PERSIST, on_muttering, c);
	m->rested = event_new(c->all->base, -1, 0, on_rested, c);
	event_add(m->readable, NULL);
}

void
mutter_close(struct child *c)
{
	struct mutter *m = &c->mutter;
	size_t heard = 0, n;

	if (!m->readable)
		return;
	while (heard < LAST_BYTES && (n = read_some(c)))
		heard += n;
	give(c);
	event_free(m->readable);
	event_free(m->rested);
	m->readable = m->rested = NULL;
	close(m->fd);
}
