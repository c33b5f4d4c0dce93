#!/usr/bin/env bash
# Every event text that gongd or a driver logs, every story word of an alert and every kind of
# task stands in docs/log.md, and docs/log.md names none that the code does not know.
set -u
cd "$(dirname "$0")/../.."
exec /usr/bin/python3 - "$@" <<'PY'
import glob
import re
import sys

DOC = "docs/log.md"
CALL = re.compile(r'\b(engine_log|log_line|ports\.log|kit_log|engine_event|store_event|store_task_open|store_task_once|tell_desk|call_the_desk|engine_desk_short|engine_desk_words)\(')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def first_literals(text, at):
    """The first string of the call at `at`, neighbours joined; both where one is chosen."""
    depth, out, end = 1, None, at
    while depth and end < len(text):
        c = text[end]
        if c == '"':
            m = LITERAL.match(text, end)
            out = m.group(1) if out is None else out + m.group(1)
            end = m.end()
            if re.match(r'\s*"', text[end:]):
                continue
            other = re.match(r'\s*:\s*"([^"]*)"', text[end:])
            return [out, other.group(1)] if other else [out]
        depth += (c == "(") - (c == ")")
        end += 1
    return []


def event_text(literal):
    """What stands before the first key=, and whether it is constant."""
    text = re.split(r"\s+[a-z_]+=", literal, maxsplit=1)[0]
    return (text.split("%")[0].strip(), False) if "%" in text else (text.strip(), True)


used = {}                                # (section, text, constant) -> where
for path in sorted(glob.glob("daemon/**/*.c", recursive=True) + glob.glob("drivers/**/*.c",
                                                                          recursive=True)):
    source = open(path, encoding="utf-8").read()
    for m in CALL.finditer(source):
        line_start = source.rfind("\n", 0, m.start()) + 1
        if m.start() == line_start:      # the function itself, not a call of it
            continue
        section = {"engine_event": "story", "store_event": "story", "store_task_open": "task",
                   "store_task_once": "task", "tell_desk": "task",
                   "call_the_desk": "task", "engine_desk_short": "task",
                   "engine_desk_words": "task"}.get(m.group(1), "log")
        where = "%s:%d" % (path, source.count("\n", 0, m.start()) + 1)
        for literal in first_literals(source, m.end()):
            if (section == "log" and literal == "%s") or literal.startswith("{"):
                continue                 # a name handed on: where it is made, it is found
            text, constant = (literal, True) if section != "log" else event_text(literal)
            used.setdefault((section, text, constant), where)

known, section = {}, None                # (section, text) -> line of docs/log.md
for number, line in enumerate(open(DOC, encoding="utf-8"), 1):
    heading = re.match(r"## .*<!-- (log|story|task) -->", line)
    if line.startswith("## "):
        section = heading.group(1) if heading else None
    row = re.match(r"\| `([^`]+)` \|", line)
    if row and section:
        known[(section, row.group(1))] = number

bad = 0
for (section, text, constant), where in sorted(used.items(), key=lambda i: i[1]):
    if (section, text) in known or (not constant and any(
            s == section and k.startswith(text) for s, k in known)):
        continue
    print('%s: "%s" is not in %s; add a row to its %s table' % (where, text, DOC, section))
    bad += 1
for (section, text), number in known.items():
    if any(s == section and (t == text or (not c and text.startswith(t))) for s, t, c in used):
        continue
    if section == "story" and text in ("satisfied", "exhausted", "expired"):
        continue                         # written with the state's own name, daemon/engine/climb.c
    print('%s:%d: nothing in the code says "%s"; take the row away' % (DOC, number, text))
    bad += 1
# The desk reads the story in sentences: each word has its own.
SENTENCES = "daemon/store/read_events.c"
told = set(re.findall(r'^\t\{ "(\w+)", (?:NULL|"\w+"), PHRASE_', open(SENTENCES, encoding="utf-8").read(), re.M))
for (section, text) in known:
    if section == "story" and text not in told:
        print('%s: has no sentence for "%s" of %s' % (SENTENCES, text, DOC))
        bad += 1
if not used:
    print("found no event text at all: this check no longer understands the code")
    bad += 1
sys.exit(1 if bad else 0)
PY
