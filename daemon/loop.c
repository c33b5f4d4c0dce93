/* loop.c -- one libevent loop: requests and driver events down, effects up, signals, clock. */
#include "daemon/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "daemon/bridge.h"
#include "daemon/children/children.h"
#include "daemon/fetchers/fetchers.h"
#include "daemon/heard.h"
#include "daemon/hooks/hooks.h"
#include "daemon/log.h"
#include "daemon/parse/parse.h"
#include "daemon/routes/routes.h"
#include "daemon/settings/source.h"
#include "daemon/store/signals.h"
#include "daemon/watch.h"
#include "daemon/web/web.h"

#define CLOCK_STEP_MS 2000		/* a smaller difference is slew, not a step */
#define STUCK_MS 15000			/* no turn for so long: not ready */
#define STOP_GRACE_MS 3000		/* killed at 4 s: the last commit is on disk within 5 */

struct loop {
	struct settings *settings;
	struct event_base *base;
	struct bridge *bridge;
	struct children *children;
	struct watch *watch;
	struct routes *routes;
	struct fetchers *fetchers;
	struct parser *parser;
	struct hooks *hooks;
	struct web *web;
	struct event *up, *second, *term, *interrupt, *hangup;
	struct effect_list effects;	/* came up, not yet carried out */
	struct effect_list spent;	/* carried out, not yet given back */
	msec clock_offset_ms;		/* wall minus monotonic, as last seen */
	bool was_full, was_failing, was_bare;
	struct watch_state store_state;	/* as it was told last */
};

static void
notify_systemd(const char *words)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (*path == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&to,
		      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

/* -- how web and routes reach the rest -- */

static msec
port_now(void *ctx)
{
	return bridge_now(((struct loop *)ctx)->bridge);
}

static msec
port_monotonic(void *ctx)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
port_urgent(void *ctx, struct command *cmd)
{
	bridge_urgent(((struct loop *)ctx)->bridge, cmd);
}

static void
port_watch(void *ctx, bool on)
{
	bridge_watch(((struct loop *)ctx)->bridge, on);
}

/* What the engine has done with what drivers told. */
static void
look_at_routes(struct loop *l, const struct bridge_state *s)
{
	for (size_t i = 0; i < ROUTES_MAX && s->stats.routes[i].id; i++)
		routes_counted(l->routes, s->stats.routes[i].id,
			       s->stats.routes[i].receipts_unmatched,
			       s->stats.routes[i].alarms_folded);
	routes_look(l->routes);
}

/* What would be accepted now is gone after the next stop. */
static void
refuse_new(struct loop *l, struct command *cmd)
{
	struct err err;

	err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), not_ready, NEST(&l->store_state.moved_why));
	web_reply_refusal(l->web, cmd->reply_to, &err, NULL);
	command_free(cmd);
}

static bool
port_submit(void *ctx, struct command *cmd)
{
	struct loop *l = ctx;

	if (command_lane(cmd->kind) == LANE_BULK && l->store_state.moved) {
		refuse_new(l, cmd);
		return true;
	}
	if (command_lane(cmd->kind) == LANE_BULK)
		return bridge_bulk(l->bridge, cmd);
	port_urgent(l, cmd);
	return true;
}

/* What was fetched is offered again: nobody else has to hear that it could not be taken. */
static bool
port_fetched(void *ctx, struct command *cmd)
{
	struct loop *l = ctx;

	return !l->store_state.moved && bridge_bulk(l->bridge, cmd);
}

static bool
port_read(void *ctx, struct read_query *q)
{
	return bridge_read(((struct loop *)ctx)->bridge, q);
}

static int
port_parse(void *ctx, const struct parse_ask *ask, parsed_fn fn, void *fn_ctx, struct err *err)
{
	return parser_ask(((struct loop *)ctx)->parser, ask, fn, fn_ctx, err);
}

/* No connection of the API has this id, and the events have the one after it (web/internal.h). */
#define SHAPES_READ (UINT64_MAX - 1)

static bool
port_shapes(void *ctx, int64_t generation, const char *after)
{
	struct read_query *q = xcalloc(1, sizeof(*q));

	q->what = READ_SHAPES;
	q->reply_to = SHAPES_READ;
	q->alert = generation;
	snprintf(q->after, sizeof(q->after), "%s", after);
	if (bridge_read(((struct loop *)ctx)->bridge, q))
		return true;
	free(q);
	return false;
}

