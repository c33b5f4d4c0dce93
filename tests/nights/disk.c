/* disk.c -- an SQLite VFS in memory: what was synced survives a power cut, what was not may. */
#include "tests/nights/disk.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "tests/nights/chance.h"

#define FILES_MAX 8
#define SHM_LOCKS 8
#define SECTOR 512

struct content {
	unsigned char *bytes;
	size_t size, cap;
};

struct unsynced {			/* a write, or a truncation when bytes is NULL */
	unsigned char *bytes;
	size_t at, len;
};

struct file {
	char name[64];
	struct content now, synced;
	struct unsynced *writes;
	size_t write_count, write_cap;
	unsigned char *shm[64];
	int shm_shared[SHM_LOCKS];
	bool shm_exclusive[SHM_LOCKS];
	int shared;			/* connections holding at least SHARED */
	void *reserved;			/* the handle with RESERVED or more */
	int opened;
};

struct handle {
	sqlite3_file base;
	struct file *file;
	unsigned life;			/* of the process that opened it */
	int lock;
	unsigned shm_shared, shm_exclusive;
};

struct disk_image {
	struct file files[FILES_MAX];
};

static struct file files[FILES_MAX];
static enum disk_fault fault;
static long good_writes = -1;		/* left before it fails; -1 = no end */
static unsigned life = 1;
static unsigned long writes;

static void
put(struct content *c, size_t at, const void *bytes, size_t len)
{
	if (at + len > c->cap) {
		c->cap = (at + len) * 2;
		c->bytes = xrealloc(c->bytes, c->cap);
	}
	if (at > c->size)
		memset(c->bytes + c->size, 0, at - c->size);
	memcpy(c->bytes + at, bytes, len);
	if (at + len > c->size)
		c->size = at + len;
}

static void
copy(struct content *to, const struct content *from)
{
	to->size = 0;
	if (from->size)
		put(to, 0, from->bytes, from->size);
}

static void
forget_writes(struct file *f)
{
	for (size_t i = 0; i < f->write_count; i++)
		free(f->writes[i].bytes);
	f->write_count = 0;
}

static void
note(struct file *f, const void *bytes, size_t at, size_t len)
{
	struct unsynced *w;

	if (f->write_count == f->write_cap) {
		f->write_cap = f->write_cap ? f->write_cap * 2 : 64;
		f->writes = xrealloc(f->writes, f->write_cap * sizeof(*f->writes));
	}
	w = &f->writes[f->write_count++];
	*w = (struct unsynced){ NULL, at, len };
	if (bytes)
		w->bytes = memcpy(xmalloc(len ? len : 1), bytes, len);
}

static void
apply(struct content *c, const struct unsynced *w, size_t len)
{
	if (w->bytes)
		put(c, w->at, w->bytes, len);
	else if (w->at < c->size)
		c->size = w->at;
}

static void
erase(struct file *f)
{
	forget_writes(f);
	free(f->writes);
	free(f->now.bytes);
	free(f->synced.bytes);
	for (size_t i = 0; i < 64; i++)
		free(f->shm[i]);
	memset(f, 0, sizeof(*f));
}

static struct handle *
alive(sqlite3_file *base)
{
	struct handle *h = (struct handle *)base;

	return h->life == life ? h : NULL;
}

static int
disk_close(sqlite3_file *base)
{
	struct handle *h = alive(base);

	if (h) {
		h->file->opened--;
		if (!h->file->name[0])
			erase(h->file);
	}
	return SQLITE_OK;
}

static int
disk_read(sqlite3_file *base, void *out, int len, sqlite3_int64 at)
{
	struct handle *h = alive(base);
	size_t have;

	if (!h)
		return SQLITE_IOERR_READ;
	have = (size_t)at < h->file->now.size ? h->file->now.size - (size_t)at : 0;
	if (have >= (size_t)len) {
		memcpy(out, h->file->now.bytes + at, (size_t)len);
		return SQLITE_OK;
	}
	memset(out, 0, (size_t)len);
	if (have)
		memcpy(out, h->file->now.bytes + at, have);
	return SQLITE_IOERR_SHORT_READ;
}

static int
disk_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
	struct handle *h = alive(base);

	if (good_writes >= 0 && good_writes-- == 0)
		fault = DISK_ERROR;
	if (!h || fault == DISK_ERROR)
		return SQLITE_IOERR_WRITE;
	if (fault == DISK_FULL && (size_t)(at + len) > h->file->now.size)
		return SQLITE_FULL;
	writes++;
	put(&h->file->now, (size_t)at, bytes, (size_t)len);
	note(h->file, bytes, (size_t)at, (size_t)len);
	return SQLITE_OK;
}

