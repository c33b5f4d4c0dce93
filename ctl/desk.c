/* desk.c -- the duty desk's other errands: routes looked at. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

/* A driver that says nothing of it is somebody else's, or an old one. */
static void
confined_text(const struct ctl *ctl, json_t *confined, struct buf *out)
{
	const char *lacks = member_text(confined, "lacks");

	if (!confined)
		return;
	buf_puts(out, out->len && out->data[out->len - 1] != ' ' ? " " : "");
	if (lacks)
		buf_printf(out, say(ctl, "[not wholly confined: %s]", "[未完全隔离:%s]"), lacks);
	else
		buf_puts(out, say(ctl, "[confined]", "[已隔离]"));
}

/* What the driver last said of itself, in the order a technician asks. */
static void
health_text(const struct ctl *ctl, json_t *health, struct buf *out)
{
	json_t *storage = json_object_get(health, "storage");
	json_t *dbm = json_object_get(health, "signal_dbm");
	json_t *balance = json_object_get(health, "balance");
	const char *operator= member_text(health, "operator"),
		   *note = member_text(health, "note");

	if (json_is_false(json_object_get(health, "ok")))
		buf_puts(out, say(ctl, "NOT OK ", "异常 "));
	if (json_is_false(json_object_get(health, "registered")))
		buf_puts(out, say(ctl, "not registered ", "未注册 "));
	if (operator)
		buf_printf(out, "%s ", operator);
	if (json_is_number(dbm))
		buf_printf(out, "%.0f dBm ", json_number_value(dbm));
	if (json_is_object(storage))
		buf_printf(out, say(ctl, "storage %lld/%lld ", "存储 %lld/%lld "),
			   (long long)member_int(storage, "used"),
			   (long long)member_int(storage, "size"));
	if (json_is_number(balance))
		buf_printf(out, say(ctl, "balance %.2f ", "余额 %.2f "),
			   json_number_value(balance));
	if (note)
		buf_puts(out, note);
	confined_text(ctl, json_object_get(health, "confined"), out);
}

void
alarm_text(const struct ctl *ctl, json_t *alarm, struct buf *out)
{
	const char *text = member_text(alarm, "text");

	buf_printf(out, "%s%s%s%s", say(ctl, "ALARM ", "告警 "), member_text(alarm, "name"),
		   text ? ": " : "", text ? text : "");
}

static void
route_row(const struct ctl *ctl, json_t *route, struct grid *t)
{
	struct buf channels = { 0 }, health = { 0 };
	json_t *channel, *alarm;
	char text[HUMAN];
	size_t i;

	json_array_foreach(json_object_get(route, "channels"), i, channel) {
		const char *name = word(ctl, json_string_value(channel));

		buf_printf(&channels, "%s%s", i ? " " : "", name ? name : "-");
	}
	json_array_foreach(json_object_get(route, "alarms"), i, alarm) {
		alarm_text(ctl, alarm, &health);
		buf_puts(&health, "; ");
	}
	health_text(ctl, json_object_get(route, "health"), &health);
	grid_cell(t, member_text(route, "name"));
	grid_cell(t, member_text(route, "driver"));
	grid_cell(t, channels.data);
	grid_cell(t, word(ctl, member_text(route, "state")));
	grid_cell(t, instant_text(text, member_int(route, "state_at")));
	grid_cell(t, health.data);
	buf_fini(&channels);
	buf_fini(&health);
}

static int
compose_routes(struct ctl *ctl, json_t **answer, struct buf *out, struct err *err)
{
	const char *const titles[] = { say(ctl, "route", "通道"),
				       say(ctl, "driver", "驱动"),
				       say(ctl, "channels", "渠道"),
				       say(ctl, "state", "状态"),
				       say(ctl, "since", "自"),
				       say(ctl, "health", "状况"),
				       NULL };
	struct client_request q = { .path = "/v1/routes" };
	json_t *route;
	struct grid t;
	size_t i;
	int code = client_ask(ctl, &q, answer, err);

	if (code != CTL_OK)
		return code;
	grid_init(&t, 0, titles);
	json_array_foreach(json_object_get(*answer, "routes"), i, route)
		route_row(ctl, route, &t);
	if (json_array_size(json_object_get(*answer, "routes")))
		grid_put(&t, out, 0, screen_width());
	else
		buf_puts(out,
			 say(ctl, "no routes; add route \"name\" { … } to gong.conf\n",
			     "没有通道;请在 gong.conf 中加入 route \"名称\" { … }\n"));
	grid_fini(&t);
	return CTL_OK;
}

int
desk_route_list(struct ctl *ctl)
{
	return ctl_list(ctl, compose_routes);
}
