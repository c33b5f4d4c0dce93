/* ctl.h -- what the files of gongctl share: its commands, their arguments, the way to gongd
 * and the way to the reader's eye.  gongctl decides nothing: it asks gongd and shows. */
#ifndef GONG_CTL_H
#define GONG_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/msec.h"
#include "core/words.h"

/* Exit codes; UNSAID: it was done, but the output could not be written. */
enum { CTL_OK, CTL_REFUSED, CTL_USAGE, CTL_NOT_REACHED, CTL_UNSAID };
/* Of `check`, where what is refused is CTL_USAGE: a script tells a finding from an error. */
enum { CTL_FOUND = CTL_REFUSED };
enum { OPERANDS = 4 };

struct option_spec {
	const char *name;		/* "--division"; NULL ends a list */
	const char *arg;		/* what its value is called; NULL = a flag */
	bool many;			/* may be given several times, or with several values */
	bool needed;
	const char *help[LANG_COUNT];
};

struct given {				/* one option as it stood on the command line */
	const struct option_spec *spec;
	char *value;			/* NULL for a flag */
};

struct ctl;

struct command {
	const char *words;		/* "alert list" */
	const char *operands[OPERANDS];	/* "ID", …, NULL; each must be given, but "[ID]" */
	const struct option_spec *options;	/* NULL = none */
	const char *help[LANG_COUNT];	/* one line */
	int (*run)(struct ctl *);	/* returns the exit code, having said why */
};

struct ctl {
	const char *socket;		/* of gongd */
	char *socket_found;		/* the same, when it was read from gong.conf */
	bool json;			/* print gongd's answers as they are */
	bool no_pager;
	enum lang lang;
	const struct command *verbs;	/* the whole table, ends with words NULL */
	const struct option_spec *everywhere;	/* options that stand with any verb */
	const struct command *command;
	const char *operands[OPERANDS];
	char *spelt[OPERANDS];		/* what operands[] points to */
	char *driver_dir;		/* of --config; NULL = none was given */
	struct given *given;
	size_t given_count;
	void *curl;			/* the connection, kept between requests */
	char etag[80];			/* of the last answer; "" = it had none */
};

#define SOCKET_DEFAULT "/run/gong/gong.sock"
/* socket.c -- fills ctl->socket; CTL_OK, or CTL_USAGE having said why. */
int socket_choose(struct ctl *, const char *config);
/* verbs.c */
extern const struct command commands[];
extern const struct option_spec options_everywhere[];
/* help.c */
const struct command *verb_find(const struct ctl *, int argc, char **argv, int *used);	/* by its words */
bool verb_is_group(const struct ctl *, const char *word);
int help_words(struct ctl *, int argc, char **argv);	/* all, a group or one verb; returns the exit code */
int help_unknown(struct ctl *, int argc, char **argv);	/* says so, and what may be meant */
int help_complete(struct ctl *, int argc, char **argv);	/* what may follow, for the shells */
/* args.c -- the command line, by the command's table. */
int args_parse(struct ctl *, int argc, char **argv);	/* CTL_OK or CTL_USAGE, said why */
void args_free(struct ctl *);
bool args_has(const struct ctl *, const char *name);
const char *args_value(const struct ctl *, const char *name);	/* the last one; or NULL */
json_t *args_strings(const struct ctl *, const char *name);	/* new array of every value */
void command_synopsis(const struct ctl *, const struct command *, struct buf *out);
/* spelling.c -- as people write, as gongd reads.  Strings are new, the caller frees them. */
const char *choices_of(const char *arg);	/* "a|b|c" of a closed list, or NULL */
char *spell_narrow(const char *text);		/* full-width ASCII, blank and 、 to their narrow forms */
char *spell_operand(const char *arg, const char *text);
int spell_value(struct ctl *, const struct option_spec *, const char *text, char **out);	/* said why not */
int duration_spelt(msec *out, const char *text, msec least, msec most);	/* "4h", "1小时30分"; 0 or -1 */

