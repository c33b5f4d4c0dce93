/* desk.c -- gong's own tasks about alerts: what people wrote that a person must read, and the places
 * that do not stand where they should.  One task a cause and alert, which grows; docs/tasks.md.  It
 * decides nothing about who is called. */
#include "daemon/engine/lookup.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 50			/* texts that a task keeps; the inbox has all */
#define QUOTE_MAX 300			/* bytes of them in its sentence */
#define NAMES_MAX 320			/* bytes of names in a sentence, all its parts together */
#define PLACES_MAX 2000			/* in its list */

/* -- what people wrote -- */

static json_t *
words_of(const char *json)
{
	json_t *words = json ? json_loads(json, 0, NULL) : NULL;

	if (json_is_array(words))
		return words;
	json_decref(words);
	return json_array();
}

/* The newest first, as many as fit: what was written last is what counts now. */
static void
quote(const json_t *words, char out[QUOTE_MAX])
{
	size_t n = 0;

	*out = '\0';
	for (size_t i = json_array_size(words); i-- > 0 && n + 4 < QUOTE_MAX;) {
		const char *text = json_string_value(json_object_get(json_array_get(words, i), "text"));

		n += (size_t)snprintf(out + n, QUOTE_MAX - n, "%s%s", n ? " / " : "", text ? text : "");
	}
	text_mend(out);
	for (; *out; out++)		/* its lines are one here */
		if ((unsigned char)*out < ' ')
			*out = ' ';
}

static void
who_wrote(struct engine *e, uint32_t contact, uint64_t e164, char name[128])
{
	struct person person;

	*name = '\0';
	if (contact && store_person_by_id(e->store, contact, &person))
		snprintf(name, 128, "%s", person.name);
	else if (e164)
		phone_mask(name, e164);
}

static void
words_said(struct engine *e, struct growing *g, const char *quoted)
{
	bool help = strcmp(g->kind, "help") == 0;
	struct alert a = { .code = "" };
	char name[128];

	who_wrote(e, g->contact, g->e164, name);
	if (g->alert)
		store_alert_get(e->store, g->alert, &a);
	if (!g->alert && help)
		SAY(&g->said, task_help_stranger, name, quoted);
	else if (!g->alert)
		SAY(&g->said, task_words_stranger, name, quoted);
	else if (help)
		SAY(&g->said, task_help, a.code, name, quoted);
	else if (strcmp(g->kind, "cannot") == 0)
		SAY(&g->said, task_cannot, a.code, name, quoted);
	else if (!g->contact && !g->e164)
		SAY(&g->said, task_chatter, a.code, NUM(g->count), quoted);
	else
		SAY(&g->said, task_unclear, a.code, name, quoted);
}

/* A call for help and words that nobody understands are one task: it asks for help from then on. */
static int64_t
find_words(struct engine *e, struct growing *g, char **words)
{
	int64_t task = store_task_find(e->store, g->alert, g->contact, g->e164, g->kind, words);
	bool help = strcmp(g->kind, "help") == 0;

	if (task || (!help && strcmp(g->kind, "unclear") != 0))
		return task;
	task = store_task_find(e->store, g->alert, g->contact, g->e164, help ? "unclear" : "help", words);
	if (task)
		g->kind = "help";
	return task;
}

static int
urgency_of(const char *kind)
{
	return strcmp(kind, "help") == 0 ? URGENCY_HELP
		: strcmp(kind, "cannot") == 0 ? URGENCY_CANNOT : URGENCY_UNCLEAR;
}

int64_t
engine_desk_words(struct engine *e, int64_t alert, uint32_t contact, uint64_t e164,
		  const char *kind, const char *text)
{
	/* Of a person one number is as good as the other. */
	struct growing g = { .alert = alert, .contact = contact, .e164 = contact ? 0 : e164,
			     .kind = kind };
	char *before = NULL, *json, quoted[QUOTE_MAX];
	int64_t task = find_words(e, &g, &before);
	json_t *words = words_of(before);
	json_t *mine = json_pack("{s:I,s:s}", "at", (json_int_t)e->now, "text", text ? text : "");

	free(before);
	if (!mine)			/* it was no UTF-8; the inbox has it as it came */
		mine = json_pack("{s:I,s:s}", "at", (json_int_t)e->now, "text", "?");
	json_array_append_new(words, mine);
	if (json_array_size(words) > WORDS_MAX)
		json_array_remove(words, 1);	/* how it began, and how it stands */
	g.count = !contact && !e164 ? json_array_size(words) : 0;
	g.urgency = urgency_of(g.kind);
	quote(words, quoted);
	words_said(e, &g, quoted);
	json = json_dumps(words, JSON_COMPACT | JSON_PRESERVE_ORDER);
	g.words = json;
	if (task)
		store_task_grow(e->store, task, &g, e->now);
	else
		task = store_task_new(e->store, &g, e->now);
	free(json);
	json_decref(words);
	return task;
}

