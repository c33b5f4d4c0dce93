/* confined.c -- what gong-modem may still do: while it looks for its modem, open devices and nothing
 * else; once it has the port, not even that.  A modem that goes away ends the process, so the next
 * one looks for it with new hands. */
#include "drivers/modem/driver.h"

#include <string.h>

#define OPEN_FILES 128			/* 64 ports are asked at once */

/* The folder of the pattern `ports`, for it is read anew at each look. */
static char *
folder_of(const char *pattern)
{
	char *folder = xstrdup(pattern), *end = folder + strcspn(folder, "*?[");

	while (end > folder && *end != '/')
		end--;
	*end = '\0';
	return folder;
}

void
confined_to_devices(struct driver *d)
{
	char *ports = folder_of(d->conf.ports);

	kit_confine(d->kit, &(struct confine){
		.folders = (const char *[]){ ports, NULL },
		.files = (const char *[]){ "/proc/locks", NULL },	/* who holds a port */
		.devices = (const char *[]){ "/dev", NULL }, .open_files = OPEN_FILES });
	free(ports);
}

void
confined_to_port(struct driver *d)
{
	kit_confine(d->kit, &(struct confine){ .open_files = OPEN_FILES });
}
