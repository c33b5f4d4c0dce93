/* feed.c -- gong-feed: looks at a feed or a mailbox again and again, and brings gongd what is new there.
 * A look is a thread's, for it blocks, and a ping must not wait for it; never two at once, and none before
 * gongd has taken what the last one found.  gong-feed(8). */
#include "drivers/feed/feed.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "files/read.h"

#define BACK_OFF_MAX MINUTES(5)
#define AGAIN_MS 1000			/* there is more to be read */
#define STACK (512 * 1024)

/* -- when -- */

static msec
with_jitter(msec ms)
{
	return ms - ms / 10 + (ms >= 10 ? random() % (ms / 5 + 1) : 0);
}

static msec
next_in(const struct feed *f)
{
	const struct round *r = &f->round;
	msec ms = f->conf.every_ms, most = ms > BACK_OFF_MAX ? ms : BACK_OFF_MAX;

	if (r->ok && (r->left || (f->conf.mailbox && r->count)))
		return msec_min(AGAIN_MS, ms);	/* a mail that is taken is now marked as seen */
	for (unsigned i = 1; i < f->health.failures && ms < most; i++)
		ms *= 2;
	ms = with_jitter(msec_min(ms, most));
	return r->retry_after_ms > ms ? r->retry_after_ms : ms;
}

static void
look_in(struct feed *f, msec ms)
{
	event_add(&f->timer, &(struct timeval){ ms / 1000, ms % 1000 * 1000 });
}

/* -- a look -- */

static void *
work(void *ctx)
{
	struct feed *f = ctx;

	if (f->conf.mailbox)
		round_mailbox(&f->round);
	else
		round_feed(&f->round);
	while (write(f->pipe[1], "", 1) < 0 && errno == EINTR)
		;
	return NULL;
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct feed *f = ctx;
	pthread_attr_t attr;

	round_fini(&f->round);
	f->round.conf = &f->conf;
	f->turn++;
	f->round.turn = f->health.items_at ? f->turn : 0;
	seen_copy(&f->round.seen, &f->seen);
	memcpy(f->round.etag, f->etag, sizeof(f->etag));
	memcpy(f->round.modified, f->modified, sizeof(f->modified));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	if (pthread_create(&f->worker, &attr, work, f) != 0)
		kit_fatal(f->kit, "no thread can be started", true);
	pthread_attr_destroy(&attr);
	f->working = true;
}

/* What failed or was left out must be listed again, so the server is not told that we have it. */
static void
settle(struct feed *f)
{
	const struct round *r = &f->round;
	bool whole = r->ok && !r->failed && !r->left;

	if (!r->unchanged || !whole) {
		snprintf(f->etag, sizeof(f->etag), "%s", whole ? r->etag : "");
		snprintf(f->modified, sizeof(f->modified), "%s", whole ? r->modified : "");
	}
	look_in(f, next_in(f));
	round_fini(&f->round);
	malloc_trim(0);			/* a large feed must not stay in memory until the next one */
}

static void
on_done(evutil_socket_t fd, short what, void *ctx)
{
	struct feed *f = ctx;
	char byte;

	if (read(fd, &byte, 1) != 1)
		return;
	pthread_join(f->worker, NULL);
	f->working = false;
	health_note(f);
	if (say_round(f))
		settle(f);
}

/* -- life -- */

static void
feed_open(struct kit *k, const char *source, json_t *config, const char *keep)
{
	struct feed *f = kit_self(k);
	struct err err = { .text = "" };

	if (f->is_open)
		kit_fatal(k, "opened twice", false);
	f->kit = k;
	f->config = json_incref(config);
	if (feed_conf_read(&f->conf, f->config, &err) < 0)
		kit_fatal(k, NEST(&err.said), false);
	if (pipe2(f->pipe, O_CLOEXEC) < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		kit_fatal(k, "no pipe, or no libcurl", true);
	confined_to_network(f);
	seen_read(&f->seen, f->conf.url, keep);
	srandom((unsigned)(getpid() ^ (int)kit_now()));
	event_assign(&f->timer, kit_base(k), -1, 0, on_timer, f);
	event_assign(&f->done, kit_base(k), f->pipe[0], EV_READ | EV_PERSIST, on_done, f);
	event_add(&f->done, NULL);
	f->is_open = true;
	health_init(f);
	kit_ready_to_fetch(k);
	look_in(f, random() % (f->conf.every_ms / 10 + 1) % SECONDS(2));
}

static void
feed_signalled(struct kit *k, const char *id, json_t *signals)
{
	struct feed *f = kit_self(k);

	if (f->is_open && say_taken(f, id))
		settle(f);
}

static int
check_files(const struct conf *c, struct err *err)
{
	const char *const files[] = { c->ca_file, c->client_cert, c->client_key };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (files[i] && file_check(files[i], FILE_CONF_MAX, err) < 0)
			return -1;
	return 0;
}

static void
feed_check(struct kit *k, json_t *op)
{
	struct err err = { .text = "" };
	struct conf conf;

	if (feed_conf_read(&conf, json_object_get(op, "config"), &err) < 0 || check_files(&conf, &err) < 0)
		kit_fatal(k, NEST(&err.said), false);
	kit_checked(k, json_array());
}

int
main(void)
{
	static const struct kit_driver driver = {
		.open = feed_open, .signalled = feed_signalled, .check = feed_check,
	};
	static struct feed f;
	int status = kit_main(&driver, &f);

	if (f.working)
		_exit(status);		/* a look is going on: what it would find, the next process finds again */
	return status;
}
