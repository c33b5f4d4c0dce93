/* pdu.h -- the simulator's own codec of 3GPP TS 23.040 PDUs: SUBMIT in, DELIVER and
 * STATUS-REPORT out.  Written apart from libGammu on purpose, so that the two check each
 * other. */
#ifndef GONG_TEST_PDU_H
#define GONG_TEST_PDU_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PDU_BYTES 200
#define PDU_TEXT 1024
#define PDU_UNITS 170

struct pdu_submit {
	char to[32];
	char text[PDU_TEXT];		/* UTF-8; 8 bit data as hexadecimal */
	int reference, part, of; /* reference -1: not concatenated, then part = of = 1 */
	int alphabet;			/* 0 GSM, 1 8 bit, 2 UCS-2 */
	bool wants_receipt, flash;
	/* as it came, for whoever passes it on */
	bool header;
	uint8_t pid, dcs, udl, ud[140];
	size_t ud_len;
};

/* 3GPP TS 23.038 6.2.1; index 0x1b is the escape to the extension table. */
static const uint16_t pdu_gsm[128] =
	u"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
	u"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
static const struct {
	uint8_t code;
	uint16_t unit;
} pdu_extension[] = {
	{ 0x0a, '\f' }, { 0x14, '^' }, { 0x28, '{' }, { 0x29, '}' }, { 0x2f, '\\' },
	{ 0x3c, '[' }, { 0x3d, '~' }, { 0x3e, ']' }, { 0x40, '|' }, { 0x65, 0x20ac },
};
#define PDU_EXTENSIONS (sizeof(pdu_extension) / sizeof(pdu_extension[0]))

static inline int
pdu_unhex(uint8_t *out, size_t cap, const char *hex)
{
	static const char digits[] = "0123456789ABCDEFabcdef";
	size_t len = 0;

	for (; hex[0] && hex[1]; hex += 2) {
		const char *high = strchr(digits, hex[0]), *low = strchr(digits, hex[1]);

		if (len == cap || !high || !low)
			return -1;
		out[len++] = (uint8_t)((high - digits - (high - digits > 15) * 6) << 4 |
			(low - digits - (low - digits > 15) * 6));
	}
	return hex[0] ? -1 : (int)len;
}

static inline void
pdu_hex(char *out, const uint8_t *bytes, size_t len)
{
	*out = 0;
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02X", bytes[i]);
}

