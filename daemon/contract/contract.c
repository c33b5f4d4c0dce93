/* contract.c -- lists of commands and effects, their memory, and message ids as text. */
#include "daemon/contract/contract.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/settings/settings.h"

struct origin {
	atomic_uint weight, holders;	/* holders: its maker, and each of its commands */
};

struct origin *
origin_new(void)
{
	struct origin *o = xcalloc(1, sizeof(*o));

	atomic_init(&o->holders, 1);
	return o;
}

void
origin_let_go(struct origin *o)
{
	if (o && atomic_fetch_sub(&o->holders, 1) == 1)
		free(o);
}

unsigned
origin_weight(const struct origin *o)
{
	return atomic_load(&o->weight);
}

void
command_weighs_on(struct command *c, struct origin *o)
{
	command_weighs(c, o, 1);
}

void
command_weighs(struct command *c, struct origin *o, unsigned weight)
{
	c->origin = o;
	c->weight = weight;
	atomic_fetch_add(&o->holders, 1);
	atomic_fetch_add(&o->weight, weight);
}

struct command *
command_new(enum command_kind kind, int64_t route)
{
	struct command *c = xcalloc(1, sizeof(*c));

	c->kind = kind;
	c->route = route;
	c->by.kind = route > 0 ? PRINCIPAL_ROUTE : PRINCIPAL_NOBODY;
	return c;
}

static const struct {
	enum lane lane;
	enum verb verb;
	const char *name;
} commands[CMD_KINDS] = {
#define C(kind, lane, verb, name) { LANE_##lane, VERB_##verb, name },
	COMMANDS(C)
#undef C
};

enum lane
command_lane(enum command_kind kind)
{
	return commands[kind].lane;
}

enum verb
command_verb(enum command_kind kind)
{
	return commands[kind].verb;
}

const char *
command_name(enum command_kind kind)
{
	return commands[kind].name;
}

struct effect *
effect_new(enum effect_kind kind, int64_t route)
{
	struct effect *f = xcalloc(1, sizeof(*f));

	f->kind = kind;
	f->route = route;
	return f;
}

static void
pair_fini(struct pair *pair)
{
	free(pair->name);
	free(pair->value);
	for (int lang = 0; lang < LANG_COUNT; lang++)
		free(pair->in[lang]);
}

static void
pairs_free(struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pair_fini(&pairs[i]);
	free(pairs);
}

static void
strings_free(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

void
alert_request_free(struct alert_request *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->division_param_count; i++)
		pair_fini(&r->division_params[i].param);
	free(r->division_params);
	pairs_free(r->params, r->param_count);
	strings_free(r->roles, r->role_count);
	strings_free(r->tags, r->tag_count);
	strings_free(r->contacts, r->contact_count);
	strings_free(r->without_contacts, r->without_contact_count);
	free(r->divisions);
	free(r->without_divisions);
	free(r->key);
	free(r->client);
	free(r->template);
	free(r->policy);
	free(r->kind);
	free(r->further);
	free(r->asker);
	free(r);
}

const char *
import_kind_name(enum import_kind kind)
{
	static const char *const names[] = { "divisions", "contacts", "roster", "geometry" };

	return names[kind];
}

bool
import_rows_free(struct import_request *q, size_t max)
{
	for (; q->row_count && max; max--) {
		struct import_row *row = &q->rows[--q->row_count];

		free(row->name);
		free(row->params);
		free(row->area);
		free(row->seat);
		free(row->ref);
		strings_free(row->tags, row->tag_count);
	}
	return !q->row_count;
}

static void
import_free(struct import_request *q)
{
	if (!q)
		return;
	import_rows_free(q, q->row_count);
	if (q->settings)
		settings_unref(q->settings);
	faults_fini(&q->faults);
	strings_free(q->tag_columns, q->tag_column_count);
	table_fini(&q->fresh_tags, NULL);
	table_fini(&q->by_key, NULL);
	id_set_fini(&q->inside);
	id_set_fini(&q->missing);
	free(q->key_title);
	free(q->division_title);
	free(q->rows);
	free(q);
}

static void
done_free(struct command *c)
{
	for (size_t i = 0; i < c->done.count; i++) {
		free(c->done.items[i].ref);
		free(c->done.items[i].reason);
	}
	free(c->done.items);
}

static void
desk_free(struct answer_request *a)
{
	if (!a)
		return;
	free(a->contact);
	free(a->name);
	free(a->note);
	free(a);
}

