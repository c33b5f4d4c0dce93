/* site.c -- reads a folder for browsers.  The folder is somebody's wish, so nothing in it is
 * trusted: no link is followed, no device opened, every number is bounded. */
#include "daemon/web/site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "core/buf.h"
#include "core/cause.h"

#define DEPTH_MAX 8
#define FILES_MAX 2000
#define FILE_MAX ((size_t)8 << 20)
#define TOTAL_MAX ((size_t)64 << 20)
#define PATH_LENGTH_MAX 400
#define PACK_MIN 256			/* less is not worth a header more */

struct site {
	unsigned refs;
	struct site_file *files;	/* by path */
	size_t count;
};

struct walk {
	struct site *site;
	const char *folder;
	size_t total;
	struct err *err;
};

static const struct {
	const char *ending, *type;
	bool packs;
} types[] = {
	{ ".html", "text/html; charset=utf-8", true }, { ".css", "text/css; charset=utf-8", true },
	{ ".js", "text/javascript; charset=utf-8", true },
	{ ".mjs", "text/javascript; charset=utf-8", true },
	{ ".json", "application/json", true }, { ".geojson", "application/geo+json", true },
	{ ".webmanifest", "application/manifest+json", true },
	{ ".svg", "image/svg+xml", true }, { ".txt", "text/plain; charset=utf-8", true },
	{ ".wasm", "application/wasm", true }, { ".png", "image/png", false },
	{ ".jpg", "image/jpeg", false }, { ".webp", "image/webp", false },
	{ ".ico", "image/x-icon", true }, { ".woff2", "font/woff2", false },
	{ ".ogg", "audio/ogg", false }, { ".mp3", "audio/mpeg", false }, { ".wav", "audio/wav", true },
};
#define TYPES (sizeof(types) / sizeof(*types))

static size_t
type_of(const char *name)
{
	const char *ending = strrchr(name, '.');
	size_t i = 0;

	while (i < TYPES && (!ending || strcmp(ending, types[i].ending) != 0))
		i++;
	return i;
}

static void
set_etag(struct site_form *form)
{
	unsigned char digest[32];
	size_t n = 0;

	EVP_Digest(form->bytes, form->len, digest, NULL, EVP_sha256(), NULL);
	form->etag[n++] = '"';
	for (size_t i = 0; i < sizeof(digest); i++)
		n += (size_t)snprintf(form->etag + n, SITE_ETAG - n, "%02x", digest[i]);
	snprintf(form->etag + n, SITE_ETAG - n, "\"");
}

/* Left away where it saves less than a tenth. */
static void
pack(struct site_file *f)
{
	z_stream z = { 0 };
	size_t room = f->plain.len - f->plain.len / 10;

	if (f->plain.len < PACK_MIN || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9,
						     Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	f->packed.bytes = xmalloc(room);
	z.next_in = (unsigned char *)f->plain.bytes;
	z.avail_in = (unsigned)f->plain.len;
	z.next_out = (unsigned char *)f->packed.bytes;
	z.avail_out = (unsigned)room;
	if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
		f->packed.len = z.total_out;
		/* By what it packs: two packers make two bodies, but this gongd has one. */
		snprintf(f->packed.etag, SITE_ETAG, "%.*s-gz\"", (int)strlen(f->plain.etag) - 1,
			 f->plain.etag);
	} else {
		free(f->packed.bytes);
		f->packed.bytes = NULL;
	}
	deflateEnd(&z);
}

static int
fault(struct walk *w, const char *path, const char *what)
{
	return err_say(w->err, REFUSED_FAULT, about(CONCEPT_NONE), site_file, w->folder, path, what);
}

static int
read_all(struct walk *w, int fd, const char *path, struct buf *body)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		buf_add(body, chunk, (size_t)n);
		w->total += (size_t)n;
		if (body->len > FILE_MAX)
			return fault(w, path, WORD(site_large));
		if (w->total > TOTAL_MAX)
			return fault(w, path, WORD(site_all_large));
	}
	return n < 0 ? fault(w, path, cause_word(errno)) : 0;
}

/* Takes fd over. */
static int
add_file(struct walk *w, int fd, const char *path, size_t type)
{
	struct site *s = w->site;
	struct buf body = { 0 };
	struct site_file *f;
	int rc = s->count < FILES_MAX ? read_all(w, fd, path, &body)
		: fault(w, path, WORD(site_too_many));

	close(fd);
	if (rc < 0) {
		buf_fini(&body);
		return -1;
	}
	s->files = xrealloc(s->files, (s->count + 1) * sizeof(*s->files));
	f = &s->files[s->count++];
	*f = (struct site_file){ .path = xstrdup(path), .type = types[type].type };
	f->plain.len = body.len;
	f->plain.bytes = buf_take(&body);
	set_etag(&f->plain);
	if (types[type].packs)
		pack(f);
	return 0;
}

static int walk_folder(struct walk *w, int fd, const char *path, int depth);

/* Addresses that are the API's. */
static bool
is_reserved(const char *path)
{
	static const char *const names[] = { "/v1", "/metrics", "/health" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(path, names[i], len) == 0 && (!path[len] || path[len] == '.'))
			return true;
	}
	return false;
}

