/* probe.c -- a short conversation with a port of which nothing is known. */
#include "drivers/modem/probe.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/buf.h"
#include "core/segment.h"

#define FIRST_MS 700
#define ASK_MS SECONDS(2)

static void
on_first(void *ctx, struct script *s, const struct at_reply *r)
{
	((struct probe *)ctx)->answers = true;
}

static void
on_iccid(void *ctx, struct script *s, const struct at_reply *r)
{
	struct probe *p = ctx;

	reading_iccid(ctx, s, r);
	if (!p->id.iccid[0] && reading_iccid_command(++p->iccid_tries))
		script_ask(s, ASK_MS, on_iccid, "%s", reading_iccid_command(p->iccid_tries));
}

static void
on_sim(void *ctx, struct script *s, const struct at_reply *r)
{
	struct probe *p = ctx;

	if (at_line(r, "+CPIN:"))
		snprintf(p->sim, sizeof(p->sim), "%s", at_line(r, "+CPIN:"));
	else
		snprintf(p->sim, sizeof(p->sim), "missing or failing");
}

static void
end(void *ctx, const char *failed)
{
	struct probe *p = ctx;

	if (p->is_over)
		return;
	p->is_over = true;
	if (failed)
		snprintf(p->reason, sizeof(p->reason), "%s", p->answers ? ENGLISH(failed)
			 : "it does not answer AT: no modem, the wrong port of one, or one that hangs");
	p->over(p->ctx);
}

static void
on_news(void *ctx, enum news news, const char *line, const char *pdu)
{
}

static void
on_lost(void *ctx, const char *why)
{
	struct probe *p = ctx;

	snprintf(p->reason, sizeof(p->reason), "%s", why);
	end(p, NULL);
}

static void
on_said(void *ctx, char sign, const char *line)
{
	struct probe *p = ctx;
	struct buf text = { 0 };

	buf_printf(&text, "%c %.*s", sign, (int)strcspn(line, "\r\x1a\x1b"), line);
	if (line[0] != '\r' && utf8_check(text.data, text.len, NULL) == 0)
		json_array_append_new(p->log, json_string(text.data));
	buf_fini(&text);
}

/* Who has this port locked: /proc/locks names process, device and inode (flock). */
static pid_t
holder(const char *port)
{
	FILE *f = fopen("/proc/locks", "re");
	unsigned major, minor;
	unsigned long inode;
	char line[160];
	struct stat st;
	int pid = -1;

	if (!f)
		return -1;
	while (stat(port, &st) == 0 && fgets(line, sizeof(line), f)) {
		int found;

		if (sscanf(line, "%*s FLOCK %*s %*s %d %x:%x:%lu", &found, &major, &minor,
			   &inode) == 4 && inode == st.st_ino &&
		    makedev(major, minor) == st.st_dev)
			pid = found;
	}
	fclose(f);
	return pid;
}

void
probe_start(struct probe *p, const char *port, struct event_base *base, bool with_log,
	    void (*over)(void *), void *ctx)
{
	static const struct wire_events events = { .news = on_news, .lost = on_lost };
	struct script *s = &p->script;
	struct err err;

	memset(p, 0, sizeof(*p));
	p->over = over;
	p->ctx = ctx;
	snprintf(p->id.device, sizeof(p->id.device), "%s", port);
	if (wire_open(&p->wire, port, base, &events, p, &err) < 0) {
		if (strstr(err.text, "in use"))
			p->held_by = holder(port);
		snprintf(p->reason, sizeof(p->reason), "%s", err.text);
		end(p, NULL);
		return;
	}
	if (with_log) {
		p->log = json_array();
		wire_log_to(p->wire, on_said, p);
	}
	script_begin(s, p->wire, p, end);
	s->id = &p->id;
	s->net = &p->net;
	script_wait(s, 20);
	script_ask(s, FIRST_MS, on_first, "AT");
	script_ask(s, ASK_MS, NULL, "ATE0");
	script_ask(s, ASK_MS, reading_maker, "AT+CGMI");
	script_ask(s, ASK_MS, reading_model, "AT+CGMM");
	script_ask(s, ASK_MS, reading_imei, "AT+CGSN");
	script_ask(s, ASK_MS, on_iccid, "%s", reading_iccid_command(0));
	script_ask(s, ASK_MS, on_sim, "AT+CPIN?");
	reading_ask_registration(s, ASK_MS);
	script_ask(s, ASK_MS, reading_operator, "AT+COPS?");
	script_ask(s, ASK_MS, reading_signal, "AT+CSQ");
	script_run(s);
}

void
probe_close(struct probe *p)
{
	wire_close(p->wire);
	p->wire = NULL;
	json_decref(p->log);
	p->log = NULL;
}

static void
set(json_t *o, const char *name, const char *text)
{
	json_object_set_new(o, name, *text ? json_string(text) : json_null());
}

json_t *
probe_json(const struct probe *p)
{
	json_t *o = json_pack("{s:b,s:b}", "answers", p->answers, "registered",
			      presence_is_registered(&p->net));

	set(o, "port", p->id.device);
	set(o, "maker", p->id.maker);
	set(o, "model", p->id.model);
	set(o, "imei", p->id.imei);
	set(o, "iccid", p->id.iccid);
	set(o, "sim", p->sim);
	set(o, "operator", p->net.operator);
	set(o, "reason", p->reason);
	json_object_set_new(o, "signal_dbm", p->net.has_signal ? json_integer(p->net.signal_dbm)
			    : json_null());
	json_object_set_new(o, "held_by", p->held_by ? json_integer(p->held_by) : json_null());
	if (p->log)
		json_object_set(o, "log", p->log);
	return o;
}
