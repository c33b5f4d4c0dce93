/* pdu.c -- reads and writes PDU lines with libGammu's codec; it talks to no modem. */
#include "drivers/modem/pdu.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/national.h"
#include "drivers/modem/sms.h"

/* libGammu looks a little past the end of what it was given: give it zeros there. */
#define ROOM 1024
#define LONGEST 300			/* octets; a PDU with its service centre has at most 189 */

enum alphabet { GSM7, EIGHT_BIT, UCS2 };

struct frame {				/* where things are in a DELIVER or STATUS-REPORT */
	size_t address_at, dcs_at, data_at;
	size_t time_at;			/* a report has a second time right behind it */
	unsigned data_length;		/* TP-UDL: septets or octets */
	size_t octets;			/* of the user data */
	size_t header;			/* octets of its header with the length; 0 = none */
	enum alphabet alphabet;
	int class;			/* -1 = none */
	bool is_report, is_compressed;
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
unhex(unsigned char *out, size_t *len, const char *hex, struct err *err)
{
	size_t end;

	hex += strspn(hex, " \t\r\n");
	for (end = strlen(hex); end && isspace((unsigned char)hex[end - 1]);)
		end--;
	if (end % 2)
		return err_field(err, "pdu", "%zu digits: a PDU has two for each octet", end);
	if (end / 2 > LONGEST)
		return err_field(err, "pdu", "%zu octets: more than a short message can have",
				 end / 2);
	for (size_t i = 0; i < end; i++) {
		int value = digit(hex[i]);

		if (value < 0)
			return err_field(err, "pdu", "character %zu is no hexadecimal digit", i + 1);
		out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | value : value * 16);
	}
	*len = end / 2;
	return 0;
}

/* 3GPP TS 23.038 4: what is reserved counts as GSM 7 bit. */
static void
read_coding(struct frame *f, unsigned dcs)
{
	unsigned group = dcs >> 4;

	f->class = -1;
	f->alphabet = GSM7;
	if (group < 8) {
		f->is_compressed = dcs & 0x20;
		f->alphabet = (dcs >> 2 & 3) == 3 ? GSM7 : (enum alphabet)(dcs >> 2 & 3);
		if (dcs & 0x10)
			f->class = (int)(dcs & 3);
	} else if (group == 0xe) {
		f->alphabet = UCS2;
	} else if (group == 0xf) {
		f->alphabet = dcs & 4 ? EIGHT_BIT : GSM7;
		f->class = (int)(dcs & 3);
	}
	if (f->is_compressed)
		f->alphabet = EIGHT_BIT;
}

static int
read_data(struct frame *f, const unsigned char *pdu, size_t at, size_t len, bool has_header,
	  struct err *err)
{
	read_coding(f, pdu[at + 1]);
	f->dcs_at = at + 1;
	f->time_at = at + 2;
	f->data_length = pdu[at + 9];	/* after TP-PID, TP-DCS and 7 octets of time */
	f->data_at = at + 10;
	f->octets = f->alphabet == GSM7 ? (f->data_length * 7 + 7) / 8 : f->data_length;
	if (f->octets > 140)
		return err_field(err, "pdu", "TP-UDL %u: more than a short message can have",
				 f->data_length);
	if (f->data_at + f->octets > len)
		return err_field(err, "pdu", "cut short: TP-UDL %u needs %zu octets, %zu came",
				 f->data_length, f->octets,
				 f->data_at < len ? len - f->data_at : 0);
	if (!has_header)
		return 0;
	f->header = (size_t)pdu[f->data_at] + 1;
	if (f->header > f->octets)
		return err_field(err, "pdu", "a header of %zu octets in %zu octets of user data",
				 f->header, f->octets);
	return 0;
}

/* Nothing here may be longer than libGammu's buffers: it does not look. */
static int
read_frame(struct frame *f, const unsigned char *pdu, size_t len, struct err *err)
{
	size_t at = (size_t)pdu[0] + 1;
	unsigned first;

	*f = (struct frame){ 0 };
	if (at > 12 || at >= len)
		return err_field(err, "pdu", "a service centre's address of %u octets in %zu",
				 (unsigned)pdu[0], len);
	first = pdu[at++];
	if ((first & 3) == 1)
		return err_field(err, "pdu", "a message to be sent (SUBMIT), not one received");
	if ((first & 3) == 3)
		return err_field(err, "pdu", "a type of message nobody has defined");
	f->is_report = (first & 3) == 2;
	at += f->is_report;		/* TP-MR */
	f->address_at = at;
	if (pdu[at] > 20)
		return err_field(err, "pdu", "a number of %u digits; 20 is the most",
				 (unsigned)pdu[at]);
	at += 2 + ((size_t)pdu[at] + 1) / 2;
	if (!f->is_report)
		return read_data(f, pdu, at, len, first & 0x40, err);
	if (at + 15 > len)
		return err_field(err, "pdu", "cut short: a report of %zu octets", len);
	f->time_at = at;
	return 0;
}

