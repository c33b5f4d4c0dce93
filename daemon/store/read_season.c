/* read_season.c -- what the lists lack for the site's ladders and texts, the worst first: whom nobody
 * could call at 02:10.  A page looks at as much as its time allows and goes on by a cursor, kind by kind,
 * so that no list holds up whoever reads beside it.  It judges lists, not people, and changes nothing. */
#include "daemon/store/read_internal.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/audience.h"
#include "core/phone.h"
#include "daemon/settings/season.h"

#define PIECE 500			/* rows looked at before the clock is */
#define ROLES_MAX 256
#define OFFICERS 2			/* of a township, at least */
#define OFFICER_ROLE "township_officer"
#define SINCE_MS HOURS(24 * 365)	/* a number seen to work since then needs no test */
#define PLACE_TEXT 192

struct season {
	struct reader *r;
	const struct read_query *q;
	const struct settings *settings;
	struct rights rights;
	struct division_range range;	/* asked for */
	bool within;			/* there is such a range */
	msec since;
	struct season_needs needs;
	int64_t roles[ROLES_MAX];	/* the store's ids of the settings' roles; 0 = nobody ever held it */
	bool official[ROLES_MAX];
	struct buf *out;
	size_t count, limit;
	int64_t key[2];			/* behind which this kind goes on */
};

struct whose {				/* a person, as far as who reads may know */
	int64_t id;
	char ref[64], name[128];
	division_code home;		/* 0: he holds no post */
	bool official, visible;
};

struct finding {
	const char *kind;
	division_code division;		/* 0 = none */
	const struct whose *who;	/* NULL = nobody's */
	int64_t e164;
};

static bool
is_full(const struct season *x)
{
	return x->count >= x->limit || x->r->failed || !read_has_time(x->r);
}

static bool
sees(const struct season *x, division_code code)
{
	return !x->rights.division_count ||
		division_ranges_have(x->rights.divisions, x->rights.division_count, code);
}

static bool
is_within(const struct season *x, division_code code)
{
	return !x->within || (code >= x->range.first && code <= x->range.last);
}

static void
tell(struct season *x, const struct finding *f, const struct said *said)
{
	buf_printf(x->out, "%s{\"kind\":\"%s\",", x->count++ ? "," : "", f->kind);
	json_sentence(x->out, "text", said, x->q->lang);
	buf_puts(x->out, ",\"division\":");
	if (f->division)
		json_place(x->r, f->division, x->out);
	else
		buf_puts(x->out, "null");
	buf_puts(x->out, ",\"township\":");
	if (f->division)
		json_place(x->r, division_ancestor(f->division, TIER_TOWNSHIP), x->out);
	else
		buf_puts(x->out, "null");
	buf_puts(x->out, ",");
	json_text(x->out, "contact", f->who ? f->who->ref : NULL);
	buf_puts(x->out, ",");
	json_text(x->out, "person", f->who ? f->who->name : NULL);
	buf_puts(x->out, ",");
	json_phone(x->out, "number", f->e164, x->q->unmasked);
	buf_puts(x->out, "}");
}

/* "清东湾社区 990121001001", or that there is no post. */
static const char *
place(struct season *x, division_code code, char out[PLACE_TEXT])
{
	sqlite3_stmt *st;
	char number[DIVISION_TEXT];

	if (!code)
		return WORD(season_no_post);
	st = read_query(x->r, "SELECT name FROM division WHERE code = ?", "i", code);
	division_format(number, code);
	if (read_step(x->r, st)) {
		snprintf(out, PLACE_TEXT, "%s %s", (const char *)sqlite3_column_text(st, 0), number);
		sqlite3_reset(st);
	} else {
		snprintf(out, PLACE_TEXT, "%s", number);
	}
	return out;
}
#define PLACE(x, code) place((x), (code), (char[PLACE_TEXT]){ 0 })

