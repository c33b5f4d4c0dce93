"""The proof of the floors sees what it is there for: planted circles, and calls and includes that
go upwards, each in a tiny house of its own."""
import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LINT = os.path.join(ROOT, "tests", "lint")


def write(tree, files):
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)


def build(root, files):
    """Writes {path: C text} and compiles it, over what is there; returns (objects, tree)."""
    objects, tree = root / "objects", root / "tree"
    write(tree, files)
    for path in files:
        out = objects / (path[:-2] + ".o")
        out.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-std=gnu17", "-c", "-o", out, tree / path], check=True)
    return objects, tree


@pytest.fixture(scope="module")
def in_order(tmp_path_factory):
    """A house without sin, compiled once."""
    root = tmp_path_factory.mktemp("good")
    build(root, GOOD)
    return root


@pytest.fixture
def house(in_order, tmp_path):
    shutil.copytree(in_order, tmp_path, dirs_exist_ok=True)
    return tmp_path


def prove(program, *arguments):
    r = subprocess.run([os.path.join(LINT, program), *map(str, arguments)], text=True, timeout=60,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return r.returncode, r.stdout.splitlines()


def calls(*names):
    """A file that defines NAME and calls the others."""
    own, *others = names
    return "".join(f"int {n}(void);\n" for n in names) + \
        f"int {own}(void) {{ return 1" + "".join(f" + {n}()" for n in others) + "; }\n"


GOOD = {
    "core/a.c": calls("a", "b"),
    "core/b.c": calls("b"),
    "daemon/store/s.c": calls("s", "a"),
    "daemon/engine/e.c": calls("e", "s", "f"),
    "daemon/engine/f.c": calls("f", "s"),
    "daemon/loop.c": calls("loop", "e"),
    "daemon/main.c": calls("main", "loop"),
    "ctl/ctl.c": calls("main", "b"),
    "drivers/kit/kit.c": calls("kit", "a"),
    "drivers/one/d.c": calls("main", "kit", "own"),
    "drivers/one/own.c": calls("own"),
    "drivers/two/d.c": calls("main", "kit", "own"),     # the same names, another program
    "drivers/two/own.c": calls("own"),
}

SINS = {        # name: (what is changed, what must be found, line for line)
    "two files that call each other": (
        {"daemon/engine/f.c": calls("f", "e")},
        ["daemon/engine/e.c: calls f of daemon/engine/f.c: a circle of 2 files: e.c f.c",
         "daemon/engine/f.c: calls e of daemon/engine/e.c: a circle of 2 files: e.c f.c"]),
    "a circle of three": (
        {"core/b.c": calls("b", "c"), "core/c.c": calls("c", "a")},
        ["core/a.c: calls b of core/b.c: a circle of 3 files: a.c b.c c.c",
         "core/b.c: calls c of core/c.c: a circle of 3 files: a.c b.c c.c",
         "core/c.c: calls a of core/a.c: a circle of 3 files: a.c b.c c.c"]),
    "a table on the way back is a call, too": (
        {"drivers/one/own.c": "int main(void);\nint (*const own)(void) = main;\n",
         "drivers/one/d.c": "extern int (*const own)(void);\nint main(void) { return own(); }\n"},
        ["drivers/one/d.c: calls own of drivers/one/own.c: a circle of 2 files: d.c own.c",
         "drivers/one/own.c: calls main of drivers/one/d.c: a circle of 2 files: d.c own.c"]),
    "the store calls the engine": (
        {"daemon/store/s.c": calls("s", "f"), "daemon/engine/f.c": calls("f")},
        ["daemon/store/s.c: calls f of daemon/engine/f.c: floor 2 may not call floor 3; "
         "see tests/lint/floors.tab"]),
    "neighbours on one floor": (
        {"daemon/intake/i.c": calls("i", "e")},
        ["daemon/intake/i.c: calls e of daemon/engine/e.c: floor 3 may not call floor 3; "
         "see tests/lint/floors.tab"]),
    "core calls the daemon": (
        {"core/b.c": calls("b", "e2"), "daemon/engine/f.c": calls("e2") + calls("f")},
        ["core/b.c: calls e2 of daemon/engine/f.c: floor 0 may not call floor 3; "
         "see tests/lint/floors.tab"]),
    "children/ knows the settings": (
        {"daemon/children/c.c": calls("c", "set"), "daemon/settings/set.c": calls("set")},
        ["daemon/children/c.c: calls set of daemon/settings/set.c: floor 2 may not call floor 1; "
         "see tests/lint/floors.tab"]),
    "the kit knows a driver": (
        {"drivers/kit/kit.c": calls("kit", "own")},
        ["drivers/kit/kit.c: calls own of drivers/one/own.c: floor 10 may not call floor 11; "
         "see tests/lint/floors.tab",
         "drivers/kit/kit.c: calls own of drivers/two/own.c: floor 10 may not call floor 11; "
         "see tests/lint/floors.tab"]),
}


def test_a_house_in_order_is_found_in_order(house):
    assert prove("link.py", house / "objects", house / "tree") == (0, [])
    assert prove("floors.sh", house / "tree") == (0, [])


@pytest.mark.parametrize("sin", SINS, ids=list(SINS))
def test_the_linker_sees(house, sin):
    changed, found = SINS[sin]
    status, lines = prove("link.py", *build(house, changed))
    assert (status, lines) == (1, found)


def test_what_is_not_compiled_is_not_in_order(house):
    objects, tree = house / "objects", house / "tree"
    (objects / "core" / "b.o").unlink()
    status, lines = prove("link.py", objects, tree)
    assert status == 1 and "core/b.c is not compiled" in lines[0]
    status, lines = prove("link.py", objects, tree / "core")
    assert status == 1 and "there is no source" in lines[0]
    write(tree, {"cellar/c.c": "int c;\n"})
    status, lines = prove("link.py", objects, tree)
    assert status == 1 and "cellar/c.c stands on no floor" in lines[0]


INCLUDES = {    # file: (what it includes, what is found of it)
    "core/a.c": ("daemon/store/s.h", "floor 0 may not name it"),
    "daemon/store/s.c": ("daemon/engine/e.h", "floor 2 may not name it"),
    "daemon/contract/x.c": ("daemon/settings/settings.h", "floor 1 may not name it"),
    "daemon/contract/contract.c": ("daemon/settings/settings.h", None),
    "daemon/engine/e.c": ("drivers/kit/lines.h", "floor 3 may not name it"),
    "daemon/routes/r.c": ("drivers/kit/lines.h", "floor 3 may not name it"),
    "daemon/children/c.c": ("daemon/settings/settings.h", "floor 2 may not name it"),
    "daemon/loop.c": ("daemon/main.c", "it is a floor above"),
    "drivers/one/d.c": ("drivers/two/own.h", "floor 11 may not name it"),
    "drivers/kit/kit.c": ("drivers/one/own.h", "floor 10 may not name it"),
    "ctl/ctl.c": ("drivers/kit/kit.h", "floor 11 may not name it"),
    "daemon/web/w.c": ("daemon/engine/e.h", None),
    "daemon/web/x.c": ("drivers/kit/kit.h", "floor 4 may not name it"),
}


def test_includes_are_seen(tmp_path):
    write(tmp_path, {path: f'\n#include "{it}"\n' for path, (it, _) in INCLUDES.items()})
    want = [f"{path}:2: includes {it}: {found}" for path, (it, found) in INCLUDES.items() if found]
    status, lines = prove("floors.sh", tmp_path)
    assert status == 1
    assert sorted(line.replace("; see tests/lint/floors.tab", "") for line in lines) == sorted(want)
