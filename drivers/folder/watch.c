/* watch.c -- which files are whole.  inotify says when a writer has closed one or moved it here; a look at
 * all names finds those that nobody told of: written before we ran, over a network, or too many at once. */
#include "drivers/folder/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define STABLE_MS 2000			/* as it is for so long, and nobody told of it */
#define OPEN_MS 60000			/* … somebody writes it, as far as we heard */
#define EMPTY_MS 10000			/* … an empty one: it was made to be filled */
#define SEEN_MAX 20000			/* names; more are looked at when these are gone */

static bool
ends_with(const char *name, const char *tail)
{
	size_t n = strlen(name), m = strlen(tail);

	return n >= m && strcmp(name + n - m, tail) == 0;
}

/* Names that programs give to what they have not finished. */
bool
watch_is_name(const char *name)
{
	return *name != '.' && !ends_with(name, "~") && !ends_with(name, ".tmp") && !ends_with(name, ".part") &&
		!ends_with(name, ".LOCK") && strcmp(name, "work") != 0 && strcmp(name, "done") != 0 &&
		strcmp(name, "failed") != 0;
}

void
watch_open(struct watch *w, const char *path)
{
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd >= 0 && inotify_add_watch(w->fd, path, IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE |
					    IN_MOVED_TO | IN_ONLYDIR) < 0) {
		close(w->fd);
		w->fd = -1;
	}
}

static struct seen *
seen_of(struct watch *w, const char *name)
{
	uint64_t key = table_key(name);
	struct seen *s = table_get(&w->seen, key);

	if (!s && w->seen.count < SEEN_MAX) {
		s = xcalloc(1, sizeof(*s));
		s->name = key;
		s->size = -1;
		table_put(&w->seen, key, s);
	}
	return s;
}

static void
take_event(struct watch *w, const struct inotify_event *ev)
{
	struct seen *s;

	if (!ev->len || !watch_is_name(ev->name) || ev->mask & IN_ISDIR)
		return;
	s = seen_of(w, ev->name);
	if (!s)
		return;
	s->closed = ev->mask & (IN_CLOSE_WRITE | IN_MOVED_TO);
	s->open = !s->closed;
}

bool
watch_read(struct watch *w)
{
	bool closed = false;
	char chunk[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while (w->fd >= 0 && (n = read(w->fd, chunk, sizeof(chunk))) > 0)
		for (char *p = chunk; p < chunk + n;) {
			const struct inotify_event *ev = (const struct inotify_event *)p;

			take_event(w, ev);
			closed |= ev->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_Q_OVERFLOW);
			p += sizeof(*ev) + ev->len;
		}
	return closed;
}

static void
begin_one(void *ctx, uint64_t key, void *value)
{
	((struct seen *)value)->looked_at = false;
}

void
watch_begin(struct watch *w)
{
	table_each(&w->seen, begin_one, NULL);
}

bool
watch_is_whole(struct watch *w, const char *name, const struct stat *st, msec now)
{
	struct seen *s = seen_of(w, name);
	msec as_it_is;

	if (!s)
		return false;
	s->looked_at = true;
	if (s->size != st->st_size || s->changed.tv_sec != st->st_mtim.tv_sec ||
	    s->changed.tv_nsec != st->st_mtim.tv_nsec) {
		s->size = st->st_size;
		s->changed = st->st_mtim;
		s->since = now;
	}
	as_it_is = now - s->since;
	if (as_it_is < 0)
		s->since = now;		/* the clock stepped */
	if (!st->st_size)
		return as_it_is >= EMPTY_MS;
	return s->closed || as_it_is >= (s->open ? OPEN_MS : STABLE_MS);
}

struct gone {
	uint64_t keys[256];
	size_t count;
};

static void
find_gone(void *ctx, uint64_t key, void *value)
{
	struct gone *gone = ctx;

	if (!((struct seen *)value)->looked_at && gone->count < 256)
		gone->keys[gone->count++] = key;
}

void
watch_end(struct watch *w)
{
	struct gone gone = { .count = 0 };

	table_each(&w->seen, find_gone, &gone);
	for (size_t i = 0; i < gone.count; i++)
		free(table_take(&w->seen, gone.keys[i]));
}

void
watch_forget(struct watch *w, const char *name)
{
	free(table_take(&w->seen, table_key(name)));
}

void
watch_fini(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	table_fini(&w->seen, free);
}
