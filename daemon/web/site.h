/* site.h -- a folder of files for browsers, read once and held in memory: names, types, hashes and
 * packed forms are settled when it is read, so that a request is a look into a table and never
 * touches the disk.  Immutable once read; counted references.  No connection, no loop. */
#ifndef GONG_SITE_H
#define GONG_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define SITE_ETAG 80

struct site_form {			/* as it is, or packed with gzip */
	char *bytes;			/* NULL: there is no such form */
	size_t len;
	char etag[SITE_ETAG];		/* strong, with its quotes; each form has its own */
};

struct site_file {
	char *path;			/* "/js/now.js" */
	const char *type;		/* Content-Type */
	struct site_form plain, packed;
};

struct site;

/* Reads the folder: names of letters, digits and ._- of known kinds; others, and hidden ones, are
 * left away.  A symbolic link, a device, a pipe, too much of anything, or no index.html: -1, and
 * err->text says what to mend.  Blocks on the disk. */
int site_load(struct site **out, const char *folder, struct err *);
struct site *site_ref(struct site *);		/* NULL stays NULL; any thread */
void site_unref(struct site *);
size_t site_count(const struct site *);
/* The file that a path means: itself, with index.html behind a "/", with ".html" where it has no
 * ending.  Nothing is decoded and nothing resolved: what is not a name in the table is not there.
 * NULL; or borrowed while the site is. */
const struct site_file *site_find(const struct site *, const char *path);

/* Of headers (NULL = absent).  Pure. */
bool site_takes_gzip(const char *accept_encoding);
bool site_has_etag(const char *if_none_match, const char *etag);	/* weakly compared */

#endif
