/* accept.c -- from a request to an alert on disk: is it allowed to mean what it says?
 * Planning follows in the same turn, by climb.c; cancel stops what has not left. */
#include "daemon/engine/accept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/reply.h"
#include "daemon/store/epoch.h"

static int
check_person(struct engine *e, const char *ref, struct about at, struct err *err)
{
	struct person p = { 0 };

	/* Who cannot be found in a damaged list may be there all the same. */
	if (!store_person_by_ref(e->store, ref, &p) &&
	    store_damaged(e->store) & TABLE_BIT(TABLE_CONTACT))
		return 0;
	if (!p.id)
		return err_say(err, REFUSED_INVALID, at, no_contact, ref);
	if (!p.active)
		return err_say(err, REFUSED_INVALID, at, contact_inactive, ref);
	return 0;
}

/* A role or family that nobody has defined, and what was probably meant. */
static int
no_role(struct engine *e, size_t i, const char *name, struct err *err)
{
	const char *near = settings_near(e->settings, SETTINGS_FAMILIES, name);
	struct about at = about_index(CONCEPT_ROLE, i);

	return near ? err_say(err, REFUSED_INVALID, at, role_unknown_near, name, near)
		    : err_say(err, REFUSED_INVALID, at, role_unknown, name);
}

static int
no_such_policy(struct engine *e, const char *name, struct err *err)
{
	const char *near = settings_near(e->settings, SETTINGS_POLICIES, name);
	struct about at = about(CONCEPT_POLICY);

	return near ? err_say(err, REFUSED_INVALID, at, no_policy_near, name, near)
		    : err_say(err, REFUSED_INVALID, at, no_policy, name);
}

static int
no_such_template(struct engine *e, const char *name, struct err *err)
{
	const char *near = settings_near(e->settings, SETTINGS_TEMPLATES, name);
	struct about at = about(CONCEPT_TEMPLATE);

	return near ? err_say(err, REFUSED_INVALID, at, no_template_near, name, near)
		    : err_say(err, REFUSED_INVALID, at, no_template, name);
}

static int
check_audience(struct engine *e, const struct alert_request *r, struct err *err)
{
	char code[DIVISION_TEXT];

	for (size_t i = 0; i < r->division_count; i++) {
		division_format(code, r->divisions[i]);
		if (!store_division_get(e->store, r->divisions[i], NULL, NULL) &&
		    !(store_damaged(e->store) & TABLE_BIT(TABLE_DIVISION)))
			return err_say(err, REFUSED_INVALID, about_index(CONCEPT_DIVISION, i), no_division,
				       code);
	}
	for (size_t i = 0; i < r->role_count; i++)
		if (settings_family(e->settings, r->roles[i]) < 0)
			return no_role(e, i, r->roles[i], err);
	for (size_t i = 0; i < r->contact_count; i++)
		if (check_person(e, r->contacts[i], about_index(CONCEPT_CONTACT, i), err) < 0)
			return -1;
	for (size_t i = 0; i < r->tag_count; i++)
		if (!store_tag_id(e->store, r->tags[i]))
			return err_say(err, REFUSED_INVALID, about_index(CONCEPT_TAG, i), tag_unknown,
				       QUOTE(r->tags[i]));
	if (!r->division_count && !r->contact_count && !r->tag_count && !r->reached)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_AUDIENCE), audience_unnamed);
	return r->asker && !r->own ? check_person(e, r->asker, about(CONCEPT_ASKER), err) : 0;
}

static int
check_policy(struct engine *e, const struct alert_request *r, const struct policy *p,
	     struct err *err)
{
	bool names_roles = p && p->step_count && p->steps[0].to_count;

	if (r->policy && !p)
		return no_such_policy(e, r->policy, err);
	if (p && r->reached)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_POLICY), policy_for_reached);
	if (p && r->in_turn && r->contact_count > picks_family_ordinal(p, SIZE_MAX))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_CONTACT), policy_too_short,
			       p->name, NUM(picks_family_ordinal(p, SIZE_MAX)),
			       NUM(r->contact_count));
	if (names_roles && r->role_count)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_ROLE), policy_names_roles,
			       p->name);
	if (!names_roles && r->division_count && !r->role_count && !r->tag_count && !r->reached)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_ROLE), roles_missing);
	if (p && (p->targets == TARGETS_VILLAGE || p->targets == TARGETS_TOWNSHIP) &&
	    !r->division_count)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_DIVISION),
			       policy_needs_division, p->name,
			       p->targets == TARGETS_VILLAGE ? WORD(villages) : WORD(townships));
	return 0;
}