/* -- places that do not stand where they should -- */

enum group { GROUP_SILENT, GROUP_PICKED_UP, GROUP_ANSWERED, GROUP_NOBODY, GROUP_COUNT };

struct shortfall {
	struct engine *e;
	unsigned long count[GROUP_COUNT], all;
	struct buf names[GROUP_COUNT], places;
	bool nobody_only;
};

static enum group
group_of(const struct target *t)
{
	if (t->level >= LEVEL_ACKNOWLEDGED)
		return GROUP_ANSWERED;
	if (t->level >= LEVEL_ANSWERED)
		return GROUP_PICKED_UP;
	return t->nobody ? GROUP_NOBODY : GROUP_SILENT;
}

static void
add_short(void *ctx, const struct target *t)
{
	struct shortfall *s = ctx;
	enum group group = group_of(t);
	struct buf *names = &s->names[group];
	struct person person;
	char name[128] = "", code[DIVISION_TEXT];

	if (s->nobody_only && group != GROUP_NOBODY)
		return;
	s->all++;
	s->count[group]++;
	if (t->division && !t->contact && s->all <= PLACES_MAX) {
		division_format(code, t->division);
		buf_printf(&s->places, "%s\"%s\"", s->places.len ? "," : "[", code);
	}
	if (names->len >= NAMES_MAX)
		return;
	if (t->contact && store_person_by_id(s->e->store, t->contact, &person))
		snprintf(name, sizeof(name), "%s", person.name);
	else if (t->division)
		store_division_get(s->e->store, t->division, name, NULL);
	if (name[0])
		buf_printf(names, "%s%s", names->len ? "、" : "", name);
}

/* Whole names only, and "…" for the others. */
static void
clip_names(struct buf *names, size_t most)
{
	buf_puts(names, "");
	if (names->len <= most)
		return;
	while (most && strncmp(names->data + most, "、", sizeof("、") - 1) != 0)
		most--;
	names->len = most;
	buf_puts(names, "…");
}

static const char *
group_said(char out[SAID_VALUE], struct shortfall *s, enum group group, int level)
{
	const char *names = s->names[group].data, *n = NUM(s->count[group]);

	switch (group) {
	case GROUP_SILENT:
		return said_make(out, PHRASE_AND_VALUES(short_silent, n, names));
	case GROUP_PICKED_UP:
		return said_make(out, PHRASE_AND_VALUES(short_picked_up, n, names));
	case GROUP_ANSWERED:
		return said_make(out, PHRASE_AND_VALUES(short_answered, n, names,
				 level >= LEVEL_DONE ? WORD(level_out) : WORD(level_in_post)));
	case GROUP_NOBODY:
	case GROUP_COUNT:
		break;
	}
	return said_make(out, PHRASE_AND_VALUES(short_nobody, n, names));
}

/* Up to four groups as one value. */
static const char *
groups_said(char out[SAID_VALUE], struct shortfall *s, int level)
{
	char one[SAID_VALUE];
	size_t groups = 0;

	for (int g = 0; g < GROUP_COUNT; g++)
		groups += s->count[g] > 0;
	for (int g = 0; g < GROUP_COUNT; g++)
		clip_names(&s->names[g], groups ? NAMES_MAX / groups : 0);
	*out = '\0';
	for (int g = 0; g < GROUP_COUNT; g++) {
		char before[SAID_VALUE];

		if (!s->count[g])
			continue;
		group_said(one, s, (enum group)g, level);
		memcpy(before, out, sizeof(before));
		if (*before)
			said_make(out, PHRASE_AND_VALUES(short_both, before, one));
		else
			memcpy(out, one, SAID_VALUE);
	}
	return out;
}

static void
short_fini(struct shortfall *s)
{
	for (int g = 0; g < GROUP_COUNT; g++)
		buf_fini(&s->names[g]);
	buf_fini(&s->places);
}

/* It speaks of the highest level that a cause so far has spoken of. */
static int
short_level(const struct alert *a, const struct policy *p)
{
	int level = 0;

	if (a->state != ALERT_ACTIVE || (p->deadline_ms != NEVER && a->deadline_at == NEVER))
		return p->until;
	for (size_t i = 0; i <= a->step && i < p->step_count; i++)
		if (p->steps[i].channels[CHANNEL_CONSOLE] && p->steps[i].below > level)
			level = p->steps[i].below;
	return level ? level : p->until;
}

