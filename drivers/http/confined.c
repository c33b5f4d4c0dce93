/* confined.c -- what gong-http may still do: connect, resolve names, read certificates. */
#include "drivers/http/http.h"

/* Names by glibc, certificates by OpenSSL; what a resolver or a charset needs is loaded from the
 * system's libraries when it is first wanted. */
void
confined_to_network(struct http *h)
{
	static const char *const folders[] = {
		"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/usr/lib", "/usr/lib64", "/lib", "/lib64", NULL,
	};
	const char *files[] = {
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf",
		"/etc/gai.conf", NULL, NULL, NULL, NULL,
	};
	const char *const own[] = { h->profile.ca_file, h->profile.client_cert,
				    h->profile.client_key };
	size_t count = 0;

	while (files[count])
		count++;
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (own[i])
			files[count++] = own[i];
	kit_confine(h->kit, &(struct confine){ .folders = folders, .files = files,
					       .network = true });
}
