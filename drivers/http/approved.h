/* approved.h -- the provider's approved templates: which of them carries which of gong's, and the
 * values it gets.  `templates` in a profile: {"warn.rain": {"code": "SMS_1", "params":
 * ["place", "hours", "content=text"]}, "warn.rain/en": {…}, "*": {…}}. */
#ifndef GONG_HTTP_APPROVED_H
#define GONG_HTTP_APPROVED_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "drivers/kit/kit.h"

struct approved_value {
	const char *name;		/* the provider's, borrowed */
	const char *from;		/* gong's parameter, or "text" for the whole text */
};

struct approved_template {
	const char *gong;		/* "warn.rain", "warn.rain/en" or "*" */
	const char *code;
	struct approved_value *values;
	char **names;			/* owned: names cut from "name=from" */
	size_t count;			/* 0 = a text without variables */
};

struct approved {
	struct approved_template *list;
	size_t count;			/* 0 = the provider takes any text */
	long value_max, text_max;	/* characters; 0 = no limit */
	const char *value_not;		/* characters that no value may have; NULL = any may */
};

int approved_compile(struct approved *, json_t *config, struct err *);
void approved_fini(struct approved *);
/* The one that carries `name` in `language` (both may be NULL), or NULL. */
const struct approved_template *approved_find(const struct approved *, const char *name,
					      const char *language);

/* What one text is made of, as the provider wants it. */
struct approved_params {
	char *object, *list;		/* JSON, owned */
};
/* -1: the provider takes no text as long as this. */
int approved_check_text(const struct approved *, const char *text, struct err *);
/* -1: err->text says why this template cannot carry it. */
int approved_fill(struct approved_params *, const struct approved *,
		  const struct approved_template *, const struct kit_template *, const char *text,
		  struct err *);

/* Could it carry this template of gong's (an element of a check's `templates`)?  NULL = yes, else
 * what is in the way and the remedy, zh / en, in `room`. */
const char *approved_obstacle(const struct approved *, json_t *template, char *room, size_t size);

#endif
