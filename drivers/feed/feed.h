/* feed.h -- what the files of gong-feed's main thread share: when it looks, what it says, what it may. */
#ifndef GONG_FEED_FEED_H
#define GONG_FEED_FEED_H

#include <event2/event_struct.h>
#include <pthread.h>

#include "drivers/feed/round.h"
#include "drivers/kit/kit.h"

#define SAID_ID 24

struct feed {
	struct kit *kit;
	json_t *config;			/* whose texts conf borrows */
	struct conf conf;
	struct seen seen;		/* as gongd has it */
	struct event timer, done;
	int pipe[2];			/* the worker's word that it has ended */
	pthread_t worker;
	bool working, is_open;
	struct round round;		/* the worker's while it is working */
	char etag[WEB_TAG], modified[WEB_TAG];
	unsigned turn;			/* looks */
	struct health {			/* instants of a clock that no step moves */
		unsigned failures;	/* looks that failed in a row */
		msec good_at;		/* the last look that did not, or the start */
		msec items_at;		/* since when some items cannot be had; 0 = all can */
		char reason[SAID_VALUE], item[ITEM_NAME], items_reason[SAID_VALUE];
		unsigned items;
		bool is_told, feed_told, items_told;	/* health at all; its alarms */
	} health;
	/* a round being said, one signal after the other */
	size_t from, to;		/* documents of the one that is not taken yet */
	char id[SAID_ID];		/* "" = none */
	struct seen after;		/* what is seen once it is taken */
	bool first;			/* of all signals of this round */
};

/* say.c; true: everything of the round is taken. */
bool say_round(struct feed *);		/* from its beginning */
bool say_taken(struct feed *, const char *id);
/* health.c */
void health_init(struct feed *);
void health_note(struct feed *);	/* of the round that has ended */
/* confined.c */
void confined_to_network(struct feed *);

#endif
