/* store.h -- gong's state on disk, in the words of the domain; the one place that names SQL.
 * Used by the engine thread only (readers have read.h).  Everything happens inside a turn:
 * store_begin … store_commit.  Trouble with the disk is sticky: once a call has failed, all
 * further calls of the turn do nothing and return 0/false/-1, and store_commit returns -1 with
 * the reason; the caller throws away what it had in memory and tries the turn again later.
 *
 * A function with a callback calls it once a row, while it walks.  What the callback is given is
 * valid during that call only.  It may call any function here, the same one too; a row that it
 * writes into what is being walked may be met or not.  store_begin, _commit and _undo are not to
 * be called from inside (asserted). */
#ifndef GONG_STORE_H
#define GONG_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/division.h"
#include "core/err.h"
#include "core/msec.h"
#include "core/words.h"
#include "daemon/contract/contract.h"
#include "daemon/store/guard.h"

struct store;
struct hand_page;

/* Opens or creates; refuses a file whose header, schema or vital tables (check.h) are damaged,
 * saying how to restore.  Other tables are read through for a second at most; what is found is in
 * store_damaged.  Caller owns *out. */
int store_open(struct store **out, const char *path, struct err *);
/* The same, for whoever wants to hear what goes on: before a store is brought to a newer schema a
 * copy of it is made (copy.h), and both can take longer than a start may. */
struct store_news {
	void (*upgrade)(void *ctx, int from, int to, const char *copy);	/* the copy is there, it begins */
	void (*busy)(void *ctx);	/* every second or so; may come from inside a statement */
	void *ctx;
	bool is_copy;			/* it is one itself: no other is made, and nothing is told */
};
int store_open_heard(struct store **out, const char *path, const struct store_news *, struct err *);
void store_close(struct store *);
int store_schema(void);			/* that this gong knows */
/* From now on damage is noted there; borrowed until store_close. */
void store_set_guard(struct store *, struct guard *);
/* What is in hand is written there (hand.h); borrowed, NULL in tests. */
void store_set_hand(struct store *, struct hand_page *);
struct hand_page *store_hand(const struct store *);
/* The set of tables known to be damaged, by whoever met them. */
table_set store_damaged(const struct store *);
struct guard *store_guard(const struct store *);	/* NULL: none */

void store_begin(struct store *);
/* -1: nothing of the turn was kept; err->field is "full" when the disk is. */
int store_commit(struct store *, struct err *);
bool store_failed(const struct store *);
/* The list read last ended at a damaged page. */
bool store_was_cut(const struct store *);
/* store_commit failed because a page is damaged. */
bool store_met_damage(const struct store *);
/* store_commit failed because of what was to be written (a constraint, a size, the statement itself):
 * a fault of gong's own, which no repair of the disk mends. */
bool store_met_fault(const struct store *);
const char *store_reason(const struct store *);	/* SQLite's word for the last failure */
/* store_commit failed because of damage that the same turn, run at once, will read around. */
bool store_wants_again(const struct store *);
/* Some table is damaged: messages and their numbers are read apart, lists of rows key by key, what may
 * be read in part as it was committed last. */
bool store_is_careful(struct store *);
/* While it is on, and damage was met, every table is read as far as it goes, as it was committed last. */
void store_read_in_part(struct store *, bool on);
/* Between turns: was an index that the last one may have met made anew?  A damaged index stops what is
 * read by it and written to it, and its table has all that it had.  Each table is tried once. */
bool store_mend(struct store *);
table_set store_made_anew(const struct store *);	/* the set of tables for which it was done */
/* Very many rows are being written, over many turns: the log goes into the file in smaller bites, so that
 * no commit in between takes long. */
void store_writes_lists(struct store *, bool on);
bool store_changed(const struct store *);	/* has this turn written anything? */
int store_changes(const struct store *);	/* differs once anything was written */
unsigned long store_statements(const struct store *);	/* run since it was opened */
/* One command inside a turn: either all of it or, after store_undo, none of it. */
void store_mark(struct store *);
void store_keep(struct store *);
void store_undo(struct store *);

/* For tests: the work of SQLite's machine since the store was opened, in its own steps (some 20 a
 * row); what a clock would measure, the same on every machine. */
unsigned long store_steps(const struct store *);
/* For tests: the query plan, a step a call, of every statement used so far. */
typedef void (*explain_fn)(void *ctx, const char *sql, const char *step);
void store_explain(struct store *, explain_fn, void *ctx);

int64_t store_meta_get(struct store *, const char *name, int64_t otherwise);
void store_meta_set(struct store *, const char *name, int64_t value);

/* -- people and places (people.c) -- */
struct person {
	uint32_t id;
	enum lang lang;
	bool active;
	char ref[64], name[128];
};
struct holder {			/* somebody who holds a role somewhere */
	uint32_t contact;
	enum lang lang;
	unsigned order;
	division_code division;
};
typedef void (*holder_fn)(void *ctx, const struct holder *);
typedef void (*contact_fn)(void *ctx, uint32_t contact);

int64_t store_role_id(struct store *, const char *name);	/* made when new */
int64_t store_route_id(struct store *, const char *name);
bool store_division_get(struct store *, division_code, char name[128], char **params);
typedef void (*division_fn)(void *ctx, division_code);
void store_divisions_in(struct store *, struct division_range, enum tier, division_fn, void *ctx);
/* Holders of a role in a range of divisions, ordered by division, order, contact. */
void store_holders(struct store *, int64_t role, struct division_range, holder_fn, void *ctx);
/* The same, a page at a time: up to `max` holders after `after`; returns how many. */
size_t store_holders_after(struct store *, int64_t role, struct division_range,
			   const struct holder *after, size_t max, holder_fn, void *ctx);
