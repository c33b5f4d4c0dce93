/* tty.c -- moves bytes between the modem's tty and libGammu's pty; it understands no command. */
#include "drivers/modem/tty.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "core/buf.h"
#include "drivers/modem/filter.h"

#define BACKLOG_MAX 65536
#define CHUNK 4096

struct tty {
	int fd, master, keeper;		/* keeper: a slave fd, so that the master never hangs up */
	char slave[64];
	struct bufferevent *modem, *gammu;
	struct filter filter;
	atomic_bool is_cme;
	void (*lost)(void *, const char *);
	void *ctx;
};

static void
report_lost(struct tty *t, const char *why)
{
	bufferevent_disable(t->modem, EV_READ | EV_WRITE);
	bufferevent_disable(t->gammu, EV_READ | EV_WRITE);
	if (t->lost)
		t->lost(t->ctx, why);
	t->lost = NULL;
}

static void
on_modem_bytes(struct bufferevent *bev, void *ctx)
{
	struct tty *t = ctx;
	char in[CHUNK], out[CHUNK + FILTER_HEAD + 8];
	size_t len;

	while ((len = bufferevent_read(bev, in, sizeof(in))) > 0) {
		size_t made = filter_from_modem(&t->filter, in, len, out);

		/* Before the bytes leave: the worker asks after it has read them. */
		atomic_store(&t->is_cme, t->filter.error == FILTER_CME);
		bufferevent_write(t->gammu, out, made);
	}
	if (evbuffer_get_length(bufferevent_get_output(t->gammu)) > BACKLOG_MAX)
		report_lost(t, "the modem sends more than can be read; reset it");
}

static void
on_gammu_bytes(struct bufferevent *bev, void *ctx)
{
	struct tty *t = ctx;
	char bytes[CHUNK];
	size_t len;

	while ((len = bufferevent_read(bev, bytes, sizeof(bytes))) > 0) {
		filter_from_host(&t->filter, bytes, len);
		bufferevent_write(t->modem, bytes, len);
	}
	if (evbuffer_get_length(bufferevent_get_output(t->modem)) > BACKLOG_MAX)
		report_lost(t, "the modem takes no more commands; reset or replug it");
}

static void
on_trouble(struct bufferevent *bev, short what, void *ctx)
{
	report_lost(ctx, "modem unplugged");
}

/* Exclusive against others who lock (flock), and against those who do not (TIOCEXCL).  Not on a
 * pty, where the mark outlives a killed holder and would lock out our own restart. */
static int
lock_device(int fd, const char *device, struct err *err)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_field(err, "device", "%s is in use by another program; end it (is "
				 "ModemManager running?)", device);
	if (fstat(fd, &st) == 0 && (major(st.st_rdev) < 136 || major(st.st_rdev) > 143))
		ioctl(fd, TIOCEXCL);
	return 0;
}

static int
open_device(const char *device, struct err *err)
{
	struct termios tio;
	int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_field(err, "device", "cannot open %s: %s; plug the modem in or correct "
				 "`device`", device, strerror(errno));
	if (tcgetattr(fd, &tio) < 0) {
		err_field(err, "device", "%s is no serial port; correct `device`", device);
		goto fail;
	}
	if (lock_device(fd, device, err) < 0)
		goto fail;
	cfmakeraw(&tio);
	tio.c_cflag |= CLOCAL | CREAD;
	tio.c_cflag &= ~(tcflag_t)(HUPCL | CRTSCTS);
	cfsetspeed(&tio, B115200);
	tcsetattr(fd, TCSANOW, &tio);
	tcflush(fd, TCIOFLUSH);		/* answers to a driver before us */
	return fd;
fail:
	close(fd);
	return -1;
}

static int
open_pty(struct tty *t, struct err *err)
{
	struct termios tio;

	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (t->master < 0 || grantpt(t->master) < 0 || unlockpt(t->master) < 0 ||
	    ptsname_r(t->master, t->slave, sizeof(t->slave)) != 0)
		return err_set(err, "cannot make a pty: %s; raise kernel.pty.max", strerror(errno));
	t->keeper = open(t->slave, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (t->keeper < 0 || tcgetattr(t->keeper, &tio) < 0)
		return err_set(err, "cannot open %s: %s", t->slave, strerror(errno));
	cfmakeraw(&tio);
	tcsetattr(t->keeper, TCSANOW, &tio);
	return 0;
}

int
tty_open(struct tty **out, const char *device, struct event_base *base,
	 void (*lost)(void *, const char *), void *ctx, struct err *err)
{
	struct tty *t = xcalloc(1, sizeof(*t));

	t->fd = t->master = t->keeper = -1;
	t->lost = lost;
	t->ctx = ctx;
	t->fd = open_device(device, err);
	if (t->fd < 0 || open_pty(t, err) < 0)
		goto fail;
	t->modem = bufferevent_socket_new(base, t->fd, 0);
	t->gammu = bufferevent_socket_new(base, t->master, 0);
	if (!t->modem || !t->gammu) {
		err_set(err, "out of memory");
		goto fail;
	}
	bufferevent_setcb(t->modem, on_modem_bytes, NULL, on_trouble, t);
	bufferevent_setcb(t->gammu, on_gammu_bytes, NULL, on_trouble, t);
	bufferevent_enable(t->modem, EV_READ | EV_WRITE);
	bufferevent_enable(t->gammu, EV_READ | EV_WRITE);
	*out = t;
	return 0;
fail:
	tty_close(t);
	return -1;
}

void
tty_close(struct tty *t)
{
	if (!t)
		return;
	if (t->modem)
		bufferevent_free(t->modem);
	if (t->gammu)
		bufferevent_free(t->gammu);
	if (t->fd >= 0)
		close(t->fd);
	if (t->master >= 0)
		close(t->master);
	if (t->keeper >= 0)
		close(t->keeper);
	free(t);
}

const char *
tty_slave(const struct tty *t)
{
	return t->slave;
}

bool
tty_is_cme(const struct tty *t)
{
	return atomic_load(&t->is_cme);
}
