/* mail.h -- a mail as what gong makes of it: who wrote it, what their server thinks of the signature, and
 * the documents in it.  An attached CAP, XML or JSON is a document as it is, and so is a text that is one;
 * any other mail is one document of JSON, for the rules file of a source to read:
 *   {"from","to","subject","date","message_id","text"}.
 * Nothing in it is trusted.  Pure. */
#ifndef GONG_FEED_MAIL_H
#define GONG_FEED_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

#define MAIL_FILES_MAX 32

struct mail_file {
	char *bytes;
	size_t len;
};

struct mail {
	char *from;			/* the address alone, in small letters; "" = none, or several */
	char *subject, *message_id, *dkim;	/* "" = none */
	struct mail_file files[MAIL_FILES_MAX];	/* the documents; never none */
	size_t count;
	bool left_out;			/* it has more than are here */
};

/* `authserv`: whose Authentication-Results (RFC 8601) are believed; NULL = nobody's.  `dkim` is then what
 * it says, "pass" only for a signature of the sender's own domain. */
void mail_read(struct mail *, const char *authserv, const char *bytes, size_t len);
void mail_fini(struct mail *);
/* `senders`: addresses, or "@example.org" for all of one domain. */
bool mail_is_from(const struct mail *, const char *const *senders, size_t count);

#endif
