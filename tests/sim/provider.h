/* provider.h -- what the parts of the simulated provider share. */
#ifndef GONG_SIM_PROVIDER_H
#define GONG_SIM_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/sim/push.h"
#include "tests/sim/server.h"

struct options {
	const char *port_file, *log, *receipts, *people, *reply_url, *secret;
	int port, fail_status, fail_code, streams;
	long latency_ms, jitter_ms, receipt_ms, receipt_jitter_ms;
	unsigned long goaway;
	double refuse_streams;
	double fail, drop, receipt_loss, receipt_fail, receipt_duplicate, pull_loss;
	uint64_t seed;
	bool no_log, whole, part_receipts;
	struct server_tls tls;
};

struct counters {
	uint64_t accepted, refused, dropped, receipts, replies, odd;
};

extern struct options options;
extern struct counters counters;
extern struct push push;

int64_t now_ms(void);

/* provider_options.c: ends the program at what it does not know. */
void options_parse(int argc, char **argv);

/* provider_books.c: a line for everything that happened; NULL members are left out. */
struct entry {
	const char *ev, *to, *text, *ref, *id;
};
void books_open(const char *path);	/* NULL: none are kept */
void book(const struct entry *e);
void books_write(void);

/* provider_people.c: what somebody who reads this message answers, and when; NULL = nothing. */
const char *people_answer(const char *to, long *delay_ms);

/* provider_mix.c: what goes wrong, drawn from a seed. */
enum fate { FATE_TAKEN, FATE_LOST, FATE_REFUSED, FATE_ONE_REFUSED };
struct fault {
	const char *name;
	enum answer_way way;
	enum fate fate;
	double lost;			/* the share of what is left in doubt that was not taken */
	int status;
	const char *type, *location, *body;
};
void dice_init(uint64_t seed);
double chance(void);			/* 0 … 1 */
bool happens(double share);
bool mix_parse(const char *text);	/* "0.05" or "0.05:5xx,reset"; false: it is neither */
const struct fault *mix_draw(enum fate *fate);	/* NULL: nothing goes wrong */

/* provider_pull.c: what is due is handed out once. */
#define PULL "pull"			/* instead of a URL */
enum pull_kind { PULL_RECEIPT, PULL_REPLY };
void pull_later(enum pull_kind, const char *body, long delay_ms, const char *id);
void pull_take(struct exchange *x, enum pull_kind);

/* provider_send.c: a request to /send. */
void send_take(struct exchange *x, struct server_request *r, char *query);

#endif
