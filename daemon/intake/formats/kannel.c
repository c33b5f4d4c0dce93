/* kannel.c -- format `kannel`: what a client of Kannel's sendsms asks for (user guide 1.4.5, table 7-17),
 * as the query of its GET.  One signal: a text and the numbers it is for.  What Kannel leaves out without
 * a word is refused here: an empty text, 8-bit data, a header, a time that is no time. */
#include "daemon/intake/formats/kannel.h"

#include <iconv.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/number.h"
#include "core/segment.h"
#include "core/url.h"

#define VALIDITY_MAX (31 * 24 * 60)	/* minutes */
#define CALLBACK_MAX 1500		/* what is filled in needs room, too */

/* A parameter as it came, its second name where it had one before. */
struct wish {
	char *bytes;			/* percent-decoded, with a NUL behind; NULL: it is not there */
	size_t len;
};
enum {
#define W(name, text, old) WISH_##name,
	KANNEL_WISHES(W)
#undef W
	WISH_COUNT
};
static const struct { const char *name, *old; } names[WISH_COUNT] = {
#define W(name, text, old) { text, old },
	KANNEL_WISHES(W)
#undef W
};

struct asked {
	struct wish wishes[WISH_COUNT];
	struct err *err;
};

/* -- the query -- */

static int
name_of(const char *text, size_t len)
{
	for (int i = 0; i < WISH_COUNT; i++)
		if ((strlen(names[i].name) == len && memcmp(names[i].name, text, len) == 0) ||
		    (names[i].old && strlen(names[i].old) == len && memcmp(names[i].old, text, len) == 0))
			return i;
	return -1;
}

static int
hex_pair(const char *text)
{
	int value = 0;

	for (int i = 0; i < 2; i++) {
		const char *digits = "0123456789abcdef0123456789ABCDEF", *at = text[i] ? strchr(digits, text[i]) : NULL;

		if (!at)
			return -1;
		value = value * 16 + (int)((at - digits) % 16);
	}
	return value;
}

static void
take_value(struct wish *w, const char *text, size_t len)
{
	if (w->bytes)
		return;			/* the first one counts, as there */
	w->bytes = xmalloc(len + 1);
	for (size_t i = 0; i < len; i++) {
		int byte = text[i] == '%' && len - i > 2 ? hex_pair(text + i + 1) : -1;

		w->bytes[w->len++] = (char)(byte >= 0 ? byte : text[i] == '+' ? ' ' : text[i]);
		i += byte >= 0 ? 2 : 0;
	}
	w->bytes[w->len] = '\0';
}

/* Calls `each` for every NAME=VALUE; a name without "=" has none. */
static void
walk(const char *p, size_t size, void (*each)(void *ctx, int name, const char *pair, size_t len, const char *value),
     void *ctx)
{
	const char *end = p + size;

	while (end > p && strchr("\r\n", end[-1]))
		end--;
	for (; p < end; p++) {
		const char *stop = memchr(p, '&', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);
		const char *equals = memchr(p, '=', len);

		if (equals)
			each(ctx, name_of(p, (size_t)(equals - p)), p, len, equals + 1);
		p += len;
	}
}

static void
take_pair(void *ctx, int name, const char *pair, size_t len, const char *value)
{
	struct asked *a = ctx;

	if (name >= 0)
		take_value(&a->wishes[name], value, len - (size_t)(value - pair));
}

static void
asked_fini(struct asked *a)
{
	for (int i = 0; i < WISH_COUNT; i++)
		free(a->wishes[i].bytes);
}

/* -- what may be wrong with it -- */

static int
misformed(const struct asked *a, int name)
{
	return err_say(a->err, REFUSED_INVALID, about_name(CONCEPT_QUERY, names[name].name), sendsms_field,
		       names[name].name);
}

/* A text of one line; NULL: it is not there, or empty. */
static const char *
line_of(const struct asked *a, int name)
{
	const struct wish *w = &a->wishes[name];

	return w->bytes && w->len && strlen(w->bytes) == w->len && utf8_check(w->bytes, w->len, NULL) == 0
		? w->bytes : NULL;
}

/* 0 where it is not said; -1: it is no number of that range. */
static int
number_of(const struct asked *a, int name, int64_t most, int64_t *out)
{
	const struct wish *w = &a->wishes[name];

	*out = 0;
	if (!w->bytes || !w->len)
		return 0;
	return strlen(w->bytes) == w->len && whole_parse(out, w->bytes, 0, most) == 0 ? 0 : misformed(a, name);
}

