/* kit.c -- the driver's side of the protocol; it knows no network. */
#include "drivers/kit/kit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/lines.h"
#include "files/page.h"

#define CLOSE_MS 5000			/* when gongd did not say */
#define FILES_LOOK_MS SECONDS(10)	/* a connection may fail for a new file no longer than this */
#define FATAL_MS 2000			/* for gongd's answer to a `fatal` */
#define AT_ONCE 256			/* lines that are read before any of them runs */
#define LOCK_WAIT_MS 30000		/* gongd waits 90 s for `ready` */
#define LOCK_LOOK_MS 50

struct kit {
	const struct kit_driver *driver;
	void *self;
	struct event_base *base;
	struct event *readable, *flush, *term, *files;
	struct lines in;
	struct buf out;
	bool leaving, closing;
	struct confined confined;
	struct journal *journal;
	json_t *opening;		/* the `open` that waits for the process before this one */
	struct event *again;
	msec open_until;
	pid_t parent;			/* gongd */
	struct page *page;		/* NULL = gongd has given us none */
	json_t *later[AT_ONCE];		/* read, not yet run: those from later_at on */
	size_t later_at, later_count;
	int status;
};

void *
kit_self(struct kit *k)
{
	return k->self;
}

struct event_base *
kit_base(struct kit *k)
{
	return k->base;
}

struct journal *
kit_journal(struct kit *k)
{
	return k->journal;
}

msec
kit_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (msec)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
kit_log(const char *fmt, ...)
{
	struct pollfd out = { STDERR_FILENO, POLLOUT, 0 };
	char line[2048];
	va_list args;
	size_t len;

	/* A log that nobody reads is lost; it must not stop the driver (daemon/log.c). */
	if (poll(&out, 1, 0) <= 0 || !(out.revents & POLLOUT))
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	len = strlen(line);
	line[len++] = '\n';
	(void)!write(STDERR_FILENO, line, len);
}

static void on_close(struct kit *, msec grace_ms);

static void
on_unheard(evutil_socket_t fd, short what, void *ctx)
{
	on_close(ctx, CLOSE_MS);
}

/* Output is blocking on purpose: gongd always reads, and when it does not, back-pressure is
 * what we want. */
