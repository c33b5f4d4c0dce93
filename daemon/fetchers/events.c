/* events.c -- the lines of a child that fetches; what cannot be read is refused and counted. */
#include "daemon/fetchers/internal.h"

#include <string.h>

#include "daemon/contract/said_json.h"

static const char *
string_of(json_t *ev, const char *name)
{
	return json_string_value(json_object_get(ev, name));
}

/* Each returns false for an event that is none. */
static bool
on_signal(struct fetcher *f, json_t *ev)
{
	json_t *documents = json_object_get(ev, "documents");
	const char *id = string_of(ev, "id");

	return id && json_is_array(documents) &&
		offers_add(f, id, string_of(ev, "keep"), json_is_true(json_object_get(ev, "first")),
			   json_incref(documents));
}

/* It has looked, and there was nothing new: its source lives. */
static bool
on_beat(struct fetcher *f, json_t *ev)
{
	return offers_add(f, string_of(ev, "id"), string_of(ev, "keep"), false, NULL);
}

static bool
on_ready(struct fetcher *f, json_t *ev)
{
	if (child_state(f->child) == CHILD_STARTING)
		f->all->ports.log(f->all->ports.ctx, LOG_STORY, "fetcher ready source=%s", f->conf->name);
	child_is_ready(f->child);
	return true;
}

static bool
on_pong(struct fetcher *f, json_t *ev)
{
	json_t *n = json_object_get(ev, "n");

	return json_is_integer(n) && child_ponged(f->child, (unsigned long)json_integer_value(n));
}

static bool
on_fatal(struct fetcher *f, json_t *ev)
{
	char *reason = value_by_driver(json_object_get(ev, "reason"));

	child_leaves(f->child, reason ? reason : WORD(driver_fatal), !json_is_true(json_object_get(ev, "retry")));
	free(reason);
	return true;
}

static bool
on_health(struct fetcher *f, json_t *ev)
{
	health_said(f, json_object_get(ev, "alarms"));
	return true;
}

static const struct {
	const char *name;
	bool (*run)(struct fetcher *, json_t *);
} events[] = {
	{ "signal", on_signal }, { "beat", on_beat }, { "ready", on_ready }, { "pong", on_pong },
	{ "fatal", on_fatal }, { "health", on_health },
};

void
events_line(void *fetcher, char *line, size_t len)
{
	struct fetcher *f = fetcher;
	json_error_t where = { .text = "" };
	json_t *ev = json_loadb(line, len, 0, &where);
	const char *name = string_of(ev, "ev"), *trouble = NULL;
	size_t i, count = sizeof(events) / sizeof(events[0]);

	for (i = 0; name && i < count; i++)
		if (strcmp(events[i].name, name) == 0)
			break;
	if (!name)
		trouble = ev ? "no \"ev\"" : where.text;
	else if (i == count)
		trouble = "no such event";
	else if (!events[i].run(f, ev))
		trouble = "an event without what belongs to it";
	if (trouble && say_may(f))
		f->all->ports.log(f->all->ports.ctx, LOG_WARNING, "fetcher line unreadable source=%s reason=\"%s\"",
				  f->conf->name, trouble);
	if (trouble && i < count)	/* an event of a later version is no garbage */
		child_babbled(f->child);
	json_decref(ev);
}
