/* ussd.h -- USSD codes and answers as modems write them, 3GPP TS 27.007 7.15.  Pure.
 * The form is the model's: plain text, hexadecimal UTF-16, or packed hexadecimal GSM 7 bit.
 * Answers also tell their alphabet; both are believed. */
#ifndef GONG_MODEM_USSD_H
#define GONG_MODEM_USSD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "drivers/modem/quirks.h"

#define USSD_CODE 32			/* the longest code */
#define USSD_ENCODED (4 * USSD_CODE + 1)

/* A code: digits, *, # and +, not too long. */
bool ussd_is_code(const char *);
/* Of a code; room for USSD_ENCODED. */
void ussd_encode(char *out, size_t size, const char *code, enum quirk_ussd form);
/* The text in `+CUSD: m,"text",dcs` as UTF-8, its lines apart by a line feed; caller owns.  NULL: none,
 * the network said no. */
char *ussd_text(const char *line, enum quirk_ussd form);

/* Bytes of whatever alphabet as UTF-8: each that is none becomes "?"; caller owns. */
char *ussd_readable(const char *bytes, size_t len);
/* UTF-8 as hexadecimal UTF-16, as TTS commands want it too. */
void ussd_put_ucs2(struct buf *out, const char *utf8);

#endif
