/* formats.c -- which parser reads which format, and what came of a document. */
#include "daemon/intake/formats/formats.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/intake/formats/kannel.h"

#define BYTES_PER_WEIGHT (32u * 1024)	/* so many count as one more signal */

format_parse_fn
format_parser(enum source_format format)
{
	static const format_parse_fn parsers[SOURCE_FORMAT_COUNT] = {
		[FORMAT_JSON] = format_json, [FORMAT_FORM] = format_form, [FORMAT_ALERTMANAGER] = format_alertmanager,
		[FORMAT_GRAFANA] = format_grafana, [FORMAT_ZABBIX] = format_zabbix,
		[FORMAT_KANNEL] = format_kannel,
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
format_keep(struct signals_document *out, const struct source_conf *conf, const char *bytes, size_t len)
{
	struct buf raw = { 0 };

	if (conf->format == FORMAT_KANNEL)
		kannel_without_secrets(&raw, bytes, len);
	else if (len)
		buf_add(&raw, bytes, len);
	out->raw_len = raw.len;
	out->raw = buf_take(&raw);
}

void
format_settle(struct signals_document *out, struct signal_post *post, const struct err *refused)
{
	if (refused) {
		out->unreadable = xmalloc(sizeof(*refused));
		*out->unreadable = *refused;
		return;
	}
	out->post = *post;
	*post = (struct signal_post){ 0 };
}

unsigned
format_weight(const struct signals_request *q)
{
	size_t weight = 1 + signals_request_size(q);

	for (size_t i = 0; i < q->count; i++)
		weight += q->documents[i].raw_len / BYTES_PER_WEIGHT;
	return (unsigned)weight;
}
