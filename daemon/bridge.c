/* bridge.c -- two threads beside the loop: the engine's, which alone writes the store, and the
 * reader's.  Here are locks and queues, and nothing that decides.
 *
 * Under the lock pointers are moved and figures copied, nothing else: the loop waits for it with
 * every driver and every health check, so no disk, no file, no wake-up and no freeing of much. */
#include "daemon/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "daemon/store/hand.h"
#include "daemon/store/room.h"

#define READS_MAX 256
#define BALLAST_LOOK_MS 5000
#define SPENT_MAX 1024			/* commands that the loop is woken for, to free them */

struct bridge {
	struct engine *engine;
	struct reader *reader;
	struct settings *settings;	/* for the reader */
	char *ballast;
	struct hand_page *hand;		/* borrowed; NULL in tests */
	int wake;			/* eventfd towards the loop */
	_Atomic bool watched;		/* see bridge_watch */
	_Atomic msec offset_ms;		/* wall clock minus monotonic clock */
	/* The engine thread's own, without the lock; `state` below is what others see of it. */
	struct bridge_state own;
	msec looked_at;			/* when the disk was last asked for room */
	pthread_t engine_thread, reader_thread;

	pthread_mutex_t lock;		/* guards everything below */
	pthread_cond_t work, reads;
	struct command_list urgent, bulk;
	struct effect_list effects;
	struct command_list spent;	/* on their way back to the thread that made them … */
	struct effect_list spent_effects;	/* … and to be freed by it */
	struct read_query *queries, **queries_end;
	size_t query_count;
	struct read_answer *answers, **answers_end;
	struct bridge_state state;
	size_t held_urgent, held_bulk;	/* taken by the engine thread, not yet run */
	msec turn_at;			/* of the last turn, by the monotonic clock */
	bool stopping;
};

static msec
monotonic_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

msec
bridge_now(const struct bridge *b)
{
	return monotonic_now() + b->offset_ms;
}

static void
wake_loop(struct bridge *b)
{
	uint64_t one = 1;

	if (write(b->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();		/* an eventfd cannot fail otherwise */
}

/* -- ballast: room on the disk for what was accepted, given up when the disk is full -- */

static bool
ballast_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool made = fd >= 0 && posix_fallocate(fd, 0, BALLAST_BYTES) == 0;

	if (fd >= 0)
		close(fd);
	if (!made)
		unlink(path);
	return made;
}

static bool
disk_has(const char *path, uint64_t bytes)
{
	struct statvfs fs;
	char folder[4096];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	return statvfs(folder, &fs) == 0 &&
		(uint64_t)fs.f_bavail * fs.f_frsize > bytes;
}

bool
bridge_make_room(const char *ballast_path)
{
	return !disk_has(ballast_path, START_BYTES) && unlink(ballast_path) == 0;
}

/* -- the engine's thread -- */

/* The store failed: clients are told to come again; what drivers and the desk said waits. */
static void
answer_all(struct command_list *bulk, const struct err *why, struct effect_list *out)
{
	struct command *cmd;

	while ((cmd = command_pop(bulk))) {
		effect_push(out, effect_refusal(cmd->reply_to, why));
		command_free(cmd);
	}
}

/* Nor can a provider be told that gong has what it brought. */
static void
fail_barriers(const struct command_list *urgent, struct effect_list *out)
{
	for (const struct command *cmd = urgent->first; cmd; cmd = cmd->next) {
		struct effect *f;

		if (cmd->kind != CMD_BARRIER)
			continue;
		f = effect_new(EFFECT_BARRIER, cmd->route);
		f->barrier = cmd->barrier;
		f->not_kept = true;
		effect_push(out, f);
	}
}

/* A clock step takes effect in the very turn that shifts gong's own instants. */
static void
apply_clock_steps(struct bridge *b, const struct command_list *urgent)
{
	for (const struct command *cmd = urgent->first; cmd && cmd->kind == CMD_CLOCK_STEP;
	     cmd = cmd->next)
		b->offset_ms += cmd->clock_step_ms;
}

/* A turn a second even when nothing is due for hours: the watchdog and the health check live on
 * the engine's progress. */
static void
wait_for_work(struct bridge *b, msec wake_at, bool more)
{
	while (!b->stopping && !more && !b->urgent.first && !b->bulk.first) {
		msec left = msec_min(wake_at - bridge_now(b), b->turn_at + 1000 - monotonic_now());
		struct timespec until;

		if (left <= 0)
			return;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += left % 1000 * 1000000;
		until.tv_sec += left / 1000 + until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&b->work, &b->lock, &until);
	}
}

static void
free_effects(struct effect_list *list)
{
	struct effect *f;

	while ((f = effect_pop(list)))
		effect_free(f);
}