static int
disk_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct handle *h = alive(base);

	if (!h || fault == DISK_ERROR)
		return SQLITE_IOERR_TRUNCATE;
	if ((size_t)size < h->file->now.size)
		h->file->now.size = (size_t)size;
	note(h->file, NULL, (size_t)size, 0);
	return SQLITE_OK;
}

static int
disk_sync(sqlite3_file *base, int flags)
{
	struct handle *h = alive(base);

	if (!h || fault == DISK_ERROR)
		return SQLITE_IOERR_FSYNC;
	for (size_t i = 0; i < h->file->write_count; i++)
		apply(&h->file->synced, &h->file->writes[i], h->file->writes[i].len);
	forget_writes(h->file);
	return SQLITE_OK;
}

static int
disk_size(sqlite3_file *base, sqlite3_int64 *size)
{
	struct handle *h = alive(base);

	if (!h)
		return SQLITE_IOERR_FSTAT;
	*size = (sqlite3_int64)h->file->now.size;
	return SQLITE_OK;
}

static int
disk_lock(sqlite3_file *base, int want)
{
	struct handle *h = alive(base);
	struct file *f;

	if (!h)
		return SQLITE_IOERR_LOCK;
	f = h->file;
	if (h->lock >= want)
		return SQLITE_OK;
	if (want >= SQLITE_LOCK_SHARED && f->reserved && f->reserved != h &&
	    (want > SQLITE_LOCK_SHARED ||
	     ((struct handle *)f->reserved)->lock >= SQLITE_LOCK_PENDING))
		return SQLITE_BUSY;
	if (h->lock == SQLITE_LOCK_NONE)
		f->shared++;
	if (want >= SQLITE_LOCK_RESERVED)
		f->reserved = h;
	if (want == SQLITE_LOCK_EXCLUSIVE && f->shared > 1) {
		h->lock = SQLITE_LOCK_PENDING;
		return SQLITE_BUSY;
	}
	h->lock = want;
	return SQLITE_OK;
}

static int
disk_unlock(sqlite3_file *base, int want)
{
	struct handle *h = alive(base);

	if (!h)
		return SQLITE_OK;
	if (want <= SQLITE_LOCK_SHARED && h->file->reserved == h)
		h->file->reserved = NULL;
	if (want == SQLITE_LOCK_NONE && h->lock > SQLITE_LOCK_NONE)
		h->file->shared--;
	if (want < h->lock)
		h->lock = want;
	return SQLITE_OK;
}

static int
disk_reserved(sqlite3_file *base, int *yes)
{
	struct handle *h = alive(base);

	*yes = h && h->file->reserved;
	return SQLITE_OK;
}

static int
disk_control(sqlite3_file *base, int op, void *arg)
{
	return SQLITE_NOTFOUND;
}

static int
disk_sector(sqlite3_file *base)
{
	return SECTOR;
}

