/* spelling.c -- what people type for what gongd calls otherwise: full-width letters and digits, colours,
 * states and kinds in either language and any case, durations as gongctl shows them.  Whatever gongctl
 * prints it also takes.  Asks nobody. */
#include "ctl/ctl.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/near.h"
#include "core/number.h"

/* Closed lists of values, by what the table of verbs calls such a value. */
static const struct {
	const char *arg, *choices;
} lists[] = {
	{ "COLOUR", "notice|blue|yellow|orange|red" },
	{ "STATE", "held|active|satisfied|exhausted|cancelled|expired" },
	{ "LEVEL", "2|3|4|5" },
	{ "CHANNEL", "sms|voice" },
	{ "real|drill|test", "real|drill|test" },
	{ "zh|en", "zh|en" },
};

const char *
choices_of(const char *arg)
{
	for (size_t i = 0; arg && i < sizeof(lists) / sizeof(*lists); i++)
		if (strcmp(lists[i].arg, arg) == 0)
			return lists[i].choices;
	return NULL;
}

/* The narrow form of the character at p, and the bytes it takes; 0: it is none that has one.  U+FF01…U+FF5E
 * are ef bc 81 … ef bd 9e; U+3000 is e3 80 80, U+3001 (、) e3 80 81. */
static size_t
narrow_form(const unsigned char *p, char *out)
{
	if (p[0] == 0xef && (p[1] == 0xbc || p[1] == 0xbd) && p[2] >= 0x80 && p[2] <= 0xbf) {
		unsigned wide = (unsigned)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);	/* of U+Fxxx */

		*out = (char)(wide - 0xf01 + '!');
		return wide >= 0xf01 && wide <= 0xf5e ? 3 : 0;
	}
	if (p[0] == 0xe3 && p[1] == 0x80 && (p[2] == 0x80 || p[2] == 0x81)) {
		*out = p[2] == 0x80 ? ' ' : ',';
		return 3;
	}
	return 0;
}

/* only: the characters that are wanted narrow; NULL = all. */
static char *
narrowed(const char *text, const char *only)
{
	const unsigned char *p = (const unsigned char *)text;
	struct buf out = { 0 };

	while (*p) {
		char c = 0;
		size_t len = narrow_form(p, &c);

		if (len && (!only || strchr(only, c))) {
			buf_add(&out, &c, 1);
			p += len;
		} else {
			buf_add(&out, p++, 1);
		}
	}
	return buf_take(&out);
}

char *
spell_narrow(const char *text)
{
	return narrowed(text, NULL);
}

/* Of a place: its code, or its name, in which （ stays what it is. */
static char *
spell_place(const char *text)
{
	return narrowed(text, "0123456789,");
}

/* -- words of closed lists -- */

static bool
is_colour(const char *choice, const char *said)
{
	int severity = severity_parse(choice);

	return severity > SEVERITY_NOTICE && severity_is_said((enum severity)severity, said);
}

static bool
is_said(const struct ctl *ctl, const char *arg, const char *choice, const char *said)
{
	struct ctl zh = *ctl, en = *ctl;

	zh.lang = LANG_ZH;
	en.lang = LANG_EN;
	if (strcmp(arg, "LEVEL") == 0)
		return strcmp(said, choice) == 0 ||
			strcasecmp(said, level_word(&zh, choice[0] - '0')) == 0 ||
			strcasecmp(said, level_word(&en, choice[0] - '0')) == 0;
	return strcasecmp(said, choice) == 0 || strcasecmp(said, word(&zh, choice)) == 0 ||
		strcasecmp(said, word(&en, choice)) == 0 ||
		(strcmp(arg, "COLOUR") == 0 && is_colour(choice, said));
}

/* The list's own word for what is said, of which the caller frees a copy; NULL: it has none. */
static char *
choose(const struct ctl *ctl, const char *arg, const char *said)
{
	const char *list = choices_of(arg);

	while (*list) {
		size_t len = strcspn(list, "|");
		char *choice = xstrndup(list, len);

		if (is_said(ctl, arg, choice, said))
			return choice;
		free(choice);
		list += len + (list[len] == '|');
	}
	return NULL;
}

/* "notice, blue, …" in the reader's language. */
static void
put_choices(const struct ctl *ctl, const char *arg, struct buf *out)
{
	const char *list = choices_of(arg), *from = list;

	while (*list) {
		size_t len = strcspn(list, "|");
		char *choice = xstrndup(list, len);

		buf_puts(out, list > from ? say(ctl, ", ", "、") : "");
		buf_puts(out, ctl->lang == LANG_ZH ? word(ctl, choice) : choice);
		free(choice);
		list += len + (list[len] == '|');
	}
}

static int
no_choice(struct ctl *ctl, const struct option_spec *spec, const char *said)
{
	struct buf list = { 0 };
	int code;

	put_choices(ctl, spec->arg, &list);
	code = ctl_usage(ctl, say(ctl, "%s %s: use %s", "%s %s:应为 %s"), spec->name, said, list.data);
	buf_fini(&list);
	return code;
}

/* Several with commas, each by itself. */
static int
spell_choices(struct ctl *ctl, const struct option_spec *spec, const char *text, struct buf *out)
{
	static const char warning[] = "预警";

	while (*text) {
		size_t len = strcspn(text, ",");
		char *said = xstrndup(text + strspn(text, " "), len - strspn(text, " "));
		size_t n = strlen(said), w = sizeof(warning) - 1;
		char *choice;

		if (n > w && strcmp(said + n - w, warning) == 0)
			said[n - w] = '\0';
		choice = choose(ctl, spec->arg, said);
		if (!choice && strcmp(spec->arg, "LEVEL") == 0)
			choice = xstrdup(said);		/* its command says what is wrong with it */
		if (!choice) {
			int code = no_choice(ctl, spec, said);

			free(said);
			return code;
		}
		buf_printf(out, "%s%s", out->len ? "," : "", choice);
		free(choice);
		free(said);
		text += len + (text[len] == ',');
	}
	return CTL_OK;
}

