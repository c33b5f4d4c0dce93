/* list.c -- asks all ports of this machine, or one with the whole dialogue, and prints. */
#include "drivers/modem/list.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "drivers/modem/probe.h"

#define PORTS_MAX 64
#define BY_ID "/dev/serial/by-id/*"

struct listing {
	struct event_base *base;
	struct probe probes[PORTS_MAX];
	size_t count, over;
};

static void
on_over(void *ctx)
{
	struct listing *l = ctx;

	if (++l->over == l->count)
		event_base_loopexit(l->base, NULL);
}

static void
run(struct listing *l, bool with_log)
{
	char port[256];

	l->base = event_base_new();
	for (size_t i = 0; i < l->count; i++) {
		snprintf(port, sizeof(port), "%s", l->probes[i].id.device);
		probe_start(&l->probes[i], port, l->base, with_log, on_over, l);
	}
	if (l->over < l->count)
		event_base_dispatch(l->base);
}

static void
add(struct listing *l, const char *port)
{
	if (l->count < PORTS_MAX)
		snprintf(l->probes[l->count++].id.device, sizeof(l->probes[0].id.device), "%s", port);
}

static void
add_all(struct listing *l, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			add(l, found.gl_pathv[i]);
		globfree(&found);
	}
}

/* The lasting names of a port: they survive replugging, /dev/ttyUSB0 does not. */
static json_t *
lasting_names(const char *port)
{
	char real[PATH_MAX], other[PATH_MAX];
	json_t *names = json_array();
	glob_t found;

	if (!realpath(port, real) || glob(BY_ID, 0, NULL, &found) != 0)
		return names;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (realpath(found.gl_pathv[i], other) && strcmp(real, other) == 0)
			json_array_append_new(names, json_string(found.gl_pathv[i]));
	globfree(&found);
	return names;
}

static int
print(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(json);
	return 0;
}

static json_t *
one(struct probe *p)
{
	json_t *json = probe_json(p);

	json_object_set_new(json, "by_id", lasting_names(p->id.device));
	probe_close(p);
	return json;
}

int
list_main(int argc, char **argv)
{
	static struct listing listing;
	struct listing *l = &listing;
	json_t *all;

	if (argc == 3 && strcmp(argv[1], "probe") == 0) {
		add(l, argv[2]);
		run(l, true);
		return print(one(&l->probes[0]));
	}
	if (argc > 3 || strcmp(argv[1], "list") != 0) {
		fputs("usage: gong-modem list [GLOB] | gong-modem probe DEVICE\n"
		      "without arguments it is a driver that gongd starts\n", stderr);
		return 2;
	}
	if (argc == 3) {
		add_all(l, argv[2]);
	} else {
		add_all(l, "/dev/ttyUSB*");
		add_all(l, "/dev/ttyACM*");
	}
	run(l, false);
	all = json_array();
	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(all, one(&l->probes[i]));
	return print(all);
}
