/* fuzz_modem_pdu.c -- the reading of PDU lines: hexadecimal text, or octets made into it; and
 * national tables with lengths that lie. */
#include "tests/fuzz/fuzz.h"

#include "core/segment.h"
#include "drivers/modem/joined.h"
#include "drivers/modem/pdu.h"

static void
check_text(const char *text)
{
	promise(utf8_check(text, strlen(text), NULL) == 0, "what is read is UTF-8");
	promise(strlen(text) <= 160 * 3, "no text is longer than a short message");
}

/* As the last part of nothing, and after itself, whose last character it may end. */
static void
check_joined(const struct stored *part)
{
	struct buf text = { 0 };

	joined_add(&text, NULL, part);
	joined_end(&text);
	check_text(text.data ? text.data : "");
	joined_add(&text, part, part);
	joined_end(&text);
	promise(!text.data || utf8_check(text.data, strlen(text.data), NULL) == 0, "joined is UTF-8");
	buf_fini(&text);
}

static void
check_line(const char *hex)
{
	struct stored got, again;
	struct err err = { 0 };

	if (sms_decode(&got, hex, &err) < 0) {
		promise(err.text[0] && strcmp(err.field, "pdu") == 0, "a refusal has a reason");
		return;
	}
	promise(got.from && utf8_check(got.from, strlen(got.from), NULL) == 0, "a sender in UTF-8");
	promise(strlen(got.from) <= 60, "no sender is longer than an address");
	promise(got.is_report == !got.text, "a report has no text, all else has one");
	if (got.text)
		check_joined(&got);
	promise(!got.of || (got.of > 1 && got.part), "parts are counted from 1");
	promise(sms_decode(&again, hex, NULL) == 0 && strcmp(again.from, got.from) == 0 &&
		again.at == got.at && again.reference == got.reference &&
		(!got.text || strcmp(again.text, got.text) == 0), "the same line, the same message");
	free(got.from);
	free(got.text);
	free(again.from);
	free(again.text);
}

static void
check_octets(const uint8_t *data, size_t size)
{
	char *hex = xmalloc(2 * size + 1);

	hex[0] = 0;
	for (size_t i = 0; i < size; i++)
		sprintf(hex + 2 * i, "%02x", data[i]);
	check_line(hex);
	free(hex);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *national;

	check_line(text);
	check_octets(data, size);
	free(text);
	if (size < 1)
		return 0;
	national = national_text(data + 1, size - 1 < 140 ? size - 1 : 140, data[0], true, NULL);
	check_text(national);
	free(national);
	return 0;
}
