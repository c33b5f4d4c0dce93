/* mailbox.c -- a look at a mailbox: unseen mails of those who may.  A mail is marked as seen in the look
 * after gongd has taken it; one of anybody else stays as it is. */
#include <stdio.h>
#include <string.h>

#include "drivers/feed/imap.h"
#include "drivers/feed/mail.h"
#include "drivers/feed/round.h"
#include "drivers/feed/steady.h"
#include "drivers/kit/kit.h"

#define MAIL_MAX (8u << 20)

static list_mark
mark_of(const char *what, uint32_t validity, uint32_t uid)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "%s/%u/%u", what, validity, uid);

	return list_mark_of(text, (size_t)len);
}

static void
add_label(json_t *labels, const char *name, const char *text)
{
	if (*text)
		json_object_set_new(labels, name, json_string(text));
}

static json_t *
labels_of(const struct mail *mail)
{
	json_t *labels = json_object();

	add_label(labels, "mail_from", mail->from);
	add_label(labels, "mail_subject", mail->subject);
	add_label(labels, "mail_id", mail->message_id);
	add_label(labels, "mail_dkim", mail->dkim);
	return labels;
}

/* false: it is no mail of theirs. */
static bool
take_mail(struct round *r, list_mark mark, const struct buf *bytes)
{
	const struct conf *c = r->conf;
	struct mail mail;
	char ref[1000];
	bool theirs;

	mail_read(&mail, c->authserv, bytes->data ? bytes->data : "", bytes->len);
	theirs = mail_is_from(&mail, c->senders, c->sender_count);
	for (size_t i = 0; theirs && i < mail.count; i++) {
		if (mail.files[i].len > (size_t)c->document_max) {
			round_failed(r, mail.message_id, SAID(feed_too_large, NUM(c->document_max)));
			continue;
		}
		snprintf(ref, sizeof(ref), i ? "%s/%zu" : "%s", mail.message_id, i + 1);
		round_add(r, mark, mail.message_id[0] ? ref : NULL, mail.files[i].bytes, mail.files[i].len,
			  labels_of(&mail));
	}
	if (theirs && mail.left_out)
		round_failed(r, mail.message_id, SAID(mail_too_many, NUM(MAIL_FILES_MAX)));
	if (!theirs)
		kit_log("mail left alone: its From is no sender's from=\"%.200s\"", mail.from);
	mail_fini(&mail);
	return theirs;
}

static int
read_mail(struct round *r, struct imap *m, uint32_t validity, uint32_t uid, struct err *err)
{
	list_mark mark = mark_of("taken", validity, uid);
	struct buf bytes = { 0 };
	char what[40];
	uint32_t size;
	int rc = imap_size(m, uid, &size, err);

	snprintf(what, sizeof(what), "mail %u", uid);
	if (rc == 0 && size > MAIL_MAX) {
		round_failed(r, what, SAID(mail_too_large, NUM(MAIL_MAX)));
		return 0;
	}
	if (rc == 0)
		rc = imap_fetch(m, uid, MAIL_MAX + (1u << 20), &bytes, err);
	if (rc == 0)
		round_present(r, take_mail(r, mark, &bytes) ? mark : mark_of("left", validity, uid));
	buf_fini(&bytes);
	return rc;
}

static int
look_at(struct round *r, struct imap *m, uint32_t validity, uint32_t uid, struct err *err)
{
	list_mark taken = mark_of("taken", validity, uid), left = mark_of("left", validity, uid);

	if (seen_has(&r->seen, taken)) {
		round_present(r, taken);
		return imap_mark_seen(m, uid, err);
	}
	if (seen_has(&r->seen, left)) {
		round_present(r, left);
		return 0;
	}
	if (round_is_full(r, (long)r->count)) {
		r->left++;
		return 0;
	}
	return read_mail(r, m, validity, uid, err);
}

static int
look(struct round *r, struct imap *m, struct err *err)
{
	struct imap_list list = { 0 };
	uint32_t validity;
	char what[40];
	int rc = imap_select(m, r->conf->folder, &validity, err);

	if (rc == 0)
		rc = imap_unseen(m, r->conf->senders, r->conf->sender_count, &list, err);
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		rc = look_at(r, m, validity, list.uids[i], err);
		if (rc < 0 && imap_is_alive(m)) {	/* it refuses this one: the others are read all the same */
			snprintf(what, sizeof(what), "mail %u", list.uids[i]);
			round_failed(r, what, NEST(&err->said));
			rc = 0;
		}
	}
	free(list.uids);
	return rc;
}

void
round_mailbox(struct round *r)
{
	struct err err = { .text = "" };
	struct imap *m;

	r->until = steady_now() + ROUND_MS;
	m = imap_open(r->conf, r->until + r->conf->timeout_ms, &err);
	r->ok = m && look(r, m, &err) == 0;
	if (!r->ok)
		said_nest(r->reason, &err.said);
	imap_close(m);
}
