/* news.c -- what the modem says unasked goes to whoever waits for it; a call that nobody answers
 * is told as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/modem/driver.h"

static void
add_call(struct driver *d, const char *number, bool is_international)
{
	struct buf from = { 0 };

	buf_printf(&from, "%s%s", is_international && *number != '+' ? "+" : "", number);
	direct_ring(d, from.data);
	buf_fini(&from);
}

/* A call back says "I have seen it".  It is told once, at the first ring that names the caller,
 * and rung off: it costs him nothing and the line is free again.  +CLIP: "number",type,… */
static void
on_caller(struct driver *d, const char *line)
{
	const char *quote = strchr(line, '"');
	size_t len = quote ? strspn(quote + 1, "+*#0123456789") : 0;
	char number[24];

	snprintf(number, sizeof(number), "%.*s", (int)len, quote ? quote + 1 : "");
	if (len && (strcmp(number, d->voice.caller) != 0 ||
		    driver_now() > d->voice.rang_at + SECONDS(20))) {
		snprintf(d->voice.caller, sizeof(d->voice.caller), "%s", number);
		add_call(d, number, strstr(line, "\",145") != NULL);
	}
	d->voice.rang_at = driver_now();
	d->voice.must_ring_off = d->voice.call.state == CALL_NONE;
	driver_soon(d);
}

void
news_take(struct driver *d, enum news news, const char *line, const char *pdu)
{
	switch (news) {
	case NEWS_STORED:
	case NEWS_REPORT_STORED:
		store_hint(d, line);
		break;
	case NEWS_MESSAGE:
	case NEWS_REPORT:
		direct_message(d, pdu);
		break;
	case NEWS_CALLER:
		on_caller(d, line);
		break;
	case NEWS_USSD:
		ask_ussd_news(d, line);
		break;
	case NEWS_REGISTRATION:
		health_registration_news(d, line);
		break;
	case NEWS_BOOT:
		recover_booted(d);
		break;
	case NEWS_REPLY:
	case NEWS_NOISE:
	case NEWS_RING:
	case NEWS_CALL_END:
		voice_news(d, news, line);
		break;
	}
}
