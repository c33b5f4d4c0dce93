/* item.c -- a message or call in hand: the words it says, and the one `done` it ends with. */
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"

void
words_unref(struct words *words)
{
	if (!words || --words->refs)
		return;
	free(words->params.object);
	free(words->params.list);
	free(words);
}

void
item_done(struct http *h, struct item *item, const char *outcome, const char *ref,
	  enum reject class, const char *reason)
{
	kit_done(h->kit, item->id, outcome, ref, item->parts,
		 class == REJECT_NONE ? NULL : reject_name(class), reason);
	words_unref(item->words);
	free(item);
}

static const char *
language_of(const struct http *h, const char *ours)
{
	const char *theirs = ours ? json_string_value(json_object_get(h->profile.languages, ours)) : NULL;

	return theirs ? theirs : ours ? ours : "";
}

struct words *
words_new(struct http *h, const char *text, const struct kit_template *template,
	  const char *language, struct err *err)
{
	const struct approved *approved = &h->profile.approved;
	size_t len = strlen(text);
	struct words *words = xcalloc(1, sizeof(*words) + len + 1);

	memcpy(words->text, text, len + 1);
	words->refs = 1;
	snprintf(words->language, sizeof(words->language), "%s", language_of(h, language));
	if (approved_check_text(approved, text, err) < 0) {
		words_unref(words);
		return NULL;
	}
	if (!approved->count)
		return words;
	words->approved = approved_find(approved, template->name, template->language);
	if (!words->approved)
		err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_not_approved,
			template->name ? template->name : WORD(http_no_template));
	else if (approved_fill(&words->params, approved, words->approved, template, text, err) == 0)
		return words;
	words_unref(words);
	return NULL;
}