static void
to_stored(struct stored *out, const GSM_SMSMessage *sms)
{
	*out = (struct stored){
		.memory = sms->Memory, .location = sms->Location,
		.from = sms_number(sms->Number, sizeof(sms->Number) / 2),
		.at = sms_time(&sms->DateTime),
	};
	if (sms->PDU == SMS_Status_Report) {
		out->is_report = true;
		out->ref = sms->MessageReference;
		out->status = sms->DeliveryStatus;
		out->at = sms_time(&sms->SMSCTime);
		return;
	}
	out->is_flash = sms->Class == 0;
}

/* libGammu knows the joining element only where it stands alone.  Two references of different
 * width are different references. */
static void
read_part(struct stored *out, const unsigned char *header, size_t len)
{
	for (size_t i = 1; i + 2 <= len && i + 2 + header[i + 1] <= len; i += 2u + header[i + 1]) {
		const unsigned char *value = header + i + 2;
		bool is_wide = header[i] == 0x08 && header[i + 1] == 4;

		if (!is_wide && (header[i] != 0x00 || header[i + 1] != 3))
			continue;
		if (value[is_wide + 1] < 2 || value[is_wide + 2] < 1)
			continue;
		out->reference = is_wide ? 0x10000u | (unsigned)value[0] << 8 | value[1] : value[0];
		out->of = value[is_wide + 1];
		out->part = value[is_wide + 2];
	}
}

/* Not libGammu's: it ends a text at U+0000, knows no national table, and tells nothing of where
 * parts meet. */
static void
read_text(struct stored *out, const struct frame *f, const unsigned char *data)
{
	struct buf note = { 0 };

	out->is_binary = f->alphabet == EIGHT_BIT;
	if (f->alphabet == UCS2) {
		out->text = sms_units(data + f->header, (f->octets - f->header) / 2);
	} else if (f->alphabet == GSM7) {
		out->text = national_text(data, f->octets, f->data_length, f->header > 0,
					  &out->seam);
	} else {
		buf_printf(&note, "[binary message of %zu bytes]", f->octets - f->header);
		out->text = buf_take(&note);
	}
}

/* A name instead of a number: type of number 5, 3GPP TS 23.040 9.1.2.5; its length is in half octets. */
static void
read_sender(struct stored *out, const struct frame *f, const unsigned char *pdu)
{
	const unsigned char *address = pdu + f->address_at;
	unsigned halves = address[0];

	if ((address[1] & 0x70) == 0x50) {
		free(out->from);
		out->from = national_text(address + 2, (halves + 1) / 2, halves * 4 / 7, false, NULL);
	}
	if (out->from[0])
		return;
	free(out->from);		/* a sender who hides */
	out->from = xstrdup("unknown");
}

/* libGammu believes a month 57.  False: it was no time,
 * and is a harmless one now. */
static bool
mend_time(unsigned char *t)
{
	static const unsigned char least[] = { 0, 1, 1, 0, 0, 0 }, most[] = { 99, 12, 31, 23, 59, 59 };
	static const unsigned char harmless[7] = { 0x00, 0x10, 0x10, 0x00, 0x00, 0x00, 0x00 };
	bool is_time = t[6] >> 4 <= 9 && 10 * (t[6] & 7) + (t[6] >> 4) <= 60;	/* 15 h */

	for (int i = 0; i < 6; i++) {
		unsigned high = t[i] & 15, low = t[i] >> 4;

		if (high > 9 || low > 9 || 10 * high + low < least[i] || 10 * high + low > most[i])
			is_time = false;
	}
	if (!is_time)
		memcpy(t, harmless, sizeof(harmless));
	return is_time;
}

