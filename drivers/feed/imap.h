/* imap.h -- as much of IMAP4rev1 (RFC 3501) as a mailbox that is read needs, over a connection that libcurl
 * has made, by TLS, and logged in on.  libcurl's own way of fetching marks a mail as seen before anybody
 * has it.  Blocks, until `until`. */
#ifndef GONG_FEED_IMAP_H
#define GONG_FEED_IMAP_H

#include <stdint.h>

#include "core/buf.h"
#include "drivers/feed/conf.h"

struct imap;

struct imap_list {
	uint32_t *uids;
	size_t count;
};

/* NULL: err has why. */
struct imap *imap_open(const struct conf *, msec until, struct err *);
void imap_close(struct imap *);
/* After a failure: was it a refusal only? */
bool imap_is_alive(const struct imap *);
/* For writing; the folder's UIDVALIDITY. */
int imap_select(struct imap *, const char *folder, uint32_t *validity, struct err *);
/* Unseen ones from any of these; the list is to be freed. */
int imap_unseen(struct imap *, const char *const *senders, size_t count, struct imap_list *, struct err *);
int imap_size(struct imap *, uint32_t uid, uint32_t *size, struct err *);
/* The whole mail, unseen as it was, appended. */
int imap_fetch(struct imap *, uint32_t uid, size_t most, struct buf *out, struct err *);
int imap_mark_seen(struct imap *, uint32_t uid, struct err *);

#endif
