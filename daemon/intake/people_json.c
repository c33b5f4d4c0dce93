/* people_json.c -- one person or one place as somebody changes it.  What gong adds when it gives one (a
 * title, a place's name) may come back with it, and is passed over. */
#include "daemon/intake/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"
#include "core/segment.h"
#include "core/unicode.h"

#define TAGS_OF_ONE 16			/* store.h: PERSON_TAGS_MAX */
#define POSTS_MAX 64
#define ORDER_MAX 9999
#define PARAMS_MAX 64
#define PARAM_NAME_MAX 40

#define TAKE(noun) static int take_##noun(struct reading *r, void *out, json_t *v, const struct about *at)

TAKE(nothing)
{
	return 0;
}

/* As an import reads a cell: without the blanks around it, and with nothing that nobody sees; else what is
 * exported could not be imported again, and two that look alike would be two. */
static int
take_seen(struct reading *r, char **out, json_t *v, const struct about *at, size_t max)
{
	const char *text;
	size_t len;

	if (take_string(r, out, v, at, max) < 0)
		return -1;
	text = *out;
	len = strlen(text);
	text_trim(&text, &len);
	memmove(*out, text, len);
	(*out)[len] = '\0';
	if (!len)
		return refuse(r, REFUSED_INVALID, *at, is_empty);
	if (text_has_unseen(*out))
		return refuse(r, REFUSED_INVALID, *at, csv_has_unseen, QUOTE(*out));
	return 0;
}

TAKE(ref)
{
	const char *ref = ((struct contact_request *)out)->ref;

	if (!json_is_string(v) || strcmp(json_string_value(v), ref) != 0)
		return refuse(r, REFUSED_INVALID, about_name(CONCEPT_MEMBER, "/ref"), ref_differs, ref);
	return 0;
}

TAKE(name)
{
	return take_seen(r, &((struct contact_request *)out)->name, v, at, NAME_MAX_BYTES);
}

TAKE(note)
{
	return take_string(r, &((struct contact_request *)out)->note, v, at, NOTE_MAX);
}

TAKE(by)
{
	return take_string(r, &((struct contact_request *)out)->who, v, at, NAME_MAX_BYTES);
}

TAKE(language)
{
	int language = json_is_string(v) ? lang_parse(json_string_value(v)) : -1;

	if (language < 0)
		return refuse(r, REFUSED_INVALID, *at, csv_lang_unknown,
			      QUOTE(json_is_string(v) ? json_string_value(v) : "?"));
	((struct contact_request *)out)->language = language;
	return 0;
}

static int
take_bool(struct reading *r, bool *out, json_t *v, const struct about *at)
{
	if (!json_is_boolean(v))
		return refuse(r, REFUSED_INVALID, *at, not_a_flag);
	*out = json_is_true(v);
	return 0;
}

TAKE(active)
{
	bool active = false;
	int rc = take_bool(r, &active, v, at);

	((struct contact_request *)out)->active = active;
	return rc;
}

TAKE(yes)
{
	return take_bool(r, &((struct contact_request *)out)->yes, v, at);
}

/* -- numbers -- */

struct one_number {
	char *text;
	bool sms, voice;
};

TAKE(number_text)
{
	return take_string(r, &((struct one_number *)out)->text, v, at, 64);
}

TAKE(sms)
{
	return take_bool(r, &((struct one_number *)out)->sms, v, at);
}

TAKE(voice)
{
	return take_bool(r, &((struct one_number *)out)->voice, v, at);
}

static const struct member number_members[] = {
	{ "number", CONCEPT_NUMBERS, take_number_text }, { "sms", CONCEPT_NUMBERS, take_sms },
	{ "voice", CONCEPT_NUMBERS, take_voice },
};