size_t store_holders_count(struct store *, int64_t role, struct division_range, size_t limit);
/* Who is on the roster for a duty role at `at`. */
void store_on_duty(struct store *, int64_t role, division_code, msec at, holder_fn, void *ctx);
bool store_person_by_ref(struct store *, const char *ref, struct person *);
bool store_person_by_id(struct store *, uint32_t contact, struct person *);
size_t store_persons_by_number(struct store *, uint64_t e164, uint32_t *out, size_t max);
/* The number a message would go to: the first usable one from a position on; 0 = none, or none that
 * can be read. */
uint64_t store_number_from(struct store *, uint32_t contact, enum channel, unsigned pos);
/* Position of the next number after this one that is usable for the channel, -1 if none. */
int store_number_after(struct store *, uint32_t contact, enum channel, uint64_t e164);
/* Position of the number for the `turn`th call (from 0): the usable ones in turn, over and over. */
unsigned store_number_in_turn(struct store *, uint32_t contact, enum channel, unsigned turn);
/* -- reached.c: a number of the lists was seen to work, or was refused for good -- */
void store_number_good(struct store *, uint64_t e164, msec at);
void store_number_bad(struct store *, uint64_t e164, msec at);
/* The same of the number that an attempt went to, when it was delivered; of a test nothing is noted. */
void store_attempt_reached(struct store *, uint32_t wave, uint32_t contact, unsigned attempt, msec at);

/* `out` false: he wants them again.  `text`: what he wrote, or NULL. */
void store_opt_out(struct store *, uint32_t contact, bool out, msec at, const char *text);
void store_opted_out(struct store *, contact_fn, void *ctx);	/* all who have */
bool store_has_opted_out(struct store *, uint32_t contact);

/* shape.c -- where places lie: WKT (core/shape.h), from the heap; NULL: it is not known. */
struct shape {
	char *area, *seat;
};
void shape_free(struct shape *);	/* what it points to */
bool store_shape_get(struct store *, division_code, struct shape *out);	/* out: may be NULL */
/* What it does not say stays as it was; the shapes are of another generation then. */
void store_shape_put(struct store *, division_code, const struct shape *);
/* Grows with each shape written: who holds a copy of them sees whether it is old. */
int64_t store_shape_generation(struct store *);

void store_division_put(struct store *, division_code, const char *name, const char *params);
/* Returns the contact's id; replaces numbers, removes its posts. */
uint32_t store_person_put(struct store *, const char *ref, const char *name, enum lang,
			  bool active, const uint64_t numbers[4], unsigned sms, unsigned voice);
/* Did the list say his language?  Else the site's was taken; who is new counts as said. */
void store_person_lang_said(struct store *, uint32_t contact, bool said);
void store_post_put(struct store *, int64_t role, division_code, unsigned order, uint32_t contact,
		    enum lang);
/* A post of somebody who is not active: kept, and nobody is called by it. */
void store_post_rest(struct store *, int64_t role, division_code, unsigned order, uint32_t contact);
void store_roster_put(struct store *, int64_t role, division_code, msec from_at, msec to_at,
		      uint32_t contact);

int64_t store_role_after(struct store *, int64_t role);		/* the next id; 0 = there is none */
/* In order, those of the range behind `after`; returns how many. */
size_t store_divisions_after(struct store *, struct division_range, division_code after, size_t max,
			     division_fn, void *ctx);
bool store_roster_get(struct store *, int64_t role, division_code, msec from_at, uint32_t contact, msec *to_at);
void store_posts_drop(struct store *, uint32_t contact, struct division_range);
void store_person_deactivate(struct store *, uint32_t contact);
/* Is there a duty of his that is not over? */
bool store_has_duty(struct store *, uint32_t contact, msec now);

/* -- person.c: one person or place whole, as the desk changes it -- */

#define PERSON_NUMBERS 4
struct person_numbers {
	uint64_t e164[PERSON_NUMBERS];	/* in order of preference, 0 ends */
	unsigned sms, voice;		/* bit i: number i may be used for it */
};
struct person_post {
	int64_t role;
	division_code division;
	unsigned order;
};
typedef void (*post_fn)(void *ctx, const struct person_post *);
void store_person_numbers(struct store *, uint32_t contact, struct person_numbers *);
/* Also those that rest because he is not active. */
void store_person_posts(struct store *, uint32_t contact, post_fn, void *ctx);
/* Grows with each writing; 0: there is no such person, no such place. */
int64_t store_person_version(struct store *, uint32_t contact);
int64_t store_division_version(struct store *, division_code);
bool store_role_name(struct store *, int64_t role, char name[64]);

/* -- tags.c: what people can or have -- */

#define TAG_BYTES 128			/* of a tag, with its NUL */
#define PERSON_TAGS_MAX 16
#define TAGS_MAX 1000			/* different ones */
typedef void (*tag_fn)(void *ctx, const char *tag);
void store_tags_of(struct store *, uint32_t contact, tag_fn, void *ctx);	/* in their order */
void store_tag_put(struct store *, uint32_t contact, const char *tag);
/* All of the person, or with `prefix` ("skills:") those that begin so. */
void store_tags_drop(struct store *, uint32_t contact, const char *prefix);
size_t store_tags_count(struct store *);	/* different ones */
int64_t store_tag_id(struct store *, const char *tag);	/* 0: nobody has it */
/* Up to `max` active contacts with the tag after that contact, in order; returns how many. */
typedef void (*tagged_fn)(void *ctx, uint32_t contact, enum lang);
size_t store_tagged(struct store *, int64_t tag, uint32_t after, size_t max, tagged_fn, void *ctx);
/* Of an alert, frozen: false: it is not. */
bool store_alert_tagged(struct store *, int64_t alert, tagged_fn, void *ctx);
void store_alert_tagged_put(struct store *, int64_t alert, uint32_t contact);	/* contact 0: frozen */

