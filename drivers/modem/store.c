/* store.c -- the modem's memories of messages: lists, reads and deletes (3GPP TS 27.005 3.2.3,
 * 3.4.2, 3.5.4).  Messages stay there until gongd has taken them.  News of a message is a hint
 * where to look, and every so often all is listed, for hints get lost. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"
#include "drivers/modem/pdu.h"

#define STORE_MS SECONDS(15)
#define TEXT_AGAIN_MS MINUTES(1)	/* some stay in text mode whatever they are told */

static const char *const names[MEMORY_COUNT] = { "SM", "ME", "SR", "MT" };
enum { MEMORY_SM, MEMORY_ME, MEMORY_SR, MEMORY_MT };

void
store_begin(struct driver *d, const struct at_reply *r)
{
	const char *offer = at_line(r, "+CPMS:");
	char quoted[8];

	d->store.memory = -1;
	d->store.read_count = d->store.litter_count = 0;
	for (int i = 0; i < MEMORY_COUNT; i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\"", names[i]);
		d->store.has_memory[i] = offer && strstr(offer, quoted);
	}
	d->store.has_memory[MEMORY_MT] = d->conf.storage && strcmp(d->conf.storage, "MT") == 0;
	if (d->store.has_memory[MEMORY_MT])		/* it is both of them */
		d->store.has_memory[MEMORY_SM] = d->store.has_memory[MEMORY_ME] = false;
	else if (!d->store.has_memory[MEMORY_ME])
		d->store.has_memory[MEMORY_SM] = true;
}

static void
ended(void *ctx, const char *failed)
{
	struct driver *d = ctx;

	if (failed)
		d->store.memory = -1;
	if (failed && !d->store.was_refused)
		trouble_met(d, failed);
	else
		driver_done(d);
}

static void
on_switched(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	d->store.was_refused = r->end != AT_OK;
	if (!d->store.was_refused)
		return;
	kit_log("the modem does not open a memory of messages");
	script_fail(s, "refused");
}

static void
begin(struct driver *d, enum activity activity)
{
	driver_begin(d, activity);
	d->store.was_refused = false;
	script_begin(&d->script, d->wire, d, ended);
}

static void
switch_to(struct driver *d, int memory)
{
	if (d->store.memory != memory)
		script_ask(&d->script, STORE_MS, on_switched, "AT+CPMS=\"%s\"", names[memory]);
	d->store.memory = memory;
}

/* What is no message would lie there for ever and fill the memory: a person may look at it, and
 * it is deleted as any other once that is taken. */
static void
note_unreadable(struct stored *out, const char *pdu)
{
	struct buf text = { 0 };

	buf_printf(&text, "[unreadable message: %.*s]",
		   (int)strspn(pdu, "0123456789ABCDEFabcdef"), pdu);
	*out = (struct stored){
		.from = xstrdup("unknown"), .text = buf_take(&text), .is_binary = true,
	};
}

/* The line after "+CMGR:" or "+CMGL:" line `i`; false: there is none. */
static bool
decode(struct stored *out, const struct at_reply *r, size_t i, int memory, int location)
{
	struct err err;

	if (i + 1 >= r->count)
		return false;
	if (sms_decode(out, r->lines[i + 1], &err) < 0)
		note_unreadable(out, r->lines[i + 1]);
	out->memory = memory;
	out->location = location;
	return true;
}

static void
add_litter(struct driver *d, int memory, int location)
{
	if (d->store.litter_count < LITTER_MAX)
		d->store.litter[d->store.litter_count++] = (struct place){ memory, location };
}

/* `+CMGR: "REC READ",…` instead of `+CMGR: 1,…`: somebody, or a reset that nobody saw, has
 * switched to text mode (3GPP TS 27.005 3.4), in which parts and reports cannot be told. */
static bool
is_text_mode(struct driver *d, const struct at_reply *r)
{
	bool is_text = false;
	char mark;

	for (size_t i = 0; i < r->count && !is_text; i++)
		is_text = (sscanf(r->lines[i], "+CMGR: %c", &mark) == 1 ||
			   sscanf(r->lines[i], "+CMGL: %*d,%c", &mark) == 1) && mark == '"';
	if (!is_text)
		return false;
	kit_log("the modem answers in text mode");
	d->store.list_ok = false;
	if (!d->store.texted_at || driver_now() >= d->store.texted_at + TEXT_AGAIN_MS) {
		d->store.texted_at = driver_now();
		d->store.list_at = 0;
		driver_set_up_again(d);
	}
	return true;
}

static void list_memory(struct driver *, int memory);

/* "+CMGL: index,stat,…"; stat 2 and 3 are messages written on this modem, which nobody wants. */
static void
on_list(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	struct stored found;
	int location, stat;

	d->store.list_ok = d->store.list_ok && r->end == AT_OK;
	if (is_text_mode(d, r))
		return;
	for (size_t i = 0; i < r->count; i++) {
		if (sscanf(r->lines[i], "+CMGL: %d,%d", &location, &stat) != 2)
			continue;
		if (stat >= 2)
			add_litter(d, d->store.memory, location);
		else if (decode(&found, r, i, d->store.memory, location))
			announce_found(d, &found, false);
	}
	list_memory(d, d->store.memory + 1);
}

/* One memory after the other, from this one on. */
static void
list_memory(struct driver *d, int memory)
{
	while (memory < MEMORY_COUNT && !d->store.has_memory[memory])
		memory++;
	if (memory < MEMORY_COUNT) {
		switch_to(d, memory);
		script_ask(&d->script, STORE_MS, on_list, "AT+CMGL=4");
	} else if (d->store.list_ok) {
		announce_stored(d);
	} else {
		kit_log("the modem refuses to list its messages");
	}
}

