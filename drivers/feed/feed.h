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
	unsigned turn, failures;	/* looks; failed ones in a row */
	bool complained;		/* of single items */
	/* a round being said, one signal after the other */
	size_t from, to;		/* documents of the one that is not taken yet */
	char id[SAID_ID];		/* "" = none */
	struct seen after;		/* what is seen once it is taken */
	bool first;			/* of all signals of this round */
};

/* say.c; true: everything of the round is taken. */
bool say_round(struct feed *);		/* from its beginning */
bool say_taken(struct feed *, const char *id);
/* confined.c */
void confined_to_network(struct feed *);

#endif