int
sms_decode(struct stored *out, const char *hex, struct err *err)
{
	unsigned char pdu[ROOM] = { 0 };
	GSM_SMSMessage sms = { 0 };
	struct frame f;
	bool has_time;
	GSM_Error error;
	size_t len = 0;

	if (unhex(pdu, &len, hex, err) || read_frame(&f, pdu, len, err))
		return -1;
	pdu[f.address_at + 1] |= 0x80;	/* no extension: libGammu wants it said */
	has_time = mend_time(pdu + f.time_at);
	if (f.is_report) {
		has_time = mend_time(pdu + f.time_at + 7);	/* when it was delivered */
		/* What may follow TP-ST says nothing to us, and its length overruns libGammu. */
		memset(pdu + f.time_at + 15, 0, sizeof(pdu) - f.time_at - 15);
	} else {			/* the same coding, in words libGammu knows */
		pdu[f.dcs_at] = (unsigned char)(f.alphabet << 2 |
						(f.class < 0 ? 0 : 0x10 | f.class));
	}
	error = GSM_DecodePDUFrame(GSM_GetGlobalDebug(), &sms, pdu, sizeof(pdu), NULL, TRUE);
	if (error != ERR_NONE)
		return err_field(err, "pdu", "%s", GSM_ErrorString(error));
	to_stored(out, &sms);
	if (!has_time)
		out->at = 0;
	read_sender(out, &f, pdu);
	if (f.is_report)
		return 0;
	read_part(out, pdu + f.data_at, f.header);
	read_text(out, &f, pdu + f.data_at);
	return 0;
}

static size_t
add(unsigned char *out, size_t at, const unsigned char *bytes, size_t len)
{
	memcpy(out + at, bytes, len);
	return at + len;
}

/* In the order of libGammu's own AT driver: its layout leaves gaps between the fields. */
static size_t
join_fields(unsigned char *out, const unsigned char *frame, size_t text, size_t *tpdu)
{
	const GSM_SMSMessageLayout *l = &PHONE_SMSSubmit;
	const unsigned char *centre = frame + l->SMSCNumber, *number = frame + l->Number;
	/* of an empty address libGammu writes the type all the same */
	size_t centre_len = *centre > 1 ? (size_t)*centre + 1 : 0, at;

	out[0] = 0;
	at = centre_len ? add(out, 0, centre, centre_len) : 1;
	*tpdu = at;
	out[at++] = frame[l->firstbyte];
	out[at++] = frame[l->TPMR];
	at = add(out, at, number, 2 + (size_t)(*number + 1) / 2);
	out[at++] = frame[l->TPPID];
	out[at++] = frame[l->TPDCS];
	out[at++] = frame[l->TPVP];
	out[at++] = frame[l->TPUDL];
	at = add(out, at, frame + l->Text, text);
	*tpdu = at - *tpdu;
	return at;
}

/* libGammu cuts UCS-2 at 70 units without a word and writes U+0001 for `~`: not by it. */
static size_t
put_units(unsigned char *frame, const unsigned char *utf16)
{
	unsigned char *data = frame + PHONE_SMSSubmit.Text;
	size_t len = frame[PHONE_SMSSubmit.firstbyte] & 0x40 ? *data + 1u : 0;

	for (size_t i = 0; (utf16[i] || utf16[i + 1]) && len <= 140; i += 2, len += 2)
		memcpy(data + len, utf16 + i, 2);
	frame[PHONE_SMSSubmit.TPUDL] = (unsigned char)len;
	return len;
}

static size_t
units(const unsigned char *utf16)
{
	size_t count = 0;

	while (utf16[2 * count] || utf16[2 * count + 1])
		count++;
	return count;
}

/* libGammu would write a longer address over the next field. */
static bool
is_too_long(const unsigned char *utf16)
{
	return units(utf16) > 20u + (utf16[0] == 0 && utf16[1] == '+');
}

int
sms_encode_pdu(const GSM_SMSMessage *sms, char *hex, size_t size, size_t *tpdu_octets)
{
	unsigned char frame[2 * ROOM] = { 0 }, pdu[SMS_PDU_HEX / 2];
	GSM_SMSMessage copy = *sms;
	int length = 0;
	size_t len, text;

	if (!units(sms->Number) || is_too_long(sms->Number) || is_too_long(sms->SMSC.Number))
		return -1;
	if (GSM_EncodeSMSFrame(GSM_GetGlobalDebug(), &copy, frame, PHONE_SMSSubmit, &length, TRUE)
			!= ERR_NONE || length < PHONE_SMSSubmit.Text)
		return -1;
	text = (size_t)(length - PHONE_SMSSubmit.Text);
	if (sms->Coding == SMS_Coding_Unicode_No_Compression)
		text = put_units(frame, sms->Text);
	else if (frame[PHONE_SMSSubmit.TPUDL] < units(sms->Text))
		return -1;		/* libGammu's way of saying that it is too long */
	if (text > 140)
		return -1;
	len = join_fields(pdu, frame, text, tpdu_octets);
	if (size < 2 * len + 1)
		return -1;
	for (size_t i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02X", pdu[i]);
	return 0;
}
