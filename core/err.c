/* err.c -- fills a struct err; it never fails and never allocates. */
#include "core/err.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *
err_kind_name(enum err_kind kind)
{
	static const char *const names[REFUSED_COUNT] = {
#define K(name, text) text,
		ERR_KINDS(K)
#undef K
	};

	return names[kind];
}

const char *
concept_name(enum concept concept)
{
	static const char *const names[CONCEPT_COUNT] = {
#define C(name, text) text,
		CONCEPTS(C)
#undef C
	};

	return names[concept];
}

int
concept_parse(const char *name)
{
	for (int i = 0; i < CONCEPT_COUNT; i++)
		if (strcmp(concept_name((enum concept)i), name) == 0)
			return i;
	return -1;
}

struct about
about(enum concept concept)
{
	return (struct about){ .concept = concept, .index = -1 };
}

struct about
about_index(enum concept concept, size_t index)
{
	return (struct about){ .concept = concept, .index = (int)index };
}

struct about
about_name(enum concept concept, const char *name)
{
	struct about a = about(concept);

	snprintf(a.name, sizeof(a.name), "%s", name);
	text_mend(a.name);
	return a;
}

struct about
about_row(unsigned line, const char *column)
{
	struct about a = about_name(CONCEPT_ROW, column ? column : "");

	a.index = (int)line;
	return a;
}

/* The name of such a concept is an address by itself. */
static bool
is_named_so(enum concept concept)
{
	return concept >= CONCEPT_FIELD && concept <= CONCEPT_OPTION;
}

struct about
about_param(const char *division, const char *name)
{
	struct about a = about_name(CONCEPT_PARAM, name);

	if (!division)
		return a;
	a.concept = CONCEPT_DIVISION_PARAM;
	snprintf(a.name, sizeof(a.name), "%.12s:%s", division, name);
	text_mend(a.name);
	return a;
}

static void
fill_field(struct err *err)
{
	const struct about *a = &err->about;
	const char *name = concept_name(a->concept);

	if (is_named_so(a->concept))
		snprintf(err->field, sizeof(err->field), "%s", a->name);
	else if (a->concept == CONCEPT_ROW)
		snprintf(err->field, sizeof(err->field), "line %d%s%.100s", a->index,
			 a->name[0] ? ", column " : "", a->name);
	else if (a->index >= 0)
		snprintf(err->field, sizeof(err->field), "%s[%d]", name, a->index);
	else
		snprintf(err->field, sizeof(err->field), "%s%s%.100s", name, a->name[0] ? " " : "",
			 a->name);
	text_mend(err->field);
}

int
err_say_phrase(struct err *err, enum err_kind kind, struct about what, enum phrase phrase,
	       const char *const *values)
{
	if (!err)
		return -1;
	err->kind = kind;
	err->about = what;
	said_fill(&err->said, phrase, values);
	said_render(&err->said, LANG_EN, err->text, sizeof(err->text));
	fill_field(err);
	return -1;
}

int
err_about(struct err *err, struct about what)
{
	if (err) {
		err->about = what;
		fill_field(err);
	}
	return -1;
}

static void
fill(struct err *err, const char *field, const char *fmt, va_list args)
{
	err->kind = REFUSED_FAULT;
	err->about = about(*field ? CONCEPT_FIELD : CONCEPT_NONE);
	snprintf(err->about.name, sizeof(err->about.name), "%s", field);
	text_mend(err->about.name);
	snprintf(err->field, sizeof(err->field), "%s", field);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	text_mend(err->field);
	text_mend(err->text);
	said_verbatim(&err->said, err->text);
}

int
err_set(struct err *err, const char *fmt, ...)
{
	if (err) {
		va_list args;

		va_start(args, fmt);
		fill(err, "", fmt, args);
		va_end(args);
	}
	return -1;
}

int
err_field(struct err *err, const char *field, const char *fmt, ...)
{
	if (err) {
		va_list args;

		va_start(args, fmt);
		fill(err, field, fmt, args);
		va_end(args);
	}
	return -1;
}
