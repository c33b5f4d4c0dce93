/* heard.c -- the listener of heard.h. */
#include "daemon/heard.h"

#include "daemon/log.h"

static void
hear(void *ctx, bool fault, const struct said *said)
{
	char text[2 * SAID_BYTES];

	if (fault)
		return;
	said_render(said, LANG_EN, text, sizeof(text));
	log_line(LOG_WARNING, "settings read as meant note=\"%s\"", text);
}

const struct settings_listener heard_in_log = { hear, NULL };
