#!/usr/bin/env bash
# Every phrase of core/phrases.def is said somewhere and by its own name only, in both languages with
# the same values; and no refusal that can reach a client is a free English sentence.
# `phrases.sh FOLDER` looks at another tree, so that the rules can be tried out.
set -u
cd "${1:-$(dirname "$0")/../..}" || exit 2
exec /usr/bin/python3 - <<'PY'
import glob
import re
import sys

DEF = "core/phrases.def"
STRING = r'"(?:[^"\\]|\\.)*"'
ROW = re.compile(r'^P\((\w+), (\d+),\s*((?:%s\s*)+),\s*((?:%s\s*)+)\)' % (STRING, STRING), re.M)
bad = 0


def complain(where, why):
    global bad
    print("%s: %s" % (where, why))
    bad += 1


def text(literals):
    return "".join(s[1:-1] for s in re.findall(STRING, literals))


source = open(DEF, encoding="utf-8").read()
phrases = {}
for m in ROW.finditer(source):
    name, arity, line = m.group(1), int(m.group(2)), source.count("\n", 0, m.start()) + 1
    where = "%s:%d" % (DEF, line)
    if name in phrases:
        complain(where, '"%s" is there twice' % name)
    phrases[name] = where
    for lang, literals in (("en", m.group(3)), ("zh", m.group(4))):
        shown = set(re.findall(r"\{(\d)\}", text(literals)))
        if shown != {str(i) for i in range(arity)}:
            complain(where, '"%s" takes %d values, its %s shows {%s}' % (
                name, arity, lang, ",".join(sorted(shown))))
    if name != "verbatim":
        if not re.search("[\u4e00-\u9fff]", text(m.group(4))):
            complain(where, '"%s" has no Chinese' % name)
        if re.search("[\u4e00-\u9fff]", text(m.group(3))):
            complain(where, '"%s" has Chinese in its English' % name)
if len(phrases) != len(re.findall(r"^P\(", source, re.M)) or not phrases:
    complain(DEF, "this check no longer understands the catalogue")

# What a duty officer sees of a ladder is its steps: those of the shipped ones have words in both languages.
for f in sorted(glob.glob("config/policies/*.conf")):
    for step in re.findall(r'^\s*step "([^"]+)"', open(f, encoding="utf-8").read(), re.M):
        if "rung_" + step not in phrases:
            complain(f, 'step "%s" has no phrase rung_%s' % (step, step))

# Who says them: the macros that take a phrase's bare name, and PHRASE_name.
SAYS = re.compile(r"\b(?:err_say|refuse|csv_fail|csv_stop|csv_lacks|faults_say|SAY|STYLE|MISLEADS|SAID|WORD|kit_alarm|PHRASE_AND_VALUES|REPORT|"
                  r"conf_say|conf_say_at|conf_refuse|TELL|REFUSE|FAIL)\s*\(")


def arguments(code, at):
    """The arguments of the call whose "(" is before `at`."""
    depth, out, start = 0, [], at
    while at < len(code):
        c = code[at]
        if c in "\"'":
            at = re.compile(r"%s(?:[^%s\\]|\\.)*%s" % (c, c, c)).match(code, at).end()
            continue
        if c in "([{":
            depth += 1
        elif c in ")]}":
            if not depth:
                return out + [code[start:at].strip()]
            depth -= 1
        elif c == "," and not depth:
            out.append(code[start:at].strip())
            start = at + 1
        at += 1
    return out


said = set()
files = sorted(f for folder in ("core", "files", "daemon", "drivers", "ctl")
               for f in glob.glob(folder + "/**/*.[ch]", recursive=True))
sources = {f: re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"),
                     open(f, encoding="utf-8").read(), flags=re.S) for f in files}
for code in sources.values():
    said.update(re.findall(r"\bPHRASE_(\w+)", code))
    for m in SAYS.finditer(code):
        said.update(a for a in arguments(code, m.end()) if re.fullmatch(r"\w+", a))
for name, where in phrases.items():
    if name not in said:
        complain(where, 'nobody says "%s"; take it away' % name)

# Free sentences are for the log and for standard error.  These files have no other readers.
FREE = re.compile(r"^(?:core/err\.c|daemon/(?:main|check|loop)\.c|"
                  r"daemon/routes/(?:check|driver)\.c|daemon/children/|daemon/store/(?:store|copy|guard|check|"
                  r"read|wal)\.c|daemon/web/(?:http|site)\.c|daemon/engine/(?:engine|life)\.c|"
                  r"core/(?:files|number)\.c|ctl/|drivers/modem/pdu\.c|drivers/(?!kit/|http/|modem/|sim/))")
