/* alerts.h -- the list of alerts that Alertmanager's webhook has, and Grafana's after it. */
#ifndef GONG_FORMATS_ALERTS_H
#define GONG_FORMATS_ALERTS_H

#include <jansson.h>

#include "daemon/intake/formats/formats.h"

/* What one sender says beside what all do, of an alert that is read already. */
typedef void (*alert_fn)(struct signal *, json_t *alert);

/* One signal an alert; `more` may be NULL.  -1 as format_parse_fn. */
int alerts_read(struct signal_post *out, json_t *alerts, const struct format_input *, alert_fn more, struct err *);
/* More fire than it was allowed to say (`truncatedAlerts`): a problem, nobody can learn which. */
void alerts_truncated(struct signal_post *out, json_t *whole);

#endif
