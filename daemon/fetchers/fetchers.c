/* fetchers.c -- all sources' children together. */
#include "daemon/fetchers/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"

static struct fetcher *
find(const struct fetchers *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->list[i]->conf->name, name) == 0)
			return all->list[i];
	return NULL;
}

static bool
fetches(const struct settings *s, const char *name)
{
	const struct source_conf *c = settings_source(s, name);

	return c && c->fetch;
}

/* Before the rest, while the settings of those that go are still theirs. */
void
fetchers_reload(struct fetchers *all, struct settings *s, char *const *keeps)
{
	for (size_t i = 0; i < all->count; i++)
		if (!fetches(s, all->list[i]->conf->name))
			fetcher_leaves(all->list[i]);
	for (size_t i = 0; i < s->source_count; i++) {
		const struct source_conf *c = &s->sources[i];
		struct fetcher *f = find(all, c->name);

		if (!c->fetch)
			continue;
		if (f) {
			fetcher_takes(f, s, c);
			continue;
		}
		all->list = xrealloc(all->list, (all->count + 1) * sizeof(struct fetcher *));
		all->list[all->count++] = fetcher_new(all, s, c, keeps[i]);
	}
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct fetchers *all = ctx;
	size_t kept = 0;

	for (size_t i = 0; i < all->count; i++)
		if (fetcher_is_gone(all->list[i]))
			fetcher_free(all->list[i]);
		else
			all->list[kept++] = all->list[i];
	all->count = kept;
	for (size_t i = 0; i < all->count; i++)
		health_second(all->list[i]);
}

bool
fetchers_answered(struct fetchers *all, const struct effect *reply)
{
	for (size_t i = 0; i < all->count; i++)
		if (offers_answered(all->list[i], reply))
			return true;
	return reply->reply.to >> 63;	/* one that is gone waited for it */
}

struct fetchers *
fetchers_open(struct event_base *base, struct children *children, struct settings *settings,
	      char *const *keeps, const struct fetchers_ports *ports)
{
	struct fetchers *all = xcalloc(1, sizeof(*all));
	struct timeval second = { 1, 0 };

	*all = (struct fetchers){ .base = base, .children = children, .ports = *ports };
	all->second = event_new(base, -1, EV_PERSIST, on_second, all);
	event_add(all->second, &second);
	fetchers_reload(all, settings, keeps);
	return all;
}

void
fetchers_close(struct fetchers *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->count; i++)
		fetcher_free(all->list[i]);
	event_free(all->second);
	free(all->list);
	free(all);
}
