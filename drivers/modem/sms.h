/* sms.h -- gong's texts in libGammu's words, and back.
 * Pure apart from libGammu's codec; no clock: instants are given. */
#ifndef GONG_MODEM_SMS_H
#define GONG_MODEM_SMS_H

#include <gammu.h>
#include <stdbool.h>

#include "core/msec.h"
#include "core/segment.h"

struct outgoing {			/* a message on its way; owned */
	char *id, *to, *text;
	unsigned reference;
	unsigned char *wanted;		/* [parts]: nonzero = still to send */
	struct segment_plan plan;
	bool flash, receipt;
	msec not_after;
	uint32_t slot;			/* for kit_leaving */
};

void outgoing_free(struct outgoing *);
bool sms_is_number(const char *to);	/* digits, perhaps after a "+" */

/* One part (from 0) as a TP-SUBMIT.  The same reference gives the same user data each time, so
 * that a phone joins parts sent again with those it already has. */
void sms_encode(GSM_SMSMessage *out, const struct outgoing *, unsigned part, const char *smsc,
		msec validity_ms);
/* 3GPP TS 23.040 9.2.3.12.1, rounded down: a warning never outlives its time, but for the five
 * minutes that are the shortest the field can say. */
unsigned char sms_validity(msec ms);

/* UTF-8 (checked before) as the big-endian UTF-16 that libGammu calls Unicode, ended by a zero
 * unit that is not counted; room in units. */
size_t sms_utf16(unsigned char *out, size_t room, const char *utf8, size_t len);
/* So many units of big-endian UTF-16, which is what UCS-2 became; U+0000, which no text can hold, is
 * left out, and half of a pair stays as the three bytes it would be (joined.h).  Caller owns. */
char *sms_units(const unsigned char *utf16, size_t units);
/* What libGammu decoded, to its zero unit, as UTF-8; caller owns. */
char *sms_number(const unsigned char *utf16, size_t units);	/* units: size of the field */
/* Service centre time stamp; 0 if the message has none. */
msec sms_time(const GSM_DateTime *);

/* TP-ST of a status report, 3GPP TS 23.040 9.2.3.15: "delivered", "buffered" or "failed". */
const char *sms_receipt_state(unsigned char status);

#endif