static void
cancel_free(struct cancel_request *q)
{
	if (!q)
		return;
	pairs_free(q->params, q->param_count);
	free(q->note);
	free(q->template);
	free(q);
}

void
ask_request_free(struct ask_request *q)
{
	if (!q)
		return;
	free(q->route);
	free(q->what);
	free(q->text);
	free(q);
}

void
inbox_request_free(struct inbox_request *q)
{
	if (!q)
		return;
	free(q->contact);
	free(q->note);
	free(q->name);
	free(q->text);
	free(q);
}

void
signals_request_free(struct signals_request *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->count; i++) {
		signal_post_fini(&q->documents[i].post);
		free(q->documents[i].raw);
		free(q->documents[i].unreadable);
	}
	free(q->documents);
	free(q->keep);
	free(q->source);
	free(q);
}

size_t
signals_request_size(const struct signals_request *q)
{
	size_t size = 0;

	for (size_t i = 0; i < q->count; i++)
		size += q->documents[i].post.count;
	return size;
}

void
signal_request_free(struct signal_request *q)
{
	if (!q)
		return;
	free(q->note);
	free(q);
}

void
task_request_free(struct task_request *q)
{
	if (!q)
		return;
	free(q->note);
	free(q->name);
	free(q->from);
	free(q);
}

void
contact_request_free(struct contact_request *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->post_count; i++)
		free(q->posts[i].role);
	free(q->posts);
	strings_free(q->tags, q->tag_count);
	free(q->ref);
	free(q->name);
	free(q->note);
	free(q->who);
	free(q);
}

void
division_request_free(struct division_request *q)
{
	if (!q)
		return;
	free(q->name);
	free(q->params);
	free(q->note);
	free(q->who);
	free(q);
}

static void
driver_event_free(struct command *c)
{
	switch (c->kind) {
	case CMD_ROUTE_READY:
		free(c->ready.identity);
		free(c->ready.budgets);
		break;
	case CMD_ROUTE_LOST:
		free(c->lost.written);
		free(c->lost.unwritten);
		free(c->lost.reason);
		settings_unref(c->lost.settings);
		break;
	case CMD_DONE:
		done_free(c);
		break;
	case CMD_PART:
		free(c->part.ref);
		break;
	case CMD_RECEIPT:
		free(c->receipt.driver_id);
		free(c->receipt.ref);
		free(c->receipt.part_ref);
		free(c->receipt.reason);
		break;
	case CMD_CALL:
		free(c->call.outcome);
		free(c->call.digits);
		free(c->call.machine);
		free(c->call.driver_id);
		break;
	case CMD_INBOUND:
		free(c->inbound.driver_id);
		free(c->inbound.text);
		break;
	case CMD_HEALTH:
		free(c->health.json);
		break;
	case CMD_KEEP:
		free(c->keep);
		break;
	case CMD_CHATTY:
		free(c->chatty.said);
		break;
	case CMD_ANSWERED:
		free(c->answered.json);
		break;
	default:
		break;
	}
}

void
command_free(struct command *c)
{
	if (!c)
		return;
	switch (c->kind) {
	case CMD_ACCEPT:
		alert_request_free(c->accept);
		break;
	case CMD_IMPORT:
		import_free(c->import);
		break;
	case CMD_ANSWER:
		desk_free(c->answer);
		break;
	case CMD_CANCEL:
		cancel_free(c->cancel);
		break;
	case CMD_SOURCE_STATE:
		free(c->source->source);
		free(c->source->alarms);
		free(c->source);
		break;
	case CMD_TROUBLE:
		free(c->trouble.said);
		break;
	case CMD_INBOX_ASSIGN:
	case CMD_INBOX_IGNORE:
	case CMD_INBOX_ANSWER:
		inbox_request_free(c->inbox);
		break;
	case CMD_TASK_TAKE:
	case CMD_TASK_NOTE:
	case CMD_TASK_CLOSE:
		task_request_free(c->task);
		break;
	case CMD_CONTACT:
		contact_request_free(c->contact);
		break;
	case CMD_DIVISION:
		division_request_free(c->division);
		break;
	case CMD_ASK:
		ask_request_free(c->ask);
		break;
	case CMD_SIGNALS:
		signals_request_free(c->signals);
		break;
	case CMD_SIGNAL_RELEASE:
	case CMD_SIGNAL_REPLAY:
		signal_request_free(c->signal);
		break;
	case CMD_HOOKED:
		free(c->hooked.reason);
		break;
	case CMD_RESUME:
		free(c->resume.name);
		free(c->resume.note);
		break;
	case CMD_ALERT_RESUME:
		free(c->held.note);
		break;
	case CMD_RELOAD:
		settings_unref(c->settings);
		break;
	default:
		driver_event_free(c);
	}
	free(c->fault);
	free(c->messages_aside);
	if (c->origin) {
		atomic_fetch_sub(&c->origin->weight, c->weight);
		origin_let_go(c->origin);
	}
	free(c);
}

