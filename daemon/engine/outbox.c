/* outbox.c -- what goes out again over HTTP: lent to gong-hook, a few of each source at a time, and tried
 * until its receiver has it or a day is over.  A dead receiver keeps nobody else's waiting. */
#include "daemon/engine/ground.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "core/url.h"
#include "daemon/settings/source.h"
#include "daemon/store/outbox.h"
#include "daemon/store/signals.h"

#define OUT_AT_ONCE 4			/* of a source */
#define GIVE_UP_MS HOURS(24)
#define RETRY_MS SECONDS(1)		/* doubled each time */
#define RETRY_MAX_MS MINUTES(10)

static int64_t
source_id(struct engine *e, const struct source_conf *conf)
{
	struct source_row row;

	store_source_get(e->store, conf->name, e->now, &row);
	return row.id;
}

/* The desk hears of it once, however many there are. */
static void
tell_desk(struct engine *e, const struct said *said)
{
	store_task_once(e->store, 0, "callback", said, e->now);
}

void
engine_outbox_add(struct engine *e, const struct source_conf *conf, const struct outbox_row *what)
{
	struct outbox_row row = *what;
	struct said task;
	bool loopback;

	if (e->quiet || !source_may_call(conf, row.url, &loopback))
		return;
	row.source = source_id(e, conf);
	row.at = e->now;
	if (store_outbox_add(e->store, &row)) {
		e->outbox.at = msec_min(e->outbox.at, e->now);
		return;
	}
	SAY(&task, task_outbox_full, conf->name, NUM(OUTBOX_MAX));
	tell_desk(e, &task);
}

/* -- out -- */

struct lending {
	struct engine *e;
	const struct source_conf *conf;
};

/* HMAC-SHA256 of TIME:BODY, as the way `hmac` with a hmac_time_header is read. */
static void
sign(struct effect *f, const struct source_conf *conf, msec now)
{
	unsigned char mac[32];
	char time[24], hex[80] = "sha256=";
	struct buf all = { 0 };

	snprintf(time, sizeof(time), "%lld", (long long)(now / 1000));
	buf_printf(&all, "%s:%s", time, f->hook.body ? f->hook.body : "");
	HMAC(EVP_sha256(), conf->token, (int)strlen(conf->token), (const unsigned char *)all.data, all.len,
	     mac, NULL);
	for (size_t i = 0, n = 7; i < sizeof(mac); i++, n += 2)
		snprintf(hex + n, 3, "%02x", mac[i]);
	f->hook.time = xstrdup(time);
	f->hook.signature = xstrdup(hex);
	buf_fini(&all);
}

static void
give_up(struct engine *e, const struct outbox_row *r, const struct said *task)
{
	tell_desk(e, task);
	store_outbox_drop(e->store, r, e->now);
}

/* The settings may be others than when it was written. */
static void
lend(void *ctx, const struct outbox_row *r)
{
	const struct lending *l = ctx;
	struct engine *e = l->e;
	struct effect *f;
	struct said task;
	char key[64];
	bool loopback;

	if (!source_may_call(l->conf, r->url, &loopback)) {
		SAY(&task, task_outbox_host, l->conf->name);
		give_up(e, r, &task);
		return;
	}
	f = effect_new(EFFECT_HOOK, -1);
	f->hook.id = r->id;
	f->hook.is_post = r->is_post;
	f->hook.loopback = loopback;
	f->hook.url = xstrdup(r->url);
	f->hook.type = xstrdup(r->type);
	f->hook.body = xstrdup(r->body);
	snprintf(key, sizeof(key), "gong-%lld-%lld", (long long)r->id, (long long)r->at);
	f->hook.key = xstrdup(key);
	if (r->is_signed && l->conf->token)
		sign(f, l->conf, e->now);
	store_outbox_lend(e->store, r->id, e->outbox.boot);
	engine_effect(e, f);
}

static void
lend_some(struct engine *e, const struct source_conf *conf)
{
	struct lending l = { e, conf };
	int64_t source = source_id(e, conf);
	unsigned out = store_outbox_out(e->store, source, e->outbox.boot);

	if (out >= OUT_AT_ONCE)
		return;			/* the next one that comes back looks again */
	if (store_outbox_due(e->store, source, e->now, OUT_AT_ONCE - out, lend, &l) == OUT_AT_ONCE - out)
		return;			/* so many are out now */
	e->outbox.at = msec_min(e->outbox.at, store_outbox_next(e->store, source));
}

/* -- back -- */

static msec
pause_after(unsigned tries)
{
	return tries > 10 ? RETRY_MAX_MS : msec_min((msec)RETRY_MS << (tries ? tries - 1 : 0), RETRY_MAX_MS);
}

/* Where it goes, without what may be secret; "" = that cannot be said. */
static const char *
host_of(const struct outbox_row *r, struct url *room)
{
	return url_parse(room, r->url) < 0 ? "" : room->host;
}

void
engine_hooked(struct engine *e, struct command *cmd)
{
	const char *why = cmd->hooked.reason ? cmd->hooked.reason : "";
	char name[SIGNAL_NAME_MAX + 1], english[SAID_BYTES];
	struct outbox_row r;
	struct said task;
	struct url url;

	if (!store_outbox_get(e->store, cmd->hooked.id, &r))
		return;
	store_source_name(e->store, r.source, name, sizeof(name));
	if (cmd->hooked.fate == HOOK_TAKEN) {
		store_outbox_drop(e->store, &r, e->now);
	} else if (cmd->hooked.fate == HOOK_NEVER) {
		SAY(&task, task_outbox_refused, name, host_of(&r, &url), why);
		give_up(e, &r, &task);
	} else {
		store_outbox_back(e->store, r.id, msec_add(e->now, pause_after(r.tries)));
	}
	if (cmd->hooked.fate != HOOK_TAKEN)
		engine_log(e, LOG_WARNING, "callback not taken source=%s host=%s id=%lld tries=%u reason=\"%s\"", name,
			   host_of(&r, &url), (long long)r.id, r.tries, value_english(english, why));
	outbox_row_fini(&r);
	e->outbox.at = e->now;
}

static void
too_old(void *ctx, const struct outbox_row *r)
{
	struct engine *e = ctx;
	char name[SIGNAL_NAME_MAX + 1];
	struct said task;
	struct url url;

	store_source_name(e->store, r->source, name, sizeof(name));
	SAY(&task, task_outbox_old, name, host_of(r, &url));
	give_up(e, r, &task);
}

/* -- the table of due things -- */

void
engine_outbox_due(struct engine *e)
{
	msec oldest;

	if (e->outbox.at > e->now)
		return;
	e->outbox.at = NEVER;
	e->more |= store_outbox_old(e->store, e->now - GIVE_UP_MS, e->outbox.boot, too_old, e) == 64;
	for (size_t i = 0; i < e->settings->source_count; i++)
		if (e->settings->sources[i].callback_count)
			lend_some(e, &e->settings->sources[i]);
	oldest = store_outbox_oldest(e->store);
	if (oldest != NEVER)		/* what is out by then is looked at when it is back */
		e->outbox.at = msec_min(e->outbox.at, oldest + GIVE_UP_MS > e->now ? oldest + GIVE_UP_MS
					: e->now + MINUTES(1));
}

msec
engine_outbox_next(const struct engine *e)
{
	return e->outbox.at;
}

void
engine_outbox_load(struct engine *e)
{
	if (!e->outbox.boot)
		e->outbox.boot = store_outbox_boot(e->store, e->now);
	store_outbox_found(e->store, e->outbox.boot, e->now);
	e->outbox.at = e->now;
}