static const char *
phone(const struct season *x, int64_t e164, char out[PHONE_TEXT])
{
	(x->q->unmasked ? phone_format : phone_mask)(out, (uint64_t)e164);
	return out;
}
#define PHONE(x, e164) phone((x), (e164), (char[PHONE_TEXT]){ 0 })

static const char *
title(const struct season *x, size_t role)
{
	const struct role *r = &x->settings->roles[role];
	const char *said = r->title[x->q->lang == LANG_COUNT ? LANG_ZH : x->q->lang];

	return said ? said : r->name;
}

/* The titles of a family's roles. */
static void
titles(const struct season *x, size_t family, struct buf *out)
{
	const struct family *f = &x->settings->families[family];

	for (size_t i = 0; i < f->role_count; i++)
		buf_printf(out, "%s%s", out->len ? ", " : "", title(x, f->roles[i]));
}

/* -- people -- */

/* All of his posts must be within the rights, as everywhere; one of them within what was asked for. */
static bool
look_at_posts(struct season *x, struct whose *w)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT division, role, ord FROM post WHERE contact = ?", "i", w->id);
	int64_t first = INT64_MAX;
	bool all = true, any = false;

	while (read_step(x->r, st)) {
		division_code here = sqlite3_column_int64(st, 0);

		all &= sees(x, here);
		any |= is_within(x, here);
		for (size_t i = 0; i < x->settings->role_count && i < ROLES_MAX; i++)
			w->official |= x->official[i] && x->roles[i] == sqlite3_column_int64(st, 1);
		if (sqlite3_column_int64(st, 2) >= first || !is_within(x, here))
			continue;
		first = sqlite3_column_int64(st, 2);
		w->home = here;
	}
	return any ? all : !x->rights.division_count && !x->within;
}

static void
look_at_person(struct season *x, int64_t id, struct whose *w)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT ref, name FROM contact WHERE id = ? AND active = 1", "i", id);

	*w = (struct whose){ .id = id };
	if (!read_step(x->r, st))
		return;
	snprintf(w->ref, sizeof(w->ref), "%s", (const char *)sqlite3_column_text(st, 0));
	snprintf(w->name, sizeof(w->name), "%s", (const char *)sqlite3_column_text(st, 1));
	sqlite3_reset(st);
	w->visible = look_at_posts(x, w);
}

/* -- places: each kind is given the divisions in order of their codes -- */

typedef void (*place_fn)(struct season *x, division_code code, const char *params);

/* false: there are no more. */
static bool
walk_places(struct season *x, place_fn fn)
{
	division_code after = x->key[0], last = x->within ? x->range.last : INT64_MAX;
	sqlite3_stmt *st;
	size_t n = 0;

	if (x->within && after < x->range.first)
		after = x->range.first - 1;
	st = read_query(x->r, "SELECT code, params FROM division WHERE code > ? AND code <= ? ORDER BY code "
			"LIMIT ?", "iii", after, last, (int64_t)PIECE);
	while (!is_full(x) && read_step(x->r, st)) {
		x->key[0] = sqlite3_column_int64(st, 0);
		n++;
		if (sees(x, x->key[0]))
			fn(x, x->key[0], (const char *)sqlite3_column_text(st, 1));
	}
	if (is_full(x))
		sqlite3_reset(st);
	return n == PIECE || is_full(x);
}

/* Whoever holds it, or will be on duty in it. */
static bool
is_held(struct season *x, size_t role, division_code code)
{
	int64_t id = role < ROLES_MAX ? x->roles[role] : 0;

	return id && (read_number(x->r, read_query(x->r, "SELECT 1 FROM post WHERE role = ? AND division = ? "
						   "LIMIT 1", "ii", id, code)) ||
		      read_number(x->r, read_query(x->r, "SELECT 1 FROM roster WHERE role = ? AND division = ? "
						   "LIMIT 1", "ii", id, code)));
}

