/* read.h -- read-only views of the store for people and programs: JSON out.
 * Used by the reader thread, on a connection of its own, beside the engine's.  A query reads at
 * most READ_ROWS_MAX rows into memory and lets go of the database at once, so that no reader
 * pins the log; longer lists are paged by a cursor, without a transaction across pages. */
#ifndef GONG_READ_H
#define GONG_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/division.h"
#include "core/err.h"
#include "core/msec.h"
#include "core/principal.h"

#define READ_ROWS_MAX 1000
#define READ_MS_MAX 200

struct guard;
struct settings;
struct reader;

enum read_what { READ_ALERTS, READ_ALERT, READ_TARGETS, READ_MESSAGES, READ_EVENTS, READ_TASKS,
		 READ_ROUTES, READ_FIGURES, READ_MESSAGES_CSV, READ_NEWS, READ_ANSWERS, READ_INBOX,
		 READ_DIVISIONS, READ_SEASON, READ_DIVISION, READ_CONTACTS, READ_CONTACT, READ_TAGS,
		 READ_EXPORT_CONTACTS, READ_EXPORT_DIVISIONS, READ_EXPORT_ROSTER, READ_EXPORT_GEOMETRY, READ_IMPORTS, READ_IMPORT,
		 READ_IMPORT_ROWS, READ_SOURCES, READ_SIGNALS, READ_SIGNAL, READ_SHAPES };

struct read_filter {			/* of a list; nothing = all */
	unsigned states, severities;	/* bits 1 << alert_state (SIGNALS: signal_state), 1 << severity; 0 = all */
	const char *mode;		/* a literal: "real", "drill", "test" */
	char client[96], key[132], contact[64];		/* contact: a ref; of CONTACT the one that is asked for */
	char source[48];		/* SIGNALS: of that one */
	/* DIVISIONS: a name or a code, or a part of it; CONTACTS: a ref, a number, a part of a name */
	char find[64];
	char role[64], tag[132];	/* CONTACTS */
	int active;			/* CONTACTS: 1 those who are, 0 those who are not, -1 = all */
	bool opted_out;			/* CONTACTS: only those who have */
	msec since;			/* accepted or received then or later; SEASON: seen to work then */
	int change;			/* IMPORT_ROWS: enum staged_change */
	division_code division;		/* what concerns it, or lies within it; of DIVISION that itself */
};


struct read_query {
	enum read_what what;
	uint64_t reply_to;		/* who waits for the answer (web_reply) */
	int64_t alert;			/* of SIGNAL: its id; of ALERT, TARGETS, MESSAGES, EVENTS, ANSWERS; INBOX: 0 = any; of
					 * IMPORT, IMPORT_ROWS: the import's id */
	char after[48];			/* cursor: `next` of the page before; "" = from the start */
	unsigned limit;			/* 0 = READ_ROWS_MAX */
	bool open_only;			/* ALERTS, TASKS; INBOX: what nobody has decided */
	int below;			/* TARGETS: only those under this level; 0 = all */
	int state;			/* MESSAGES: only this state; -1 = all */
	bool unmasked;			/* MESSAGES, INBOX, CONTACTS: whole phone numbers */
	struct read_filter filter;
	struct principal by;		/* who reads: he sees what he may */
	enum lang lang;			/* of what gong itself says; LANG_COUNT = both, zh first */
	struct read_query *next;	/* for the queue that carries it */
};

int reader_open(struct reader **out, const char *path, struct err *);
/* Damage that a query meets is noted there; borrowed, NULL is fine. */
void reader_set_guard(struct reader *, struct guard *);
void reader_close(struct reader *);
/* SHAPES is for gong-parse, not for the API: a first line "GENERATION NEXT", NEXT 0 on the last page, and then
 * [[code,area,seat],…] of all places; nothing behind that line where the shapes are of generation `alert`
 * and none was begun, or there are none.
 * Appends the JSON of docs/api.md; of MESSAGES_CSV, EXPORT_… and NEWS a first line with the cursor of the next
 * page, and then rows of CSV, or a line KIND TAB KEY TAB JSON TAB JSON for each thing that may have
 * changed: what it is, by name alone and with its figures.  CSV is at its end when that
 * first line is empty; NEWS has no end, and a cursor that ends in ".0" closes a round.
 * CONTACT and DIVISION have a first line with their version (store.h).
 * -1 fills err: no such alert, a bad cursor, busy or too slow.
 * `settings` for names of templates' steps and routes; `now` for times left. */
int reader_run(struct reader *, const struct read_query *, const struct settings *, msec now,
	       struct buf *out, struct err *);

#endif
