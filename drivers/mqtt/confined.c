/* confined.c -- what gong-mqtt may still do: connect, and look up the broker's name. */
#include "drivers/mqtt/mqtt.h"

/* Certificates are read by then; OpenSSL looks again below /etc/ssl for those that a chain lacks. */
void
confined_to_broker(struct mqtt *m)
{
	static const char *const folders[] = {
		"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/usr/lib", "/usr/lib64", "/lib", "/lib64", NULL,
	};
	const struct mqtt_settings *s = &m->settings;
	const char *const own[] = { s->ca_file, s->client_cert, s->client_key };
	const char *files[] = { "/etc/resolv.conf", "/etc/hosts", NULL, NULL, NULL, NULL };
	size_t count = 2;

	/* Read already, but named: the kit begins anew when one of them is replaced. */
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (own[i])
			files[count++] = own[i];
	kit_confine(m->kit, &(struct confine){ .folders = folders, .files = files, .network = true });
}
