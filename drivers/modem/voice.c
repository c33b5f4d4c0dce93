/* voice.c -- calls by AT commands: dial, ring, say, listen for a key, hang up.
 * libGammu never reports that a call was answered; AT+CLCC does (3GPP TS 27.007 7.18), asked
 * every half second, and between the looks messages go on.  What a modem cannot do is said in
 * `ready`: without speech it is a call that says "read your SMS" by ringing. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/buf.h"
#include "core/segment.h"
#include "drivers/modem/driver.h"
#include "drivers/modem/ussd.h"

#define LOOK_MS 500
#define DIAL_MS SECONDS(30)
#define KEY_WAIT_MS SECONDS(8)		/* after the last play */
#define SILENT_MS SECONDS(5)		/* how long an answered call stays, that says nothing */
#define LISTEN_MAX_MS MINUTES(2)
#define SAY_UNITS 100			/* characters a command: they have limits of about 500 bytes */
#define SAY_CHAR_MS 350			/* for modems that do not tell the end of a speech */

/* The call has gone: how did it end, if nobody said so? */
static void
is_over(struct calling *c, const char *told)
{
	if (c->over)
		return;
	if (c->state == CALL_PICKED_UP)
		c->over = "answered";
	else if (told)
		c->over = told;
	else
		c->over = c->state == CALL_RINGS ? "rejected" : "failed";
}

/* What the end of a call says of it; NULL = nothing. */
static const char *
outcome_of(const char *line)
{
	return strcasecmp(line, "BUSY") == 0 ? "busy" : strcasecmp(line, "NO ANSWER") == 0
		? "no_answer" : NULL;
}

static void
on_dialed(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;
	struct calling *c = &d->voice.call;
	struct refusal refusal;

	if (r->end == AT_LATE) {
		trouble_met(d, WORD(modem_no_atd));
		return;
	}
	if (r->end == AT_CALL_END) {
		is_over(c, outcome_of(r->lines[r->count - 1]));
	} else if (r->end != AT_OK) {
		refusal = refusal_of(r->end == AT_ERROR ? CODE_NONE : r->code, r->end == AT_CME);
		/* What keeps a modem from calling does not keep its messages back: no `config`. */
		kit_done(d->kit, c->id, "rejected", NULL, 0, refusal.of == OF_NUMBER ? "drop"
			 : refusal.of == OF_MOMENT || refusal.of == OF_DOUBT ? "retry" : "retry_other", refusal.reason);
		calls_free(c);
	}
	if (c->state != CALL_NONE)
		c->next_at = driver_now() + LOOK_MS / 5;
	driver_done(d);
}

static void
dial(struct driver *d)
{
	struct queued_call *q = TAILQ_FIRST(&d->voice.waiting);
	char command[40];

	d->voice.call = q->call;
	TAILQ_REMOVE(&d->voice.waiting, q, link);
	free(q);
	d->voice.call.state = CALL_DIALING;
	d->voice.call.dialed_at = driver_now();
	d->voice.call.next_at = NEVER;
	snprintf(command, sizeof(command), "ATD%.24s;", d->voice.call.to);
	driver_begin(d, ACT_CALL);
	kit_leaving(d->kit, d->voice.call.slot);
	wire_ask(d->wire, command, DIAL_MS, on_dialed, d);
}

static void
picked_up(struct driver *d)
{
	struct calling *c = &d->voice.call;

	if (c->state == CALL_PICKED_UP)
		return;
	c->state = CALL_PICKED_UP;
	c->answered_at = driver_now();
	c->hang_up_at = c->answered_at + (d->quirk.say && c->text[0] ? LISTEN_MAX_MS
					  : d->quirk.keys_on ? KEY_WAIT_MS : SILENT_MS);
	kit_call_state(d->kit, c->id, &(struct kit_progress){
		.state = "answered", .ms = c->answered_at - c->dialed_at });
}

/* "+CLCC: id,direction,state,mode,…": ours goes out (0) and is speech (0). */
static int
state_of(const struct at_reply *r)
{
	int id, direction, state, mode;

	for (size_t i = 0; i < r->count; i++)
		if (sscanf(r->lines[i], "+CLCC: %d,%d,%d,%d", &id, &direction, &state, &mode) == 4 &&
		    direction == 0 && mode == 0)
			return state;
	return -1;
}

static void key(struct driver *, char digit);