/* A string, or an object that says what it may be used for. */
static int
take_number(struct reading *r, struct contact_request *q, size_t count, json_t *v, const struct about *at,
	    const struct phone_plan *plan)
{
	struct one_number n = { .sms = true, .voice = true };
	int rc = json_is_object(v)
		? members_take(r, number_members, MEMBER_COUNT(number_members), v, "/numbers", &n)
		: take_string(r, &n.text, v, at, 64);

	if (rc == 0 && !n.text)
		rc = refuse(r, REFUSED_INVALID, *at, member_missing, "number");
	else if (rc == 0 && strchr(n.text, '*'))
		rc = refuse(r, REFUSED_INVALID, *at, number_masked, n.text);
	else if (rc == 0 && phone_parse(&q->numbers[count], n.text, plan, r->err) < 0)
		rc = refuse_so(r, *at);
	q->sms |= (unsigned)n.sms << count;
	q->voice |= (unsigned)n.voice << count;
	free(n.text);
	return rc;
}

static int
take_numbers(struct reading *r, struct contact_request *q, json_t *list, const struct phone_plan *plan)
{
	struct about at = about(CONCEPT_NUMBERS);
	json_t *item;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > MEMBER_COUNT(q->numbers))
		return refuse(r, REFUSED_INVALID, at, numbers_at_most, NUM(MEMBER_COUNT(q->numbers)));
	q->has_numbers = true;
	json_array_foreach(list, i, item) {
		at = about_index(CONCEPT_NUMBERS, i);
		if (take_number(r, q, i, item, &at, plan) < 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (q->numbers[k] == q->numbers[i])
				return refuse(r, REFUSED_INVALID, at, number_twice);
	}
	return 0;
}

/* -- posts -- */

TAKE(role)
{
	return take_string(r, &((struct contact_post *)out)->role, v, at, REF_MAX);
}

TAKE(division)
{
	return take_code(r, &((struct contact_post *)out)->division, v, at);
}

TAKE(order)
{
	json_int_t order = json_integer_value(v);

	if (!json_is_integer(v) || order < 1 || order > ORDER_MAX)
		return refuse(r, REFUSED_INVALID, *at, csv_order_bad, "?");
	((struct contact_post *)out)->order = (unsigned)order;
	return 0;
}

static const struct member post_members[] = {
	{ "role", CONCEPT_ROLE, take_role }, { "division", CONCEPT_DIVISION, take_division },
	{ "order", CONCEPT_POSTS, take_order }, { "title", CONCEPT_POSTS, take_nothing },
	{ "place", CONCEPT_POSTS, take_nothing },
};

TAKE(posts)
{
	struct contact_request *q = out;
	json_t *item;
	size_t i;

	if (!json_is_array(v) || json_array_size(v) > POSTS_MAX)
		return refuse(r, REFUSED_INVALID, *at, posts_at_most, NUM(POSTS_MAX));
	q->has_posts = true;
	q->posts = xcalloc(json_array_size(v) + 1, sizeof(*q->posts));
	json_array_foreach(v, i, item) {
		struct about place = about_index(CONCEPT_POSTS, i);
		struct contact_post *post = &q->posts[q->post_count++];

		post->order = 1;
		if (!json_is_object(item))
			return refuse(r, REFUSED_INVALID, place, not_an_object);
		if (members_take(r, post_members, MEMBER_COUNT(post_members), item, "/posts", post) < 0)
			return err_about(r->err, place);
		if (!post->role || !post->division)
			return refuse(r, REFUSED_INVALID, place, member_missing,
				      post->role ? "division" : "role");
	}
	return 0;
}

/* COLUMN:WORD, as an import would make it of a cell. */
static int
check_tag(struct reading *r, const char *tag, const struct about *at)
{
	const char *word = strchr(tag, ':'), *whole = tag;
	size_t len = strlen(tag), word_len = word ? strlen(word + 1) : 0;

	if (text_has_unseen(tag))
		return refuse(r, REFUSED_INVALID, *at, csv_has_unseen, QUOTE(tag));
	if (word) {
		word++;
		text_trim(&word, &word_len);
		text_trim(&whole, &len);
	}
	if (strpbrk(tag, ";") || strstr(tag, "、") || strstr(tag, "；") || !word || tag[0] == ':' || !word_len ||
	    word[-1] != ':' || len != strlen(tag))
		return refuse(r, REFUSED_INVALID, *at, tag_form, QUOTE(tag));
	return 0;
}