/* Has one of them a number that was not refused for good? */
static bool
is_reachable(struct season *x, size_t role, division_code code)
{
	int64_t id = role < ROLES_MAX ? x->roles[role] : 0;

	return id && (read_number(x->r, read_query(x->r, "SELECT 1 FROM post p JOIN number n ON n.contact = "
		"p.contact AND (n.sms OR n.voice) WHERE p.role = ? AND p.division = ? AND NOT EXISTS (SELECT 1 "
		"FROM reached x WHERE x.e164 = n.e164 AND x.bad_at IS NOT NULL) LIMIT 1", "ii", id, code)) ||
		read_number(x->r, read_query(x->r, "SELECT 1 FROM roster p JOIN number n ON n.contact = "
		"p.contact AND (n.sms OR n.voice) WHERE p.role = ? AND p.division = ? AND NOT EXISTS (SELECT 1 "
		"FROM reached x WHERE x.e164 = n.e164 AND x.bad_at IS NOT NULL) LIMIT 1", "ii", id, code)));
}

static bool
family_has(struct season *x, size_t family, division_code code,
	   bool (*has)(struct season *, size_t role, division_code))
{
	const struct family *f = &x->settings->families[family];

	for (size_t i = 0; i < f->role_count; i++)
		if (has(x, f->roles[i], code))
			return true;
	return false;
}

static bool
anybody(struct season *x, division_code code)
{
	enum tier tier = division_tier(code);

	for (size_t i = 0; i < x->needs.first_count[tier]; i++)
		if (family_has(x, x->needs.first[tier][i].family, code, is_reachable))
			return true;
	return false;
}

static void
place_nobody(struct season *x, division_code code, const char *params)
{
	enum tier tier = division_tier(code);
	struct buf roles = { 0 };
	struct said said;

	if (!x->needs.first_count[tier] || anybody(x, code))
		return;
	for (size_t i = 0; i < x->needs.first_count[tier]; i++)
		titles(x, x->needs.first[tier][i].family, &roles);
	SAY(&said, season_nobody, PLACE(x, code), roles.data);
	tell(x, &(struct finding){ .kind = "nobody", .division = code }, &said);
	buf_fini(&roles);
}

static void
place_role(struct season *x, division_code code, const char *params)
{
	enum tier tier = division_tier(code);

	if (!x->needs.first_count[tier] || !anybody(x, code))
		return;			/* that nobody is there has been said */
	for (size_t i = 0; i < x->needs.first_count[tier]; i++) {
		const struct season_first *first = &x->needs.first[tier][i];
		struct buf roles = { 0 };
		struct said said;

		if (family_has(x, first->family, code, is_held))
			continue;
		titles(x, first->family, &roles);
		SAY(&said, season_role_empty, PLACE(x, code), roles.data, first->policy);
		tell(x, &(struct finding){ .kind = "role_empty", .division = code }, &said);
		buf_fini(&roles);
	}
}

static void
place_officers(struct season *x, division_code code, const char *params)
{
	int role = settings_role(x->settings, OFFICER_ROLE);
	int64_t count;
	struct said said;

	if (division_tier(code) != TIER_TOWNSHIP || role < 0 || role >= ROLES_MAX)
		return;
	count = read_number(x->r, read_query(x->r, "SELECT count(DISTINCT contact) FROM post WHERE role = ? "
					     "AND division = ?", "ii", x->roles[role], code));
	if (count >= OFFICERS)
		return;
	SAY(&said, season_officers, PLACE(x, code), title(x, (size_t)role), NUM(count), NUM(OFFICERS));
	tell(x, &(struct finding){ .kind = "officers", .division = code }, &said);
}

static bool
is_there(json_t *params, const char *name)
{
	const char *value = json_string_value(json_object_get(params, name));

	return value && *value;
}