static void
on_looked(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;
	struct calling *c = &d->voice.call;
	int state = state_of(r);
	char early = c->early_key;	/* of a ringing tone, or noise, unless he is there now */

	if (r->end == AT_LATE) {
		trouble_met(d, WORD(modem_no_clcc));
		return;
	}
	c->early_key = 0;
	c->next_at = driver_now() + LOOK_MS;
	if (state < 0 && r->end == AT_OK && (c->seen || c->next_at > c->dialed_at + SECONDS(5)))
		is_over(c, c->told);
	c->seen = c->seen || state >= 0;
	if (state == 0) {
		picked_up(d);
		if (early)
			key(d, early);
	} else if (state == 3 && c->state == CALL_DIALING) {
		c->state = CALL_RINGS;
		kit_call_state(d->kit, c->id, &(struct kit_progress){
			.state = "ringing", .ms = driver_now() - c->dialed_at });
	}
	driver_done(d);
}

static void
on_hung_up(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;

	is_over(&d->voice.call, "no_answer");
	if (r->end != AT_LATE) {
		driver_done(d);
		return;
	}
	calls_end(d);
	trouble_met(d, WORD(modem_no_hangup));
}

static void
on_said(void *ctx, const struct at_reply *r)
{
	struct driver *d = ctx;

	d->voice.call.is_speaking = r->end == AT_OK;
	if (r->end != AT_OK) {
		kit_log("the modem does not speak, the call stays silent");
		d->voice.call.plays = 0;
		d->voice.call.hang_up_at = driver_now() + KEY_WAIT_MS;
	}
	driver_done(d);
}

/* The next piece of the text, at most SAY_UNITS characters, up to a full stop if there is one. */
static char *
next_piece(struct calling *c)
{
	const char *from = c->text + c->said, *stop = NULL, *p = from;
	size_t units = 0;

	for (; *p && units < SAY_UNITS; units++) {
		size_t step = (unsigned char)*p < 0x80 ? 1 : (unsigned char)*p < 0xe0 ? 2
			: (unsigned char)*p < 0xf0 ? 3 : 4;

		if (strncmp(p, "。", 3) == 0 || *p == '!' || strncmp(p, ". ", 2) == 0)
			stop = p + step;
		p += step;
	}
	if (*p && stop)
		p = stop;
	c->said += (size_t)(p - from);
	return xstrndup(from, (size_t)(p - from));
}

/* It stands between quotation marks, and a line break would end the command. */
static void
put_quoted(struct buf *command, const char *text)
{
	for (; *text; text++) {
		char c = (unsigned char)*text < ' ' ? ' ' : *text == '"' ? '\'' : *text;

		buf_add(command, &c, 1);
	}
}

static void
put_say(struct buf *command, const char *form, const char *text)
{
	const char *at = strchr(form, '{');

	buf_add(command, form, at ? (size_t)(at - form) : strlen(form));
	if (!at)
		return;
	if (strncmp(at, "{ucs2}", 6) == 0)
		ussd_put_ucs2(command, text);
	else
		put_quoted(command, text);
	buf_puts(command, at + strcspn(at, "}") + 1);
}

static void
say(struct driver *d, msec now)
{
	struct calling *c = &d->voice.call;
	struct buf command = { 0 };
	char *piece;

	if (!c->text[c->said]) {
		c->said = 0;
		c->plays--;
	}
	piece = next_piece(c);
	put_say(&command, d->quirk.say, piece);
	/* Without a word of its end, by its length. */
	c->speaks_until = now + SECONDS(2) + SAY_CHAR_MS * (msec)utf8_characters(piece);
	if (!c->text[c->said] && c->plays == 1)
		c->hang_up_at = c->speaks_until + KEY_WAIT_MS;
	free(piece);
	driver_begin(d, ACT_CALL);
	wire_ask(d->wire, command.data, SECONDS(5), on_said, d);
	buf_fini(&command);
}

static bool
has_more_to_say(const struct driver *d)
{
	const struct calling *c = &d->voice.call;

	return d->quirk.say && c->state == CALL_PICKED_UP && !c->is_speaking && c->text[0] &&
	       (c->plays > 1 || (c->plays == 1 && c->text[c->said]));
}

static void
hang_up(struct driver *d)
{
	d->voice.call.hang_up = false;
	d->voice.call.hang_up_at = NEVER;
	driver_begin(d, ACT_CALL);
	wire_ask(d->wire, d->quirk.hangup, SECONDS(5), on_hung_up, d);
}