TAKE(tags)
{
	struct contact_request *q = out;

	if (take_strings(r, &q->tags, &q->tag_count, v, at, TAG_MAX) < 0)
		return -1;
	q->has_tags = true;
	if (q->tag_count > TAGS_OF_ONE)
		return refuse(r, REFUSED_INVALID, *at, tags_of_one, NUM(TAGS_OF_ONE));
	for (size_t i = 0; i < q->tag_count; i++) {
		struct about one = about_index(CONCEPT_TAG, i);

		if (check_tag(r, q->tags[i], &one) < 0)
			return -1;
	}
	return 0;
}

static const struct member contact_members[] = {
	{ "name", CONCEPT_NAME, take_name }, { "language", CONCEPT_LANGUAGE, take_language },
	{ "active", CONCEPT_ACTIVE, take_active }, { "numbers", CONCEPT_NUMBERS, take_nothing },
	{ "posts", CONCEPT_POSTS, take_posts }, { "tags", CONCEPT_TAG, take_tags }, { "note", CONCEPT_NOTE, take_note }, { "by", CONCEPT_BY, take_by },
	{ "yes", CONCEPT_YES, take_yes }, { "ref", CONCEPT_MEMBER, take_ref },
	{ "opt_out", CONCEPT_NONE, take_nothing },
};

/* A new one, as an import would take it; who is there may be changed by whatever he is called. */
static int
check_new_ref(struct reading *r, const char *ref)
{
	const char *text = ref;
	size_t len = strlen(ref), digits = strspn(ref, "0123456789");

	text_trim(&text, &len);
	if (text_has_unseen(ref) || len != strlen(ref))
		return refuse(r, REFUSED_INVALID, about(CONCEPT_REF), csv_has_unseen, QUOTE(ref));
	if (number_is_shortened(ref))
		return refuse(r, REFUSED_INVALID, about(CONCEPT_REF), csv_lost_digits, QUOTE(ref));
	if (digits && strcmp(ref + digits, ".0") == 0) {
		char whole[REF_MAX + 1];

		snprintf(whole, sizeof(whole), "%.*s", (int)digits, ref);
		return refuse(r, REFUSED_INVALID, about(CONCEPT_REF), csv_ref_decimals, ref, whole);
	}
	return 0;
}

static struct contact_request *
contact_new(const char *ref)
{
	struct contact_request *q = xcalloc(1, sizeof(*q));

	q->ref = xstrdup(ref);
	q->language = q->active = -1;
	return q;
}

static int
check_ref(struct reading *r, const char *ref)
{
	if (strlen(ref) > REF_MAX)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_REF), is_too_long, NUM(REF_MAX));
	if (utf8_check(ref, strlen(ref), NULL) < 0)
		return refuse(r, REFUSED_INVALID, about(CONCEPT_REF), is_empty);
	for (; *ref; ref++)
		if ((unsigned char)*ref < ' ' || *ref == 0x7f)
			return refuse(r, REFUSED_INVALID, about(CONCEPT_REF), has_control);
	return 0;
}

int
intake_contact(struct contact_request **out, const char *ref, bool patch, const char *body, size_t len,
	       const struct settings *s, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = json_object_read(&r, body, len), *numbers;
	struct contact_request *q = contact_new(ref);

	*out = NULL;
	q->how = patch ? CONTACT_PATCH : CONTACT_PUT;
	numbers = json_object_get(json, "numbers");
	if (json && check_ref(&r, ref) == 0 && (patch || check_new_ref(&r, ref) == 0) &&
	    members_take(&r, contact_members, MEMBER_COUNT(contact_members), json, "", q) == 0 &&
	    numbers && !json_is_null(numbers))
		take_numbers(&r, q, numbers, &s->phone_plan);
	if (!r.refused && !patch && !q->name)
		refuse(&r, REFUSED_INVALID, about(CONCEPT_NAME), member_missing, "name");
	json_decref(json);
	if (r.refused)
		contact_request_free(q);
	else
		*out = q;
	return r.refused ? -1 : 0;
}

static const struct member opt_in_members[] = {
	{ "note", CONCEPT_NOTE, take_note }, { "by", CONCEPT_BY, take_by },
};

