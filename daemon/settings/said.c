/* said.c -- what a template says: by which channel, and what answers mean. */
#include "daemon/settings/settings.h"

#include <string.h>

#include "core/buf.h"

const struct text *
template_text(const struct template *t, enum lang lang, enum channel channel)
{
	const struct template_texts *texts = &t->texts[lang];

	return channel == CHANNEL_VOICE && texts->voice ? texts->voice : texts->sms;
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