static void
free_commands(struct command_list *list)
{
	struct command *cmd;

	while ((cmd = command_pop(list)))
		command_free(cmd);
}

/* What a turn was like. */
static void
note_turn(struct bridge *b, bool done, const struct err *why)
{
	b->own.working = done;
	if (done) {
		engine_stats(b->engine, &b->own.stats);
	} else {
		b->own.disk_full |= why->kind == REFUSED_FULL;
		b->own.why_not = *why;
	}
}

/* Gives the ballast up when the disk has become full, and makes it again when there is room.  Any
 * of it may take seconds on a slow disk: without the lock, and after the answers of the turn have
 * gone up.  The engine's next turn waits for it; nothing else does. */
static void
look_after_ballast(struct bridge *b, bool was_full)
{
	msec now = monotonic_now();

	if (b->own.disk_full && !was_full)
		unlink(b->ballast);
	if (!b->own.disk_full || !b->own.working || now - b->looked_at < BALLAST_LOOK_MS)
		return;
	b->looked_at = now;
	if (disk_has(b->ballast, 2ull * BALLAST_BYTES)) {
		b->own.no_ballast = !ballast_make(b->ballast);
		b->own.disk_full = false;
	}
}

/* All that waits goes behind what the engine still holds, but a clock step, which was pushed to
 * the front, stays there. */
static void
take_work(struct bridge *b, struct command_list *urgent, struct command_list *bulk)
{
	if (b->urgent.first && b->urgent.first->kind == CMD_CLOCK_STEP) {
		apply_clock_steps(b, &b->urgent);
		command_splice(&b->urgent, urgent);
		command_splice(urgent, &b->urgent);
	} else {
		command_splice(urgent, &b->urgent);
	}
	command_splice(bulk, &b->bulk);
}

/* What was committed as handed over, but will never leave gongd now: a stop makes no doubt where
 * there is none.  true: there was some. */
static bool
give_back(struct effect_list *effects, struct command_list *urgent)
{
	struct effect_list rest = { 0 };
	struct effect *f;
	bool any = false;

	while ((f = effect_pop(effects))) {
		bool sms = f->kind == EFFECT_SEND;
		struct command *cmd;

		if (!sms && f->kind != EFFECT_CALL) {
			effect_push(&rest, f);
			continue;
		}
		cmd = command_new(CMD_ROUTE_LOST, f->route);
		cmd->lost.unwritten_count = sms ? f->send.count : 1;
		cmd->lost.unwritten = xcalloc(cmd->lost.unwritten_count + 1, sizeof(uint64_t));
		for (size_t i = 0; i < cmd->lost.unwritten_count; i++)
			cmd->lost.unwritten[i] = sms ? f->send.items[i].id : f->call.id;
		command_push(urgent, cmd);
		effect_free(f);
		any = true;
	}
	*effects = (struct effect_list){ 0 };
	effect_splice(effects, &rest);
	return any;
}

/* Waits for work and takes it.  true: gongd stops, and this is all there is to come. */
static bool
wait_and_take(struct bridge *b, struct command_list *urgent, struct command_list *bulk,
	      msec wake_at, bool more, unsigned failures)
{
	struct effect_list spent = { 0 };
	bool stop;

	pthread_mutex_lock(&b->lock);
	b->state = b->own;		/* what the disk said since the turn's end */
	wait_for_work(b, wake_at, more);
	stop = b->stopping && ((!b->urgent.first && !urgent->first) || failures > 20);
	take_work(b, urgent, bulk);
	effect_splice(&spent, &b->spent_effects);
	pthread_mutex_unlock(&b->lock);
	free_effects(&spent);
	return stop;
}

/* The page of a route says what it lacks only when the loop has heard of that: no later than what is
 * claimed next, or a death right after would put all of it in doubt. */
static bool
has_lost_route(const struct command_list *spent)
{
	const struct command *cmd = spent->first;

	while (cmd && cmd->kind != CMD_ROUTE_LOST)
		cmd = cmd->next;
	return cmd;
}

/* Shows what the turn did.  true: nothing was given back, the engine may end if it is to. */
static bool
show_turn(struct bridge *b, struct command_list *urgent, const struct command_list *bulk,
	  struct effect_list *out, bool give)
{
	struct command_list spent = { 0 };
	bool wake, lost, nothing_back = true;

	engine_spent(b->engine, &spent);
	lost = has_lost_route(&spent);
	pthread_mutex_lock(&b->lock);
	command_splice(&b->spent, &spent);
	b->turn_at = monotonic_now();
	b->state = b->own;
	effect_splice(&b->effects, out);
	if (give)
		nothing_back = !give_back(&b->effects, urgent);
	b->held_urgent = urgent->count;
	b->held_bulk = bulk->count;
	wake = lost || b->effects.first || b->spent.count >= SPENT_MAX || b->watched;
	pthread_mutex_unlock(&b->lock);
	if (wake)
		wake_loop(b);
	return nothing_back;
}

