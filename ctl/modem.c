/* modem.c -- the modems of this machine: gong-modem looks at the ports, gongd says which route has
 * which, and both together make the list. */
#include "ctl/ctl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "gong-modem"
#define LABEL_WIDTH 12
#define LOOK_MS 90000 /* 64 mute ports are asked side by side */
#define OUTPUT_MAX ((size_t)4 << 20)

/* driver_dir of --config, else beside gongctl, else where an installation has it. */
static char *
program_path(const struct ctl *ctl)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = len > 0 ? (self[len] = '\0', strrchr(self, '/')) : NULL;
	struct buf path = { 0 };

	if (ctl->driver_dir) {
		buf_printf(&path, "%s/" PROGRAM, ctl->driver_dir);
		return buf_take(&path);
	}
	if (slash)
		*slash = '\0';
	for (int i = 0; slash && i < 2; i++) {
		buf_reset(&path);
		buf_printf(&path, "%s%s/" PROGRAM, self, i ? "/../libexec/gong" : "");
		if (access(path.data, X_OK) == 0)
			return buf_take(&path);
	}
	buf_fini(&path);
	return xstrdup("/usr/libexec/gong/" PROGRAM);
}

static pid_t
start(const char *program, const char *const *args, int *out)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(program, program, args[0], args[1], (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	*out = ends[0];
	if (pid < 0)
		close(ends[0]);
	return pid;
}

/* -1: it did not end in time, or said too much. */
static int
read_all(int fd, struct buf *out)
{
	msec end = now_ms() + LOOK_MS;
	char chunk[8192];
	ssize_t n = 1;

	while (n > 0 && out->len < OUTPUT_MAX) {
		struct pollfd p = { fd, POLLIN, 0 };
		msec left = end - now_ms();

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return -1;
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
	}
	return n == 0 ? 0 : -1;
}

static int
no_program(struct ctl *ctl, const char *program)
{
	return ctl_usage(ctl,
			 say(ctl,
			     "there is no program %s; give --config FILE with the right "
			     "driver_dir",
			     "没有程序 %s;请用 --config 指定 driver_dir 正确的文件"),
			 program);
}

/* CTL_OK with *out, or said why not. */
static int
look(struct ctl *ctl, const char *const *args, json_t **out)
{
	char *program = program_path(ctl);
	struct buf text = { 0 };
	struct err err = { 0 };
	int fd, status = 0, code = CTL_OK;
	pid_t pid;

	*out = NULL;
	if (access(program, X_OK) < 0) {
		code = no_program(ctl, program);
		free(program);
		return code;
	}
	pid = start(program, args, &fd);
	if (pid > 0) {
		if (read_all(fd, &text) < 0)
			kill(pid, SIGKILL);
		close(fd);
		waitpid(pid, &status, 0);
		*out = json_loadb(text.data ? text.data : "", text.len, 0, NULL);
	}
	if (!*out) {
		err_set(&err, say(ctl, "%s %s gave no list (status %d); run it by itself to see why",
				  "%s %s 没有给出结果(状态 %d);请直接运行它查看原因"),
			program, args[0], status);
		code = ctl_fail(ctl, CTL_REFUSED, &err);
	}
	buf_fini(&text);
	free(program);
	return code;
}

/* -- which route has which port -- */

static bool
same(json_t *a, const char *name_a, json_t *b, const char *name_b)
{
	const char *x = member_text(a, name_a), *y = member_text(b, name_b);

	return x && y && *x && strcmp(x, y) == 0;
}

static bool
is_named(json_t *port, const char *device)
{
	json_t *name;
	size_t i;

	json_array_foreach(json_object_get(port, "by_id"), i, name)
		if (device && json_is_string(name) &&
		    strcmp(json_string_value(name), device) == 0)
			return true;
	return false;
}

static bool
holds(json_t *route, json_t *port)
{
	json_t *health = json_object_get(route, "health");

	return same(health, "device", port, "port") ||
	       is_named(port, member_text(health, "device"));
}

/* The SIM or the modem that it last had. */
static bool
had(json_t *route, json_t *port)
{
	json_t *health = json_object_get(route, "health");

	return same(health, "imei", port, "imei") || same(health, "iccid", port, "iccid");
}

/* A port that a route's driver holds answers nobody else: the route's word counts. */
static void
take_over(json_t *port, json_t *route)
{
	static const char *const words[] = { "model", "imei", "iccid", "sim", "operator",
					     "registered", "signal_dbm" };
	json_t *health = json_object_get(route, "health");

	json_object_set(port, "route", json_object_get(route, "name"));
	json_object_set(port, "route_state", json_object_get(route, "state"));
	if (member_is(port, "answers"))
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (json_object_get(health, words[i]))
			json_object_set(port, words[i], json_object_get(health, words[i]));
}

/* What a route's driver says of a modem whose port is not in the list: it is gone, or one that
 * nobody looks at, such as /dev/ttyS0. */
static json_t *
without_port(json_t *route)
{
	const char *state = member_text(route, "state");
	json_t *device = json_object_get(json_object_get(route, "health"), "device");
	json_t *row = json_pack("{s:n,s:[],s:b}", "port", "by_id", "answers", 0);

	if (device && state && strcmp(state, "up") == 0)
		json_object_set(row, "port", device);
	take_over(row, route);
	return row;
}

static bool
is_modem(json_t *route)
{
	const char *driver = member_text(route, "driver");
	const char *slash = driver ? strrchr(driver, '/') : NULL;

	return driver && strcmp(slash ? slash + 1 : driver, PROGRAM) == 0;
}

static bool
match(json_t *ports, json_t *route, bool (*is_its)(json_t *route, json_t *port))
{
	json_t *port;
	size_t i;

	json_array_foreach(ports, i, port) {
		if (json_object_get(port, "route") || !is_its(route, port))
			continue;
		take_over(port, route);
		return true;
	}
	return false;
}

/* The port that its driver holds first: a stick has several ports that know its number. */
static void
merge(json_t *ports, json_t *routes)
{
	json_t *route;
	size_t i;

	json_array_foreach(routes, i, route)
		if (!match(ports, route, holds) && !match(ports, route, had) && is_modem(route))
			json_array_append_new(ports, without_port(route));
}

/* -- what people see -- */

static void
state_text(const struct ctl *ctl, json_t *port, struct buf *out)
{
	json_t *held = json_object_get(port, "held_by");
	const char *reason = member_text(port, "reason");

	if (member_text(port, "route_state"))
		buf_printf(out, "%s ", word(ctl, member_text(port, "route_state")));
	if (json_is_false(json_object_get(port, "registered")) &&
	    (member_text(port, "route") || member_is(port, "answers")))
		buf_puts(out, say(ctl, "not registered ", "未注册 "));
	if (!member_text(port, "route") && json_is_string(held))
		buf_printf(out, say(ctl, "held by process %s ", "被进程 %s 占用 "),
			   json_string_value(held));
	else if (!member_text(port, "route") && json_is_integer(held))
		buf_printf(out, say(ctl, "held by process %lld ", "被进程 %lld 占用 "),
			   (long long)json_integer_value(held));
	else if (!member_text(port, "route") && member_is(port, "answers"))
		buf_puts(out, say(ctl, "free: in no route ", "空闲:未配置 "));
	if (reason && !member_text(port, "route"))
		buf_puts(out, reason);
}

static void
port_row(const struct ctl *ctl, json_t *port, struct grid *t)
{
	json_t *dbm = json_object_get(port, "signal_dbm");
	struct buf state = { 0 };

	state_text(ctl, port, &state);
	grid_cell(t, member_text(port, "port"));
	grid_cell(t, member_text(port, "route"));
	grid_cell(t, member_text(port, "model"));
	grid_cell(t, member_text(port, "imei"));
	grid_cell(t, member_text(port, "iccid"));
	grid_cell(t, member_text(port, "operator"));
	if (json_is_number(dbm))
		grid_cellf(t, "%.0f dBm", json_number_value(dbm));
	else
		grid_cell(t, NULL);
	grid_cell(t, state.data);
	buf_fini(&state);
}

static void
print_ports(const struct ctl *ctl, json_t *ports)
{
	const char *const titles[] = { say(ctl, "port", "端口"),
				       say(ctl, "route", "通道"),
				       say(ctl, "model", "型号"),
				       "IMEI",
				       "ICCID",
				       say(ctl, "operator", "运营商"),
				       say(ctl, "signal", "信号"),
				       say(ctl, "state", "状态"),
				       NULL };
	struct buf out = { 0 };
	struct grid t;
	json_t *port;
	size_t i;

	grid_init(&t, 0, titles);
	json_array_foreach(ports, i, port)
		port_row(ctl, port, &t);
	if (json_array_size(ports))
		grid_put(&t, &out, 0, screen_width());
	else
		buf_puts(&out, say(ctl, "no ports of modems; is one plugged in and powered?\n",
				   "没有调制解调器端口;是否已插好并通电?\n"));
	ctl_print(&out);
	grid_fini(&t);
}

int
modem_ports(struct ctl *ctl, json_t **ports)
{
	const char *const args[] = { "list", NULL };

	return look(ctl, args, ports);
}

/* Without gongd the ports are listed all the same: that is when one looks. */
int
modem_list(struct ctl *ctl)
{
	const char *const args[] = { "list", ctl->operands[0] };
	json_t *ports, *routes = NULL;
	int code = look(ctl, args, &ports);

	if (code != CTL_OK)
		return code;
	if (client_get(ctl, &routes, "/v1/routes") == CTL_OK)
		merge(ports, json_object_get(routes, "routes"));
	json_decref(routes);
	if (ctl->json)
		return ctl_json(json_pack("{s:o}", "modems", ports));
	print_ports(ctl, ports);
	json_decref(ports);
	return CTL_OK;
}

static void
put_value(const struct ctl *ctl, json_t *value, struct buf *out)
{
	char *text = json_is_string(value)  ? xstrdup(json_string_value(value))
		     : json_is_boolean(value)
			     ? xstrdup(json_is_true(value) ? say(ctl, "yes", "是") : say(ctl, "no", "否"))
		     : json_is_null(value) ? xstrdup("-")
					   : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	text_clip(out, text ? text : "", 10000);
	buf_puts(out, "\n");
	free(text);
}

/* "Another program holds it" may be gong's own route: nobody should end that one. */
static void
name_holder(struct ctl *ctl, json_t *port)
{
	json_t *routes = NULL, *route;
	char reason[300];
	size_t i;

	if (client_get(ctl, &routes, "/v1/routes") != CTL_OK)
		return;
	json_array_foreach(json_object_get(routes, "routes"), i, route) {
		const char *name = member_text(route, "name"), *state = member_text(route, "state");

		if (!name || !state || strcmp(state, "up") != 0 || !holds(route, port))
			continue;
		snprintf(reason, sizeof(reason),
			 say(ctl, "route %s has this port; ask it: gongctl modem at %s 'AT+CSQ'",
			     "此端口由通道 %s 使用;请通过通道查询:gongctl modem at %s 'AT+CSQ'"),
			 name, name);
		json_object_set(port, "route", json_object_get(route, "name"));
		json_object_set_new(port, "reason", json_string(reason));
	}
	json_decref(routes);
}

static void
print_port(const struct ctl *ctl, json_t *port)
{
	struct buf out = { 0 };
	const char *name;
	json_t *value;
	size_t i;

	json_array_foreach(json_object_get(port, "log"), i, value) {
		buf_puts(&out, "  ");
		put_value(ctl, value, &out);
	}
	json_object_foreach(port, name, value) {
		if (strcmp(name, "log") == 0)
			continue;
		buf_puts(&out, word(ctl, name));
		for (size_t width = text_width(word(ctl, name)); width < LABEL_WIDTH + 1; width++)
			buf_puts(&out, " ");
		put_value(ctl, value, &out);
	}
	ctl_print(&out);
}

int
modem_probe(struct ctl *ctl)
{
	const char *const args[] = { "probe", ctl->operands[0] };
	json_t *port, *held;
	int code = look(ctl, args, &port);

	if (code != CTL_OK)
		return code;
	code = member_is(port, "answers") ? CTL_OK : CTL_REFUSED;
	held = json_object_get(port, "held_by");
	if (held && !json_is_null(held))
		name_holder(ctl, port);
	if (ctl->json)
		return ctl_json(port), code;
	print_port(ctl, port);
	json_decref(port);
	return code;
}