/* In any language: who reads another is given it all the same. */
static bool
has_param(json_t *params, const char *name)
{
	bool has = is_there(params, name);
	char own[80];

	for (int lang = 0; lang < LANG_COUNT && !has; lang++) {
		snprintf(own, sizeof(own), "%s_%s", name, lang_name((enum lang)lang));
		has = is_there(params, own);
	}
	return has;
}

static void
place_params(struct season *x, division_code code, const char *params)
{
	json_t *all;

	if (division_tier(code) != TIER_VILLAGE)
		return;
	all = json_loads(params ? params : "{}", 0, NULL);
	for (size_t i = 0; i < x->needs.param_count; i++) {
		const struct season_param *p = &x->needs.params[i];
		struct said said;

		if (has_param(all, p->name))
			continue;
		SAY(&said, season_text_lacks, PLACE(x, code), p->name, NUM(p->templates), p->template);
		tell(x, &(struct finding){ .kind = "text_lacks", .division = code }, &said);
	}
	json_decref(all);
}

/* -- numbers and people: each kind by its own list -- */

static bool
places_nobody(struct season *x)
{
	return walk_places(x, place_nobody);
}

static bool
places_role(struct season *x)
{
	return walk_places(x, place_role);
}

static bool
places_officers(struct season *x)
{
	return walk_places(x, place_officers);
}

static bool
places_params(struct season *x)
{
	return walk_places(x, place_params);
}

static bool
has_other(struct season *x, int64_t contact)
{
	return read_number(x->r, read_query(x->r, "SELECT 1 FROM number n WHERE n.contact = ? AND (n.sms OR "
		"n.voice) AND NOT EXISTS (SELECT 1 FROM reached x WHERE x.e164 = n.e164 AND x.bad_at IS NOT "
		"NULL) LIMIT 1", "i", contact));
}

/* Numbers refused for good: of people who have another one, or of those who have none. */
static bool
walk_bad(struct season *x, bool last)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT x.e164, n.contact FROM reached x JOIN number n ON n.e164 = "
		"x.e164 WHERE x.bad_at IS NOT NULL AND (x.e164, n.contact) > (?, ?) ORDER BY x.e164, n.contact "
		"LIMIT ?", "iii", x->key[0], x->key[1], (int64_t)PIECE);
	size_t n = 0;

	while (!is_full(x) && read_step(x->r, st)) {
		struct whose w;
		struct said said;

		x->key[0] = sqlite3_column_int64(st, 0);
		x->key[1] = sqlite3_column_int64(st, 1);
		n++;
		look_at_person(x, x->key[1], &w);
		if (!w.visible || has_other(x, w.id) == last)
			continue;
		if (last)
			SAY(&said, season_unreachable, PLACE(x, w.home), w.name, PHONE(x, x->key[0]));
		else
			SAY(&said, season_number_failed, PLACE(x, w.home), w.name, PHONE(x, x->key[0]));
		tell(x, &(struct finding){ .kind = last ? "unreachable" : "number_failed", .division = w.home,
					   .who = &w, .e164 = x->key[0] }, &said);
	}
	if (is_full(x))
		sqlite3_reset(st);
	return n == PIECE || is_full(x);
}

static bool
numbers_last(struct season *x)
{
	return walk_bad(x, true);
}

static bool
numbers_failed(struct season *x)
{
	return walk_bad(x, false);
}

/* Is it a person whom nothing may be sent to? */
static bool
people_mute(struct season *x)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT id, EXISTS (SELECT 1 FROM number n WHERE n.contact = "
		"contact.id AND (n.sms OR n.voice)) FROM contact WHERE id > ? AND active = 1 ORDER BY id LIMIT ?",
		"ii", x->key[0], (int64_t)PIECE);
	size_t n = 0;

	while (!is_full(x) && read_step(x->r, st)) {
		struct whose w;
		struct said said;

		x->key[0] = sqlite3_column_int64(st, 0);
		n++;
		if (sqlite3_column_int(st, 1))
			continue;
		look_at_person(x, x->key[0], &w);
		if (!w.visible)
			continue;
		SAY(&said, season_no_number, PLACE(x, w.home), w.name);
		tell(x, &(struct finding){ .kind = "unreachable", .division = w.home, .who = &w }, &said);
	}
	if (is_full(x))
		sqlite3_reset(st);
	return n == PIECE || is_full(x);
}

