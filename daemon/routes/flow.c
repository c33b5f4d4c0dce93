/* flow.c -- how much a driver may tell, so that one that tells too much delays nobody else.
 * What somebody waits for (inbound, receipts, `done`, digits) is never dropped: a driver of which
 * too much of that waits for the engine is not read for a while.  Of `health`, `keep` and a
 * repeated `ready` only the newest matters.  The rest leads to nothing and is counted.
 * Rejected: one limit for all drivers together, for then the chatty one holds up the others. */
#include "daemon/routes/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define WEIGHT_MAX 4096			/* commands that may wait for the engine: eight turns */
#define WEIGHT_MAX_CHATTY 64		/* … of one that has told too much for 2 s */
#define LATEST_PER_S 5			/* health, keep, ready */
#define LATEST_BURST 50
#define NOISE_PER_S 20			/* lines that lead to nothing */
#define NOISE_BURST 200
#define UNMATCHED_PER_S 500		/* receipts of no message of ours: a shared account's */
#define UNMATCHED_BURST 5000
#define LOG_PER_S 0.2
#define LOG_BURST 10
#define TOLD_PER_S 500			/* everything else but `done` and receipts */
#define EXCESS_AT_ONCE 1000		/* then it is not read until the second is over */
#define REST_MS_MAX 2000
#define UNSAID_TELL_MS MINUTES(1)	/* at most one line so often about lines that were dropped */
#define OVER_S 5			/* an alarm after that */
#define CALM_S 60			/* … which is over after that */

static void
arm(struct event *ev, msec ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(ev, &tv);
}

static unsigned
weight_max(const struct flow *f)
{
	return f->over >= 2 ? WEIGHT_MAX_CHATTY : WEIGHT_MAX;
}

static void
apply(struct driver *d)
{
	child_hold(d->child, d->flow.pressed || d->flow.resting);
}

static void
set_pressed(struct driver *d, bool pressed)
{
	struct routes *r = d->routes;

	if (d->flow.pressed == pressed)
		return;
	d->flow.pressed = pressed;
	r->pressed += pressed ? 1 : (size_t)-1;
	if (r->pressed == pressed)
		r->ports.watch(r->ports.ctx, pressed);
	apply(d);
}

void
flow_look(struct driver *d)
{
	struct flow *f = &d->flow;

	if (f->pressed && origin_weight(f->origin) <= weight_max(f) / 2)
		set_pressed(d, false);
}

static void
hand_over(struct driver *d, struct command *cmd)
{
	struct flow *f = &d->flow;

	command_weighs_on(cmd, f->origin);
	d->routes->ports.submit(d->routes->ports.ctx, cmd);
	if (origin_weight(f->origin) < weight_max(f))
		return;
	set_pressed(d, true);
	flow_look(d);			/* the last turn may have ended before anybody watched it */
}

void
flow_submit(struct driver *d, struct command *cmd)
{
	d->flow.told += cmd->kind != CMD_DONE && cmd->kind != CMD_RECEIPT;
	hand_over(d, cmd);
}

static void
rest(struct driver *d, msec ms)
{
	d->flow.resting = true;
	arm(d->flow.timer, ms < REST_MS_MAX ? ms : REST_MS_MAX);
	apply(d);
}

static void
count_excess(struct driver *d, unsigned long lines)
{
	struct flow *f = &d->flow;

	f->excess += lines;
	f->excess_total += lines;
	if (f->excess > EXCESS_AT_ONCE && !f->resting)
		rest(d, 1000);
}

/* Not the child's own time: that stands still while it is not read. */
static msec
now_of(const struct driver *d)
{
	return d->routes->ports.now(d->routes->ports.ctx);
}

static size_t
slot_of(enum command_kind kind)
{
	return kind == CMD_HEALTH ? 0 : kind == CMD_KEEP ? 1 : 2;
}

void
flow_submit_latest(struct driver *d, struct command *cmd)
{
	struct flow *f = &d->flow;
	struct command **newest = &f->newest[slot_of(cmd->kind)];

	command_free(*newest);
	*newest = NULL;
	if (pace_bucket_take(&f->latest, 1, now_of(d))) {
		hand_over(d, cmd);
		return;
	}
	*newest = cmd;
	if (!f->resting)
		arm(f->timer, 1000 / LATEST_PER_S);
	count_excess(d, 1);
}