/* What nobody can be told by: 8-bit data, headers, waiting lamps, compressed texts, other alphabets; and
 * what gong's own ladder decides: when it goes. */
static int
check_unwanted(const struct asked *a)
{
	static const int wishes[] = { WISH_MWI, WISH_COMPRESS, WISH_ALT_DCS, WISH_DEFERRED };
	const struct wish *udh = &a->wishes[WISH_UDH];
	int64_t n;

	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++)
		if (number_of(a, wishes[i], INT32_MAX, &n) < 0 || n)
			return misformed(a, wishes[i]);
	return udh->bytes && udh->len ? misformed(a, WISH_UDH) : 0;
}

static int
check_ranges(const struct asked *a)
{
	static const struct { int wish, most; } ranges[] = {
		{ WISH_MCLASS, 3 }, { WISH_PRIORITY, 3 }, { WISH_DLR_MASK, DLR_ALL },
	};
	int64_t n;

	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (number_of(a, ranges[i].wish, ranges[i].most, &n) < 0)
			return -1;
	return 0;
}

/* -- its text -- */

/* `bytes` of a charset as UTF-8, the caller's; NULL: they are none of it, or the charset is not known. */
static char *
decode(const char *charset, const char *bytes, size_t len)
{
	static const struct { const char *said, *name; } known[] = {
		{ "GBK", "GB18030" }, { "GB2312", "GB18030" }, { "GB18030", "GB18030" },
		{ "ISO-8859-1", "ISO-8859-1" }, { "LATIN1", "ISO-8859-1" }, { "WINDOWS-1252", "WINDOWS-1252" },
		{ "UTF-16BE", "UTF-16BE" }, { "UCS-2", "UTF-16BE" }, { "UTF-16", "UTF-16BE" },
		{ "UTF-8", "UTF-8" }, { "UTF8", "UTF-8" },
	};
	char *in = (char *)bytes, *out, *to;
	iconv_t from = (iconv_t)-1;
	size_t room = len * 4;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known) && from == (iconv_t)-1; i++)
		if (strcasecmp(known[i].said, charset) == 0)
			from = iconv_open("UTF-8", known[i].name);
	if (from == (iconv_t)-1)
		return NULL;
	to = out = xmalloc(room + 1);
	if (iconv(from, &in, &len, &to, &room) == (size_t)-1 || memchr(out, '\0', (size_t)(to - out))) {
		free(out);
		out = NULL;
	} else {
		*to = '\0';
	}
	iconv_close(from);
	return out;
}

static bool
is_ascii(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] >= 0x80)
			return false;
	return true;
}

/* Kannel takes the bytes of coding 2 for UTF-16BE where no charset is said, and sends what many a client
 * wrote as UTF-8 as nonsense.  Chinese in UTF-16BE is hardly ever UTF-8 by accident. */
static const char *
charset_of(const struct asked *a, int64_t coding)
{
	const struct wish *text = &a->wishes[WISH_TEXT];
	const char *said = line_of(a, WISH_CHARSET);

	if (said)
		return said;
	if (coding != 2)
		return "UTF-8";
	return !is_ascii(text->bytes, text->len) && utf8_check(text->bytes, text->len, NULL) == 0 ? "UTF-8" : "UTF-16BE";
}

static int
take_text(struct signal *s, const struct asked *a)
{
	const struct wish *text = &a->wishes[WISH_TEXT];
	int64_t coding;
	char *said;

	if (number_of(a, WISH_CODING, 2, &coding) < 0)
		return -1;
	if (coding == 1)		/* 8-bit data is no text */
		return misformed(a, WISH_CODING);
	if (!text->bytes || !text->len)
		return err_say(a->err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "text"), sendsms_no_text);
	said = decode(charset_of(a, coding), text->bytes, text->len);
	if (!said)
		return err_say(a->err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "charset"), sendsms_charset);
	signal_text_set(s, LANG_EN, "headline", said);
	signal_text_set(s, LANG_EN, "description", said);
	if (strlen(said) > SIGNAL_TEXT_MAX) {
		free(said);
		return err_say(a->err, REFUSED_TOO_LARGE, about_name(CONCEPT_QUERY, "text"), sendsms_long,
			       NUM(SIGNAL_TEXT_MAX));
	}
	free(said);
	if (signal_text(s, LANG_EN, "description"))
		return 0;
	return err_say(a->err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "text"), sendsms_no_text);
}

/* -- whom, and by whom -- */

