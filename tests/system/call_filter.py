#!/usr/bin/python3
"""call_filter.py ERRNO LIST -- PROGRAM … : runs it with a filter of system calls, as systemd does.

LIST is `unit` (the calls that systemd/gongd.service allows) or `all`, and then words: `-NAME` takes a
call away.  What is not allowed answers with ERRNO.
"""
import ctypes
import errno
import os
import platform
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = os.path.join(HERE, "../../systemd/gongd.service")
ALLOW, ERRNO, MOST = 0x7fff0000, 0x00050000, 4000
ARCH = {"x86_64": 0xc000003e, "aarch64": 0xc00000b7}
NEWER = {"landlock_create_ruleset": 444, "landlock_add_rule": 445, "landlock_restrict_self": 446}


def numbers():
    macros = subprocess.run(["gcc", "-E", "-dM", "-include", "sys/syscall.h", "-xc", "/dev/null"],
                            capture_output=True, text=True, check=True).stdout
    found = dict(re.findall(r"#define __NR_(\w+) (\d+)$", macros, re.M))
    return {**NEWER, **{name: int(number) for name, number in found.items()}}


def members(group):
    """The calls of a set of systemd's, with those of the sets in it."""
    out = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True, text=True,
                         check=True).stdout
    words = [w for line in out.splitlines()[1:] for w in line.split("#")[0].split()]
    return {c for w in words for c in (members(w) if w[0] == "@" else [w])}


def of_unit():
    """As systemd.exec(5) merges the lines: each adds, or with ~ takes away, in their order."""
    allowed = set(members("@default"))
    with open(UNIT, encoding="utf-8") as f:
        for words in re.findall(r"^SystemCallFilter=(.*)$", f.read(), re.M):
            calls = {c for w in words.lstrip("~").split()
                     for c in (members(w) if w[0] == "@" else [w])}
            allowed = allowed - calls if words[0] == "~" else allowed | calls
    return allowed


def instruction(code, yes, no, value):
    return struct.pack("HBBI", code, yes, no, value)


def install(calls, number):
    """no_new_privs, then: another architecture or a call that is not in the list: ERRNO."""
    ret, jeq, load = 0x06, 0x15, 0x20
    program = [instruction(load, 0, 0, 4), instruction(jeq, 1, 0, ARCH[platform.machine()]),
               instruction(ret, 0, 0, ERRNO | number), instruction(load, 0, 0, 0)]
    for call in sorted(calls):
        program += [instruction(jeq, 0, 1, call), instruction(ret, 0, 0, ALLOW)]
    program.append(instruction(ret, 0, 0, ERRNO | number))
    assert len(program) < MOST
    code = ctypes.create_string_buffer(b"".join(program))
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(fprog)), 0, 0) == 0, ctypes.get_errno()


def main():
    number, names = getattr(errno, sys.argv[1]), numbers()
    words = sys.argv[2:sys.argv.index("--")]
    allowed = of_unit() if words[0] == "unit" else set(names)
    allowed -= {w[1:] for w in words[1:]}
    install({names[n] for n in allowed if n in names}, number)
    program = sys.argv[sys.argv.index("--") + 1:]
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
