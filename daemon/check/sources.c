/* sources.c -- the rules of other systems, tried on the samples that stand beside them. */
#include "daemon/check/check.h"

#include <stdlib.h>

#include "daemon/intake/formats/verdict.h"

static void
sample_failed(void *ctx, const struct said *said)
{
	report_said(ctx, REPORT_ERROR, "source", said);
}

static void
check_fetch(struct report *r, const struct settings *s, const struct source_conf *c)
{
	struct err err = { 0 };
	char *program = settings_program(s, c->fetch, &err);

	if (!program)
		report_said(r, REPORT_ERROR, "source", &err.said);
	free(program);
}

void
check_sources(struct report *r, const struct settings *s, msec now)
{
	for (size_t i = 0; i < s->source_count; i++) {
		if (s->sources[i].fetch)
			check_fetch(r, s, &s->sources[i]);
		verdict_samples(&s->sources[i], now, sample_failed, r);
	}
}
