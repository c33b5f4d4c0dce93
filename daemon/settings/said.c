/* said.c -- what a template says: by which channel, at its longest, and what answers mean. */
#include "daemon/settings/settings.h"

#include <string.h>

#include "core/buf.h"

#define LENGTH_UNBOUNDED 40		/* of a value whose `max` is 0 */

const struct text *
template_text(const struct template *t, enum lang lang, enum channel channel)
{
	const struct template_texts *texts = &t->texts[lang];

	return channel == CHANNEL_VOICE && texts->voice ? texts->voice : texts->sms;
}

struct longest {
	const struct template *template;
	enum lang lang;
	struct buf value;
};

static const char *
longest_value(void *ctx, const char *name)
{
	struct longest *l = ctx;
	const struct param *p = template_param(l->template, name);
	const char *filler = p->type == PARAM_NUMBER ? "9" : l->lang == LANG_ZH ? "某" : "x";

	if (p->worst[l->lang])
		return p->worst[l->lang];
	buf_reset(&l->value);
	for (unsigned i = 0; i < (p->max ? p->max : LENGTH_UNBOUNDED); i++)
		buf_puts(&l->value, filler);
	return l->value.data;
}

void
template_worst(const struct template *t, const struct text *text, enum lang lang, struct buf *out)
{
	struct longest l = { .template = t, .lang = lang };

	text_render(text, longest_value, &l, out, NULL);	/* every value is there */
	buf_fini(&l.value);
}

char *
template_keys(const struct template *t)
{
	struct buf json = { 0 };

	buf_puts(&json, "{");
	for (size_t i = 0; i < t->answer_count; i++)
		buf_printf(&json, "%s\"%s\":\"%s\"", i ? "," : "", t->answers[i].token,
			   answer_kind_name(t->answers[i].kind));
	buf_puts(&json, "}");
	return buf_take(&json);
}
