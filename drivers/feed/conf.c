/* conf.c -- what stands in conf.h; what it does not know it refuses. */
#include "drivers/feed/conf.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "core/number.h"

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@.!#$%&'*+/=?^_`{|}~-"
#define AT(member) offsetof(struct conf, member)

enum door { BOTH, WEB, MAIL };		/* where an option means something */
enum type { TEXT, POINTER, FLAG, DURATION, WHOLE, LIST, FIELDS };

static const struct option {
	const char *name;
	enum type type;
	enum door door;
	size_t at;
	int64_t least, most, otherwise;
} options[] = {
	{ "url", TEXT, BOTH, AT(url), 0, 0, 0 },
	{ "user", TEXT, BOTH, AT(user), 0, 0, 0 },
	{ "password", TEXT, BOTH, AT(password), 0, 0, 0 },
	{ "ca_file", TEXT, BOTH, AT(ca_file), 0, 0, 0 },
	{ "client_cert", TEXT, BOTH, AT(client_cert), 0, 0, 0 },
	{ "client_key", TEXT, BOTH, AT(client_key), 0, 0, 0 },
	{ "every", DURATION, BOTH, AT(every_ms), 100, HOURS(24), SECONDS(60) },
	{ "timeout", DURATION, BOTH, AT(timeout_ms), SECONDS(1), MINUTES(5), SECONDS(30) },
	{ "alarm_after", DURATION, BOTH, AT(alarm_after_ms), 100, HOURS(24), MINUTES(5) },
	{ "document_max", WHOLE, BOTH, AT(document_max), 1, DOCUMENT_MAX, 262144 },
	{ "items_max", WHOLE, BOTH, AT(items_max), 1, 1000, 500 },
	{ "authorization", TEXT, WEB, AT(authorization), 0, 0, 0 },
	{ "headers", FIELDS, WEB, AT(headers), 0, 0, 0 },
	{ "fetch_from", LIST, WEB, 0, 0, 0, 0 },
	{ "feed_max", WHOLE, WEB, AT(feed_max), 1, 64 << 20, 8 << 20 },
	{ "items", POINTER, WEB, AT(rules.items), 0, 0, 0 },
	{ "id", POINTER, WEB, AT(rules.id), 0, 0, 0 },
	{ "link", POINTER, WEB, AT(rules.link), 0, 0, 0 },
	{ "document", POINTER, WEB, AT(rules.document), 0, 0, 0 },
	{ "entries", FLAG, WEB, AT(rules.entries), 0, 0, 0 },
	{ "folder", TEXT, MAIL, AT(folder), 0, 0, 0 },
	{ "senders", LIST, MAIL, 0, 0, 0, 0 },
	{ "authserv", TEXT, MAIL, AT(authserv), 0, 0, 0 },
};

/* Nothing of it may end a line that it becomes a part of. */
static bool
is_line(json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || !*text || strlen(text) != json_string_length(value) || strlen(text) > 4000)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static int
set_text(struct conf *c, const struct option *o, json_t *value, struct err *err)
{
	const char *text = json_string_value(value);

	if (o->type == POINTER && text && (!*text || *text == '/')) {
		*(const char **)((char *)c + o->at) = text;
		return 0;
	}
	if (o->type == POINTER)
		return err_field(err, o->name, "%s must be a JSON pointer, \"/warnings\", or \"\" for the whole",
				 o->name);
	if (!is_line(value))
		return err_field(err, o->name, "%s must be a text of one line that is not empty", o->name);
	*(const char **)((char *)c + o->at) = text;
	return 0;
}

static void
put_number(struct conf *c, const struct option *o, int64_t n)
{
	if (o->type == DURATION)
		*(msec *)((char *)c + o->at) = n;
	else
		*(long *)((char *)c + o->at) = (long)n;
}

/* option { value = … } hands every value over as a text. */
static int
set_number(struct conf *c, const struct option *o, json_t *value, struct err *err)
{
	const char *text = json_string_value(value);
	int64_t n = json_is_integer(value) ? json_integer_value(value) : -1;
	char least[DURATION_TEXT], most[DURATION_TEXT];

	if (o->type == DURATION && (!text || duration_parse(&n, text, o->least, o->most) < 0))
		return err_field(err, o->name, "%s must be a text such as \"60s\", from %s to %s", o->name,
				 duration_format(least, o->least), duration_format(most, o->most));
	if (o->type == WHOLE && text && whole_parse(&n, text, o->least, o->most) < 0)
		n = -1;
	if (n < o->least || n > o->most)
		return err_field(err, o->name, "%s must be a whole number from %lld to %lld", o->name,
				 (long long)o->least, (long long)o->most);
	put_number(c, o, n);
	return 0;
}

static int
set_flag(struct conf *c, const struct option *o, json_t *value, struct err *err)
{
	const char *text = json_is_string(value) ? json_string_value(value) : json_is_boolean(value)
		? json_is_true(value) ? "true" : "false" : "";

	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return err_field(err, o->name, "%s must be true or false", o->name);
	*(bool *)((char *)c + o->at) = *text == 't';
	return 0;
}