msec
store_list_at(struct driver *d)
{
	return d->store.list_at;
}

bool
store_list(struct driver *d)
{
	d->store.list_at = driver_now() + d->conf.poll_ms;
	d->store.litter_count = 0;
	d->store.list_ok = true;
	inbound_begin(&d->inbound);
	begin(d, ACT_LIST);
	list_memory(d, 0);
	script_run(&d->script);
	return true;
}

static void
on_read(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	struct stored found;
	int stat;

	if (is_text_mode(d, r))
		return;
	for (size_t i = 0; i < r->count; i++) {
		if (sscanf(r->lines[i], "+CMGR: %d", &stat) != 1 || stat >= 2 ||
		    !decode(&found, r, i, d->store.in_hand.memory, d->store.in_hand.location))
			continue;
		announce_found(d, &found, false);
		return;
	}
	d->store.list_at = 0;			/* the hint was wrong: look everywhere */
}

msec
store_read_at(struct driver *d)
{
	return d->store.read_count ? 0 : NEVER;
}

/* The one that came first: who answered first is heard first. */
bool
store_read(struct driver *d)
{
	struct memories *m = &d->store;

	m->in_hand = m->reads[0];
	memmove(m->reads, m->reads + 1, --m->read_count * sizeof(m->reads[0]));
	begin(d, ACT_READ);
	switch_to(d, d->store.in_hand.memory);
	script_ask(&d->script, STORE_MS, on_read, "AT+CMGR=%d", d->store.in_hand.location);
	script_run(&d->script);
	return true;
}

static void
on_deleted(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;

	inbound_deleted(&d->inbound, d->store.in_hand.memory, d->store.in_hand.location,
			r->end == AT_OK);
	if (r->end != AT_OK)
		kit_log("message cannot be deleted memory=%s location=%d",
			names[d->store.in_hand.memory], d->store.in_hand.location);
	d->health.ask_at = msec_min(d->health.ask_at, driver_now() + SECONDS(5));
}

/* A place may hold another message by now (the modem reuses places, people use phones): compare
 * before deleting, for what is deleted unseen is lost. */
static void
on_compared(void *ctx, struct script *s, const struct at_reply *r)
{
	struct driver *d = ctx;
	struct stored now = { 0 };
	bool gone = true, same = false;
	int stat;

	if (is_text_mode(d, r)) {
		inbound_deleted(&d->inbound, d->store.in_hand.memory, d->store.in_hand.location,
				false);
		return;
	}
	for (size_t i = 0; i < r->count; i++) {
		if (sscanf(r->lines[i], "+CMGR: %d", &stat) != 1)
			continue;
		gone = false;
		if (stat >= 2)
			same = !d->store.key;
		else if (decode(&now, r, i, d->store.in_hand.memory, d->store.in_hand.location))
			same = d->store.key && inbound_key(&now) == d->store.key;
	}
	free(now.from);
	free(now.text);
	if (same) {
		script_ask(s, STORE_MS, on_deleted, "AT+CMGD=%d", d->store.in_hand.location);
		return;
	}
	if (!gone)
		kit_log("not deleted, another message lies there memory=%s location=%d",
			names[d->store.in_hand.memory], d->store.in_hand.location);
	inbound_deleted(&d->inbound, d->store.in_hand.memory, d->store.in_hand.location, true);
}

static void
delete_one(struct driver *d, int memory, int location, uint64_t key)
{
	d->store.in_hand = (struct place){ memory, location };
	d->store.key = key;			/* 0: litter */
	begin(d, ACT_DELETE);
	switch_to(d, memory);
	script_ask(&d->script, STORE_MS, on_compared, "AT+CMGR=%d", location);
	script_run(&d->script);
}

/* What came straight to us lies in no memory. */
static const struct stored *
next_deletion(struct driver *d)
{
	const struct stored *gone;

	while ((gone = inbound_next_deletion(&d->inbound)) && gone->location < 0) {
		if (gone->kept)
			journal_told_all(kit_journal(d->kit), gone->kept);
		inbound_deleted(&d->inbound, gone->memory, gone->location, true);
	}
	return gone;
}

msec
store_delete_at(struct driver *d)
{
	return d->store.litter_count || next_deletion(d) ? 0 : NEVER;
}

bool
store_delete(struct driver *d)
{
	const struct stored *gone = next_deletion(d);
	struct place place;

	if (gone) {
		delete_one(d, gone->memory, gone->location, gone->key);
		return true;
	}
	place = d->store.litter[--d->store.litter_count];
	delete_one(d, place.memory, place.location, 0);
	return true;
}

/* +CMTI: "SM",3 */
void
store_hint(struct driver *d, const char *line)
{
	const char *name = strchr(line, '"'), *comma = strchr(line, ',');
	int memory = 0;

	while (name && memory < MEMORY_COUNT && strncmp(name + 1, names[memory], 2) != 0)
		memory++;
	/* Some say "SM" of a report that lies in SR. */
	if (strncmp(line, "+CDSI", 5) == 0 && memory != MEMORY_SR && d->store.has_memory[MEMORY_SR])
		memory = MEMORY_COUNT;
	if (!name || !comma || memory == MEMORY_COUNT || d->store.read_count == READS_MAX)
		d->store.list_at = 0;
	else
		d->store.reads[d->store.read_count++] = (struct place){
			memory, (int)strtol(comma + 1, NULL, 10) };
	driver_soon(d);
}
