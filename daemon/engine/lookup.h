/* lookup.h -- floor 2 of the engine: what is there to choose from: documents, people, routes.
 * pick.c says who, compose.c (floor 4) makes texts and rows of them, plan.c (floor 5) goes
 * through a step. */
#ifndef GONG_ENGINE_LOOKUP_H
#define GONG_ENGINE_LOOKUP_H

#include "daemon/engine/ground.h"

/* -- documents.c: the templates and policies an alert runs on, its own versions -- */

/* Borrowed until the engine is closed; NULL: there is no such document. */
const struct template *engine_template(struct engine *, int64_t document);
/* Borrowed until settings are reloaded; NULL: none, or not usable with these settings. */
const struct policy *engine_policy(struct engine *, int64_t document);
int64_t engine_document(struct engine *, const char *kind, const char *name);	/* 0: none */
/* The version that the alert has of it; `name` NULL: the alert's own template. */
const struct template *engine_template_named(struct engine *, const struct alert *,
					     const char *name, int64_t *document);
/* The texts of the policy's steps as they are now become those of the whole alert. */
void engine_keep_documents(struct engine *, const struct alert *, const struct policy *);
/* Can every open alert go on under these settings?  false: err says which policy cannot. */
bool engine_policies_readable(struct engine *, const struct settings *, struct err *);
/* Roles and documents of the settings get their ids in the store. */
void engine_documents_number(struct engine *);
void engine_policies_drop(struct engine *);	/* they hold indices into the settings */
void engine_documents_free(struct engine *);

/* -- pick.c: who is told by a step; it writes nothing -- */

struct step_plan {			/* what a step would send: for events and dry runs */
	size_t waves;
	struct { uint32_t id; enum channel channel; enum wave_kind kind; unsigned long people; unsigned parts;
		 unsigned long segments;	/* parts of all its messages; parts: of the longest */
		 int to; } wave[32];
	unsigned long people;		/* told by this step */
	bool broadcast;			/* its people are being collected; counted only up to a limit */
	unsigned long nobody;		/* targets for whom no person was found */
	bool console, no_route;
};

#define NO_TARGET UINT32_MAX
#define WHOLE_MAX 20000			/* people in a plan that is not made in slices */

struct pick {				/* one reason to tell one person */
	uint32_t contact, target;
	enum lang lang;
	division_code division;		/* whose parameters the text uses */
	division_code under;		/* helper: he hears of what is silent here; 0 = of all */
	unsigned position;		/* of the step, that names him for it */
	bool helps;			/* he hears of targets, and answers for none */
};

struct sliced {				/* of a step planned over many turns; slices.c */
	struct sliced_wave {
		unsigned position;
		enum channel channel;
		uint32_t id;
		unsigned parts;
	} *waves;
	size_t count, cap;
	struct table variants[CHANNEL_COUNT];	/* texts for those who answer for targets */
	bool begun;			/* before a restart: some rows are there */
};

struct planner {			/* what a step picked so far, and why */
	struct engine *e;
	struct alert *alert;
	const struct alert_request *request;
	const struct policy *policy;
	const struct policy_step *step;	/* NULL = the one step of an alert without policy */
	size_t index;
	struct step_plan *out;
	struct err *err;
	struct pick *picks;
	size_t count, cap;
	struct id_set without, seen;
	struct target *targets;		/* those below the step's level */
	size_t target_count, target_cap;
	bool sorted;			/* targets are in order of their divisions */
	uint32_t target;		/* of the picks being made */
	division_code division, under;
	unsigned position;
	bool helps;
	bool as_is;			/* its request is not its alert's: tags name whom they name now */
	bool ends;			/* its texts are about the end of the alert itself */
	struct sliced *sliced;		/* NULL: the step is planned whole, in this turn */
	size_t found;			/* picks made */
	size_t named;			/* people met, also those who are left out */
};

/* Each adds to p->picks, for p->target and the parameters of p->division. */
void picks_add(struct planner *, uint32_t contact, enum lang, division_code, uint32_t target);
/* Everybody who holds a role of the family in the division; duty roles by the roster. */
void picks_family(struct planner *, const struct family *, division_code);
void picks_contact(struct planner *, const char *ref, uint32_t target);
void picks_request(struct planner *);	/* the request's own roles, tags and contacts */
void picks_tags(struct planner *);	/* its tags only: as they are, or as they were frozen */
void picks_answered(void *planner, const struct holder *);	/* for store_answered_at */
void picks_sort(struct planner *);	/* by contact; a person's first reason stays first */
void picks_without(struct planner *);	/* who is left out, before any picking */
size_t picks_request_count(const struct planner *, size_t limit);	/* counts up to it */
/* Has he a post where the request tells people, or does it name no place?  *division becomes the first of
 * them, or that of the request, 0 = none. */