/* -- cards.c: a contact as a list names him -- */
struct card {
	uint32_t id;			/* 0: he is not in the store */
	enum lang lang;
	bool lang_said;			/* by a list; else it is the site's */
	bool active;
	char ref[64], name[128];
	uint64_t numbers[PERSON_NUMBERS];	/* E.164 in order of preference, 0 ends */
	unsigned sms, voice;		/* bit i: number i may be used for it */
	char tags[PERSON_TAGS_MAX][TAG_BYTES];	/* in their order, each once */
	size_t tag_count;
	struct person_post *posts;	/* its own; sorted and each once, but where card_post_add is at work */
	size_t post_count, post_cap;
};
void card_clear(struct card *);		/* keeps the memory of the posts */
void card_fini(struct card *);
void card_post_add(struct card *, int64_t role, division_code, unsigned order);
void card_sort(struct card *);
void card_tag_add(struct card *, const char *tag);		/* one too many is left out */
bool card_is(const struct card *, const struct card *);		/* the same but for the id */
void card_encode(const struct card *, struct buf *);		/* as JSON, the same for the same */
int card_decode(struct card *, const char *ref, const char *json);	/* -1: not what card_encode made */
bool store_card_get(struct store *, const char *ref, struct card *out);
/* Writes what differs; fills now->id.  `was`: as store_card_get has it in this turn, id 0 = not there. */
void store_card_put(struct store *, const struct card *was, struct card *now);

/* -- staged.c: imports that were compared with the store and wait to be applied -- */
#define STAGED_LOST_BYTES 1600
/* Append only.  CHECKING to REMOVING: it is being applied. */
enum stage { STAGE_STAGING, STAGE_READY, STAGE_CHECKING, STAGE_LOOKING, STAGE_WRITING, STAGE_REMOVING,
	     STAGE_APPLIED, STAGE_GONE, STAGE_COUNT };
const char *stage_name(enum stage);		/* "applying" of several */
enum staged_change { STAGED_ADDED, STAGED_CHANGED, STAGED_UNCHANGED, STAGED_MISSING, STAGED_CHANGES };
const char *staged_change_name(enum staged_change);
enum staged_gone { GONE_NOT, GONE_DROPPED, GONE_EXPIRED, GONE_RESTARTED, GONE_DAMAGED };
struct staged {
	int64_t id;
	enum import_kind kind;
	enum stage stage;
	enum staged_gone gone;			/* why, with STAGE_GONE */
	struct principal by;			/* whose it is; kind and name only */
	int64_t generation;			/* of the lists, before they were compared */
	division_code within;			/* 0: anywhere */
	bool replace, confirmed;		/* as it is being applied */
	msec at, expires_at;			/* expires_at: of what is over, when it is forgotten */
	int64_t rows, count[STAGED_CHANGES];	/* rows of the file; entries by their change */
	int64_t inside;				/* contacts with a post within */
	int64_t cursor;				/* of its stage: the last seq that is done */
	int64_t touched, removed, deactivated;	/* of what was applied: left as somebody else made it meanwhile … */
	int64_t lost;				/* open targets that would have nobody left … */
	char lost_at[STAGED_LOST_BYTES];	/* … the first of them: a JSON array, or "" */
};
struct staged_row {
	enum staged_change change;
	int64_t seq;				/* ascending from 1; MISSING: the contact */
	const char *key;			/* a contact's ref, a division's code */
	unsigned line;				/* of the file; 0 = it is not there */
	uint64_t was;				/* table_key of what the store had; 0 = nothing */
	const char *old, *new;			/* JSON; old of CHANGED and MISSING, new of ADDED and CHANGED */
};
typedef void (*staged_fn)(void *ctx, const struct staged *);
typedef void (*staged_row_fn)(void *ctx, const struct staged_row *);
int64_t store_staged_new(struct store *, const struct staged *);
bool store_staged_get(struct store *, int64_t id, struct staged *);
void store_staged_set(struct store *, const struct staged *);	/* what may change of it */
void store_staged_all(struct store *, staged_fn, void *ctx);
void store_staged_drop(struct store *, int64_t id);		/* its rows must be gone */
void store_staged_row_put(struct store *, int64_t import, const struct staged_row *);
/* In order, up to `max` after `after` (0 = from the first); returns how many. */
size_t store_staged_rows(struct store *, int64_t import, enum staged_change, int64_t after, size_t max,
			 staged_row_fn, void *ctx);
bool store_staged_is_missing(struct store *, int64_t import, uint32_t contact);
int staged_gone_say(const struct staged *, struct err *);	/* -1; err: why it is gone */
/* For clients: docs/api.md. */
void staged_json(const struct staged *, struct buf *);
size_t store_staged_rows_drop(struct store *, int64_t import, size_t max);	/* how many went */
/* Differs once a list of places, people or duties was written, in this turn too. */
int64_t store_lists_generation(struct store *);

/* -- documents -- */
int64_t store_document_put(struct store *, const char *kind, const char *name, const char *body,
			   const unsigned char sha256[32]);
/* Caller frees *name and *body. */
bool store_document_get(struct store *, int64_t id, char **name, char **body);

/* -- alerts (alerts.c) -- */
enum alert_state { ALERT_HELD, ALERT_ACTIVE, ALERT_SATISFIED, ALERT_EXHAUSTED, ALERT_CANCELLED,
		   ALERT_EXPIRED, ALERT_STATE_COUNT };
const char *alert_state_name(enum alert_state);
bool alert_is_open(enum alert_state);		/* held, active or exhausted */

/* What keeps an open alert from calling anybody until a person at the desk takes it away. */
#define ALERT_HOLD_RESTORED 1		/* it was open in a store that was put back (epoch.h) */

struct alert {
	int64_t id;
	int64_t template, policy;		/* documents; policy 0 = none */
	enum severity severity;
	bool drill, test;
	enum alert_state state;
	char code[16], kind[64];
	msec accepted_at, released_at, expires_at, deadline_at, closed_at, due_at;
	int64_t replaces, replaced_by;
	unsigned step;
	unsigned long targets, satisfied;
	bool hurry;
	bool own_expiry;			/* only for store_alert_insert */
	unsigned holds;				/* a set of ALERT_HOLD_…; 0: nothing keeps it */
	msec held_at;				/* where its clock stands meanwhile; NEVER with holds 0 */
	char *body;				/* store_alert_get: borrowed until the next call */
};
/* Is there an alert under this key?  Fills id and digest. */
bool store_alert_by_key(struct store *, const char *key, int64_t *id, unsigned char digest[32]);
int64_t store_alert_insert(struct store *, const struct alert *, const char *key,
			   const unsigned char digest[32], const char *client);