enum severity
engine_ranks_with(const struct alert_request *r, const struct policy *p)
{
	return r->callout || (p && p->targets == TARGETS_TEAM) ? SEVERITY_RED : r->severity;
}

/* One colour, one word: whoever sends another has mistaken one of the two.  A callout ranks with red
 * and may have a colour of its own. */
static int
check_level(const struct alert_request *r, enum severity ranks, struct err *err)
{
	for (size_t i = 0; i < r->param_count; i++) {
		const char *level = r->params[i].value;

		if (strcmp(r->params[i].name, "level") != 0 || severity_is_said(ranks, level) ||
		    severity_is_said(r->severity, level))
			continue;
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_PARAM, "level"), level_differs,
			       severity_name(r->severity), QUOTE(level));
	}
	return 0;
}

/* What gong says of the alert itself.  A template that was changed may not say it any more, and who sent
 * it yesterday is not refused for that at night; a wrong colour is, below. */
static bool
is_gongs_own(const char *name)
{
	static const char *const names[] = { "level", "kind", "action", "title", "office", "old_title", "old_level" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
has_param(struct engine *e, const char *template, const char *name)
{
	const struct template *t = template ? settings_template(e->settings, template) : NULL;

	return t && template_param(t, name);
}

/* A parameter that no text of the alert has is a mistake in its name. */
static int
check_params(struct engine *e, const struct alert_request *r, const struct template *t,
	     const struct policy *p, struct err *err)
{
	for (size_t i = 0; i < r->param_count; i++) {
		const char *name = r->params[i].name;
		bool known = template_param(t, name) || is_gongs_own(name) ||
			(p && (has_param(e, p->full, name) || has_param(e, p->expired, name) ||
			       has_param(e, p->satisfied.template, name) ||
			       has_param(e, p->satisfied.reopened, name)));

		for (size_t s = 0; p && s < p->step_count && !known; s++)
			known = has_param(e, p->steps[s].template, name);
		if (known)
			continue;
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_PARAM, r->params[i].name),
			       template_no_param, t->name,
			       r->params[i].name);
	}
	return check_level(r, engine_ranks_with(r, p), err);
}

static int
check_times(struct engine *e, const struct alert_request *r, struct err *err)
{
	if (r->expires_at && r->expires_at <= e->now)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_EXPIRES_AT), expired_already);
	if (r->starts_at && r->expires_at && r->starts_at >= r->expires_at)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_STARTS_AT),
			       starts_after_expiry);
	return 0;
}

static void
fill_alert(struct engine *e, const struct alert_request *r, const struct policy *p,
	   struct alert *a)
{
	msec start = r->starts_at > e->now ? r->starts_at : e->now;

	a->id = e->last_alert + 1;
	a->severity = engine_ranks_with(r, p);
	a->drill = r->drill;
	a->test = r->test;
	snprintf(a->kind, sizeof(a->kind), "%s", r->kind ? r->kind : "");
	code_format(a->code, (uint64_t)a->id);
	a->accepted_at = e->now;
	a->state = start > e->now ? ALERT_HELD : ALERT_ACTIVE;
	a->released_at = start;
	a->due_at = a->state == ALERT_HELD ? start : NEVER;	/* looked at in this turn */
	a->own_expiry = !r->expires_at;
	a->closed_at = NEVER;
	a->expires_at = r->expires_at ? r->expires_at
		: msec_add(start, e->settings->validity_ms);
	a->deadline_at = p && p->deadline_ms != NEVER ? msec_add(start, p->deadline_ms) : NEVER;
	a->replaces = r->replaces;
}

/* Once, when the first look has said what its row is to say. */
static void
write_alert(struct engine *e, const struct alert *a, const struct alert_request *r)
{
	struct buf key = { 0 };

	buf_printf(&key, r->own ? "%s\n%s" : "%s/%s", r->client, r->key);
	store_alert_insert(e->store, a, key.data, r->digest, r->client);
	buf_fini(&key);
}

/* Those whom the old one reached are told when this one is released. */
static int
plan_reached(struct engine *e, struct alert *a, const struct alert_request *r, struct err *err)
{
	if (a->state == ALERT_HELD || !replacement_is_whole(r))
		return engine_check_texts(e, r, engine_template(e, a->template), r->divisions,
					  r->division_count, err);
	return engine_plan_correction(e, a, r, err);
}

