"""The manual pages and docs/ against what they describe: every verb, option and field of the programs
stands in its page, what a message, a page or a document names is there after `make install`, links lead
somewhere, and mandoc and man read every page."""
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from urllib.parse import unquote

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODE = os.environ.get("MODE", "release")
MAN = os.path.join(ROOT, "docs/man")
PAGES = sorted(os.path.relpath(p, MAN) for p in glob.glob(MAN + "/*.[158]") + glob.glob(MAN + "/zh_CN/*.[158]"))
FOLDERS = sorted({os.path.dirname(p) for p in PAGES})         # "" is English


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as f:
        return f.read()


@pytest.fixture(scope="module")
def installed():
    folder = tempfile.mkdtemp(prefix="gong-manuals-")
    subprocess.run(["make", "-s", "install", "DESTDIR=" + folder, "MODE=" + MODE], cwd=ROOT, check=True,
                   capture_output=True, timeout=120)
    yield folder
    shutil.rmtree(folder)


def help_json(*words):
    p = subprocess.run([os.path.join(ROOT, "build", MODE, "gongctl"), "--json", "help", *words],
                       capture_output=True, check=True, timeout=10)
    return json.loads(p.stdout)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_command_and_each_of_its_options_is_in_the_manual(folder):
    """An option that several commands share may stand once, in their section."""
    page = read(MAN, folder, "gongctl.1")
    sections = page.split("\n.Ss ")
    told = help_json()
    for c in told["commands"]:
        said = [s for s in sections if re.search(r"^\.It Cm %s(?= |$)" % re.escape(c["command"]), s, re.M)]
        assert len(said) == 1, "gongctl.1 says nothing of " + c["command"]
        for o in c["options"]:
            assert re.search(r"Fl -%s\b" % re.escape(o["name"][2:]), said[0]), \
                "gongctl.1, %s: nothing of %s" % (c["command"], o["name"])
    for o in told["options"]:
        assert ".It Fl " + o["name"][1:] in page, o["name"]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name, source, pattern", [
    ("gong.conf.5", "daemon/settings/settings.c",
     r"\b(?:CFG|CONF)_(?:STR|INT|BOOL|FLOAT|SEC|WHOLE|DECIMAL|DURATION)(?:_LIST)?\(\"(\w+)\""),
    ("gong.conf.5", "daemon/settings/source.c",
     r"\b(?:CFG|CONF)_(?:STR|INT|BOOL|FLOAT|SEC|WHOLE|DECIMAL|DURATION)(?:_LIST)?\(\"(\w+)\""),
    ("gong-template.5", "daemon/settings/template_file.c",
     r"\b(?:CFG|CONF)_(?:STR|INT|BOOL|FLOAT|SEC|WHOLE|DECIMAL|DURATION)(?:_LIST)?\(\"(\w+)\""),
    ("gong-policy.5", "daemon/settings/policy_file.c",
     r"\b(?:CFG|CONF)_(?:STR|INT|BOOL|FLOAT|SEC|WHOLE|DECIMAL|DURATION)(?:_LIST)?\(\"(\w+)\""),
    ("gong-kinds.5", "daemon/settings/kind_file.c", r"\bCFG_(?:STR|SEC)(?:_LIST)?\(\"(\w+)\""),
    ("gong-modem.8", "drivers/modem/settings.c", r"\{ \"(\w+)\", SHAPE_"),
    ("gong-folder.8", "drivers/folder/main.c", r"json_object_get\(config, \"(\w+)\""),
    ("gong-mqtt.8", "drivers/mqtt/settings.c", r"(?:(?:TEXT|NUMBER)\(\"?|strcmp\(name, \")(?!name\b)(\w+)\b"),
    ("gong-feed.8", "drivers/feed/conf.c", r"\{ \"(\w+)\", (?:TEXT|POINTER|FLAG|DURATION|WHOLE|LIST|FIELDS)"),
    ("gong-sim.8", "drivers/sim/conf.c", r"\{ \"(\w+)\", OPTION_"),
    ("gong-http.8", "drivers/http/{profile,operation,approved,callback_rules}.c",
     r"(?:option_\w+|json_object_get)\((?:p->|op->)?config, \"(\w+)\""),
])
def test_each_option_of_a_file_or_driver_is_in_its_manual(folder, name, source, pattern):
    documented = set(re.findall(r"\w+", " ".join(re.findall(r"^\.It Cm (.*)", read(MAN, folder, name), re.M))))
    before, names, after = re.fullmatch(r"([^{]*)(?:\{(.*)\})?(.*)", source).groups()
    for one in (names or "").split(","):
        options = set(re.findall(pattern, read(before + one + after))) - {"callback_url"}    # gongd gives it
        assert options and not options - documented, (name, one, options - documented)


