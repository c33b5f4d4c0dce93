#!/usr/bin/python3
"""The floors of the architecture, proved at the linker: in no folder files call one another in a
circle, and no file calls what is above it (floors.tab).  Every finding names the symbol, the
caller and the callee.  `link.py OBJECTS [TREE]`: OBJECTS holds what TREE was compiled to
(build/release), so that the rules can be tried on another tree."""
import collections
import glob
import os
import re
import subprocess
import sys

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "floors.tab")


def floors():
    """Rows of floors.tab: (pattern of files, floor, what they see)."""
    rows = []
    for line in open(TABLE):
        words = line.split()
        if words and not line.startswith("#"):
            rows.append((re.compile(words[0]), int(words[1]), words[2:]))
    return rows


def row_of(rows, source):
    return next(r for r in rows if r[0].search(source))


def may_call(rows, caller, callee):
    _, own, sees = row_of(rows, caller)
    _, other, _ = row_of(rows, callee)
    if os.path.dirname(caller) == os.path.dirname(callee):
        return other <= own
    if "below" in sees and other < own:
        return True
    return any(callee.startswith(seen) for seen in sees if seen != "below")


def symbols(rows, objects, tree):
    """Of each source what it defines for others, and what it wants of them."""
    sources = [os.path.relpath(p, tree)
               for top in sorted(set(os.listdir(tree)) - {"tests", "build"})
               for p in glob.glob(os.path.join(tree, top, "**", "*.c"), recursive=True)]
    if not sources:
        sys.exit(f"link.py: there is no source in {tree}")
    for source in sources:
        if not any(r[0].search(source) for r in rows):
            sys.exit(f"link.py: {source} stands on no floor of tests/lint/floors.tab")
    paths = {os.path.join(objects, s[:-2] + ".o"): s for s in sorted(sources)}
    for path, source in paths.items():
        if not os.path.exists(path):
            sys.exit(f"link.py: {source} is not compiled; build first ({path} is missing)")
    defines, wants = collections.defaultdict(set), collections.defaultdict(set)
    out = subprocess.run(["nm", "-g", "-A", *paths], check=True, text=True, stdout=subprocess.PIPE)
    for line in out.stdout.splitlines():
        path, rest = line.split(":", 1)
        kind, name = rest.split()[-2:]
        (wants if kind in "Uwv" else defines)[paths[path]].add(name)
    return sorted(sources), defines, wants


def program_of(source):
    """Two programs may have functions of one name; what a symbol means hangs on the program."""
    parts = source.split("/")
    if parts[0] == "drivers" and parts[1] != "kit":
        return "/".join(parts[:2])
    return parts[0] if parts[0] in ("daemon", "ctl") else None      # None: in all of them


def calls(sources, defines, wants):
    """{(caller, callee): symbols}, program by program."""
    found = collections.defaultdict(set)
    for program in {program_of(s) for s in sources}:
        linked = [s for s in sources if program_of(s) in (program, None)]
        home = {name: s for s in linked for name in defines[s]}
        for caller in linked:
            for name in wants[caller] & home.keys():
                if home[name] != caller:
                    found[caller, home[name]].add(name)
    return found


def circles(nodes, after):
    """Sets of nodes that reach one another (Tarjan), each of more than one."""
    index, low, stack, out = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in after[v]:
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            at = stack.index(v)
            if len(stack) - at > 1:
                out.append(sorted(stack[at:]))
            del stack[at:]

    for v in nodes:
        if v not in index:
            visit(v)
    return out


def main():
    objects, tree = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "."
    rows = floors()
    sources, defines, wants = symbols(rows, objects, tree)
    edges = calls(sources, defines, wants)
    findings = []

    def say(edge, why):
        for name in sorted(edges[edge]):
            findings.append(f"{edge[0]}: calls {name} of {edge[1]}: {why}")

    for edge in sorted(edges):
        if not may_call(rows, *edge):
            say(edge, "floor {} may not call floor {}; see tests/lint/floors.tab".format(
                row_of(rows, edge[0])[1], row_of(rows, edge[1])[1]))
    for folder in sorted({os.path.dirname(s) for s in sources}):
        files = [s for s in sources if os.path.dirname(s) == folder]
        after = {s: [w for w in files if (s, w) in edges] for s in files}
        for circle in circles(files, after):
            names = " ".join(os.path.basename(s) for s in circle)
            for edge in sorted(edges):
                if edge[0] in circle and edge[1] in circle:
                    say(edge, f"a circle of {len(circle)} files: {names}")
    print("\n".join(findings), end="\n" if findings else "")
    sys.exit(bool(findings))


main()
