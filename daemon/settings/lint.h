/* lint.h -- the words of all templates of the settings, looked at with their files and ladders. */
#ifndef GONG_SETTINGS_LINT_H
#define GONG_SETTINGS_LINT_H

#include "core/lint.h"
#include "daemon/settings/settings.h"

struct text_finding {
	const char *path;		/* borrowed, as is `name` */
	unsigned line;			/* of the text, else of the template; from 1 */
	const char *name;		/* the template's */
	struct lint_finding what;
};

/* What gong adds to the site's texts; borrowed. */
struct lint_site settings_lint_site(const struct settings *);
/* Every template, and the ladders that it names or that name it; one that the site has not is passed over. */
void settings_lint(const struct settings *, void (*tell)(void *ctx, const struct text_finding *), void *ctx);
/* "FILE:LINE: warning: template warn.rain, zh, voice: what; remedy". */
void text_finding_render(const struct text_finding *, enum lang reader, struct buf *out);

#endif
