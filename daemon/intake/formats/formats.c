/* formats.c -- which parser reads which format, and a document read by it. */
#include "daemon/intake/formats/formats.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"

#define BYTES_PER_WEIGHT (32u * 1024)	/* so many count as one more signal */

format_parse_fn
format_parser(enum source_format format)
{
	static const format_parse_fn parsers[SOURCE_FORMAT_COUNT] = {
		[FORMAT_JSON] = format_json, [FORMAT_FORM] = format_form, [FORMAT_ALERTMANAGER] = format_alertmanager,
		[FORMAT_GRAFANA] = format_grafana, [FORMAT_ZABBIX] = format_zabbix,
	};

	return parsers[format];
}

struct command *
format_post(const struct source_conf *conf, size_t documents)
{
	struct command *cmd = command_new(CMD_SIGNALS, -1);
	struct signals_request *q = cmd->signals = xcalloc(1, sizeof(*q));

	q->source = xstrdup(conf->name);
	q->documents = xcalloc(documents + 1, sizeof(*q->documents));
	q->count = documents;
	cmd->by.kind = PRINCIPAL_SOURCE;
	snprintf(cmd->by.name, sizeof(cmd->by.name), SOURCE_PRINCIPAL "%s", conf->name);
	return cmd;
}

void
format_read(struct signals_document *out, const struct source_conf *conf, const struct format_input *in)
{
	struct err err = { 0 };

	out->raw = xmalloc(in->len + 1);
	memcpy(out->raw, in->bytes, in->len);
	out->raw_len = in->len;
	if (format_parser(conf->format)(&out->post, in, &err) == 0)
		return;
	signal_post_fini(&out->post);
	out->unreadable = xmalloc(sizeof(err));
	*out->unreadable = err;
}

unsigned
format_weight(const struct signals_request *q)
{
	size_t weight = 1 + signals_request_size(q);

	for (size_t i = 0; i < q->count; i++)
		weight += q->documents[i].raw_len / BYTES_PER_WEIGHT;
	return (unsigned)weight;
}
