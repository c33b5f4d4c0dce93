/* parser.c -- who waits for gong-parse, and its life. */
#include "daemon/parse/internal.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/children/children.h"
#include "daemon/intake/formats/formats.h"

#define DEATHS_MAX 2			/* on the same bytes */
#define DEADLY_MAX 64			/* digests that are remembered */
#define LATE_MS 5000			/* of one message; its own limit of CPU time is far below */
#define CLOSE_MS 1000
#define FAILURES_TOLD 3			/* lives without a `ready`, until somebody is told */

struct waiting {
	uint64_t id;
	const char *source;		/* its name, in `names` of the line; owned */
	struct buf line;
	unsigned char digest[32];
	unsigned deaths;
	msec asked_at;			/* when the child got it; 0 = not yet */
	struct signal_post post;
	parsed_fn fn;
	void *ctx;
	struct waiting *next;
};

struct parser {
	struct children *children;
	struct child *child;		/* NULL: no source has ever needed it */
	struct settings *settings;
	struct parser_ports ports;
	struct buf open;		/* its first line; empty: it is not needed */
	struct waiting *first, **end;
	size_t count;
	uint64_t last_id;
	unsigned char deadly[DEADLY_MAX][32];
	size_t deadly_count;		/* ever; the table goes round */
	unsigned failures;
	bool is_up, is_renewed, told;	/* is_renewed: it was closed for other settings */
	/* The shapes of places, of which it must know before it is asked anything. */
	int64_t shapes;			/* the generation that it has whole, or gets; 0 = none */
	char shapes_after[32];		/* behind which the next page begins; "" = none is begun */
	bool is_ready, shapes_asked, shapes_stale;	/* stale: a child asked that is no more */
};

/* -- who waits -- */

static void
waiting_free(struct waiting *w)
{
	signal_post_fini(&w->post);
	buf_fini(&w->line);
	free((char *)w->source);
	free(w);
}

/* The first one has its answer. */
static void
answer(struct parser *p, const struct err *refused)
{
	struct waiting *w = p->first;

	p->first = w->next;
	if (!p->first)
		p->end = &p->first;
	p->count--;
	w->fn(w->ctx, &w->post, refused);
	waiting_free(w);
}

static void
busy(struct err *err)
{
	err_say(err, REFUSED_BUSY, about(CONCEPT_NONE), parse_not_there);
}

static void
turn_all_away(struct parser *p)
{
	struct err err;

	busy(&err);
	while (p->first)
		answer(p, &err);
}

static void
ask_next(struct parser *p)
{
	struct waiting *w = p->first;
	struct buf line = { 0 };

	if (!p->is_up || !w || w->asked_at)
		return;
	w->asked_at = child_now(p->child);
	buf_add(&line, w->line.data, w->line.len);	/* kept: it may die of this one or the last */
	child_queue(p->child, &line);
	buf_fini(&line);
}

/* -- its life -- */

static char *
on_program(void *owner, struct err *err)
{
	return talk_program(((struct parser *)owner)->settings, err);
}

static void
on_born(void *owner)
{
	struct parser *p = owner;
	struct buf line = { 0 };

	buf_add(&line, p->open.data, p->open.len);
	child_queue(p->child, &line);
	buf_fini(&line);
}

static void
take_ready(struct parser *p)
{
	child_is_ready(p->child);
	p->is_ready = true;
	p->shapes = 0;
	p->shapes_after[0] = '\0';
	parser_second(p);
	p->failures = 0;
	if (p->told)
		p->ports.trouble(p->ports.ctx, NULL);
	p->told = false;
}

void
parser_second(struct parser *p)
{
	if (p->is_ready && !p->shapes_asked)
		p->shapes_asked = p->ports.shapes(p->ports.ctx, p->shapes, p->shapes_after);
}

/* A child that ended meanwhile was told nothing, and the next one asks anew from the first on. */
void
parser_shapes(struct parser *p, const struct err *refused, const char *body, size_t len)
{
	bool begin = !p->shapes_after[0];
	int64_t before = p->shapes;
	struct buf line = { 0 };

	p->shapes_asked = false;
	if (p->shapes_stale) {
		p->shapes_stale = false;
		parser_second(p);
		return;
	}
	if (refused || !p->is_ready || talk_shapes(&line, body, len, begin, &p->shapes, p->shapes_after) < 0)
		goto out;		/* parser_second asks again */
	if (!begin && p->shapes != before) {	/* they changed in the middle */
		p->shapes = 0;
		p->shapes_after[0] = '\0';
	} else if (line.len) {
		child_queue(p->child, &line);
	}
	if (p->shapes_after[0] || (!p->shapes && before)) {
		parser_second(p);
		goto out;
	}
	p->is_up = true;
	ask_next(p);
out:
	buf_fini(&line);
}

