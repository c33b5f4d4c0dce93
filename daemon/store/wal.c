/* wal.c -- SQLite's files, with what it writes to its log gathered: a turn's frames leave in one
 * write where SQLite makes two a page.
 * Safe because the log's bytes count for nobody before the sync of their commit: only then are its
 * frames entered in the index, by which every connection reads.  What is gathered is written
 * before that sync, and before this connection reads or measures the file.  What could not be
 * written fails whatever asked for it, and the next sync in any case: no commit stands on it.
 * How long the disk takes for all of it is noted (hand.h), for a watchdog's victim to be known. */
#include "daemon/store/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/store/hand.h"

#define GATHER_BYTES 131071		/* SQLite's unix files write no more at once */

struct wal_file {
	sqlite3_file base;		/* what SQLite sees; must be first */
	sqlite3_file *real;		/* behind this struct */
	char *bytes;			/* gathered for the file from `at` on */
	int len;
	int lost;			/* why some of it was not written; cleared by a sync */
	sqlite3_int64 at;
};

static struct wal_file *
wal_file(sqlite3_file *f)
{
	return (struct wal_file *)(void *)f;
}

static int
flush(struct wal_file *w)
{
	int rc, len = w->len;

	w->len = 0;
	rc = len ? w->real->pMethods->xWrite(w->real, w->bytes, len, w->at) : SQLITE_OK;
	if (rc != SQLITE_OK)
		w->lost = rc;
	return rc;
}

/* The real file, with nothing left to write to it; NULL: *rc says what went wrong. */
static sqlite3_file *
real_file(sqlite3_file *f, int *rc)
{
	*rc = flush(wal_file(f));
	return *rc == SQLITE_OK ? wal_file(f)->real : NULL;
}

static int
wal_close(sqlite3_file *f)
{
	struct wal_file *w = wal_file(f);
	int rc = flush(w), closed = w->real->pMethods->xClose(w->real);

	free(w->bytes);
	w->bytes = NULL;
	return rc ? rc : closed;
}

static int
wal_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
	int rc;
	sqlite3_file *real = real_file(f, &rc);

	return real ? real->pMethods->xRead(real, out, len, at) : rc;
}

static int
wal_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
	struct wal_file *w = wal_file(f);

	if (w->len && (at != w->at + w->len || w->len + len > GATHER_BYTES)) {
		int rc = flush(w);

		if (rc)
			return rc;
	}
	if (len > GATHER_BYTES)
		return w->real->pMethods->xWrite(w->real, bytes, len, at);
	if (!w->len)
		w->at = at;
	memcpy(w->bytes + w->len, bytes, (size_t)len);
	w->len += len;
	return SQLITE_OK;
}

static int
wal_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc;
	sqlite3_file *real = real_file(f, &rc);

	return real ? real->pMethods->xTruncate(real, size) : rc;
}

static int
wal_sync(sqlite3_file *f, int flags)
{
	struct wal_file *w = wal_file(f);
	int lost;

	flush(w);
	lost = w->lost;
	w->lost = SQLITE_OK;
	return lost ? lost : w->real->pMethods->xSync(w->real, flags);
}

static int
wal_size(sqlite3_file *f, sqlite3_int64 *out)
{
	int rc;
	sqlite3_file *real = real_file(f, &rc);

	return real ? real->pMethods->xFileSize(real, out) : rc;
}

static int
wal_lock(sqlite3_file *f, int lock)
{
	return wal_file(f)->real->pMethods->xLock(wal_file(f)->real, lock);
}

static int
wal_unlock(sqlite3_file *f, int lock)
{
	return wal_file(f)->real->pMethods->xUnlock(wal_file(f)->real, lock);
}

static int
wal_is_reserved(sqlite3_file *f, int *out)
{
	return wal_file(f)->real->pMethods->xCheckReservedLock(wal_file(f)->real, out);
}

static int
wal_control(sqlite3_file *f, int op, void *arg)
{
	int rc;
	sqlite3_file *real = real_file(f, &rc);

	return real ? real->pMethods->xFileControl(real, op, arg) : rc;
}

static int
wal_sector_size(sqlite3_file *f)
{
	return wal_file(f)->real->pMethods->xSectorSize(wal_file(f)->real);
}

static int
wal_characteristics(sqlite3_file *f)
{
	return wal_file(f)->real->pMethods->xDeviceCharacteristics(wal_file(f)->real);
}

static const sqlite3_io_methods wal_methods = {
	.iVersion = 1, .xClose = wal_close, .xRead = wal_read, .xWrite = wal_write,
	.xTruncate = wal_truncate, .xSync = wal_sync, .xFileSize = wal_size, .xLock = wal_lock,
	.xUnlock = wal_unlock, .xCheckReservedLock = wal_is_reserved, .xFileControl = wal_control,
	.xSectorSize = wal_sector_size, .xDeviceCharacteristics = wal_characteristics,
};

static sqlite3_vfs *real_vfs;

/* The real files' methods, with the disk's time noted around those that wait for it.  Files that
 * are locked and files that are not have tables of their own, with the same functions for these. */
static const sqlite3_io_methods *real_methods;
static sqlite3_io_methods noted_methods[2];

static int
noted_read(sqlite3_file *f, void *out, int len, sqlite3_int64 at)
{
	int rc;

	hand_disk();
	rc = real_methods->xRead(f, out, len, at);
	hand_disk_done();
	return rc;
}

static int
noted_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
	int rc;

	hand_disk();
	rc = real_methods->xWrite(f, bytes, len, at);
	hand_disk_done();
	return rc;
}

static int
noted_sync(sqlite3_file *f, int flags)
{
	int rc;

	hand_disk();
	rc = real_methods->xSync(f, flags);
	hand_disk_done();
	return rc;
}

static int
noted_open(const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	sqlite3_io_methods *noted = &noted_methods[(flags & SQLITE_OPEN_WAL) != 0];
	int rc = real_vfs->xOpen(real_vfs, name, f, flags, out_flags);

	if (rc != SQLITE_OK || !(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB)))
		return rc;
	if (!real_methods)
		real_methods = f->pMethods;
	if (f->pMethods->xRead != real_methods->xRead || f->pMethods->xSync != real_methods->xSync ||
	    f->pMethods->xWrite != real_methods->xWrite)
		return rc;		/* another kind of file: not noted */
	*noted = *f->pMethods;
	noted->xRead = noted_read;
	noted->xWrite = noted_write;
	noted->xSync = noted_sync;
	f->pMethods = noted;
	return rc;
}

static int
gathering_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	struct wal_file *w = wal_file(f);
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return noted_open(name, f, flags, out_flags);
	*w = (struct wal_file){ .real = (sqlite3_file *)(void *)(w + 1) };
	rc = noted_open(name, w->real, flags, out_flags);
	if (rc != SQLITE_OK)
		return rc;
	w->bytes = xmalloc(GATHER_BYTES);
	w->base.pMethods = &wal_methods;
	return SQLITE_OK;
}

const char *
store_vfs(void)
{
	static sqlite3_vfs vfs;

	if (vfs.zName)
		return vfs.zName;
	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.pNext = NULL;
	vfs.szOsFile += (int)sizeof(struct wal_file);
	vfs.zName = "gong";
	vfs.xOpen = gathering_open;
	sqlite3_vfs_register(&vfs, 0);
	return vfs.zName;
}