static inline size_t
pdu_put_utf8(char *out, size_t at, uint32_t c)
{
	if (at + 5 > PDU_TEXT)
		return at;
	if (c >= 0xd800 && c < 0xe000)
		c = 0xfffd;		/* half a pair: visible, and still UTF-8 */
	if (c < 0x80) {
		out[at++] = (char)c;
	} else if (c < 0x800) {
		out[at++] = (char)(0xc0 | c >> 6);
		out[at++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		out[at++] = (char)(0xe0 | c >> 12);
		out[at++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[at++] = (char)(0x80 | (c & 0x3f));
	} else {
		out[at++] = (char)(0xf0 | c >> 18);
		out[at++] = (char)(0x80 | (c >> 12 & 0x3f));
		out[at++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[at++] = (char)(0x80 | (c & 0x3f));
	}
	out[at] = 0;
	return at;
}

/* UTF-8 to UTF-16; returns the number of units (the input is the tester's own). */
static inline size_t
pdu_utf16(uint16_t *out, size_t cap, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t len = 0;

	while (*p && len + 2 <= cap) {
		int more = *p < 0x80 ? 0 : *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
		uint32_t c = more ? *p & (0x3f >> more) : *p;

		for (p++; more && *p; more--)
			c = c << 6 | (*p++ & 0x3f);
		if (c < 0x10000) {
			out[len++] = (uint16_t)c;
		} else {
			out[len++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
			out[len++] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
		}
	}
	return len;
}

static inline unsigned
pdu_septet(const uint8_t *ud, size_t index)
{
	size_t bit = index * 7;

	return (ud[bit / 8] | ud[bit / 8 + 1] << 8) >> (bit % 8) & 0x7f;
}

static inline void
pdu_text_gsm(char *out, const uint8_t *ud, size_t from, size_t septets)
{
	size_t len = 0;

	*out = 0;
	for (size_t i = from; i < septets; i++) {
		unsigned code = pdu_septet(ud, i);
		uint32_t c = pdu_gsm[code];

		if (code == 0x1b && i + 1 == septets) {
			c = 0xfffd;	/* an escape cut from its character */
		} else if (code == 0x1b) {
			code = pdu_septet(ud, ++i);
			c = pdu_gsm[code];
			for (size_t k = 0; k < PDU_EXTENSIONS; k++)
				if (pdu_extension[k].code == code)
					c = pdu_extension[k].unit;
		}
		len = pdu_put_utf8(out, len, c);
	}
}

static inline void
pdu_text_ucs2(char *out, const uint8_t *ud, size_t bytes)
{
	size_t len = 0;

	*out = 0;
	for (size_t i = 0; i + 1 < bytes; i += 2) {
		uint32_t c = (uint32_t)(ud[i] << 8 | ud[i + 1]);

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < bytes) {
			uint32_t low = (uint32_t)(ud[i + 2] << 8 | ud[i + 3]);

			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		len = pdu_put_utf8(out, len, c);
	}
}

static inline size_t
pdu_number_decode(char *out, const uint8_t *at)
{
	unsigned digits = at[0] > 20 ? 20 : at[0];
	char *p = out;

	if ((at[1] & 0x70) == 0x10)
		*p++ = '+';
	for (unsigned i = 0; i < digits; i++) {
		unsigned d = i % 2 ? at[2 + i / 2] >> 4 : at[2 + i / 2] & 15;

		*p++ = "0123456789*#abc?"[d];
	}
	*p = 0;
	return 2 + (digits + 1) / 2;
}

static inline size_t
pdu_number_encode(uint8_t *at, const char *number)
{
	bool international = *number == '+';
	const char *digits = international ? number + 1 : number;
	size_t count = strspn(digits, "0123456789");

	if (count > 20)
		count = 20;
	at[0] = (uint8_t)count;
	at[1] = international ? 0x91 : 0x81;
	memset(at + 2, 0xff, (count + 1) / 2);
	for (size_t i = 0; i < count; i++) {
		uint8_t d = (uint8_t)(digits[i] - '0');

		if (i % 2)
			at[2 + i / 2] = (uint8_t)((at[2 + i / 2] & 0x0f) | d << 4);
		else
			at[2 + i / 2] = (uint8_t)(0xf0 | d);
	}
	return 2 + (count + 1) / 2;
}

static inline void
pdu_header_read(struct pdu_submit *out, const uint8_t *ud, size_t len)
{
	for (size_t i = 1; i + 1 < len; i += 2 + (size_t)ud[i + 1]) {
		if (ud[i] == 0 && ud[i + 1] == 3 && i + 4 < len) {
			out->reference = ud[i + 2];
			out->of = ud[i + 3];
			out->part = ud[i + 4];
		} else if (ud[i] == 8 && ud[i + 1] == 4 && i + 5 < len) {
			out->reference = ud[i + 2] << 8 | ud[i + 3];
			out->of = ud[i + 4];
			out->part = ud[i + 5];
		}
	}
}

/* From the user data's length on; -1: it is longer than a message, or than the PDU. */
static inline int
pdu_body_read(struct pdu_submit *out, const uint8_t *at, const uint8_t *end)
{
	size_t header = 0, udl = *at++;

	out->alphabet = out->dcs >= 0xf0 ? out->dcs >> 2 & 1 : out->dcs >> 2 & 3;
	out->flash = (out->dcs & 0x90) == 0x10 ? !(out->dcs & 3)
					       : out->dcs >= 0xf0 && !(out->dcs & 3);
	out->udl = (uint8_t)udl;
	out->ud_len = out->alphabet ? udl : (udl * 7 + 7) / 8;
	if (out->alphabet == 3 || udl > (out->alphabet ? 140 : 160) || at + out->ud_len != end)
		return -1;
	memcpy(out->ud, at, out->ud_len);
	if (out->header) {
		header = 1 + (size_t)at[0];
		if (header > (out->alphabet ? udl : udl * 7 / 8))
			return -1;
		pdu_header_read(out, at, header);
	}
	if (out->alphabet == 0)
		pdu_text_gsm(out->text, at, (header * 8 + 6) / 7, udl);
	else if (out->alphabet == 2)
		pdu_text_ucs2(out->text, at + header, udl - header);
	else
		pdu_hex(out->text, at + header, udl - header);
	return 0;
}

/* `hex` starts with the SMSC.  -1: not a SUBMIT, cut short, or lengths that disagree. */
static inline int
pdu_submit_decode(struct pdu_submit *out, const char *hex)
{
	static const uint8_t validity[4] = { 0, 7, 1, 7 };
	uint8_t pdu[PDU_BYTES + 200] = { 0 };
	int len = pdu_unhex(pdu, PDU_BYTES, hex);
	size_t at;
	unsigned first;

	memset(out, 0, sizeof(*out));
	out->reference = -1;
	out->part = out->of = 1;
	if (len < 9 || (at = 1 + (size_t)pdu[0]) + 8 > (size_t)len)
		return -1;
	first = pdu[at];
	if ((first & 3) != 1 || pdu[at + 2] > 20)	/* 9.1.2.5: at most 20 digits */
		return -1;
	out->wants_receipt = first & 0x20;
	out->header = first & 0x40;
	at += 2;
	at += pdu_number_decode(out->to, pdu + at);
	out->pid = pdu[at++];
	out->dcs = pdu[at++];
	at += validity[first >> 3 & 3];
	return pdu_body_read(out, pdu + at, pdu + len);
}

/* A DELIVER: its sender stands in `to`. */
static inline int
pdu_deliver_decode(struct pdu_submit *out, const char *hex)
{
	uint8_t pdu[PDU_BYTES + 200] = { 0 };
	int len = pdu_unhex(pdu, PDU_BYTES, hex);
	size_t at;

	memset(out, 0, sizeof(*out));
	out->reference = -1;
	out->part = out->of = 1;
	if (len < 13 || (at = 1 + (size_t)pdu[0]) + 12 > (size_t)len)
		return -1;
	out->header = pdu[at] & 0x40;
	if ((pdu[at++] & 3) != 0 || pdu[at] > 20)
		return -1;
	at += pdu_number_decode(out->to, pdu + at);
	out->pid = pdu[at++];
	out->dcs = pdu[at++];
	at += 7;
	return at >= (size_t)len ? -1 : pdu_body_read(out, pdu + at, pdu + len);
}

static inline size_t
pdu_time(uint8_t *at, time_t when)
{
	struct tm tm;
	int part[7];

	gmtime_r(&when, &tm);
	part[0] = tm.tm_year % 100;
	part[1] = tm.tm_mon + 1;
	part[2] = tm.tm_mday;
	part[3] = tm.tm_hour;
	part[4] = tm.tm_min;
	part[5] = tm.tm_sec;
	part[6] = 0;
	for (int i = 0; i < 7; i++)
		at[i] = (uint8_t)(part[i] % 10 << 4 | part[i] / 10);
	return 7;
}

/* Septets of one UTF-16 unit: the code, escaped when >= 0x1b00; -1 needs UCS-2. */
static inline int
pdu_gsm_code(uint16_t unit)
{
	for (int i = 0; i < 128; i++)
		if (pdu_gsm[i] == unit && i != 0x1b)
			return i;
	for (size_t k = 0; k < PDU_EXTENSIONS; k++)
		if (pdu_extension[k].unit == unit)
			return 0x1b00 | pdu_extension[k].code;
	return -1;
}

struct pdu_deliver {
	const char *smsc, *from;
	const uint16_t *units;		/* already cut to what fits */
	const uint8_t *octets;		/* 8 bit data instead of units */
	size_t count;
	bool ucs2, flash;
	int reference, part, of;	/* of 1: no header */
	time_t sent;
};

/* The SMSC counts octets, not digits (24.011 8.2.5.1). */
static inline size_t
pdu_smsc_encode(uint8_t *at, const char *smsc)
{
	size_t used = pdu_number_encode(at, smsc);

	at[0] = (uint8_t)(used - 1);
	return used;
}

static inline size_t
pdu_user_data(uint8_t *ud, const struct pdu_deliver *sms, bool header, uint8_t *udl)
{
	size_t used = header ? 6 : 0, septets = header ? 7 : 0;

	if (header)
		memcpy(ud,
		       (uint8_t[]){5, 0, 3, (uint8_t)sms->reference, (uint8_t)sms->of,
				   (uint8_t)sms->part},
		       6);
	if (sms->octets) {
		memcpy(ud + used, sms->octets, sms->count);
		*udl = (uint8_t)(used + sms->count);
		return *udl;
	}
	for (size_t i = 0; i < sms->count; i++) {
		int code = sms->ucs2 ? 0 : pdu_gsm_code(sms->units[i]);

		if (sms->ucs2) {
			ud[used++] = (uint8_t)(sms->units[i] >> 8);
			ud[used++] = (uint8_t)sms->units[i];
			continue;
		}
		for (int half = code >= 0x1b00 ? 0 : 1; half < 2; half++, septets++) {
			unsigned value = half ? code & 0x7f : 0x1b;
			size_t bit = septets * 7;

			value <<= bit % 8;
			ud[bit / 8] |= (uint8_t)value;
			ud[bit / 8 + 1] |= (uint8_t)(value >> 8);
		}
	}
	*udl = (uint8_t)(sms->ucs2 ? used : septets);
	return sms->ucs2 ? used : (septets * 7 + 7) / 8;
}

static inline uint8_t
pdu_coding(const struct pdu_deliver *sms)
{
	return (uint8_t)((sms->octets ? 4 : sms->ucs2 ? 8 : 0) | (sms->flash ? 0x10 : 0));
}

/* They return the TPDU's length as +CMGR and +CDS want it: without the SMSC. */
static inline size_t
pdu_deliver_encode(char *hex, const struct pdu_deliver *sms)
{
	uint8_t pdu[PDU_BYTES + 200] = { 0 };
	bool header = sms->of > 1;
	size_t smsc = pdu_smsc_encode(pdu, sms->smsc), at = smsc;

	pdu[at++] = (uint8_t)(0x04 | (header ? 0x40 : 0));
	at += pdu_number_encode(pdu + at, sms->from);
	pdu[at++] = 0;
	pdu[at++] = pdu_coding(sms);
	at += pdu_time(pdu + at, sms->sent);
	at += 1 + pdu_user_data(pdu + at + 1, sms, header, pdu + at);
	pdu_hex(hex, pdu, at);
	return at - smsc;
}

/* A submit as the phone it was sent to receives it. */
static inline size_t
pdu_forward_encode(char *hex, const char *centre, const char *from, time_t sent,
		   const struct pdu_submit *sms)
{
	uint8_t pdu[PDU_BYTES + 200] = { 0 };
	size_t smsc = pdu_smsc_encode(pdu, centre), at = smsc;

	pdu[at++] = (uint8_t)(0x04 | (sms->header ? 0x40 : 0));
	at += pdu_number_encode(pdu + at, from);
	pdu[at++] = sms->pid;
	pdu[at++] = sms->dcs;
	at += pdu_time(pdu + at, sent);
	pdu[at++] = sms->udl;
	memcpy(pdu + at, sms->ud, sms->ud_len);
	at += sms->ud_len;
	pdu_hex(hex, pdu, at);
	return at - smsc;
}

/* A message of the modem's own, as it lies in a memory; `from` is the recipient. */
static inline size_t
pdu_submit_encode(char *hex, const struct pdu_deliver *sms)
{
	uint8_t pdu[PDU_BYTES + 200] = { 0 };
	size_t smsc = pdu_smsc_encode(pdu, sms->smsc), at = smsc;

	pdu[at++] = 0x01;
	pdu[at++] = 0;
	at += pdu_number_encode(pdu + at, sms->from);
	pdu[at++] = 0;
	pdu[at++] = pdu_coding(sms);
	at += 1 + pdu_user_data(pdu + at + 1, sms, false, pdu + at);
	pdu_hex(hex, pdu, at);
	return at - smsc;
}

static inline size_t
pdu_report_encode(char *hex, const char *centre, int mr, const char *to, time_t sent,
		  time_t done, int status)
{
	uint8_t pdu[PDU_BYTES] = { 0 };
	size_t smsc = pdu_smsc_encode(pdu, centre), at = smsc;

	pdu[at++] = 0x06;
	pdu[at++] = (uint8_t)mr;
	at += pdu_number_encode(pdu + at, to);
	at += pdu_time(pdu + at, sent);
	at += pdu_time(pdu + at, done);
	pdu[at++] = (uint8_t)status;
	pdu_hex(hex, pdu, at);
	return at - smsc;
}

#endif
