#!/usr/bin/env bash
# The floors of the architecture, proved by reading: each line of output is file:line and a rule
# that is broken.  `floors.sh FOLDER` looks at another tree, so that the rules can be tried out.
set -u
shopt -s lastpipe		# what complains at the end of a pipe says so to this shell
table=$(cd "$(dirname "$0")" && pwd)/floors.tab
cd "${1:-$(dirname "$0")/../..}" || exit 2
bad=0

complain() {	# complain "what is broken": findings are on standard input
	local found
	found=$(sed "s|\$|: $1|")
	[ -z "$found" ] || { printf '%s\n' "$found"; bad=1; }
}

files() {	# files FOLDER...: those that exist
	local f
	for f in "$@"; do
		[ -e "$f" ] && find "$f" -name '*.[ch]'
	done | sort
}

# Prints file:line:code with comments blanked, so that a comment may speak of anything.
code() {
	[ $# -gt 0 ] || return 0
	awk '
	FNR == 1 { inside = 0 }
	{
		out = ""; rest = $0
		while (rest != "") {
			if (inside) {
				i = index(rest, "*/")
				if (!i) break
				rest = substr(rest, i + 2); inside = 0
			} else if (match(rest, /"([^"\\]|\\.)*"|\/\*|\/\//)) {
				token = substr(rest, RSTART, RLENGTH)
				out = out substr(rest, 1, RSTART - 1)
				rest = substr(rest, RSTART + RLENGTH)
				if (token == "/*") inside = 1
				else if (token == "//") break
				else out = out token
			} else { out = out rest; break }
		}
		if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
	}' "$@"
}

names() {	# names REGEX FILE...: file:line: where the code has it
	local what=$1
	shift
	code "$@" | grep -P "^[^:]*:[0-9]*:.*(?:$what)" | cut -d: -f1,2
}

includes() {	# FILE LINE INCLUDED of every "…" include
	code "$@" | sed -nE 's/^([^:]*):([0-9]*):[ \t]*#[ \t]*include[ \t]*"([^"]*)".*/\1 \2 \3/p'
}

