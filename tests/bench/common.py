"""What the parts of `make bench` share: people, a broadcast, and where
its figures are read."""
import json
import os
import re
import subprocess
import time

from harness import BUILD, TOKEN

MILLION = int(os.environ.get("BENCH_MILLION", "1000000"))
CLOCK = os.sysconf("SC_CLK_TCK")
CLIENTS = 64                     # connections of the load program


def memory(pid, field):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return int(re.search(field + r":\s+(\d+) kB", f.read()).group(1)) / 1024


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK


def run_load(port, seconds, rate, contacts, *more):
    """Alerts to one person each; `sendsms`: to Kannel.  What the load program counted."""
    token = "bench" if "sendsms" in more else TOKEN
    out = subprocess.run([os.path.join(BUILD, "bench/load"), str(port), token, str(CLIENTS),
                          str(seconds), str(rate), str(contacts), "c", *more],
                         capture_output=True, text=True, timeout=seconds * 4 + 60, check=False)
    assert out.returncode == 0, out.stdout + out.stderr
    return json.loads(out.stdout)


def metric(world, name):
    status, text = world.api("GET", "/metrics")
    assert status == 200
    return float(re.search(r"^gong_%s (\S+)" % name, text, re.M).group(1))


def load_people(world, count, role, prefix="c", first=0):
    world.api("POST", "/v1/import/divisions",
              "code,name,level,parent\n990121,青石县,county,9901\n990121001,甲镇,township,990121\n"
              "990121001001,甲村,village,990121001\n".encode())
    rows = ["id,name,phone,role,division,role_order,lang,voice,sms,active"]
    rows += ["%s%d,户%d,+9992%09d,%s,990121001001,1,zh,yes,yes,yes" % (prefix, i, i, first + i, role)
             for i in range(count)]
    begin = time.monotonic()
    status, answer = world.api("POST", "/v1/import/contacts", "\n".join(rows).encode())
    assert status == 200, answer
    return time.monotonic() - begin


def broadcast(world, key):
    return world.send(key=key, template="notice.text", severity="yellow",
                      params={"text": "库区水位上涨,请注意"},
                      audience={"divisions": ["990121"], "roles": ["household"]})
