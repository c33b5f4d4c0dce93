/* dlr.c -- delivery reports as Kannel gives them (user guide 1.4.5, "Delivery reports"; tried with
 * Debian's): the dlr-url of a sendsms, its escapes filled in, by GET, through the outbox. */
#include "daemon/engine/ground.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/phone.h"
#include "daemon/settings/source.h"
#include "daemon/store/outbox.h"
#include "daemon/store/signals.h"
#include "files/signal_json.h"

#define KEEP_MS HOURS(24 * 7)

struct report {				/* what the escapes stand for */
	unsigned state;
	const char *sender, *number, *words;
	char message[48], time[24], seconds[24];
	const char *user;
};

void
engine_dlr_wanted(struct engine *e, const struct signal_row *r, const struct signal *s)
{
	struct dlr d = { .signal = r->id, .source = r->source, .mask = s->callback_mask, .url = s->callback };

	if (e->quiet)
		return;
	store_dlr_put(e->store, &d, e->now, e->now + KEEP_MS);
	e->dlr_wanted = true;
}

void
engine_dlr_of_alert(struct engine *e, int64_t signal, int64_t alert)
{
	if (e->dlr_wanted)
		store_dlr_of_alert(e->store, signal, alert);
}

void
engine_dlr_load(struct engine *e)
{
	e->dlr_wanted = store_dlr_any(e->store);
}

/* As Kannel: a blank is "+", and all but letters, digits and "-_.~:" is coded; in a query it must be. */
static void
put_coded(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~:", *text))
			buf_add(out, text, 1);
		else if (*text == ' ')
			buf_puts(out, "+");
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}

/* NULL: it is no escape, and stays as it is. */
static const char *
escape_of(char escape, const struct report *r, char room[12])
{
	switch (escape) {
	case 'd':
		snprintf(room, 12, "%u", r->state);
		return room;
	case 'p': case 'q':
		return r->number;
	case 'P': case 'Q':
		return r->sender;
	case 'a': case 'A': case 'b':
		return r->words;
	case 't':
		return r->time;
	case 'T':
		return r->seconds;
	case 'I':
		return r->message;
	case 'i':
		return "gong";
	case 'n':
		return r->user;
	case 'F':
		return "";
	default:
		return NULL;
	}
}

static void
fill_in(struct buf *out, const char *url, const struct report *r)
{
	char room[12];

	for (; *url; url++) {
		const char *text = *url == '%' && url[1] ? escape_of(url[1], r, room) : NULL;

		if (text)
			put_coded(out, text);
		if (text || (*url == '%' && url[1] == '%'))
			url++;
		if (!text)
			buf_add(out, url, 1);
	}
}

/* 0: it is none that Kannel tells. */
static unsigned
state_of(enum message_state was, enum message_state is, unsigned mask)
{
	bool left = message_is_reached(was);

	switch (is) {
	case MESSAGE_SENT:
		return DLR_ACCEPTED;
	case MESSAGE_DELIVERED:
		return DLR_DELIVERED;
	case MESSAGE_UNCERTAIN:
		return DLR_BUFFERED;
	case MESSAGE_FAILED:
	case MESSAGE_EXPIRED:
	case MESSAGE_WITHDRAWN:		/* whoever does not ask for refusals apart hears of a failure */
		return !left && mask & DLR_REJECTED ? DLR_REJECTED : DLR_FAILED;
	default:
		return 0;
	}
}

size_t
engine_written_number(struct engine *e, const char *number, uint32_t out[NUMBER_SHARE_MAX])
{
	struct err err = { 0 };
	struct buf plus = { 0 };
	uint64_t e164;
	size_t count = 0;

	if (phone_parse(&e164, number, &e->settings->phone_plan, &err) == 0)
		count = store_persons_by_number(e->store, e164, out, NUMBER_SHARE_MAX);
	if (count || *number == '+')
		return count;
	buf_printf(&plus, "+%s", number);
	if (phone_parse(&e164, plus.data, &e->settings->phone_plan, &err) == 0)
		count = store_persons_by_number(e->store, e164, out, NUMBER_SHARE_MAX);
	buf_fini(&plus);
	return count;
}

