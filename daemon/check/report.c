/* report.c -- lines for people as they come, for programs as one object at the end. */
#include "daemon/check/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum lang
report_lang(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strncmp(value, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
	}
	return LANG_EN;
}

static const char *
level_word(enum report_level level)
{
	return level == REPORT_OK ? WORD(check_ok) : level == REPORT_WARNING ? WORD(lint_warning) : WORD(lint_error);
}

static void
count(struct report *r, enum report_level level)
{
	r->warnings += level == REPORT_WARNING;
	r->errors += level == REPORT_ERROR;
}

static void
add_json(struct report *r, enum report_level level, const char *about, const char *text)
{
	static const char *const names[] = { "ok", "warning", "error" };

	buf_printf(&r->lines, "%s{\"level\":\"%s\",\"about\":", r->lines.len ? "," : "", names[level]);
	buf_json(&r->lines, about);
	buf_puts(&r->lines, ",\"text\":");
	buf_json(&r->lines, text);
}

void
report_said(struct report *r, enum report_level level, const char *about, const struct said *said)
{
	char text[2 * SAID_BYTES], word[32];

	count(r, level);
	said_render(said, r->lang, text, sizeof(text));
	if (r->json) {
		add_json(r, level, about, text);
		buf_printf(&r->lines, ",\"code\":\"%s\",\"values\":", phrase_name(said->phrase));
		said_values_json(said, &r->lines);
		buf_puts(&r->lines, "}");
		return;
	}
	value_render(level_word(level), r->lang, word, sizeof(word));
	fprintf(level == REPORT_OK ? stdout : stderr, "%s: %s\n", word, text);
}

void
report_line(struct report *r, enum report_level level, const char *about, enum phrase phrase,
	    const char *const *values)
{
	struct said said;

	said_fill(&said, phrase, values);
	report_said(r, level, about, &said);
}

void
report_text(struct report *r, enum report_level level, const char *about, const char *line)
{
	count(r, level);
	if (!r->json) {
		fprintf(level == REPORT_OK ? stdout : stderr, "%s\n", line);
		return;
	}
	add_json(r, level, about, line);
	buf_puts(&r->lines, "}");
}

int
report_end(struct report *r)
{
	if (r->json)
		printf("{\"errors\":%zu,\"warnings\":%zu,\"lines\":[%s]}\n", r->errors, r->warnings,
		       r->lines.data ? r->lines.data : "");
	buf_fini(&r->lines);
	return r->errors > 0;
}