/* Of the message in hand; whatever else it says is no answer. */
static int
take_answer(struct parser *p, const char *name, json_t *event)
{
	struct waiting *w = p->first;
	struct err err = { 0 };

	if (!w || !w->asked_at || (uint64_t)json_integer_value(json_object_get(event, "id")) != w->id)
		return -1;
	if (strcmp(name, "part") == 0)
		return talk_part(&w->post, event);
	if (strcmp(name, "parsed") != 0)
		return -1;
	answer(p, talk_end(&w->post, event, &err) < 0 ? &err : NULL);
	return 0;
}

static void
on_line(void *owner, char *text, size_t len)
{
	struct parser *p = owner;
	json_t *event = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(event, "ev")), *reason;

	if (!name)
		child_babbled(p->child);
	else if (strcmp(name, "ready") == 0)
		take_ready(p);
	else if (strcmp(name, "pong") == 0)
		child_ponged(p->child, (unsigned long)json_integer_value(json_object_get(event, "n")));
	else if (strcmp(name, "fatal") == 0) {
		reason = json_string_value(json_object_get(event, "reason"));
		child_leaves(p->child, reason ? reason : WORD(child_ended),
			     !json_is_true(json_object_get(event, "retry")));
	} else if (take_answer(p, name, event) < 0)
		child_babbled(p->child);
	json_decref(event);
}

static void
on_read(void *owner)
{
	ask_next(owner);
}

static void
on_muttered(void *owner, const char *line)
{
	struct parser *p = owner;

	if (line)
		p->ports.log(p->ports.ctx, LOG_STORY, "parser says text=\"%s\"", line);
}

static const char *
on_late(void *owner, msec now)
{
	const struct parser *p = owner;

	return p->first && p->first->asked_at && now - p->first->asked_at > LATE_MS ? WORD(child_late) : NULL;
}

static bool
is_deadly(const struct parser *p, const unsigned char digest[32])
{
	for (size_t i = 0; i < DEADLY_MAX && i < p->deadly_count; i++)
		if (memcmp(p->deadly[i], digest, 32) == 0)
			return true;
	return false;
}

static void
say_deadly(struct err *err)
{
	err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), parse_deadly, NUM(DEATHS_MAX));
}

/* It had this one in hand. */
static void
blame(struct parser *p, const char *reason)
{
	struct waiting *w = p->first;
	struct err err;

	w->asked_at = 0;
	signal_post_fini(&w->post);
	p->ports.log(p->ports.ctx, LOG_WARNING, "parser died source=%s death=%u reason=\"%s\"", w->source,
		     w->deaths + 1, ENGLISH(reason));
	if (++w->deaths < DEATHS_MAX)
		return;
	memcpy(p->deadly[p->deadly_count++ % DEADLY_MAX], w->digest, 32);
	say_deadly(&err);
	answer(p, &err);
}

static void
tell_failure(struct parser *p, const char *reason)
{
	struct said said;

	if (p->told)
		return;
	SAY(&said, parse_down, reason);
	p->ports.trouble(p->ports.ctx, &said);
	p->told = true;
}

static enum child_next
on_ended(void *owner, const char *reason, bool for_good, enum child_blame why)
{
	struct parser *p = owner;
	bool in_hand = p->first && p->first->asked_at, anew = p->is_renewed;

	p->is_up = p->is_ready = false;
	p->shapes_stale = p->shapes_asked;
	p->is_renewed = false;
	if (children_are_stopping(p->children) || !p->open.len) {
		turn_all_away(p);
		return CHILD_NEVER;
	}
	if (anew && in_hand) {		/* it was us, not the message */
		signal_post_fini(&p->first->post);
		p->first->asked_at = 0;
	} else if (in_hand) {
		blame(p, reason);
	}
	if (anew || in_hand)
		return CHILD_ANEW;
	p->ports.log(p->ports.ctx, LOG_WARNING, "parser lost reason=\"%s\"", ENGLISH(reason));
	turn_all_away(p);
	if (for_good || ++p->failures >= FAILURES_TOLD)
		tell_failure(p, reason);
	return CHILD_AS_IT_WAS;
}

static const struct child_ops parser_ops = {
	.program = on_program, .born = on_born, .line = on_line, .read = on_read, .muttered = on_muttered,
	.late = on_late, .ended = on_ended,
};

/* -- outside -- */

static void
start_child(struct parser *p)
{
	p->child = child_new(p->children, &parser_ops, p, 1);
	child_start(p->child);
}

