#!/usr/bin/python3
"""texts.py: are docs/texts.md and the list in docs/templates.md what the files say?  `--write` makes them.
Every shipped template with its words, parts at the longest, seconds of a call, answers and ladders; every
policy as it runs in time.  The files are read as text: gongd itself proves that they are right."""
import glob
import json
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
STRING = r'"((?:[^"\\]|\\.)*)"'
SIGN = {"zh": "【青石县应急】【演练】", "en": "QSX EOC: DRILL "}
BEGIN, END = "<!-- texts.py: begin -->\n", "<!-- texts.py: end -->\n"
GSM = json.load(open("tests/data/gsm0338.json", encoding="utf-8"))
BASIC = {c["char"] for c in GSM["basic"] if c["char"] and c["code"] != 27}
EXTENSION = {c["char"] for c in GSM["extension"]}
# What gong sends by itself, without a policy.
OWN = re.compile(r"ack\.|end\.(?:left|changed)$|esc\.nobody$|help\.told$|route\.alarm$")


def measure(text):
    """(units, parts), as core/segment.c counts them; its vectors prove that."""
    gsm7 = all(c in BASIC or c in EXTENSION for c in text)
    widths = [(2 if c in EXTENSION else 1) if gsm7 else len(c.encode("utf-16-be")) // 2 for c in text]
    one, many = (160, 153) if gsm7 else (70, 67)
    if sum(widths) <= one:
        return sum(widths), 1
    parts = room = 0
    for w in widths:
        if w > room:
            parts, room = parts + 1, many
        room -= w
    return sum(widths), parts


def plain(text):
    return text.replace('\\"', '"').replace("\\\\", "\\")


class Template:
    def __init__(self, path):
        source = open(path, encoding="utf-8").read()
        lines = source.split("\n")
        self.whom = lines[1][2:].rstrip(".") if lines[1].startswith("# ") else ""
        body = "\n".join(l for l in lines if not l.lstrip().startswith("#"))
        self.name = re.search("template " + STRING, body).group(1)
        self.title = [plain(m) for m in re.findall(r"^\ttitle(?:_en)? = " + STRING, body, re.M)]
        found = re.search(r"^\tpolicies = \{(.*)\}$", body, re.M)
        self.policies = re.findall(STRING, found.group(1)) if found else []
        self.answers = re.findall(r'answer "(\d)" \{ outcome = (\w+) level = (\d)', body)
        self.params = {}
        for name, fields in re.findall(r'^\tparam "(\w+)" \{(.*)\}$', body, re.M):
            self.params[name] = dict(re.findall(r"(\w+) = " + STRING, fields))
            self.params[name].update(re.findall(r"(scope|max) = (\w+)", fields))
        self.texts = {}
        for lang, inner in re.findall(r'^\ttext "(zh|en)" \{\n(.*?)\n\t\}', body, re.M | re.S):
            for form, text in re.findall(r"^\t\t(sms|voice|constant) = " + STRING, inner, re.M):
                self.texts[lang, form] = plain(text)

    def worst(self, lang, form):
        def value(name):
            worst = self.params[name].get("worst_" + lang, "x" * int(self.params[name].get("max", 40)))
            between = "、" if lang == "zh" else ", "
            return between.join(worst.split(between)[:8]) if form == "voice" and name == "names" else worst
        text = re.sub(r"\{\{([#^])(\w+)\}\}(.*?)\{\{/\2\}\}",
                      lambda m: m.group(3) if bool(value(m.group(2))) == (m.group(1) == "#") else "",
                      self.texts[lang, form])
        return re.sub(r"\{\{(\w+)\}\}", lambda m: value(m.group(1)), text)

    def size(self, lang, form):
        """"68/1" units and parts of an SMS, "18 s" of a call."""
        if (lang, form) not in self.texts:
            return "–"
        text = self.worst(lang, form)
        if form == "voice":
            return "%.0f s" % (len(re.findall(r"[\u4e00-\u9fff0-9]", text)) / 4.5 if lang == "zh" else
                               len(re.findall(r"[A-Za-z0-9'\-]+", text)) / 2.5)
        sign = SIGN[lang] if form == "sms" else SIGN[lang].replace("【演练】", "").replace("DRILL ", "")
        return "%d/%d" % measure(sign + text)

    def asked(self):
        text = re.sub(r"\{\{.*?\}\}", "", self.texts.get(("zh", "sms"), ""))
        return "".join(sorted(set(re.findall(r"(?:回复|回|按)(\d)(?!\d)", text)))) or "–"


class Policy:
    def __init__(self, path):
        body = "\n".join(l for l in open(path, encoding="utf-8") if not l.lstrip().startswith("#"))
        self.name = re.search("policy " + STRING, body).group(1)
        self.title = re.search(r"\ttitle = " + STRING, body).group(1)
        field = lambda name, default: (re.search(r"^\t%s = \"?([\w.]+)" % name, body, re.M) or [0, default])[1]
        self.targets, self.until = field("targets", "village"), field("until", "3")
        self.deadline = field("deadline", "–")
        self.texts = re.findall(r'^\t(?:full|expired)\b[^"\n]*' + STRING, body, re.M)
        self.steps = []
        for name, inner in re.findall(r'^\tstep "(\w+)"\s*\{(.*)\}', body, re.M):
            word = lambda f, d, i=inner: (re.search(f + r' = "([^"]*)"', i) or [0, d])[1]
            names = lambda f, d, i=inner: (re.search(f + r" = \{([^}]*)\}", i) or [0, d])[1]
            below = re.search(r"below = (\d)", inner)
            channels = names("channels", "sms")
            to = names("to", "–" if channels == "console" else "request")
            self.steps.append((word("after", "0s"), name, to, channels,
                               word("template", "–"), ("told" if "inform = true" in inner else
                                                       "below " + below[1] if below else "")))
            self.texts.append(word("template", ""))


def ladders(t, policies):
    used = [p.name for p in policies if t.name in p.texts]
    names = t.policies + [u for u in used if u not in t.policies]
    return ", ".join(names) or ("gong" if OWN.match(t.name) else "–")


def cell(text):
    return text.replace("|", "\\|")


def overview(templates, policies):
    out = ["| text | for | sms zh, en (units/parts at the longest) | call zh, en | asks | ladders | zh |\n",
           "|---|---|---|---|---|---|---|\n"]
    for t in templates:
        out.append("| `%s` | %s | %s, %s | %s, %s | %s | %s | %s |\n" % (
            t.name, cell(t.whom), t.size("zh", "sms"), t.size("en", "sms"), t.size("zh", "voice"),
            t.size("en", "voice"), t.asked(), ladders(t, policies), cell(t.texts.get(("zh", "sms"), ""))))
    return "".join(out)


def whole(templates, policies):
    out = ["# Every shipped text and ladder\n\nMade from `templates/` and `config/policies/` by `make texts`; "
           "do not edit. docs/templates.md says what the fields mean. Sizes are at the longest values, with "
           "signature and drill mark (【青石县应急】【演练】, \"QSX EOC: DRILL \").\n\n## Ladders\n"]
    for p in policies:
        out.append("\n### %s %s\n\nTargets: %s, until level %s, deadline %s.\n\n"
                   "| after | step | to | by | text | |\n|---|---|---|---|---|---|\n" % (
                       p.name, p.title, p.targets, p.until, p.deadline))
        out += ["| %s | %s | %s | %s | %s | %s |\n" % s for s in p.steps]
    out.append("\n## Texts\n")
    for t in templates:
        out.append("\n### %s %s\n\n%s. Ladders: %s. Answers: %s.\n\n| | | size |\n|---|---|---|\n" % (
            t.name, " / ".join(t.title), t.whom, ladders(t, policies),
            ", ".join("%s %s (%s)" % a for a in t.answers) or "as everywhere"))
        for (lang, form), text in t.texts.items():
            out.append("| %s %s | %s | %s |\n" % (lang, form, cell(text), t.size(lang, form)))
    return "".join(out)


def main():
    wrong = [v["text"] for v in GSM["vectors"] if measure(v["text"]) != (v["units"], max(v["parts"], 1))]
    templates = [Template(p) for p in sorted(glob.glob("templates/*.conf"))]
    policies = [Policy(p) for p in sorted(glob.glob("config/policies/*.conf"))]
    manual = open("docs/templates.md", encoding="utf-8").read()
    before, rest = manual.split(BEGIN)
    wanted = {"docs/templates.md": before + BEGIN + overview(templates, policies) + END + rest.split(END)[1],
              "docs/texts.md": whole(templates, policies)}
    bad = 0
    if wrong:
        print("tests/lint/texts.py: counts otherwise than tests/data/gsm0338.json: %r" % wrong[:3])
        bad = 1
    for path, text in wanted.items():
        there = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
        if there == text:
            continue
        if "--write" in sys.argv:
            open(path, "w", encoding="utf-8").write(text)
        else:
            print("%s: is not what templates/ and config/policies/ say; make texts" % path)
            bad = 1
    return bad


sys.exit(main())