int64_t store_alert_last(struct store *);
uint32_t store_wave_last(struct store *);
bool store_alert_get(struct store *, int64_t id, struct alert *);
bool store_alert_client(struct store *, int64_t id, char name[128]);	/* who sent it */
void store_alert_update(struct store *, const struct alert *);	/* the changing columns */
/* It and what it has under way are good until then; an instant that somebody else gave. */
void store_alert_extend(struct store *, int64_t id, msec until);
/* The version of the template `name` that an alert runs on; 0 = it named none. */
void store_alert_document_put(struct store *, int64_t alert, const char *name, int64_t document);
int64_t store_alert_document(struct store *, int64_t alert, const char *name);
/* Documents of the policies that open alerts run on. */
typedef void (*document_fn)(void *ctx, int64_t document);
void store_policies_in_use(struct store *, document_fn, void *ctx);
/* Alerts to look at: up to `max` ids with due_at <= now, earliest first. */
size_t store_alerts_due(struct store *, msec now, int64_t *out, size_t max);
msec store_alerts_next_due(struct store *);
void store_clock_shift(struct store *, msec by);

struct target {
	unsigned id;
	division_code division;
	uint32_t contact;
	int level;
	bool nobody;				/* only from store_targets_short */
	int64_t moved_to;			/* the alert that took it over; 0 = it is still ours */
};
typedef void (*target_fn)(void *ctx, const struct target *);
void store_target_insert(struct store *, int64_t alert, const struct target *);
/* Those that have not moved.  One that has is frozen: no level counts it, none changes it. */
void store_targets(struct store *, int64_t alert, int below, target_fn, void *ctx);
/* Those below a level that have not moved to another alert, by place. */
void store_targets_short(struct store *, int64_t alert, int below, target_fn, void *ctx);
/* In order of their ids, `after` -1 from the first. */
void store_targets_after(struct store *, int64_t alert, int64_t after, size_t max, target_fn, void *ctx);
void store_target_nobody(struct store *, int64_t alert, unsigned target, bool nobody);
/* Has the person a number for one of these channels that was not refused for good in the alert? */
bool store_can_be_called(struct store *, uint32_t contact, int64_t alert, bool sms, bool voice);
typedef void (*alert_id_fn)(void *ctx, int64_t alert);
void store_alerts_open(struct store *, size_t max, alert_id_fn, void *ctx); /* with targets, newest first */
int64_t store_alert_open_before(struct store *, int64_t alert);	/* the next older one; 0 = none */
bool store_target_get(struct store *, int64_t alert, unsigned target, struct target *);
bool store_target_by_division(struct store *, int64_t alert, division_code, struct target *);
/* `parted`: some may have moved. */
void store_target_levels(struct store *, int64_t alert, bool parted, size_t at_level[LEVEL_COUNT]);
void store_called_put(struct store *, uint32_t contact, int64_t alert, unsigned target,
		      unsigned step);
/* In order, those after `after` (-1 = from the first). */
size_t store_called_targets(struct store *, uint32_t contact, int64_t alert, int64_t after,
			    unsigned *out, size_t max);
/* Lowest level among the targets this person was called for; LEVEL_COUNT if none, or all moved. */
int store_called_lowest(struct store *, uint32_t contact, int64_t alert);
bool store_was_called(struct store *, uint32_t contact, int64_t alert);	/* for any target, moved or not */
/* Alerts a person was called for, newest first. */
size_t store_called_alerts(struct store *, uint32_t contact, int64_t *out, size_t max);

/* -- moved.c: targets that another alert took over -- */
void store_target_move(struct store *, int64_t alert, unsigned target, int64_t to);
void store_targets_all(struct store *, int64_t alert, target_fn, void *ctx);	/* moved ones, too */
/* Alerts of which some target may have moved. */
void store_alerts_parted(struct store *, alert_id_fn, void *ctx);
/* Those that will take over targets of this one when they are released. */
void store_replacements_held(struct store *, int64_t alert, alert_id_fn, void *ctx);
/* All that a person was called for in an alert, moved or not. */
void store_called_for(struct store *, uint32_t contact, int64_t alert, target_fn, void *ctx);
void store_posts_of(struct store *, uint32_t contact, division_fn, void *ctx);

/* -- told.c -- */
/* Alerts in which this person has a message without being called for a target: helpers, recipients
 * of an inform step or a correction; newest first, however long ago. */
size_t store_told_alerts(struct store *, uint32_t contact, int64_t *out, size_t max);
/* Waves that only that looks through one by one, because the index does not hold them yet. */
size_t store_told_behind(struct store *);
/* Writes the oldest of them into the index, up to `rows` messages of up to `waves` waves; `done` waves
 * are in it whole.  false: there is none, or the oldest is still being planned. */
bool store_told_slice(struct store *, size_t rows, size_t waves, size_t *done);
/* A message was added to a wave that has gone out: if the index holds that, it is added there. */
void store_told_late(struct store *, uint32_t wave, uint32_t contact);