for f, code in sources.items():
    if FREE.match(f) or f.endswith(".h"):
        continue
    for m in re.finditer(r"\berr_(?:set|field)\s*\(", code):
        complain("%s:%d" % (f, code.count("\n", 0, m.start()) + 1),
                 "this sentence may reach a client: say a phrase (err_say), or log it")

# Why a driver has not sent, or does not open, is what the duty room reads of it.
REASONS = re.compile(r"\b(?:kit_done|kit_done_many|kit_fatal|kit_receipt|queue_give_back|queue_abandon|item_done|calls_drop|"
                     r"calls_give_back|calls_abandon|trouble_met|trouble_fatal|script_fail|say_missing|report_lost)\s*\(")
for f, code in sources.items():
    if not f.startswith(("drivers/kit/", "drivers/http/", "drivers/modem/", "drivers/sim/")):
        continue
    for m in REASONS.finditer(code):
        for a in arguments(code, m.end()):
            if not re.search(r"\b(?:SAID|WORD)\s*\(", a) and any(" " in s for s in re.findall(STRING, a)):
                complain("%s:%d" % (f, code.count("\n", 0, m.start()) + 1), "not said in both languages: %s" % a)

# gong's own words in two languages at one place: that is what the catalogue is for.
for f, code in sources.items():
    if not f.startswith(("daemon/", "core/")) or f == "core/reply.c":
        continue
    for m in re.finditer(r'"[^"\n]*[\u4e00-\u9fff][^"\n]* / [^"\n]*"', code):
        complain("%s:%d" % (f, code.count("\n", 0, m.start()) + 1),
                 "a text in two languages; make it a phrase")

# gongctl says what is its own in pairs, say(ctl, "English", "中文"), where the compiler sees the values
# of both; and nothing beside them: a literal with words that goes to the reader outside a pair is found.
# What gongctl setup writes is gong.conf and lists, in the language of these.
WRITES = {"ctl/setup_write.c", "ctl/geometry.c", "ctl/shapes.c"}
PRINTS = re.compile(r"\b(?:printf|fprintf|puts|fputs|ctl_usage|buf_puts|buf_printf|grid_cellf?|step)\s*\(")
WORDS = re.compile(r"[A-Za-z]{3,}|[\u4e00-\u9fff]")
CONVERSION = re.compile(r"%(?!%)[-0-9.]*(?:ll|z|l)?[a-z]|%\.\*s")


def pair(where, en, zh):
    if CONVERSION.findall(en) != CONVERSION.findall(zh):
        complain(where, "these two take other values: %s / %s" % (en, zh))
    if re.search("[\u4e00-\u9fff]", en):
        complain(where, "Chinese in the English: %s" % en)
    if WORDS.search(re.sub(r"%[-0-9.]*(?:ll|z|l)?[a-z]|gongctl: ", "", en)) and not re.search("[\u4e00-\u9fff]", zh):
        complain(where, "no Chinese for: %s" % en)


pairs = 0
for f, code in sources.items():
    if not f.startswith("ctl/"):
        continue
    code = code.replace("\\\n", " \n")          # a macro's lines are one
    for m in re.finditer(r"\b(?:say|TEXTS|FLAG|ONE|MUST|MANY)\s*\(", code):
        args = [a for a in arguments(code, m.end()) if re.match(STRING, a)][-2:]
        where = "%s:%d" % (f, code.count("\n", 0, m.start()) + 1)
        if len(args) == 2:
            pair(where, text(args[0]), text(args[1]))
            pairs += 1
    for m in PRINTS.finditer(code):
        if f in WRITES and m.group(0).startswith("buf_"):
            continue
        for a in arguments(code, m.end()):
            loose = text(a) if re.fullmatch(r"(?:%s\s*)+" % STRING, a) else ""
            loose = re.sub(r"%[-0-9.]*(?:ll|z|l)?[a-z]|\\0?[0-9a-z]+", " ", loose)
            loose = re.sub(r"gongctl(?: help)?|(?:import|route) \w+|\w*\.(?:csv|sock|json)\b|--\w+|dBm|(?:/v1|http:)\S*|Content-Type|If-Match|after=|ctl-|gong:", "",
                           loose)      # names, the same in every language
            if WORDS.search(loose):
                complain("%s:%d" % (f, code.count("\n", 0, m.start()) + 1),
                         "not said in both languages: %s" % a)
if pairs < 200 and "ctl/verbs.c" in sources:
    complain("ctl/", "this check no longer understands say()")

# Only one place knows what a kind's status is, and what a problem document looks like.
for f, code in sources.items():
    if "about:blank" in code and f != "daemon/web/problem.c":
        complain(f, "problem documents are made in daemon/web/problem.c")
sys.exit(1 if bad else 0)
PY
