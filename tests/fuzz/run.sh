#!/usr/bin/env bash
# Each fuzz target for FUZZ_SECONDS (20) on its seed corpus, two at a time; a crash or a leak fails.
set -u
cd "$(dirname "$0")/../.."
# The reader's own words as libFuzzer wants them: bytes beyond ASCII in hex.
words() {
	/usr/bin/python3 - <<'END'
import re
for w in sorted(set(re.findall(r'[A-Z_]+\("([^"]+)"', open("core/reply_words.def").read()))):
    print('"%s"' % "".join(chr(b) if b < 128 else "\\x%02x" % b for b in w.encode()))
END
}
one() {
	dict='' target=$1 name=$(basename "$1") work=build/fuzz/work/$(basename "$1")
	mkdir -p "$work" "tests/fuzz/corpus/${name#fuzz_}"
	[ "$name" = fuzz_reply ] && words >"$work.dict" && dict=-dict=$work.dict
	if timeout $((${FUZZ_SECONDS:-20} + 280)) "$target" -max_total_time="${FUZZ_SECONDS:-20}" -rss_limit_mb=1024 -timeout=5 $dict \
		-artifact_prefix="$work/" -print_final_stats=1 "$work" "tests/fuzz/corpus/${name#fuzz_}" >"$work.log" 2>&1; then
		echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work.log") runs, no finding"
	else
		tail -n 30 "$work.log"
		echo "$name: FINDING, see $work.log"
		return 1
	fi
}
export -f one words
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c 'one {}'
