/* machine.c -- the clock, the disk and the ballast, as gongd will find them at night. */
#include "daemon/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>

#include "core/number.h"
#include "daemon/store/room.h"
#include "files/read.h"

#define RTC "/sys/class/rtc/rtc0/since_epoch"
#define RTC_APART MINUTES(2)

static void
instant_text(char out[32], msec at)
{
	time_t seconds = (time_t)(at / 1000);
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm))
		*out = '\0';
}

/* Does the kernel say that somebody sets the clock by others? */
static void
look_at_sync(struct report *r)
{
	struct timex tx = { .modes = 0 };

	if (adjtimex(&tx) == TIME_ERROR || tx.status & STA_UNSYNC)
		REPORT(r, REPORT_WARNING, "clock", check_clock_alone);
	else
		REPORT(r, REPORT_OK, "clock", check_clock_synced);
}

/* After a power cut the system takes its time from there.  It may keep local time. */
static void
look_at_rtc(struct report *r, msec now)
{
	char *text = file_read(RTC, FILE_SECRET_MAX, NULL, NULL);
	time_t seconds = (time_t)(now / 1000);
	int64_t rtc = 0;
	msec apart, zone = 0;
	struct tm tm;

	if (text)
		text[strcspn(text, "\n")] = '\0';
	if (text && whole_parse(&rtc, text, 1, INT64_MAX / 1000) == 0) {
		if (localtime_r(&seconds, &tm))
			zone = SECONDS(tm.tm_gmtoff);
		apart = SECONDS(rtc) - now;
		if (llabs(apart) > RTC_APART && llabs(apart - zone) > RTC_APART)
			REPORT(r, REPORT_WARNING, "clock", check_rtc, NUM(llabs(apart) / 1000));
	}
	free(text);
}

static void
look_at_last(struct report *r, msec now, msec last)
{
	char is[32], was[32];

	if (last <= now)
		return;
	instant_text(is, now);
	instant_text(was, last);
	REPORT(r, REPORT_ERROR, "clock", check_clock_behind, is, was);
}

static void
look_at_disk(struct report *r, const char *state_dir, bool has_ballast)
{
	unsigned long long room, need = LOG_BYTES + (has_ballast ? 0 : 2ull * BALLAST_BYTES);
	struct statvfs fs;

	if (statvfs(state_dir, &fs) < 0)
		return;
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (room < START_BYTES)
		REPORT(r, REPORT_ERROR, "disk", check_disk_full, state_dir, NUM(room >> 20), NUM(need >> 20));
	else if (room < need)
		REPORT(r, REPORT_WARNING, "disk", check_disk_short, state_dir, NUM(room >> 20), NUM(need >> 20));
	else
		REPORT(r, REPORT_OK, "disk", check_disk, state_dir, NUM(room >> 20));
	if (fs.f_files && fs.f_favail < 100)
		REPORT(r, REPORT_ERROR, "disk", check_disk_inodes, state_dir);
}

/* A file of that length that takes no room on the disk would be none to give up. */
static bool
look_at_ballast(struct report *r, const char *state_dir, bool has_store)
{
	struct buf path = { 0 };
	struct stat st;
	bool there;

	buf_printf(&path, "%s/ballast", state_dir);
	there = stat(path.data, &st) == 0 && st.st_size >= BALLAST_BYTES && (long long)st.st_blocks * 512 >= BALLAST_BYTES;
	if (there)
		REPORT(r, REPORT_OK, "ballast", check_ballast, path.data, NUM(BALLAST_BYTES >> 20));
	else if (has_store)
		REPORT(r, REPORT_WARNING, "ballast", check_no_ballast, path.data, NUM(BALLAST_BYTES >> 20));
	buf_fini(&path);
	return there;
}

void
check_machine(struct report *r, const struct settings *s, msec now, msec last)
{
	look_at_sync(r);
	look_at_rtc(r, now);
	look_at_last(r, now, last);
	look_at_disk(r, s->state_dir, look_at_ballast(r, s->state_dir, last > 0));
}
