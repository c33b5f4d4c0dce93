/* hooks.h -- gong-hook, the one process that calls others back over HTTP: started when there is
 * something to say, and again when it dies.  Lives on the loop thread.  What the engine hands it is
 * reported exactly once while gongd lives: the books say what is to be tried again. */
#ifndef GONG_HOOKS_H
#define GONG_HOOKS_H

#include "daemon/contract/contract.h"
#include "daemon/settings/settings.h"

struct children;
struct hooks;

struct hooks_ports {			/* how hooks reaches the rest of gongd; filled in by the loop */
	void *ctx;
	void (*submit)(void *ctx, struct command *);	/* urgent lane, takes it over */
	void (*log)(void *ctx, enum log_level, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
};

/* Borrows the children until hooks_close; takes a reference of the settings. */
struct hooks *hooks_open(struct children *, struct settings *, const struct hooks_ports *);
void hooks_effect(struct hooks *, const struct effect *);	/* EFFECT_HOOK; it stays the caller's */
void hooks_reload(struct hooks *, struct settings *);
void hooks_metrics(const struct hooks *, struct buf *out);
void hooks_close(struct hooks *);		/* kills what is left; NULL is nothing */

#endif