struct parser *
parser_open(struct children *children, struct settings *settings, const struct parser_ports *ports)
{
	struct parser *p = xcalloc(1, sizeof(*p));

	p->children = children;
	p->settings = settings_ref(settings);
	p->ports = *ports;
	p->end = &p->first;
	talk_open(&p->open, settings);
	if (p->open.len)
		start_child(p);
	return p;
}

/* The same words: the same child. */
void
parser_reload(struct parser *p, struct settings *settings)
{
	struct buf was = p->open;

	p->open = (struct buf){ 0 };
	talk_open(&p->open, settings);
	settings_unref(p->settings);
	p->settings = settings_ref(settings);
	if (was.len == p->open.len && (!was.len || memcmp(was.data, p->open.data, was.len) == 0)) {
		if (p->child && child_state(p->child) == CHILD_STOPPED && p->open.len)
			child_wake(p->child);	/* somebody may have mended it */
	} else if (!p->child) {
		start_child(p);
	} else if (child_hears(p->child)) {
		p->is_renewed = true;
		p->is_up = p->is_ready = false;
		child_close(p->child, CLOSE_MS);
	} else if (p->open.len) {
		child_wake(p->child);
	}
	buf_fini(&was);
}

static size_t
share_of(const struct parser *p, const char *source)
{
	size_t count = 0;

	for (const struct waiting *w = p->first; w; w = w->next)
		count += strcmp(w->source, source) == 0;
	return count;
}

/* Sources take turns: a message goes before those that are a later one of their own source's than it is of
 * its, behind the one in hand. */
static struct waiting **
turn_of(struct parser *p, const char *source)
{
	struct waiting **link = p->first ? &p->first->next : &p->first;
	size_t mine = share_of(p, source) + 1;

	for (; *link; link = &(*link)->next) {
		size_t its = 0;

		for (const struct waiting *w = p->first; w != (*link)->next; w = w->next)
			its += strcmp(w->source, (*link)->source) == 0;
		if (its > mine)
			break;
	}
	return link;
}

static void
add_waiting(struct parser *p, const struct parse_ask *ask, const unsigned char digest[32], parsed_fn fn, void *ctx)
{
	struct waiting *w = xcalloc(1, sizeof(*w)), **link = turn_of(p, ask->source->name);

	w->id = ++p->last_id;
	w->source = xstrdup(ask->source->name);
	talk_ask(&w->line, w->id, ask);
	memcpy(w->digest, digest, sizeof(w->digest));
	w->fn = fn;
	w->ctx = ctx;
	w->next = *link;
	*link = w;
	if (!w->next)
		p->end = &w->next;
	p->count++;
	ask_next(p);
}

static int
ask_child(struct parser *p, const struct parse_ask *ask, parsed_fn fn, void *ctx, struct err *err)
{
	bool comes = p->child && (child_hears(p->child) || p->is_renewed || child_state(p->child) == CHILD_DYING);
	struct signal_post none = { 0 };
	unsigned char digest[32];
	struct err deadly;

	if (p->count >= PARSER_WAITING_MAX || share_of(p, ask->source->name) >= PARSER_SHARE_MAX)
		return err_say(err, REFUSED_BUSY, about(CONCEPT_NONE), source_busy, ask->source->name,
			       NUM(share_of(p, ask->source->name)));
	if (!comes || children_are_stopping(p->children)) {
		busy(err);
		return -1;
	}
	EVP_Digest(ask->bytes, ask->len, digest, NULL, EVP_sha256(), NULL);
	if (is_deadly(p, digest)) {
		say_deadly(&deadly);
		fn(ctx, &none, &deadly);
		return 0;
	}
	add_waiting(p, ask, digest, fn, ctx);
	return 0;
}

int
parser_ask(struct parser *p, const struct parse_ask *ask, parsed_fn fn, void *ctx, struct err *err)
{
	format_parse_fn at_once = format_parser(ask->source->format);
	struct format_input in = { .bytes = ask->bytes, .len = ask->len, .map = ask->source->rules.map,
				   .content_type = ask->content_type, .now = ask->now };
	struct signal_post post = { 0 };
	struct err refused = { 0 };

	if (!at_once)
		return ask_child(p, ask, fn, ctx, err);
	fn(ctx, &post, at_once(&post, &in, &refused) < 0 ? &refused : NULL);
	signal_post_fini(&post);
	return 0;
}

void
parser_close(struct parser *p)
{
	if (!p)
		return;
	turn_all_away(p);
	child_free(p->child);
	settings_unref(p->settings);
	buf_fini(&p->open);
	free(p);
}
