/* refused.c -- hears from libnghttp2 what libcurl does not tell: whether a stream ended by
 * REFUSED_STREAM, the server's own or for a GOAWAY that left it out (RFC 9113, 6.8 and 8.7).  Both say
 * that nothing of the request was looked at.  libcurl repeats it then, and a request on a connection
 * that died likewise, of which that cannot be said; what it calls us with is the same for both.
 *
 * libcurl sets its callback by a function of libnghttp2; that name is bound to the one here, which
 * sets ours before it.  With a libcurl that has libnghttp2 within itself nothing is heard, and what was
 * refused is in doubt, as without this file. */
#include "drivers/http/refused.h"

#include <dlfcn.h>
#include <nghttp2/nghttp2.h>
#include <stddef.h>

static void (*hears)(void *ctx, CURL *easy);
static void *hears_ctx;
static nghttp2_on_stream_close_callback curls;
static typeof(nghttp2_session_callbacks_set_on_stream_close_callback) *real;

/* At open: a confined process had better look for nothing. */
static void
find_real(void)
{
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT,
					"nghttp2_session_callbacks_set_on_stream_close_callback");
}

static int
on_stream_close(nghttp2_session *h2, int32_t stream, uint32_t error, void *ctx)
{
	void *easy = nghttp2_session_get_stream_user_data(h2, stream);

	if (error == NGHTTP2_REFUSED_STREAM && easy && hears)
		hears(hears_ctx, easy);
	return curls(h2, stream, error, ctx);
}

void
nghttp2_session_callbacks_set_on_stream_close_callback(nghttp2_session_callbacks *callbacks,
						       nghttp2_on_stream_close_callback callback)
{
	find_real();
	curls = callback;
	real(callbacks, on_stream_close);
}

void
refused_watch(void (*refused)(void *ctx, CURL *easy), void *ctx)
{
	find_real();
	hears = refused;
	hears_ctx = ctx;
}