bool picks_is_within(struct engine *, const struct alert_request *, uint32_t contact, division_code *division);
/* From now on the alert's tags name whom they name now. */
void engine_freeze_tags(struct engine *, const struct alert *, const struct alert_request *);
/* The how-manieth family of the policy this is, in order of first appearance; for one that it
 * lacks, how many it has. */
size_t picks_family_ordinal(const struct policy *, size_t family);

/* -- broadcast.c: one text to very many, planned over many turns (collect.c does the slices) -- */

/* Where collecting begins in a list. */
#define BEFORE_ALL ((struct holder){ .order = 0, .division = INT64_MIN })

struct reader_texts {			/* of one wave, by places and language */
	int64_t same[LANG_COUNT];	/* where a language has one text for all; 0 = not known */
	struct table by_key;
	size_t count, fresh;		/* fresh: rendered in this turn */
};

struct broadcast {
	struct alert_request *request;
	/* where the collecting stands: role of the request, member of its family, division; then tag */
	size_t role, member, division, tag;
	uint32_t tagged;		/* of that, the contact looked at last */
	struct holder last;
	uint32_t wave, contact;		/* of the replaced alert; for a correction */
	bool collected;
	struct id_set people;		/* contact << 1 | lang; sorted once collected */
	size_t next;			/* of them, the next to be written */
	bool resumed;			/* some rows were written before a restart */
	struct reader_texts texts;	/* where they are not the same for all */
};
/* Two languages fit into the low bit of `people`. */
_Static_assert(LANG_COUNT == 2, "struct broadcast keeps a language in one bit");

void engine_broadcast_start(struct engine *, struct live_wave *, const struct alert_request *);
void engine_broadcast_resume(struct engine *, struct live_wave *);	/* after a restart */
void engine_broadcast_free(struct broadcast *);		/* NULL is nothing */

/* -- route_view.c: a route as the others see it -- */

/* The route that has this id in the store, or that name; NULL if there is none now. */
struct route_state *engine_route(const struct engine *, int64_t id);
struct route_state *engine_route_named(const struct engine *, const char *name);
void engine_views(struct engine *, struct route_view *out);	/* ROUTES_MAX of them */
/* How fast it goes may have changed: its row, which readers forecast by and a restart goes on from,
 * follows; by a measurement not at once. */
void engine_pace_note(struct engine *, struct route_state *);
void engine_pace_measured(struct engine *, struct route_state *);
/* Whether it works again is being tried; nobody counts on it yet. */
unsigned engine_places(const struct route_state *);	/* how many messages more it can be given */
bool engine_is_on_trial(const struct engine *, const struct route_state *);
/* Asks the driver that has it to give a message back, if it has not left. */
void engine_ask_back(struct engine *, const struct message *);

/* -- desk.c: gong's tasks about alerts, each of which grows -- */

enum { URGENCY_UNCLEAR = 20, URGENCY_HELD = 30, URGENCY_CANNOT = 40, URGENCY_SILENT = 60,
       URGENCY_NOBODY = 70, URGENCY_HELP = 90 };

/* What somebody wrote or pressed that a person must read: one task a person and alert, which gets
 * what he writes later, too.  alert 0: about none; contact 0: known by the number only; neither:
 * all those who were only told share one.  `kind`: "help", "cannot" or "unclear".  Its id. */
int64_t engine_desk_words(struct engine *, int64_t alert, uint32_t contact, uint64_t e164,
			  const char *kind, const char *text);
/* A cause ("unanswered", "deadline") to list the targets below the level it speaks of: the alert's
 * one task of that sort is opened, or grows. */
void engine_desk_short(struct engine *, const struct alert *, const struct policy *,
		       const char *kind);
/* If there is one: it says what is so now. */
void engine_desk_refresh(struct engine *, const struct alert *, const struct policy *);
/* It is satisfied, cancelled or replaced: gong closes what it has opened about its places. */
void engine_desk_over(struct engine *, int64_t alert, const struct said *note);
/* The list of those marked so has changed. */
void engine_desk_nobody(struct engine *, const struct alert *, const struct policy *);

/* -- import_tags.c: what a list of people says of their tags; `row` is the person's first -- */

/* His tags as the list leaves him: in the columns that it has they are all that counts, others stay. */
void engine_tags_wanted(const struct import_request *, const struct import_row *, const struct card *was,
			struct card *now);
/* Has he, and have all, few enough?  Else it is a fault of the file. */
void engine_check_tags(struct engine *, struct import_request *, const struct import_row *);

#endif
