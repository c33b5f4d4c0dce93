/* charset.c -- what stands in charset.h, by iconv. */
#include "drivers/feed/charset.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/segment.h"

#define UNREADABLE "\xef\xbf\xbd"

/* What is called GB2312 is GBK more often than not, and GB18030 has both; a mail in US-ASCII or
 * ISO-8859-1 that is written with a keyboard of Windows holds its quotes. */
static const char *
wider(const char *charset)
{
	static const char *const known[][2] = {
		{ "gb2312", "GB18030" }, { "gbk", "GB18030" }, { "gb_2312-80", "GB18030" },
		{ "cp936", "GB18030" }, { "us-ascii", "UTF-8" }, { "iso-8859-1", "CP1252" },
		{ "utf8", "UTF-8" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcasecmp(charset, known[i][0]) == 0)
			return known[i][1];
	return charset;
}

/* glibc takes "//" and what follows as wishes: a name is a name. */
static iconv_t
converter(const char *charset)
{
	size_t len = charset ? strlen(charset) : 0;
	iconv_t cd = (iconv_t)-1;

	if (len && len < 40 && strspn(charset, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.:") == len)
		cd = iconv_open("UTF-8", wider(charset));
	return cd == (iconv_t)-1 ? iconv_open("UTF-8", "UTF-8") : cd;
}

static size_t
character_length(unsigned char lead)
{
	return lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 1;
}

/* glibc's own UTF-8 has more characters than Unicode, and a NUL. */
static void
add_checked(struct buf *out, const struct buf *text)
{
	const char *p = text->data, *end;

	if (!text->len)
		return;
	if (utf8_check(p, text->len, NULL) == 0) {
		buf_add(out, p, text->len);
		return;
	}
	end = p + text->len;
	while (p < end) {
		size_t n = character_length((unsigned char)*p);
		bool good = n <= (size_t)(end - p) && utf8_check(p, n, NULL) == 0;

		buf_add(out, good ? p : UNREADABLE, good ? n : strlen(UNREADABLE));
		p += good ? n : 1;
	}
}

static void
convert(struct buf *out, const char *charset, const char *bytes, size_t len)
{
	iconv_t cd = converter(charset);
	char *in = (char *)bytes, room[4096];
	size_t left = len;

	if (cd == (iconv_t)-1)
		return;
	while (left) {
		char *to = room;
		size_t space = sizeof(room), done;
		int failed;

		done = iconv(cd, &in, &left, &to, &space);
		failed = done == (size_t)-1 ? errno : 0;
		buf_add(out, room, (size_t)(to - room));
		if (failed != EILSEQ && failed != EINVAL)
			continue;
		buf_puts(out, UNREADABLE);
		iconv(cd, NULL, NULL, NULL, NULL);
		in++;
		left--;
	}
	iconv_close(cd);
}

void
charset_add(struct buf *out, const char *charset, const char *bytes, size_t len)
{
	struct buf text = { 0 };

	convert(&text, charset, bytes, len);
	add_checked(out, &text);
	buf_fini(&text);
}

bool
charset_is_utf8(const char *bytes, size_t len)
{
	return !memchr(bytes, '\0', len) && utf8_check(bytes, len, NULL) == 0;
}

bool
charset_of_xml(char *out, size_t size, const char *bytes, size_t len)
{
	const char *end = len > 5 && memcmp(bytes, "<?xml", 5) == 0
		? memchr(bytes, '>', len < 200 ? len : 200) : NULL;
	const char *name = end ? memmem(bytes, (size_t)(end - bytes), "encoding", 8) : NULL;
	size_t n = 0;

	if (!name)
		return false;
	for (name += 8; name < end && (*name == '=' || *name == '"' || *name == '\'' || *name == ' '); name++)
		;
	while (name + n < end && (isalnum((unsigned char)name[n]) || strchr("-_.", name[n])) && name[n])
		n++;
	if (!n || n >= size)
		return false;
	snprintf(out, size, "%.*s", (int)n, name);
	return strcasecmp(out, "utf-8") != 0 && strcasecmp(out, "utf8") != 0;
}
