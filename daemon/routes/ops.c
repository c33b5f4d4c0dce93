/* ops.c -- gongd's operations as JSON lines; written by hand because they are the hot path. */
#include "daemon/routes/internal.h"

#include <stdlib.h>
#include <string.h>

#include "files/page.h"

static void
put_id(struct buf *line, uint64_t id)
{
	char text[MESSAGE_ID_TEXT];

	message_id_format(text, id);
	buf_puts(line, text);
}

static void
put_number(struct buf *line, uint64_t n)
{
	char digits[24];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	buf_add(line, digits + at, sizeof(digits) - at);
}

static void
put_not_after(struct buf *line, msec at)
{
	if (at != NEVER)
		buf_printf(line, ",\"not_after\":%lld", (long long)at);
}

/* The driver learns its callback URL as one more option, so that no profile has to repeat the
 * secret in it. */
static void
put_config(struct buf *line, const struct route_conf *conf, const char *base_url)
{
	const char *rest = conf->config + 1;		/* after its opening brace */
	struct buf url = { 0 };

	if (!conf->callback_secret) {
		buf_puts(line, conf->config);
		return;
	}
	buf_printf(&url, "%s/v1/callback/%s/%s", base_url, conf->name, conf->callback_secret);
	buf_puts(line, "{\"callback_url\":");
	buf_json(line, url.data);
	buf_puts(line, *rest == '}' ? "" : ",");
	buf_puts(line, rest);
	buf_fini(&url);
}

void
ops_open(struct buf *line, const struct driver *d)
{
	buf_puts(line, "{\"op\":\"open\",\"protocol\":1,\"route\":");
	buf_json(line, d->conf->name);
	buf_puts(line, ",\"config\":");
	put_config(line, d->conf, d->routes->base_url);
	buf_puts(line, ",\"state\":");
	buf_json(line, d->keep);
	if (d->slots)
		buf_printf(line, ",\"page\":%d", PAGE_FD);
	journal_say(line, d);
	buf_puts(line, "}");
}

/* One text that may go by the route, as long as it can get. */
static void
put_said(struct buf *line, const struct settings *s, const struct route_conf *conf,
	 const struct template *t, enum lang lang, enum channel channel)
{
	const struct text *text = template_text(t, lang, channel), *constant = t->texts[lang].constant;
	struct buf said = { 0 };
	char *keys = template_keys(t);
	bool first = true;

	if (channel == CHANNEL_SMS && conf->gong_signs && s->signature[lang])
		buf_puts(&said, s->signature[lang]);
	template_worst(t, text, lang, &said);
	buf_puts(line, "{\"name\":");
	buf_json(line, t->name);
	buf_printf(line, ",\"language\":\"%s\",\"channel\":\"%s\",\"text\":", lang_name(lang),
		   channel_name(channel));
	buf_json(line, said.data);
	buf_puts(line, ",\"params\":[");
	for (size_t i = 0; i < t->param_count; i++) {
		if (!text_uses(text, t->params[i].name))
			continue;
		buf_puts(line, first ? "" : ",");
		buf_json(line, t->params[i].name);
		first = false;
	}
	buf_printf(line, "],\"keys\":%s", keys);
	if (constant) {
		buf_reset(&said);
		template_worst(t, constant, lang, &said);
		buf_puts(line, ",\"constant\":");
		buf_json(line, said.data);
	}
	buf_puts(line, "}");
	buf_fini(&said);
	free(keys);
}

void
routes_check_line(struct buf *line, const struct settings *s, const struct route_conf *conf)
{
	char *base_url = settings_base_url(s, s->listen_port);
	bool first = true;

	buf_puts(line, "{\"op\":\"check\",\"protocol\":1,\"route\":");
	buf_json(line, conf->name);
	buf_puts(line, ",\"config\":");
	put_config(line, conf, base_url);
	buf_puts(line, ",\"templates\":[");
	for (size_t i = 0; i < s->template_count; i++)
		for (int n = 0; n < LANG_COUNT * CHANNEL_COUNT; n++) {
			enum lang lang = (enum lang)(n % LANG_COUNT);
			enum channel channel = (enum channel)(n / LANG_COUNT);

			if (!conf->channels[channel] ||
			    !template_text(s->templates[i], lang, channel))
				continue;
			buf_puts(line, first ? "" : ",");
			put_said(line, s, conf, s->templates[i], lang, channel);
			first = false;
		}
	buf_puts(line, "]}\n");
	free(base_url);
}

