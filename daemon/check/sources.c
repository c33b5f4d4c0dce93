/* sources.c -- the rules of other systems, tried on the samples that stand beside them; and the programs
 * that fetch, asked whether they could work with what they are told. */
#include "daemon/check/check.h"

#include <stdio.h>

#include "daemon/check/ask.h"
#include "daemon/intake/formats/verdict.h"
#include "daemon/parse/parse.h"

struct sampling {
	struct report *report;
	const struct settings *settings;
};

static void
sample_failed(void *ctx, const struct said *said)
{
	report_said(((struct sampling *)ctx)->report, REPORT_ERROR, "source", said);
}

static int
read_sample(void *ctx, const struct source_conf *c, const struct format_input *in, struct signal_post *out,
	    struct err *err)
{
	return parse_once(((struct sampling *)ctx)->settings,
			  &(struct parse_ask){ .source = c, .bytes = in->bytes, .len = in->len, .now = in->now }, out, err);
}

static void
check_fetch(struct report *r, const struct settings *s, const struct source_conf *c)
{
	struct ask_answer answer;
	struct buf line = { 0 };
	const char *lacks;
	char where[96];

	snprintf(where, sizeof(where), "source %s", c->name);
	buf_puts(&line, "{\"op\":\"check\",\"protocol\":1,\"source\":");
	buf_json(&line, c->name);
	buf_printf(&line, ",\"config\":%s}\n", c->config);
	ask_program(s, c->fetch, &line, &answer);
	lacks = json_string_value(json_object_get(answer.confined, "lacks"));
	if (answer.verdict == ASK_UNFIT)
		REPORT(r, REPORT_ERROR, where, check_source_unfit, c->name, NEST(&answer.err.said));
	if (answer.verdict == ASK_NOT_CHECKED)
		REPORT(r, REPORT_OK, where, check_source_not_asked, c->name, c->fetch);
	if (lacks)
		REPORT(r, REPORT_WARNING, where, check_source_not_confined, c->name, lacks);
	ask_answer_fini(&answer);
}

/* Whoever is to be called back, is so by gong-hook. */
static void
check_hook(struct report *r, const struct settings *s)
{
	struct err err = { 0 };
	char *program;
	size_t i = 0;

	while (i < s->source_count && !s->sources[i].callback_count)
		i++;
	if (i == s->source_count)
		return;
	program = settings_program(s, "gong-hook", &err);
	if (!program)
		report_said(r, REPORT_ERROR, "source", &err.said);
	free(program);
}

void
check_sources(struct report *r, const struct settings *s, msec now)
{
	struct sampling sampling = { r, s };
	struct err err = { 0 };

	if (parse_ready(s, &err) < 0) {
		report_said(r, REPORT_ERROR, "source", &err.said);
		return;
	}
	for (size_t i = 0; i < s->source_count; i++) {
		if (s->sources[i].fetch)
			check_fetch(r, s, &s->sources[i]);
		verdict_samples(&s->sources[i], now, read_sample, sample_failed, &sampling);
	}
	check_hook(r, s);
}