/* What is due at once is planned here, with the request in hand. */
int64_t
engine_accept_request(struct engine *e, const struct principal *by, struct alert_request *r,
		      struct alert *accepted, struct text_lacks *lacks, struct err *err)
{
	const struct template *t = settings_template(e->settings, r->template);
	const struct policy *p = r->policy ? settings_policy(e->settings, r->policy) : NULL;
	struct alert a = { 0 };
	int64_t id = 0;
	char *body;

	*err = (struct err){ 0 };
	if (!t) {
		no_such_template(e, r->template, err);
		return 0;
	}
	if (check_times(e, r, err) < 0 || check_policy(e, r, p, err) < 0 ||
	    check_audience(e, r, err) < 0 || check_params(e, r, t, p, err) < 0)
		return 0;
	fill_alert(e, r, p, &a);
	a.template = engine_document(e, "template", r->template);
	a.policy = r->policy ? engine_document(e, "policy", r->policy) : 0;
	if (a.replaces && engine_check_replacement(e, by, &a, r, err) < 0)
		return 0;
	body = request_encode(r);
	a.body = body;
	engine_keep_documents(e, &a, p);
	engine_event(e, a.id, "accepted", "{\"client\":\"%s\",\"severity\":\"%s\"}", r->client,
		     severity_name(a.severity));
	store_audit(e->store, e->now, r->client, "alert.accept", body);
	if ((r->reached ? plan_reached(e, &a, r, err) : engine_plan_targets(e, &a, r, p, lacks, err)) < 0)
		goto out;
	engine_nobody_accept(e, &a, r, p);
	if (a.state != ALERT_HELD && !r->dry_run && engine_look(e, &a, r, err) < 0)
		goto out;
	write_alert(e, &a, r);
	/* Last: what is undone with a refusal are rows, not the waves in memory. */
	if (a.state != ALERT_HELD && !r->dry_run)
		engine_replace(e, &a, r);
	e->last_alert = id = a.id;
out:
	free(body);
	a.body = NULL;
	*accepted = a;
	return id;
}

static void
answer_accepted(struct engine *e, uint64_t to, struct alert *a, const struct alert_request *r,
		const struct text_lacks *lacks, bool repeat)
{
	struct buf json = { 0 };

	buf_printf(&json, "{\"id\":%lld,\"code\":\"%s\",\"state\":\"%s\",\"accepted_at\":%lld,"
		   "\"targets\":%lu,\"repeat\":%s", (long long)a->id, a->code,
		   alert_state_name(a->state), (long long)a->accepted_at, a->targets,
		   repeat ? "true" : "false");
	engine_tell_text(e, a, &json);
	engine_tell_nobody(e, a, r, &json);
	engine_tell_replaced(e, a, r, &json);
	engine_tell_incomplete(e, &json);
	buf_puts(&json, ",\"warnings\":[");
	engine_tell_lacks(e, lacks, "", &json);
	buf_puts(&json, "]}");
	engine_reply(e, to, repeat ? REPLY_DONE : REPLY_ACCEPTED, &json);
}

/* Is there an alert under this key?  -1: yes, but made of another request. */
static int
repeated(struct engine *e, const struct alert_request *r, int64_t *id, struct err *err)
{
	unsigned char digest[32];
	struct buf key = { 0 };
	bool found, lost;
	char code[16];

	buf_printf(&key, "%s/%s", r->client, r->key);
	found = store_alert_by_key(e->store, key.data, id, digest);
	lost = !found && store_key_lost(e->store, key.data, code);
	buf_fini(&key);
	if (lost)
		return err_say(err, REFUSED_CONFLICT, about(CONCEPT_KEY), key_lost, code);
	if (!found)
		return 0;
	if (memcmp(digest, r->digest, sizeof(digest)) == 0)
		return 1;
	return err_say(err, REFUSED_CONFLICT, about(CONCEPT_KEY), key_used, NUM(*id));
}

/* What it does can be undone with its rows and the waves it made: it ends no other alert, and
 * keeps what it writes. */
bool
engine_accept_is_plain(const struct command *cmd)
{
	return cmd->kind == CMD_ACCEPT && !cmd->accept->replaces && !cmd->accept->dry_run;
}

