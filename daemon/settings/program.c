/* program.c -- where a program that gongd starts lies: a driver, a fetcher. */
#include "daemon/settings/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"

char *
settings_program(const struct settings *s, const char *name, struct err *err)
{
	struct buf path = { 0 };
	char *program;

	if (strchr(name, '/'))
		buf_puts(&path, name);
	else
		buf_printf(&path, "%s/%s", s->driver_dir, name);
	program = buf_take(&path);
	if (access(program, X_OK) == 0)
		return program;
	err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), driver_missing, program);
	free(program);
	return NULL;
}