/* output.c -- to the reader. */
/* Says what is wrong with the command line and where help is; returns CTL_USAGE. */
int ctl_usage(const struct ctl *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int ctl_json(json_t *);			/* prints it, frees it, returns CTL_OK */
void ctl_print(struct buf *);		/* prints it and frees it */
void ctl_page(const struct ctl *, struct buf *);	/* the same, by a pager where it is long */
bool output_failed(void);		/* something was lost already */
/* `code`, or CTL_UNSAID having said so when something was lost on the way to standard output. */
int output_end(const struct ctl *, int code);

/* client.c -- one request to gongd.  Returns CTL_OK with *out (the answer, caller owns it), or
 * CTL_REFUSED or CTL_NOT_REACHED with err filled. */
/* What is told of a request whose answer did not come: it may have been done; it changes nothing, as one
 * without a body never does; what it did may be done again. */
enum lost_answer { LOST_DONE, LOST_LOOKING, LOST_IMPORT };
struct client_request {
	const char *path;		/* with its query */
	const char *type, *body;	/* NULL body = GET */
	size_t len;
	const char *method;		/* of a body; NULL = POST */
	const char *if_match;		/* an ETag; NULL = whatever it is now */
	enum lost_answer lost;
	long wait_s;			/* for the answer; 0 = as usual */
	bool keep_problem;		/* *out of a refusal is its document, even without --json */
};
int client_ask(struct ctl *, const struct client_request *, json_t **out, struct err *);
/* What is not JSON; the error is printed. */
int client_fetch(struct ctl *, const char *path, struct buf *out);
void client_close(struct ctl *);
/* The same, and the error is printed. */
int client_get(struct ctl *, json_t **out, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int client_post(struct ctl *, const char *path, json_t *body, json_t **out);	/* takes body */
/* client_ask, and the error is printed. */
int client_post_request(struct ctl *, const struct client_request *, json_t **out);
int client_change(struct ctl *, const char *method, const char *path, const char *if_match, json_t *body,
		  json_t **out);	/* the same by another method */
/* workbook.c -- where `file` is a workbook, its sheet (--sheet) as CSV in the place of it, row for row; else it
 * stays as it is.  CTL_OK, or CTL_USAGE having said why. */
int workbook_as_csv(struct ctl *, struct buf *file);
/* faults.c -- client_failed for a file: all that is wrong with it. */
int faults_failed(struct ctl *, int code, json_t *problem, const struct err *err);
/* Says why client_ask failed: err, or with --json the problem document (taken; may be NULL).  Returns code. */
int client_failed(struct ctl *, int code, json_t *problem, const struct err *err);
/* All rows of a paged list, at most `max`; *more tells whether some were left out.  On failure *rows is the
 * problem document, or NULL. */
int client_pages(struct ctl *, const char *path, const char *member, size_t max, json_t **rows,
		 bool *more, struct err *);
/* Appends ?NAME=VALUE or &NAME=VALUE, escaped. */
void query_add(struct buf *path, const char *name, const char *value);
int limit_option(struct ctl *, size_t otherwise, size_t *out);	/* --limit; said why */
int ctl_fail(const struct ctl *, int code, const struct err *);	/* prints err, returns code */
/* address.c -- what err is about, as the command in hand calls it; appends nothing for nothing. */
void address_put(const struct ctl *, const struct err *, struct buf *out);

/* redraw.c -- a picture drawn anew in its place. */
struct screen {
	size_t lines;			/* drawn, to be drawn over */
};
bool screen_redraws(void);		/* standard output is a terminal that can */
void screen_size(size_t *width, size_t *height);
void screen_draw(struct screen *, struct buf *block);	/* cuts it to the screen; spoils `block` */

/* again.c -- looking again and again. */
void again_begin(void);			/* SIGINT and SIGTERM say stop */
bool again_wanted(void);		/* nobody has said stop */
void again_stop(void);
void again_wait(msec);			/* a signal ends it early */
void again_put_lost(const struct ctl *, msec since, struct buf *out);	/* gongd is away */

/* listing.c -- a verb that shows a list, once or with --watch.  The function composes it: *answer is what
 * gongd says (for --json; the problem where it refuses), `out` the same as text.  It returns an exit code,
 * with err filled; for CTL_USAGE it has said why. */
typedef int list_fn(struct ctl *, json_t **answer, struct buf *out, struct err *err);
int ctl_list(struct ctl *, list_fn *);

/* grid.c -- text in columns, by the width it has on the screen (East Asian wide = 2). */
struct grid {
	size_t columns, count;		/* count of cells, titles included */
	unsigned right;			/* bit set of columns set flush right */
	char **cells;
};
size_t text_width(const char *text);
/* Appends at most `width` columns of text, without control characters; "…" marks a cut. */
void text_clip(struct buf *out, const char *text, size_t width);
void grid_init(struct grid *, unsigned right, const char *const *titles);	/* NULL ends */
void grid_cell(struct grid *, const char *text);	/* NULL = "-" */
void grid_cellf(struct grid *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends the lines, `indent` spaces before each; width 0 = as wide as need be. */
void grid_put(const struct grid *, struct buf *out, size_t indent, size_t width);
void grid_fini(struct grid *);
size_t screen_width(void);		/* 0 when the output is no terminal */

/* words.c -- what gongd's words are called in the reader's language, and times for people. */
const char *say(const struct ctl *, const char *en, const char *zh)
	__attribute__((format_arg(2), format_arg(3)));
const char *word(const struct ctl *, const char *api_word);	/* NULL stays NULL */
const char *level_word(const struct ctl *, int level);
#define HUMAN 32
const char *duration_text(const struct ctl *, char out[HUMAN], msec ms);	/* "3m20s", "3分20秒" */
/* Appends "[CODE:]NAME=VALUE" in the reader's language; NULL: nothing. */
void placeholder_put(const struct ctl *, const char *text, struct buf *out);
/* "11-24 02:10:05" in the site's zone; with year and zone where they are not the reader's own. */
const char *instant_text(char out[HUMAN], msec at);
void zone_use(const char *name);	/* the site's, from gongd */
msec now_ms(void);

/* Members that may be absent. */
const char *member_text(json_t *, const char *name);	/* NULL when absent or no string */
msec member_int(json_t *, const char *name);		/* 0 when absent */
bool member_is(json_t *, const char *name);

/* view.c -- the parts a picture of an alert is made of; each appends whole lines. */
void view_head(const struct ctl *, json_t *alert, struct buf *out);
void view_progress(const struct ctl *, json_t *alert, struct buf *out);
void view_steps(const struct ctl *, json_t *alert, struct buf *out);
void view_waves(const struct ctl *, json_t *alert, struct buf *out);
void view_next(const struct ctl *, json_t *alert, struct buf *out);	/* the next rung; or nothing */
void view_request(const struct ctl *, json_t *alert, json_t *roles, struct buf *out);	/* whom, and with what */
/* Those under the level that satisfies first, then the latest answers; at most `rows` (0 = all), from
 * the one after `skip` on. */
void view_coverage(const struct ctl *, json_t *alert, json_t *targets, size_t skip, size_t rows,
		   struct buf *out);
/* task.c: the urgent first, what is only unclear last. */
void view_tasks(const struct ctl *, json_t *tasks, msec alert, struct buf *out);	/* 0 = all */
/* lists.c -- rows of an alert as tables. */
void lists_messages(const struct ctl *, json_t *rows, struct buf *out);
void lists_answers(const struct ctl *, json_t *rows, struct buf *out);
void lists_events(const struct ctl *, json_t *rows, struct buf *out);
/* "清东湾 chief, 清东湾 deputy #2": the list of a person's posts, where they are given. */
void posts_text(json_t *posts, struct buf *out);
bool alert_is_closed(json_t *alert);
bool alert_is_held(json_t *alert);	/* by a restore, until somebody resumes it */

/* the commands */
int help_verb(struct ctl *);
int version_verb(struct ctl *);
int demo_verb(struct ctl *);		/* becomes the night; returns only when it cannot */
int alert_list(struct ctl *);
int alert_show(struct ctl *);
int alert_watch(struct ctl *);
int alert_answers(struct ctl *);
int alert_cancel(struct ctl *);
int alert_resume(struct ctl *);
int alert_ack(struct ctl *);
int send_alert(struct ctl *);
int send_callout(struct ctl *);
int import_list(struct ctl *);
int task_list(struct ctl *);
int task_do(struct ctl *);		/* take, note or close, as the command says */
int inbox_list(struct ctl *);
int inbox_decide(struct ctl *);		/* assign, ignore or answer, as the command says */
int desk_route_list(struct ctl *);
/* contact.c, contact_edit.c */
int contact_find(struct ctl *);
int contact_optouts(struct ctl *);
int contact_tags(struct ctl *);
int contact_show(struct ctl *);
int contact_edit(struct ctl *);		/* edit, activate or deactivate, as the command says */
int contact_optin(struct ctl *);
/* The contact of the first operand: a ref, or a name or number that only one has, who is then said.  *out is
 * new, and ctl->etag his; said why not. */
int contact_operand(struct ctl *, json_t **out);
void contact_path(json_t *contact, const char *behind, struct buf *out);
/* "+86138…, +86139… (sms only)"; appends. */
void numbers_text(const struct ctl *, json_t *numbers, struct buf *out);
void tags_text(json_t *tags, struct buf *out);	/* the same of tags */
int export_list(struct ctl *);		/* export.c: contacts, divisions, roster or geometry, as the command says */
/* csv_cell.c -- one cell of a CSV that gongd wrote; *p goes behind it.  New. */
char *csv_cell(const char **p);
/* shapes.c -- every place that gongd knows, in two rounds: all of them by name (area and seat NULL), then
 * those with a shape (name NULL; area and seat WKT or NULL).  CTL_OK, or said why not. */
typedef void place_fn(void *ctx, const char *code, const char *name, const char *area, const char *seat);
int shapes_each(struct ctl *, place_fn *, void *ctx);
/* The same places as CSV -> a FeatureCollection, which geometry_as_csv takes back. */
void shapes_as_geojson(struct buf *csv);
/* geometry.c -- GeoJSON in the place of which `file` becomes the CSV that gongd takes: read, checked whole,
 * simplified.  CTL_OK, or said all that is wrong with it. */
int geometry_as_csv(struct ctl *, struct buf *file);
int metres_option(struct ctl *, const char *option, size_t otherwise, size_t *out);	/* said why */
int area_show(struct ctl *);		/* area.c */
/* division.c */
int division_find(struct ctl *);
int division_show(struct ctl *);
int division_edit(struct ctl *);
int season_check(struct ctl *);
/* source.c */
int source_list(struct ctl *);
int source_show(struct ctl *);
int source_test(struct ctl *);
int signal_list(struct ctl *);
int signal_show(struct ctl *);
int signal_do(struct ctl *);		/* release or replay, as the command says */
/* texts.c */
int template_list(struct ctl *);
int template_show(struct ctl *);
int template_preview(struct ctl *);
int template_lint(struct ctl *);
int kind_list(struct ctl *);
int kind_show(struct ctl *);
int policy_list(struct ctl *);
int policy_show(struct ctl *);
int role_list(struct ctl *);
int modem_list(struct ctl *);
/* What gong-modem finds, an array; CTL_OK, or said why not. */
int modem_ports(struct ctl *, json_t **ports);
int setup_verb(struct ctl *);
int modem_probe(struct ctl *);
int modem_ask(struct ctl *);
int modem_send_test(struct ctl *);
int route_test(struct ctl *);
/* desk.c: what stands, in one's own language. */
void alarm_text(const struct ctl *, json_t *alarm, struct buf *out);
/* ask.c: puts `body` (taken) to the route of the first operand.  CTL_OK: *answer is what its
 * driver said, be it a no. */
int ask_route(struct ctl *, json_t *body, json_t **answer);
int route_resume(struct ctl *);
/* send.c */
int params_add(struct ctl *, json_t *params, json_t *by_division);	/* from --param */
void plan_print(const struct ctl *, json_t *plan);	/* the answer of a dry run */
/* instant.c -- of an option that was given; ahead: what was not said is to come, else past. */
int instant_option(struct ctl *, const char *option, bool ahead, msec *out);	/* said why not */
int since_add(struct ctl *, struct buf *path);	/* --since, where it stands, to the query */
/* roles.c -- /v1/roles; NULL: it cannot be had, and nothing was said. */
json_t *roles_get(struct ctl *);
/* Roles and families as people call them, "-" for none; their names where that is not known (roles may be
 * NULL).  Appends. */
void roles_put(const struct ctl *, json_t *roles, json_t *names, struct buf *out);
void family_put(const struct ctl *, json_t *roles, json_t *family, struct buf *out);	/* all that are in it */
void roles_resolve(struct ctl *);	/* options that want a ROLE: titles become names */
/* places.c -- options that want a CODE. */
int places_resolve(struct ctl *);	/* names become codes; said why not */
void places_hint(struct ctl *);		/* after a refusal: which codes there are none of, and what was meant */
/* operand.c */
int id_operand(struct ctl *, msec *out);	/* the command's ID; said why when it is none */
int alert_operand(struct ctl *, msec *out);	/* the same of an alert, by its id or code */
bool alert_parse(msec *out, const char *text);

#endif
