/* sources.c -- the rules of other systems, tried on the samples that stand beside them. */
#include "daemon/check/check.h"

#include "daemon/intake/formats/verdict.h"

static void
sample_failed(void *ctx, const struct said *said)
{
	report_said(ctx, REPORT_ERROR, "source", said);
}

void
check_sources(struct report *r, const struct settings *s, msec now)
{
	for (size_t i = 0; i < s->source_count; i++)
		verdict_samples(&s->sources[i], now, sample_failed, r);
}
