/* news.h -- what is to be told, each thing once: the latest word on every thing, in the order in
 * which it changed.  Who has heard everything up to a number asks for what came after it; who has
 * been away too long is told to begin anew.  Pure: no clock, no connection. */
#ifndef GONG_NEWS_H
#define GONG_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct news;

struct news_item {
	uint64_t number;		/* ascending; a thing that changes again gets a new one */
	const char *kind, *ids, *full;	/* JSON: by name alone, and with its figures */
	struct news_item *earlier, *later;
};

struct news *news_new(size_t bytes_max);
void news_free(struct news *);
/* Takes a thing's word, named by kind and key.  false: it is what was said of it last. */
bool news_put(struct news *, const char *kind, const char *key, const char *ids, const char *full);
/* Lines KIND TAB KEY TAB IDS TAB FULL; changed in place.  Returns how many were new. */
size_t news_put_lines(struct news *, char *lines);
uint64_t news_number(const struct news *);	/* of the latest word; 0 = none yet */
/* Does everything that changed after `number` still stand here? */
bool news_reaches(const struct news *, uint64_t number);
const struct news_item *news_after(const struct news *, uint64_t number);	/* the first; NULL */

#endif
