/* hook.c -- gong-hook: whatever gongd has to tell other systems goes out by this one process, which has
 * neither files nor secrets but what a request holds. */
#include "drivers/hook/hook.h"

/* Names by glibc, certificates by OpenSSL, as gong-http. */
static void
confine_hook(struct hook *h)
{
	static const char *const folders[] = {
		"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/usr/lib", "/usr/lib64", "/lib", "/lib64", NULL,
	};
	static const char *const files[] = {
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", NULL,
	};

	kit_confine(h->kit, &(struct confine){ .folders = folders, .files = files, .network = true });
}

static void
on_leave(evutil_socket_t fd, short what, void *ctx)
{
	kit_exit(((struct hook *)ctx)->kit);
}

static void
hook_open(struct kit *kit, const char *route, json_t *config, const char *state)
{
	struct hook *h = kit_self(kit);
	json_t *ready = json_pack("{s:s,s:i,s:s}", "ev", "ready", "protocol", 1, "version", GONG_VERSION);

	if (!h->kit) {
		h->kit = kit;
		event_assign(&h->leave, kit_base(kit), -1, 0, on_leave, h);
		post_init(h);
		confine_hook(h);
	}
	kit_complete_ready(kit, ready);
	kit_event(kit, ready);
}

static void
hook_post(struct kit *kit, json_t *op)
{
	struct hook *h = kit_self(kit);

	if (h->kit)
		post_start(h, op);
}

static void
hook_send(struct kit *kit, const struct kit_send *send)
{
	for (size_t i = 0; i < send->count; i++)
		kit_done(kit, send->items[i].id, "rejected", NULL, 0, "config", "gong-hook is no route");
}

/* What is under way may end; its receivers know a second try by its key. */
static void
hook_close(struct kit *kit, msec grace_ms)
{
	struct hook *h = kit_self(kit);
	struct timeval grace = { grace_ms / 1000, grace_ms % 1000 * 1000 };

	h->closing = true;
	if (!h->running)
		kit_exit(kit);
	else
		event_add(&h->leave, &grace);
}

int
main(void)
{
	static const struct kit_driver driver = { .open = hook_open, .send = hook_send, .post = hook_post,
						  .close = hook_close };
	struct hook hook = { .kit = NULL };

	return kit_main(&driver, &hook);
}
