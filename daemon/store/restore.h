/* restore.h -- a copy of the store is put in the store's place.  First everything is made beside it, and
 * can be taken back; then the replaced store gets another name, and the new one its own, at once. */
#ifndef GONG_RESTORE_H
#define GONG_RESTORE_H

#include "core/err.h"
#include "daemon/store/epoch.h"
#include "daemon/store/losses.h"

struct restore;

/* Makes, beside the store `path`, what is to take its place: whole, read through, of this gong's schema, at
 * the beginning of an epoch (epoch.h) that knows what the store used.  The caller holds the store's locks
 * (guard_lock); `path` need not be there.  `by`: who does it, for the audit.  -1: err says what is wrong
 * with the file, with the remedy; nothing was changed. */
int restore_prepare(struct restore **out, const char *path, const char *file, const char *by, msec now,
		    enum lang, struct err *);
const struct losses *restore_losses(const struct restore *);
const struct epoch_done *restore_held(const struct restore *);
msec restore_copied_at(const struct restore *);		/* the last instant of the copy */
const char *restore_kept(const struct restore *);	/* what the replaced store will be called; NULL: there is none */
const char *restore_list(const struct restore *);	/* the file that will say what was lost; NULL: nothing was */

/* Writes the list, keeps the replaced store and puts the new one in its place.  -1: err says how far it came. */
int restore_install(struct restore *, struct err *);
void restore_free(struct restore *);			/* what was not installed is removed; NULL is fine */

#endif
