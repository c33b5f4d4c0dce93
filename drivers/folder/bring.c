/* bring.c -- each file to gongd, and where it lies after that.  What has been claimed is on the disk under its
 * new name before anybody hears of it: a power cut must not give it another one. */
#include "drivers/folder/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cause.h"
#include "core/segment.h"
#include "drivers/folder/smsfile.h"

#define IN_HAND_MAX 64			/* with gongd; the others wait in their folder */
#define BEAT_MS SECONDS(30)
#define ORPHANS_MS MINUTES(1)		/* looks for what somebody else left in work/ */
#define UNREADABLE "/w=="		/* base64 of what is a document in no format */

static bool
is_work_name(const char *name)
{
	return strspn(name, "0123456789abcdef") == RANDOM_TEXT - 1 && name[RANDOM_TEXT - 1] == '_' &&
		name[RANDOM_TEXT];
}

static uint64_t
key_of(const char *work_name)
{
	char id[RANDOM_TEXT];

	snprintf(id, sizeof(id), "%.16s", work_name);
	return table_key(id);
}

/* -- to gongd -- */

static json_t *
labels_of(const char *work_name)
{
	char file[NAME_BYTES];

	snprintf(file, sizeof(file), "%s", work_name + RANDOM_TEXT);
	text_mend(file);
	return json_pack("{s:s}", "file", file);
}

static void
set_bytes(json_t *document, const struct buf *bytes)
{
	const char *data = bytes->data ? bytes->data : "";
	unsigned char *encoded;

	if (!memchr(data, '\0', bytes->len) && utf8_check(data, bytes->len, NULL) == 0) {
		json_object_set_new(document, "body", json_stringn(data, bytes->len));
		return;
	}
	encoded = xmalloc(bytes->len / 3 * 4 + 5);
	EVP_EncodeBlock(encoded, (const unsigned char *)data, (int)bytes->len);
	json_object_set_new(document, "base64", json_string((char *)encoded));
	free(encoded);
}

static void
set_sms(struct folder *f, json_t *document, const char *work_name, const struct buf *bytes, const char **why)
{
	const char *data = bytes->data ? bytes->data : "";
	json_t *sms = f->files == FILES_SMSTOOLS ? smstools_read(data, bytes->len, why)
		: gammu_read(work_name + RANDOM_TEXT, data, bytes->len, why);
	char *text;

	if (!sms)
		return;
	text = json_dumps(sms, JSON_COMPACT);
	json_object_set_new(document, "body", json_string(text));
	json_object_set_new(document, "type", json_string("application/json"));
	free(text);
	json_decref(sms);
}

/* gongd keeps it as refused, and the desk hears of it; the file lies in failed/ with its reason. */
static json_t *
document_of(struct folder *f, const char *work_name, const struct buf *bytes, const char **why)
{
	json_t *document = json_pack("{s:s%,s:o}", "ref", work_name, (size_t)(RANDOM_TEXT - 1), "labels",
				     labels_of(work_name));

	if (!*why && f->files == FILES_PLAIN)
		set_bytes(document, bytes);
	else if (!*why)
		set_sms(f, document, work_name, bytes, why);
	if (*why)
		json_object_set_new(document, "base64", json_string(UNREADABLE));
	return document;
}

static void
tell(struct folder *f, const char *work_name, const struct buf *bytes, const char *why)
{
	struct brought *b = xcalloc(1, sizeof(*b));
	json_t *document = document_of(f, work_name, bytes, &why), *copy;
	char id[RANDOM_TEXT];

	snprintf(id, sizeof(id), "%.16s", work_name);
	snprintf(b->name, sizeof(b->name), "%s", work_name);
	copy = json_pack("[o]", document);
	if (!kit_signal(f->kit, id, false, NULL, copy)) {
		why = "it is too large; lower max_bytes says so sooner";
		kit_signal(f->kit, id, false, NULL, json_pack("[o]", document_of(f, work_name, bytes, &why)));
	}
	b->reason = why;
	table_put(&f->brought, key_of(work_name), b);
}

/* 0, or trouble. */
static int
bring(struct folder *f, const char *work_name)
{
	struct buf bytes = { 0 };
	const char *why;
	int failed = spool_read(&f->spool, work_name, f->max, &bytes, &why);

	if (failed <= 0)
		tell(f, work_name, &bytes, why);
	buf_fini(&bytes);
	return failed == ENOENT || failed < 0 ? 0 : failed;
}

/* What an earlier process, or one that runs beside us, has claimed and not brought. */
static int
bring_orphans(struct folder *f, msec now)
{
	DIR *dir = spool_list(&f->spool, f->spool.places[PLACE_WORK]);
	const struct dirent *e;
	int failed = dir ? 0 : errno;

	while (dir && !failed && f->brought.count < IN_HAND_MAX && (e = readdir(dir)))
		if (is_work_name(e->d_name) && !table_get(&f->brought, key_of(e->d_name)))
			failed = bring(f, e->d_name);
	if (dir)
		closedir(dir);
	if (!failed && f->brought.count < IN_HAND_MAX)
		f->orphans_at = now + ORPHANS_MS;
	return failed;
}

