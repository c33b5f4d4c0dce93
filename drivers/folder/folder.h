/* folder.h -- gong-folder: files that others drop into a folder, each once.  From the ground: smsfile (what
 * stands in them), spool (the folders), watch (which names are whole), bring (to gongd and back), main.
 *
 *   FOLDER/name → work/RANDOM_name → told to gongd → took → done/RANDOM_name, or failed/ with a .reason
 *
 * RANDOM is the file's name from then on, its ref at gongd.  What lies in work/ when a process begins is
 * told again, under the same ref. */
#ifndef GONG_FOLDER_H
#define GONG_FOLDER_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/table.h"
#include "drivers/kit/kit.h"

#define RANDOM_TEXT 17			/* 16 hex digits */
#define NAME_BYTES 256			/* of a file */

enum folder_files { FILES_PLAIN, FILES_SMSTOOLS, FILES_GAMMU };
enum place { PLACE_WORK, PLACE_DONE, PLACE_FAILED, PLACE_COUNT };

struct spool {
	char *path;
	int top, places[PLACE_COUNT];	/* descriptors of the folder, and of those in it */
	dev_t device;			/* of the folder, as it was opened */
	ino_t file;
};

/* -- spool.c.  `trouble` in all of it: an errno. -- */

/* Opens the folder, makes what is missing in it.  0, or trouble. */
int spool_open(struct spool *, const char *path);
bool spool_is_there(const struct spool *);	/* no other folder has its name now */
/* Takes FOLDER/name into work/ under a name of its own.  0; -1: it is none that may be taken (*odd says
 * what); else trouble.  ENOENT: somebody else was faster. */
int spool_claim(struct spool *, const char *name, char out[NAME_BYTES], const char **odd);
/* What was claimed stands on the disk under its new name. */
int spool_sync(struct spool *);
/* The bytes of work/name, once; at most `max`.  0, -1: *odd says why not, or trouble. */
int spool_read(struct spool *, const char *name, size_t max, struct buf *out, const char **odd);
/* From work/ to done/, or, with a reason, to failed/.  0, or trouble. */
int spool_settle(struct spool *, const char *name, const char *reason);
DIR *spool_list(struct spool *, int descriptor);	/* NULL: errno */

/* -- watch.c: a name is whole when its writer has closed it, or has moved it here; where nobody tells of
 * that (a network's folder), when it stays as it is. -- */

struct seen {				/* a name that was looked at */
	uint64_t name;			/* digest */
	off_t size;
	struct timespec changed;
	msec since;			/* as it is */
	bool open, closed;		/* by its writer, as far as we heard */
	bool looked_at;			/* in this look */
	struct seen *next;
};

struct watch {
	int fd;				/* inotify; -1 = there is none */
	struct table seen;
};

void watch_open(struct watch *, const char *path);
bool watch_read(struct watch *);	/* takes in what the kernel has to tell; true: some file is whole now */
void watch_begin(struct watch *);	/* a look at all names begins */
bool watch_is_whole(struct watch *, const char *name, const struct stat *, msec now);
void watch_end(struct watch *);		/* forgets names that were not there */
void watch_forget(struct watch *, const char *name);
void watch_fini(struct watch *);
bool watch_is_name(const char *name);	/* one of a file that is for us */

/* -- bring.c -- */

struct folder {
	struct kit *kit;
	struct spool spool;
	struct watch watch;
	enum folder_files files;
	size_t max;
	struct event *told, *look, *every;	/* inotify; soon; again and again */
	struct table brought;		/* by digest of the work name: struct brought */
	msec beat_at, orphans_at;
	int trouble;			/* of the last look; 0 = none */
	char odd[NAME_BYTES + 80];	/* what lies there and is not taken; "" = nothing */
	char *said;			/* the alarms, as they were told last */
};

struct brought {			/* with gongd, not yet taken */
	char name[NAME_BYTES];		/* in work/ */
	const char *reason;		/* why it could not be read here; NULL = it could */
};

void bring_start(struct folder *);	/* what an earlier process left in work/ */
void bring_look(struct folder *);	/* what is there and whole */
void bring_settled(struct folder *, const char *id, json_t *signals);

#endif
