/* tty.c -- opens and locks serial ports; it reads and writes nothing. */
#include "core/cause.h"
#include "drivers/modem/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

static int
in_use(const char *device, struct err *err)
{
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "device"), modem_tty_used, device);
}

/* Exclusive against others who lock (flock), and against those who do not (TIOCEXCL).  Not on a
 * pty, where the mark outlives a killed holder and would lock out our own restart. */
static int
lock_device(int fd, const char *device, struct err *err)
{
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return in_use(device, err);
	if (fstat(fd, &st) == 0 && (major(st.st_rdev) < 136 || major(st.st_rdev) > 143))
		ioctl(fd, TIOCEXCL);
	return 0;
}

int
tty_open(const char *device, struct err *err)
{
	struct termios tio;
	int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == EBUSY)	/* TIOCEXCL of another */
		return in_use(device, err);
	if (fd < 0)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "device"), modem_tty_unopened, device, cause_word(errno));
	if (tcgetattr(fd, &tio) < 0) {
		err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "device"), modem_tty_none, device);
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