/* As its sender wrote it: he knows his message by that. */
static void
number_of(struct engine *e, const struct signal *s, uint32_t contact, char out[PHONE_TEXT + 40])
{
	const struct signal_label *to = signal_label_find(s, "to");
	const char *p = to ? to->text : "";

	out[0] = '\0';
	for (p += strspn(p, NUMBERS_APART); *p; p += strspn(p, NUMBERS_APART)) {
		size_t len = strcspn(p, NUMBERS_APART), count;
		uint32_t who[NUMBER_SHARE_MAX];
		char text[64];

		snprintf(text, sizeof(text), "%.*s", len < sizeof(text) ? (int)len : 0, p);
		count = engine_written_number(e, text, who);
		for (size_t i = 0; i < count; i++)
			if (who[i] == contact) {
				snprintf(out, PHONE_TEXT + 40, "%s", text);
				return;
			}
		p += len;
	}
}

static void
tell(struct engine *e, const struct source_conf *c, const struct dlr *d, int64_t alert, uint32_t contact,
     const struct signal *s, unsigned state)
{
	const struct signal_label *from = signal_label_find(s, "from");
	struct report r = { .state = state, .sender = from ? from->text : "", .user = c->name,
			    .words = state == DLR_ACCEPTED ? "ACK/" : state == DLR_REJECTED ? "NACK/" : "" };
	time_t seconds = (time_t)(e->now / 1000);
	char number[PHONE_TEXT + 40];
	struct buf url = { 0 };
	struct tm tm;

	number_of(e, s, contact, number);
	r.number = number;
	strftime(r.time, sizeof(r.time), "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &tm));
	snprintf(r.seconds, sizeof(r.seconds), "%lld", (long long)seconds);
	snprintf(r.message, sizeof(r.message), "%lld-%u", (long long)d->signal, contact);
	fill_in(&url, d->url, &r);
	engine_outbox_add(e, c, &(struct outbox_row){ .alert = alert, .url = url.data });
	buf_fini(&url);
}

void
engine_dlr_message(struct engine *e, const struct wave *w, uint32_t contact, enum message_state was,
		   enum message_state is)
{
	char name[SIGNAL_NAME_MAX + 1], *body;
	const struct source_conf *c;
	struct signal signal;
	unsigned state;
	struct dlr d;

	if (!e->dlr_wanted || was == is || e->quiet || (w->kind != WAVE_CALL && w->kind != WAVE_INFORM) ||
	    !store_dlr_get(e->store, w->alert, &d))
		return;
	state = state_of(was, is, d.mask);
	store_source_name(e->store, d.source, name, sizeof(name));
	c = settings_source(e->settings, name);
	body = state & d.mask && c ? store_signal_body(e->store, d.signal) : NULL;
	if (body && signal_decode(&signal, body) == 0) {
		tell(e, c, &d, w->alert, contact, &signal, state);
		signal_fini(&signal);
	}
	free(body);
	free(d.url);
}

struct stopped {
	struct engine *e;
	const struct wave *wave;
};

static void
never_leaves(void *ctx, uint32_t contact)
{
	const struct stopped *s = ctx;

	engine_dlr_message(s->e, s->wave, contact, MESSAGE_QUEUED, MESSAGE_EXPIRED);
}

void
engine_dlr_stopped(struct engine *e, const struct wave *w)
{
	struct stopped s = { e, w };
	struct dlr d = { .url = NULL };

	if (e->dlr_wanted && store_dlr_get(e->store, w->alert, &d))
		store_dlr_queued(e->store, w->id, never_leaves, &s);
	free(d.url);
}
