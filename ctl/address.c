/* address.c -- what a refusal is about, in the words of the command that was given: an option, an
 * operand, or a line and a column of the file. */
#include "ctl/ctl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the command line says otherwise than the request. */
static const struct {
	enum concept concept;
	const char *words;		/* options and operands, the first that the command has */
} names[] = {
	{ CONCEPT_PARAMS, "--param" }, { CONCEPT_PARAM, "--param" },
	{ CONCEPT_DIVISION_PARAMS, "--param" }, { CONCEPT_DIVISION_PARAM, "--param" },
	{ CONCEPT_AUDIENCE, "--division --contact" }, { CONCEPT_MODE, "--drill" },
	{ CONCEPT_STARTS_AT, "--starts" }, { CONCEPT_EXPIRES_AT, "--expires" },
	{ CONCEPT_OUTCOME, "--cannot" }, { CONCEPT_ABOUT_ALERT, "--alert" },
	{ CONCEPT_ALERT, "ID --replaces --alert" }, { CONCEPT_TASK, "ID" },
	{ CONCEPT_TEXT, "--text TEXT COMMAND CODE" }, { CONCEPT_TO, "NUMBER" },
	{ CONCEPT_RECEIPT_WAIT, "--receipt-wait" },
};

static bool
has_word(const struct ctl *ctl, const char *word, size_t len)
{
	const struct command *c = ctl->command;

	for (const struct option_spec *o = c ? c->options : NULL; o && o->name; o++)
		if (strlen(o->name) == len && strncmp(o->name, word, len) == 0)
			return true;
	for (int i = 0; c && c->operands[i]; i++) {
		const char *operand = c->operands[i] + (c->operands[i][0] == '[');

		if (strncmp(operand, word, len) == 0 && strcspn(operand, "]") == len)
			return true;
	}
	return false;
}

/* The request's own name as an option (--without-division), else as an operand (TEMPLATE). */
static bool
put_own(const struct ctl *ctl, const char *name, struct buf *out)
{
	char option[48], operand[48];

	snprintf(option, sizeof(option), "--%s", name);
	snprintf(operand, sizeof(operand), "%s", name);
	for (char *p = option; *p; p++)
		*p = *p == '_' ? '-' : *p;
	for (char *p = operand; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	if (has_word(ctl, option, strlen(option)))
		buf_puts(out, option);
	else if (has_word(ctl, operand, strlen(operand)))
		placeholder_put(ctl, operand, out);
	else
		return false;
	return true;
}

static bool
put_named(const struct ctl *ctl, enum concept concept, struct buf *out)
{
	const char *word = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].concept == concept)
			word = names[i].words;
	while (*word) {
		size_t len = strcspn(word, " ");

		if (has_word(ctl, word, len)) {
			char *name = xstrndup(word, len);

			placeholder_put(ctl, name, out);
			free(name);
			return true;
		}
		word += len + (word[len] == ' ');
	}
	return put_own(ctl, concept_name(concept), out);
}

/* "/audience/divisions/1": a pointer is for programs; of its words the last that the command knows,
 * else its last one. */
static void
put_pointer(const struct ctl *ctl, const char *pointer, struct buf *out)
{
	char *words = xstrdup(pointer), *last;

	while ((last = strrchr(words, '/')) && !put_own(ctl, last + 1, out))
		*last = '\0';
	if (!last)
		buf_puts(out, strrchr(pointer, '/') + 1);
	free(words);
}

void
address_put(const struct ctl *ctl, const struct err *err, struct buf *out)
{
	const struct about *a = &err->about;

	if (a->concept == CONCEPT_QUERY && put_own(ctl, a->name, out))
		return;
	if (a->concept >= CONCEPT_FIELD && a->concept <= CONCEPT_OPTION) {
		if (a->name[0] == '/')
			put_pointer(ctl, a->name, out);
		else
			buf_puts(out, a->name);
	} else if (a->concept == CONCEPT_ROW) {
		buf_printf(out, say(ctl, "line %d", "第%d行"), a->index);
		if (a->name[0])
			buf_printf(out, say(ctl, ", column %s", ",列 %s"), a->name);
	} else if (a->concept != CONCEPT_NONE && put_named(ctl, a->concept, out) && a->name[0]) {
		buf_printf(out, " %s", a->name);
	}
}