struct effect *
effect_refusal(uint64_t to, const struct err *err)
{
	struct effect *f = effect_new(EFFECT_REPLY, -1);

	f->reply.to = to;
	f->reply.kind = REPLY_REFUSED;
	f->reply.refusal = xmalloc(sizeof(*err));
	*f->reply.refusal = *err;
	return f;
}

struct effect *
effect_faults(uint64_t to, struct faults *faults)
{
	struct effect *f;
	struct err err;

	faults_err(faults, &err);
	f = effect_refusal(to, &err);
	f->reply.faults = *faults;
	*faults = (struct faults){ 0 };
	return f;
}

void
effect_free(struct effect *f)
{
	if (!f)
		return;
	switch (f->kind) {
	case EFFECT_REPLY:
		free(f->reply.json);
		free(f->reply.refusal);
		faults_fini(&f->reply.faults);
		break;
	case EFFECT_SEND:
		strings_free(f->send.texts, f->send.text_count);
		free(f->send.text);
		free(f->send.template);
		free(f->send.items);
		break;
	case EFFECT_CALL:
		free(f->call.text);
		free(f->call.template);
		free(f->call.keys);
		break;
	case EFFECT_WITHDRAW:
		free(f->withdraw.ids);
		break;
	case EFFECT_TOOK:
		free(f->took);
		break;
	case EFFECT_ASK:
		free(f->ask.what);
		free(f->ask.text);
		break;
	case EFFECT_LOG:
		free(f->log.line);
		break;
	case EFFECT_SETTINGS:
		strings_free(f->in_force.keeps, f->in_force.settings->route_count);
		strings_free(f->in_force.source_keeps, f->in_force.settings->source_count);
		free(f->in_force.ids);
		settings_unref(f->in_force.settings);
		break;
	case EFFECT_HOOK:
		free(f->hook.url);
		free(f->hook.key);
		free(f->hook.type);
		free(f->hook.body);
		free(f->hook.time);
		free(f->hook.signature);
		break;
	case EFFECT_RESUME:
		break;
	case EFFECT_BARRIER:
		break;
	}
	free(f);
}

#define LIST(noun)                                            \
	void noun##_push(struct noun##_list *list, struct noun *item) \
	{                                                     \
		if (!list->first)                             \
			list->end = &list->first;             \
		item->next = NULL;                            \
		*list->end = item;                            \
		list->end = &item->next;                      \
		list->count++;                                \
	}                                                     \
	struct noun *noun##_pop(struct noun##_list *list)     \
	{                                                     \
		struct noun *item = list->first;              \
		if (item) {                                   \
			list->first = item->next;             \
			if (!list->first)                     \
				list->end = &list->first;     \
			item->next = NULL;                    \
			list->count--;                        \
		}                                             \
		return item;                                  \
	}                                                     \
	void noun##_splice(struct noun##_list *to, struct noun##_list *from) \
	{                                                     \
		if (!from->first)                             \
			return;                               \
		*(to->first ? to->end : &to->first) = from->first; \
		to->end = from->end;                          \
		to->count += from->count;                     \
		*from = (struct noun##_list){ 0 };            \
	}

LIST(command)
LIST(effect)

struct command *
command_take(struct command_list *list, struct command **link)
{
	struct command *c = *link;

	*link = c->next;
	if (!c->next)
		list->end = link;
	c->next = NULL;
	list->count--;
	return c;
}

static const char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";

void
message_id_format(char out[MESSAGE_ID_TEXT], uint64_t id)
{
	for (int i = MESSAGE_ID_TEXT - 2; i >= 0; i--, id >>= 5)
		out[i] = base32[id & 31];
	out[MESSAGE_ID_TEXT - 1] = '\0';
}

int
message_id_parse(uint64_t *out, const char *text)
{
	uint64_t id = 0;

	for (int i = 0; i < MESSAGE_ID_TEXT - 1; i++) {
		const char *digit = text[i] ? strchr(base32, text[i]) : NULL;

		if (!digit || id >> 59)
			return -1;
		id = id << 5 | (uint64_t)(digit - base32);
	}
	if (text[MESSAGE_ID_TEXT - 1])
		return -1;
	*out = id;
	return 0;
}