int
intake_opt_in(struct contact_request **out, const char *ref, const char *body, size_t len, struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = json_object_read(&r, body, len);
	struct contact_request *q = contact_new(ref);

	*out = NULL;
	q->how = CONTACT_OPT_IN;
	if (json && members_take(&r, opt_in_members, MEMBER_COUNT(opt_in_members), json, "", q) == 0 && !q->note)
		refuse(&r, REFUSED_INVALID, about(CONCEPT_NOTE), opt_in_note);
	json_decref(json);
	if (r.refused)
		contact_request_free(q);
	else
		*out = q;
	return r.refused ? -1 : 0;
}

/* -- places -- */

struct place_reading {
	struct division_request *q;
	json_t *params;
};

TAKE(place_name)
{
	return take_seen(r, &((struct place_reading *)out)->q->name, v, at, NAME_MAX_BYTES);
}

TAKE(place_note)
{
	return take_string(r, &((struct place_reading *)out)->q->note, v, at, NOTE_MAX);
}

TAKE(place_by)
{
	return take_string(r, &((struct place_reading *)out)->q->who, v, at, NAME_MAX_BYTES);
}

/* "" takes it away. */
static int
put_param(struct reading *r, struct place_reading *p, const char *name, json_t *v, const struct about *at)
{
	char *text = NULL;

	if (json_is_null(v) || (json_is_string(v) && !*json_string_value(v))) {
		json_object_set_new(p->params, name, json_null());
		return 0;
	}
	if (take_seen(r, &text, v, at, INTAKE_VALUE_MAX) < 0) {
		free(text);
		return -1;
	}
	json_object_set_new(p->params, name, json_string(text));
	free(text);
	return 0;
}

TAKE(name_en)
{
	return put_param(r, out, "name_en", v, at);
}

static bool
is_param_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return *name && strchr(letters, *name) && !name[strspn(name, all)] && strlen(name) <= PARAM_NAME_MAX;
}

TAKE(place_params)
{
	const char *name;
	json_t *value;

	if (!json_is_object(v) || json_object_size(v) > PARAMS_MAX)
		return refuse(r, REFUSED_INVALID, *at, place_params_bad, NUM(PARAMS_MAX));
	json_object_foreach(v, name, value) {
		struct about param = about_name(CONCEPT_PARAM, name);

		if (!is_param_name(name) || strcmp(name, "name_en") == 0)
			return refuse(r, REFUSED_INVALID, param, csv_title_bad);
		if (put_param(r, out, name, value, &param) < 0)
			return -1;
	}
	return 0;
}

static const struct member place_members[] = {
	{ "name", CONCEPT_NAME, take_place_name }, { "name_en", CONCEPT_NAME_EN, take_name_en },
	{ "params", CONCEPT_PARAMS, take_place_params }, { "note", CONCEPT_NOTE, take_place_note },
	{ "by", CONCEPT_BY, take_place_by }, { "code", CONCEPT_NONE, take_nothing },
	{ "tier", CONCEPT_NONE, take_nothing }, { "parent", CONCEPT_NONE, take_nothing },
	{ "roles", CONCEPT_NONE, take_nothing }, { "counts", CONCEPT_NONE, take_nothing },
};

int
intake_division(struct division_request **out, const char *code, bool patch, const char *body, size_t len,
		struct err *err)
{
	struct reading r = { .err = err };
	json_t *json = json_object_read(&r, body, len);
	struct place_reading p = { .q = xcalloc(1, sizeof(*p.q)), .params = json_object() };

	*out = NULL;
	p.q->patch = patch;
	if (json && division_parse(&p.q->code, code, err) < 0)
		refuse_so(&r, about(CONCEPT_CODE));
	else if (json && members_take(&r, place_members, MEMBER_COUNT(place_members), json, "", &p) == 0 &&
		 !patch && !p.q->name)
		refuse(&r, REFUSED_INVALID, about(CONCEPT_NAME), member_missing, "name");
	if (!r.refused)
		p.q->params = json_dumps(p.params, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(p.params);
	json_decref(json);
	if (r.refused)
		division_request_free(p.q);
	else
		*out = p.q;
	return r.refused ? -1 : 0;
}