bool
voice_next(struct driver *d)
{
	struct calling *c = &d->voice.call;
	msec now = driver_now();

	if (c->state != CALL_NONE && c->over)
		calls_end(d);
	if (c->state == CALL_NONE) {
		/* Who calls us holds the line until he is rung off. */
		struct queued_call *q = d->voice.must_ring_off ? NULL : TAILQ_FIRST(&d->voice.waiting);

		if (q && kit_now() >= q->call.not_after) {
			TAILQ_REMOVE(&d->voice.waiting, q, link);
			calls_drop(d, q, "rejected", "retry", WORD(item_over));
		} else if (q) {
			dial(d);
		}
		return d->act == ACT_CALL;
	}
	if (c->is_speaking && now >= c->speaks_until)
		c->is_speaking = false;
	if (c->state != CALL_PICKED_UP && now >= c->dialed_at + c->ring_ms)
		c->hang_up = true;
	if (c->hang_up || (c->state == CALL_PICKED_UP && now >= c->hang_up_at)) {
		hang_up(d);
	} else if (has_more_to_say(d)) {
		say(d, now);
	} else if (now >= c->next_at) {
		driver_begin(d, ACT_CALL);
		wire_ask(d->wire, "AT+CLCC", SECONDS(5), on_looked, d);
	}
	return d->act == ACT_CALL;
}

msec
voice_at(struct driver *d)
{
	const struct calling *c = &d->voice.call;

	if (c->state == CALL_NONE)
		return TAILQ_EMPTY(&d->voice.waiting) || d->voice.must_ring_off ? NEVER : 0;
	return c->over || c->hang_up || has_more_to_say(d) ? 0 : c->next_at;
}

static void
on_rung_off(void *ctx, const struct at_reply *r)
{
	driver_done(ctx);
}

msec
voice_ring_off_at(struct driver *d)
{
	return d->voice.must_ring_off ? 0 : NEVER;
}

bool
voice_ring_off(struct driver *d)
{
	d->voice.must_ring_off = false;
	driver_begin(d, ACT_RING_OFF);
	wire_ask(d->wire, d->quirk.hangup, SECONDS(5), on_rung_off, d);
	return true;
}

/* A key: told once each; one that means something ends the call a little later.  One before
 * anybody is known to have picked up may be a ringing tone misheard, so AT+CLCC is asked first. */
static void
key(struct driver *d, char digit)
{
	struct calling *c = &d->voice.call;
	char one[2] = { digit, 0 };
	size_t len = strlen(c->keys_pressed);

	if (!isdigit((unsigned char)digit) && digit != '*' && digit != '#')
		return;
	if (c->state != CALL_PICKED_UP) {
		c->early_key = digit;
		c->next_at = msec_min(c->next_at, driver_now());
		return;
	}
	if (len + 1 < sizeof(c->keys_pressed)) {
		memcpy(c->keys_pressed + len, one, 2);
		calls_keep_keys(d);
	}
	if (!json_object_get(c->keys, one))
		return;
	c->hang_up_at = driver_now() + SECONDS(1);
	c->plays = 0;
	c->next_at = msec_min(c->next_at, c->hang_up_at);
}

/* The key itself, or its number in ASCII (49 is the key 1): no key has two letters.  0 = none. */
static char
key_of(const char *told)
{
	size_t len;

	told += strspn(told, " \"");
	len = strcspn(told, "\", ");
	if (len == 1)
		return *told;
	return len == 2 ? (char)strtol(told, NULL, 10) : 0;
}

/* As the model's quirk says, or as any maker is known to write it: a stick may be a rebranded one. */
static bool
key_news(struct driver *d, const char *line)
{
	static const char *const known[] = { "+QTONEDET:", "+DTMF:", "+DDET:" };
	const char *prefix = d->quirk.keys_prefix;

	if (prefix && strncmp(line, prefix, strlen(prefix)) == 0) {
		key(d, key_of(line + strlen(prefix)));
		return true;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strncmp(line, known[i], strlen(known[i])) != 0)
			continue;
		key(d, key_of(line + strlen(known[i])));
		return true;
	}
	return false;
}

/* It was shorter than reckoned; after the last one the wait for a key begins now. */
static void
end_speech(struct driver *d)
{
	struct calling *c = &d->voice.call;

	c->is_speaking = false;
	if (c->state == CALL_PICKED_UP && c->plays == 1 && !c->text[c->said])
		c->hang_up_at = msec_min(c->hang_up_at, driver_now() + KEY_WAIT_MS);
}

/* It may be another call's: somebody who waited has given up.  So it makes us look, and what it
 * said counts when ours is gone. */
static void
call_end_told(struct calling *c, const char *line)
{
	c->told = outcome_of(line);
	c->seen = true;
	if (c->next_at != NEVER)
		c->next_at = 0;
}

void
voice_news(struct driver *d, enum news news, const char *line)
{
	struct calling *c = &d->voice.call;
	const char *end = d->quirk.say_end;

	if (c->state == CALL_NONE)
		return;
	if (news == NEWS_CALL_END)
		call_end_told(c, line);
	else if (end && strncmp(line, end, strlen(end)) == 0)
		end_speech(d);
	else if (!key_news(d, line))
		return;
	driver_soon(d);
}
