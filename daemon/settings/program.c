/* program.c -- where a program that gongd starts lies: a driver, a fetcher. */
#include "daemon/settings/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"

/* In the folder of this version first: a package that is being unpacked exchanges those above it. */
static char *
in_driver_dir(const struct settings *s, const char *name)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/" GONG_VERSION "/%s", s->driver_dir, name);
	if (access(path.data, X_OK) == 0)
		return buf_take(&path);
	buf_reset(&path);
	buf_printf(&path, "%s/%s", s->driver_dir, name);
	return buf_take(&path);
}

char *
settings_program(const struct settings *s, const char *name, struct err *err)
{
	char *program = strchr(name, '/') ? xstrdup(name) : in_driver_dir(s, name);

	if (access(program, X_OK) == 0)
		return program;
	err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), driver_missing, program);
	free(program);
	return NULL;
}