struct answer {
	int64_t alert;
	uint32_t contact;
	division_code division;
	msec at;
	enum answer_source { SOURCE_SMS, SOURCE_KEY, SOURCE_CALL, SOURCE_MISSED_CALL, SOURCE_DESK,
			     SOURCE_API } source;
	enum answer_kind kind;
	int level, step;
	bool helper;
	const char *text, *name, *note;
	/* A person's: for which it counts, in order (engine_counts_for). */
	const unsigned *targets;
	size_t target_count;
	uint32_t wave;			/* of the message it answers; 0 = not known */
	int minutes;			/* until he is there, as he says; 0 = he did not */
};
void store_answer_insert(struct store *, const struct answer *);
bool store_has_answered(struct store *, int64_t alert, uint32_t contact);
/* In that wave's calls, and has said nothing else since. */
bool store_has_pressed(struct store *, int64_t alert, uint32_t contact, uint32_t wave, const char *key);
bool store_has_answered_since(struct store *, int64_t alert, uint32_t contact, msec at);
/* Persons whose last word was that they cannot. */
void store_answered_cannot(struct store *, int64_t alert, contact_fn, void *ctx);
/* Persons whose highest answer is at least `level`. */
void store_answered_at(struct store *, int64_t alert, int level, holder_fn, void *ctx);

/* -- standing.c: a target stands at the highest standing answer of its people, a team at its n-th
 * highest; contact 0 is the desk -- */
/* A person's lower answer lowers nothing; the desk's word is as it says. */
void store_standing_put(struct store *, int64_t alert, unsigned target, uint32_t contact, int level,
			msec at);
/* He takes back all that he has said for it; that he once picked up the telephone is no word of his. */
void store_standing_drop(struct store *, int64_t alert, unsigned target, uint32_t contact);
int store_standing_nth(struct store *, int64_t alert, unsigned target, unsigned n);
/* Raises only; true if it did.  `step`: the next one of the ladder, for which it counts. */
bool store_target_raise(struct store *, int64_t alert, unsigned target, int level, unsigned step,
			const struct answer *by);
struct target_fall {
	unsigned target;
	division_code division;
	int from, to;			/* levels */
	int64_t rose;			/* see target_rose */
};
/* Which step was next when it came to stand at that level or above, where it then stayed. */
int target_rose(const struct target_fall *, int level);
/* Down to what still stands, as the n-th highest; true if that is lower than before. */
bool store_target_fall(struct store *, int64_t alert, unsigned target, unsigned n,
		       struct target_fall *out);

/* -- catch_up.c: targets that fell back, with the steps to be taken for them -- */
struct catch_up {
	unsigned target;
	uint64_t steps;			/* bit i: the i-th */
	msec taken_at;			/* when that was done last; NEVER = not yet */
};
void store_catch_up_add(struct store *, int64_t alert, unsigned target, uint64_t steps);
/* Unless that target had a catch-up of any sort before; true: it is noted. */
bool store_catch_up_first(struct store *, int64_t alert, unsigned target, uint64_t steps);
/* Up to `max` of the oldest alert that has some; 0: there are none. */
size_t store_catch_up_next(struct store *, int64_t *alert, struct catch_up *out, size_t max);
/* They are taken, or (NEVER) will not be. */
void store_catch_up_taken(struct store *, int64_t alert, unsigned target, msec at);

void store_event(struct store *, int64_t alert, msec at, const char *what, const char *detail);
/* 0: its table is damaged, and the log has to do. */
int64_t store_task_open(struct store *, int64_t alert, const char *kind, const struct said *,
			msec at);
/* The same, unless an open one of that kind and alert (0 = none) says the same. */
size_t store_tasks_open(struct store *, const char *kind);	/* how many */
void store_task_once(struct store *, int64_t alert, const char *kind, const struct said *, msec at);
/* Closes gong's own open tasks of a kind that are about no alert; true: there were some. */
bool store_tasks_over(struct store *, const char *kind, const struct said *note, msec at);
#define WHO_TEXT 256			/* a person's name, and the principal's behind it */
/* One that grows: its text is made anew, its urgency never falls. */
struct growing {
	int64_t alert;			/* 0: about none */
	uint32_t contact;		/* about whom; 0 = nobody in particular */
	uint64_t e164;			/* of somebody known by his number only; 0 = none */
	const char *kind;
	struct said said;
	int urgency;
	unsigned long count;		/* of places, people or texts */
	const char *places, *words;	/* JSON; NULL: none, and no words more than before */
};
/* The open one of that kind about them; 0: none.  `words` (or NULL) is what was written so far, which
 * the caller frees; NULL: nothing. */
int64_t store_task_find(struct store *, int64_t alert, uint32_t contact, uint64_t e164,
			const char *kind, char **words);
/* The open one about places that do not stand as asked, whichever of its causes came first. */
int64_t store_task_short(struct store *, int64_t alert, char kind[16]);
int64_t store_task_new(struct store *, const struct growing *, msec at);
void store_task_grow(struct store *, int64_t task, const struct growing *, msec at); /* at 0: no news */
struct task {
	int64_t id, alert;		/* alert 0: it is about none */
	uint32_t contact;		/* about whom; 0 = nobody in particular */
	bool is_open;
	msec closed_at, taken_at;	/* 0 = it is not */
	char closed_by[WHO_TEXT], taken_by[WHO_TEXT];
};
bool store_task_get(struct store *, int64_t id, struct task *out);
/* It is his from now on, whoever had it before. */
void store_task_take(struct store *, int64_t task, const char *by, msec at);
/* Added to what the desk wrote before; the task stays open. */
void store_task_note(struct store *, int64_t task, const char *by, const char *text, msec at);
bool store_task_close(struct store *, int64_t task, const char *by, const char *note, msec at);
/* gong itself closes one that is over; false: it was closed before. */
bool store_task_over(struct store *, int64_t task, const struct said *note, msec at);
void store_audit(struct store *, msec at, const char *actor, const char *action,
		 const char *detail);

/* The posts that a person holds, in no order. */
typedef void (*seat_fn)(void *ctx, int64_t role, division_code);
void store_seats(struct store *, uint32_t contact, seat_fn, void *ctx);

/* -- reach.c: is all of it within these divisions? -- */
/* The posts that a person holds, and the duties from `now` on; one who has none is within any. */
bool store_posts_within(struct store *, uint32_t contact, const struct division_range *,
			size_t count, msec now);
/* Whatever the person was called for in the alert; false: for nothing. */
bool store_called_within(struct store *, uint32_t contact, int64_t alert,
			 const struct division_range *, size_t count);