static void
write_out(struct kit *k)
{
	size_t done = 0;

	while (done < k->out.len) {
		ssize_t n = write(STDOUT_FILENO, k->out.data + done, k->out.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {	/* a terminal, not blocking as stdin is not */
			poll(&(struct pollfd){ STDOUT_FILENO, POLLOUT, 0 }, 1, -1);
			continue;
		}
		if (n < 0) {		/* gongd is gone: nobody hears it, but what is under way is ended well */
			event_base_once(k->base, -1, EV_TIMEOUT, on_unheard, k, NULL);
			break;
		}
		done += (size_t)n;
	}
	buf_reset(&k->out);
}

static void
on_flush(evutil_socket_t fd, short what, void *ctx)
{
	struct kit *k = ctx;

	write_out(k);
	if (k->leaving)
		event_base_loopbreak(k->base);
}

static void
flush_soon(struct kit *k)
{
	if (k->out.len > 65536)
		write_out(k);
	event_active(k->flush, EV_TIMEOUT, 0);
}

void
kit_exit(struct kit *k)
{
	k->leaving = true;
	flush_soon(k);
}

/* Whoever forbids a driver to confine itself, it is not the kernel's maker: somebody must look. */
static void
add_refusal(const struct kit *k, json_t *event)
{
	const char *name = json_string_value(json_object_get(event, "ev"));
	json_t *alarms = json_object_get(event, "alarms");

	if (!k->confined.refused || !name || strcmp(name, "health") != 0)
		return;
	alarms = json_is_array(alarms) ? json_copy(alarms) : json_array();
	kit_alarm(alarms, "confinement", driver_not_confined, k->confined.lacks);
	json_object_set_new(event, "alarms", alarms);
}

void
kit_event(struct kit *k, json_t *event)
{
	char *line;

	add_refusal(k, event);
	line = json_dumps(event, JSON_COMPACT);

	buf_puts(&k->out, line);
	buf_puts(&k->out, "\n");
	free(line);
	json_decref(event);
	flush_soon(k);
}

void
kit_alarm_phrase(json_t *alarms, const char *alarm, enum phrase phrase, const char *const *values)
{
	char detail[SAID_BYTES];
	struct buf json = { 0 };
	struct said said;

	said_fill(&said, phrase, values);
	said_render(&said, LANG_EN, detail, sizeof(detail));
	said_values_json(&said, &json);
	json_array_append_new(alarms, json_pack("{s:s,s:s,s:o,s:s}", "name", alarm, "concept",
		phrase_name(phrase), "values", json_loads(json.data, 0, NULL), "text", detail));
	buf_fini(&json);
}

static void
member(struct kit *k, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(&k->out, ",\"%s\":", name);
	buf_json(&k->out, value);
}

/* A value that is one phrase as gongd reads it; any other text as itself, in English. */
static json_t *
reason_json(const char *reason)
{
	char english[SAID_BYTES];
	struct buf json = { 0 };
	struct said said;
	json_t *values, *phrase, *out;

	value_render(reason, LANG_EN, english, sizeof(english));
	said_fill(&said, PHRASE_verbatim, &reason);
	said_values_json(&said, &json);
	values = json_loads(json.data, 0, NULL);
	phrase = json_array_get(values, 0);
	out = json_is_object(phrase)
		? json_pack("{s:O,s:O,s:s}", "concept", json_object_get(phrase, "code"), "values",
			    json_object_get(phrase, "values"), "detail", english)
		: json_string(english);
	json_decref(values);
	buf_fini(&json);
	return out;
}

static void
put_reason(struct kit *k, const char *reason)
{
	json_t *value;
	char *text;

	if (!reason || !value_has_phrases(reason)) {
		member(k, "reason", reason);
		return;
	}
	value = reason_json(reason);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	buf_printf(&k->out, ",\"reason\":%s", text);
	free(text);
	json_decref(value);
}

static void
end_line(struct kit *k)
{
	buf_puts(&k->out, "}\n");
	flush_soon(k);
}

static json_t *
confined_json(const struct confined *c)
{
	json_t *json = json_pack("{s:i,s:b,s:b}", "landlock", c->landlock, "seccomp", c->seccomp,
				 "no_network", c->no_network);

	if (c->lacks[0])
		json_object_set_new(json, "lacks", json_string(c->lacks));
	return json;
}

static bool
has_page(const struct kit *k)
{
	return k->page && k->driver->marks;
}

void
kit_complete_ready(const struct kit *k, json_t *ready)
{
	if (k->files)
		json_object_set_new(ready, "confined", confined_json(&k->confined));
	if (has_page(k))
		json_object_set_new(ready, "page", json_true());
}

/* The same, as further members of the line. */
static void
complete_ready(struct kit *k)
{
	json_t *more = json_object();
	char *text;

	kit_complete_ready(k, more);
	text = json_dumps(more, JSON_COMPACT);
	if (json_object_size(more))
		buf_printf(&k->out, ",%.*s", (int)strlen(text) - 2, text + 1);
	free(text);
	json_decref(more);
}

void
kit_ready(struct kit *k, const struct kit_offer *o)
{
	buf_puts(&k->out, "{\"ev\":\"ready\",\"protocol\":1,\"channels\":[");
	if (strstr(o->channels, "sms"))
		buf_puts(&k->out, "\"sms\"");
	if (strstr(o->channels, "voice"))
		buf_printf(&k->out, "%s\"voice\"", strstr(o->channels, "sms") ? "," : "");
	buf_printf(&k->out, "],\"window\":%u,\"batch\":%u,\"receipts\":%s,\"inbound\":%s,"
		   "\"version\":\"" GONG_VERSION "\"", o->window, o->batch,
		   o->receipts ? "true" : "false", o->inbound ? "true" : "false");
	if (o->receipts == KIT_RECEIPTS_BY_REF)
		buf_puts(&k->out, ",\"receipts_by_ref\":true");
	if (o->templates)
		buf_puts(&k->out, ",\"templates\":true");
	if (has_page(k))
		buf_printf(&k->out, ",\"prefetch\":%u", o->prefetch);
	if (o->rate > 0)
		buf_printf(&k->out, ",\"rate\":%g", o->rate);
	if (o->reply_within_ms)
		buf_printf(&k->out, ",\"reply_within_ms\":%lld", (long long)o->reply_within_ms);
	if (o->budgets) {
		char *budgets = json_dumps(o->budgets, JSON_COMPACT);

		buf_printf(&k->out, ",\"budgets\":%s", budgets);
		free(budgets);
	}
	member(k, "identity", o->identity);
	complete_ready(k);
	end_line(k);
}

void
kit_ready_to_fetch(struct kit *k)
{
	json_t *ready = json_pack("{s:s,s:i,s:s}", "ev", "ready", "protocol", 1, "version", GONG_VERSION);

	kit_complete_ready(k, ready);
	kit_event(k, ready);
}

bool
kit_signal(struct kit *k, const char *id, bool first, const char *keep, json_t *documents)
{
	json_t *event = json_pack("{s:s,s:s,s:b,s:o}", "ev", "signal", "id", id, "first", first, "documents",
				  documents);
	char *line;
	bool fits;

	if (keep)
		json_object_set_new(event, "keep", json_string(keep));
	line = json_dumps(event, JSON_COMPACT);
	fits = line && strlen(line) < KIT_LINE_MAX;
	if (fits) {
		buf_puts(&k->out, line);
		buf_puts(&k->out, "\n");
		flush_soon(k);
	}
	free(line);
	json_decref(event);
	return fits;
}

void
kit_beat(struct kit *k, const char *keep)
{
	json_t *event = json_pack("{s:s}", "ev", "beat");

	if (keep)
		json_object_set_new(event, "keep", json_string(keep));
	kit_event(k, event);
}

static void
mark(struct kit *k, uint32_t slot, uint32_t left)
{
	if (k->page && slot != PAGE_NO_SLOT && slot < PAGE_SLOTS)
		k->page->slots[slot].left = left;
}

void
kit_leaving(struct kit *k, uint32_t slot)
{
	mark(k, slot, 1);
}

void
kit_stayed(struct kit *k, uint32_t slot)
{
	mark(k, slot, 0);
}

void
kit_done(struct kit *k, const char *id, const char *outcome, const char *ref, unsigned parts,
	 const char *class, const char *reason)
{
	buf_printf(&k->out, "{\"ev\":\"done\",\"id\":\"%s\",\"outcome\":\"%s\"", id, outcome);
	member(k, "ref", ref);
	if (parts)
		buf_printf(&k->out, ",\"parts\":%u", parts);
	member(k, "class", class);
	put_reason(k, reason);
	end_line(k);
}

void
kit_done_many(struct kit *k, const char *const *ids, size_t count, const char *outcome,
	      const char *class, const char *reason)
{
	buf_puts(&k->out, "{\"ev\":\"done\",\"ids\":[");
	for (size_t i = 0; i < count; i++) {
		buf_puts(&k->out, i ? ",\"" : "\"");
		buf_puts(&k->out, ids[i]);
		buf_add(&k->out, "\"", 1);
	}
	buf_printf(&k->out, "],\"outcome\":\"%s\"", outcome);
	member(k, "class", class);
	put_reason(k, reason);
	end_line(k);
}

void
kit_part(struct kit *k, const char *id, unsigned part, unsigned of, unsigned reference,
	 const char *ref)
{
	buf_printf(&k->out, "{\"ev\":\"part\",\"id\":\"%s\",\"part\":%u,\"of\":%u,\"reference\":%u",
		   id, part, of, reference);
	member(k, "ref", ref);
	end_line(k);
}

void
kit_receipt(struct kit *k, const struct kit_receipt *r, msec at)
{
	bool of_part = r->part && r->of != 1;

	/* A gongd that knows no parts must not take one for the whole. */
	buf_printf(&k->out, "{\"ev\":\"receipt\",\"state\":\"%s\",\"at\":%lld",
		   of_part ? "buffered" : r->state, (long long)at);
	member(k, "part_state", of_part ? r->state : NULL);
	member(k, "took", r->took);
	member(k, "id", r->id);
	member(k, "ref", r->ref);
	member(k, "to", r->to);
	put_reason(k, r->reason);
	member(k, "part_ref", r->part_ref);
	if (r->part)
		buf_printf(&k->out, ",\"part\":%u", r->part);
	if (r->of)
		buf_printf(&k->out, ",\"of\":%u", r->of);
	end_line(k);
}

const char *
kit_call_reason(const char *outcome)
{
	static const struct { const char *outcome, *phrase; } known[] = {
		{ "answered", NULL }, { "busy", WORD(call_busy) }, { "no_answer", WORD(call_no_answer) },
		{ "rejected", WORD(call_declined) }, { "unreachable", WORD(call_unreachable) },
		{ "failed", WORD(call_failed) }, { "no_news", WORD(call_no_news) },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(known[i].outcome, outcome) == 0)
			return known[i].phrase;
	return outcome;			/* a provider's own word */
}

void
kit_call_state(struct kit *k, const char *id, const struct kit_progress *p)
{
	buf_printf(&k->out, "{\"ev\":\"call\",\"id\":\"%s\",\"state\":\"%s\",\"ms\":%lld", id,
		   p->state, (long long)p->ms);
	member(k, "outcome", p->outcome);
	member(k, "digits", p->digits);
	member(k, "machine", p->machine);
	member(k, "took", p->took);
	end_line(k);
}

void
kit_inbound(struct kit *k, const char *driver_id, const char *from, const char *text, msec at)
{
	buf_puts(&k->out, "{\"ev\":\"inbound\",\"id\":");
	buf_json(&k->out, driver_id);
	member(k, "from", from);
	member(k, "text", text);
	if (!text)
		buf_puts(&k->out, ",\"missed_call\":true");
	buf_printf(&k->out, ",\"at\":%lld", (long long)at);
	end_line(k);
}

void
kit_reply(struct kit *k, const char *callback_id, int status, const char *type, const char *body)
{
	kit_event(k, json_pack("{s:s,s:s,s:i,s:{s:s},s:s}", "ev", "reply", "id", callback_id, "status",
			       status, "headers", "Content-Type", type, "body", body));
}

void
kit_answer(struct kit *k, const char *id, json_t *fields)
{
	json_object_set_new(fields, "ev", json_string("answer"));
	json_object_set_new(fields, "id", json_string(id));
	kit_event(k, fields);
}

void
kit_refuse(struct kit *k, const char *id, const char *reason)
{
	kit_answer(k, id, json_pack("{s:b,s:s}", "ok", 0, "reason", ENGLISH(reason)));
}

void
kit_reset(struct kit *k, const char *device)
{
	kit_event(k, json_pack("{s:s,s:s}", "ev", "reset", "device", device));
}

void
kit_checked(struct kit *k, json_t *problems)
{
	struct confined here;

	confine_probe(&here);
	kit_event(k, json_pack("{s:s,s:o*,s:o}", "ev", "checked", "problems", problems, "confined",
			       confined_json(&here)));
	kit_exit(k);
}

static msec
number(json_t *op, const char *name, msec otherwise)
{
	json_t *value = json_object_get(op, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static const char *
string(json_t *op, json_t *outer, const char *name)
{
	const char *text = json_string_value(json_object_get(op, name));

	return text || !outer ? text : json_string_value(json_object_get(outer, name));
}

static uint32_t
slot_of(json_t *json)
{
	msec slot = number(json, "slot", PAGE_NO_SLOT);

	return slot > 0 && slot < PAGE_SLOTS ? (uint32_t)slot : PAGE_NO_SLOT;
}

/* -- the end that a driver chooses -- */

/* true: it is gongd's `close`, nothing follows. */
static bool
give_back(struct kit *k, json_t *op)
{
	static const char *const reason = WORD(driver_given_back);
	const char *name = string(op, NULL, "op"), *id = string(op, NULL, "id");
	json_t *item;
	size_t i;

	if (name && strcmp(name, "send") == 0)
		json_array_foreach(json_object_get(op, "items"), i, item)
			if (string(item, NULL, "id"))
				kit_done(k, string(item, NULL, "id"), "withdrawn", NULL, 0, NULL,
					 reason);
	if (name && id && strcmp(name, "call") == 0)
		kit_done(k, id, "withdrawn", NULL, 0, NULL, reason);
	if (name && id && strcmp(name, "ask") == 0)
		kit_refuse(k, id, "the driver has ended");
	return name && strcmp(name, "close") == 0;
}

/* true: that was all. */
static bool
give_back_lines(struct kit *k)
{
	bool closed = false;
	size_t len;
	char *line;

	while (!closed && (line = lines_next(&k->in, &len))) {
		json_t *op = json_loadb(line, len, 0, NULL);

		closed = give_back(k, op);
		json_decref(op);
	}
	return closed;
}

/* What gongd had written before it read our word: in its pipe it would be lost, and in doubt. */
static void
give_back_rest(struct kit *k)
{
	msec until = kit_now() + FATAL_MS, left;
	bool closed = false;
	char chunk[65536];
	ssize_t n;

	while (k->later_at < k->later_count)
		closed |= give_back(k, k->later[k->later_at++]);
	while (!closed && !give_back_lines(k) && (left = until - kit_now()) > 0 && left <= FATAL_MS) {
		poll(&(struct pollfd){ STDIN_FILENO, POLLIN, 0 }, 1, (int)left);
		n = read(STDIN_FILENO, chunk, sizeof(chunk));
		if (n > 0)
			lines_add(&k->in, chunk, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
}

void
kit_fatal(struct kit *k, const char *reason, bool retry)
{
	kit_event(k, json_pack("{s:s,s:o,s:b}", "ev", "fatal", "reason", reason_json(reason), "retry", retry));
	write_out(k);
	if (!k->closing)
		give_back_rest(k);
	write_out(k);
	journal_close(k->journal);
	exit(1);
}

/* It stands where the text stands: in an item, or beside the shared one. */
static struct kit_template
template_of(json_t *json, json_t *op)
{
	json_t *t = json_object_get(json_object_get(json, "text") || !op ? json : op, "template");

	return (struct kit_template){
		.name = string(t, NULL, "name"), .language = string(t, NULL, "language"),
		.constant = string(t, NULL, "constant"), .params = json_object_get(t, "params"),
	};
}

static void
fill_item(struct kit_item *item, json_t *json, json_t *op, unsigned *missing, size_t room)
{
	json_t *parts = json_object_get(json, "parts");

	if (!parts)
		parts = json_object_get(op, "parts");
	*item = (struct kit_item){
		.id = string(json, NULL, "id"), .to = string(json, NULL, "to"),
		.text = string(json, op, "text"), .template = template_of(json, op),
		.reference = (unsigned)number(json, "reference", number(op, "reference", 0)),
		.parts = (unsigned)number(json, "of", number(op, "of", 0)), .slot = slot_of(json),
	};
	for (size_t i = 0; i < json_array_size(parts) && i < room; i++)
		missing[item->missing_count++] =
			(unsigned)json_integer_value(json_array_get(parts, i));
	item->missing = item->missing_count ? missing : NULL;
}

#define MISSING_MAX 64

static void
on_send(struct kit *k, json_t *op)
{
	json_t *array = json_object_get(op, "items");
	size_t count = json_array_size(array);
	struct kit_item *items = xcalloc(count + 1, sizeof(*items));
	unsigned *missing = xcalloc((count + 1) * MISSING_MAX, sizeof(*missing));
	const char *class = string(op, NULL, "class");
	struct kit_send send = {
		.items = items, .flash = class && strcmp(class, "flash") == 0,
		.receipt = json_is_true(json_object_get(op, "receipt")),
		.urgent = json_is_true(json_object_get(op, "urgent")),
		.not_after = number(op, "not_after", NEVER), .is_one_text = true,
	};

	for (size_t i = 0; i < count; i++) {
		struct kit_item *item = &items[send.count];

		fill_item(item, json_array_get(array, i), op, missing + i * MISSING_MAX,
			  MISSING_MAX);
		if (!item->id)
			continue;
		if (!item->to || !item->text) {
			kit_done(k, item->id, "rejected", NULL, 0, "drop",
				 WORD(driver_send_lacks));
			continue;
		}
		send.is_one_text = send.is_one_text && item->text == items[0].text;
		send.count++;
	}
	if (send.count)
		k->driver->send(k, &send);
	free(items);
	free(missing);
}

static void
on_call(struct kit *k, json_t *op)
{
	json_t *say = json_array_get(json_object_get(op, "say"), 0);
	struct kit_call call = {
		.id = string(op, NULL, "id"), .to = string(op, NULL, "to"),
		.text = string(say, NULL, "text"), .language = string(say, NULL, "language"),
		.template = template_of(op, NULL),
		.keys = json_object_get(op, "keys"), .ring_ms = number(op, "ring_ms", 35000),
		.not_after = number(op, "not_after", NEVER),
		.plays = (unsigned)number(op, "plays", 2), .slot = slot_of(op),
	};

	if (!call.id)
		return;
	if (k->driver->call && call.to)
		k->driver->call(k, &call);
	else
		kit_done(k, call.id, "rejected", NULL, 0, "config", WORD(driver_no_calls));
}

static void
on_ask(struct kit *k, json_t *op)
{
	struct kit_question question = {
		.id = string(op, NULL, "id"), .what = string(op, NULL, "what"),
		.text = string(op, NULL, "text"), .to = string(op, NULL, "to"),
		.receipt_wait_ms = number(op, "receipt_wait_ms", 0),
	};

	if (!question.id)
		return;
	if (!k->driver->ask)
		kit_refuse(k, question.id, "this driver answers no questions");
	else if (!question.what || (!question.text && strcmp(question.what, "test") != 0) ||
		 (strcmp(question.what, "sms") == 0 && !question.to))
		kit_refuse(k, question.id, "the question lacks what, text or to");
	else
		k->driver->ask(k, &question);
}

static void
on_reset(struct kit *k, json_t *op)
{
	const char *reason = string(op, NULL, "reason");

	if (k->driver->reset)
		k->driver->reset(k, json_is_true(json_object_get(op, "ok")) ? NULL
				 : reason ? reason : "gongd does not say why");
}

static void
on_withdraw(struct kit *k, json_t *op)
{
	json_t *ids = json_object_get(op, "ids"), *id;
	size_t i;

	json_array_foreach(ids, i, id)
		if (json_is_string(id) && k->driver->withdraw)
			k->driver->withdraw(k, json_string_value(id));
}

static void
on_close(struct kit *k, msec grace_ms)
{
	if (k->closing)
		return;
	k->closing = true;
	if (k->driver->close)
		k->driver->close(k, grace_ms);
	else
		kit_exit(k);
}

/* A helper of ours must not hold the page when we are gone. */
static void
take_page(struct kit *k, int fd)
{
	if (fd != PAGE_FD || k->page)
		return;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	k->page = page_map(fd);
	if (!k->page)
		kit_log("page not usable reason=\"%s\"", strerror(errno));
}

static void
on_journal_changed(void *ctx)
{
	struct kit *k = ctx;

	if (k->driver->journal)
		k->driver->journal(k);
}

/* A driver that is run by hand has none, and keeps nothing. */
static void
open_journal(struct kit *k, json_t *said)
{
	const char *fault = string(said, NULL, "fault"), *trouble;
	size_t damaged;

	k->journal = journal_open(k->base, (int)number(said, "fd", -1),
				  (size_t)number(said, "bytes", JOURNAL_BYTES), fault,
				  on_journal_changed, k);
	trouble = journal_trouble(k->journal, &damaged);
	if (trouble)
		kit_log("journal cannot be used reason=\"%s\"", ENGLISH(trouble));
	if (damaged)
		kit_log("journal damaged: %zu bytes cannot be read", damaged);
}

void
kit_journal_alarms(struct kit *k, json_t *alarms)
{
	size_t damaged;
	const char *trouble = journal_trouble(k->journal, &damaged);

	if (trouble)
		kit_alarm(alarms, "journal", journal_unusable, trouble);
	if (damaged)
		kit_alarm(alarms, "journal_damaged", journal_damaged, NUM((long long)damaged));
}

/* A gongd that died left a process of this route, which ends within seconds: never two in one
 * journal. */
static bool
is_locked(struct kit *k, json_t *said)
{
	int fd = (int)number(said, "fd", -1);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	if (kit_now() < k->open_until)
		return true;
	json_object_set_new(said, "fault", json_string("another process of this route still holds it"));
	return false;
}

static void
on_open(struct kit *k, json_t *op)
{
	json_t *said = json_object_get(op, "journal");

	if (!k->journal && is_locked(k, said)) {
		k->opening = json_incref(op);
		event_add(k->again, &(struct timeval){ 0, LOCK_LOOK_MS * 1000 });
		return;
	}
	if (!k->journal)
		open_journal(k, said);
	take_page(k, (int)number(op, "page", -1));
	if (json_object_get(op, "source"))
		k->driver->open(k, string(op, NULL, "source"), json_object_get(op, "config"),
				string(op, NULL, "keep"));
	else
		k->driver->open(k, string(op, NULL, "route"), json_object_get(op, "config"),
				string(op, NULL, "state"));
}

/* A driver that knows no such question can still say how far it could confine itself here. */
static void
on_check(struct kit *k, json_t *op)
{
	if (k->driver->check)
		k->driver->check(k, op);
	else
		kit_checked(k, NULL);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	struct kit *k = ctx;
	json_t *op = k->opening;

	k->opening = NULL;
	if (!k->closing)
		on_open(k, op);
	json_decref(op);
}

static void
on_took(struct kit *k, const char *id, json_t *op)
{
	if (k->journal)
		journal_took(k->journal, id);
	if (k->driver->signalled)
		k->driver->signalled(k, id, json_object_get(op, "signals"));
	else if (k->driver->took)
		k->driver->took(k, id);
}

static void
run_op(struct kit *k, json_t *op)
{
	const char *name = string(op, NULL, "op"), *id = string(op, NULL, "id");

	if (!name)
		return;
	if (strcmp(name, "send") == 0 && k->driver->send)
		on_send(k, op);
	else if (strcmp(name, "call") == 0)
		on_call(k, op);
	else if (strcmp(name, "withdraw") == 0)
		on_withdraw(k, op);
	else if (strcmp(name, "took") == 0 && id)
		on_took(k, id, op);
	else if (strcmp(name, "callback") == 0 && k->driver->callback)
		k->driver->callback(k, op);
	else if (strcmp(name, "post") == 0 && k->driver->post)
		k->driver->post(k, op);
	else if (strcmp(name, "ask") == 0)
		on_ask(k, op);
	else if (strcmp(name, "ping") == 0)
		kit_event(k, json_pack("{s:s,s:I}", "ev", "pong", "n",
				       (json_int_t)number(op, "n", 0)));
	else if (strcmp(name, "open") == 0)
		on_open(k, op);
	else if (strcmp(name, "reset") == 0)
		on_reset(k, op);
	else if (strcmp(name, "check") == 0)
		on_check(k, op);
	else if (strcmp(name, "close") == 0)
		on_close(k, number(op, "grace_ms", 5000));
	else if (k->driver->other)
		k->driver->other(k, name, op);
}

/* A withdraw that overtook its send would find nothing, and the message would leave. */
static bool
keeps_its_turn(const char *op)
{
	return strcmp(op, "send") == 0 || strcmp(op, "withdraw") == 0 || strcmp(op, "close") == 0;
}

/* Everything that waits is read and parsed before anything runs, so that a ping or an urgent
 * send never stands behind a long queue of others. */
static void
run_waiting(struct kit *k)
{
	size_t len;
	char *line;

	k->later_at = k->later_count = 0;
	while (k->later_count < AT_ONCE && (line = lines_next(&k->in, &len))) {
		json_error_t where;
		json_t *op = json_loadb(line, len, 0, &where);
		const char *name = string(op, NULL, "op");

		if (!name)
			kit_log("line is no operation reason=\"%s\"", where.text);
		else if (!keeps_its_turn(name) || json_is_true(json_object_get(op, "urgent")))
			run_op(k, op);
		else
			k->later[k->later_count++] = json_incref(op);
		json_decref(op);
	}
	while (k->later_at < k->later_count) {
		json_t *op = k->later[k->later_at++];

		run_op(k, op);
		json_decref(op);
	}
	if (k->later_count == AT_ONCE)
		event_active(k->readable, EV_TIMEOUT, 0);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct kit *k = ctx;
	static char chunk[262144];
	ssize_t n = 1;
	bool ended;

	for (int i = 0; i < 4 && what & EV_READ; i++) {
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			break;
		lines_add(&k->in, chunk, (size_t)n);
	}
	ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
	run_waiting(k);			/* changes errno */
	if (ended) {
		event_del(k->readable);
		on_close(k, CLOSE_MS);
	}
}

/* SIGTERM comes from the kernel when gongd has died, or from an administrator: the submit in hand
 * is finished all the same, but a driver that hangs must not hold its modem for ever. */
static int term_pipe[2];

static void
on_term_signal(int sig)
{
	int before = errno;

	alarm(2 * CLOSE_MS / 1000);
	(void)!write(term_pipe[1], "", 1);
	errno = before;
}

static void
on_files(evutil_socket_t fd, short what, void *ctx)
{
	struct kit *k = ctx;
	const char *file = confine_is_outdated(&k->confined);
	char reason[320];

	if (!file || k->closing)
		return;
	event_del(k->files);
	snprintf(reason, sizeof(reason), "%s was replaced; a new process may read it", file);
	kit_event(k, json_pack("{s:s,s:s,s:b}", "ev", "fatal", "reason", reason, "retry", true));
}

void
kit_confine(struct kit *k, const struct confine *c)
{
	struct timeval every = { FILES_LOOK_MS / 1000, 0 };

	tzset();			/* its file cannot be read any more */
	confine(c, &k->confined);
	if (k->files)
		return;
	if (k->confined.lacks[0])
		kit_log("not wholly confined reason=\"%s\"", k->confined.lacks);
	k->files = event_new(k->base, -1, EV_PERSIST, on_files, k);
	if (k->confined.alone_count)
		event_add(k->files, &every);
}

/* gongd answers a `fatal` with `close`: until that is read, it may have sent more, and what is
 * left unread would be in doubt. */
static void
on_term(evutil_socket_t fd, short what, void *ctx)
{
	struct kit *k = ctx;

	if (getppid() != k->parent)
		on_close(k, CLOSE_MS);	/* gongd is gone */
	else
		kit_event(k, json_pack("{s:s,s:s,s:b}", "ev", "fatal", "reason",
				       "told to end by SIGTERM", "retry", true));
}

static void
watch_term(struct kit *k)
{
	struct sigaction action = { .sa_handler = on_term_signal, .sa_flags = SA_RESTART };

	if (pipe2(term_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return;			/* then SIGTERM ends the driver at once */
	k->term = event_new(k->base, term_pipe[0], EV_READ, on_term, k);
	event_add(k->term, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int
kit_main(const struct kit_driver *driver, void *self)
{
	struct kit k = { .driver = driver, .self = self, .base = event_base_new(),
			 .parent = getppid() };

	signal(SIGPIPE, SIG_IGN);	/* gongd gone is seen by the write */
	fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
	k.readable = event_new(k.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_readable, &k);
	k.flush = event_new(k.base, -1, 0, on_flush, &k);
	k.again = event_new(k.base, -1, 0, on_again, &k);
	k.open_until = kit_now() + LOCK_WAIT_MS;
	event_add(k.readable, NULL);
	watch_term(&k);
	event_base_dispatch(k.base);
	write_out(&k);
	journal_close(k.journal);
	event_free(k.readable);
	event_free(k.flush);
	event_free(k.again);
	json_decref(k.opening);
	if (k.term)
		event_free(k.term);
	if (k.files)
		event_free(k.files);
	page_unmap(k.page);
	event_base_free(k.base);
	lines_fini(&k.in);
	buf_fini(&k.out);
	return k.status;
}
