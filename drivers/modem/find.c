/* find.c -- looks at the ports there are, again and again, until one has the modem. */
#include "drivers/modem/find.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"

#define LOOK_MS 250
#define PORTS_MAX 64
#define REST_LOOKS 12			/* other devices live there, too: not asked all the time */

struct finder {
	struct event_base *base;
	char *device, *ports, *last;
	void (*found)(void *, const char *);
	void (*missing)(void *, const char *);
	void *ctx;
	struct event *timer;
	struct probe *probes;		/* of this look */
	size_t count, over;
	const struct quirks *quirks;
	unsigned long asked;		/* hash of the ports that were asked last */
	unsigned rest;			/* looks until the same ports are asked again */
	bool is_path, asks_siblings;
	char why[200];
};

static void
set_timer(struct finder *f, msec ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(f->timer, &tv);
}

static void
end_look(struct finder *f)
{
	for (size_t i = 0; i < f->count; i++)
		probe_close(&f->probes[i]);
	free(f->probes);
	f->probes = NULL;
	f->count = f->over = 0;
}

static void
say_missing(struct finder *f, const char *why)
{
	end_look(f);
	if (strcmp(why, f->why) != 0) {
		snprintf(f->why, sizeof(f->why), "%s", why);
		f->missing(f->ctx, f->why);
	}
	set_timer(f, LOOK_MS);
}

static void
on_over(void *ctx)
{
	struct finder *f = ctx;

	if (++f->over == f->count)
		set_timer(f, 0);
}

/* Is it another port of the same stick?  …usb-Maker_Stick_123-if00-port0.  Other names do not
 * tell: it might be another stick, with another SIM. */
static bool
is_sibling(const char *port, const char *device)
{
	const char *end = strstr(device, "-if");
	size_t len = end ? (size_t)(end - device) : 0;

	return len && strcmp(port, device) != 0 && strncmp(port, device, len + 3) == 0;
}

static void
add(struct finder *f, const char *port)
{
	if (f->count < PORTS_MAX)
		snprintf(f->probes[f->count++].id.device, 256, "%s", port);
}

static void
ask_all(struct finder *f)
{
	size_t count = f->count;
	char port[256];

	for (size_t i = 0; i < count; i++) {
		snprintf(port, sizeof(port), "%s", f->probes[i].id.device);
		probe_start(&f->probes[i], port, f->base, false, on_over, f);
	}
}

static void
add_found(struct finder *f)
{
	glob_t found = { 0 };

	if (glob(f->ports, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (!f->is_path || is_sibling(found.gl_pathv[i], f->device))
				add(f, found.gl_pathv[i]);
	globfree(&found);
}

/* The same ports as at the last look are left alone for a while. */
static bool
must_rest(struct finder *f)
{
	unsigned long ports = 5381;

	for (size_t i = 0; i < f->count; i++)
		for (const char *c = f->probes[i].id.device; *c; c++)
			ports = ports * 33 + (unsigned char)*c;
	if (f->is_path || ports != f->asked || !f->rest) {
		f->asked = ports;
		f->rest = REST_LOOKS;
		return false;
	}
	f->rest--;
	return true;
}

static void
look(struct finder *f)
{
	f->probes = xcalloc(PORTS_MAX, sizeof(*f->probes));
	if (!f->is_path || f->asks_siblings)
		add_found(f);
	else if (access(f->device, F_OK) == 0)
		add(f, f->device);
	if (f->count && must_rest(f)) {
		end_look(f);
		set_timer(f, LOOK_MS);
	} else if (f->count)
		ask_all(f);
	else if (!f->asks_siblings)
		say_missing(f, f->is_path ? WORD(modem_no_port) : WORD(modem_no_ports));
	else
		set_timer(f, 0);
}

static bool
fits(const struct finder *f, const struct probe *p)
{
	if (!p->answers)
		return false;
	if (strncmp(f->device, "imei:", 5) == 0)
		return strcmp(p->id.imei, f->device + 5) == 0;
	if (strncmp(f->device, "iccid:", 6) == 0)
		return strcmp(p->id.iccid, f->device + 6) == 0;
	return p->id.imei[0] || p->id.model[0];	/* a modem, not something that echoes */
}

/* It is where the modem was and does not say who it is: that modem hangs, or its SIM is gone. */
static bool
may_be_it(const struct finder *f, const struct probe *p)
{
	bool is_nobody = strncmp(f->device, "iccid:", 6) == 0 ? !p->id.iccid[0] : !p->id.imei[0];

	return p->wire && is_nobody && strcmp(p->id.device, f->last) == 0;
}

/* Of the ports of one stick that answer: what its model is known for, by the interface in the
 * name ("…-if02-port0"); else where it was last.  Less is better. */
static size_t
rank(const struct finder *f, const struct probe *p)
{
	const char *part = strstr(p->id.device, "-if");
	long number = part ? strtol(part + 3, NULL, 16) : -1;
	struct quirk quirk;
	char who[112];

	snprintf(who, sizeof(who), "%s %s", p->id.maker, p->id.model);
	quirks_pick(f->quirks, who, &quirk);
	for (size_t i = 0; i < quirk.usb_ports_count; i++)
		if (quirk.usb_ports[i] == number)
			return i;
	return QUIRK_LINES + (strcmp(p->id.device, f->last) != 0);
}

static void
is_found(struct finder *f, const char *port)
{
	char name[256];

	snprintf(name, sizeof(name), "%s", port);
	end_look(f);
	f->found(f->ctx, name);
}

/* Every port asked has answered, or not. */
static void
decide(struct finder *f)
{
	const struct probe *silent = NULL, *best = NULL;
	char why[200] = "";

	for (size_t i = 0; i < f->count; i++) {
		const struct probe *p = &f->probes[i];

		if (fits(f, p) && (!best || rank(f, p) < rank(f, best)))
			best = p;
		if (may_be_it(f, p))
			silent = p;
		snprintf(why, sizeof(why), "%.100s: %.90s", p->id.device, p->reason[0] ? p->reason
			 : "another modem");
	}
	if (best) {
		is_found(f, best->id.device);
	} else if (f->asks_siblings) {
		f->asks_siblings = false;
		is_found(f, f->device);		/* silent as it is */
	} else if (silent) {
		is_found(f, silent->id.device);
	} else if (f->is_path && !f->probes[0].wire) {
		say_missing(f, why);
	} else if (f->is_path) {
		end_look(f);
		f->asks_siblings = true;
		set_timer(f, 0);
	} else {
		say_missing(f, why);
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct finder *f = ctx;

	if (f->probes)
		decide(f);
	else
		look(f);
}

struct finder *
find_start(struct event_base *base, const char *device, const char *ports, const char *last,
	   const struct quirks *quirks, msec wait_ms, void (*found)(void *, const char *),
	   void (*missing)(void *, const char *), void *ctx)
{
	struct finder *f = xcalloc(1, sizeof(*f));

	f->base = base;
	f->device = xstrdup(device);
	f->ports = xstrdup(ports);
	f->last = xstrdup(last);
	f->found = found;
	f->missing = missing;
	f->ctx = ctx;
	f->quirks = quirks;
	f->is_path = *device == '/';
	f->timer = event_new(base, -1, 0, on_timer, f);
	set_timer(f, wait_ms);
	return f;
}

void
find_free(struct finder *f)
{
	end_look(f);
	event_free(f->timer);
	free(f->device);
	free(f->ports);
	free(f->last);
	free(f);
}