/* Two people with one number: officials are a mistake in the list, a household may well share one. */
static bool
walk_shared(struct season *x, bool officials)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT e164, contact, (SELECT min(b.contact) FROM number b WHERE "
		"b.e164 = a.e164 AND b.contact > a.contact) FROM number a WHERE (e164, contact) > (?, ?) "
		"ORDER BY e164, contact LIMIT ?", "iii", x->key[0], x->key[1], (int64_t)PIECE);
	size_t n = 0;

	while (!is_full(x) && read_step(x->r, st)) {
		struct whose w, other;
		struct said said;

		x->key[0] = sqlite3_column_int64(st, 0);
		x->key[1] = sqlite3_column_int64(st, 1);
		n++;
		if (!sqlite3_column_int64(st, 2))
			continue;
		look_at_person(x, x->key[1], &w);
		look_at_person(x, sqlite3_column_int64(st, 2), &other);
		if (!w.visible || !other.visible || (w.official && other.official) != officials)
			continue;
		if (officials)
			SAY(&said, season_number_shared, PHONE(x, x->key[0]), w.name, PLACE(x, w.home),
			    other.name, PLACE(x, other.home));
		else
			SAY(&said, season_number_household, PHONE(x, x->key[0]), w.name, PLACE(x, w.home),
			    other.name, PLACE(x, other.home));
		tell(x, &(struct finding){ .kind = officials ? "number_shared" : "number_household",
					   .division = w.home, .who = &w, .e164 = x->key[0] }, &said);
	}
	if (is_full(x))
		sqlite3_reset(st);
	return n == PIECE || is_full(x);
}

static bool
numbers_shared(struct season *x)
{
	return walk_shared(x, true);
}

static bool
numbers_household(struct season *x)
{
	return walk_shared(x, false);
}

static void
day_text(char out[16], msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
		*out = '\0';
}

/* Refused for good is worse, and has been said. */
static bool
numbers_unverified(struct season *x)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT n.contact, n.pos, n.e164, coalesce(x.good_at, 0), "
		"x.bad_at IS NOT NULL FROM number n LEFT JOIN reached x ON x.e164 = n.e164 WHERE "
		"(n.contact, n.pos) > (?, ?) ORDER BY n.contact, n.pos LIMIT ?", "iii", x->key[0], x->key[1],
		(int64_t)PIECE);
	size_t n = 0;

	while (!is_full(x) && read_step(x->r, st)) {
		int64_t e164 = sqlite3_column_int64(st, 2);
		msec good_at = sqlite3_column_int64(st, 3);
		struct whose w;
		struct said said;
		char day[16];

		x->key[0] = sqlite3_column_int64(st, 0);
		x->key[1] = sqlite3_column_int64(st, 1);
		n++;
		if (good_at >= x->since || sqlite3_column_int(st, 4))
			continue;
		look_at_person(x, x->key[0], &w);
		if (!w.visible)
			continue;
		day_text(day, good_at);
		if (good_at)
			SAY(&said, season_unverified, PLACE(x, w.home), w.name, PHONE(x, e164), day);
		else
			SAY(&said, season_never, PLACE(x, w.home), w.name, PHONE(x, e164));
		tell(x, &(struct finding){ .kind = "unverified", .division = w.home, .who = &w,
					   .e164 = e164 }, &said);
	}
	if (is_full(x))
		sqlite3_reset(st);
	return n == PIECE || is_full(x);
}

