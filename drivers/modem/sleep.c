/* sleep.c -- libGammu's fixed sleeps, capped.
 * libGammu sleeps 100 + 500 + 100 ms around every SMS for phones of the year 2000.  It calls
 * usleep through the dynamic linker, so this definition, exported by the program, takes the place
 * of libc's: 0.70 s a part becomes 0.09 s.  The order of the dialogue stays as it was: libGammu
 * waits for the prompt and for every reply by reading.  Nothing else in this program uses it. */
#include <time.h>
#include <unistd.h>

#define LONGEST_US 20000

__attribute__((visibility("default"))) int
usleep(useconds_t us)
{
	struct timespec ts = { .tv_nsec = (us < LONGEST_US ? us : LONGEST_US) * 1000L };

	return nanosleep(&ts, NULL);
}
