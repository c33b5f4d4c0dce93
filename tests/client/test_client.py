"""A client generated from docs/openapi.yaml by generators of others' (openapi-typescript, openapi-fetch)
sends an alert to a real gongd.  Needs node, npm and a package registry: part of make check-long."""
import json
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from district import District  # noqa: E402
from harness import BUILD, ROOT, TOKEN, World, read_books, sim_route, wait_for  # noqa: E402

FILE = os.path.join(ROOT, "docs/openapi.yaml")
MODULES = os.path.join(BUILD, "client")


def run(*argv, check=True):
    p = subprocess.run(argv, cwd=MODULES, capture_output=True, text=True, timeout=300)
    assert p.returncode == 0 or not check, "%s: %s%s" % (" ".join(argv), p.stdout, p.stderr)
    return p.stdout


def tool(name, *argv):
    return run(os.path.join("node_modules", ".bin", name), *argv)


@pytest.fixture(scope="module")
def modules():
    """The generators, as the lock pins them, in the build's own folder."""
    os.makedirs(MODULES, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "tsconfig.json", "send.ts", "lint.mjs"):
        shutil.copy(os.path.join(HERE, name), MODULES)
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")


def test_the_lock_names_every_package_by_its_hash_and_no_registry():
    with open(os.path.join(HERE, "package-lock.json"), encoding="utf-8") as f:
        packages = json.load(f)["packages"]
    assert len(packages) > 3
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_the_file_is_as_openapi_wants_it(modules):
    run("node", "lint.mjs", FILE)


def test_a_generated_client_sends_an_alert_and_reads_it_back(modules):
    tool("openapi-typescript", FILE, "-o", "gong.ts")
    tool("tsc")
    with World(name="client") as world:
        world.routes = sim_route(world.path("books"))
        world.write_conf()
        world.start()
        wait_for("the route", world.all_up)
        world.load(District(2, 3))
        saw = json.loads(run("node", "out/send.js", "http://127.0.0.1:%d" % world.port, TOKEN))
        assert saw["plan"]["steps"][0]["waves"][0]["people"] == 3 and saw["before"] == 0, saw
        assert saw["accepted"]["repeat"] is False and saw["again"]["repeat"] is True
        assert saw["accepted"]["id"] == saw["again"]["id"] == saw["alert"]["id"] == 1
        assert saw["listed"] == [1] and saw["alert"]["client"] == "tester"
        assert len(saw["messages"]) == 3 == len(read_books(world.path("books")))
        assert {m["contact"] for m in saw["messages"]} == {
            "village_chief-990121001%03d-1" % v for v in (1, 2, 3)}
        assert saw["problem"]["field"] == "/template" and "no.such" in saw["problem"]["detail"]