static int
set_list(struct conf *c, const struct option *o, json_t *value, struct err *err)
{
	bool hosts = o->door == WEB;
	size_t i, room = hosts ? HOSTS_MAX : SENDERS_MAX;
	json_t *one;

	if (!json_is_array(value) || json_array_size(value) > room)
		return err_field(err, o->name, "%s must be a list of at most %zu texts", o->name, room);
	json_array_foreach(value, i, one) {
		const char *text = json_string_value(one);

		if (!is_line(one) || strpbrk(text, hosts ? " /@" : " \"\\<>,"))
			return err_field(err, o->name, hosts ? "%s: \"%.60s\" is no host; write \"host\" or \"host:port\""
					 : "%s: \"%.60s\" is no address; write \"name@host\", or \"@host\" for all of it",
					 o->name, text ? text : "");
		if (!hosts && text[strspn(text, PLAIN)])
			return err_field(err, o->name, "%s: \"%.60s\" is not plain ASCII", o->name, text);
		if (!hosts && !strchr(text, '@'))
			return err_field(err, o->name, "%s: \"%.60s\" has no @", o->name, text);
		if (hosts)
			c->hosts[c->host_count++] = text;
		else
			c->senders[c->sender_count++] = text;
	}
	return 0;
}

static int
set_fields(struct conf *c, const struct option *o, json_t *value, struct err *err)
{
	const char *name;
	json_t *text;

	if (!json_is_object(value))
		return err_field(err, o->name, "%s must be an object: {\"User-Agent\": \"…\"}", o->name);
	json_object_foreach(value, name, text)
		if (!is_line(text) || !*name || strpbrk(name, ": \r\n\t"))
			return err_field(err, o->name, "%s: \"%.60s\" is no header field with a text", o->name, name);
	c->headers = value;
	return 0;
}

static int
set(struct conf *c, const struct option *o, json_t *value, struct err *err)
{
	switch (o->type) {
	case TEXT:
	case POINTER:
		return set_text(c, o, value, err);
	case FLAG:
		return set_flag(c, o, value, err);
	case DURATION:
	case WHOLE:
		return set_number(c, o, value, err);
	case LIST:
		return set_list(c, o, value, err);
	case FIELDS:
		return set_fields(c, o, value, err);
	}
	return -1;
}

static const struct option *
option_named(const char *name)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

static int
check_address(struct conf *c, struct err *err)
{
	const char *host;

	if (!c->url)
		return err_field(err, "url", "url is missing: where the feed or the mailbox is, https://… or imaps://…");
	c->mailbox = strncasecmp(c->url, "imaps://", 8) == 0;
	if (!c->mailbox && strncasecmp(c->url, "https://", 8) != 0 && strncasecmp(c->url, "http://", 7) != 0)
		return err_field(err, "url", "url must begin with https://, http:// or imaps://");
	host = strstr(c->url, "://") + 3;
	if (strcspn(host, "@") < strcspn(host, "/?#"))
		return err_field(err, "url", "url holds a user or a password; give them as user and password");
	if (c->mailbox && host[strcspn(host, "/?#")])
		return err_field(err, "url", "url of a mailbox is imaps://host or imaps://host:port; the folder is folder");
	return 0;
}

static int
check_whole(struct conf *c, struct err *err)
{
	if (!c->user != !c->password)
		return err_field(err, "user", "user and password belong together");
	if (!c->client_cert != !c->client_key)
		return err_field(err, "client_cert", "client_cert and client_key belong together");
	if (c->authorization && c->user)
		return err_field(err, "authorization", "give authorization, or user and password, not both");
	if (c->rules.link && c->rules.document)
		return err_field(err, "link", "give link or document, not both: a document is linked or in the feed");
	if (!c->rules.items && (c->rules.link || c->rules.document || c->rules.id))
		return err_field(err, "items", "items is missing: where the list is in the JSON, \"\" if it is the whole");
	if (c->mailbox && !c->user)
		return err_field(err, "user", "a mailbox needs user and password");
	if (c->mailbox && !c->sender_count)
		return err_field(err, "senders", "senders is missing: whose mails are read");
	return 0;
}

int
feed_conf_read(struct conf *c, json_t *config, struct err *err)
{
	const char *name;
	json_t *value;

	*c = (struct conf){ .folder = "INBOX" };
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (options[i].type == DURATION || options[i].type == WHOLE)
			put_number(c, &options[i], options[i].otherwise);
	json_object_foreach(config, name, value) {
		const struct option *o = option_named(name);

		if (!o)
			return err_field(err, name, "\"%.40s\" is no option of gong-feed; see gong-feed(8)", name);
		if (set(c, o, value, err) < 0)
			return -1;
	}
	if (check_address(c, err) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (options[i].door == (c->mailbox ? WEB : MAIL) && json_object_get(config, options[i].name))
			return err_field(err, options[i].name, "%s means nothing for a %s", options[i].name,
					 c->mailbox ? "mailbox" : "feed");
	return check_whole(c, err);
}