static bool
port_callback(void *ctx, const struct web_callback *cb)
{
	struct loop *l = ctx;

	return routes_callback(l->routes, cb->route, cb->reply_to, cb->method, cb->path, cb->query,
			       cb->headers, cb->body, cb->body_len);
}

static void
port_state(void *ctx, struct web_state *out)
{
	struct loop *l = ctx;
	static struct bridge_state state;
	static struct watch_state store;

	bridge_state(l->bridge, &state);
	watch_state(l->watch, &store);
	*out = (struct web_state){ .ready = state.working && !state.disk_full &&
				   !store.moved && !store.damaged && !state.stats.faults &&
				   state.last_turn_ago_ms < STUCK_MS,
				   .disk_full = state.disk_full,
				   .commits = state.stats.commits };
	if (store.moved)
		out->why_not = store.moved_why;
	else if (store.damaged)
		out->why_not = store.damaged_why;
	else if (state.disk_full)
		SAY(&out->why_not, disk_full);
	else if (!state.working)
		out->why_not = state.why_not.said;
	else if (state.last_turn_ago_ms >= STUCK_MS)
		SAY(&out->why_not, engine_stuck);
	else if (state.stats.faults)
		SAY(&out->why_not, engine_faults, NUM(state.stats.faults));
}

static void
port_metrics(void *ctx, struct buf *out)
{
	struct loop *l = ctx;
	struct bridge_state s;

	bridge_state(l->bridge, &s);
#define COUNTER(name, value) \
	buf_printf(out, "# TYPE gong_" name " counter\ngong_" name " %lu\n", value)
#define GAUGE(name, value) \
	buf_printf(out, "# TYPE gong_" name " gauge\ngong_" name " %lu\n", (unsigned long)(value))
	COUNTER("turns_total", s.stats.turns);
	COUNTER("commits_total", s.stats.commits);
	COUNTER("statements_total", s.stats.statements);
	COUNTER("alerts_accepted_total", s.stats.accepts);
	COUNTER("alerts_repeated_total", s.stats.repeats);
	COUNTER("messages_claimed_total", s.stats.claims);
	COUNTER("messages_sent_total", s.stats.sent);
	COUNTER("messages_delivered_total", s.stats.delivered);
	COUNTER("messages_failed_total", s.stats.failed);
	COUNTER("messages_uncertain_total", s.stats.uncertain);
	COUNTER("receipts_unmatched_total", s.stats.receipts_unmatched);
	COUNTER("inbound_unmatched_total", s.stats.inbound_unmatched);
	GAUGE("commands_urgent_waiting", s.urgent);
	GAUGE("commands_bulk_waiting", s.bulk);
	GAUGE("engine_working", s.working);
	GAUGE("disk_full", s.disk_full);
	GAUGE("faults_open", s.stats.faults);
#undef COUNTER
#undef GAUGE
	routes_metrics(l->routes, out);
	hooks_metrics(l->hooks, out);
}

static void
port_reply(void *ctx, uint64_t to, int status, const char *type, const char *body)
{
	web_reply(((struct loop *)ctx)->web, to, status, type, body);
}

static void
port_refuse(void *ctx, uint64_t to, const struct err *err)
{
	web_reply_refusal(((struct loop *)ctx)->web, to, err, NULL);
}

static void
port_log(void *ctx, enum log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_line(level, "%s", text);
}

static void
tell_desk(struct loop *l, const char *kind, const struct said *said)
{
	struct command *cmd = command_new(CMD_TROUBLE, -1);

	cmd->by.kind = PRINCIPAL_GONG;
	cmd->trouble.kind = kind;
	if (said) {
		cmd->trouble.said = xmalloc(sizeof(*said));
		*cmd->trouble.said = *said;
	}
	bridge_urgent(l->bridge, cmd);
}

static void
port_parse_trouble(void *ctx, const struct said *said)
{
	tell_desk(ctx, "parse", said);
}

/* -- what comes up -- */

