/* static.c -- the console's files, out of memory and for everybody: they hold no data.  What the
 * API answers is never looked for here.  Reading the folder is for a thread of its own, at the
 * start and at each reload: a slow disk must not hold the loop, nor a missing console gongd. */
#include "daemon/web/internal.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No third party, no inline script, no frame; names of files do not change with their content, so
 * the browser asks each time, and mostly hears 304. */
#define SAFE_HEADERS "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n" \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; " \
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self'; " \
	"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " \
	"frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n" \
	"Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n"

struct statics {
	struct site *site;		/* NULL: there is none */
	struct event *loaded;
	int pipe;			/* the thread's word comes here; -1 = none is under way */
	bool again;			/* the settings changed meanwhile */
};

struct load {				/* belongs to the thread until it has said so */
	char *folder;
	int fd;
	struct site *site;
	struct err err;
};

static void
load_free(struct load *load)
{
	site_unref(load->site);
	free(load->folder);
	free(load);
}

static void *
load_main(void *ctx)
{
	struct load *load = ctx;
	int fd = load->fd;

	if (site_load(&load->site, load->folder, &load->err) < 0)
		load->site = NULL;
	/* Nobody reads any more once gongd has stopped. */
	if (write(fd, &load, sizeof(load)) != sizeof(load))
		load_free(load);
	close(fd);
	return NULL;
}

static void
drop_pipe(struct statics *s)
{
	event_free(s->loaded);
	close(s->pipe);
	s->loaded = NULL;
	s->pipe = -1;
}

/* NULL: it has not said anything yet. */
static struct load *
take_load(struct statics *s)
{
	struct load *load = NULL;

	return read(s->pipe, &load, sizeof(load)) == sizeof(load) ? load : NULL;
}

static void start_load(struct web *web);

static void
on_loaded(evutil_socket_t fd, short what, void *ctx)
{
	struct web *web = ctx;
	struct statics *s = web->statics;
	struct load *load = take_load(s);

	drop_pipe(s);
	if (load && load->site && !s->again) {
		site_unref(s->site);
		s->site = site_ref(load->site);
		web->ports.log(web->ports.ctx, 6, "console loaded files=%zu", site_count(s->site));
	} else if (load && !s->again) {
		web->ports.log(web->ports.ctx, 3, "console not loaded reason=\"%s\"", load->err.text);
	}
	if (load)
		load_free(load);
	if (s->again)
		start_load(web);
}

static void
start_load(struct web *web)
{
	struct statics *s = web->statics;
	struct load *load;
	pthread_t thread;
	int fds[2];

	s->again = false;
	if (!web->settings->console) {
		site_unref(s->site);
		s->site = NULL;
		return;
	}
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		web->ports.log(web->ports.ctx, 3, "console not loaded reason=\"%s\"", strerror(errno));
		return;
	}
	load = xcalloc(1, sizeof(*load));
	load->folder = xstrdup(web->settings->console);
	load->fd = fds[1];
	s->pipe = fds[0];
	s->loaded = event_new(web->base, s->pipe, EV_READ, on_loaded, web);
	event_add(s->loaded, NULL);
	if (pthread_create(&thread, NULL, load_main, load) == 0) {
		pthread_setname_np(thread, "gongd-console");
		pthread_detach(thread);
	} else {
		close(fds[1]);		/* on_loaded finds nothing */
		load_free(load);
	}
}

void
static_open(struct web *web)
{
	web->statics = xcalloc(1, sizeof(*web->statics));
	web->statics->pipe = -1;
	start_load(web);
}

void
static_reload(struct web *web)
{
	if (web->statics->pipe >= 0)
		web->statics->again = true;
	else
		start_load(web);
}

/* The thread may be waiting for a disk that never answers: it is left to itself. */
void
static_close(struct web *web)
{
	struct statics *s = web->statics;
	struct load *load = s && s->pipe >= 0 ? take_load(s) : NULL;

	if (load)
		load_free(load);
	if (s && s->pipe >= 0)
		drop_pipe(s);
	if (s)
		site_unref(s->site);
	free(s);
}

bool
static_find(struct web *web, struct exchange *x, const char *path)
{
	x->file = site_find(web->statics->site, path);
	if (x->file)
		x->site = site_ref(web->statics->site);
	return x->file != NULL;
}

static void
let_go(void *ctx)
{
	site_unref(ctx);
}

void
static_answer(struct http_conn *c, struct exchange *x)
{
	const struct http_request *r = http_request(c);
	const struct site_file *f = x->file;
	bool packed = f->packed.bytes && site_takes_gzip(http_header(r, "accept-encoding"));
	const struct site_form *form = packed ? &f->packed : &f->plain;
	bool has_it = site_has_etag(http_header(r, "if-none-match"), form->etag);
	char extra[1000];

	snprintf(extra, sizeof(extra), SAFE_HEADERS "ETag: %s\r\n%s%s", form->etag,
		 f->packed.bytes ? "Vary: Accept-Encoding\r\n" : "",
		 packed && !has_it ? "Content-Encoding: gzip\r\n" : "");
	http_answer_kept(c, has_it ? 304 : 200, f->type, extra, form->bytes, has_it ? 0 : form->len,
			 let_go, site_ref(x->site));
}