static void
put_template(struct buf *line, const char *template)
{
	if (!template)
		return;
	buf_puts(line, ",\"template\":");
	buf_puts(line, template);
}

static void
put_missing(struct buf *line, const struct send_item *item)
{
	bool any = false;

	for (unsigned i = 0; i < item->parts && i < 64; i++) {
		if (!(item->missing[i / 8] >> i % 8 & 1))
			continue;
		buf_printf(line, "%s%u", any ? "," : ",\"parts\":[", i + 1);
		any = true;
	}
	if (any)
		buf_puts(line, "]");
}

static void
put_slot(struct buf *line, const struct driver *d, uint64_t id)
{
	const struct item *item = d->marks ? table_get(&d->items, id) : NULL;

	if (!item || item->slot == PAGE_NO_SLOT)
		return;
	buf_puts(line, ",\"slot\":");
	put_number(line, item->slot);
}

void
ops_send(struct buf *line, const struct driver *d, const struct effect *f)
{
	buf_puts(line, "{\"op\":\"send\",\"channel\":\"sms\"");
	if (f->send.flash)
		buf_puts(line, ",\"class\":\"flash\"");
	if (f->send.receipt)
		buf_puts(line, ",\"receipt\":true");
	if (f->send.urgent)
		buf_puts(line, ",\"urgent\":true");
	put_not_after(line, f->send.not_after);
	if (f->send.text) {
		buf_puts(line, ",\"text\":");
		buf_json(line, f->send.text);
	}
	put_template(line, f->send.template);
	buf_puts(line, ",\"items\":[");
	for (size_t i = 0; i < f->send.count; i++) {
		const struct send_item *item = &f->send.items[i];

		buf_puts(line, i ? ",{\"id\":\"" : "{\"id\":\"");
		put_id(line, item->id);
		buf_puts(line, "\",\"to\":\"+");
		put_number(line, item->to);
		buf_puts(line, "\",\"reference\":");
		put_number(line, item->reference);
		buf_puts(line, ",\"of\":");
		put_number(line, item->parts);
		put_slot(line, d, item->id);
		put_missing(line, item);
		if (item->text) {
			buf_puts(line, ",\"text\":");
			buf_json(line, item->text);
		}
		buf_puts(line, "}");
	}
	buf_puts(line, "]}");
}

void
ops_call(struct buf *line, const struct driver *d, const struct effect *f)
{
	buf_puts(line, "{\"op\":\"call\",\"id\":\"");
	put_id(line, f->call.id);
	buf_printf(line, "\",\"to\":\"+%llu\",\"ring_ms\":%lld,\"plays\":%u",
		   (unsigned long long)f->call.to, (long long)f->call.ring_ms, f->call.plays);
	put_slot(line, d, f->call.id);
	put_not_after(line, f->call.not_after);
	buf_printf(line, ",\"keys\":%s,\"say\":[{\"language\":\"%s\",\"text\":",
		   f->call.keys ? f->call.keys : "{}", lang_name(f->call.lang));
	buf_json(line, f->call.text);
	buf_puts(line, "}]");
	put_template(line, f->call.template);
	buf_puts(line, "}");
}

void
ops_withdraw(struct buf *line, const struct effect *f)
{
	buf_puts(line, "{\"op\":\"withdraw\",\"ids\":[");
	for (size_t i = 0; i < f->withdraw.count; i++) {
		buf_puts(line, i ? ",\"" : "\"");
		put_id(line, f->withdraw.ids[i]);
		buf_puts(line, "\"");
	}
	buf_puts(line, "]}");
}

void
ops_ask(struct buf *line, const struct effect *f)
{
	buf_printf(line, "{\"op\":\"ask\",\"id\":\"q%llu\",\"what\":\"%s\",\"text\":",
		   (unsigned long long)f->ask.id, f->ask.what);
	buf_json(line, f->ask.text ? f->ask.text : "");
	if (f->ask.to)
		buf_printf(line, ",\"to\":\"+%llu\",\"receipt_wait_ms\":%lld",
			   (unsigned long long)f->ask.to, (long long)f->ask.receipt_wait_ms);
	buf_puts(line, "}");
}
