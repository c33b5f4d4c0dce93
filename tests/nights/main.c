/* main.c -- night: plays FILE.night over many seeds and says which promises broke.
 * night [--seeds N] [--seed S [--commit N]] [--every] [-v] [--figures] [--conf FILE] FILE.night… */
#include "tests/nights/night.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/nights/disk.h"

#define MIDNIGHT 1782842400000	/* 2026-07-01 02:00 at +08:00, where every story begins */
#define SHARES 7		/* 20 seeds take every commit of a night about three times */
#define AFTER HOURS(60)			/* a night is over when nothing is left to do by then */

struct story {
	const char *file;
	char *text;
	struct line *lines;
	size_t count;
	struct district district;
	bool every_commit, power_cut, hiccup;
	unsigned stride;		/* of the commits that one seed takes */
	unsigned long only_at;		/* just this one */
	bool figures;
};

static char *
read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	struct buf text = { 0 };
	char part[4096];
	size_t n;

	if (!f) {
		fprintf(stderr, "night: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	while ((n = fread(part, 1, sizeof(part), f)))
		buf_add(&text, part, n);
	fclose(f);
	return buf_take(&text);
}

/* Words are separated by blanks; "…" keeps blanks; # starts a comment. */
static size_t
split(char *s, char **words)
{
	size_t count = 0;

	while (count < WORDS_MAX) {
		s += strspn(s, " \t");
		if (!*s || (*s == '#' && (s[1] == ' ' || !s[1])))
			break;
		if (*s == '"') {
			words[count++] = ++s;
			s += strcspn(s, "\"");
		} else {
			words[count++] = s;
			s += strcspn(s, " \t");
		}
		if (*s)
			*s++ = '\0';
	}
	return count;
}

static void
read_lines(struct story *story)
{
	unsigned number = 0;

	for (char *s = story->text, *next; s && *s; s = next) {
		struct line line = { .number = ++number };
		size_t len = strcspn(s, "\n");

		next = s[len] ? s + len + 1 : NULL;
		s[len] = '\0';
		line.count = split(s, line.words);
		if (!line.count)
			continue;
		if (strcmp(line.words[0], "every_commit") == 0) {
			story->every_commit = true;
			story->hiccup = line.count > 1 && strcmp(line.words[1], "hiccup") == 0;
			story->power_cut = line.count > 1 && strcmp(line.words[1], "power_cut") == 0;
			continue;
		}
		story->lines = xrealloc(story->lines, (story->count + 1) * sizeof(line));
		story->lines[story->count++] = line;
	}
}

static void
forgive(struct district *d)		/* what one run did to people */
{
	for (size_t i = 0; i < d->people_count; i++) {
		d->people[i].poison = false;
		memset(d->people[i].dead, 0, sizeof(d->people[i].dead));
	}
}

static void
end_night(struct night *n)
{
	disk_set_fault(DISK_GOOD);
	n->line = &n->lines[n->line_count - 1];
	gongd_run(n, n->mono + AFTER, NULL, NULL);
	if (!n->failed && n->down)
		night_fail(n, "gongd is not running at the end");
	if (!n->failed)
		check_night(n);
}

/* One run.  `crash_at`: the commit at which gongd dies, 0 = it does not. */
static bool
play(const struct story *story, struct settings *settings, unsigned seed, unsigned long crash_at,
     bool verbose, unsigned long *commits)
{
	struct night n = {
		.file = story->file, .lines = story->lines, .line_count = story->count,
		.district = (struct district *)&story->district, .settings = settings, .seed = seed,
		.chance = seed * 7919 + crash_at * 104729, .verbose = verbose, .mono = MIDNIGHT,
		.crash_at = crash_at, .first_death = crash_at, .power_cut = story->power_cut,
		.hiccup = story->hiccup, .down = true, .forecast_ms = -1,
		.figures = story->figures,
	};

	/* Planned whole or in slices, a step is the same. */
	engine_slicing = seed % 2 ? (struct engine_slicing){ 1000, 1000 } : (struct engine_slicing){ 0, 2 };
	forgive(n.district);
	disk_load(story->district.image);
	gongd_start(&n);
	for (size_t i = 0; i < n.line_count && !n.failed; i++) {
		n.line = &n.lines[i];
		if (!district_is_setup(n.line->words[0]))
			script_line(&n, n.line);
	}
	if (!n.failed)
		end_night(&n);
	if (n.failed)
		printf("FAIL %s\n", n.reason);
	else if (story->figures)
		figures_print(&n);
	if (commits)
		*commits = n.commits;
	disk_set_fault(DISK_GOOD);
	gongd_stop(&n);
	reader_close(n.reader);
	free(n.samples);
	network_free(&n);
	settings_unref(n.later);
	return !n.failed;
}

static bool
play_seeds(const struct story *story, struct settings *settings, unsigned first, unsigned seeds,
	   bool verbose)
{
	unsigned long commits, runs = 0;
	bool ok = true;

	for (unsigned seed = first; seed < first + seeds && ok; seed++) {
		ok = play(story, settings, seed, story->only_at, verbose, &commits);
		runs++;
		if (story->only_at)
			continue;
		/* Each seed takes its share of the commits; together they take every one. */
		for (unsigned long at = 1 + seed % story->stride; ok &&
		     story->every_commit && at <= commits; at += story->stride) {
			ok = play(story, settings, seed, at, verbose, NULL);
			runs++;
		}
	}
	if (ok)
		printf("ok   %s %u seeds, %lu runs\n", story->file, seeds, runs);
	return ok;
}

static bool
play_file(const char *file, struct settings *settings, unsigned first, unsigned seeds,
	  bool verbose, bool every, bool figures, unsigned long only_at)
{
	struct story story = { .file = file, .text = read_file(file),
			       .stride = every ? 1 : SHARES, .only_at = only_at, .figures = figures };
	struct timespec a, b;
	char reason[512];
	bool ok = false;

	clock_gettime(CLOCK_MONOTONIC, &a);
	if (story.text) {
		read_lines(&story);
		if (!story.count)
			printf("FAIL %s: it is empty\n", file);
		else if (district_build(&story.district, story.lines, story.count, settings, reason,
					sizeof(reason)) < 0)
			printf("FAIL %s: %s\n", file, reason);
		else
			ok = play_seeds(&story, settings, first, seeds, verbose);
	}
	district_free(&story.district);
	disk_wipe();
	free(story.lines);
	free(story.text);
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (verbose || getenv("NIGHT_TIMES"))
		printf("     %.2f s\n", (double)(b.tv_sec - a.tv_sec) +
		       (double)(b.tv_nsec - a.tv_nsec) / 1e9);
	fflush(stdout);
	return ok;
}

int
main(int argc, char **argv)
{
	const char *conf = "tests/nights/gong.conf";
	unsigned seeds = 20, first = 1, passed = 0, failed = 0;
	struct settings *settings;
	struct err err = { 0 };
	bool verbose = false, every = false, figures = false;
	unsigned long only_at = 0;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-v") == 0) {
			verbose = true;
		} else if (strcmp(argv[i], "--every") == 0) {
			every = true;	/* every seed dies at every commit */
		} else if (strcmp(argv[i], "--figures") == 0) {
			figures = true;
		} else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0) {
			seeds = (unsigned)atoi(argv[++i]);
		} else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
			first = (unsigned)atoi(argv[++i]);
			seeds = 1;
		} else if (i + 1 < argc && strcmp(argv[i], "--commit") == 0) {
			only_at = strtoul(argv[++i], NULL, 10);
		} else if (i + 1 < argc && strcmp(argv[i], "--conf") == 0) {
			conf = argv[++i];
		} else {
			i = argc;
		}
	}
	if (i >= argc || !seeds) {
		fprintf(stderr, "usage: night [--seeds N] [--seed S [--commit N]] [--every] "
			"[-v] [--figures] [--conf FILE] FILE.night…\n");
		return 2;
	}
	/* Every run frees and takes the same megabytes again: keep them. */
	mallopt(M_MMAP_THRESHOLD, 1 << 29);
	mallopt(M_TRIM_THRESHOLD, 1 << 29);
	setenv("TZ", "Asia/Shanghai", 1);
	if (settings_load(&settings, conf, NULL, &err) < 0) {
		fprintf(stderr, "night: %s\n", err.text);
		return 2;
	}
	disk_install();
	for (; i < argc; i++)
		if (play_file(argv[i], settings, first, seeds, verbose, every, figures, only_at))
			passed++;
		else
			failed++;
	settings_unref(settings);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