/* What is looked at first is what is then opened: by its name without links, and checked again. */
static int
walk_entry(struct walk *w, int folder, const char *name, const char *path, int depth)
{
	struct stat st;
	bool is_folder;
	int fd;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fault(w, path, cause_word(errno));
	if (is_reserved(path))
		return fault(w, path, WORD(site_reserved));
	is_folder = S_ISDIR(st.st_mode);
	if (!is_folder && !S_ISREG(st.st_mode))
		return fault(w, path, S_ISLNK(st.st_mode)
			     ? WORD(site_link)
			     : WORD(site_no_file));
	if (!is_folder && type_of(name) == TYPES)
		return 0;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return fault(w, path, cause_word(errno));
	if (fstat(fd, &st) < 0 || (is_folder ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))) {
		close(fd);
		return fault(w, path, WORD(site_changed));
	}
	return is_folder ? walk_folder(w, fd, path, depth + 1) : add_file(w, fd, path, type_of(name));
}

/* Takes fd over. */
static int
walk_folder(struct walk *w, int fd, const char *path, int depth)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (!dir) {
		close(fd);
		return fault(w, path, cause_word(errno));
	}
	if (depth > DEPTH_MAX)
		rc = fault(w, path, WORD(site_deep));
	while (rc == 0 && (entry = readdir(dir))) {
		char below[PATH_LENGTH_MAX + 300];

		if (entry->d_name[0] == '.' || entry->d_name[strspn(entry->d_name, letters)])
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (strlen(below) > PATH_LENGTH_MAX)
			rc = fault(w, path, WORD(site_long_names));
		else
			rc = walk_entry(w, dirfd(dir), entry->d_name, below, depth);
	}
	closedir(dir);
	return rc;
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct site_file *)a)->path, ((const struct site_file *)b)->path);
}

int
site_load(struct site **out, const char *folder, struct err *err)
{
	struct walk w = { .folder = folder, .err = err };
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	*out = NULL;
	if (fd < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), site_folder, folder, cause_word(errno));
	w.site = xcalloc(1, sizeof(*w.site));
	w.site->refs = 1;
	rc = walk_folder(&w, fd, "", 0);
	if (rc == 0 && w.site->count)
		qsort(w.site->files, w.site->count, sizeof(*w.site->files), by_path);
	if (rc == 0 && !site_find(w.site, "/"))
		rc = fault(&w, "", WORD(site_no_index));
	if (rc < 0) {
		site_unref(w.site);
		return -1;
	}
	*out = w.site;
	return 0;
}

struct site *
site_ref(struct site *s)
{
	if (s)
		__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void
site_unref(struct site *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < s->count; i++) {
		free(s->files[i].path);
		free(s->files[i].plain.bytes);
		free(s->files[i].packed.bytes);
	}
	free(s->files);
	free(s);
}

size_t
site_count(const struct site *s)
{
	return s->count;
}

static const struct site_file *
find_exactly(const struct site *s, const char *path)
{
	struct site_file wanted = { .path = (char *)(uintptr_t)path };

	return s->count ? bsearch(&wanted, s->files, s->count, sizeof(*s->files), by_path) : NULL;
}

const struct site_file *
site_find(const struct site *s, const char *path)
{
	const struct site_file *found;
	size_t len = strlen(path);
	char other[PATH_LENGTH_MAX + 16];

	if (!s || !len || len > PATH_LENGTH_MAX)
		return NULL;
	found = find_exactly(s, path);
	if (found || strchr(strrchr(path, '/') ? strrchr(path, '/') : path, '.'))
		return found;
	snprintf(other, sizeof(other), "%s%s", path, path[len - 1] == '/' ? "index.html" : ".html");
	return find_exactly(s, other);
}

/* -- headers -- */

/* Is the weight of a coding zero: "q=0", "q=0.000"? */
static bool
is_refused(const char *params, size_t len)
{
	const char *q = params;

	while (len && *q != 'q' && *q != 'Q') {
		q++;
		len--;
	}
	if (len < 3 || q[1] != '=' || q[2] != '0')
		return false;
	for (size_t i = 3; i < len && strchr(".0123456789", q[i]); i++)
		if (q[i] >= '1' && q[i] <= '9')
			return false;
	return true;
}

bool
site_takes_gzip(const char *header)
{
	bool any = false;

	while (header && *header) {
		size_t len, name;

		header += strspn(header, " \t,");
		len = strcspn(header, ",");
		name = strcspn(header, " \t;,");
		if ((name == 4 && strncasecmp(header, "gzip", 4) == 0) ||
		    (name == 6 && strncasecmp(header, "x-gzip", 6) == 0))
			return !is_refused(header + name, len - name);
		if (name == 1 && *header == '*')
			any = !is_refused(header + 1, len - 1);
		header += len;
	}
	return any;
}

bool
site_has_etag(const char *header, const char *etag)
{
	size_t len = strlen(etag);

	while (header && *header) {
		header += strspn(header, " \t,");
		if (*header == '*')
			return true;
		if (strncmp(header, "W/", 2) == 0)
			header += 2;
		if (strncmp(header, etag, len) == 0)
			return true;
		if (*header == '"') {		/* a comma may stand in a tag */
			header++;
			header += strcspn(header, "\"");
			header += *header == '"';
		} else {
			header += strcspn(header, ",");
		}
	}
	return false;
}