/* Numbers with one space between; the label has to hold all of them. */
static int
take_numbers(struct signal *s, const struct asked *a)
{
	const char *to = line_of(a, WISH_TO);
	struct buf all = { 0 };
	int rc = 0;

	if (!a->wishes[WISH_TO].bytes)
		return err_say(a->err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "to"), sendsms_no_to);
	for (; to && *to; to += strspn(to, " \t")) {
		size_t len = strcspn(to, " \t");

		if (len) {
			buf_puts(&all, all.len ? " " : "");
			buf_add(&all, to, len);
		}
		to += len;
	}
	if (!all.len)
		rc = err_say(a->err, REFUSED_INVALID, about_name(CONCEPT_QUERY, "to"), sendsms_empty_to);
	else if (all.len > SIGNAL_LABEL_MAX)
		rc = err_say(a->err, REFUSED_TOO_LARGE, about_name(CONCEPT_QUERY, "to"), sendsms_many,
			     NUM(SIGNAL_LABEL_MAX));
	else
		signal_label(s, "to", all.data);
	buf_fini(&all);
	return rc;
}

static void
take_labels(struct signal *s, const struct asked *a)
{
	static const int wishes[] = { WISH_FROM, WISH_SMSC, WISH_ACCOUNT, WISH_BINFO, WISH_META_DATA, WISH_PRIORITY,
				      WISH_MCLASS };

	for (size_t i = 0; i < sizeof(wishes) / sizeof(*wishes); i++)
		if (line_of(a, wishes[i]))
			signal_label(s, names[wishes[i]].name, line_of(a, wishes[i]));
}

/* Its address stays apart: it may hold a secret.  Two messages with other addresses are two. */
static int
take_callback(struct signal *s, const struct asked *a)
{
	const char *url = line_of(a, WISH_DLR_URL);
	unsigned char sum[32];
	char mark[17];
	struct url u;
	int64_t mask;

	if (number_of(a, WISH_DLR_MASK, DLR_ALL, &mask) < 0)
		return -1;
	if (!mask || !a->wishes[WISH_DLR_URL].len)
		return 0;
	if (!url || strlen(url) > CALLBACK_MAX || url_parse(&u, url) < 0)
		return misformed(a, WISH_DLR_URL);
	EVP_Digest(url, strlen(url), sum, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 8; i++)
		snprintf(mark + 2 * i, 3, "%02x", sum[i]);
	signal_label(s, "dlr", mark);
	s->callback = xstrdup(url);
	s->callback_mask = (unsigned)mask;
	return 0;
}

int
format_kannel(struct signal_post *out, const struct format_input *in, struct err *err)
{
	struct asked a = { .err = err };
	struct signal *s = signal_post_add(out);
	int64_t minutes;
	int rc = 0;

	walk(in->bytes, in->len, take_pair, &a);
	signal_set(s, &s->kind, "sms", SIGNAL_NAME_MAX);
	if (take_numbers(s, &a) < 0 || check_unwanted(&a) < 0 || check_ranges(&a) < 0 ||
	    number_of(&a, WISH_VALIDITY, VALIDITY_MAX, &minutes) < 0 || take_text(s, &a) < 0 ||
	    take_callback(s, &a) < 0)
		rc = -1;
	else
		take_labels(s, &a);
	if (rc == 0 && minutes)
		s->expires_at = in->now + MINUTES(minutes);
	asked_fini(&a);
	if (rc < 0)
		signal_post_fini(out);
	return rc;
}

/* -- as it is kept -- */

static void
put_coded(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (strchr("%&+=# ", *text))
			buf_printf(out, "%%%02X", (unsigned char)*text);
		else
			buf_add(out, text, 1);
}

static void
keep_pair(void *ctx, int name, const char *pair, size_t len, const char *value)
{
	struct buf *out = ctx, shown = { 0 };
	struct wish w = { 0 };

	if (name == WISH_PASSWORD)
		return;
	buf_puts(out, out->len ? "&" : "");
	if (name != WISH_DLR_URL) {
		buf_add(out, pair, len);
		return;
	}
	take_value(&w, value, len - (size_t)(value - pair));
	url_shown(&shown, w.bytes ? w.bytes : "");
	buf_add(out, pair, (size_t)(value - pair));
	put_coded(out, shown.data);
	buf_fini(&shown);
	free(w.bytes);
}

void
kannel_without_secrets(struct buf *out, const char *bytes, size_t len)
{
	walk(bytes, len, keep_pair, out);
}