static void
answer_the_rest(struct bridge *b, struct command_list *bulk)
{
	struct effect_list out = { 0 };
	struct err err;

	err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), gongd_stopping);
	answer_all(bulk, &err, &out);
	pthread_mutex_lock(&b->lock);
	effect_splice(&b->effects, &out);
	pthread_mutex_unlock(&b->lock);
}

static void *
engine_main(void *ctx)
{
	struct bridge *b = ctx;
	struct command_list urgent = { 0 }, bulk = { 0 };
	struct effect_list out = { 0 };
	msec wake_at = 0;
	unsigned failures = 0;
	bool more = true, stop = false, ended = false;

	if (b->hand)
		hand_is_mine(b->hand);
	while (!ended) {
		struct err err = { 0 };
		bool was_full = b->own.disk_full;
		int rc;

		stop = wait_and_take(b, &urgent, &bulk, wake_at, more, failures);
		if (was_full) {
			err_say(&err, REFUSED_FULL, about(CONCEPT_NONE), disk_full);
			answer_all(&bulk, &err, &out);
		}
		rc = engine_turn(b->engine, &urgent, &bulk, bridge_now(b), &out, &wake_at, &err);
		if (rc < 0) {
			answer_all(&bulk, &err, &out);
			fail_barriers(&urgent, &out);
		}
		failures = rc < 0 ? failures + 1 : 0;
		note_turn(b, rc == 0, &err);
		ended = show_turn(b, &urgent, &bulk, &out, stop && rc == 0) && stop;
		more = stop || (rc == 0 && wake_at <= bridge_now(b));
		if (!ended)
			look_after_ballast(b, was_full);
		if (rc < 0 && !ended)
			usleep(20000);	/* do not spin on a broken disk */
	}
	answer_the_rest(b, &bulk);
	return NULL;
}

/* -- the reader's thread -- */

static struct read_answer *
run_query(struct bridge *b, const struct read_query *q, const struct settings *settings)
{
	struct read_answer *a = xcalloc(1, sizeof(*a));

	a->to = q->reply_to;
	a->refused = reader_run(b->reader, q, settings, bridge_now(b), &a->body, &a->refusal) < 0;
	return a;
}

