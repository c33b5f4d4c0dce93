/* rights.c -- may who asks do this to this alert, task or row?  What a principal may do at all, and
 * up to where, is daemon/settings/rights.h; whose an alert is and what it ranks with, only the
 * engine knows.  Asked before anything is planned, in dry runs too. */
#include "daemon/engine/ground.h"

#include <string.h>

const struct principal engine_itself = { .kind = PRINCIPAL_GONG, .name = "gong" };

int
engine_may(struct engine *e, const struct principal *by, enum verb verb, struct err *err)
{
	struct rights r;

	return rights_ask(e->settings, by, verb, &r, err);
}

static int
check_places(const struct rights *rights, const struct principal *by, const struct alert_request *q,
	     struct err *err)
{
	char code[DIVISION_TEXT];

	for (size_t i = 0; i < q->division_count; i++) {
		if (rights_reach(rights, q->divisions[i]))
			continue;
		division_format(code, q->divisions[i]);
		return err_say(err, REFUSED_FORBIDDEN, about_index(CONCEPT_DIVISION, i),
			       client_division, by->name, code);
	}
	if (rights->division_count && q->tag_count && !q->division_count)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_TAG), client_tags_where, by->name);
	if (rights->division_count && q->contact_count)		/* a contact may sit anywhere */
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_CONTACT), client_no_contacts,
			       by->name);
	if (rights->division_count && q->asker && (!rights->contact || strcmp(rights->contact, q->asker) != 0))
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ASKER), client_no_asker, by->name);
	return 0;
}

int
engine_may_send(struct engine *e, const struct principal *by, struct alert_request *q,
		enum severity ranks, struct err *err)
{
	struct rights r;

	if (rights_ask(e->settings, by, VERB_SEND, &r, err) < 0)
		return -1;
	if (ranks > r.up_to)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_SEVERITY), client_up_to, by->name,
			       severity_word(r.up_to), severity_word(ranks));
	if (r.drill_only && !q->drill && !q->test)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_MODE), client_drill_only, by->name);
	q->recipients_max = r.recipients_max;
	q->asker = q->asker ? q->asker : xstrdup(r.contact);
	return check_places(&r, by, q, err);
}

/* Whatever is done to an alert, it stays within what who asks could have sent. */
static int
check_alert(const struct rights *r, const struct principal *by, const struct alert *a,
	    struct err *err)
{
	if (r->drill_only && !a->drill && !a->test)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ALERT), right_drill, by->name,
			       NUM(a->id));
	if (a->severity > r->up_to)
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ALERT), right_up_to, by->name,
			       severity_word(r->up_to), NUM(a->id), severity_word(a->severity));
	return 0;
}

static bool
is_sender(struct engine *e, const struct principal *by, const struct alert *a, char sender[128])
{
	*sender = '\0';
	return store_alert_client(e->store, a->id, sender) && strcmp(sender, by->name) == 0;
}

/* Who is limited to divisions ends or replaces only what he sent himself. */
int
engine_may_end(struct engine *e, const struct principal *by, enum verb verb, const struct alert *a,
	       struct err *err)
{
	char sender[128];
	struct rights r;

	if (rights_ask(e->settings, by, verb, &r, err) < 0 || check_alert(&r, by, a, err) < 0)
		return -1;
	if (r.division_count && !is_sender(e, by, a, sender))
		return err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_ALERT), right_sender, by->name,
			       NUM(a->id), sender);
	return 0;
}

/* Who is limited to divisions enters answers for these, whoever sent the alert. */
int
engine_may_answer(struct engine *e, const struct principal *by, const struct alert *a,
		  division_code division, uint32_t contact, struct err *err)
{
	struct rights r;

	if (rights_ask(e->settings, by, VERB_ACK, &r, err) < 0 || check_alert(&r, by, a, err) < 0)
		return -1;
	if (!r.division_count || (contact
		? store_called_within(e->store, contact, a->id, r.divisions, r.division_count)
		: rights_reach(&r, division)))
		return 0;
	return err_say(err, REFUSED_FORBIDDEN, about(contact ? CONCEPT_CONTACT : CONCEPT_DIVISION),
		       client_answers, by->name);
}

/* A task belongs to its alert's sender, and to whoever answers for all the places of the person it
 * is about. */
static bool
concerns(struct engine *e, const struct rights *r, const struct principal *by, const struct task *t,
	 const struct alert *a)
{
	char sender[128];

	return !r->division_count || is_sender(e, by, a, sender) ||
		(t->contact && store_called_within(e->store, t->contact, a->id, r->divisions,
						   r->division_count));
}

int
engine_may_close(struct engine *e, const struct principal *by, const struct task *t,
		 struct err *err)
{
	struct rights r;
	struct alert a;
	bool may;

	if (rights_ask(e->settings, by, VERB_TASK, &r, err) < 0)
		return -1;
	if (t->alert && store_alert_get(e->store, t->alert, &a)) {
		if (check_alert(&r, by, &a, err) < 0)
			return -1;
		may = concerns(e, &r, by, t, &a);
	} else {			/* a route's: no place's, and no drill's */
		may = !r.division_count && !r.drill_only;
	}
	return may ? 0 : err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_TASK), right_task, by->name,
				 NUM(t->id));
}

int
engine_may_decide(struct engine *e, const struct principal *by, const struct inbox_text *text,
		  const struct alert *a, struct err *err)
{
	struct rights r;
	bool may;

	if (rights_ask(e->settings, by, VERB_INBOX, &r, err) < 0 || (a && check_alert(&r, by, a, err) < 0))
		return -1;
	/* A number that nobody has may be anybody's; a text without an alert is no drill's. */
	may = !r.division_count ? a || !r.drill_only
		: store_inbox_within(e->store, text->contact, text->alert, r.divisions, r.division_count);
	return may ? 0 : err_say(err, REFUSED_FORBIDDEN, about(CONCEPT_NONE), right_inbox, by->name,
				 NUM(text->id));
}

int
engine_may_import(struct engine *e, const struct principal *by, const struct rights *r,
		  const struct import_request *q, const struct import_row *row, struct err *err)
{
	struct about line = about_row(row->line, NULL);
	char code[DIVISION_TEXT];
	struct person p;

	if (!r->division_count)
		return 0;
	if ((((q->kind == IMPORT_DIVISIONS || q->kind == IMPORT_GEOMETRY) && row->code) || row->role >= 0) && !rights_reach(r, row->code)) {
		division_format(code, row->code);
		return err_say(err, REFUSED_FORBIDDEN, line, import_outside, by->name, code);
	}
	if (q->kind == IMPORT_CONTACTS && store_person_by_ref(e->store, row->ref, &p) &&
	    !store_posts_within(e->store, p.id, r->divisions, r->division_count, e->now))
		return err_say(err, REFUSED_FORBIDDEN, line, import_not_own, row->ref, by->name);
	return 0;
}
