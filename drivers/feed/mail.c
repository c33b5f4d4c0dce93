/* mail.c -- what stands in mail.h. */
#include "drivers/feed/mail.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "drivers/feed/charset.h"
#include "drivers/feed/mime.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DEPTH_MAX 8
#define PARTS_MAX 100			/* of a mail that is made of parts of parts */
#define HEADER_MAX 900
#define TEXT_MAX 65536			/* bytes of a text that becomes JSON; the rest is cut */

struct reading {
	struct mail *mail;
	struct buf text;		/* the first text/plain, in UTF-8 */
	bool has_text;
	unsigned parts;
};

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && strcasecmp(name + len - n, end) == 0;
}

static bool
is_document(const struct mime *m)
{
	static const char *const types[] = {
		"application/cap+xml", "application/xml", "text/xml", "application/json",
	};
	static const char *const ends[] = { ".cap", ".xml", ".json" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(m->type, types[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (ends_with(m->name, ends[i]))
			return true;
	return false;
}

static void
add_file(struct mail *mail, struct buf *bytes)
{
	if (!bytes->len || mail->count == MAIL_FILES_MAX) {
		mail->left_out |= bytes->len > 0;
		buf_fini(bytes);
		return;
	}
	mail->files[mail->count].len = bytes->len;
	mail->files[mail->count++].bytes = buf_take(bytes);
}

static void
look_at(struct reading *r, const char *bytes, size_t len, unsigned depth)
{
	struct buf body = { 0 };
	struct mime m;
	const char *part;
	size_t at = 0, n;

	mime_read(&m, bytes, len);
	if (strncmp(m.type, "multipart/", 10) == 0 && depth < DEPTH_MAX) {
		while (r->parts < PARTS_MAX && mime_next_part(&m, &at, &part, &n)) {
			r->parts++;
			look_at(r, part, n, depth + 1);
		}
		r->mail->left_out |= r->parts == PARTS_MAX;
	} else if (is_document(&m)) {
		mime_decode(&m, &body);
		add_file(r->mail, &body);
	} else if (strcmp(m.type, "text/plain") == 0 && !r->has_text) {
		r->has_text = true;
		mime_decode(&m, &body);
		charset_add(&r->text, m.charset, body.data ? body.data : "", body.len);
		buf_fini(&body);
	}
}

/* Is there more before `stop` than one name, quoted or not?  Another mailbox, a group, a comment. */
static bool
is_one_name(const char *text, const char *stop)
{
	bool quoted = false;

	for (; text < stop; text++) {
		if (*text == '\\' && text + 1 < stop)
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && strchr(",;:<>()", *text))
			return false;
	}
	return !quoted;
}

/* RFC 5322 3.4, as far as it is one mailbox: what stands in <…>, else the whole. */
static char *
address_of(const struct buf *field)
{
	const char *text = field->data ? field->data : "", *open = strrchr(text, '<'), *close;
	struct buf out = { 0 };

	close = open ? strchr(open, '>') : NULL;
	if (open && (!close || strspn(close + 1, " \t") != strlen(close + 1) || !is_one_name(text, open)))
		return xstrdup("");
	if (open)
		text = open + 1;
	for (; *text && text != close; text++) {
		if (*text <= ' ' || *text == 0x7f || strchr(",;:\"()<>\\", *text)) {
			if (*text == ' ' || *text == '\t')
				continue;
			buf_reset(&out);	/* two of them, or something cleverer: not believed */
			break;
		}
		buf_add(&out, &(char){ (char)tolower((unsigned char)*text) }, 1);
	}
	if (out.len && strchr(out.data, '@') != strrchr(out.data, '@'))
		buf_reset(&out);
	return buf_take(&out);
}

/* Two From fields are a forgery that one program reads so and another so. */
static bool
has_two(const struct mime *m, const char *name)
{
	struct mime rest = *m;
	struct buf value = { 0 };
	size_t len = strlen(name);
	unsigned found = 0;

	for (size_t i = 0; i + len < m->head_len; i++) {
		if ((i && m->head[i - 1] != '\n') || strncasecmp(m->head + i, name, len) != 0 ||
		    m->head[i + len] != ':')
			continue;
		rest.head = m->head + i;
		rest.head_len = m->head_len - i;
		found += mime_field(&rest, name, &value);
	}
	buf_fini(&value);
	return found > 1;
}

static char *
text_of(const struct mime *m, const char *name)
{
	struct buf out = { 0 };

	mime_text_field(m, name, HEADER_MAX, &out);
	return buf_take(&out);
}

/* -- Authentication-Results -- */

static void
drop_comments(char *text)
{
	unsigned depth = 0;
	char *to = text;

	for (; *text; text++) {
		depth += *text == '(';
		if (!depth)
			*to++ = *text;
		else
			depth -= *text == ')';
	}
	*to = '\0';
}

static bool
is_domain_of(const char *domain, size_t len, const char *address)
{
	const char *host = strchr(address, '@');
	size_t n;

	if (!host || !len)
		return false;
	n = strlen(++host);
	return n >= len && strncasecmp(host + n - len, domain, len) == 0 &&
		memchr(domain, '.', len) && (n == len || host[n - len - 1] == '.');
}

/* One "dkim=pass header.d=example.org". */
static void
judge(struct buf *out, const char *result, const char *from)
{
	const char *word = result + 5, *domain = strcasestr(result, "header.d=");
	size_t len = strspn(word, LETTERS), n;

	domain = domain ? domain + 9 : "";
	n = strcspn(domain, " \t;");
	if (len == 4 && strncasecmp(word, "pass", 4) == 0) {
		if (is_domain_of(domain, n, from)) {
			buf_reset(out);
			buf_puts(out, "pass");
		} else if (!out->len) {
			buf_puts(out, "other");
		}
	} else if (!out->len) {
		for (size_t i = 0; i < len && i < 20; i++)
			buf_add(out, &(char){ (char)tolower((unsigned char)word[i]) }, 1);
	}
}

/* The uppermost field only: it is the one that the office's own server has written. */
static char *
dkim_of(const struct mime *m, const char *authserv, const char *from)
{
	struct buf field = { 0 }, out = { 0 };
	char *save, *one;

	if (authserv && mime_field(m, "Authentication-Results", &field) && field.len) {
		drop_comments(field.data);
		one = strtok_r(field.data, ";", &save);
		if (one && strncasecmp(one, authserv, strlen(authserv)) == 0 &&
		    strchr(" \t", one[strlen(authserv)]))
			while ((one = strtok_r(NULL, ";", &save)) && strcmp(out.data ? out.data : "", "pass") != 0) {
				one += strspn(one, " \t");
				if (strncasecmp(one, "dkim=", 5) == 0)
					judge(&out, one, from);
			}
	}
	buf_fini(&field);
	return buf_take(&out);
}

/* -- what becomes a document -- */

static bool
text_is_document(const struct buf *text)
{
	const char *p = text->data ? text->data : "";

	p += strspn(p, " \t\r\n");
	return *p == '{' || *p == '[' || strncmp(p, "<?xml", 5) == 0 || strncmp(p, "<alert", 6) == 0;
}

static void
set_text(json_t *object, const char *name, char *text)
{
	json_object_set_new(object, name, json_string(text));
	free(text);
}

static void
add_mail_itself(struct mail *mail, const struct mime *m, struct buf *text)
{
	json_t *whole = json_pack("{s:s,s:s,s:s}", "from", mail->from, "subject", mail->subject,
				  "message_id", mail->message_id);
	size_t len = text->len < TEXT_MAX ? text->len : TEXT_MAX;
	struct buf document = { 0 };
	char *dump;

	while (len && len < text->len && ((unsigned char)text->data[len] & 0xc0) == 0x80)
		len--;
	set_text(whole, "to", text_of(m, "To"));
	set_text(whole, "date", text_of(m, "Date"));
	json_object_set_new(whole, "text", json_stringn(text->data ? text->data : "", len));
	dump = json_dumps(whole, JSON_COMPACT);
	buf_puts(&document, dump);
	free(dump);
	json_decref(whole);
	add_file(mail, &document);
}

void
mail_read(struct mail *mail, const char *authserv, const char *bytes, size_t len)
{
	struct reading r = { .mail = mail };
	struct buf from = { 0 };
	struct mime m;

	*mail = (struct mail){ 0 };
	mime_read(&m, bytes, len);
	mime_field(&m, "From", &from);
	if (has_two(&m, "From"))
		buf_reset(&from);
	mail->from = address_of(&from);
	mail->subject = text_of(&m, "Subject");
	mail->message_id = text_of(&m, "Message-ID");
	mail->dkim = dkim_of(&m, authserv, mail->from);
	look_at(&r, bytes, len, 0);
	if (!mail->count && text_is_document(&r.text))
		add_file(mail, &r.text);
	if (!mail->count)
		add_mail_itself(mail, &m, &r.text);
	buf_fini(&from);
	buf_fini(&r.text);
}

bool
mail_is_from(const struct mail *mail, const char *const *senders, size_t count)
{
	const char *host = strchr(mail->from, '@');

	for (size_t i = 0; host && host != mail->from && i < count; i++)
		if (strcasecmp(senders[i][0] == '@' ? host : mail->from, senders[i]) == 0)
			return true;
	return false;
}

void
mail_fini(struct mail *mail)
{
	for (size_t i = 0; i < mail->count; i++)
		free(mail->files[i].bytes);
	free(mail->from);
	free(mail->subject);
	free(mail->message_id);
	free(mail->dkim);
	*mail = (struct mail){ 0 };
}