static void *
reader_main(void *ctx)
{
	struct bridge *b = ctx;

	pthread_mutex_lock(&b->lock);
	for (;;) {
		struct read_query *q;
		struct read_answer *a;
		struct settings *settings;

		while (!b->queries && !b->stopping)
			pthread_cond_wait(&b->reads, &b->lock);
		if (b->stopping)
			break;
		q = b->queries;
		b->queries = q->next;
		if (!b->queries)
			b->queries_end = &b->queries;
		b->query_count--;
		settings = settings_ref(b->settings);
		pthread_mutex_unlock(&b->lock);
		a = run_query(b, q, settings);
		settings_unref(settings);
		free(q);
		pthread_mutex_lock(&b->lock);
		*b->answers_end = a;
		b->answers_end = &a->next;
		pthread_mutex_unlock(&b->lock);
		wake_loop(b);
		pthread_mutex_lock(&b->lock);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* -- the loop's side -- */

static void
free_bridge(struct bridge *b)
{
	free_commands(&b->urgent);
	free_commands(&b->bulk);
	free_commands(&b->spent);
	free_effects(&b->effects);
	free_effects(&b->spent_effects);
	while (b->queries) {
		struct read_query *q = b->queries;

		b->queries = q->next;
		free(q);
	}
	while (b->answers) {
		struct read_answer *a = b->answers;

		b->answers = a->next;
		buf_fini(&a->body);
		free(a);
	}
	engine_close(b->engine);
	reader_close(b->reader);
	if (b->settings)
		settings_unref(b->settings);
	if (b->wake >= 0)
		close(b->wake);
	free(b->ballast);
	free(b);
}

int
bridge_open(struct bridge **out, struct store *store, const char *store_path,
	    const char *ballast_path, bool full, struct settings *settings, struct err *err)
{
	struct bridge *b = xcalloc(1, sizeof(*b));
	pthread_condattr_t attr;
	struct timespec wall;

	*out = NULL;
	b->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	b->ballast = xstrdup(ballast_path);
	b->settings = settings_ref(settings);
	b->queries_end = &b->queries;
	b->answers_end = &b->answers;
	clock_gettime(CLOCK_REALTIME, &wall);
	b->offset_ms = (msec)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 - monotonic_now();
	b->own.working = true;
	b->own.disk_full = full;
	b->turn_at = monotonic_now();
	if (engine_open(&b->engine, store, settings, bridge_now(b), err) < 0 ||
	    reader_open(&b->reader, store_path, err) < 0) {
		free_bridge(b);
		return -1;
	}
	reader_set_guard(b->reader, store_guard(store));
	b->hand = store_hand(store);
	if (!full)
		b->own.no_ballast = !ballast_make(ballast_path);
	b->state = b->own;
	pthread_mutex_init(&b->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&b->work, &attr);
	pthread_cond_init(&b->reads, NULL);
	pthread_create(&b->engine_thread, NULL, engine_main, b);
	pthread_create(&b->reader_thread, NULL, reader_main, b);
	pthread_setname_np(b->engine_thread, "gongd-engine");
	pthread_setname_np(b->reader_thread, "gongd-reader");
	*out = b;
	return 0;
}

int
bridge_fd(const struct bridge *b)
{
	return b->wake;
}

void
bridge_urgent(struct bridge *b, struct command *cmd)
{
	bool first;

	pthread_mutex_lock(&b->lock);
	command_push(&b->urgent, cmd);
	first = b->urgent.count == 1;
	pthread_mutex_unlock(&b->lock);
	if (first)
		pthread_cond_signal(&b->work);
}

bool
bridge_bulk(struct bridge *b, struct command *cmd)
{
	bool room, first;

	pthread_mutex_lock(&b->lock);
	room = b->bulk.count + b->held_bulk < BRIDGE_BULK_MAX && !b->stopping;
	if (room)
		command_push(&b->bulk, cmd);
	first = room && b->bulk.count == 1;
	pthread_mutex_unlock(&b->lock);
	if (first)
		pthread_cond_signal(&b->work);
	return room;
}

bool
bridge_read(struct bridge *b, struct read_query *q)
{
	bool room;

	pthread_mutex_lock(&b->lock);
	room = b->query_count < READS_MAX;
	if (room) {
		q->next = NULL;
		*b->queries_end = q;
		b->queries_end = &q->next;
		b->query_count++;
	}
	pthread_mutex_unlock(&b->lock);
	if (room)
		pthread_cond_signal(&b->reads);
	return room;
}

void
bridge_watch(struct bridge *b, bool on)
{
	b->watched = on;
}

void
bridge_take(struct bridge *b, struct effect_list *effects, struct effect_list *spent,
	    struct command_list *committed, struct read_answer **answers)
{
	uint64_t count;

	if (read(b->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	pthread_mutex_lock(&b->lock);
	effect_splice(effects, &b->effects);
	*answers = b->answers;
	b->answers = NULL;
	b->answers_end = &b->answers;
	command_splice(committed, &b->spent);
	effect_splice(&b->spent_effects, spent);
	pthread_mutex_unlock(&b->lock);
}

void
bridge_state(struct bridge *b, struct bridge_state *out)
{
	pthread_mutex_lock(&b->lock);
	*out = b->state;
	out->last_turn_ago_ms = monotonic_now() - b->turn_at;
	out->urgent = b->urgent.count + b->held_urgent;
	out->bulk = b->bulk.count + b->held_bulk;
	pthread_mutex_unlock(&b->lock);
}

void
bridge_clock_step(struct bridge *b, msec by)
{
	struct command *cmd = command_new(CMD_CLOCK_STEP, -1);
	struct command_list front = { 0 };

	cmd->by.kind = PRINCIPAL_GONG;
	cmd->clock_step_ms = by;
	command_push(&front, cmd);
	pthread_mutex_lock(&b->lock);
	command_splice(&front, &b->urgent);
	b->urgent = front;
	pthread_mutex_unlock(&b->lock);
	pthread_cond_signal(&b->work);
}

void
bridge_reload(struct bridge *b, struct settings *settings)
{
	struct command *cmd = command_new(CMD_RELOAD, -1);

	cmd->by.kind = PRINCIPAL_GONG;
	cmd->settings = settings_ref(settings);
	bridge_urgent(b, cmd);
}

void
bridge_settings(struct bridge *b, struct settings *settings)
{
	struct settings *old;

	pthread_mutex_lock(&b->lock);
	old = b->settings;
	b->settings = settings_ref(settings);
	pthread_mutex_unlock(&b->lock);
	settings_unref(old);		/* whole tables may go with it */
}

void
bridge_close(struct bridge *b)
{
	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->stopping = true;
	pthread_cond_broadcast(&b->work);
	pthread_cond_broadcast(&b->reads);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->engine_thread, NULL);
	pthread_join(b->reader_thread, NULL);
	free_bridge(b);
}
