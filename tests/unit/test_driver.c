/* test_driver.c -- a route whose driver has no process just now: what a reload makes of it. */
#include "tests/unit/unit.h"

#include "core/segment.h"
#include "daemon/routes/internal.h"

struct world {
	struct event_base *base;
	struct children *children;
	struct routes routes;
	struct route_conf conf;
	struct settings settings;
	struct driver *d;
	unsigned losses, gone;
	char reason[2 * SAID_VALUE];		/* of the last loss */
};

static void
submit(void *ctx, struct command *cmd)
{
	struct world *w = ctx;

	if (cmd->kind == CMD_ROUTE_LOST && cmd->lost.reason)
		snprintf(w->reason, sizeof(w->reason), "%s", cmd->lost.reason);
	w->losses += cmd->kind == CMD_ROUTE_LOST;
	w->gone += cmd->kind == CMD_ROUTE_LOST && cmd->lost.gone;
	command_free(cmd);
}

static void
watch(void *ctx, bool on)
{
}

static msec
now(void *ctx)
{
	return 1000;
}

static void
log_nothing(void *ctx, enum log_level level, const char *fmt, ...)
{
}

static struct world *
open_world(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->settings.refs = 1;
	w->base = event_base_new();
	w->children = children_open(w->base, now, w);
	w->conf.name = "r";
	w->conf.driver = "/nowhere/driver";	/* a start of it would be a loss more */
	w->routes = (struct routes){
		.base = w->base, .children = w->children, .drivers = &w->d, .count = 1,
		.ports = { .ctx = w, .submit = submit, .log = log_nothing, .now = now,
			   .watch = watch },
	};
	w->d = driver_new(&w->routes, &w->settings, &w->conf, 7, NULL);
	w->d->begun = true;		/* no gongd before this one left anything with it */
	return w;
}

static void
close_world(struct world *w)
{
	driver_free(w->d);
	children_close(w->children);
	event_base_free(w->base);
	free(w);
}

/* Its next start is near: the route that goes in that moment must not come up once more. */
static void
a_route_that_is_removed_in_its_back_off_never_starts_again(void **state)
{
	struct world *w = open_world();

	child_wake(w->d->child);
	driver_leaves(w->d);
	holds("the engine hears of it", w->gone == 1, "%u times", w->gone);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	holds("and of nothing more", w->losses == 1, "%u losses", w->losses);
	holds("nothing waits to start", child_state(w->d->child) == CHILD_STOPPED, "state %d",
	      (int)child_state(w->d->child));
	close_world(w);
}

static void
a_reason_that_is_too_long_is_cut_but_stays_text(void **state)
{
	struct world *w = open_world();
	struct err err = { .text = "" };

	for (size_t before = 1; before <= 3; before++) {	/* wherever the cut falls */
		char path[700] = "////";

		for (size_t i = before; i + 3 < sizeof(path); i += 3)
			memcpy(path + i, "路", 4);
		w->conf.driver = path;
		child_start(w->d->child);
		holds("it is told", strlen(w->reason) > 200, "%s", w->reason);
		holds("and can be read", utf8_check(w->reason, strlen(w->reason), &err) == 0, "%s",
		      err.text);
	}
	close_world(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_that_is_removed_in_its_back_off_never_starts_again),
		cmocka_unit_test(a_reason_that_is_too_long_is_cut_but_stays_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
