/* owner.c -- root becomes whoever owns the state folder. */
#include "daemon/owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cause.h"

/* Run by root, the drivers are still to see what they will see in service, and what SQLite makes beside a
 * store that it reads must be gong's. */
int
become_owner(const char *state_dir, struct err *err)
{
	const struct passwd *owner;
	struct stat st;

	if (geteuid() != 0 || stat(state_dir, &st) < 0 || st.st_uid == 0)
		return 0;
	owner = getpwuid(st.st_uid);
	if (!owner || initgroups(owner->pw_name, owner->pw_gid) < 0 || setgid(owner->pw_gid) < 0 ||
	    setuid(owner->pw_uid) < 0)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), check_no_owner, state_dir,
			       owner ? cause_word(errno) : NUM(st.st_uid));
	return 0;
}
