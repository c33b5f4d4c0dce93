#!/bin/bash
# check_modem.sh -- proves the simulated modem against the real gammu program and plain AT, by itself.
# Usage: tests/sim/check_modem.sh [build directory]; needs gammu and python3; takes about 35 s.
set -u
cd "$(dirname "$0")/../.."
build=${1:-build/${MODE:-release}}
modem=$build/sim/modem
here=$(mktemp -d /tmp/gong-sim-modem.XXXXXX)
log=$here/log ctl=$here/ctl
pid= passed=0 failed=0

finish() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	rm -rf "$here"
}
trap finish EXIT

# check SENTENCE COMMAND...: passes when the command does
check() {
	local sentence=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
		echo "ok      $sentence"
	else
		failed=$((failed + 1))
		echo "FAILED  $sentence"
		sed 's/^/        /' "$here/out" | tail -15
	fi
}

start() {
	[ -z "$pid" ] || { kill "$pid"; wait "$pid"; }
	: >"$log"
	# In the foreground it passes a signal on once; else the modem gets two, and the second one may
	# meet it at its end.
	timeout --foreground 180 "$modem" --link "$here/tty" --log "$log" --control "$ctl" \
		--people "$here/people" "$@" >"$here/ready" 2>"$here/err" &
	pid=$!
	for _ in $(seq 50); do
		grep -q "^ready $here/tty" "$here/ready" && return
		sleep 0.1
	done
	echo "the simulated modem did not start: $(cat "$here/err")" >&2
	exit 1
}

phone() {
	timeout 40 gammu -c "$here/gammurc" "$@" >"$here/out" 2>&1 </dev/null
}
tell() { timeout 10 "$modem" --tell "$ctl" "$@" 2>"$here/out"; }
out_has() { grep -qF -- "$1" "$here/out"; }
phone_says() { local want=$1; shift; phone "$@"; out_has "$want"; }

# log_has 'python expression over e': true for a line (every line must be JSON)
log_has() {
	python3 - "$log" "$1" <<-'PYTHON'
	import json, sys
	events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
	sys.exit(not any(eval(sys.argv[2], {"e": e}) for e in map(dict, events)))
	PYTHON
}
log_count() { # EXPRESSION NUMBER
	python3 - "$log" "$1" "$2" <<-'PYTHON'
	import json, sys
	events = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
	count = sum(bool(eval(sys.argv[2], {"e": e})) for e in events)
	sys.exit(count != int(sys.argv[3]))
	PYTHON
}

for program in gammu python3 "$modem"; do
	command -v "$program" >/dev/null || {
		echo "check_modem.sh: $program is missing; run 'make deps' and make $modem" >&2
		exit 2
	}
done
for connection in at dku2at; do
	printf '[gammu]\ndevice = %s\nconnection = %s\nmodel = at\n' "$here/tty" $connection \
		>"$here/gammurc.$connection"
done
cp "$here/gammurc.dku2at" "$here/gammurc"
printf '+9991111* 300 收到1 x1\n+9992* 100 -\n' >"$here/people"

chinese=$(python3 -c "print('青石县应急管理局：山洪橙色预警😀，请立即转移！' * 7, end='')")
start --air-ms 50 --imei 999000000000123 --receipt-ms 8000

cp "$here/gammurc.at" "$here/gammurc"
check "gammu identifies it over connection at" phone_says 999000000000123 identify
cp "$here/gammurc.dku2at" "$here/gammurc"
check "gammu identifies it over connection dku2at" phone_says 999000000000123 identify
check "gammu reads the network" phone_says "home network" networkinfo

check "gammu sends a long Chinese text" phone sendsms TEXT +99920000001 -unicode \
	-autolen 1000 -report -text "$chinese"
check "it went as three UCS-2 parts" log_count \
	"e['ev'] == 'submit' and e['state'] == 'accepted' and e['of'] == 3 and e['alphabet'] == 'ucs2'" 3
check "the log joins the parts to the text" log_has \
	"e['ev'] == 'message' and e['parts'] == 3 and e['text'] == '$chinese'"
timeout -s INT 14 gammu -c "$here/gammurc" monitor >"$here/out" 2>&1 </dev/null
check "gammu sees the three receipts" test \
	"$(grep -c 'Delivery status *: Delivered' "$here/out")" = 3

latin='A @ in {braces}, [x] and 5 EUR: € ~ ^ | \ end; '
phone sendsms TEXT +99920000002 -autolen 400 -text "$latin$latin$latin$latin"
check "GSM text with escapes comes through in parts" log_has \
	"e['ev'] == 'message' and e['parts'] == 2 and e['text'] == r'''$latin''' * 4"

tell 'deliver +99955556666 收到，正在转移 K7' 'deliver-parts +99955556667 77 half [and] half'
check "gammu reads a delivered text" phone_says '收到，正在转移 K7' getallsms
check "gammu sees the concatenation header" out_has 'ID (8 bit) 77, part 2 of 2'
phone deleteallsms 1
check "deleted messages are gone" phone_says '0 SMS parts' getallsms

phone sendsms TEXT +99911110001 -text 'call'
sleep 0.6
check "a scripted person answers" phone_says '收到1' getallsms
phone sendsms TEXT +99911110001 -text 'call again'
phone sendsms TEXT +99920000003 -text 'call'
sleep 0.6
check "x1 answers once and - never" log_count "e['ev'] == 'deliver' and e['text'] == '收到1'" 1

tell 'cms 38 1 +99920000004'
check "a refusal reaches gammu" phone_says 'error 38' sendsms TEXT +99920000004 -text no
check "a refusal is in the log" log_has "e.get('result') == '+CMS ERROR: 38'"
check "the next submit goes" phone_says 'OK, message reference' sendsms TEXT +99920000004 -text y
tell 'register 2'
check "without network it refuses with 331" phone_says 'error 331' sendsms TEXT +99920000005 -text n
tell 'register 1'

tell 'full on' 'deliver +99955556668 waits for room'
phone getallsms
check "a full SIM gets nothing" sh -c "! grep -q 'waits for room' '$here/out'"
tell 'full off'
check "what waited arrives when there is room" phone_says 'waits for room' getallsms

tell unplug
check "unplugged, the link is gone" test ! -e "$here/tty"
tell 'deliver +99955556669 while away' replug
check "replugged, it works and kept the message" phone_says 'while away' getallsms
check "an unknown control line is refused" sh -c \
	"! '$modem' --tell '$ctl' nonsense 2>/dev/null"

kill "$pid"
wait "$pid"
check "it ends at SIGTERM with 0" test $? = 0
pid=
check "and removes its link and socket" test ! -L "$here/tty" -a ! -e "$ctl"
check "it had nothing to complain about" test ! -s "$here/err"
check "plain AT dialogue (check_modem_at.py)" timeout 60 python3 tests/sim/check_modem_at.py \
	"$modem"
check "faults, calls and the rest of a stick (check_modem_faults.py)" sh -c \
	"timeout 60 python3 tests/sim/check_modem_faults.py '$modem' >'$here/out' 2>&1"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