/* -- what lies there -- */

static void
note_odd(struct folder *f, const char *name, const char *why)
{
	char shown[NAME_BYTES];

	if (f->odd[0])
		return;			/* one at a time is enough to be looked at */
	snprintf(shown, sizeof(shown), "%.200s", name);
	text_mend(shown);
	snprintf(f->odd, sizeof(f->odd), "%s: %s", shown, why);
}

struct claimed {
	char names[IN_HAND_MAX][NAME_BYTES];
	size_t count;
};

static int
claim(struct folder *f, const char *name, struct claimed *out)
{
	const char *odd;
	int failed = spool_claim(&f->spool, name, out->names[out->count], &odd);

	if (failed < 0)
		note_odd(f, name, odd);
	if (failed == 0) {
		out->count++;
		watch_forget(&f->watch, name);
	}
	return failed == ENOENT || failed < 0 ? 0 : failed;
}

static int
look_at(struct folder *f, const char *name, msec now, struct claimed *out)
{
	struct stat st;

	if (!watch_is_name(name) || fstatat(f->spool.top, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISDIR(st.st_mode))
		return 0;
	if (S_ISREG(st.st_mode) && !watch_is_whole(&f->watch, name, &st, now))
		return 0;
	return f->brought.count + out->count < IN_HAND_MAX ? claim(f, name, out) : 0;
}

static int
look_at_all(struct folder *f, msec now, struct claimed *out)
{
	DIR *dir = spool_list(&f->spool, f->spool.top);
	const struct dirent *e;
	int failed = dir ? 0 : errno;

	watch_begin(&f->watch);
	f->odd[0] = '\0';
	while (dir && !failed && (e = readdir(dir)))
		failed = look_at(f, e->d_name, now, out);
	if (dir)
		closedir(dir);
	watch_end(&f->watch);
	return failed;
}

/* -- how it goes -- */

static void
say_health(struct folder *f)
{
	json_t *alarms = json_array();
	char *text;

	if (f->trouble)
		kit_alarm(alarms, "folder", folder_trouble, f->spool.path, cause_word(f->trouble));
	if (f->odd[0])
		kit_alarm(alarms, "odd", folder_odd, f->spool.path, f->odd);
	text = json_dumps(alarms, JSON_COMPACT);
	if (!f->said || strcmp(text, f->said) != 0) {
		kit_event(f->kit, json_pack("{s:s,s:O}", "ev", "health", "alarms", alarms));
		free(f->said);
		f->said = text;
		text = NULL;
	}
	free(text);
	json_decref(alarms);
}

void
bring_look(struct folder *f)
{
	static struct claimed claimed;
	msec now = kit_now();

	claimed.count = 0;
	if (!spool_is_there(&f->spool))
		kit_fatal(f->kit, SAID(folder_trouble, f->spool.path, cause_word(ENOENT)), true);
	watch_read(&f->watch);
	f->trouble = now >= f->orphans_at || f->orphans_at > now + ORPHANS_MS ? bring_orphans(f, now) : 0;
	if (!f->trouble)
		f->trouble = look_at_all(f, now, &claimed);
	if (claimed.count && !f->trouble)
		f->trouble = spool_sync(&f->spool);
	/* Those that could not be synced lie in work/ and are found there. */
	for (size_t i = 0; i < claimed.count && !f->trouble; i++)
		f->trouble = bring(f, claimed.names[i]);
	if (f->trouble)
		f->orphans_at = 0;
	else if (now - f->beat_at >= BEAT_MS || now < f->beat_at) {
		f->beat_at = now;
		kit_beat(f->kit, NULL);
	}
	say_health(f);
}

void
bring_start(struct folder *f)
{
	f->orphans_at = 0;
	bring_look(f);
}

/* -- and back -- */

/* Why gongd refused something of it; NULL: it did not. */
static const char *
refusal_of(json_t *signals)
{
	json_t *one;
	size_t i;

	json_array_foreach(signals, i, one) {
		const char *state = json_string_value(json_object_get(one, "state"));
		const char *text = json_string_value(json_object_get(one, "text"));

		if (state && strcmp(state, "refused") == 0)
			return text ? text : "gong refused it";
	}
	return NULL;
}

void
bring_settled(struct folder *f, const char *id, json_t *signals)
{
	struct brought *b = table_take(&f->brought, table_key(id));
	int failed;

	if (!b)
		return;
	failed = spool_settle(&f->spool, b->name, b->reason ? b->reason : refusal_of(signals));
	if (failed && failed != ENOENT) {
		f->trouble = failed;
		f->orphans_at = kit_now() + SECONDS(10);	/* told again then: gongd knows it by its ref */
		say_health(f);
	}
	free(b);
}
