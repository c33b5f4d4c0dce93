/* people.c -- one person or one place changed by hand: what it becomes, what it was, and who would be
 * missed.  The same rules as for an imported row; it calls nobody. */
#include "daemon/engine/answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct changing {			/* one person, as he was and as he will be */
	struct engine *e;
	const struct command *cmd;
	const struct contact_request *q;
	struct person person;		/* id 0: he is new */
	struct person_numbers numbers;
	struct person_post *posts, *old_posts;
	size_t post_count, old_count, cap;
	json_t *tags, *old_tags;
	struct err err;
};

static void
keep_post(void *ctx, const struct person_post *post)
{
	struct changing *c = ctx;

	if (c->post_count == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 16;
		c->posts = xrealloc(c->posts, c->cap * sizeof(*c->posts));
	}
	c->posts[c->post_count++] = *post;
}

static void
changing_fini(struct changing *c)
{
	free(c->posts);
	free(c->old_posts);
	json_decref(c->tags);
	json_decref(c->old_tags);
}

/* -- as books and answers tell it -- */

static json_t *
numbers_json(const struct person_numbers *n, bool whole)
{
	json_t *list = json_array();
	char text[PHONE_TEXT];

	for (size_t i = 0; i < PERSON_NUMBERS && n->e164[i]; i++) {
		(whole ? phone_format : phone_mask)(text, n->e164[i]);
		json_array_append_new(list, json_pack("{s:s,s:b,s:b}", "number", text, "sms", n->sms >> i & 1,
						      "voice", n->voice >> i & 1));
	}
	return list;
}

static json_t *
posts_json(struct engine *e, const struct person_post *posts, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		char code[DIVISION_TEXT], role[64] = "";

		division_format(code, posts[i].division);
		store_role_name(e->store, posts[i].role, role);
		json_array_append_new(list, json_pack("{s:s,s:s,s:i}", "role", role, "division", code, "order",
						      (int)posts[i].order));
	}
	return list;
}

static json_t *
sheet(struct engine *e, const struct person *p, const struct person_numbers *n, const struct person_post *posts,
      size_t count, json_t *tags)
{
	if (!p->id && !p->name[0])
		return json_object();	/* he was not there */
	return json_pack("{s:s,s:s,s:b,s:o,s:o,s:O}", "name", p->name, "language", lang_name(p->lang), "active",
			 p->active, "numbers", numbers_json(n, true), "posts", posts_json(e, posts, count), "tags",
			 tags);
}

/* {"name": {"old", "new"}, …}: what is not the same in both. */
static json_t *
difference(json_t *old, json_t *new)
{
	json_t *changed = json_object(), *value;
	const char *name;

	json_object_foreach(new, name, value) {
		json_t *before = json_object_get(old, name);

		if (!before || !json_equal(before, value))
			json_object_set_new(changed, name, json_pack("{s:O?,s:O}", "old", before, "new", value));
	}
	json_object_foreach(old, name, value)
		if (!json_object_get(new, name))
			json_object_set_new(changed, name, json_pack("{s:O,s:n}", "old", value, "new"));
	return changed;
}

static void
write_down(struct engine *e, const struct command *cmd, const char *action, json_t *detail, const char *note,
	   const char *who)
{
	char *text;

	json_object_set_new(detail, "name", who ? json_string(who) : json_null());
	json_object_set_new(detail, "note", note ? json_string(note) : json_null());
	text = json_dumps(detail, JSON_COMPACT);
	store_audit(e->store, e->now, cmd->by.name, action, text ? text : "{}");
	free(text);
	json_decref(detail);
}

/* Whole numbers for who is on this machine, as everywhere. */
static void
mask(json_t *changed)
{
	static const char *const sides[] = { "old", "new" };

	for (int i = 0; i < 2; i++) {
		json_t *list = json_object_get(json_object_get(changed, "numbers"), sides[i]), *one;
		size_t k;

		json_array_foreach(list, k, one) {
			char text[PHONE_TEXT];
			uint64_t number;

			if (phone_parse(&number, json_string_value(json_object_get(one, "number")),
					&(struct phone_plan){ .country = "", .area = "" }, NULL) == 0) {
				phone_mask(text, number);
				json_object_set_new(one, "number", json_string(text));
			}
		}
	}
}

static void
reply(struct engine *e, const struct command *cmd, json_t *answer)
{
	char *text = json_dumps(answer, JSON_COMPACT);
	struct buf json = { 0 };

	buf_puts(&json, text);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
	free(text);
	json_decref(answer);
}

