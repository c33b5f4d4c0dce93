/* secrets.c -- the files that hold secrets and certificates: who can read and change them, how old they
 * are, when they run out. */
#include "daemon/check/check.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/cause.h"
#include "files/read.h"

#define DAY HOURS(24)
#define SOON (30 * DAY)			/* a certificate that runs out by then is to be renewed now */
#define OLD (730 * DAY)			/* nobody has changed it for so long */

struct looking {
	struct report *report;
	msec now;
	uid_t owner;			/* of the state folder: gong */
};

static const char *
user_name(uid_t uid, char out[64])
{
	const struct passwd *user = getpwuid(uid);

	snprintf(out, 64, "%s", user ? user->pw_name : NUM(uid));
	return out;
}

/* Of a file with secrets: whoever may read it may send in the office's name. */
static void
look_at_mode(const struct looking *l, const char *path, const struct stat *st)
{
	char mode[16];

	snprintf(mode, sizeof(mode), "%04o", (unsigned)st->st_mode & 07777);
	if (st->st_mode & S_IWOTH)
		REPORT(l->report, REPORT_ERROR, path, check_secret_writable, path, mode);
	else if (st->st_mode & S_IROTH)
		REPORT(l->report, REPORT_WARNING, path, check_secret_open, path, mode);
	if (st->st_uid != 0 && st->st_uid != l->owner)
		REPORT(l->report, REPORT_WARNING, path, check_secret_owner, path,
		       user_name(st->st_uid, (char[64]){ 0 }), user_name(l->owner, (char[64]){ 0 }));
}

/* errno says why; it is read before the name of the user is, for that sets it, too. */
static void
say_closed(const struct looking *l, const char *path)
{
	const char *why = cause_word(errno);

	REPORT(l->report, REPORT_ERROR, path, check_secret_closed, path,
	       user_name(l->owner, (char[64]){ 0 }), why);
}

static void
look_at_secret(const struct looking *l, const char *path)
{
	struct stat st;
	msec age;

	/* Root could, and gongd runs as somebody else; --check does so, too, by now. */
	if (stat(path, &st) < 0 || access(path, R_OK) < 0) {
		say_closed(l, path);
		return;
	}
	look_at_mode(l, path, &st);
	age = l->now - SECONDS(st.st_mtime);
	if (age > OLD)
		REPORT(l->report, REPORT_WARNING, path, check_secret_old, path, NUM(age / DAY));
}

/* Days from now until it runs out. */
static bool
days_left(const struct looking *l, X509 *cert, int *days)
{
	ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)(l->now / 1000));
	int seconds = 0;
	bool known = now && ASN1_TIME_diff(days, &seconds, now, X509_get0_notAfter(cert));

	ASN1_TIME_free(now);
	if (known && *days == 0 && seconds < 0)
		*days = -1;
	return known;
}

/* Of a chain or a bundle, the one that runs out first; in a bundle of authorities some have for years. */
static void
look_at_certificate(const struct looking *l, const char *route, const char *path, bool own)
{
	struct err err = { 0 };
	char *body = file_read(path, FILE_CONF_MAX, NULL, &err);
	BIO *bio = body ? BIO_new_mem_buf(body, -1) : NULL;
	int least = INT32_MAX, days;
	size_t count = 0;
	X509 *cert;

	while (bio && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		count++;
		if (days_left(l, cert, &days) && days < least)
			least = days;
		X509_free(cert);
		if (own)
			break;		/* the first is its own, and others' renewals are others' */
	}
	if (!body)
		REPORT(l->report, REPORT_ERROR, path, check_cert_unreadable, route, NEST(&err.said));
	else if (!count)
		REPORT(l->report, REPORT_ERROR, path, check_cert_none, route, path);
	else if (own && least < 0)
		REPORT(l->report, REPORT_ERROR, path, check_cert_over, route, path);
	else if (own && least < SOON / DAY)
		REPORT(l->report, REPORT_WARNING, path, check_cert_soon, route, path, NUM(least));
	else if (own)
		REPORT(l->report, REPORT_OK, path, check_cert, route, path, NUM(least));
	BIO_free(bio);
	free(body);
}

static void
look_at_route(const struct looking *l, const struct route_conf *conf)
{
	json_t *config = json_loads(conf->config ? conf->config : "{}", 0, NULL);
	const char *ca = json_string_value(json_object_get(config, "ca_file"));
	const char *cert = json_string_value(json_object_get(config, "client_cert"));
	const char *key = json_string_value(json_object_get(config, "client_key"));

	if (ca)
		look_at_certificate(l, conf->name, ca, false);
	if (cert)
		look_at_certificate(l, conf->name, cert, true);
	if (key)
		look_at_secret(l, key);
	json_decref(config);
}

/* Secrets may stand in gong.conf itself. */
static bool
has_secrets(const struct settings *s)
{
	for (size_t i = 0; i < s->route_count; i++) {
		const char *config = s->routes[i].config;

		if (s->routes[i].callback_secret || (config && (strstr(config, "secret") ||
		    strstr(config, "password") || strstr(config, "token"))))
			return true;
	}
	return false;
}

void
check_secrets(struct report *r, const struct settings *s, msec now)
{
	struct looking l = { r, now, 0 };
	struct stat st;

	if (stat(s->state_dir, &st) == 0) {
		l.owner = st.st_uid;
		if (st.st_mode & (S_IROTH | S_IWOTH | S_IXOTH))
			REPORT(r, st.st_mode & S_IWOTH ? REPORT_ERROR : REPORT_WARNING, "state_dir",
			       check_state_open, s->state_dir);
	}
	if (has_secrets(s))
		look_at_secret(&l, s->path);
	else if (access(s->path, R_OK) < 0)
		say_closed(&l, s->path);
	for (size_t i = 0; i < s->secret_count; i++)
		look_at_secret(&l, s->secrets[i]);
	for (size_t i = 0; i < s->route_count; i++)
		look_at_route(&l, &s->routes[i]);
}
