/* main.c -- gong-folder: one source, one folder.  See gong-folder(8). */
#include "drivers/folder/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cause.h"

#define SOON_MS 20			/* after the kernel tells of a file: more may follow */
#define EVERY_MS 1000			/* a look at all names, whatever the kernel tells */
#define MAX_BYTES (512 * 1024)
#define MAX_BYTES_MOST (700 * 1024)	/* as base64 it must fit into a line */

static const char *const kinds[] = { "plain", "smstools", "gammu" };

static void
look_in(struct event *ev, msec ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(ev, &tv);
}

static void
on_look(evutil_socket_t fd, short what, void *ctx)
{
	bring_look(ctx);
}

static void
on_every(evutil_socket_t fd, short what, void *ctx)
{
	struct folder *f = ctx;

	bring_look(f);
	look_in(f->every, EVERY_MS);
}

/* Many come at once: one look for them all. */
static void
on_told(evutil_socket_t fd, short what, void *ctx)
{
	struct folder *f = ctx;

	if (watch_read(&f->watch) && !event_pending(f->look, EV_TIMEOUT, NULL))
		look_in(f->look, SOON_MS);
}

/* NULL: *path, *files and *max are set; else what is wrong, in words. */
static const char *
read_config(json_t *config, const char **path, enum folder_files *files, size_t *max)
{
	const char *kind = json_string_value(json_object_get(config, "files"));
	json_t *bytes = json_object_get(config, "max_bytes");

	*path = json_string_value(json_object_get(config, "folder"));
	*max = bytes ? (size_t)json_integer_value(bytes) : MAX_BYTES;
	if (!*path || **path != '/')
		return "config needs \"folder\", an absolute path";
	if (bytes && (!json_is_integer(bytes) || *max < 1 || *max > MAX_BYTES_MOST))
		return "max_bytes is a number from 1 to 716800";
	for (int i = 0; i < 3; i++)
		if (strcmp(kind ? kind : "plain", kinds[i]) == 0) {
			*files = (enum folder_files)i;
			return NULL;
		}
	return "files is plain, smstools or gammu";
}

static void
fail(struct kit *k, const char *path, int trouble)
{
	kit_fatal(k, SAID(folder_trouble, path, cause_word(trouble)), true);
}

static void
on_open(struct kit *k, const char *name, json_t *config, const char *keep)
{
	struct folder *f = kit_self(k);
	const char *path = NULL, *wrong = read_config(config, &path, &f->files, &f->max);
	int failed;

	f->kit = k;
	if (wrong)
		kit_fatal(k, wrong, false);
	failed = spool_open(&f->spool, path);
	if (failed)
		fail(k, path, failed);
	watch_open(&f->watch, path);
	kit_confine(k, &(struct confine){ .spools = (const char *[]){ path, NULL }, .open_files = 64 });
	f->look = event_new(kit_base(k), -1, 0, on_look, f);
	f->every = event_new(kit_base(k), -1, 0, on_every, f);
	if (f->watch.fd >= 0) {
		f->told = event_new(kit_base(k), f->watch.fd, EV_READ | EV_PERSIST, on_told, f);
		event_add(f->told, NULL);
	}
	kit_ready_to_fetch(k);
	bring_start(f);
	look_in(f->every, EVERY_MS);
}

/* There is room in hand again for those that wait. */
static void
on_signalled(struct kit *k, const char *id, json_t *signals)
{
	struct folder *f = kit_self(k);

	bring_settled(f, id, signals);
	if (!event_pending(f->look, EV_TIMEOUT, NULL))
		look_in(f->look, SOON_MS);
}

static void
on_check(struct kit *k, json_t *op)
{
	enum folder_files files;
	const char *path, *wrong;
	size_t max;
	struct stat st;

	wrong = read_config(json_object_get(op, "config"), &path, &files, &max);
	if (wrong)
		kit_fatal(k, wrong, false);
	if (stat(path, &st) < 0)
		fail(k, path, errno);
	if (!S_ISDIR(st.st_mode))
		fail(k, path, ENOTDIR);
	kit_checked(k, json_array());
}

int
main(void)
{
	static const struct kit_driver driver = {
		.open = on_open, .signalled = on_signalled, .check = on_check,
	};
	static struct folder f = { .spool = { .top = -1 }, .watch = { .fd = -1 } };

	return kit_main(&driver, &f);
}
