/* json.c -- format `json`: any JSON, by the pointers of its source's rules file. */
#include <string.h>

#include "daemon/intake/formats/document.h"
#include "daemon/intake/formats/mapped.h"

struct item {
	const struct json_map *map;
	json_t *whole, *item;		/* the item is the whole where there is no list */
	struct signal *signal;
	struct signal_post *post;
};

static json_t *
of_item(const struct item *i, const char *pointer)
{
	return document_at(i->item, pointer);
}

/* What all signals of a list share stands beside it: their sender, when it was sent … */
static json_t *
shared(const struct item *i, const char *pointer)
{
	json_t *found = of_item(i, pointer);

	return found && !json_is_null(found) ? found : document_at(i->whole, pointer);
}

static void
take_refs(const struct item *i)
{
	char room[DOCUMENT_TEXT];
	json_t *refs = of_item(i, i->map->refs), *one;
	size_t n;

	signal_set(i->signal, &i->signal->ref, document_text(of_item(i, i->map->ref), room),
		   SIGNAL_REF_MAX);
	if (!json_is_array(refs)) {
		signal_ref_add(i->signal, document_text(refs, room));
		return;
	}
	json_array_foreach(refs, n, one)
		signal_ref_add(i->signal, document_text(one, room));
}

/* A word of theirs that stands for nothing here might end an alert or begin one: nobody guesses. */
static void
take_act(const struct item *i)
{
	char room[DOCUMENT_TEXT];
	const char *theirs = document_text(of_item(i, i->map->act), room), *ours;
	struct said why;
	int act;

	if (!theirs)
		return;
	ours = json_map_word(&i->map->act_is, theirs);
	act = signal_act_parse(ours ? ours : theirs);
	if (act >= 0) {
		i->signal->act = (enum signal_act)act;
		return;
	}
	SAY(&why, signal_act_unknown, QUOTE(theirs));
	signal_post_fault(i->post, &why);
}

/* The same of its mode: a drill taken for the real thing would wake a county. */
static void
take_mode(const struct item *i)
{
	char room[DOCUMENT_TEXT];
	const char *theirs = document_text(shared(i, i->map->mode), room), *ours;
	struct said why;
	int mode;

	if (!theirs)
		return;
	ours = json_map_word(&i->map->mode_is, theirs);
	mode = signal_mode_parse(ours ? ours : theirs);
	if (mode >= 0) {
		i->signal->mode = (enum signal_mode)mode;
		return;
	}
	SAY(&why, signal_mode_unknown, QUOTE(theirs));
	signal_post_fault(i->post, &why);
}

/* What is not known stays to be matched as a label: rules may say what it is worth. */
static void
take_kind(const struct item *i)
{
	char room[DOCUMENT_TEXT];
	const char *theirs = document_text(shared(i, i->map->kind), room), *ours;

	if (!theirs)
		return;
	ours = json_map_word(&i->map->kind_is, theirs);
	signal_set(i->signal, &i->signal->kind, ours ? ours : theirs, SIGNAL_NAME_MAX);
}

static int
severity_of(const char *word)
{
	int severity = severity_parse(word);

	for (int s = SEVERITY_BLUE; s < SEVERITY_COUNT && severity < 0; s++)
		if (severity_is_said((enum severity)s, word))
			severity = s;
	return severity;
}

static void
take_severity(const struct item *i)
{
	char room[DOCUMENT_TEXT];
	const char *theirs = document_text(shared(i, i->map->severity), room), *ours;

	if (!theirs)
		return;
	ours = json_map_word(&i->map->severity_is, theirs);
	i->signal->severity = severity_of(ours ? ours : theirs);
	if (i->signal->severity < 0)
		signal_label(i->signal, "severity", theirs);
}

static void
take_times(const struct item *i)
{
	struct signal *s = i->signal;

	s->sent_at = document_time(shared(i, i->map->sent_at));
	s->onset_at = document_time(shared(i, i->map->onset_at));
	s->expires_at = document_time(shared(i, i->map->expires_at));
}

static void
take_area(const struct item *i)
{
	char room[DOCUMENT_TEXT];
	json_t *codes = of_item(i, i->map->area), *one;
	const char *name = document_text(of_item(i, i->map->area_name), room);
	struct signal_area *a;
	size_t n;

	if (!codes && !name)
		return;
	a = signal_area_add(i->signal, name);
	if (!a)
		return;
	if (!json_is_array(codes))
		signal_code_add(i->signal, a, "", document_text(codes, room));
	else
		json_array_foreach(codes, n, one)
			signal_code_add(i->signal, a, "", document_text(one, room));
}

static void
take_words(const struct item *i)
{
	char room[DOCUMENT_TEXT];

	for (size_t k = 0; k < i->map->text_count; k++) {
		const struct json_map_text *t = &i->map->texts[k];
		const char *text = document_text(shared(i, t->at), room);

		if (text)
			signal_text_set(i->signal, t->lang, t->name, text);
	}
	for (size_t k = 0; k < i->map->label_count; k++)
		signal_label(i->signal, i->map->labels[k].name,
			     document_text(shared(i, i->map->labels[k].at), room));
}

static int
take_item(struct signal_post *out, const struct format_input *in, json_t *whole, json_t *item,
	  struct err *err)
{
	struct item i = { .map = in->map, .whole = whole, .item = item, .post = out };

	i.signal = signal_post_add(out);
	if (!i.signal)
		return err_say(err, REFUSED_TOO_LARGE, about(CONCEPT_NONE), signals_too_many,
			       NUM(SIGNAL_POST_MAX));
	take_refs(&i);
	take_act(&i);
	take_mode(&i);
	take_kind(&i);
	take_severity(&i);
	take_times(&i);
	take_area(&i);
	take_words(&i);
	return 0;
}

int
mapped_signals(struct signal_post *out, const struct format_input *in, json_t *whole, struct err *err)
{
	json_t *list, *item;
	size_t n;

	if (!in->map->each)
		return take_item(out, in, whole, whole, err);
	list = document_at(whole, in->map->each);
	if (!json_is_array(list))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), signals_no_list, in->map->each);
	json_array_foreach(list, n, item)
		if (take_item(out, in, whole, item, err) < 0)
			return -1;
	return 0;
}

int
format_json(struct signal_post *out, const struct format_input *in, struct err *err)
{
	json_t *whole = document_read(in, err);
	int rc = whole ? mapped_signals(out, in, whole, err) : -1;

	json_decref(whole);
	return rc;
}
