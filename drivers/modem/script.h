/* script.h -- AT commands one after another, each with what to make of its reply.
 * The first that gets no answer in time ends the script; an error does not, unless its reader
 * says so: modems lack what they lack. */
#ifndef GONG_MODEM_SCRIPT_H
#define GONG_MODEM_SCRIPT_H

#include "drivers/modem/wire.h"

#define SCRIPT_STEPS 96

struct script;
struct modem_identity;
struct presence;
typedef void (*script_reader)(void *ctx, struct script *, const struct at_reply *);

struct script {
	struct wire *wire;
	void *ctx;
	/* `failed`: why it stopped early; NULL = all was asked */
	void (*end)(void *ctx, const char *failed);
	struct { char *command; msec limit_ms; script_reader reader; } steps[SCRIPT_STEPS];
	size_t count, at, insert_at;
	char failed[200];
	bool was_late;			/* it failed because an answer did not come */
	/* where the readers of reading.h put what they read; set after script_begin */
	struct modem_identity *id;
	struct presence *net;
};

/* Empties it.  Then add steps and run it. */
void script_begin(struct script *, struct wire *, void *ctx, void (*end)(void *, const char *));
void script_run(struct script *);
/* In a reader: inserted after the step in hand; else appended. */
void script_ask(struct script *, msec limit_ms, script_reader, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void script_wait(struct script *, msec ms);	/* what the modem says meanwhile is dropped */
/* In a reader: nothing more is asked. */
void script_fail(struct script *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
