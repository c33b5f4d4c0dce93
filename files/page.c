/* page.c -- maps the file that gongd and a driver share. */
#include "files/page.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct page *
page_map(int fd)
{
	struct stat st;
	struct page *p;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size != sizeof(*p)) {
		errno = EINVAL;
		return NULL;
	}
	p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

void
page_unmap(struct page *p)
{
	if (p)
		munmap(p, sizeof(*p));
}