/* 山洪 → flash_flood, 山洪灾害: the one kind that is called so at its beginning; NULL: none, or several. */
static const char *
kind_begun(const char *said)
{
	const char *name, *found = NULL;
	size_t len = strlen(said);

	if (len < strlen("山洪"))	/* one character is too little */
		return NULL;
	for (size_t i = 0; (name = kind_name(i)); i++)
		if (strncmp(said, kind_said(name, LANG_ZH), len) == 0) {
			if (found)
				return NULL;
			found = name;
		}
	return found;
}

/* 暴雨, Cold wave, 山洪 → the word of the API; what is in no table goes as it is. */
static const char *
kind_word(const char *said)
{
	const char *name, *begun = kind_begun(said);

	for (size_t i = 0; (name = kind_name(i)); i++)
		if (strcasecmp(said, name) == 0 || strcasecmp(said, kind_said(name, LANG_ZH)) == 0 ||
		    strcasecmp(said, kind_said(name, LANG_EN)) == 0)
			return name;
	return begun ? begun : said;
}

/* The first ＝ and ： of "代码：名称＝值", and a value that is nothing but a number; other words of a text
 * stay as somebody wrote them. */
static char *
spell_param(const char *text)
{
	char *narrow = spell_narrow(text), *end = strchr(narrow, '=');
	static const char wide[] = "＝";
	const char *equals = strchr(text, '='), *other = strstr(text, wide);
	struct buf out = { 0 };

	if (!end) {
		free(narrow);
		return xstrdup(text);
	}
	if (!equals || (other && other < equals))
		equals = other + sizeof(wide) - 2;
	buf_add(&out, narrow, (size_t)(end - narrow) + 1);
	buf_puts(&out, end[1] && !end[1 + strspn(end + 1, "0123456789.-+")] ? end + 1 : equals + 1);
	free(narrow);
	return buf_take(&out);
}

/* Values that are no words of somebody's own. */
static bool
is_formal(const char *arg)
{
	static const char *const args[] = { "CODE", "N", "ID", "[ID]", "NUMBER", "[NUMBER]", "KIND" };

	for (size_t i = 0; i < sizeof(args) / sizeof(*args); i++)
		if (strcmp(arg, args[i]) == 0)
			return true;
	return isdigit((unsigned char)arg[0]);	/* "4h|INSTANT" */
}

char *
spell_operand(const char *arg, const char *text)
{
	if (strcmp(arg, "CODE") == 0)
		return spell_place(text);
	if (strcmp(arg, "KIND") == 0) {
		char *narrow = spell_narrow(text), *kind = xstrdup(kind_word(narrow));

		free(narrow);
		return kind;
	}
	return is_formal(arg) ? spell_narrow(text) : xstrdup(text);
}

int
spell_value(struct ctl *ctl, const struct option_spec *spec, const char *text, char **out)
{
	struct buf chosen = { 0 };
	char *plain;
	int code = CTL_OK;

	*out = NULL;
	if (strchr(spec->arg, '=')) {
		*out = spell_param(text);
		return CTL_OK;
	}
	if (!choices_of(spec->arg) && !is_formal(spec->arg)) {
		*out = xstrdup(text);
		return CTL_OK;
	}
	plain = spell_operand(spec->arg, text);
	if (choices_of(spec->arg)) {
		free(plain);
		plain = spell_narrow(text);
		code = spell_choices(ctl, spec, plain, &chosen);
	} else {
		buf_puts(&chosen, strcmp(spec->arg, "KIND") == 0 ? kind_word(plain) : plain);
	}
	free(plain);
	if (code == CTL_OK)
		*out = buf_take(&chosen);
	buf_fini(&chosen);
	return code;
}

/* -- durations: "4h", "4小时", "1小时30分", "1分41秒" -- */

/* One figure and its unit in `out`; the bytes they took, 0 = it is none. */
static size_t
one_figure(const char *text, char out[32])
{
	static const char *const units[][2] = { { "小时", "h" }, { "分钟", "m" }, { "分", "m" }, { "秒", "s" },
						{ "天", "d" },   { "日", "d" },   { "ms", "ms" }, { "min", "m" },
						{ "d", "d" },    { "h", "h" },    { "m", "m" },   { "s", "s" } };
	size_t len = strspn(text, "0123456789.");

	if (!len || len > 20)
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t unit = strlen(units[i][0]);

		if (strncmp(text + len, units[i][0], unit) != 0)
			continue;
		snprintf(out, 32, "%.*s%s", (int)len, text, units[i][1]);
		return len + unit;
	}
	return 0;
}

int
duration_spelt(msec *out, const char *text, msec least, msec most)
{
	char *narrow = spell_narrow(text), figure[32];
	const char *p = narrow;
	msec sum = 0, part = 0;
	size_t len;

	while ((len = one_figure(p, figure)) && duration_parse(&part, figure, 0, most) == 0 &&
	       sum <= most - part) {
		sum += part;
		p += len;
	}
	len = strlen(p);
	if (p == narrow)
		len = 1;
	free(narrow);
	if (len || sum < least || sum > most)
		return -1;
	*out = sum;
	return 0;
}