/* -- what was asked for -- */

static int
check_match(const struct if_match *m, int64_t version, struct about at, const char *what, struct err *err)
{
	bool match = !m->given || (version && m->any);

	for (size_t i = 0; i < m->count; i++)
		match |= m->versions[i] == version;
	return match ? 0 : err_say(err, REFUSED_STALE, at, row_stale, what);
}

static int
check_post(struct changing *c, const struct contact_post *wanted, size_t i, struct rights *rights)
{
	struct engine *e = c->e;
	struct about at = about_index(CONCEPT_POSTS, i);
	int role = settings_role(e->settings, wanted->role);
	char code[DIVISION_TEXT];

	division_format(code, wanted->division);
	if (role < 0)
		return err_say(&c->err, REFUSED_INVALID, at, csv_role_unknown, wanted->role);
	if (e->settings->roles[role].tier != division_tier(wanted->division))
		return err_say(&c->err, REFUSED_INVALID, at, csv_role_tier, code,
			       tier_word(division_tier(wanted->division)), wanted->role,
			       tier_word(e->settings->roles[role].tier));
	if (!store_division_get(e->store, wanted->division, NULL, NULL))
		return err_say(&c->err, REFUSED_INVALID, at, no_division, code);
	if (!rights_reach(rights, wanted->division))
		return err_say(&c->err, REFUSED_FORBIDDEN, at, import_outside, c->cmd->by.name, code);
	keep_post(c, &(struct person_post){ .role = e->documents.role_ids[role], .division = wanted->division,
					    .order = wanted->order });
	return 0;
}

static int
take_posts(struct changing *c, struct rights *rights)
{
	const struct contact_request *q = c->q;

	if (!q->has_posts && q->how == CONTACT_PATCH)
		return 0;
	c->post_count = 0;
	for (size_t i = 0; i < q->post_count; i++)
		if (check_post(c, &q->posts[i], i, rights) < 0)
			return -1;
	return 0;
}