static int
disk_traits(sqlite3_file *base)
{
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int
disk_shm_map(sqlite3_file *base, int page, int size, int extend, void volatile **out)
{
	struct handle *h = alive(base);

	*out = NULL;
	if (!h || page >= 64)
		return SQLITE_IOERR_SHMMAP;
	if (!h->file->shm[page] && extend)
		h->file->shm[page] = xcalloc(1, (size_t)size);
	*out = h->file->shm[page];
	return SQLITE_OK;
}

static int
disk_shm_lock(sqlite3_file *base, int first, int n, int flags)
{
	struct handle *h = alive(base);
	struct file *f;

	if (!h)
		return SQLITE_IOERR_SHMLOCK;
	f = h->file;
	for (int i = first; i < first + n && flags & SQLITE_SHM_LOCK; i++) {
		bool mine = h->shm_shared >> i & 1;

		if (f->shm_exclusive[i] && !(h->shm_exclusive >> i & 1))
			return SQLITE_BUSY;
		if (flags & SQLITE_SHM_EXCLUSIVE && f->shm_shared[i] > (mine ? 1 : 0))
			return SQLITE_BUSY;
	}
	for (int i = first; i < first + n; i++) {
		unsigned bit = 1u << i;
		unsigned *held = flags & SQLITE_SHM_SHARED ? &h->shm_shared : &h->shm_exclusive;
		bool had = *held & bit, want = flags & SQLITE_SHM_LOCK;

		*held = want ? *held | bit : *held & ~bit;
		if (flags & SQLITE_SHM_SHARED)
			f->shm_shared[i] += (int)want - (int)had;
		else
			f->shm_exclusive[i] = want;
	}
	return SQLITE_OK;
}

static void
disk_shm_barrier(sqlite3_file *base)
{
}

static int
disk_shm_unmap(sqlite3_file *base, int erase_it)
{
	struct handle *h = alive(base);

	for (size_t i = 0; h && erase_it && i < 64; i++) {
		free(h->file->shm[i]);
		h->file->shm[i] = NULL;
	}
	return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = disk_close, .xRead = disk_read, .xWrite = disk_write,
	.xTruncate = disk_truncate, .xSync = disk_sync, .xFileSize = disk_size,
	.xLock = disk_lock, .xUnlock = disk_unlock, .xCheckReservedLock = disk_reserved,
	.xFileControl = disk_control, .xSectorSize = disk_sector,
	.xDeviceCharacteristics = disk_traits, .xShmMap = disk_shm_map,
	.xShmLock = disk_shm_lock, .xShmBarrier = disk_shm_barrier, .xShmUnmap = disk_shm_unmap,
};

static struct file *
find(const char *name)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (files[i].name[0] && strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

static int
disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out_flags)
{
	struct handle *h = (struct handle *)base;
	struct file *f = name ? find(name) : NULL;

	memset(h, 0, sizeof(*h));
	for (size_t i = 0; !f && i < FILES_MAX; i++)
		if (!files[i].name[0] && !files[i].opened)
			f = &files[i];
	if (!f || (name && strlen(name) >= sizeof(f->name)) ||
	    (!find(name ? name : "") && name && !(flags & SQLITE_OPEN_CREATE)))
		return SQLITE_CANTOPEN;
	if (name)
		memcpy(f->name, name, strlen(name) + 1);
	f->opened++;
	h->base.pMethods = &methods;
	h->file = f;
	h->life = life;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int
disk_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	struct file *f = find(name);

	if (f)
		erase(f);
	return f ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

static int
disk_access(sqlite3_vfs *vfs, const char *name, int flags, int *yes)
{
	struct file *f = find(name);

	*yes = f && (flags != SQLITE_ACCESS_EXISTS || f->now.size);
	return SQLITE_OK;
}

static int
disk_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	sqlite3_snprintf(size, out, "%s", name);
	return SQLITE_OK;
}

void
disk_install(void)
{
	static sqlite3_vfs vfs;
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	vfs = *real;
	vfs.pNext = NULL;
	vfs.szOsFile = sizeof(struct handle);
	vfs.zName = "night";
	vfs.xOpen = disk_open;
	vfs.xDelete = disk_delete;
	vfs.xAccess = disk_access;
	vfs.xFullPathname = disk_full_path;
	sqlite3_vfs_register(&vfs, 1);
}

void
disk_wipe(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		erase(&files[i]);
	fault = DISK_GOOD;
}

struct disk_image *
disk_save(void)
{
	struct disk_image *image = xcalloc(1, sizeof(*image));

	for (size_t i = 0; i < FILES_MAX; i++) {
		memcpy(image->files[i].name, files[i].name, sizeof(files[i].name));
		copy(&image->files[i].now, &files[i].now);
	}
	return image;
}

void
disk_load(const struct disk_image *image)
{
	disk_wipe();
	for (size_t i = 0; i < FILES_MAX; i++) {
		memcpy(files[i].name, image->files[i].name, sizeof(files[i].name));
		copy(&files[i].now, &image->files[i].now);
		copy(&files[i].synced, &image->files[i].now);
	}
}

void
disk_image_free(struct disk_image *image)
{
	for (size_t i = 0; image && i < FILES_MAX; i++)
		erase(&image->files[i]);
	free(image);
}

void
disk_set_fault(enum disk_fault what)
{
	fault = what;
	good_writes = -1;
}

void
disk_fail_after(unsigned count)
{
	good_writes = (long)count;
}

void
disk_kill(void)
{
	life++;
}

/* Each unsynced write survives whole, in part (a torn write ends at a sector), or not at all. */
static void
lose(struct file *f, uint64_t *random)
{
	for (size_t i = 0; i < f->write_count; i++) {
		const struct unsynced *w = &f->writes[i];
		unsigned fate = chance_below(random, 4);

		if (fate == 0)
			continue;
		apply(&f->synced, w, fate == 1 && w->bytes
		      ? chance_below(random, (unsigned)(w->len / SECTOR) + 1) * SECTOR : w->len);
	}
	forget_writes(f);
	copy(&f->now, &f->synced);
}

void
disk_restart(bool power_cut, uint64_t *random)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct file *f = &files[i];

		if (power_cut)
			lose(f, random);
		for (size_t p = 0; p < 64; p++) {
			free(f->shm[p]);
			f->shm[p] = NULL;
		}
		memset(f->shm_shared, 0, sizeof(f->shm_shared));
		memset(f->shm_exclusive, 0, sizeof(f->shm_exclusive));
		f->shared = f->opened = 0;
		f->reserved = NULL;
	}
}

unsigned long
disk_writes(void)
{
	return writes;
}