static void
take_settings(struct loop *l, const struct effect *f)
{
	struct settings *fresh = f->in_force.settings;
	char *url = settings_base_url(fresh, web_port(l->web));

	bridge_settings(l->bridge, fresh);
	routes_reload(l->routes, fresh, f->in_force.ids, f->in_force.keeps, url);
	parser_reload(l->parser, fresh);
	fetchers_reload(l->fetchers, fresh, f->in_force.source_keeps);
	free(url);
	hooks_reload(l->hooks, fresh);
	web_reload(l->web, fresh);
	settings_unref(l->settings);
	l->settings = settings_ref(fresh);
}

static void
carry_out(struct loop *l, struct effect *f)
{
	switch (f->kind) {
	case EFFECT_REPLY:
		if (fetchers_answered(l->fetchers, f))
			break;
		if (f->reply.kind == REPLY_REFUSED)
			web_reply_refusal(l->web, f->reply.to, f->reply.refusal, &f->reply.faults);
		else
			web_reply(l->web, f->reply.to, f->reply.kind == REPLY_ACCEPTED ? 202 : 200,
				  NULL, f->reply.json);
		break;
	case EFFECT_LOG:
		log_line(f->log.level, "%s", f->log.line);
		break;
	case EFFECT_SETTINGS:
		take_settings(l, f);
		break;
	case EFFECT_HOOK:
		hooks_effect(l->hooks, f);
		break;
	case EFFECT_SEND:
	case EFFECT_CALL:
	case EFFECT_WITHDRAW:
	case EFFECT_TOOK:
	case EFFECT_BARRIER:
	case EFFECT_ASK:
	case EFFECT_RESUME:
		routes_effect(l->routes, f);
		break;
	}
}

static void
on_up(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	struct read_answer *a, *answers;
	struct command_list committed = { 0 };
	struct bridge_state state;
	struct command *cmd;
	struct effect *f;

	bridge_take(l->bridge, &l->effects, &l->spent, &committed, &answers);
	bridge_state(l->bridge, &state);
	routes_committed(l->routes, &committed, state.stats.committed_at);
	while ((cmd = command_pop(&committed)))
		command_free(cmd);
	for (; (a = answers); free(a)) {
		answers = a->next;
		if (a->to == SHAPES_READ)
			parser_shapes(l->parser, a->refused ? &a->refusal : NULL, a->body.data, a->body.len);
		else
			web_read_done(l->web, a->to, a->refused ? &a->refusal : NULL, &a->body);
		buf_fini(&a->body);
	}
	while ((f = effect_pop(&l->effects))) {
		carry_out(l, f);
		effect_push(&l->spent, f);
	}
	look_at_routes(l, &state);
}

static msec
wall_minus_monotonic(void)
{
	struct timespec wall, mono;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	return ((msec)wall.tv_sec - mono.tv_sec) * 1000 +
		(wall.tv_nsec - mono.tv_nsec) / 1000000;
}

static void
log_changes(struct loop *l, const struct bridge_state *now)
{
	if (now->disk_full && !l->was_full)
		log_line(LOG_ERROR, "disk full reason=\"new alerts are refused, accepted ones go on; "
			 "free some space\"");
	else if (!now->disk_full && l->was_full)
		log_line(LOG_STORY, "disk has room again");
	if (!now->working && !l->was_failing)
		log_line(LOG_ERROR, "store not written reason=\"%s\"", now->why_not.text);
	else if (now->working && l->was_failing)
		log_line(LOG_STORY, "store written again");
	if (now->no_ballast && !l->was_bare)
		log_line(LOG_WARNING, "no room for the ballast reason=\"on a full disk accepted "
			 "alerts will stop; free some space, restart gongd\"");
	l->was_bare = now->no_ballast;
	l->was_full = now->disk_full;
	l->was_failing = !now->working;
}

/* The log and the desk hear of the store's files and pages once; /health/ready says it all the
 * time.  Damage is never over while gongd runs: a person restores a backup, or knows better. */
static void
tell_store(struct loop *l)
{
	struct watch_state now, *was = &l->store_state;
	char text[SAID_BYTES];

	watch_state(l->watch, &now);
	if (now.moved && !was->moved) {
		said_render(&now.moved_why, LANG_EN, text, sizeof(text));
		log_line(LOG_ERROR, "store files moved reason=\"%s\"", text);
		tell_desk(l, "files", &now.moved_why);
	} else if (!now.moved && was->moved) {
		log_line(LOG_STORY, "store files are back");
		tell_desk(l, "files", NULL);
	}
	if (now.damaged & ~was->damaged) {
		said_render(&now.damaged_why, LANG_EN, text, sizeof(text));
		log_line(LOG_ERROR, "store damaged reason=\"%s\"", text);
		tell_desk(l, "damage", &now.damaged_why);
	}
	*was = now;
}