static void
take_numbers(struct changing *c)
{
	const struct contact_request *q = c->q;

	if (!q->has_numbers && q->how == CONTACT_PATCH)
		return;
	c->numbers = (struct person_numbers){ .sms = q->sms, .voice = q->voice };
	memcpy(c->numbers.e164, q->numbers, sizeof(c->numbers.e164));
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In their order, each once. */
static int
take_tags(struct changing *c)
{
	const struct contact_request *q = c->q;
	size_t new = 0;

	if (!q->has_tags && q->how == CONTACT_PATCH)
		return 0;
	json_array_clear(c->tags);
	if (q->tag_count)
		qsort(q->tags, q->tag_count, sizeof(*q->tags), by_text);
	for (size_t i = 0; i < q->tag_count; i++) {
		if (i && strcmp(q->tags[i - 1], q->tags[i]) == 0)
			continue;
		new += !store_tag_id(c->e->store, q->tags[i]);
		json_array_append_new(c->tags, json_string(q->tags[i]));
	}
	if (new && store_tags_count(c->e->store) + new > TAGS_MAX)
		return err_say(&c->err, REFUSED_INVALID, about(CONCEPT_TAG), tags_of_all, NUM(TAGS_MAX));
	return 0;
}

/* The request over what is there (PATCH), or over nothing. */
static int
take_all(struct changing *c, struct rights *rights)
{
	const struct contact_request *q = c->q;
	struct person *p = &c->person;
	bool patch = q->how == CONTACT_PATCH;

	snprintf(p->ref, sizeof(p->ref), "%s", q->ref);
	if (q->name)
		snprintf(p->name, sizeof(p->name), "%s", q->name);
	if (q->language >= 0 || !patch)
		p->lang = q->language >= 0 ? (enum lang)q->language : c->e->settings->default_lang;
	if (q->active >= 0 || !patch)
		p->active = q->active != 0;
	take_numbers(c);
	if (take_posts(c, rights) < 0 || take_tags(c) < 0)
		return -1;
	if (p->active && !c->numbers.e164[0])
		return err_say(&c->err, REFUSED_INVALID, about(CONCEPT_NUMBERS), contact_no_number);
	if (p->active && !c->numbers.sms && !c->numbers.voice)
		return err_say(&c->err, REFUSED_INVALID, about(CONCEPT_NUMBERS), contact_unreachable);
	return 0;
}

static void
keep_tag(void *ctx, const char *tag)
{
	json_array_append_new(((struct changing *)ctx)->tags, json_string(tag));
}

static int
look_up(struct changing *c, struct rights *rights)
{
	struct engine *e = c->e;
	const struct contact_request *q = c->q;
	const char *by = c->cmd->by.name;

	if (rights_ask(e->settings, &c->cmd->by, VERB_PEOPLE, rights, &c->err) < 0)
		return -1;
	if (!store_person_by_ref(e->store, q->ref, &c->person))
		c->person = (struct person){ .id = 0 };
	if (!c->person.id && q->how != CONTACT_PUT)
		return err_say(&c->err, REFUSED_NOT_FOUND, about(CONCEPT_REF), no_contact, q->ref);
	if (c->person.id && rights->division_count &&
	    !store_posts_within(e->store, c->person.id, rights->divisions, rights->division_count, e->now))
		return err_say(&c->err, REFUSED_FORBIDDEN, about(CONCEPT_REF), import_not_own, q->ref, by);
	if (check_match(&q->if_match, store_person_version(e->store, c->person.id), about(CONCEPT_REF), q->ref,
			&c->err) < 0)
		return -1;
	if (!c->person.id)
		return 0;
	store_person_numbers(e->store, c->person.id, &c->numbers);
	store_tags_of(e->store, c->person.id, keep_tag, c);
	json_array_extend(c->old_tags, c->tags);
	store_person_posts(e->store, c->person.id, keep_post, c);
	c->old_count = c->post_count;
	c->old_posts = xcalloc(c->post_count + 1, sizeof(*c->old_posts));
	if (c->post_count)
		memcpy(c->old_posts, c->posts, c->post_count * sizeof(*c->posts));
	return 0;
}

/* -- who would be missed -- */

struct missed {				/* targets of open alerts for which he may be the last */
	struct changing *c;
	struct missed_target {
		int64_t alert;
		struct target target;
	} *list;
	size_t count, cap;
	int64_t alert;
};

static bool
has_nobody(struct engine *e, int64_t alert, const struct target *t)
{
	const struct policy *p;
	struct alert_request *r;
	struct alert a;
	bool nobody;

	if (!store_alert_get(e->store, alert, &a) || !(p = engine_policy(e, a.policy)) ||
	    p->targets == TARGETS_NONE || t->moved_to || t->level >= p->until)
		return false;
	r = request_decode(a.body);
	nobody = engine_has_nobody(e, &a, r, p, t);
	alert_request_free(r);
	return nobody;
}

/* One for whom somebody can be called as yet. */
static void
add_target(void *ctx, const struct target *t)
{
	struct missed *m = ctx;

	for (size_t i = 0; i < m->count; i++)
		if (m->list[i].alert == m->alert && m->list[i].target.id == t->id)
			return;
	if (has_nobody(m->c->e, m->alert, t))
		return;
	if (m->count == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 16;
		m->list = xrealloc(m->list, m->cap * sizeof(*m->list));
	}
	m->list[m->count++] = (struct missed_target){ m->alert, *t };
}

static void
add_alert(void *ctx, int64_t alert)
{
	struct missed *m = ctx;
	struct changing *c = m->c;
	struct target t;

	m->alert = alert;
	store_called_for(c->e->store, c->person.id, alert, add_target, m);
	for (size_t i = 0; i < c->old_count; i++)
		if (store_target_by_division(c->e->store, alert, c->old_posts[i].division, &t))
			add_target(m, &t);
}

/* Written already: is there a target now for which nobody is left? */
static int
check_targets(const struct missed *m)
{
	struct changing *c = m->c;

	for (size_t i = 0; i < m->count; i++) {
		const struct target *t = &m->list[i].target;
		char place[128];
		struct alert a = { .code = "" };

		if (!has_nobody(c->e, m->list[i].alert, t))
			continue;
		snprintf(place, sizeof(place), "%s", c->person.name);
		if (!t->contact)
			store_division_get(c->e->store, t->division, place, NULL);
		store_alert_get(c->e->store, m->list[i].alert, &a);
		return err_say(&c->err, REFUSED_CONFLICT, about(CONCEPT_YES), person_last_target, c->person.name,
			       place, a.code);
	}
	return 0;
}

static void
on_holder(void *ctx, const struct holder *h)
{
	*(bool *)ctx = true;
}

/* Nobody of the family is left there, as it stands after the change. */
static bool
is_deserted(struct engine *e, const struct family *family, division_code division)
{
	bool any = false;

	for (size_t i = 0; i < family->role_count && !any; i++)
		store_holders(e->store, e->documents.role_ids[family->roles[i]],
			      (struct division_range){ division, division }, on_holder, &any);
	return !any;
}

static bool
family_has(const struct engine *e, const struct family *family, int64_t role)
{
	for (size_t i = 0; i < family->role_count; i++)
		if (e->documents.role_ids[family->roles[i]] == role)
			return true;
	return false;
}

/* Of the families that the first step of some policy calls, one with that role which has nobody left. */
static const struct family *
deserted(struct engine *e, const struct person_post *post)
{
	const struct settings *s = e->settings;

	for (size_t i = 0; i < s->policy_count; i++) {
		const struct policy *p = s->policies[i];

		for (size_t k = 0; p->step_count && k < p->steps[0].to_count; k++) {
			const struct family *family = &s->families[p->steps[0].to[k]];

			if (family_has(e, family, post->role) && is_deserted(e, family, post->division))
				return family;
		}
	}
	return NULL;
}

static int
check_places(struct changing *c)
{
	for (size_t i = 0; i < c->old_count; i++) {
		const struct family *family = deserted(c->e, &c->old_posts[i]);
		char place[128] = "";

		if (!family)
			continue;
		store_division_get(c->e->store, c->old_posts[i].division, place, NULL);
		return err_say(&c->err, REFUSED_CONFLICT, about(CONCEPT_YES), person_last_place, c->person.name,
			       place, family->name);
	}
	return 0;
}

/* -- the change -- */

static void
write_person(struct changing *c)
{
	struct store *s = c->e->store;
	const struct person *p = &c->person;
	uint32_t id = store_person_put(s, p->ref, p->name, p->lang, p->active, c->numbers.e164, c->numbers.sms,
				       c->numbers.voice);

	if (c->q->language >= 0 || c->q->how == CONTACT_PUT)
		store_person_lang_said(s, id, c->q->language >= 0);
	if (!json_equal(c->tags, c->old_tags)) {
		store_tags_drop(s, id, NULL);
		for (size_t i = 0; i < json_array_size(c->tags); i++)
			store_tag_put(s, id, json_string_value(json_array_get(c->tags, i)));
	}
	for (size_t i = 0; i < c->post_count; i++)
		if (p->active)
			store_post_put(s, c->posts[i].role, c->posts[i].division, c->posts[i].order, id, p->lang);
		else
			store_post_rest(s, c->posts[i].role, c->posts[i].division, c->posts[i].order, id);
}

/* Written, unless he would be missed; who was not active is missed by nobody. */
static int
write_checked(struct changing *c, bool was_active)
{
	struct missed m = { .c = c };
	int rc = 0;

	if (was_active && !c->q->yes)
		store_alerts_open(c->e->store, 256, add_alert, &m);
	engine_mark(c->e);
	write_person(c);
	if (was_active && !c->q->yes)
		rc = check_targets(&m) < 0 ? -1 : check_places(c);
	if (rc < 0)
		engine_undo(c->e);
	else
		store_keep(c->e->store);
	free(m.list);
	return rc;
}

static int
change(struct changing *c)
{
	struct engine *e = c->e;
	struct person old;
	struct person_numbers numbers;
	struct rights rights;
	json_t *before, *after, *changed;
	int rc = 0;

	if (look_up(c, &rights) < 0)
		return -1;
	old = c->person;
	numbers = c->numbers;
	if (take_all(c, &rights) < 0)
		return -1;
	before = sheet(e, &old, &numbers, c->old_posts, c->old_count, c->old_tags);
	after = sheet(e, &c->person, &c->numbers, c->posts, c->post_count, c->tags);
	changed = difference(before, after);
	json_decref(before);
	json_decref(after);
	if (json_object_size(changed))
		rc = write_checked(c, old.active);
	if (rc == 0 && json_object_size(changed)) {
		e->nobody.all = true;	/* nobody.c: there may be somebody now, or nobody */
		write_down(e, c->cmd, old.id ? "contact.change" : "contact.new",
			   json_pack("{s:s,s:o}", "ref", c->q->ref, "changed", json_deep_copy(changed)),
			   c->q->note, c->q->who);
	}
	if (c->cmd->by.kind != PRINCIPAL_USER)
		mask(changed);
	if (rc == 0)
		reply(e, c->cmd, json_pack("{s:s,s:b,s:O}", "ref", c->q->ref, "created", !old.id, "changed", changed));
	json_decref(changed);
	return rc;
}

/* He wants messages again, and somebody says so for him. */
static int
opt_in(struct changing *c)
{
	struct engine *e = c->e;
	struct rights rights;

	if (look_up(c, &rights) < 0)
		return -1;
	if (!store_has_opted_out(e->store, c->person.id))
		return err_say(&c->err, REFUSED_CONFLICT, about(CONCEPT_REF), not_opted_out, c->person.name);
	store_opt_out(e->store, c->person.id, false, NEVER, NULL);
	write_down(e, c->cmd, "contact.opt_in", json_pack("{s:s}", "ref", c->q->ref), c->q->note, c->q->who);
	reply(e, c->cmd, json_pack("{s:s,s:s}", "ref", c->q->ref, "person", c->person.name));
	return 0;
}

void
engine_contact(struct engine *e, struct command *cmd)
{
	struct changing c = { .e = e, .cmd = cmd, .q = cmd->contact, .tags = json_array(),
			      .old_tags = json_array() };

	if ((c.q->how == CONTACT_OPT_IN ? opt_in(&c) : change(&c)) < 0)
		engine_refuse(e, cmd->reply_to, &c.err);
	changing_fini(&c);
}

/* -- places -- */

static json_t *
place_sheet(const char *name, json_t *params)
{
	json_t *sheet = json_object(), *others = json_deep_copy(params);

	json_object_set_new(sheet, "name", json_string(name));
	if (json_object_get(others, "name_en"))
		json_object_set(sheet, "name_en", json_object_get(others, "name_en"));
	json_object_del(others, "name_en");
	json_object_set_new(sheet, "params", others);
	return sheet;
}

/* Over what is there (PATCH), or over nothing; null takes one away. */
static json_t *
params_wanted(const struct division_request *q, json_t *old)
{
	json_t *params = q->patch ? json_deep_copy(old) : json_object(), *said = json_loads(q->params, 0, NULL), *value;
	const char *name;

	json_object_foreach(said, name, value) {
		if (json_is_null(value))
			json_object_del(params, name);
		else
			json_object_set(params, name, value);
	}
	json_decref(said);
	return params;
}

static int
check_division(struct engine *e, const struct command *cmd, bool there, struct err *err)
{
	const struct division_request *q = cmd->division;
	struct rights rights;
	char code[DIVISION_TEXT];

	division_format(code, q->code);
	if (rights_ask(e->settings, &cmd->by, VERB_PEOPLE, &rights, err) < 0)
		return -1;
	if (!rights_reach(&rights, q->code))
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_CODE), import_outside, cmd->by.name, code);
	if (!there && q->patch)
		return err_say(err, REFUSED_NOT_FOUND, about(CONCEPT_CODE), no_division, code);
	return check_match(&q->if_match, store_division_version(e->store, q->code), about(CONCEPT_CODE), code, err);
}

