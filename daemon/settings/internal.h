/* internal.h -- what the files of settings/ share: reading one libconfuse file. */
#ifndef GONG_SETTINGS_INTERNAL_H
#define GONG_SETTINGS_INTERNAL_H

#include <confuse.h>

#include "daemon/settings/settings.h"

/* Parses `body` (a whole file's text) by `opts`; NULL fills err with "file:line: what". */
cfg_t *conf_parse(cfg_opt_t *opts, const char *file, const char *body, struct err *);
/* err->text = "file:line: …" about a section; returns -1. */
int conf_fail(cfg_t *section, struct err *, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "90s", "5m", "2h", "1d", "250ms" */
int conf_duration(cfg_t *section, const char *option, msec *out, struct err *);
char *conf_read_file(const char *path, struct err *);	/* caller frees; NULL: err */
char *conf_path(const char *base_file, const char *path);	/* relative to base's folder */

int policy_from(struct policy **out, cfg_t *section, const struct settings *, struct err *);
int template_from(struct template **out, cfg_t *section, struct err *);

#endif