static void
on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *l = ctx;
	msec offset = wall_minus_monotonic(), step = offset - l->clock_offset_ms;
	struct bridge_state state;

	if (step > CLOCK_STEP_MS || step < -CLOCK_STEP_MS) {
		l->clock_offset_ms = offset;
		bridge_clock_step(l->bridge, step);
	}
	bridge_state(l->bridge, &state);
	look_at_routes(l, &state);
	log_changes(l, &state);
	tell_store(l);
	parser_second(l->parser);
	if (state.last_turn_ago_ms < STUCK_MS)	/* the watchdog is fed by progress */
		notify_systemd("WATCHDOG=1");
}

/* -- signals -- */

/* All or nothing: a file with one fault changes nothing. */
static void
on_hangup(evutil_socket_t sig, short what, void *ctx)
{
	struct loop *l = ctx;
	struct settings *fresh;
	struct err err = { 0 };

	if (settings_load(&fresh, l->settings->path, &heard_in_log, &err) < 0) {
		log_line(LOG_ERROR, "reload refused reason=\"%s\"", err.text);
		return;
	}
	bridge_reload(l->bridge, fresh);	/* the engine decides; see EFFECT_SETTINGS */
	settings_unref(fresh);
}

static void
on_stopped(void *ctx)
{
	event_base_loopbreak(((struct loop *)ctx)->base);
}

static void
on_term(evutil_socket_t sig, short what, void *ctx)
{
	struct loop *l = ctx;

	log_line(LOG_STORY, "gongd stopping");
	notify_systemd("STOPPING=1");
	web_stop_accepting(l->web);
	event_del(l->term);
	event_del(l->interrupt);
	event_del(l->hangup);
	children_stop(l->children, STOP_GRACE_MS, on_stopped, l);
}

/* -- start and end -- */

/* What the store knows of those that have a child. */
struct known {
	int64_t *ids;
	char **keeps, **source_keeps;
};

/* The caller forgets all of it, also after -1. */
static int
read_known(struct store *store, const struct settings *s, struct known *out, struct err *err)
{
	*out = (struct known){ xcalloc(s->route_count + 1, sizeof(*out->ids)),
			       xcalloc(s->route_count + 1, sizeof(*out->keeps)),
			       xcalloc(s->source_count + 1, sizeof(*out->source_keeps)) };
	store_begin(store);
	for (size_t i = 0; i < s->route_count; i++) {
		out->ids[i] = store_route_id(store, s->routes[i].name);
		out->keeps[i] = store_route_keep(store, out->ids[i]);
	}
	for (size_t i = 0; i < s->source_count; i++)
		out->source_keeps[i] = store_source_keep(store, s->sources[i].name);
	return store_commit(store, err);
}

static void
forget_known(const struct settings *s, struct known *k)
{
	for (size_t i = 0; i < s->route_count; i++)
		free(k->keeps[i]);
	for (size_t i = 0; i < s->source_count; i++)
		free(k->source_keeps[i]);
	free(k->ids);
	free(k->keeps);
	free(k->source_keeps);
}

static void
open_children(struct loop *l, const struct known *k)
{
	struct routes_ports ports = { l, port_urgent, port_reply, port_refuse, port_log, port_monotonic,
				      port_watch };
	struct fetchers_ports fetching = { l, port_fetched, port_urgent, port_log, port_now, port_parse };
	struct parser_ports parsing = { l, port_log, port_parse_trouble, port_shapes };
	char *url = settings_base_url(l->settings, web_port(l->web));

	l->children = children_open(l->base, port_monotonic, l);
	l->routes = routes_open(l->base, l->children, l->settings, k->ids, k->keeps, url, &ports);
	l->parser = parser_open(l->children, l->settings, &parsing);
	l->fetchers = fetchers_open(l->base, l->children, l->settings, k->source_keeps, &fetching);
	l->hooks = hooks_open(l->children, l->settings, &(struct hooks_ports){ l, port_urgent, port_log });
	free(url);
}

