/* breaker.c -- the circuit breaker: a provider that does not answer gets no more messages, for
 * each of them would be in doubt.  After a pause one message is the probe (half open).  The pause
 * doubles from a second to a minute, with jitter, so that many boxes do not come back at once. */
#include <openssl/rand.h>

#include "drivers/http/http.h"

#define BAD_MAX 5			/* in a row, … */
#define ALIVE_MS SECONDS(1)		/* … unless something good came so lately */
#define PAUSE_FIRST_MS SECONDS(1)
#define PAUSE_MAX_MS SECONDS(60)
#define RETRY_AFTER_MAX_MS MINUTES(5)

void
breaker_give_back(struct http *h)
{
	if (h->breaker.state == BREAKER_OPEN)
		queue_give_back(h, "withdrawn", WORD(http_given_back));
}

/* 80 to 120 % of it. */
static msec
jitter(msec ms)
{
	unsigned char random = 128;

	RAND_bytes(&random, 1);
	return ms * 4 / 5 + ms * 2 / 5 * random / 255;
}

static void
open_breaker(struct http *h, msec pause_ms, const char *reason)
{
	struct breaker *b = &h->breaker;
	msec ms = pause_ms ? pause_ms : jitter(pace_backoff_ms(PAUSE_FIRST_MS, PAUSE_MAX_MS,
							       ++b->opened));

	b->state = BREAKER_OPEN;
	b->asked = pause_ms > 0;
	b->bad = 0;
	kit_log("route rests ms=%lld host=%s reason=\"%s\"", (long long)ms, h->profile.host,
		ENGLISH(reason));
	timer_at(&b->timer, timer_now() + ms);
	offer_tell(h);
	breaker_give_back(h);
}

/* Results come in bursts as large as what is on its way, so a few bad ones beside good ones say
 * little. */
static bool
is_dead(const struct http *h)
{
	const struct breaker *b = &h->breaker;

	return b->bad >= BAD_MAX + h->profile.connections ||
		(b->bad >= BAD_MAX && timer_now() - b->good_at > ALIVE_MS);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *ctx)
{
	struct http *h = ctx;

	h->breaker.state = BREAKER_HALF;
	offer_tell(h);
}

void
breaker_init(struct http *h)
{
	event_assign(&h->breaker.timer, kit_base(h->kit), -1, 0, on_pause_over, h);
}

void
breaker_note(struct http *h, bool good, msec retry_after_ms, const char *reason)
{
	struct breaker *b = &h->breaker;

	if (h->closing)
		return;
	if (retry_after_ms > 0) {
		if (b->state != BREAKER_OPEN)
			open_breaker(h, msec_min(retry_after_ms, RETRY_AFTER_MAX_MS), reason);
	} else if (good) {
		b->bad = b->opened = 0;
		b->good_at = timer_now();
		/* What was on its way before they asked us to wait does not end the waiting. */
		if (b->state == BREAKER_CLOSED || (b->state == BREAKER_OPEN && b->asked))
			return;
		b->state = BREAKER_CLOSED;
		event_del(&b->timer);
		offer_tell(h);
	} else {
		b->bad++;
		if (b->state == BREAKER_HALF || (b->state == BREAKER_CLOSED && is_dead(h)))
			open_breaker(h, 0, reason);
	}
}
