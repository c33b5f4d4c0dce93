"""usb-reset: the device behind a tty is switched off and on again, and nothing else is."""
import os
import pathlib
import signal
import subprocess
import time

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "drivers/modem/usb-reset"


def bus(root):
    """A hub with a modem 1-1.4 of two interfaces, and ttyUSB7 on the second."""
    modem = root / "devices/usb1/1-1/1-1.4"
    port = modem / "1-1.4:1.2/ttyUSB7"
    port.mkdir(parents=True)
    for device in (root / "devices/usb1", root / "devices/usb1/1-1", modem):
        (device / "idVendor").write_text("2c7c\n")
        (device / "authorized").write_text("1\n")
    (modem / "1-1.4:1.2/authorized").write_text("1\n")
    (root / "class/tty/ttyUSB7").mkdir(parents=True)
    (root / "class/tty/ttyUSB7/device").symlink_to(port)
    return modem


def start(root, tty):
    return subprocess.Popen([SCRIPT, tty], env={**os.environ, "GONG_SYSFS": str(root)},
                            stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_off(modem):
    end = time.monotonic() + 5
    while (modem / "authorized").read_text() != "0\n":
        assert time.monotonic() < end, "never switched off"
        time.sleep(0.01)


def states(root):
    return {str(f.relative_to(root)): f.read_text() for f in root.rglob("authorized")}


def test_it_is_off_for_a_while_and_on_again(tmp_path):
    modem = bus(tmp_path)
    child = start(tmp_path, "/dev/ttyUSB7")
    wait_off(modem)
    assert list(states(tmp_path).values()).count("0\n") == 1
    assert child.wait(timeout=10) == 0
    assert set(states(tmp_path).values()) == {"1\n"}


def test_ended_in_the_middle_it_leaves_the_modem_on(tmp_path):
    modem = bus(tmp_path)
    child = start(tmp_path, "/dev/ttyUSB7")
    wait_off(modem)
    os.killpg(child.pid, signal.SIGTERM)
    assert child.wait(timeout=10) != 0
    assert (modem / "authorized").read_text() == "1\n"


def test_what_is_not_on_usb_is_refused(tmp_path):
    bus(tmp_path)
    (tmp_path / "devices/serial").mkdir()
    (tmp_path / "class/tty/ttyS0").mkdir()
    (tmp_path / "class/tty/ttyS0/device").symlink_to(tmp_path / "devices/serial")
    for tty, says in (("/dev/ttyS0", "not on USB"), ("/dev/ttyUSB9", "tty")):
        child = start(tmp_path, tty)
        _, err = child.communicate(timeout=10)
        assert child.returncode == 1 and says in err, err
    assert set(states(tmp_path).values()) == {"1\n"}