/* -- waves and messages (messages.c) -- */
enum wave_kind { WAVE_CALL, WAVE_INFORM, WAVE_HELPER, WAVE_CORRECTION, WAVE_REPLY };
enum wave_state { WAVE_PLANNING, WAVE_OPEN, WAVE_FINISHED, WAVE_WITHDRAWN, WAVE_EXPIRED };

struct wave {
	uint32_t id;
	int64_t alert;
	int step;
	unsigned position;
	enum channel channel;
	enum wave_kind kind;
	enum wave_state state;
	enum severity severity;
	bool drill;
	int64_t template;
	int below;
	msec expires_at, planned_at;
	uint32_t cursor;
	unsigned long segments;			/* parts of the texts of all its rows */
	/* rows by state; queued = total less the rest */
	unsigned long total, count[8];		/* by enum message_state; [QUEUED] unused */
};
/* With the id it has, or the next one when that is 0. */
uint32_t store_wave_insert(struct store *, const struct wave *);
/* Its cursor and counts, and its state when that has changed. */
void store_wave_update(struct store *, const struct wave *, bool new_state);
bool store_wave_get(struct store *, uint32_t id, struct wave *);
typedef void (*wave_fn)(void *ctx, const struct wave *);
typedef void (*wave_lost_fn)(void *ctx, uint32_t id);	/* its row lies on a damaged page */
void store_waves_open(struct store *, wave_fn, wave_lost_fn, void *ctx);
/* All but automatic replies, of which it may have as many as people. */
void store_waves_of(struct store *, int64_t alert, wave_fn, void *ctx);
uint32_t store_wave_last_contact(struct store *, uint32_t wave);	/* planned so far */

struct variant {			/* a text as it is sent; all borrowed */
	int64_t alert;
	enum lang lang;
	const char *head, *body;
	unsigned parts;
	const char *template;		/* what it was made of, as JSON; may be NULL */
	const division_code *places;	/* it speaks of these; count 0 = of all its reader is called for */
	size_t place_count;
	const char *code;		/* by which it is answered; NULL = the alert's */
};
int64_t store_variant_insert(struct store *, const struct variant *);
/* Caller frees *head and *body. */
bool store_variant_get(struct store *, int64_t id, char **head, char **body, enum lang *,
		       unsigned *parts);
char *store_variant_template(struct store *, int64_t id);	/* caller frees; NULL if none */
/* The texts that a person has in an alert, automatic replies apart; `reached`: only those that he may
 * have read or heard.  code: by which one is answered, NULL = the alert's. */
typedef void (*variant_fn)(void *ctx, int64_t id, enum wave_kind, const char *code);
void store_variants_of(struct store *, int64_t alert, uint32_t contact, bool reached, variant_fn,
		       void *ctx);
/* The divisions that a text names, in order; caller frees.  NULL (count 0): all that its reader is
 * called for. */
division_code *store_variant_places(struct store *, int64_t id, size_t *count);
char *store_variant_code(struct store *, int64_t id);	/* caller frees; NULL = the alert's */

#define MESSAGE_LATER 8			/* its person's targets have answered: it waits for lane 1 */
#define MESSAGE_AVOID 1			/* not by the route that had it last, if there is another */
#define MESSAGE_RESEND 2		/* it may have left before */
#define MESSAGE_REFUSED_BEFORE 4	/* a failed receipt overtook the route's own answer */

struct message {
	uint32_t wave, contact;
	int state;			/* enum message_state */
	int64_t variant;
	unsigned number, attempt, reference, parts_done, kills, flags;
	int64_t route;			/* store's id of the route that has or had it */
	msec due;			/* NEVER = none */
	msec at;			/* last hand-over */
	uint64_t e164;			/* number it would go to; 0 = none (left) */
};
void store_message_insert(struct store *, uint32_t wave, uint32_t contact, int64_t variant,
			  unsigned number, msec due);
bool store_message_exists(struct store *, uint32_t wave, uint32_t contact);
bool store_message_get(struct store *, uint32_t wave, uint32_t contact, enum channel,
		       struct message *);
void store_message_update(struct store *, const struct message *);
/* The next rows of a wave after its cursor. */
size_t store_messages_after(struct store *, const struct wave *, struct message *out, size_t max);
/* All queued rows in (after, last], `count` of them, become `sending` by `route`: the
 * write-ahead. */
void store_messages_claim(struct store *, uint32_t wave, uint32_t after, uint32_t last,
			  size_t count, int64_t route, unsigned reference, msec at);
/* Another text, before it has left for the first time. */
void store_message_revise(struct store *, uint32_t wave, uint32_t contact, int64_t variant);
/* Rows of a wave that wait by themselves until `due`; without those that `avoid` (a route, 0 =
 * none) had last and should not have again and, `first`, without those for lane 1. */
size_t store_messages_due(struct store *, const struct wave *, msec now, int64_t avoid, bool first,
			  struct message *out, size_t max);
msec store_messages_next_due(struct store *, uint32_t wave, bool first);
/* It is over: up to `max` rows that waited do so no more; returns how many. */
size_t store_messages_forget_due(struct store *, uint32_t wave, size_t max);
typedef void (*due_fn)(void *ctx, uint32_t wave, msec at);
void store_waves_due(struct store *, due_fn, void *ctx);	/* waves with such rows */
/* Rows in `sending`, after (wave, contact). */
size_t store_messages_sending(struct store *, uint32_t wave, uint32_t contact, struct message *out,
			      size_t max);
size_t store_messages_sending_of(struct store *, uint32_t wave, uint32_t after, uint32_t *contacts,
				 size_t max);
/* Contacts of a wave whose message is sent, delivered or uncertain. */
size_t store_messages_reached(struct store *, uint32_t wave, enum channel, uint32_t after,
			      uint32_t last, size_t max, contact_fn, void *ctx);
/* All of them, with the text that each got; `fn` may read. */
typedef void (*reached_fn)(void *ctx, uint32_t contact, int64_t variant);
void store_messages_reached_all(struct store *, uint32_t wave, enum channel, uint32_t last,
				reached_fn, void *ctx);