void
engine_accept(struct engine *e, struct command *cmd)
{
	struct alert_request *r = cmd->accept;
	struct text_lacks lacks = { .count = 0 };
	struct err err = { 0 }, other;
	struct alert a;
	int64_t id;
	int before = store_changes(e->store), again;

	if (r->preview) {
		engine_preview(e, r, cmd->reply_to);
		return;
	}
	free(r->client);
	r->client = xstrdup(cmd->by.name);
	/* What was accepted before under its key is repeated, though the table has changed since. */
	if (engine_settle_kind(e, r, &err) < 0 && repeated(e, r, &id, &other) <= 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (engine_may_send(e, &cmd->by, r, engine_ranks_with(r, r->policy
			    ? settings_policy(e->settings, r->policy) : NULL), &err) < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	again = repeated(e, r, &id, &err);
	if (again < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (again) {
		e->stats.repeats++;
		store_alert_get(e->store, id, &a);
		engine_lacks_again(e, &a, r, &lacks);
		answer_accepted(e, cmd->reply_to, &a, r, &lacks, true);
		return;
	}
	if (!e->batched)
		engine_mark(e);
	id = engine_accept_request(e, &cmd->by, r, &a, &lacks, &err);
	if (!id) {
		if (!e->batched)
			engine_undo(e);
		else
			e->spoiled = store_changes(e->store) != before;
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (r->dry_run) {
		e->quiet = true;
		engine_dry_run(e, cmd->reply_to, id, r, &lacks);
		e->quiet = false;
		engine_undo(e);
		e->last_alert = id - 1;
		return;
	}
	if (!e->batched)
		store_keep(e->store);
	engine_note_incomplete(e, &a);
	e->stats.accepts++;
	answer_accepted(e, cmd->reply_to, &a, r, &lacks, false);
}

static int64_t
cancel_notice(struct engine *e, const struct command *cmd, const struct alert *a, struct err *err)
{
	const struct cancel_request *c = cmd->cancel;
	struct alert_request *old = request_decode(a->body);
	struct alert_request r = {
		.template = c->template, .client = (char *)cmd->by.name, .drill = a->drill, .test = a->test,
		.severity = a->severity, .kind = (char *)a->kind, .params = c->params,
		.param_count = c->param_count, .divisions = old->divisions,
		.division_count = old->division_count, .reached = true, .whole = true,
		.replaces = a->id, .own = true,
	};
	struct alert notice;
	char key[48];
	int64_t id;

	snprintf(key, sizeof(key), "cancel-%lld", (long long)a->id);
	r.key = key;
	id = engine_accept_request(e, &engine_itself, &r, &notice, NULL, err);
	alert_request_free(old);
	return id;
}

void
engine_cancel(struct engine *e, struct command *cmd)
{
	struct cancel_request *c = cmd->cancel;
	struct buf json = { 0 };
	struct err err = { 0 };
	struct said over;
	struct alert a;
	int64_t notice = 0;

	if (!store_alert_get(e->store, c->alert, &a)) {
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_ALERT), no_alert, NUM(c->alert));
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (engine_may_end(e, &cmd->by, VERB_CANCEL, &a, &err) < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (a.state == ALERT_CANCELLED || a.state == ALERT_EXPIRED) {
		err_say(&err, REFUSED_CONFLICT, about(CONCEPT_ALERT), already_over, NUM(a.id),
			a.state == ALERT_CANCELLED ? WORD(cancelled) : WORD(expired));
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	if (engine_settle_lift(e, &a, c, &err) < 0) {
		engine_refuse(e, cmd->reply_to, &err);
		return;
	}
	engine_mark(e);
	if (c->template) {
		notice = cancel_notice(e, cmd, &a, &err);
		if (!notice) {
			engine_undo(e);
			engine_refuse(e, cmd->reply_to, &err);
			return;
		}
		store_alert_get(e->store, c->alert, &a);
	}
	a.state = ALERT_CANCELLED;
	a.closed_at = e->now;
	a.due_at = NEVER;
	store_alert_update(e->store, &a);
	engine_stop_waves(e, a.id, WAVE_WITHDRAWN);
	engine_feedback_end(e, a.id, a.state);
	engine_event(e, a.id, "cancelled", "{\"by\":\"%s\"}", cmd->by.name);
	SAY(&over, task_over_cancelled);
	engine_desk_over(e, a.id, &over);
	store_audit(e->store, e->now, cmd->by.name, "alert.cancel", c->note ? c->note : "");
	store_keep(e->store);
	buf_printf(&json, "{\"id\":%lld,\"state\":\"cancelled\",\"notice\":%lld}", (long long)a.id,
		   (long long)notice);
	engine_reply(e, cmd->reply_to, REPLY_DONE, &json);
}
