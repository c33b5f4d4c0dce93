/* talk.c -- what gongd and gong-parse say to each other, a JSON object a line.
 *
 *	{"op":"open","protocol":1,"route":"parse","config":{"sources":{NAME:{"format":"cap","map":{…}}}}}
 *	{"op":"shapes","begin":true,"end":false,"rows":[[CODE,WKT,WKT],…]}	pages of all places
 *	{"op":"parse","id":7,"source":NAME,"base64":"…"}
 *	{"ev":"part","id":7,"signal":{…},"fault":{"concept","values"}}		one a signal, in order
 *	{"ev":"parsed","id":7,"problem":{…},"refused":"invalid","why":{…}}	the end of it */
#include "daemon/parse/internal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/contract/said_json.h"
#include "daemon/intake/formats/formats.h"
#include "files/signal_json.h"

#define PROGRAM "gong-parse"

static void
put_source(struct buf *line, const struct source_conf *c, bool first)
{
	buf_puts(line, first ? "" : ",");
	buf_json(line, c->name);
	buf_puts(line, ":{\"format\":");
	buf_json(line, source_format_name(c->format));
	buf_printf(line, ",\"map\":%s}", c->mapping ? c->mapping : "{}");
}

void
talk_open(struct buf *line, const struct settings *s)
{
	bool any = false;

	for (size_t i = 0; i < s->source_count; i++) {
		if (format_parser(s->sources[i].format))
			continue;
		if (!any)
			buf_puts(line, "{\"op\":\"open\",\"protocol\":1,\"route\":\"parse\",\"config\":{\"sources\":{");
		put_source(line, &s->sources[i], !any);
		any = true;
	}
	if (any)
		buf_puts(line, "}}}");
}

void
talk_ask(struct buf *line, uint64_t id, const struct parse_ask *ask)
{
	unsigned char *base64 = xmalloc(ask->len / 3 * 4 + 8);

	EVP_EncodeBlock(base64, (const unsigned char *)ask->bytes, (int)ask->len);
	buf_printf(line, "{\"op\":\"parse\",\"id\":%llu,\"source\":", (unsigned long long)id);
	buf_json(line, ask->source->name);
	buf_puts(line, ",\"base64\":\"");
	buf_puts(line, (const char *)base64);
	buf_puts(line, "\"}");
	free(base64);
}

/* "" in *line: they are of that generation already. */
int
talk_shapes(struct buf *line, const char *body, size_t len, bool begin, int64_t *generation, char after[32])
{
	const char *rows = len ? memchr(body, '\n', len) : NULL;
	long long of, next;

	if (!rows || sscanf(body, "%lld %lld", &of, &next) != 2)
		return -1;
	*generation = of;
	snprintf(after, 32, next ? "%lld" : "", next);
	rows++;
	if ((size_t)(rows - body) == len)
		return 0;
	buf_printf(line, "{\"op\":\"shapes\",\"begin\":%s,\"end\":%s,\"rows\":", begin ? "true" : "false",
		   next ? "false" : "true");
	buf_add(line, rows, len - (size_t)(rows - body));
	buf_puts(line, "}");
	return 0;
}

static bool
take_said(struct said *out, json_t *json)
{
	const char *name = json_string_value(json_object_get(json, "concept"));

	return name && said_from_json(out, name, json_object_get(json, "values"));
}

int
talk_part(struct signal_post *post, json_t *event)
{
	json_t *fault = json_object_get(event, "fault");
	struct signal *s = signal_post_add(post);
	struct said why;

	if (!s || signal_from_json(s, json_object_get(event, "signal")) < 0)
		return -1;
	if (fault && !take_said(&why, fault))
		return -1;
	if (fault)
		signal_post_fault(post, &why);
	return 0;
}

static enum err_kind
kind_of(const char *name)
{
	enum err_kind kind = REFUSED_FAULT;

	for (int i = 0; i < REFUSED_COUNT; i++)
		if (strcmp(err_kind_name((enum err_kind)i), name) == 0)
			kind = (enum err_kind)i;
	return kind;
}

int
talk_end(struct signal_post *post, json_t *event, struct err *err)
{
	const char *refused = json_string_value(json_object_get(event, "refused"));
	json_t *problem = json_object_get(event, "problem");
	const char *values[PHRASE_VALUES_MAX];
	struct said said;

	if (problem && take_said(&said, problem)) {
		post->problem = xmalloc(sizeof(*post->problem));
		*post->problem = said;
	}
	if (!refused)
		return 0;
	if (!take_said(&said, json_object_get(event, "why")))
		SAY(&said, parse_unknown, refused);
	for (unsigned i = 0; i < PHRASE_VALUES_MAX; i++)
		values[i] = said_value(&said, i);
	return err_say_phrase(err, kind_of(refused), about(CONCEPT_NONE), said.phrase, values);
}

char *
talk_program(const struct settings *s, struct err *err)
{
	return settings_program(s, PROGRAM, err);
}
