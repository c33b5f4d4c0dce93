/* watch.c -- the store's files and pages, watched beside the work. */
#include "daemon/watch.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/buf.h"
#include "core/msec.h"
#include "daemon/store/check.h"

#define LOOK_MS 500
#define AGAIN_MS HOURS(24)
#define RETRY_MS MINUTES(5)		/* what could not be read for another reason than damage */
#define READ_MS 3			/* at a time; then as long a rest */

struct watch {
	struct guard *guard;
	const char *path;
	pthread_t files, pages;
	pthread_mutex_t lock;		/* guards the three below */
	pthread_cond_t end;
	bool stopping, moved;
	struct said why;
	_Atomic bool stop, read_through;
	msec rest_at;			/* the reading thread's own */
};

static msec
monotonic_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits; false: the watch ends. */
static bool
wait_ms(struct watch *w, msec ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&w->lock);
	while (!w->stopping && pthread_cond_timedwait(&w->end, &w->lock, &until) == 0)
		;
	pthread_mutex_unlock(&w->lock);
	return !w->stop;
}

/* A disk that hangs holds this thread and no other. */
static void *
watch_files(void *ctx)
{
	struct watch *w = ctx;
	struct said why;

	do {
		bool moved = !guard_look(w->guard, &why);

		pthread_mutex_lock(&w->lock);
		w->moved = moved;
		if (moved)
			w->why = why;
		pthread_mutex_unlock(&w->lock);
	} while (wait_ms(w, LOOK_MS));
	return NULL;
}

static void
note_table(void *ctx, enum store_table table, const char *why)
{
	guard_damage(((struct watch *)ctx)->guard, TABLE_BIT(table), why);
}

/* Half of an idle core at most: alerts are worth more than knowing sooner. */
static bool
go_on(void *ctx)
{
	struct watch *w = ctx;

	if (monotonic_now() >= w->rest_at) {
		nanosleep(&(struct timespec){ .tv_nsec = READ_MS * 1000000 }, NULL);
		w->rest_at = monotonic_now() + READ_MS;
	}
	return !w->stop;
}

/* Waits until the next reading; false: the watch ends.  `*suspects`: these at once. */
static bool
wait_for_reading(struct watch *w, msec ms, table_set *suspects)
{
	msec until = monotonic_now() + ms;

	for (;;) {
		*suspects = guard_take_suspects(w->guard);
		if (*suspects || monotonic_now() >= until)
			return !w->stop;
		if (!wait_ms(w, SECONDS(1)))
			return false;
	}
}

static void *
read_pages(void *ctx)
{
	struct watch *w = ctx;
	struct sched_param none = { 0 };
	table_set unread = TABLES_ALL, suspects = 0;
	msec wait;

	pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
	do {
		struct err err;
		table_set left = unread = unread | suspects;

		w->rest_at = monotonic_now() + READ_MS;
		if (!unread)
			left = unread = TABLES_ALL;
		/* Busy or without memory is no damage: what was left is tried again. */
		if (store_check(w->path, unread, &left, go_on, note_table, w, &err) < 0)
			left = unread;
		if (!left)
			w->read_through = true;
		wait = left ? RETRY_MS : AGAIN_MS;
		unread = left;
	} while (wait_for_reading(w, wait, &suspects));
	return NULL;
}

struct watch *
watch_open(struct guard *guard, const char *store_path)
{
	struct watch *w = xcalloc(1, sizeof(*w));
	pthread_condattr_t attr;

	w->guard = guard;
	w->path = store_path;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->end, &attr);
	pthread_create(&w->files, NULL, watch_files, w);
	pthread_create(&w->pages, NULL, read_pages, w);
	pthread_setname_np(w->files, "gongd-files");
	pthread_setname_np(w->pages, "gongd-pages");
	return w;
}

void
watch_state(struct watch *w, struct watch_state *out)
{
	pthread_mutex_lock(&w->lock);
	out->moved = w->moved;
	out->moved_why = w->why;
	pthread_mutex_unlock(&w->lock);
	out->read_through = w->read_through;
	out->damaged = guard_damaged(w->guard);
	if (out->damaged)
		guard_damage_said(w->guard, &out->damaged_why);
}

void
watch_close(struct watch *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = w->stopping = true;
	pthread_cond_broadcast(&w->end);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->files, NULL);
	pthread_join(w->pages, NULL);
	pthread_cond_destroy(&w->end);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