static void
change_division(struct engine *e, const struct command *cmd, const char *name, const char *stored)
{
	const struct division_request *q = cmd->division;
	bool there = stored != NULL;
	json_t *old = stored ? json_loads(stored, 0, NULL) : json_object(), *params = params_wanted(q, old);
	json_t *before = there ? place_sheet(name, old) : json_object();
	json_t *after = place_sheet(q->name ? q->name : name, params), *changed = difference(before, after);
	char *text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS), code[DIVISION_TEXT];

	division_format(code, q->code);
	if (json_object_size(changed)) {
		store_division_put(e->store, q->code, q->name ? q->name : name, text);
		write_down(e, cmd, there ? "division.change" : "division.new",
			   json_pack("{s:s,s:O}", "code", code, "changed", changed), q->note, q->who);
	}
	reply(e, cmd, json_pack("{s:s,s:b,s:o}", "code", code, "created", !there, "changed", changed));
	free(text);
	json_decref(after);
	json_decref(before);
	json_decref(params);
	json_decref(old);
}

void
engine_division(struct engine *e, struct command *cmd)
{
	char name[128] = "", *params = NULL;
	bool there = store_division_get(e->store, cmd->division->code, name, &params);
	struct err err = { 0 };

	if (check_division(e, cmd, there, &err) < 0)
		engine_refuse(e, cmd->reply_to, &err);
	else
		change_division(e, cmd, name, params);
	free(params);
}
