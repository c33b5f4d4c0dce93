/* direct.c -- what lies in no memory of the modem: texts and reports that it hands over straight (+CMT,
 * +CDS), calls that nobody answers, keys.  It is in the journal before it is told, until gongd has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modem/driver.h"
#include "drivers/modem/pdu.h"

#define PDU_KIND 'P'
#define RING_KIND 'R'

static void
tell_pdu(struct driver *d, struct record *record)
{
	struct stored found;
	struct err err;

	if (sms_decode(&found, record->in.bytes, &err) < 0) {
		kit_log("message cannot be read reason=\"%s\"", err.text);
		journal_told_all(kit_journal(d->kit), record);
		return;
	}
	found.kept = record;
	announce_found(d, &found, true);
}

/* "AT NUMBER": when it rang, Unix ms. */
static void
tell_ring(struct driver *d, struct record *record)
{
	struct stored call = { .is_call = true, .kept = record };
	char *number;

	call.at = strtoll(record->in.bytes, &number, 10);
	call.from = xstrdup(number + (*number == ' '));
	announce_found(d, &call, true);
}

static void
tell(struct driver *d, struct record *record)
{
	if (record->in.kind == PDU_KIND)
		tell_pdu(d, record);
	else
		tell_ring(d, record);
}

static void
on_kept(void *ctx, struct record *record, const char *trouble)
{
	struct driver *d = ctx;

	if (trouble)
		kit_log("what came straight is not kept, told all the same reason=\"%s\"", ENGLISH(trouble));
	tell(d, record);
	driver_soon(d);
}

static void
keep(struct driver *d, char kind, const char *text)
{
	journal_keep(kit_journal(d->kit), kind, xstrdup(text), strlen(text), 0, on_kept, d);
}

void
direct_message(struct driver *d, const char *pdu)
{
	keep(d, PDU_KIND, pdu);
}

void
direct_ring(struct driver *d, const char *number)
{
	struct buf text = { 0 };

	buf_printf(&text, "%lld %s", (long long)kit_now(), number);
	keep(d, RING_KIND, text.data);
	buf_fini(&text);
}

void
direct_again(struct driver *d)
{
	const struct journal *journal = kit_journal(d->kit);
	struct record *record, *next;

	for (record = journal_found(journal, NULL); record; record = next) {
		next = journal_found(journal, record);
		if (record->in.kind == KEYS_KIND)
			calls_tell_keys(d, record);
		else if (record->in.kind == PDU_KIND || record->in.kind == RING_KIND)
			tell(d, record);
	}
}
