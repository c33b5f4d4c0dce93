/* buf.c -- growing bytes, and allocation that ends the process instead of failing. */
#include "core/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *
checked(void *p)
{
	if (!p) {
		fputs("gong: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *
xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *
xcalloc(size_t count, size_t size)
{
	return checked(calloc(count ? count : 1, size ? size : 1));
}

void *
xrealloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

char *
xstrdup(const char *text)
{
	return text ? checked(strdup(text)) : NULL;
}

char *
xstrndup(const char *text, size_t len)
{
	return checked(strndup(text, len));
}

static void
reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (need <= buf->cap)
		return;
	buf->cap = need < 64 ? 64 : need + need / 2;
	buf->data = xrealloc(buf->data, buf->cap);
}

void
buf_add(struct buf *buf, const void *bytes, size_t len)
{
	reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	reserve(buf, 63);
	va_start(args, fmt);
	len = vsnprintf(buf->data + buf->len, buf->cap - buf->len, fmt, args);
	va_end(args);
	if (buf->len + (size_t)len >= buf->cap) {
		reserve(buf, (size_t)len);
		va_start(args, fmt);
		vsnprintf(buf->data + buf->len, buf->cap - buf->len, fmt, args);
		va_end(args);
	}
	buf->len += (size_t)len;
}

void
buf_json(struct buf *buf, const char *text)
{
	if (!text) {
		buf_puts(buf, "null");
		return;
	}
	buf_puts(buf, "\"");
	for (const char *p = text; *p;) {
		size_t plain = 0;

		while (p[plain] && p[plain] != '"' && p[plain] != '\\' &&
		       (unsigned char)p[plain] >= 0x20)
			plain++;
		buf_add(buf, p, plain);
		p += plain;
		if (!*p)
			break;
		if (*p == '"' || *p == '\\')
			buf_printf(buf, "\\%c", *p);
		else
			buf_printf(buf, "\\u%04x", (unsigned char)*p);
		p++;
	}
	buf_puts(buf, "\"");
}

void
buf_reset(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void
buf_fini(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ 0 };
}

char *
buf_take(struct buf *buf)
{
	char *text = buf->data ? buf->data : xstrdup("");

	*buf = (struct buf){ 0 };
	return text;
}
