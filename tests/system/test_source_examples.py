"""The examples of docs/sources.md, in both languages, as somebody copies them: gongd --check takes each, and
what is wrong with a source is said in Chinese to who reads Chinese."""
import os
import re
import subprocess

import pytest

from harness import BUILD, ROOT, World, sim_route

PLAIN = '''rule "x" { then { template = notice.text severity = notice divisions = {990121}
 param "text" { text = headline otherwise = "x" max = 40 } } }
'''
PAGES = {name: open(os.path.join(ROOT, name), encoding="utf-8").read() for name in
         ("docs/sources.md", "docs/zh/sources.md")}


def blocks(page):
    return [b for b in re.findall(r"^```\n(.*?)^```", PAGES[page], re.M | re.S)]


def cases(begin):
    return [(page, n) for page in PAGES for n, b in enumerate(blocks(page)) if re.search(begin, b, re.M)]


def checked(world, section, lang="en"):
    world.routes = sim_route(world.path("books")) + section
    world.write_conf()
    p = subprocess.run([os.path.join(BUILD, "gongd"), "--config", world.conf, "--check", "--lang", lang],
                       capture_output=True, text=True, timeout=60)
    return [line for line in (p.stdout + p.stderr).splitlines() if re.match("error|错误", line)]


@pytest.fixture(scope="module")
def world():
    with World(name="examples") as w:
        with open(w.path("x.token"), "w", encoding="utf-8") as f:
            f.write("0123456789abcdef0123\n")
        yield w


@pytest.mark.parametrize("page, n", cases(r'^rule "'))
def test_every_rule_of_the_page_can_be_read(world, page, n):
    text = blocks(page)[n]
    json_read = re.search(r"^read\b", text, re.M)
    text = re.sub(r"^test .*$", "", text, flags=re.M)       # its sample is the reader's own
    with open(world.path("x.rules"), "w", encoding="utf-8") as f:
        f.write(text)
    assert checked(world, 'source "x" { format = %s rules = "x.rules" token_file = "x.token" by = {bearer} up_to = red }\n'
                   % ("json" if json_read else "alertmanager")) == []


@pytest.mark.parametrize("page, n", cases(r'^\s*fetch = "gong-(feed|folder|mqtt)"'))
def test_every_source_that_fetches_is_whole(world, page, n):
    text = re.sub(r"/var/spool/[a-z/]+", world.dir, blocks(page)[n]).replace("example.invalid", "qsx.test")
    text = re.sub(r'^\s*option "ca_file".*$', "", text, flags=re.M)
    for name in re.findall(r'file = "([a-z.]+)"', text):
        with open(world.path(name), "w", encoding="utf-8") as f:
            f.write("0123456789abcdef0123\n")
    with open(world.path("x.rules"), "w", encoding="utf-8") as f:
        f.write('read { }\n' if "format = json" in text else "")
        f.write(PLAIN)
    assert checked(world, re.sub(r'rules = "[a-z.-]+"', 'rules = "x.rules"', text)) == []


def test_a_file_that_is_not_there_is_said_in_chinese(world):
    with open(world.path("x.rules"), "w", encoding="utf-8") as f:
        f.write(PLAIN)

    def lacks(fetch, config):
        return checked(world, 'source "x" { format = cap rules = "x.rules" up_to = red fetch = "%s"\n'
                       ' config = \'%s\'\n option "ca_file" { value = "/nowhere/ca.pem" } }\n' % (fetch, config), "zh")
    for fetch, config in (("gong-mqtt", '{"broker":"mqtts://127.0.0.1","topics":["x"]}'),
                          ("gong-feed", '{"url":"https://feeds.qsx.test/a.atom"}')):
        said = lacks(fetch, config)
        assert any("/nowhere/ca.pem" in line and "没有此文件" in line for line in said), said
        assert not any("cannot" in line for line in said), said