static bool
people_language(struct season *x)
{
	sqlite3_stmt *st = read_query(x->r, "SELECT id, lang_said FROM contact WHERE id > ? AND active = 1 "
				      "ORDER BY id LIMIT ?", "ii", x->key[0], (int64_t)PIECE);
	size_t n = 0;

	while (!is_full(x) && read_step(x->r, st)) {
		struct whose w;
		struct said said;

		x->key[0] = sqlite3_column_int64(st, 0);
		n++;
		if (sqlite3_column_int(st, 1))
			continue;
		look_at_person(x, x->key[0], &w);
		if (!w.visible)
			continue;
		SAY(&said, season_language, PLACE(x, w.home), w.name);
		tell(x, &(struct finding){ .kind = "language", .division = w.home, .who = &w }, &said);
	}
	if (is_full(x))
		sqlite3_reset(st);
	return n == PIECE || is_full(x);
}

/* Nothing is wrong with a list that is not there, and nobody is called. */
static bool
lists_empty(struct season *x)
{
	struct said said;

	if (read_number(x->r, read_query(x->r, "SELECT 1 FROM division LIMIT 1", "")))
		return false;
	SAY(&said, season_empty);
	tell(x, &(struct finding){ .kind = "no_lists" }, &said);
	return false;
}

/* In the order in which they fail at 02:10.  Each goes on behind its key; false: it is through. */
static bool (*const kinds[])(struct season *) = {
	lists_empty, places_nobody, numbers_last, people_mute, places_role, places_officers, numbers_failed,
	places_params, numbers_shared, numbers_unverified, people_language, numbers_household,
};
#define KINDS ((int64_t)(sizeof(kinds) / sizeof(*kinds)))

static void
load_roles(struct season *x)
{
	for (size_t i = 0; i < x->settings->role_count && i < ROLES_MAX; i++) {
		x->roles[i] = read_number(x->r, read_query(x->r, "SELECT id FROM role WHERE name = ?", "t",
							   x->settings->roles[i].name));
		x->official[i] = season_is_official(x->settings, i);
	}
}

/* A mistyped code must not look like a place where all is well. */
static int
look_at_range(struct season *x, struct err *err)
{
	char code[DIVISION_TEXT];

	x->range = division_range(x->q->filter.division);
	if (read_number(x->r, read_query(x->r, "SELECT 1 FROM division WHERE code >= ? AND code <= ? LIMIT 1",
					 "ii", x->range.first, x->range.last)))
		return 0;
	division_format(code, x->q->filter.division);
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "division"), no_division, code);
}

int
read_season(struct reader *r, const struct read_query *q, const struct settings *s, msec now,
	    struct buf *out, struct err *err)
{
	struct season x = { .r = r, .q = q, .settings = s, .rights = rights_of(s, &q->by), .out = out,
			    .limit = read_limit(q), .within = q->filter.division != 0,
			    .since = q->filter.since ? q->filter.since : now - SINCE_MS };
	int64_t at[3];

	if (read_cursor(q->after, at, 3) < 0 || at[0] > KINDS)
		return err_say(err, REFUSED_UNREADABLE, about_name(CONCEPT_QUERY, "after"), cursor_bad, q->after);
	if (x.within && look_at_range(&x, err) < 0)
		return -1;
	season_needs(s, &x.needs);
	load_roles(&x);
	x.key[0] = at[1];
	x.key[1] = at[2];
	buf_puts(out, "{\"findings\":[");
	while (at[0] < KINDS && !is_full(&x) && read_has_time(r))
		if (!kinds[at[0]](&x)) {
			at[0]++;
			x.key[0] = x.key[1] = 0;
		}
	if (at[0] < KINDS)
		buf_printf(out, "],\"next\":\"%lld.%lld.%lld\"}", (long long)at[0], (long long)x.key[0],
			   (long long)x.key[1]);
	else
		buf_puts(out, "],\"next\":null}");
	return 0;
}
