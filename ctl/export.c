/* export.c -- a list of the site's, as a file that a spreadsheet opens and an import reads. */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cause.h"
#include "files/xlsx_write.h"

#define UTF8_MARK "\xef\xbb\xbf"
#define COLUMNS_MAX 256

static int
not_written(struct ctl *ctl, const char *path)
{
	char why[SAID_BYTES];

	value_render(cause_word(errno), ctl->lang, why, sizeof(why));
	return ctl_usage(ctl, say(ctl, "%s cannot be written: %s", "%s 无法写入:%s"), path, why);
}

static bool
write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* Whole or not at all, and for its owner's eyes: it is everybody's number. */
static int
write_file(struct ctl *ctl, const char *path, const struct buf *bytes)
{
	struct buf beside = { 0 };
	int fd, code = CTL_OK;
	bool written;

	buf_printf(&beside, "%s~", path);
	fd = open(beside.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	written = fd >= 0 && write_all(fd, bytes->data, bytes->len) && fsync(fd) == 0;
	if (!written || rename(beside.data, path) < 0) {
		code = not_written(ctl, path);
		if (fd >= 0)
			unlink(beside.data);
	}
	if (fd >= 0)
		close(fd);
	buf_fini(&beside);
	return code;
}

/* Whole rows, as a workbook: every cell is a text there, and needs no mark. */
static int
to_sheet(struct ctl *ctl, const char *kind, struct buf *bytes)
{
	struct xlsx_write *sheet = xlsx_write_new(word(ctl, kind));
	const char *p = bytes->data + (strncmp(bytes->data, UTF8_MARK, sizeof(UTF8_MARK) - 1) == 0 ? 3 : 0);
	struct buf out = { 0 };
	struct err err = { 0 };

	while (*p) {
		char *cells[COLUMNS_MAX];
		size_t count = 0;

		do {
			p += count > 0;			/* the comma */
			cells[count++] = csv_cell(&p);
		} while (*p == ',' && count < COLUMNS_MAX);
		xlsx_write_row(sheet, (const char *const *)cells, count);
		while (count)
			free(cells[--count]);
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	if (xlsx_write_end(sheet, &out, &err) < 0) {
		buf_fini(&out);
		return ctl_fail(ctl, CTL_USAGE, &err);
	}
	buf_fini(bytes);
	*bytes = out;
	return CTL_OK;
}

static bool
is_sheet(const char *path)
{
	size_t len = strlen(path);

	return len > 5 && strcasecmp(path + len - 5, ".xlsx") == 0;
}

static size_t
count_lines(const struct buf *bytes)
{
	size_t lines = 0;
	bool quoted = false;

	for (size_t i = 0; i < bytes->len; i++) {
		quoted ^= bytes->data[i] == '"';
		lines += bytes->data[i] == '\n' && !quoted;
	}
	return lines;
}

int
export_list(struct ctl *ctl)
{
	const char *kind = strchr(ctl->command->words, ' ') + 1, *path = args_value(ctl, "--output");
	struct buf url = { 0 }, bytes = { 0 };
	bool map = strcmp(kind, "geometry") == 0;
	int code;

	if (map && path && is_sheet(path))
		return ctl_usage(ctl, say(ctl, "shapes are GeoJSON, not a workbook; write a FILE that ends in .geojson",
					  "区划范围以 GeoJSON 写出,不能写成表格:请用 .geojson 文件名"));
	buf_printf(&url, "/v1/export/%s%s", kind, strcmp(kind, "contacts") == 0 ? "?unmasked=1" : "");
	code = client_fetch(ctl, url.data, &bytes);
	buf_fini(&url);
	if (code == CTL_OK && map)
		shapes_as_geojson(&bytes);
	if (code == CTL_OK && path) {
		size_t rows = count_lines(&bytes);

		if (is_sheet(path))
			code = to_sheet(ctl, kind, &bytes);
		if (code == CTL_OK)
			code = write_file(ctl, path, &bytes);
		if (code == CTL_OK)
			fprintf(stderr, say(ctl, "gongctl: %s: %zu rows of %s\n", "gongctl: %s:%zu 行(%s)\n"), path,
				rows ? rows - 1 : 0, word(ctl, kind));
	} else if (code == CTL_OK) {
		ctl_print(&bytes);
	}
	buf_fini(&bytes);
	return code;
}
