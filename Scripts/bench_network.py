"""A network of four validators on this machine, for the benchmarks."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
VALIDATORS = 4
SIGNATURE_METRICS = (
    "bft_signing_cpu_seconds_total", "bft_verification_cpu_seconds_total")


def built(program):
    """`program`, or else the one of this tree, built."""
    if program is None:
        build = ["swift", "build", "-c", "release", "--product", "bft", "--package-path", str(ROOT)]
        subprocess.run(build, check=True, stdin=subprocess.DEVNULL)
        program = str(ROOT / ".build/release/bft")
    return program


def free_ports(count):
    """The first of `count` free ports in a row, below those that the system gives to clients."""
    start = 12_000 + os.getpid() * 37 % 15_000
    for first in range(start, start + 4_000, count):
        sockets = []
        try:
            for port in range(first, first + count):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
    sys.exit("no free ports")


class Cluster:
    """A `bft localnet` that ends with this object."""

    def __init__(self, program, protocol, scheme, directory):
        self.directory = directory
        ports = free_ports(3 * VALIDATORS)
        self.resp = [f"127.0.0.1:{ports + index}" for index in range(VALIDATORS)]
        self.http = [f"127.0.0.1:{ports + VALIDATORS + index}" for index in range(VALIDATORS)]
        self.process = subprocess.Popen(
            [program, "localnet", "--json", "--validators", str(VALIDATORS), "--directory",
             directory, "--protocol", protocol, "--scheme", scheme, "--log-level", "warning",
             "--resp-port", str(ports), "--http-port", str(ports + VALIDATORS),
             "--peer-port", str(ports + 2 * VALIDATORS)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr, text=True)
        self.pids = []
        try:
            self.wait_until_ready(f"{protocol} with {scheme}")
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self, name):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "started":
                self.pids.append(event["pid"])
            if event["event"] == "ready":
                return
        sys.exit(f"the network of {name} did not become ready")

    def counted(self):
        """Seconds of processor time since the start: all of it, and what signatures took."""
        total = {"process": 0.0, "signatures": 0.0}
        for address in self.http:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
                for line in answer.read().decode().splitlines():
                    name, _, value = line.partition(" ")
                    if name == "process_cpu_seconds_total":
                        total["process"] += float(value)
                    elif name in SIGNATURE_METRICS:
                        total["signatures"] += float(value)
        return total

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            # A second request ends the nodes at once.
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)


class running:
    """A cluster for as long as a block of code runs."""

    def __init__(self, program, protocol, scheme):
        self.directory = tempfile.mkdtemp(prefix="bft-bench-")
        self.cluster = None
        try:
            self.cluster = Cluster(program, protocol, scheme, self.directory)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self.cluster

    def __exit__(self, *_):
        if self.cluster is not None:
            self.cluster.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
