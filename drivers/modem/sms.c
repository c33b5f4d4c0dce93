/* sms.c -- translates between gong and libGammu; it sends and keeps nothing. */
#include "drivers/modem/sms.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/buf.h"
#include "drivers/modem/joined.h"

void
outgoing_free(struct outgoing *o)
{
	if (!o)
		return;
	free(o->id);
	free(o->to);
	free(o->text);
	free(o->wanted);
	free(o);
}

bool
sms_is_number(const char *to)
{
	const char *digits = to + (*to == '+');

	return *digits && strlen(digits) <= 20 && strspn(digits, "0123456789") == strlen(digits);
}

static void
put_unit(unsigned char *out, size_t index, uint32_t unit)
{
	out[2 * index] = (unsigned char)(unit >> 8);
	out[2 * index + 1] = (unsigned char)unit;
}

size_t
sms_utf16(unsigned char *out, size_t room, const char *s, size_t len)
{
	size_t units = 0;

	for (size_t i = 0; i < len && units + 2 < room;) {
		unsigned char c = (unsigned char)s[i];
		int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		uint32_t point = more ? c & (0x3f >> more) : c;

		for (i++; more && i < len; more--)
			point = point << 6 | ((unsigned char)s[i++] & 0x3f);
		if (point > 0xffff) {
			put_unit(out, units++, 0xd800 + ((point - 0x10000) >> 10));
			point = 0xdc00 + ((point - 0x10000) & 0x3ff);
		}
		put_unit(out, units++, point);
	}
	put_unit(out, units, 0);
	return units;
}

unsigned char
sms_validity(msec ms)
{
	msec minutes = ms / 60000;

	if (minutes <= 5)
		return 0;
	if (minutes <= 12 * 60)
		return (unsigned char)(minutes / 5 - 1);
	if (minutes <= 24 * 60)
		return (unsigned char)(143 + (minutes - 12 * 60) / 30);
	if (minutes < 2 * 24 * 60)
		return 167;
	if (minutes <= 30 * 24 * 60)
		return (unsigned char)(166 + minutes / (24 * 60));
	if (minutes < 5 * 7 * 24 * 60)
		return 196;
	minutes /= 7 * 24 * 60;
	return (unsigned char)(192 + (minutes < 63 ? minutes : 63));
}

void
sms_encode(GSM_SMSMessage *out, const struct outgoing *o, unsigned part, const char *smsc,
	   msec validity_ms)
{
	size_t begin = part ? segment_end(&o->plan, o->text, part - 1) : 0;
	size_t end = segment_end(&o->plan, o->text, part);

	GSM_SetDefaultSMSData(out);
	out->PDU = o->receipt ? SMS_Status_Report : SMS_Submit;
	out->Class = o->flash ? 0 : -1;
	out->Coding = o->plan.alphabet == SEGMENT_GSM7 ? SMS_Coding_Default_No_Compression
						       : SMS_Coding_Unicode_No_Compression;
	if (o->plan.parts > 1) {
		out->UDH.Type = UDH_ConcatenatedMessages;
		out->UDH.ID8bit = (int)(o->reference & 255);
		out->UDH.PartNumber = (int)part + 1;
		out->UDH.AllParts = (int)o->plan.parts;
		GSM_EncodeUDHHeader(GSM_GetGlobalDebug(), &out->UDH);
	}
	out->Length = (int)sms_utf16(out->Text, sizeof(out->Text) / 2, o->text + begin,
				     end - begin);
	sms_utf16(out->Number, sizeof(out->Number) / 2, o->to, strlen(o->to));
	out->SMSC.Location = 0;		/* else libGammu asks for CSCA before every part */
	out->SMSC.Format = SMS_FORMAT_Text;
	out->SMSC.Validity.Format = SMS_Validity_RelativeFormat;
	out->SMSC.Validity.Relative = (GSM_ValidityPeriod)sms_validity(validity_ms);
	sms_utf16(out->SMSC.Number, sizeof(out->SMSC.Number) / 2, smsc, strlen(smsc));
}

static void
put_utf8(struct buf *buf, uint32_t p)
{
	char out[4];
	size_t len = 0;

	if (p < 0x80) {
		out[len++] = (char)p;
	} else if (p < 0x800) {
		out[len++] = (char)(0xc0 | p >> 6);
	} else if (p < 0x10000) {
		out[len++] = (char)(0xe0 | p >> 12);
		out[len++] = (char)(0x80 | (p >> 6 & 0x3f));
	} else {
		out[len++] = (char)(0xf0 | p >> 18);
		out[len++] = (char)(0x80 | (p >> 12 & 0x3f));
		out[len++] = (char)(0x80 | (p >> 6 & 0x3f));
	}
	if (p >= 0x80)
		out[len++] = (char)(0x80 | (p & 0x3f));
	buf_add(buf, out, len);
}

static uint32_t
unit_at(const unsigned char *utf16, size_t index)
{
	return (uint32_t)utf16[2 * index] << 8 | utf16[2 * index + 1];
}

char *
sms_units(const unsigned char *utf16, size_t units)
{
	struct buf buf = { 0 };

	for (size_t i = 0; i < units; i++) {
		uint32_t p = unit_at(utf16, i), low = i + 1 < units ? unit_at(utf16, i + 1) : 0;

		if (p >= 0xd800 && p < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			p = 0x10000 + ((p - 0xd800) << 10) + (low - 0xdc00);
			i++;
		}
		if (p)
			put_utf8(&buf, p);
	}
	return buf.data ? buf_take(&buf) : xstrdup("");
}

char *
sms_number(const unsigned char *utf16, size_t units)
{
	struct buf text = { 0 };
	size_t count = 0;
	char *own;

	while (count < units && unit_at(utf16, count))
		count++;
	own = sms_units(utf16, count);
	buf_puts(&text, own);
	joined_end(&text);
	free(own);
	return buf_take(&text);
}

msec
sms_time(const GSM_DateTime *at)
{
	struct tm tm = {
		.tm_year = at->Year - 1900, .tm_mon = at->Month - 1, .tm_mday = at->Day,
		.tm_hour = at->Hour, .tm_min = at->Minute, .tm_sec = at->Second,
	};

	if (at->Year < 1990 || at->Month < 1 || at->Day < 1)
		return 0;
	return ((msec)timegm(&tm) - at->Timezone) * 1000;
}

/* 0x01: handed on, but nobody can say whether it arrived; 0x02: replaced by another one; 0x10 to
 * 0x1f: what this one service centre means by them.  None says that a person has it. */
const char *
sms_receipt_state(unsigned char status)
{
	if (status == 0)
		return "delivered";
	if (status <= 0x02 || (status >= 0x10 && status < 0x20))
		return "buffered";
	return status >= 0x20 && status < 0x40 ? "buffered" : "failed";
}
