/* setup_write.c -- the files of `gongctl setup`: secrets each in its own, the first people as lists, and
 * gong.conf, which takes its name only when gongd --check has read it.  Nothing is written over: what was
 * there stays under a dated name. */
#include "ctl/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/cause.h"
#include "core/number.h"
#include "files/read.h"

static int
cannot(struct setup *s, const char *path)
{
	char why[SAID_BYTES];

	value_render(cause_word(errno), s->ctl->lang, why, sizeof(why));
	fprintf(stderr, say(s->ctl, "gongctl: %s cannot be written: %s\n", "gongctl: %s 无法写入:%s\n"), path, why);
	return CTL_REFUSED;
}

/* Whoever is root writes for gongd, which runs as gong and only reads; anybody else for himself. */
static int
protect(int fd, mode_t mode)
{
	const struct group *gong = geteuid() == 0 ? getgrnam("gong") : NULL;

	if (gong && fchown(fd, 0, gong->gr_gid) == 0)
		return fchmod(fd, 0640);
	return fchmod(fd, mode);
}

static int
write_file(struct setup *s, const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t len = text ? strlen(text) : 0;
	bool good = fd >= 0 && write(fd, text, len) == (ssize_t)len && protect(fd, mode) == 0 && fsync(fd) == 0;

	if (fd >= 0)
		good &= close(fd) == 0;
	return good ? CTL_OK : cannot(s, path);
}

/* What has the name keeps a copy: NAME.20261201-154500. */
static int
keep_old(struct setup *s, const char *path)
{
	struct buf copy = { 0 };
	time_t now = time(NULL);
	struct tm tm;
	char date[32];
	int code = CTL_OK;

	if (access(path, F_OK) < 0)
		return CTL_OK;
	localtime_r(&now, &tm);
	strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &tm);
	buf_printf(&copy, "%s.%s", path, date);
	if (link(path, copy.data) < 0 || unlink(path) < 0)
		code = cannot(s, copy.data);
	else
		printf(say(s->ctl, "kept: %s\n", "原文件已保留:%s\n"), copy.data);
	buf_fini(&copy);
	return code;
}

static int
write_new(struct setup *s, const char *name, const char *text, mode_t mode)
{
	char *path = setup_beside(s, name);
	int code = keep_old(s, path);

	if (code == CTL_OK)
		code = write_file(s, path, text, mode);
	if (code == CTL_OK)
		printf(say(s->ctl, "wrote %s\n", "已写入 %s\n"), path);
	free(path);
	return code;
}

/* A name that is free: settings that were there go on with the secrets that they name. */
static void
free_name(const struct setup *s, const char *option, struct buf *name)
{
	bool taken = true;

	for (int i = 1; taken; i++) {
		char *path;

		buf_reset(name);
		buf_printf(name, i == 1 ? SETUP_ROUTE ".%s.secret" : SETUP_ROUTE ".%s.%d.secret", option, i);
		path = setup_beside(s, name->data);
		taken = access(path, F_OK) == 0;
		free(path);
	}
}

/* -- gong.conf -- */

static bool
is_secret(const char *name)
{
	return strstr(name, "secret") || strstr(name, "token") || strstr(name, "password") || strstr(name, "key");
}

static int
put_values(struct setup *s, struct buf *out)
{
	int code = CTL_OK;

	for (size_t i = 0; i < s->value_count && code == CTL_OK; i++) {
		const struct setup_value *v = &s->values[i];
		struct buf name = { 0 };

		if (is_secret(v->name)) {
			free_name(s, v->name, &name);
			code = write_new(s, name.data, v->value, 0600);
			buf_printf(out, "\toption \"%s\" { file = \"%s\" }\n", v->name, name.data);
		} else {
			buf_printf(out, "\toption \"%s\" { value = \"%s\" }\n", v->name, v->value);
		}
		buf_fini(&name);
	}
	return code;
}

/* Platforms that hold the signature, with approved templates or as a parameter, put it in front themselves. */
static bool
provider_signs(const struct setup *s)
{
	bool signs = s->approved;

	for (size_t i = 0; i < s->value_count; i++)
		signs |= strcmp(s->values[i].name, "sign") == 0;
	return signs;
}

static int
put_provider(struct setup *s, struct buf *out)
{
	unsigned char bytes[16];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return cannot(s, s->output);
	buf_puts(out, "\tdriver = \"gong-http\"\n\tchannels = {sms}\n");
	buf_printf(out, "\tgong_signs = %s\n\tcallback_secret = \"", provider_signs(s) ? "false" : "true");
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_printf(out, "%02x", bytes[i]);
	buf_printf(out, "\"\n\toption \"profile\" { value = \"%s\" }\n\toption \"profile_dir\" { value = \"%s\" }\n",
		   s->profile, s->profiles);
	return put_values(s, out);
}

static int
put_route(struct setup *s, struct buf *out)
{
	int code = CTL_OK;

	buf_puts(out, "route \"" SETUP_ROUTE "\" {\n");
	if (s->route == SETUP_PROVIDER)
		code = put_provider(s, out);
	else if (s->route == SETUP_MODEM)
		buf_printf(out, "\tdriver = \"gong-modem\"\n\tchannels = {sms}\n\toption \"device\" { value = \"%s\" }\n",
			   s->device);
	else
		buf_puts(out, "\tdriver = \"gong-sim\"\n\tchannels = {sms, voice}\n"
			 "\toption \"simulation\" { value = \"true\" }\n"
			 "\toption \"receipts\" { value = \"true\" }\n");
	buf_puts(out, "}\n");
	return code;
}