/* Contacts of a wave whose message has left, or is just leaving. */
void store_messages_begun(struct store *, uint32_t wave, uint32_t last, contact_fn, void *ctx);
/* Contacts of a wave whose message is uncertain. */
void store_messages_uncertain(struct store *, uint32_t wave, contact_fn, void *ctx);
/* Open alerts behind `after` that have such, in their order, at most so many. */
void store_alerts_uncertain(struct store *, int64_t after, size_t max, alert_id_fn, void *ctx);
/* Does the person have a message of this kind in any wave of the alert? */
bool store_has_message(struct store *, int64_t alert, uint32_t contact, int wave_kind);
/* Persons who were handed a call of the alert, have neither promised to come nor refused, and were
 * told nothing beside it. */
size_t store_called_idle(struct store *, int64_t alert, uint32_t *out, size_t max);
/* Is there a call for targets in this step of the alert that may still be answered? */
bool store_step_has_hope(struct store *, int64_t alert, int step);
unsigned store_voice_messages_of(struct store *, int64_t alert, uint32_t contact);

/* The commonest outcome in one go: `sending` and this attempt -> `sent`, attempt recorded.
 * false: the row is in another state (use the long way). */
bool store_message_sent(struct store *, uint32_t wave, uint32_t contact, unsigned attempt,
			enum channel, unsigned parts, const char *ref, msec at);
void store_attempt_insert(struct store *, const struct message *, msec ended_at, enum outcome,
			  enum reject, unsigned parts, const char *ref, const char *reason);
/* What a finished attempt was; false: there is none of that number. */
bool store_attempt_get(struct store *, uint32_t wave, uint32_t contact, unsigned attempt,
		       int64_t *route, uint64_t *e164, enum outcome *);
/* Added to what its reason says; once. */
void store_attempt_note(struct store *, uint32_t wave, uint32_t contact, unsigned attempt,
			const char *note);
/* true: the receipt is noted; false: that attempt already had one like it or is unknown. */
bool store_attempt_receipt(struct store *, uint32_t wave, uint32_t contact, unsigned attempt,
			   bool delivered, msec at);
/* What receipts have told of an attempt's parts; part 1 is the lowest bit. */
struct attempt_parts {
	enum outcome outcome;		/* NONE: it goes on */
	unsigned parts, of;		/* how many, as the route's answer and as receipts say; 0 = unsaid */
	uint32_t delivered, failed;
	/* Delivered by whichever attempt by the same route to the same number: a telephone joins them. */
	uint32_t together;
	unsigned last;			/* the latest of those with a part delivered, and not refused; 0 = none */
};
/* `part` 1..32.  Without a row of that attempt, it goes on, and `m` says by which route. */
void store_attempt_part(struct store *, const struct message *m, unsigned attempt, unsigned part,
			unsigned of, bool delivered);
bool store_attempt_parts(struct store *, uint32_t wave, uint32_t contact, unsigned attempt,
			 struct attempt_parts *);
/* What a reference of the network's names: a message, or its part `part` (0: the whole) of `of`. */
struct receipt_key {
	uint32_t wave, contact;
	unsigned attempt, part, of;
};
void store_receipt_key_put(struct store *, int64_t route, const char *ref, uint64_t e164, msec at,
			   const struct receipt_key *);
/* The latest from `not_before` on; the number as the network writes it, maybe without its country. */
bool store_receipt_key_get(struct store *, int64_t route, const char *ref, uint64_t e164,
			   msec not_before, struct receipt_key *);
/* What a receipt says, of a message or of one part of it. */
struct receipt_word {
	bool delivered;			/* else failed */
	unsigned part, of;		/* 0 = unsaid */
	char *part_ref;			/* names the part where that has no number; or NULL */
};
/* A receipt whose reference nobody has named yet.  true: it is one more; false: a newer word about
 * one that waits already. */
bool store_receipt_early_put(struct store *, int64_t route, const char *ref, uint64_t e164,
			     const struct receipt_word *, msec at);
/* Takes one of those that wait; false: there is none.  Its word has a part_ref that is the caller's.  If it
 * came before `not_before` it speaks of another message, and *fresh is false. */
bool store_receipt_early_take(struct store *, int64_t route, const char *ref, uint64_t e164,
			      msec not_before, bool *fresh, struct receipt_word *);
size_t store_receipts_early_count(struct store *, int64_t route);
/* Deletes up to `max` of a route, oldest first, of those from before `before`; returns how many. */
size_t store_receipts_early_drop(struct store *, int64_t route, msec before, size_t max);
/* Deletes up to `max` keys from before `before`; returns how many. */
size_t store_receipt_keys_drop(struct store *, msec before, size_t max);
/* Instants of calls and messages to a number by a route since `from_at`, for budgets. */
typedef void (*used_fn)(void *ctx, uint64_t e164, msec at);
void store_used_since(struct store *, int64_t route, msec from_at, used_fn, void *ctx);

/* -- heard.c: what a person was given of an alert -- */
struct handing {			/* one handing-over of a message */
	uint32_t wave;
	enum wave_kind kind;
	enum channel channel;
	int64_t template, variant;	/* of the message */
	int state;			/* of the message: enum message_state */
	int64_t route;
	uint64_t e164;
	msec sent_at, ended_at;		/* ended_at NEVER: the route has it */
	enum outcome outcome;		/* NONE likewise */
};
typedef void (*handing_fn)(void *ctx, const struct handing *);
/* All of them but automatic replies, in the order of the waves; what was never handed to a route is
 * not among them. */
