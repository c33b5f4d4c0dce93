/* heard.h -- what the settings were healed of, into the log; the fault that refuses them is the caller's
 * to say. */
#ifndef GONG_HEARD_H
#define GONG_HEARD_H

#include "daemon/settings/settings.h"

extern const struct settings_listener heard_in_log;

#endif
