/* confined.c -- what gong-feed may still do: connect, resolve names, read certificates and charsets. */
#include "drivers/feed/feed.h"

/* Names by glibc, certificates by OpenSSL, charsets by iconv: what they need is loaded when it is first
 * wanted. */
void
confined_to_network(struct feed *f)
{
	static const char *const folders[] = {
		"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/usr/lib", "/usr/lib64", "/lib", "/lib64", NULL,
	};
	const char *files[] = {
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf",
		"/etc/gai.conf", NULL, NULL, NULL, NULL,
	};
	const char *const own[] = { f->conf.ca_file, f->conf.client_cert, f->conf.client_key };
	size_t count = 0;

	while (files[count])
		count++;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (own[i])
			files[count++] = own[i];
	kit_confine(f->kit, &(struct confine){ .folders = folders, .files = files, .network = true });
}