void store_handings(struct store *, int64_t alert, uint32_t contact, handing_fn, void *ctx);
/* Has that person something of it: was a route given it, whatever came of it, or does a text still go? */
bool store_is_told(struct store *, int64_t alert, uint32_t contact);
/* The longest that one of the route's latest acceptances took; -1: too few to say. */
msec store_air_time(struct store *, int64_t route);
/* Has the person himself said yes or no to it? */
bool store_has_replied(struct store *, int64_t alert, uint32_t contact);
division_code store_post_division(struct store *, uint32_t contact);	/* of his first post; 0 = none */
bool store_has_said(struct store *, int64_t alert, uint32_t contact, enum answer_kind);
/* The alert that took over all the targets that he was called for; 0: none did. */
int64_t store_called_moved_to(struct store *, int64_t alert, uint32_t contact);

/* -- inbound.c: what people send, and what was made of it -- */
struct inbound {
	int64_t id, route;
	uint64_t e164;
	char *text;			/* NULL: a missed call; freed by whoever asked for it */
	msec at, received_at;		/* at: as the network says */
	msec wait_until;		/* what it may answer is in the air; NEVER: it is judged */
};
/* false: it was there already. */
bool store_inbound_put(struct store *, int64_t route, const char *driver_id, uint64_t e164,
		       const char *text, msec at, msec received_at, int64_t *id);
struct judgement {
	uint32_t contact;		/* 0: nobody known */
	int64_t alert, task;		/* 0: none */
	const char *meaning;		/* answer_kind_name, "opt_in" or "canary" */
	int level;
	const char *rule;		/* which_rule_name, or what else decided */
};
void store_inbound_judged(struct store *, int64_t id, const struct judgement *);
void store_inbound_waits(struct store *, int64_t id, msec until);
/* Those that wait, oldest first, after `after`.  false: no more; else the caller frees out->text. */
bool store_inbound_waiting(struct store *, int64_t after, struct inbound *out);
msec store_inbound_next(struct store *);	/* when the first has waited enough; NEVER: none waits */
/* Until when what came before that from the same telephone, or another of its owners', waits; NEVER:
 * nothing does. */
msec store_inbound_waits_from(struct store *, uint64_t e164, int64_t before);

/* -- inbox.c: a text that came in, as somebody at the desk decides on it -- */

struct inbox_text {
	int64_t id, alert, task;	/* alert, task 0: none */
	uint64_t e164;
	uint32_t contact;		/* 0: nobody known */
	msec received_at, decided_at, answered_at;	/* 0 = not */
	char decided_by[WHO_TEXT], answered_by[WHO_TEXT];
	char *text;			/* the caller's; NULL: a missed call */
};
struct inbox_decision {
	const char *meaning;		/* NULL: as it was */
	int level;
	const char *by, *note;
	msec at;
};
bool store_inbox_get(struct store *, int64_t id, struct inbox_text *out);
/* Its contact, and with a meaning its alert, become those of the text. */
void store_inbox_decide(struct store *, const struct inbox_text *, const struct inbox_decision *);
void store_inbox_answered(struct store *, int64_t id, const char *by, msec at);
/* Is its task an open one of unclear words, and all of that person's decided? */
bool store_inbox_task_done(struct store *, const struct inbox_text *);
/* All places of the person in the alert, or without any there all his posts; false: he has none. */
bool store_inbox_within(struct store *, uint32_t contact, int64_t alert,
			const struct division_range *, size_t count);
/* Position of that number among those of the person that take texts; the first if it is none of
 * them any more, -1 if there is none. */
int store_number_place(struct store *, uint32_t contact, uint64_t e164);

/* -- routes (routes.c) -- */
struct route_alarm {			/* something is wrong with a route, and was told */
	int64_t route, task, notice;	/* notice: the alert that told it, 0 = none */
	bool own;			/* gong's own word; else the driver's */
	char name[48];
	struct said said;
	msec since;
	msec ends_at;			/* NEVER: its cause is there; else gone, and it ends then */
};
bool store_route_alarm_get(struct store *, int64_t route, bool own, const char *name,
			   struct route_alarm *);	/* out may be NULL */
void store_route_alarm_put(struct store *, const struct route_alarm *);
void store_route_alarm_drop(struct store *, int64_t route, bool own, const char *name);
typedef void (*route_alarm_fn)(void *ctx, const struct route_alarm *);
void store_route_alarms(struct store *, int64_t route, route_alarm_fn, void *ctx);
/* How often an alarm came lately, whether it stands or not. */
struct route_alarm_told {
	unsigned times;
	msec told_at;			/* to the duty officer; 0 = not */
	msec over_at;			/* NEVER: it stands */
};
bool store_route_alarm_told_get(struct store *, int64_t route, bool own, const char *name,
				struct route_alarm_told *);
void store_route_alarm_told_put(struct store *, int64_t route, bool own, const char *name,
				const struct route_alarm_told *);
/* Forgets those of a route that were over before `before`. */
void store_route_alarms_told_drop(struct store *, int64_t route, msec before);
struct route_outage {			/* is it there, how restless is it */
	msec since;			/* its first loss since it last worked; NEVER: it works */
	unsigned losses;		/* since then */
	msec restless_until, alarms_until;	/* meters, core/pace.h */
};
void store_route_outage_get(struct store *, int64_t route, struct route_outage *);
void store_route_outage_set(struct store *, int64_t route, const struct route_outage *);
typedef void (*route_fn)(void *ctx, int64_t id, const char *name);
void store_routes(struct store *, route_fn, void *ctx);	/* every one that ever was */
/* Parts a second; 0: it was never measured. */
double store_route_speed(struct store *, int64_t route);
void store_route_speed_set(struct store *, int64_t route, double speed);
/* Parts a second that forecasts reckon with, measured or not. */
void store_route_pace_set(struct store *, int64_t route, double pace);
void store_route_canary_set(struct store *, int64_t route, const char *json);
char *store_route_health(struct store *, int64_t route);	/* caller frees; NULL if none */

/* NULL: as it is.  What is there already is not written again. */
void store_route_note(struct store *, int64_t route, const char *state, const char *health, msec at);
char *store_route_keep(struct store *, int64_t route);	/* caller frees; NULL if none */
void store_route_keep_set(struct store *, int64_t route, const char *keep);

#endif
