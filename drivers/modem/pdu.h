/* pdu.h -- short messages as the modem's PDU lines say them (3GPP TS 23.040), in and out.
 * Pure apart from libGammu's codec; hostile lines end in an error, never outside a buffer.
 * libGammu decodes numbers and times; lengths, coding groups, headers, names of senders and texts
 * are read here, for there it reads past what came, knows no header it has not met, ends a text at
 * U+0000, and takes `~` for an escape of its own; the tail of a report can overrun its stack. */
#ifndef GONG_MODEM_PDU_H
#define GONG_MODEM_PDU_H

#include <gammu.h>
#include <stddef.h>

#include "core/err.h"
#include "drivers/modem/inbound.h"

#define SMS_PDU_HEX (2 * 200 + 1)	/* room for any SUBMIT with its service centre */

/* `hex` begins with the service centre's address, as in +CMGL, +CMGR, +CMT and +CDS; blanks
 * around it do no harm.  Fills all of *out but memory and location; the caller owns `from` and
 * `text`; `at` is 0 when the time is none.  A DELIVER or a STATUS-REPORT only: -1 and a sentence
 * for anything else. */
int sms_decode(struct stored *out, const char *hex, struct err *err);

/* The SUBMIT that AT+CMGS wants, as hexadecimal text; its number of octets goes to
 * *tpdu_octets, without the service centre.  `sms` is as sms_encode() fills it; an empty
 * service centre leaves the choice to the SIM.  -1: it fits in no SUBMIT, which is our bug. */
int sms_encode_pdu(const GSM_SMSMessage *sms, char *hex, size_t size, size_t *tpdu_octets);

#endif