# Sections that several pages have, or that a reader is sent to.  Any other has a name of its own.
SECTIONS = {"NAME": "名称", "SYNOPSIS": "概要", "DESCRIPTION": "描述", "COMMANDS": "命令", "Lists": "名单",
            "Alerts": "告警", "Other systems": "外部系统", "The desk": "值班台", "Modems": "调制解调器",
            "ENVIRONMENT": "环境变量", "FILES": "文件", "EXIT STATUS": "退出状态", "EXAMPLES": "示例",
            "SEE ALSO": "参见", "SIGNALS": "信号", "SECURITY": "安全", "MAIN FILE": "主文件", "ROLES": "角色",
            "THE TEMPLATE": "模板", "PARAMETERS": "参数", "DERIVED VALUES": "算出的值", "ANSWERS": "应答",
            "TEXTS": "正文", "THE POLICY": "叫应规则", "STEPS": "步骤"}
NAMING = {"Fl", "Cm", "Ev", "Pa", "Dv", "Va"}


def bones(page):
    """What a page has in every language, in its order: its sections and, of each item, the names of options,
    commands, files and variables, and all numbers of its text."""
    for part in re.split(r"^\.(?=(?:Sh|Ss|It) )", page, flags=re.M)[1:]:
        line, _, body = part.partition("\n")
        kind, rest = line.split(" ", 1)
        if kind != "It":
            yield "%s %s" % (kind, SECTIONS.get(rest, rest if rest in SECTIONS.values() else "of its own"))
            continue
        macro, names = "", []
        for word in rest.split():
            if re.fullmatch(r"[A-Z][a-z]", word):
                macro = word
            elif macro in NAMING and not re.search("[\u4e00-\u9fff]", word) or macro == "Bq" and word[0].isdigit():
                names.append(word)
        yield "It %s: %s" % (" ".join(names), " ".join(sorted(re.findall(r"\d+(?:\.\d+)?", body))))


def test_pages_have_the_same_sections_options_and_numbers_in_both_languages():
    assert [p for p in PAGES if not os.path.dirname(p)] == [os.path.basename(p) for p in PAGES if os.path.dirname(p)]
    for page in [p for p in PAGES if not os.path.dirname(p)]:
        en, zh = read(MAN, page), read(MAN, "zh_CN", page)
        assert list(bones(en)) == list(bones(zh)), page
        for macro in ("Fl", "Xr"):
            said = [set(re.findall(r"\b%s (\S+)" % macro, text)) for text in (en, zh)]
            assert said[0] == said[1], (page, macro, said[0] ^ said[1])


@pytest.mark.parametrize("page", PAGES)
def test_manual_pages_are_clean(page):
    """mandoc knows the names of sections in English only."""
    p = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(MAN, page)], capture_output=True,
                       text=True, timeout=30)
    lines = [line for line in p.stdout.splitlines() if not os.path.dirname(page) or not re.search(
        r"first section is not \"NAME\"|description line outside NAME section", line)]
    assert not lines, "\n".join(lines)