/* Where the package has it, all is where the unit looks; elsewhere all is beside the file. */
static void
put_places(const struct setup *s, struct buf *out)
{
	buf_printf(out, "state_dir = \"%s\"\ndriver_dir = \"%s\"\nroles = \"roles.conf\"\n",
		   s->in_etc ? "/var/lib/gong" : "state", s->drivers);
	buf_printf(out, "# Of one name the later folder's stands: put the office's own behind the shipped one.\n"
		   "templates = {\"%s\"}\npolicies = {\"%s\"}\nkinds = {\"%s\"}\n\n", s->templates, s->policies, s->kinds);
}

static int
put_conf(struct setup *s, struct buf *out)
{
	const char *port = args_value(s->ctl, "--port");
	int64_t number = 8035;

	if (port && whole_parse(&number, port, 0, 65535) < 0)
		return ctl_usage(s->ctl, say(s->ctl, "--port %s: 0 to 65535", "--port %s:应为0至65535"), port);
	buf_puts(out, "# gong.conf, written by gongctl setup; gong.conf(5) says what else there is.\n");
	put_places(s, out);
	buf_printf(out, "site {\n\tname_zh = \"%s\"\n\tname_en = \"%s\"\n", s->office[LANG_ZH], s->office[LANG_EN]);
	buf_printf(out, "\toffice_zh = \"%s\"\n\toffice_en = \"%s\"\n", s->office[LANG_ZH], s->office[LANG_EN]);
	buf_printf(out, "\tsignature_zh = \"%s\"\n\tsignature_en = \"%s\"\n", s->signature[LANG_ZH],
		   s->signature[LANG_EN]);
	buf_printf(out, "\tcountry = \"%s\"\n\tarea_code = \"%s\"\n\tlanguage = %s\n}\n\n", s->country, s->area,
		   lang_name(s->lang));
	buf_printf(out, "listen {\n\tport = %lld\n\tsocket = \"%s\"\n}\n\n", (long long)number,
		   s->in_etc ? SOCKET_DEFAULT : "gong.sock");
	return put_route(s, out);
}

/* gongd --check, whose words the reader sees when it refuses; its warnings can wait. */
static int
check(struct setup *s, const char *path)
{
	struct buf words = { 0 };
	char chunk[4096];
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(ends) < 0)
		return cannot(s, path);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(s->gongd, s->gongd, "--config", path, "--lang", lang_name(s->ctl->lang), "--check", (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], chunk, sizeof(chunk))) > 0)
		buf_add(&words, chunk, (size_t)n);
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		buf_fini(&words);
		return CTL_OK;
	}
	fputs(words.data ? words.data : "", stderr);
	buf_fini(&words);
	fprintf(stderr, say(s->ctl, "gongctl: gongd does not take these settings; they stay in %s, and the settings that were there are as before\n",
			    "gongctl: gongd 不接受这些设置;已存为 %s,原有设置没有改动\n"), path);
	return CTL_REFUSED;
}

static int
write_conf(struct setup *s, const char *text)
{
	struct buf fresh = { 0 };
	int code;

	buf_printf(&fresh, "%s.new", s->output);
	unlink(fresh.data);
	code = write_file(s, fresh.data, text, 0640);
	if (code == CTL_OK)
		code = check(s, fresh.data);
	if (code == CTL_OK)
		code = keep_old(s, s->output);
	if (code == CTL_OK && rename(fresh.data, s->output) < 0)
		code = cannot(s, s->output);
	if (code == CTL_OK)
		printf(say(s->ctl, "gongd --check takes it: wrote %s\n", "gongd --check 通过:已写入 %s\n"), s->output);
	buf_fini(&fresh);
	return code;
}

/* -- what stands beside it -- */

static int
write_roles(struct setup *s)
{
	char *path = setup_beside(s, "roles.conf"), *roles;
	struct err err = { 0 };
	int code = CTL_OK;

	if (access(path, F_OK) < 0) {
		roles = file_read(s->roles, FILE_CONF_MAX, NULL, &err);
		code = roles ? write_file(s, path, roles, 0640) : ctl_fail(s->ctl, CTL_REFUSED, &err);
		free(roles);
	}
	free(path);
	return code;
}

static int
make_state(struct setup *s)
{
	char *path = setup_beside(s, "state");
	int code = s->in_etc || mkdir(path, 0750) == 0 || errno == EEXIST ? CTL_OK : cannot(s, path);

	free(path);
	return code;
}

void
setup_people(const struct setup *s, struct buf *divisions, struct buf *contacts)
{
	char phone[PHONE_TEXT];

	phone_format(phone, s->phone);
	buf_printf(divisions, "code,name\n%s,\"%s\"\n", s->county, s->office[LANG_ZH]);
	buf_printf(contacts, "id,name,phone,role,division\nduty-1,%s,%s,duty_officer,%s\n", s->officer, phone, s->county);
}

static int
write_people(struct setup *s)
{
	struct buf divisions = { 0 }, contacts = { 0 };
	int code;

	setup_people(s, &divisions, &contacts);
	code = write_new(s, "divisions.csv", divisions.data, 0640);
	if (code == CTL_OK)
		code = write_new(s, "contacts.csv", contacts.data, 0640);
	buf_fini(&divisions);
	buf_fini(&contacts);
	return code;
}

int
setup_write(struct setup *s)
{
	struct buf text = { 0 };
	int code = write_roles(s);

	if (code == CTL_OK)
		code = make_state(s);
	if (code == CTL_OK)
		code = put_conf(s, &text);
	if (code == CTL_OK)
		code = write_conf(s, text.data);
	if (code == CTL_OK)
		code = write_people(s);
	buf_fini(&text);
	return code;
}