static int
open_bridge_and_children(struct loop *l, struct store *store, const struct loop_files *files,
			 bool full, struct err *err)
{
	struct known known;
	int rc = read_known(store, l->settings, &known, err);

	if (rc == 0)
		rc = bridge_open(&l->bridge, store, files->store, files->ballast, full, l->settings,
				 err);
	if (rc == 0)
		open_children(l, &known);
	forget_known(l->settings, &known);
	return rc;
}

static int
write_run_file(const struct loop *l, const char *path, struct err *err)
{
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!path)
		return 0;
	if (!f || fprintf(f, "%u\n", web_port(l->web)) < 0 || fclose(f) != 0)
		return err_set(err, "cannot write %s; is the state folder writable?", path);
	return 0;
}

static void
watch_signals(struct loop *l)
{
	struct timeval second = { 1, 0 };

	signal(SIGPIPE, SIG_IGN);
	l->up = event_new(l->base, bridge_fd(l->bridge), EV_READ | EV_PERSIST, on_up, l);
	l->second = event_new(l->base, -1, EV_PERSIST, on_second, l);
	l->term = evsignal_new(l->base, SIGTERM, on_term, l);
	l->interrupt = evsignal_new(l->base, SIGINT, on_term, l);
	l->hangup = evsignal_new(l->base, SIGHUP, on_hangup, l);
	event_add(l->up, NULL);
	event_add(l->second, &second);
	event_add(l->term, NULL);
	event_add(l->interrupt, NULL);
	event_add(l->hangup, NULL);
}

static void
close_all(struct loop *l)
{
	struct effect *f;

	routes_close(l->routes);
	fetchers_close(l->fetchers);
	hooks_close(l->hooks);
	parser_close(l->parser);
	children_close(l->children);
	watch_close(l->watch);
	bridge_close(l->bridge);
	web_close(l->web);
	while ((f = effect_pop(&l->effects)) || (f = effect_pop(&l->spent)))
		effect_free(f);
	if (l->up)
		event_free(l->up);
	if (l->second)
		event_free(l->second);
	if (l->term)
		event_free(l->term);
	if (l->interrupt)
		event_free(l->interrupt);
	if (l->hangup)
		event_free(l->hangup);
	event_base_free(l->base);
	settings_unref(l->settings);
}

/* -- the store is brought to a newer schema -- */

static void
on_upgrade(void *ctx, int from, int to, const char *copy)
{
	log_line(LOG_STORY, "store upgraded from=%d to=%d copy=\"%s\"", from, to, copy);
}

/* systemd ends a start that takes longer than it was told to expect. */
static void
on_busy(void *ctx)
{
	static msec told;
	msec now = port_monotonic(NULL);

	if (told && now - told < 1000)
		return;
	told = now;
	notify_systemd("EXTEND_TIMEOUT_USEC=60000000");
}

int
loop_run(struct settings *settings, const struct loop_files *files, struct err *err)
{
	struct loop l = { .settings = settings_ref(settings), .base = event_base_new(),
			  .clock_offset_ms = wall_minus_monotonic() };
	struct web_ports ports = { &l, port_submit, port_read, port_parse, port_callback, port_state,
				   port_metrics, port_now, port_log };
	bool full = bridge_make_room(files->ballast);
	static const struct store_news news = { on_upgrade, on_busy, NULL, false };
	struct store *store;
	int rc = -1;

	if (store_open_heard(&store, files->store, &news, err) < 0) {
		guard_files_will_close(files->guard);
		close_all(&l);
		return -1;
	}
	store_set_guard(store, files->guard);
	store_set_hand(store, files->hand);
	/* Drivers start last: by then what was in doubt at the last stop is settled on disk,
	 * and the callback URLs have their port.  The children's own memory (`keep`) is read before
	 * the engine's thread owns the store. */
	if (web_open(&l.web, l.base, settings, &ports, err) == 0 &&
	    open_bridge_and_children(&l, store, files, full, err) == 0 &&
	    write_run_file(&l, files->run, err) == 0) {
		guard_files_are_open(files->guard);
		l.watch = watch_open(files->guard, files->store);
		watch_signals(&l);
		log_line(LOG_STORY, "gongd ready port=%u routes=%zu", web_port(l.web),
			 settings->route_count);
		notify_systemd("READY=1");
		event_base_dispatch(l.base);
		rc = 0;
	}
	close_all(&l);
	guard_files_will_close(files->guard);
	store_close(store);
	return rc;
}