def test_what_messages_and_pages_name_is_there_once_installed(installed):
    ours = r"(/usr/(?:s?bin/gong\w+|share/(?:doc/)?gong|libexec/gong|share/man|lib/systemd|lib/udev|lib/sysusers\.d)" \
           r"[\w./-]*|/etc/gong/(?:gong|roles)\.conf)"
    files = [f for folder in ("core", "files", "daemon", "drivers", "ctl", "config", "systemd", "debian", "docs")
             for f in glob.glob(os.path.join(ROOT, folder, "**/*"), recursive=True) if os.path.isfile(f)]
    named = {}
    for f in files + glob.glob(os.path.join(ROOT, "README*.md")):
        for path in re.findall(ours, read(f)):
            named.setdefault(path.rstrip("./"), os.path.relpath(f, ROOT))
    assert len(named) > 10
    missing = {path: f for path, f in named.items() if not os.path.exists(installed + path)}
    assert not missing, missing


def test_a_page_that_is_named_is_there():
    """gongd(8) in a message or document, .Xr gongd 8 in a page."""
    files = [f for folder in ("core", "files", "daemon", "drivers", "ctl", "config", "systemd", "docs")
             for f in glob.glob(os.path.join(ROOT, folder, "**/*"), recursive=True) if os.path.isfile(f)]
    for f in files + glob.glob(os.path.join(ROOT, "README*.md")):
        text = read(f)
        for name, section in re.findall(r"\b(gong[\w.-]*)\(([158])\)", text) + \
                re.findall(r"^\.Xr (gong\S*) ([158])", text, re.M):
            assert "%s.%s" % (name, section) in PAGES, (f, name, section)


def links(path):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", read(path), flags=re.S)
    return [unquote(m) for m in re.findall(r"\]\(([^()\s]+)\)", text)]


def anchors(path):
    """As a forge makes them from headings."""
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-")
            for h in re.findall(r"^#+ (.*)", read(path), re.M)}


def broken(root, pattern):
    for path in [p for g in pattern for p in glob.glob(os.path.join(root, g))]:
        for link in links(path):
            if re.match(r"\w+:", link):
                continue
            there, _, anchor = link.partition("#")
            target = os.path.join(os.path.dirname(path), there) if there else path
            if not os.path.exists(target) or (anchor and anchor not in anchors(target)):
                yield "%s: %s" % (os.path.relpath(path, root), link)


def test_links_lead_somewhere_here_and_once_installed(installed):
    places = ["README*.md", "docs/*.md", "docs/zh/*.md"]
    assert not list(broken(ROOT, places))
    assert not list(broken(os.path.join(installed, "usr/share/doc/gong"), places))


@pytest.mark.parametrize("page", PAGES)
def test_man_shows_each_page(installed, page):
    """As `man -L zh_CN gongctl` does on any system with UTF-8."""
    folder, name = os.path.split(page)
    p = subprocess.run(["man", "-L", folder or "C", *re.fullmatch(r"(.*)\.(\d)", name).group(2, 1)],
                       capture_output=True, text=True, timeout=30,
                       env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MANROFFOPT": "-ww",
                            "MANPATH": os.path.join(installed, "usr/share/man")})
    assert p.returncode == 0 and name.rpartition(".")[0] in p.stdout, p
    assert ("名称" if folder else "NAME") in p.stdout.splitlines(), p.stdout[:400]
    assert not re.sub(r"troff: .* can't break line\n?", "", p.stderr).strip(), p.stderr      # a long path


def commands(text):
    """gongctl's command lines in a document: in a line of code, or in a block of it, continued or not."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.M | re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    spans = re.findall(r"`(gongctl [^`]+)`", re.sub(r"^```\n.*?^```", "", text, flags=re.M | re.S))
    for line in [line.removeprefix("$ ") for line in lines] + spans:
        words = shlex.split(line, comments=True) if line.startswith("gongctl ") else []
        if words and words[1] not in ("demo", "import", "setup"):
            yield words[1:]


@pytest.mark.parametrize("page", ["README.md", "README.zh.md", "docs/duty-room.md", "docs/zh/duty-room.md"])
def test_every_printed_command_is_well_formed(page):
    """Without a gongd the wrong use of a command ends with 2, the right one with 3."""
    found = list(commands(read(page)))
    assert len(found) > 5
    for words in found:
        p = subprocess.run([os.path.join(ROOT, "build", MODE, "gongctl"), "--socket", "/nonexistent", *words],
                           capture_output=True, text=True, timeout=10)
        assert p.returncode == 3, (words, p.stderr)