static void
short_said(struct shortfall *s, const struct alert *a, const struct policy *p, int level,
	   struct said *out)
{
	char parts[SAID_VALUE];
	bool silent = s->count[GROUP_ANSWERED] < s->all;
	const char *deed = silent ? WORD(do_wake) : WORD(do_ask_again), *n = NUM(s->all);

	groups_said(parts, s, level);
	if (p->targets == TARGETS_TEAM)
		SAY(out, task_nobody_in_post, a->code);
	else if (a->state == ALERT_EXPIRED)
		SAY(out, task_short_expired, a->code, n, parts, deed);
	else if (p->deadline_ms != NEVER && a->deadline_at == NEVER)
		SAY(out, task_short_deadline, a->code, n, parts, deed);
	else
		SAY(out, task_short, a->code, n, parts, deed);
}

/* Opens it, lets it grow, or (there is nothing left to say) closes it with that note. */
static void
call_the_desk(struct engine *e, int64_t task, const char *kind, struct growing *g,
	      const struct said *over, msec grown_at)
{
	g->kind = kind;
	if (!g->count && task)
		store_task_over(e->store, task, over, e->now);
	else if (task)
		store_task_grow(e->store, task, g, grown_at);
	else if (g->count)
		store_task_new(e->store, g, e->now);
}

/* Looks at the targets and writes what is so; none: the task is over. */
static void
write_short(struct engine *e, const struct alert *a, const struct policy *p, int64_t task,
	    const char *kind, msec grown_at)
{
	struct shortfall s = { .e = e };
	struct growing g = { .alert = a->id, .urgency = URGENCY_SILENT };
	int level = short_level(a, p);
	struct said over;

	store_targets_short(e->store, a->id, level, add_short, &s);
	g.count = s.all;
	if (s.places.len)
		buf_puts(&s.places, "]");
	g.places = s.places.data;
	short_said(&s, a, p, level, &g.said);
	SAY(&over, task_over_none_below);
	call_the_desk(e, task, kind, &g, &over, grown_at);
	short_fini(&s);
}

void
engine_desk_short(struct engine *e, const struct alert *a, const struct policy *p, const char *kind)
{
	char first[16];
	int64_t task = store_task_short(e->store, a->id, first);

	write_short(e, a, p, task, task ? first : kind, e->now);
}

/* -- places that nobody can be called for -- */

static void
write_nobody(struct engine *e, const struct alert *a, const struct policy *p, int64_t task,
	     msec grown_at)
{
	struct shortfall s = { .e = e, .nobody_only = true };
	struct growing g = { .alert = a->id, .urgency = URGENCY_NOBODY };
	struct said over;

	store_targets_short(e->store, a->id, p->until, add_short, &s);
	clip_names(&s.names[GROUP_NOBODY], NAMES_MAX);
	if (s.places.len)
		buf_puts(&s.places, "]");
	g.count = s.all;
	g.places = s.places.data;
	SAY(&g.said, task_nobody, a->code, NUM(s.all), s.names[GROUP_NOBODY].data);
	SAY(&over, task_over_somebody);
	call_the_desk(e, task, "nobody", &g, &over, grown_at);
	short_fini(&s);
}

void
engine_desk_nobody(struct engine *e, const struct alert *a, const struct policy *p)
{
	write_nobody(e, a, p, store_task_find(e->store, a->id, 0, 0, "nobody", NULL), e->now);
}

/* -- both -- */

void
engine_desk_refresh(struct engine *e, const struct alert *a, const struct policy *p)
{
	char kind[16];
	int64_t task;

	if (!a->targets || a->targets > PLACES_MAX)
		return;
	if ((task = store_task_short(e->store, a->id, kind)))
		write_short(e, a, p, task, kind, 0);
	if ((task = store_task_find(e->store, a->id, 0, 0, "nobody", NULL)))
		write_nobody(e, a, p, task, 0);
}

void
engine_desk_over(struct engine *e, int64_t alert, const struct said *note)
{
	char kind[16];
	int64_t task = store_task_short(e->store, alert, kind);

	if (task)
		store_task_over(e->store, task, note, e->now);
	task = store_task_find(e->store, alert, 0, 0, "nobody", NULL);
	if (task)
		store_task_over(e->store, task, note, e->now);
	task = store_task_find(e->store, alert, 0, 0, "restored", NULL);
	if (task)
		store_task_over(e->store, task, note, e->now);
}
