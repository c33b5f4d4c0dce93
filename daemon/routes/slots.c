/* slots.c -- the slots of one page.  Of the driver it believes nothing but `left`: which slot is whose
 * it keeps in its own memory, too, and a page that was cut short means that all has left. */
#include "daemon/routes/slots.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/table.h"
#include "daemon/contract/contract.h"
#include "daemon/routes/shield.h"
#include "files/boot.h"
#include "files/page.h"
#include "files/read.h"

struct slots {
	int fd;
	struct page *page;		/* NULL: not ours yet */
	bool was_good;			/* as it was found: what was not in it was not with the driver */
	msec found_at;			/* how new the books were then; 0 = it does not say */
	volatile sig_atomic_t torn;	/* its driver cut it short: it says nothing any more */
	uint32_t *free, free_count;
	uint32_t *found, found_count;	/* in use when it was found */
	struct table by_id;		/* id -> slot */
};

static char *
path_of(const char *folder, const char *route)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/%s", folder, route);
	return buf_take(&path);
}

struct slots *
slots_open(const char *folder, const char *route)
{
	char *path = path_of(folder, route);
	int fd = -1;
	struct slots *s;

	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);			/* changes no errno */
	if (fd < 0)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	return s;
}

/* In ticks since the boot (proc(5), stat, field 22); 0 = there is no such process. */
static uint64_t
started(pid_t pid)
{
	char path[40], *text, *at;
	unsigned long long ticks = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	text = file_read(path, 4096, NULL, NULL);
	at = text ? strrchr(text, ')') : NULL;	/* its name may hold anything */
	for (int field = 3; at && field <= 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		ticks = strtoull(at, NULL, 10);
	free(text);
	return ticks;
}

void
slots_kill_holder(struct slots *s)
{
	struct page *p = page_map(s->fd);
	pid_t pid = p ? p->pid : 0;

	if (pid > 1 && p->pid_started && started(pid) == p->pid_started)
		kill(-pid, SIGKILL);
	page_unmap(p);
}

/* One of this version and boot; what another one says is not believed. */
static bool
is_good(const struct page *p, const char boot_id[BOOT_ID])
{
	return memcmp(p->magic, PAGE_MAGIC, sizeof(p->magic)) == 0 && p->version == PAGE_VERSION &&
		p->slot_count == PAGE_SLOTS && boot_id[0] && memcmp(p->boot_id, boot_id, BOOT_ID) == 0;
}

/* Until slots_inherited_committed it says nothing about what is not in it. */
static void
begin_anew(struct page *p, const char boot_id[BOOT_ID])
{
	memset(p, 0, sizeof(*p));
	p->incomplete = 1;
	p->version = PAGE_VERSION;
	p->slot_count = PAGE_SLOTS;
	memcpy(p->boot_id, boot_id, BOOT_ID);
	memcpy(p->magic, PAGE_MAGIC, sizeof(p->magic));
}

static void
look_through(struct slots *s)
{
	s->free = xcalloc(PAGE_SLOTS, sizeof(*s->free));
	s->found = xcalloc(PAGE_SLOTS, sizeof(*s->found));
	for (uint32_t i = PAGE_SLOTS; --i > PAGE_NO_SLOT;) {	/* the first ones are taken first: less memory */
		if (s->page->slots[i].id) {
			s->found[s->found_count++] = i;
			table_put(&s->by_id, s->page->slots[i].id, (void *)(uintptr_t)i);
		} else {
			s->free[s->free_count++] = i;
		}
	}
}

bool
slots_lock(struct slots *s)
{
	char boot_id[BOOT_ID];
	struct stat st;
	bool fits;
	int rc;

	if (flock(s->fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	/* Room for all of it, or a write to it on a full disk is a SIGBUS. */
	if (fstat(s->fd, &st) < 0)
		return false;
	fits = st.st_size == (off_t)sizeof(struct page);
	if (!fits && ftruncate(s->fd, sizeof(struct page)) < 0)
		return false;
	rc = posix_fallocate(s->fd, 0, sizeof(struct page));
	if (rc != 0) {
		errno = rc;
		return false;
	}
	s->page = page_map(s->fd);
	if (!s->page)
		return false;
	if (!shield_on(s->page, sizeof(*s->page), &s->torn)) {
		errno = EMFILE;
		return false;
	}
	boot_id_read(boot_id);
	if (fits && is_good(s->page, boot_id)) {
		s->was_good = !s->page->incomplete;
		s->found_at = s->page->committed_at;
	} else {
		begin_anew(s->page, boot_id);
	}
	s->page->pid = 0;
	look_through(s);
	return true;
}

void
slots_inherited(const struct slots *s, struct command *lost)
{
	lost->lost.written = xcalloc(s->found_count + 1, sizeof(uint64_t));
	lost->lost.unwritten = xcalloc(s->found_count + 1, sizeof(uint64_t));
	for (uint32_t i = 0; i < s->found_count; i++) {
		const struct page_slot *slot = &s->page->slots[s->found[i]];

		if (slot->left || s->torn)
			lost->lost.written[lost->lost.written_count++] = slot->id;
		else
			lost->lost.unwritten[lost->lost.unwritten_count++] = slot->id;
	}
	lost->lost.rest_never_given = s->was_good && !s->torn;
	lost->lost.books_at = s->found_at;
}

static uint32_t
slot_of(const struct slots *s, uint64_t id)
{
	return (uint32_t)(uintptr_t)table_get(&s->by_id, id);
}

static void
set_free(struct slots *s, uint32_t i)
{
	assert(s->free_count < PAGE_SLOTS - 1);
	s->page->slots[i].id = 0;
	s->page->slots[i].left = 0;
	s->free[s->free_count++] = i;
}

void
slots_inherited_committed(struct slots *s)
{
	for (uint32_t i = 0; i < s->found_count; i++) {
		uint64_t id = s->page->slots[s->found[i]].id;
		if (slot_of(s, id) == s->found[i])	/* of two with one id, only one is there */
			table_take(&s->by_id, id);
		set_free(s, s->found[i]);
	}
	s->found_count = 0;
	s->page->incomplete = 0;
}

void
slots_close(struct slots *s)
{
	if (!s)
		return;
	shield_off(s->page);
	page_unmap(s->page);
	close(s->fd);
	table_fini(&s->by_id, NULL);
	free(s->free);
	free(s->found);
	free(s);
}

void
slots_remove(const char *folder, const char *route)
{
	char *path = path_of(folder, route);

	unlink(path);
	free(path);
}

/* By a driver of the gongd before, which may still send: should its route come back, that waits for it. */
static bool
is_held(const char *folder, const char *route)
{
	char *path = path_of(folder, route);
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;

	if (fd >= 0)
		close(fd);
	free(path);
	return held;
}

void
slots_remove_others(const char *folder, bool (*is_route)(void *ctx, const char *name), void *ctx)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_REG && !is_route(ctx, entry->d_name) && !is_held(folder, entry->d_name))
			slots_remove(folder, entry->d_name);
	if (dir)
		closedir(dir);
}

int
slots_fd(const struct slots *s)
{
	return s->fd;
}

uint32_t
slots_take(struct slots *s, uint64_t id, bool left)
{
	uint32_t i = slot_of(s, id);	/* of what was put aside before it could be written down */

	if (!i && s->free_count) {
		i = s->free[--s->free_count];
		table_put(&s->by_id, id, (void *)(uintptr_t)i);
	}
	if (!i) {
		s->page->incomplete = 1;
		return PAGE_NO_SLOT;
	}
	s->page->slots[i].left = left;
	s->page->slots[i].id = id;	/* last: from here on it counts */
	return i;
}

bool
slots_left(const struct slots *s, uint64_t id)
{
	uint32_t i = slot_of(s, id);

	return !i || s->page->slots[i].left || s->torn;
}

bool
slots_torn(const struct slots *s)
{
	return s->torn;
}

void
slots_give_back(struct slots *s, uint64_t id)
{
	uint32_t i = (uint32_t)(uintptr_t)table_take(&s->by_id, id);

	if (i)
		set_free(s, i);
}

void
slots_note_process(struct slots *s, pid_t pid)
{
	s->page->pid = 0;
	s->page->pid_started = started(pid);
	s->page->pid = pid;
}

void
slots_note_commit(struct slots *s, msec at)
{
	s->page->committed_at = at;
}
