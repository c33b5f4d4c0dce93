/* test_flow.c -- how much a driver may tell: what goes to the engine at once, what waits or is
 * replaced, when it is not read, and when somebody is told of it. */
#include "tests/unit/unit.h"

#include "daemon/routes/internal.h"

struct world {
	struct event_base *base;
	struct children *children;
	struct routes routes;
	struct route_conf conf;
	struct settings settings;
	struct driver *d;
	struct command_list told;	/* what reached the engine, and was not run */
	msec now;
	int watched, chatty, calm;
};

static void
submit(void *ctx, struct command *cmd)
{
	struct world *w = ctx;

	if (cmd->kind == CMD_CHATTY)
		*(cmd->chatty.over ? &w->chatty : &w->calm) += 1;
	command_push(&w->told, cmd);
}

static void
watch(void *ctx, bool on)
{
	((struct world *)ctx)->watched = on;
}

static msec
now(void *ctx)
{
	return ((struct world *)ctx)->now;
}

static void
log_nothing(void *ctx, enum log_level level, const char *fmt, ...)
{
}

static struct world *
open_world(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->now = 1000;
	w->settings.refs = 1;
	w->base = event_base_new();
	w->children = children_open(w->base, now, w);
	w->conf.name = "r";
	w->routes = (struct routes){
		.base = w->base, .children = w->children, .drivers = &w->d, .count = 1,
		.ports = { .ctx = w, .submit = submit, .log = log_nothing, .now = now,
			   .watch = watch },
	};
	w->d = driver_new(&w->routes, &w->settings, &w->conf, 7, NULL);
	return w;
}

static void
run_all(struct world *w)		/* the engine takes what waits */
{
	struct command *cmd;

	while ((cmd = command_pop(&w->told)))
		command_free(cmd);
	flow_look(w->d);
}

static void
close_world(struct world *w)
{
	run_all(w);
	driver_free(w->d);
	children_close(w->children);
	event_base_free(w->base);
	free(w);
}

static void
tell(struct world *w, const char *line, unsigned times)
{
	char copy[300];

	for (unsigned i = 0; i < times; i++) {
		snprintf(copy, sizeof(copy), "%s", line);
		events_read(w->d, copy, strlen(copy));
	}
}

static void
seconds(struct world *w, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		w->now += 1000;
		flow_second(w->d);
	}
}

#define INBOUND "{\"ev\":\"inbound\",\"id\":\"a\",\"from\":\"+99910000001\",\"text\":\"1\"}"
#define HEALTH "{\"ev\":\"health\",\"ok\":true}"
#define UNKNOWN "{\"ev\":\"of a later version\"}"

static void
what_waits_for_the_engine_stops_the_reading_and_nothing_is_dropped(void **state)
{
	struct world *w = open_world();

	tell(w, INBOUND, 4095);
	holds("below the limit it is read", !w->d->flow.pressed && !w->watched, "%s", "it is not so");
	tell(w, INBOUND, 1);
	holds("at the limit it is not", w->d->flow.pressed && w->watched, "%s", "it is not so");
	tell(w, INBOUND, 10);
	holds("what had been read goes on", w->told.count == 4106, "%zu", w->told.count);
	for (unsigned i = 0; i < 2000; i++)
		command_free(command_pop(&w->told));
	flow_look(w->d);
	holds("above half of it, still not", w->d->flow.pressed, "%s", "it is not so");
	run_all(w);
	holds("below half of it, again", !w->d->flow.pressed && !w->watched, "%s", "it is not so");
	close_world(w);
}

static void
of_health_only_the_newest_waits(void **state)
{
	struct world *w = open_world();

	tell(w, HEALTH, 50);
	holds("as many as a good driver may say at once", w->told.count == 50, "%zu",
	      w->told.count);
	tell(w, HEALTH, 500);
	holds("the rest waits", w->told.count == 50, "%zu", w->told.count);
	tell(w, "{\"ev\":\"health\",\"ok\":false}", 1);
	tell(w, "{\"ev\":\"keep\",\"state\":\"k\"}", 1);
	run_all(w);
	flow_flush(w->d);
	holds("one of each kind", w->told.count == 2, "%zu", w->told.count);
	holds("the newest", !w->told.first->health.ok, "%s", "it is not so");
	holds("counted", w->d->flow.excess_total == 502, "%lu", w->d->flow.excess_total);
	close_world(w);
}

static void
too_much_for_five_seconds_is_an_alarm_that_calm_ends(void **state)
{
	struct world *w = open_world();

	for (unsigned i = 0; i < 4; i++) {
		tell(w, UNKNOWN, 300);
		seconds(w, 1);
	}
	holds("four seconds are none yet", !w->chatty, "%s", "it is not so");
	tell(w, UNKNOWN, 300);
	seconds(w, 1);
	holds("five are one", w->chatty == 1, "%d", w->chatty);
	for (unsigned i = 0; i < 20; i++) {
		tell(w, UNKNOWN, 300);
		seconds(w, 1);
	}
	holds("and no second one while it lasts", w->chatty == 1, "%d", w->chatty);
	seconds(w, 59);
	holds("it is not over before a minute of calm", !w->calm, "%s", "it is not so");
	seconds(w, 1);
	holds("then it is", w->calm == 1, "%d", w->calm);
	seconds(w, 200);
	holds("once", w->calm == 1, "%d", w->calm);
	close_world(w);
}

static void
one_that_stood_when_gongd_stopped_is_ended_by_calm(void **state)
{
	struct world *w = open_world();

	seconds(w, 60);
	holds("after a minute of calm", w->calm == 1 && !w->chatty, "%s", "it is not so");
	close_world(w);
}

static void
receipts_of_strangers_are_waited_for(void **state)
{
	struct world *w = open_world();

	flow_unmatched(w->d, 5000);
	holds("a burst of a shared account", !w->d->flow.resting, "%s", "it is not so");
	flow_unmatched(w->d, 5100);
	holds("more is read less", w->d->flow.resting, "%s", "it is not so");
	holds("and counted", w->d->flow.excess_total == 100, "%lu", w->d->flow.excess_total);
	flow_unmatched(w->d, 5100);
	seconds(w, 5);
	holds("a rest is too much as well", w->chatty == 1, "%d", w->chatty);
	close_world(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_for_the_engine_stops_the_reading_and_nothing_is_dropped),
		cmocka_unit_test(of_health_only_the_newest_waits),
		cmocka_unit_test(too_much_for_five_seconds_is_an_alarm_that_calm_ends),
		cmocka_unit_test(one_that_stood_when_gongd_stopped_is_ended_by_calm),
		cmocka_unit_test(receipts_of_strangers_are_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