# 1. Who includes whom, by floors.tab.  link.py proves the same of calls.
tmp=$(mktemp)
includes $(files core files daemon drivers ctl) | awk -v table="$table" '
function row(f,	i) { for (i = 1; i <= rows; i++) if (f ~ pattern[i]) return i; return 0 }
function folder(f) { sub(/\/[^\/]*$/, "", f); return f }
function broken(why) { print $1 ":" $2 ": includes " $3 ": " why }
function sees(me, it,	i, n, what) {
	n = split(seen[me], what, " ")
	for (i = 1; i <= n; i++) {
		if (what[i] == "below" && it && floor[it] < floor[me]) return 1
		if (index($3, what[i]) == 1) return 1
	}
	return 0
}
BEGIN {
	while ((getline line < table) > 0) {
		if (line ~ /^#/ || split(line, word, " ") < 2) continue
		pattern[++rows] = word[1]; floor[rows] = word[2]
		sub(/^[^ ]+ +[^ ]+ */, "", line); seen[rows] = line
	}
	if (!rows) { print table ": has no floors"; exit }
}
{ me = row($1); it = row($3) }
folder($1) == folder($3) {
	if (floor[it] > floor[me]) broken("it is a floor above")
	next
}
!sees(me, it) { broken("floor " floor[me] " may not name it; see tests/lint/floors.tab") }
' >"$tmp"
if [ -s "$tmp" ]; then
	cat "$tmp"
	bad=1
fi
rm -f "$tmp"

# 2. core is pure: these headers and nothing that reads a clock, a file, a socket, chance.
core=$(files core)
code $core | grep -P ':\d+:\s*#\s*include\s*<' |
	grep -vP '<(assert|ctype|errno|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings)\.h>' |
	cut -d: -f1,2 | complain "core is pure and needs no such header"
names '\b(?:time|clock|clock_gettime|gettimeofday|localtime|localtime_r|gmtime|gmtime_r|mktime|ftime|nanosleep|usleep|sleep)\s*\(' $core |
	complain "core never names a clock; it is given the instant"
names '\b(?:fopen|freopen|fdopen|tmpfile|open|openat|creat|read|write|close|unlink|rename|stat|popen|system|getenv|FILE\s*\*|fread|fwrite|fgets|getline)\s*\(' $core |
	complain "core never names a file"
names '\b(?:socket|connect|bind|listen|accept|accept4|send|sendto|recv|recvfrom|getaddrinfo|poll|select|epoll_\w+)\s*\(' $core |
	complain "core never names a socket"
names '\b(?:rand|srand|random|srandom|drand48|getrandom|arc4random\w*)\s*\(' $core |
	complain "core never throws dice"

# 3. Only the store names SQL.
others=$(files core files daemon drivers ctl | grep -v '^daemon/store/')
sql='sqlite|"[^"]*\b(?:(?i:select\s[^"]*\sfrom|insert\s+(?:or\s+\w+\s+)?into|delete\s+from|create\s+(?:table|index|view)|drop\s+table|alter\s+table)\b|(?:UPDATE|PRAGMA|SAVEPOINT|ROLLBACK|COMMIT|BEGIN IMMEDIATE)\s)'
names "$sql" $others | complain "only daemon/store names SQL"

# 4. Only the loop thread's files name libevent; drivers have loops of their own, and form.c decodes a URL's text by it.
event='event2/|\b(?:event_(?:new|add|del|free|base_\w+|active|assign|pending)|evtimer_\w+|evsignal_\w+|evbuffer_\w+|bufferevent_\w+|evhttp_\w+|evconnlistener_\w+|struct\s+(?:event|event_base|evbuffer|bufferevent))\b'
names "$event" $(files core files daemon ctl | grep -vP '^daemon/(?:children/|routes/|fetchers/|web/|intake/formats/form[.]c$|(?:loop|bridge|main)\.[ch]$)') |
	complain "only the loop thread's files name libevent"

# 5. Libraries stay where they belong.
names 'gammu' $(files core daemon drivers ctl | grep -vE '^drivers/(modem|folder)/') | complain "only gong-modem names libGammu"
names '<curl/' $(files core daemon drivers | grep -Ev '^drivers/(http|feed|hook)/') | complain "only gong-http, gong-feed, gong-hook and gongctl name libcurl"
names '<zip\.h>|<expat\.h>' $(files core files daemon drivers ctl | grep -Ev '^files/xlsx|^drivers/(feed|parse)/xml[.]c$') | complain "zip and XML stay in files/xlsx* and drivers/{feed,parse}/xml.c, which gongd is not linked with"
names '<geos_c\.h>' $(files core files daemon drivers ctl | grep -v '^files/geo') | complain "GEOS stays in files/geo*, which gongd is not linked with"
names '<confuse\.h>' $(files core daemon drivers | grep -vE '^(daemon/settings/|drivers/modem/quirks\.c$)') | complain "only settings names libconfuse"

# 6. What a person named is opened by files/read.h, and every number is read by core/number.h.
names '\b(?:fopen|json_load_file|cfg_parse)\s*\(' $(files core daemon drivers ctl | grep -vE '^(daemon/loop\.c|daemon/store/guard\.c|drivers/modem/probe\.c)$') |
	complain "files are read by files/read.h, which waits for no pipe and reads no device"
names '\b(?:strtod|strtof|strtold|atof|atoi|atol|atoll)\s*\(' $(files core files daemon drivers ctl) |
	complain "numbers are read by core/number.h, which knows no hex, no exponent and no infinity"
names '\bCFG_(?:INT|FLOAT)(?:_LIST)?\(' $(files daemon drivers ctl) |
	complain "a number of a settings file has its row in daemon/settings/limits.c"

exit $bad
