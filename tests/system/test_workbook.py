"""Lists out of .xlsx files: written by openpyxl, read by gongctl, told of by gongd with the sheet's own rows."""
import datetime
import json
import os
import subprocess

import openpyxl
import pytest

from district import District
from harness import BUILD, World

VILLAGE, COUNTY = "990121001001", "990121"


@pytest.fixture(scope="module")
def world():
    with World(name="workbook") as w:
        w.start()
        w.load(District(1, 1))
        yield w


def book(world, rows, title="人员", merge=(), hide=(), more=()):
    b = openpyxl.Workbook()
    b.active.title = title
    for row in rows:
        b.active.append(row)
    for cells in merge:
        b.active.merge_cells(cells)
    for row in hide:
        b.active.row_dimensions[row].hidden = True
    for name, state in more:
        b.create_sheet(name).sheet_state = state
    path = world.path("list.xlsx")
    b.save(path)
    return path


def number(world, ref):
    return [r["e164"] for r in world.rows("SELECT n.e164 FROM number n JOIN contact c ON c.id=n.contact "
                                          "WHERE c.ref=? ORDER BY n.pos", ref)]


def test_people_are_read_as_the_sheet_shows_them(world):
    path = book(world, [["青石县通讯录", None, None, None, None, None], [],
                        [None, "编号", "姓名", "手机", "phone2", "role", "division"],
                        [None, 1001, "张 三", 123400010, "+999 1234 0002", "village_chief", int(VILLAGE)],
                        [None, None, None, None, None, "village_deputy", int(VILLAGE)],
                        [None, "c2", "李四\u00a0", 1.2340003e8, None, None, None]],
                merge=("A1:F1", "B4:B5", "C4:C5"), hide=(6,), more=(("旧表", "hidden"), ("说明", "visible")))
    said = world.ctl("import", "contacts", path, check=False, lang="en")
    assert said.returncode == 0, said.stderr
    assert said.stdout == "imported 3 rows of contacts\n2 added, 0 changed, 0 unchanged\n"
    assert said.stderr == ('gongctl: reading sheet "人员" of: 人员, 旧表 (hidden), 说明\n'
                           "gongctl: 1 hidden rows are read, too\n")
    assert number(world, "1001") == [999123400010, 99912340002] and number(world, "c2") == [999123400030]
    posts = world.rows("SELECT p.division FROM post p JOIN contact c ON c.id=p.contact WHERE c.ref='1001'")
    assert [p["division"] for p in posts] == [int(VILLAGE)] * 2


def test_faults_name_the_rows_of_the_sheet(world):
    path = book(world, [["通讯录;2026", None, None], [], ["id", "name", "phone"], ["c7", "王\n五", 12],
                        [], ["c8", "=A1&\"x\"", "99912340008/99912340009"], ["c9", "赵", 1234567890123456789]])
    said = world.ctl("--json", "import", "contacts", path, check=False)
    problem = json.loads(said.stderr)
    assert said.returncode == 1
    assert [(f["line"], f["column"], f["value"], f["code"]) for f in problem["faults"]] == [
        (4, "name", "王U+000A五", "csv_has_control"), (4, "phone", "12", "phone_short_code"),
        (6, "name", "#VALUE!", "csv_formula"), (6, "phone", "99912340008/99912340009", "phone_two"),
        (7, "phone", "1.234567890123457E+18", "phone_lost_digits")]
    assert not number(world, "c7")


def test_a_roster_has_days_and_hours(world):
    chief = world.rows("SELECT ref FROM contact ORDER BY id LIMIT 1")[0]["ref"]
    path = book(world, [["role", "division", "contact", "from", "to"],
                        ["duty_officer", COUNTY, chief, datetime.datetime(2026, 12, 1, 8), "2026-12-02 08:00"],
                        ["duty_officer", COUNTY, chief, datetime.datetime(2026, 12, 2, 8),
                         datetime.datetime(2026, 12, 3, 0)]], title="值班")
    assert world.ctl("import", "roster", path, "--sheet", "值班", lang="en").startswith("imported 2 rows of roster\n")
    spans = [(r["to_at"] - r["from_at"]) // 3600000 for r in world.rows("SELECT from_at, to_at FROM roster ORDER BY 1")]
    assert spans[-2:] == [24, 16]


def test_what_is_no_workbook_is_refused_with_the_remedy(world, tmp_path):
    old, csv = tmp_path / "list.xls", tmp_path / "list.csv"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    csv.write_text("id,name,phone\n")
    path = book(world, [["id"]], more=(("二", "visible"),))
    for args, words in ((["contacts", str(old)], "另存为 .xlsx"), (["contacts", str(csv), "--sheet", "x"], "只用于 .xlsx"),
                        (["contacts", path, "--sheet", "三"], "没有工作表「三」,只有:人员、二")):
        said = world.ctl("import", *args, check=False)
        assert said.returncode == 2 and words in said.stderr, said.stderr
    status, problem = world.api("POST", "/v1/import/contacts", open(path, "rb").read())
    assert status == 422 and "gongctl import" in problem["detail"]      # no zip in gongd


def test_a_workbook_comes_through_a_pipe_too(world):
    path = book(world, [["id", "name", "phone"], ["p1", "管", "+99912340077"]])
    with open(path, "rb") as f:
        subprocess.run([os.path.join(BUILD, "gongctl"), "--socket", world.socket, "import", "contacts", "-"],
                       stdin=f, check=True, timeout=30)
    assert number(world, "p1") == [99912340077]
