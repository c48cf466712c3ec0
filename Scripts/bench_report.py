"""What the benchmarks say about the machine, and how their tables get into a document."""
import os
import pathlib
import platform
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def machine(filesystem=False):
    model = platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    swift = subprocess.run(["swift", "--version"], capture_output=True, text=True).stdout
    swift = next((line for line in swift.splitlines() if "version" in line), "Swift")
    disk = ""
    if filesystem:
        done = subprocess.run(
            ["df", "--output=fstype", tempfile.gettempdir()], capture_output=True, text=True)
        disk = f"{done.stdout.split()[-1]} for the data, "
    return (
        f"{model}, {os.cpu_count()} processors, {pages / 2**30:.0f} GiB of memory, "
        f"{disk}{system}, Linux {platform.release()}, {swift.split('(')[0].strip()}")


def commit():
    done = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def begin(name):
    return f"<!-- {name}: begin -->"


def end(name):
    return f"<!-- {name}: end -->"


def write(path, text):
    """Puts `text`, which begins and ends with marks, in the place of the last, or at the end."""
    first, last = text.splitlines()[0], text.splitlines()[-1]
    old = path.read_text() if path.exists() else "# Benchmarks\n"
    place = re.compile(re.escape(first) + ".*?" + re.escape(last), re.DOTALL)
    if place.search(old):
        new = place.sub(lambda _: text, old, count=1)
    else:
        new = old.rstrip() + "\n\n" + text + "\n"
    path.write_text(new)
