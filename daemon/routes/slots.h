/* slots.h -- gongd's side of a route's page: which message lies in which slot, and what the gongd
 * before this one left behind.  The page's file is locked for as long as gongd or a process that
 * was given its descriptor lives; of a driver that outlives its gongd the next one hears by that. */
#ifndef GONG_SLOTS_H
#define GONG_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/msec.h"

struct slots;
struct command;

/* The page of that route in `folder`, which is made if it is not there.  Nothing in it changes before
 * slots_lock.  NULL with errno: there can be none. */
struct slots *slots_open(const char *folder, const char *route);
/* false: a process of the gongd before still has it; errno is EWOULDBLOCK, else there can be none.
 * After true it is ours, and what was in it is still there, see slots_inherited. */
bool slots_lock(struct slots *);
/* SIGKILL for the group of the process that is noted in it, if that is still the same one. */
void slots_kill_holder(struct slots *);
/* What lay in it when it was locked, as a CMD_ROUTE_LOST tells it: what is noted, and how much that
 * says about what is not. */
void slots_inherited(const struct slots *, struct command *lost);
/* The books have it: from now on what is not in the page is not with the driver. */
void slots_inherited_committed(struct slots *);
void slots_close(struct slots *);		/* NULL is nothing */
/* As a file: its name goes, too; whoever comes next begins anew. */
void slots_remove(const char *folder, const char *route);
/* Those of other routes than these go, but for what a process still has. */
void slots_remove_others(const char *folder, bool (*is_route)(void *ctx, const char *name), void *ctx);

int slots_fd(const struct slots *);		/* for the driver; stays ours */
/* A message is about to be given to the driver.  `left`: nobody will say when it leaves.
 * PAGE_NO_SLOT: none is free, and after a crash of gongd all that is not noted will be in doubt. */
uint32_t slots_take(struct slots *, uint64_t id, bool left);
bool slots_left(const struct slots *, uint64_t id);	/* may it have left?  true if it is not noted */
bool slots_torn(const struct slots *);		/* its driver cut the file short: all of it may have left */
/* What became of it is in the books. */
void slots_give_back(struct slots *, uint64_t id);
void slots_note_process(struct slots *, pid_t);
void slots_note_commit(struct slots *, msec at);	/* the books are at least so new */

#endif