void
flow_flush(struct driver *d)
{
	for (size_t i = 0; i < sizeof(d->flow.newest) / sizeof(*d->flow.newest); i++) {
		struct command *cmd = d->flow.newest[i];

		d->flow.newest[i] = NULL;
		if (cmd)
			hand_over(d, cmd);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct driver *d = ctx;

	d->flow.resting = false;
	flow_flush(d);
	apply(d);
}

bool
flow_noise(struct driver *d)
{
	msec now = now_of(d);

	if (!pace_bucket_take(&d->flow.noise, 1, now))
		count_excess(d, 1);
	return pace_bucket_take(&d->flow.log, 1, now);
}

/* Only the engine knows them, after it has run them: what was too much is waited for. */
void
flow_unmatched(struct driver *d, unsigned long receipts)
{
	struct flow *f = &d->flow;
	unsigned long more = receipts - f->receipts_unmatched;

	f->receipts_unmatched = receipts;
	pace_bucket_take(&f->unmatched, 0, now_of(d));
	f->unmatched.tokens -= (double)more;
	if (f->unmatched.tokens >= 0 || !more)
		return;
	if (f->unmatched.tokens < -UNMATCHED_BURST)
		f->unmatched.tokens = -UNMATCHED_BURST;
	f->excess += more;
	f->excess_total += more;
	rest(d, (msec)(-f->unmatched.tokens * 1000 / UNMATCHED_PER_S));
}

/* Its other pipe is read on: what it tells there is no worse for that. */
void
flow_muttered(struct driver *d)
{
	d->flow.excess++;
	d->flow.excess_total++;
	d->flow.unsaid++;
}

static void
report_unsaid(struct driver *d)
{
	struct flow *f = &d->flow;
	msec now = now_of(d);

	if (!f->unsaid || (f->unsaid_told_at && now - f->unsaid_told_at < UNSAID_TELL_MS))
		return;
	d->routes->ports.log(d->routes->ports.ctx, LOG_WARNING, "driver log lines dropped route=%s "
			     "count=%lu", d->conf->name, f->unsaid);
	f->unsaid = 0;
	f->unsaid_told_at = now;
}

static void
tell_engine(struct driver *d, unsigned long lines)
{
	struct command *cmd = command_new(CMD_CHATTY, d->id);

	cmd->chatty.over = d->flow.alarmed;
	cmd->chatty.said = xmalloc(sizeof(*cmd->chatty.said));
	SAY(cmd->chatty.said, alarm_chatty, NUM(lines));
	d->flow.first_word = true;
	hand_over(d, cmd);
}

void
flow_second(struct driver *d)
{
	struct flow *f = &d->flow;
	unsigned long lines = f->told + f->excess;
	bool over = f->excess || f->resting || f->told > TOLD_PER_S;

	f->told = f->excess = 0;
	f->over = over ? f->over + 1 : 0;
	f->calm = over ? 0 : f->calm + 1;
	flow_look(d);
	report_unsaid(d);
	if (over && f->over == OVER_S && !f->alarmed) {
		f->alarmed = true;
		tell_engine(d, lines);
	} else if (f->calm == CALM_S && (f->alarmed || !f->first_word)) {
		f->alarmed = false;	/* also one that stood when gongd last stopped */
		tell_engine(d, lines);
	}
}

void
flow_init(struct driver *d)
{
	msec now = now_of(d);

	d->flow = (struct flow){
		.origin = origin_new(),
		.latest = { LATEST_PER_S, LATEST_BURST, LATEST_BURST, now },
		.noise = { NOISE_PER_S, NOISE_BURST, NOISE_BURST, now },
		.unmatched = { UNMATCHED_PER_S, UNMATCHED_BURST, UNMATCHED_BURST, now },
		.log = { LOG_PER_S, LOG_BURST, LOG_BURST, now },
		.timer = event_new(d->routes->base, -1, 0, on_timer, d),
	};
}

void
flow_fini(struct driver *d)
{
	for (size_t i = 0; i < sizeof(d->flow.newest) / sizeof(*d->flow.newest); i++)
		command_free(d->flow.newest[i]);
	set_pressed(d, false);
	event_free(d->flow.timer);
	origin_let_go(d->flow.origin);
}
