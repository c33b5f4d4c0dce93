/* socket.c -- where gongd listens: what the command line, the environment or gong.conf
 * says. */
#include "ctl/ctl.h"

#include <confuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "core/conf_text.h"
#include "files/read.h"

#define DRIVER_DIR_DEFAULT "/usr/libexec/gong"
#define ANY CFG_STR("__unknown", NULL, CFGF_NONE)

static void
no_message(cfg_t *cfg, const char *fmt, va_list args)
{
}

/* A path in gong.conf is relative to its folder. */
static char *
beside(const char *conf, const char *name)
{
	const char *slash = strrchr(conf, '/');
	struct buf full = { 0 };

	if (name[0] != '/' && slash)
		buf_add(&full, conf, (size_t)(slash - conf) + 1);
	buf_puts(&full, name);
	return buf_take(&full);
}

/* Read as gongd reads it; NULL: `why` has the reason.  The caller frees. */
static char *
conf_body(struct ctl *ctl, const char *path, char why[SAID_BYTES])
{
	struct err err = { 0 };
	struct conf_text how = { .site = false };
	struct conf_finding fault;
	size_t len;
	char *bytes = file_read(path, FILE_CONF_MAX, &len, &err);
	char *body = bytes ? conf_text(bytes, len, &how, &fault) : NULL;

	if (bytes && !body)
		err_say(&err, REFUSED_FAULT, about(CONCEPT_NONE), conf_at, path, NUM(fault.line), NEST(&fault.said));
	said_render(&err.said, ctl->lang, why, SAID_BYTES);
	free(bytes);
	return body;
}

/* Takes only listen/socket and driver_dir from gong.conf; the rest is gongd's to understand.  libconfuse
 * skips values it does not know, but not sections: those are named here. */
static int
socket_from(struct ctl *ctl, const char *path)
{
	cfg_opt_t any[] = { ANY, CFG_END() };
	cfg_opt_t listen_opts[] = { CFG_STR("socket", SOCKET_DEFAULT, CFGF_NONE), ANY,
				    CFG_END() };
	cfg_opt_t route_opts[] = { CFG_SEC("option", any, CFGF_MULTI | CFGF_TITLE),
				   CFG_SEC("canary", any, CFGF_NONE), ANY, CFG_END() };
	cfg_opt_t opts[] = { CFG_SEC("listen", listen_opts, CFGF_NONE),
			     CFG_SEC("site", any, CFGF_NONE),
			     CFG_SEC("client", any, CFGF_MULTI | CFGF_TITLE),
			     CFG_SEC("route", route_opts, CFGF_MULTI | CFGF_TITLE),
			     CFG_SEC("source", any, CFGF_MULTI | CFGF_TITLE),
			     CFG_STR("driver_dir", DRIVER_DIR_DEFAULT, CFGF_NONE),
			     ANY,
			     CFG_END() };
	cfg_t *cfg = cfg_init(opts, CFGF_IGNORE_UNKNOWN);
	const char *name;
	char why[SAID_BYTES];
	char *body = conf_body(ctl, path, why);
	int rc;

	cfg_set_error_function(cfg, no_message);
	rc = body ? cfg_parse_buf(cfg, body) : CFG_PARSE_ERROR;
	if (rc != CFG_SUCCESS) {
		cfg_free(cfg);
		if (body)
			snprintf(why, sizeof(why), say(ctl, "%s: cannot be understood", "%s:读不懂"), path);
		free(body);
		return ctl_usage(
			ctl,
			say(ctl,
			    "--config %s; correct it (gongd --check says where) or use "
			    "--socket",
			    "--config %s;请改正(gongd --check 会指出位置)或用 --socket"),
			why);
	}
	free(body);
	name = cfg_getstr(cfg_getsec(cfg, "listen"), "socket");
	if (!name[0]) {
		cfg_free(cfg);
		return ctl_usage(
			ctl,
			say(ctl, "--config %s: listen has no socket; gongctl needs one",
			    "--config %s:listen 中没有 socket;gongctl 需要它"),
			path);
	}
	ctl->socket = ctl->socket_found = beside(path, name);
	ctl->driver_dir = beside(path, cfg_getstr(cfg, "driver_dir"));
	cfg_free(cfg);
	return CTL_OK;
}

int
socket_choose(struct ctl *ctl, const char *config)
{
	const char *named = getenv("GONG_SOCKET");

	if (ctl->socket && config)
		return ctl_usage(ctl, "%s",
				 say(ctl,
				     "--socket and --config exclude each other; give one",
				     "--socket 与 --config 只能给一个"));
	if (config && socket_from(ctl, config) != CTL_OK)
		return CTL_USAGE;
	if (!ctl->socket)
		ctl->socket = named && *named ? named : SOCKET_DEFAULT;
	if (strlen(ctl->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return ctl_usage(
			ctl,
			say(ctl,
			    "--socket %s is longer than a socket's path can be (107 "
			    "bytes); use a shorter one",
			    "--socket %s 过长(最多 107 字节)"),
			ctl->socket);
	return CTL_OK;
}
