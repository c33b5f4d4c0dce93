/* network.c -- routes, networks and people as models: what they do is chance, what they did is
 * written down in the books (copies) that the checks compare with gong's. */
#include "tests/nights/night.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEAK_MS SECONDS(15)

static bool
earlier(const struct happening *a, const struct happening *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void
happen(struct night *n, msec at, struct happening h)
{
	size_t i;

	if (n->heap_count == n->heap_cap) {
		n->heap_cap = n->heap_cap ? n->heap_cap * 2 : 256;
		n->heap = xrealloc(n->heap, n->heap_cap * sizeof(*n->heap));
	}
	h.at = at;
	h.order = n->order++;
	for (i = n->heap_count++; i && earlier(&h, &n->heap[(i - 1) / 2]); i = (i - 1) / 2)
		n->heap[i] = n->heap[(i - 1) / 2];
	n->heap[i] = h;
}

static struct happening
next_happening(struct night *n)
{
	struct happening first = n->heap[0], last = n->heap[--n->heap_count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < n->heap_count) {
		if (child + 1 < n->heap_count && earlier(&n->heap[child + 1], &n->heap[child]))
			child++;
		if (!earlier(&n->heap[child], &last))
			break;
		n->heap[i] = n->heap[child];
		i = child;
	}
	n->heap[i] = last;
	return first;
}

static struct item *
item_find(struct road *r, uint64_t id)
{
	for (size_t i = 0; i < r->item_count; i++)
		if (r->items[i].id == id)
			return &r->items[i];
	return NULL;
}

static void
item_drop(struct road *r, struct item *item)
{
	free(item->text);
	*item = r->items[--r->item_count];
}

static void
tell_later(struct night *n, int road, msec after_ms, struct command *cmd)
{
	struct happening h = { .kind = HAPPEN_COMMAND, .road = road,
			       .life = n->roads[road].life, .command = cmd };

	happen(n, n->mono + after_ms, h);
}

static struct command *
done_command(int road, uint64_t id, enum outcome outcome, enum reject class, unsigned parts,
	     const char *ref, const char *reason)
{
	struct command *cmd = command_new(CMD_DONE, road);

	cmd->done.items = xcalloc(1, sizeof(*cmd->done.items));
	cmd->done.count = 1;
	cmd->done.items[0] = (struct done_item){ .id = id, .outcome = outcome, .class = class,
		.parts = parts, .ref = xstrdup(ref), .reason = xstrdup(reason) };
	return cmd;
}

static void
keep(struct night *n, struct kept k)
{
	static unsigned long serial;

	if (n->kept_count == n->kept_cap) {
		n->kept_cap = n->kept_cap ? n->kept_cap * 2 : 64;
		n->kept = xrealloc(n->kept, n->kept_cap * sizeof(*n->kept));
	}
	snprintf(k.driver_id, sizeof(k.driver_id), "k%lu", ++serial);
	n->kept[n->kept_count++] = k;
}

static void
offer(struct night *n, const struct kept *k)
{
	struct command *cmd = command_new(k->receipt ? CMD_RECEIPT : CMD_INBOUND, k->road);

	if (k->receipt) {
		cmd->receipt.driver_id = xstrdup(k->driver_id);
		cmd->receipt.id = k->ref ? 0 : k->id;
		cmd->receipt.ref = xstrdup(k->ref);
		cmd->receipt.to = k->number;
		cmd->receipt.part = k->ref ? 0 : k->part;	/* a modem's reference names it */
		cmd->receipt.of = k->ref ? 0 : k->of;
		cmd->receipt.delivered = k->delivered;
		cmd->receipt.final = true;
		cmd->receipt.at = wall(n);
	} else {
		cmd->inbound.driver_id = xstrdup(k->driver_id);
		cmd->inbound.from = k->number;
		cmd->inbound.text = k->missed ? NULL : xstrdup(k->text);
		cmd->inbound.at = wall(n);
	}
	tell_later(n, k->road, 0, cmd);
}

void
network_took(struct night *n, const char *driver_id)
{
	for (size_t i = 0; i < n->kept_count; i++)
		if (strcmp(n->kept[i].driver_id, driver_id) == 0)
			n->kept[i].took = true;
}

void
network_receipt(struct night *n, int road, uint64_t id, uint64_t to, const char *ref,
		unsigned part, unsigned of, bool delivered, msec after_ms)
{
	struct happening h = { .kind = HAPPEN_SAY, .road = road, .id = id, .to = to,
			       .part = part, .of = of,
			       .text = xstrdup(ref), .life = delivered ? 2 : 1 };

	happen(n, n->mono + after_ms, h);
}

static struct joining *
joining_of(struct night *n, uint64_t id, uint64_t to, int road)
{
	struct joining *j;

	for (size_t i = 0; i < n->joining_count; i++) {
		j = &n->joining[i];
		if (j->message == id >> 5 && j->to == to && j->road == road)
			return j;
	}
	n->joining = xrealloc(n->joining, (n->joining_count + 1) * sizeof(*n->joining));
	j = &n->joining[n->joining_count++];
	*j = (struct joining){ .message = id >> 5, .to = to, .road = road };
	return j;
}

/* A message, or one part of it, on its way to a telephone. */
static void
travel(struct night *n, int road, const struct item *item, unsigned part, const char *ref)
{
	struct road *r = &n->roads[road];
	unsigned of = part ? item->parts : 0;
	struct happening h = { .kind = HAPPEN_ARRIVE, .road = road, .id = item->id, .to = item->to,
			       .part = part, .of = of,
			       .text = xstrdup(item->text), .reference = item->reference };
	msec after = chance_between(&n->chance, r->travel_low, r->travel_high);
	msec report = after + chance_between(&n->chance, 0, SECONDS(3));
	bool lost = chance_percent(&n->chance, r->loss);

	if (lost && part)
		joining_of(n, item->id, item->to, road)->lost |= 1ul << (part - 1);
	if (lost)
		free(h.text);
	else
		happen(n, n->mono + after, h);
	if (!r->receipts || !chance_percent(&n->chance, r->receipt_share))
		return;
	network_receipt(n, road, item->id, item->to, ref, part, of, !lost, report);
	if (chance_percent(&n->chance, r->twice))
		network_receipt(n, road, item->id, item->to, ref, part, of, !lost,
				report + chance_between(&n->chance, 0, MINUTES(2)));
}

/* All that an attempt still has to send: at once, or part by part in some order. */
static void
travel_all(struct night *n, int road, const struct item *item, const char *ref)
{
	unsigned long rest = item->todo & ~item->gone;

	if (!n->roads[road].by_part || item->parts < 2)
		travel(n, road, item, 0, ref);
	for (; n->roads[road].by_part && item->parts > 1 && rest; rest &= rest - 1)
		travel(n, road, item, (unsigned)__builtin_ctzl(rest) + 1, ref);
}

static void
ring(struct night *n, int road, struct item *item);

static const char *
next_ref(struct road *r, char room[8])
{
	snprintf(room, 8, "%u", r->reference++ & 255);
	return room;
}

/* The network has taken the next part; where it reports each, it has a reference of its own. */
static void
take_part(struct night *n, int road, struct item *item, const char *ref)
{
	unsigned long rest = item->todo & ~item->gone;
	struct command *cmd = command_new(CMD_PART, road);

	cmd->part.id = item->id;
	cmd->part.part = (unsigned)__builtin_ctzl(rest) + 1;
	cmd->part.of = item->parts;
	cmd->part.reference = item->reference;
	cmd->part.ref = xstrdup(ref);
	item->gone |= rest & -rest;
	gongd_push(n, cmd);
	if (ref)
		travel(n, road, item, item->parts > 1 ? cmd->part.part : 0, ref);
}

/* Parts of it are out, and its driver has it no more. */
static void
note_told(struct night *n, int road, const struct item *item, bool sure)
{
	if (item->gone && n->told_count < 64)
		n->told[n->told_count++] = (struct told){ item->id, item->to, road, sure, item->gone };
}

static void
leave(struct night *n, int road, uint64_t id)
{
	struct road *r = &n->roads[road];
	struct item *item = item_find(r, id);
	long who = item ? villager_of_number(n->district, item->to) : -1;
	char ref[8];
	const char *shown = r->serial ? next_ref(r, ref) : NULL;
	msec tell = chance_between(&n->chance, 0, chance_percent(&n->chance, r->late)
				   ? SECONDS(8) : 40);

	if (!item)
		return;			/* withdrawn before it left */
	if (who >= 0 && n->district->people[who].poison) {
		item->left = true;	/* it dies before anything is out */
		network_die(n, road, false, "killed by signal 11");
		network_ready(n, road, 1000);
		return;
	}
	item->left = true;
	if (wall(n) > item->not_after)
		tell_later(n, road, tell, done_command(road, id, OUTCOME_REJECTED, REJECT_RETRY, 0,
						       NULL, "too late"));
	else if (who >= 0 && n->district->people[who].dead[(item->to - NUMBER_BASE) % NUMBERS_EACH])
		tell_later(n, road, tell, done_command(road, id, OUTCOME_REJECTED, REJECT_DROP, 0,
						       NULL, "no such number"));
	else if (chance_percent(&n->chance, r->reject)) {
		note_told(n, road, item, true);
		tell_later(n, road, tell, done_command(road, id, OUTCOME_REJECTED,
						       r->reject_class, 0, NULL, "CMS ERROR 500"));
	} else if (item->call)
		ring(n, road, item);
	else if (chance_percent(&n->chance, r->unknown)) {
		note_told(n, road, item, true);
		if (chance_percent(&n->chance, 50))
			travel_all(n, road, item, r->by_part ? shown : NULL);
		tell_later(n, road, tell, done_command(road, id, OUTCOME_UNKNOWN, REJECT_NONE, 0,
						       NULL, "time-out after the POST"));
		n->uncertain_allowed++;
	} else {
		if (r->serial && r->by_part)
			take_part(n, road, item, shown);
		else
			travel_all(n, road, item, shown);
		tell_later(n, road, tell, done_command(road, id, OUTCOME_ACCEPTED, REJECT_NONE,
						       item->parts, shown, NULL));
	}
}

static void
record(struct night *n, int road, uint64_t id, uint64_t to, bool call, unsigned reference,
       const char *text)
{
	if (n->copy_count == n->copy_cap) {
		n->copy_cap = n->copy_cap ? n->copy_cap * 2 : 256;
		n->copies = xrealloc(n->copies, n->copy_cap * sizeof(*n->copies));
	}
	n->copies[n->copy_count++] = (struct copy){ id, to, call, xstrdup(text), reference,
						    road, n->mono };
	night_say(n, "%s %s: %s", call ? "rings at" : "reaches",
		  villager_of_number(n->district, to) >= 0
		  ? n->district->people[villager_of_number(n->district, to)].ref : "nobody", text);
}

/* The same people in the whole of a night. */
static bool
is_of_few(const struct night *n, long who, double percent)
{
	uint64_t state = n->seed * 1000003u + (uint64_t)who;

	return chance_percent(&state, percent);
}

/* The last habit that fits; NULL: silent. */
static const struct habit *
habit_for(struct night *n, long who, bool voice)
{
	for (size_t i = n->habit_count; who >= 0 && i-- > 0;) {
		const struct habit *h = &n->habits[i];

		if (h->voice != voice || (h->who >= 0 && h->who != who) ||
		    (h->role >= 0 && h->role != n->district->people[who].role))
			continue;
		if (h->silent > 0 && is_of_few(n, who, h->silent))
			return NULL;
		return chance_percent(&n->chance, h->percent) ? h : NULL;
	}
	return NULL;
}

/* A telephone shows a long text when the last of its parts is here. */
static bool
is_joined(struct night *n, const struct happening *h)
{
	struct joining *j = joining_of(n, h->id, h->to, h->road);

	j->parts |= 1ul << (h->part - 1);
	if (j->parts != (1ul << h->of) - 1)
		return false;
	j->parts = 0;
	return true;
}

static void
arrive(struct night *n, const struct happening *h)
{
	long who = villager_of_number(n->district, h->to);
	const struct habit *habit;

	if (h->part && !is_joined(n, h))
		return;
	record(n, h->road, h->id, h->to, false, h->reference, h->text);
	habit = habit_for(n, who, false);
	/* People answer what asks for an answer, not a thank-you. */
	if (!habit || !(habit->echo || strstr(h->text, "回复1") || strstr(h->text, "eply 1")))
		return;
	figures_given(n, who, h->id, habit->text);
	network_say(n, who, (unsigned)((h->to - NUMBER_BASE) % NUMBERS_EACH), habit->text,
		    chance_between(&n->chance, habit->low, habit->high));
}

/* Whom one call rings or talks to, another would find engaged. */
static void
check_engaged(struct night *n, const struct item *item)
{
	for (size_t i = 0; i < n->heap_count; i++) {
		const struct happening *h = &n->heap[i];

		if (h->kind == HAPPEN_HANG_UP && h->life == n->roads[h->road].life &&
		    message_id_contact(h->id) == message_id_contact(item->id))
			night_fail(n, "wave %u calls contact %u in the middle of the call of wave %u",
				   message_id_wave(item->id), message_id_contact(item->id),
				   message_id_wave(h->id));
	}
}

static void
ring(struct night *n, int road, struct item *item)
{
	long who = villager_of_number(n->district, item->to);
	const struct habit *habit = habit_for(n, who, true);
	struct command *cmd = command_new(CMD_CALL, road);
	struct happening h = { .road = road, .life = n->roads[road].life, .id = item->id };
	msec up = chance_between(&n->chance, SECONDS(3), item->ring_ms - 1000);

	check_engaged(n, item);
	record(n, road, item->id, item->to, true, 0, item->text);
	cmd->call.id = item->id;
	cmd->call.state = CALL_RINGING;
	tell_later(n, road, 0, cmd);
	if (habit) {
		figures_given(n, who, item->id, habit->text);
		h.kind = HAPPEN_PICK_UP;
		happen(n, n->mono + up, h);
		h.text = xstrdup(habit->text);
	}
	h.kind = HAPPEN_HANG_UP;
	happen(n, n->mono + (habit ? up + SPEAK_MS : item->ring_ms), h);
}

static void
hang_up(struct night *n, const struct happening *h)
{
	struct command *cmd = command_new(CMD_CALL, h->road);

	cmd->call.id = h->id;
	cmd->call.state = CALL_ENDED;
	cmd->call.outcome = xstrdup(h->text ? "answered" : "no_answer");
	cmd->call.digits = xstrdup(h->text);
	tell_later(n, h->road, 0, cmd);
	tell_later(n, h->road, 0, done_command(h->road, h->id, OUTCOME_ACCEPTED, REJECT_NONE, 1,
					       NULL, NULL));
}

/* What gongd knows to be out already must not be asked of the same SIM again, and what is left
 * away must be out by this SIM: a telephone joins parts of one sender only. */
static void
check_parts(struct night *n, int road, const struct item *item)
{
	unsigned long out = 0;

	for (size_t i = 0; i < n->told_count; i++) {
		const struct told *t = &n->told[i];

		if (t->id >> 5 != item->id >> 5 || t->to != item->to || t->road != road)
			continue;
		out |= t->parts;
		if (t->sure && t->parts & item->todo & ~joining_of(n, item->id, item->to, road)->lost)
			night_fail(n, "wave %u contact %u: parts %lx are sent again, %lx were out",
				   message_id_wave(item->id), message_id_contact(item->id),
				   item->todo, t->parts);
	}
	if (item->parts < 64 && (item->todo | out) != (1ul << item->parts) - 1)
		night_fail(n, "wave %u contact %u: of %u parts only %lx are sent, %lx were out",
			   message_id_wave(item->id), message_id_contact(item->id), item->parts,
			   item->todo, out);
}

/* `work_ms` is for one part; a modem tells each part that is out. */
static void
add_item(struct night *n, int road, struct item item, msec work_ms)
{
	struct road *r = &n->roads[road];
	struct happening h = { .kind = HAPPEN_LEAVE, .road = road, .life = r->life,
			       .id = item.id };
	unsigned parts = (unsigned)__builtin_popcountl(item.todo);
	msec part_ms = work_ms;

	check_parts(n, road, &item);
	page_note(n, road, item.id);
	item.start_at = n->mono + (page_prefetch(n, road) ? chance_between(&n->chance, 0, 40) : 0);
	if (r->serial) {
		work_ms *= parts;
		if (r->busy_until > n->mono)
			item.start_at = r->busy_until;
		r->busy_until = item.start_at + work_ms;
		h.kind = HAPPEN_PART;
		for (unsigned i = 1; i < parts; i++)
			happen(n, item.start_at + part_ms * i, h);
		h.kind = HAPPEN_LEAVE;
	}
	if (r->item_count == r->item_cap) {
		r->item_cap = r->item_cap ? r->item_cap * 2 : 16;
		r->items = xrealloc(r->items, r->item_cap * sizeof(*r->items));
	}
	r->items[r->item_count++] = item;
	if (r->item_count > r->window)
		night_fail(n, "route %s has %zu items in flight, its window is %u",
			   n->settings->routes[road].name, r->item_count, r->window);
	happen(n, item.start_at + work_ms, h);
}

static unsigned long
parts_to_send(const struct send_item *s)
{
	unsigned long missing = 0;

	memcpy(&missing, s->missing, sizeof(missing));
	return missing ? missing : s->parts < 64 ? (1ul << s->parts) - 1 : ~0ul;
}

static void
part_out(struct night *n, int road, uint64_t id)
{
	struct road *r = &n->roads[road];
	struct item *item = item_find(r, id);
	unsigned long rest = item ? item->todo & ~item->gone : 0;
	char ref[8];

	if (!rest || item->left || r->reject >= 100)
		return;			/* a SIM without a network gets no part out */
	take_part(n, road, item, r->by_part ? next_ref(r, ref) : NULL);
}

static void
send_items(struct night *n, struct effect *f)
{
	struct road *r = &n->roads[f->route];

	for (size_t i = 0; i < f->send.count; i++) {
		const struct send_item *s = &f->send.items[i];
		msec work = chance_between(&n->chance, r->latency_low, r->latency_high);
		struct item item = { .id = s->id, .to = s->to, .parts = s->parts,
			.todo = parts_to_send(s),
			.not_after = f->send.not_after, .reference = s->reference,
			.text = xstrdup(s->text ? s->text : f->send.text) };

		if (!r->up) {
			struct command *cmd = command_new(CMD_ROUTE_LOST, f->route);

			cmd->lost.unwritten = xcalloc(1, sizeof(uint64_t));
			cmd->lost.unwritten[cmd->lost.unwritten_count++] = s->id;
			gongd_push(n, cmd);
			free(item.text);
			continue;
		}
		add_item(n, f->route, item, work);
	}
}

static void
withdraw_items(struct night *n, struct effect *f)
{
	struct road *r = &n->roads[f->route];

	for (size_t i = 0; i < f->withdraw.count; i++) {
		struct item *item = item_find(r, f->withdraw.ids[i]);
		struct command *cmd;

		if (!r->up || !item || item->left || (r->serial && item->start_at <= n->mono))
			continue;	/* a submit in progress is never cut */
		cmd = done_command(f->route, item->id, OUTCOME_WITHDRAWN, REJECT_NONE, 0, NULL,
				   "withdrawn");
		item->left = true;	/* only its `done` is still to come */
		free(item->text);
		item->text = NULL;
		tell_later(n, f->route, 0, cmd);
	}
}

void
network_send(struct night *n, struct effect *f)
{
	struct road *r = &n->roads[f->route];

	if (f->kind == EFFECT_SEND) {
		send_items(n, f);
	} else if (f->kind == EFFECT_WITHDRAW) {
		withdraw_items(n, f);
	} else if (r->up) {
		struct item item = { .id = f->call.id, .to = f->call.to, .call = true, .parts = 1, .todo = 1,
			.not_after = f->call.not_after, .ring_ms = f->call.ring_ms,
			.text = xstrdup(f->call.text) };

		add_item(n, f->route, item, chance_between(&n->chance, r->latency_low,
							   r->latency_high));
	} else {
		struct command *cmd = command_new(CMD_ROUTE_LOST, f->route);

		cmd->lost.unwritten = xcalloc(1, sizeof(uint64_t));
		cmd->lost.unwritten[cmd->lost.unwritten_count++] = f->call.id;
		gongd_push(n, cmd);
	}
}

/* A question to a driver.  A test message comes back to the SIM that sent it. */
void
network_ask(struct night *n, const struct effect *f)
{
	struct road *r = &n->roads[f->route];
	struct command *cmd = command_new(CMD_ANSWERED, f->route);
	msec work = chance_between(&n->chance, r->latency_low, r->latency_high);

	cmd->answered.id = f->ask.id;
	if (!r->up) {
		gongd_push(n, cmd);
		return;
	}
	night_say(n, "%s is asked %s %s", n->settings->routes[f->route].name, f->ask.what,
		  f->ask.text);
	if (r->mute) {
		command_free(cmd);
		return;
	}
	cmd->answered.json = xstrdup(chance_percent(&n->chance, r->reject)
		? "{\"ok\":false,\"reason\":\"CMS 500\"}"
		: "{\"ok\":true,\"lines\":[\"OK\"],\"ms\":12,\"submit_ms\":3000,\"receipt_ms\":4000}");
	if (f->ask.to && strstr(cmd->answered.json, "true") && !chance_percent(&n->chance, r->loss))
		happen(n, n->mono + work + chance_between(&n->chance, r->travel_low, r->travel_high),
		       (struct happening){ .kind = HAPPEN_SAY, .road = f->route, .to = f->ask.to,
					   .text = xstrdup(f->ask.text) });
	tell_later(n, f->route, work, cmd);
}

/* What was just with the network when its driver died; of a modem, one part, which nobody can name. */
static void
travel_last(struct night *n, int road, const struct item *item)
{
	struct road *r = &n->roads[road];
	unsigned long rest = item->todo & ~item->gone;
	char ref[8];

	if (!r->serial || !r->by_part)
		travel_all(n, road, item, NULL);
	else if (rest)
		travel(n, road, item, item->parts > 1 ? (unsigned)__builtin_ctzl(rest) + 1 : 0,
		       next_ref(r, ref));
}

/* What the page says of it is true; without one, what was in the pipe never left. */
static bool
may_have_left(struct night *n, int road, const struct item *item, bool begun)
{
	bool left = item->left || begun || (n->roads[road].page != PAGE_MARKED &&
					    !chance_percent(&n->chance, 30));

	page_mark(n, road, item->id, left);
	return left;
}

/* A driver dies.  What it had in hand may or may not have left; what waited behind has not, but the
 * driver of a gongd that died may still begin with it. */
void
network_die(struct night *n, int road, bool with_gongd, const char *reason)
{
	struct road *r = &n->roads[road];
	struct command *cmd = command_new(CMD_ROUTE_LOST, road);

	cmd->lost.written = xcalloc(r->item_count + 1, sizeof(uint64_t));
	cmd->lost.unwritten = xcalloc(r->item_count + 1, sizeof(uint64_t));
	cmd->lost.reason = xstrdup(reason ? reason : "the driver ended");
	for (size_t i = 0; i < r->item_count; i++) {
		struct item *item = &r->items[i];
		bool begun = item->start_at <= n->mono || (with_gongd && chance_percent(&n->chance, 20));

		note_told(n, road, item, !with_gongd);
		if (!may_have_left(n, road, item, begun)) {
			cmd->lost.unwritten[cmd->lost.unwritten_count++] = item->id;
		} else {
			cmd->lost.written[cmd->lost.written_count++] = item->id;
			if (!item->left && begun && !item->call && item->text &&
			    chance_percent(&n->chance, 50))
				travel_last(n, road, item);
		}
		free(item->text);
	}
	night_say(n, "driver %s dies with %zu in hand", n->settings->routes[road].name,
		  r->item_count);
	r->item_count = 0;
	r->up = false;
	r->busy_until = 0;
	r->life++;
	r->lives_on = with_gongd;
	if (with_gongd) {
		command_free(cmd);
		return;
	}
	n->uncertain_allowed += cmd->lost.written_count;
	gongd_push(n, cmd);
}

void
network_unplug(struct night *n, int road)
{
	struct road *r = &n->roads[road];
	size_t in_air = 0;

	while (r->item_count) {
		struct item *item = &r->items[0];
		bool begun = item->start_at <= n->mono && !item->left;

		if (!item->left)	/* what has left is told already */
			gongd_push(n, begun ? done_command(road, item->id, OUTCOME_UNKNOWN, REJECT_NONE, 0,
							   NULL, "unplugged while it was sent")
				   : done_command(road, item->id, OUTCOME_REJECTED, REJECT_RETRY, 0, NULL,
						  "the modem is gone"));
		else
			gongd_push(n, done_command(road, item->id, OUTCOME_ACCEPTED, REJECT_NONE,
						   item->parts, NULL, NULL));
		in_air += begun;
		page_mark(n, road, item->id, begun || item->left);
		item_drop(r, item);
	}
	n->uncertain_allowed += in_air;
	network_die(n, road, false, "modem unplugged");
}

void
network_ready(struct night *n, int road, msec after_ms)
{
	struct happening h = { .kind = HAPPEN_READY, .road = road };

	n->roads[road].used = n->roads[road].wanted = true;
	happen(n, n->mono + after_ms, h);
}

void
network_health(struct night *n, int road)
{
	struct command *cmd;

	if (!n->roads[road].health || !n->roads[road].up)
		return;
	cmd = command_new(CMD_HEALTH, road);
	cmd->health.json = xstrdup(n->roads[road].health);
	cmd->health.ok = true;
	gongd_push(n, cmd);
}

static void
ready(struct night *n, int road)
{
	struct road *r = &n->roads[road];
	struct command *cmd;

	if (n->down || !r->wanted || !r->inherited)
		return;
	cmd = command_new(CMD_ROUTE_READY, road);
	cmd->ready.prefetch = page_prefetch(n, road);
	cmd->ready.window = r->window - cmd->ready.prefetch;
	cmd->ready.batch = r->batch;
	memcpy(cmd->ready.channels, n->settings->routes[road].channels,
	       sizeof(cmd->ready.channels));
	cmd->ready.receipts = r->receipts;
	cmd->ready.inbound = true;
	cmd->ready.rate = r->rate;
	cmd->ready.budgets = xcalloc(r->budget_count + 1, sizeof(*cmd->ready.budgets));
	memcpy(cmd->ready.budgets, r->budgets, r->budget_count * sizeof(*r->budgets));
	cmd->ready.budget_count = r->budget_count;
	if (r->up) {			/* says it again, because something changed */
		gongd_push(n, cmd);
		return;
	}
	r->up = true;
	r->life++;
	gongd_push(n, cmd);
	network_health(n, road);
	for (size_t i = 0; i < n->kept_count; i++)
		if (n->kept[i].road == road && !n->kept[i].took)
			offer(n, &n->kept[i]);
}

/* A reply goes to whichever route is there for SMS; it waits in the SIM until it is taken. */
void
network_say(struct night *n, long who, unsigned number, const char *text, msec after_ms)
{
	struct happening h = { .kind = HAPPEN_SAY, .road = -1,
			       .to = villager_number(who, number), .text = xstrdup(text) };

	for (int i = 0; i < (int)n->settings->route_count; i++)
		if (n->roads[i].used && n->settings->routes[i].channels[CHANNEL_SMS] &&
		    (h.road < 0 || (n->roads[i].up && !n->roads[h.road].up)))
			h.road = i;
	if (h.road < 0)
		free(h.text);
	else
		happen(n, n->mono + after_ms, h);
}

/* Comes into the SIM (or the provider's queue): a reply, a missed call, a receipt. */
static void
come_in(struct night *n, struct happening *h)
{
	struct kept k = { .road = h->road, .number = h->to, .id = h->id, .receipt = h->life > 0,
			  .part = h->part, .of = h->of,
			  .delivered = h->life == 2, .at = n->mono };

	if (k.receipt) {
		k.ref = xstrdup(h->text);
	} else {
		k.missed = !h->text;
		k.text = xstrdup(h->text);
		night_say(n, "%s says: %s", villager_of_number(n->district, h->to) >= 0
			  ? n->district->people[villager_of_number(n->district, h->to)].ref
			  : "a SIM", h->text ? h->text : "(missed call)");
	}
	keep(n, k);
	if (n->roads[h->road].up)
		offer(n, &n->kept[n->kept_count - 1]);
}

static void
one(struct night *n, struct happening *h)
{
	struct road *r = &n->roads[h->road < 0 ? 0 : h->road];
	struct command *cmd;

	switch (h->kind) {
	case HAPPEN_PART:
		if (h->life == r->life)
			part_out(n, h->road, h->id);
		break;
	case HAPPEN_READY:
		ready(n, h->road);
		break;
	case HAPPEN_LEAVE:
		if (h->life == r->life)
			leave(n, h->road, h->id);
		break;
	case HAPPEN_ARRIVE:
		arrive(n, h);
		break;
	case HAPPEN_SAY:
		come_in(n, h);
		break;
	case HAPPEN_PICK_UP:
		if (h->life != r->life)
			break;
		cmd = command_new(CMD_CALL, h->road);
		cmd->call.id = h->id;
		cmd->call.state = CALL_ANSWERED;
		gongd_push(n, cmd);
		break;
	case HAPPEN_HANG_UP:
		if (h->life == r->life)
			hang_up(n, h);
		break;
	case HAPPEN_COMMAND:
		if (h->life != r->life) {
			command_free(h->command);
			break;
		}
		if (h->command->kind == CMD_DONE) {
			struct item *item = item_find(r, h->command->done.items[0].id);

			page_mark(n, h->road, h->command->done.items[0].id,
				  h->command->done.items[0].outcome != OUTCOME_WITHDRAWN);
			if (item && r->by_part)	/* gongd may die of this very word */
				note_told(n, h->road, item, false);
			if (item)
				item_drop(r, item);
		}
		gongd_push(n, h->command);
		break;
	case HAPPEN_START:
		gongd_start(n);
		break;
	case HAPPEN_INHERIT:
		if (h->life == n->starts && !n->down)
			page_inherit(n, h->road);
		break;
	}
	free(h->text);
}

void
network_turn(struct night *n)
{
	while (n->heap_count && n->heap[0].at <= n->mono && !n->failed) {
		struct happening h = next_happening(n);

		one(n, &h);
	}
}

void
network_free(struct night *n)
{
	for (size_t i = 0; i < n->heap_count; i++) {
		free(n->heap[i].text);
		command_free(n->heap[i].command);
	}
	free(n->heap);
	for (size_t i = 0; i < n->kept_count; i++) {
		free(n->kept[i].text);
		free(n->kept[i].ref);
	}
	free(n->kept);
	for (size_t i = 0; i < n->copy_count; i++)
		free(n->copies[i].text);
	free(n->copies);
	free(n->joining);
	free(n->given);
	for (size_t i = 0; i < ROADS_MAX; i++) {
		for (size_t k = 0; k < n->roads[i].item_count; k++)
			free(n->roads[i].items[k].text);
		free(n->roads[i].items);
		free(n->roads[i].noted);
		free(n->roads[i].health);
	}
}
