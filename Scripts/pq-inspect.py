#!/usr/bin/env python3
"""Counts divisions and conditional jumps in the compiled functions through which secrets flow.

Loops over public lengths need jumps; what must not be there is a division or a jump on a secret.
The list says where to look in the disassembly, and a division is reported as an error.

usage: swift build -c release --package-path Benchmarks --product pq-bench
       Scripts/pq-inspect.py [binary]
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
BINARY = sys.argv[1] if len(sys.argv) > 1 else ROOT / "Benchmarks/.build/release/pq-bench"
SECRET = re.compile(
    r"^(keccak_|dsa_|kem_|pq_)|PostQuantum.*(Portable|Keccak|Sponge|Encoding|Sampling|Signing"
    r"Material|MLKEMDecapsulation|MLKEMEncapsulation|areEqual|SecretBytes|ChallengeSampler)")


def main():
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", str(BINARY)],
        capture_output=True, text=True, check=True).stdout
    name, rows = None, {}
    for line in listing.splitlines():
        if start := re.match(r"([0-9a-f]+) <(.*)>:$", line):
            # One name may stand for the kernels of two instruction sets: the address tells.
            name = (start[2], start[1]) if SECRET.search(start[2]) else None
        elif name and (code := re.match(r"\s*[0-9a-f]+:\s+(\S+)", line)):
            row = rows.setdefault(name, [0, 0, 0])
            row[0] += 1
            row[1] += code[1].startswith("j") and code[1] != "jmp"
            row[2] += bool(re.match(r"i?div", code[1]))
    names = subprocess.run(
        ["swift", "demangle", "--compact", "--simplified", *(name for name, _ in rows)],
        capture_output=True, text=True, check=True).stdout.splitlines()
    print("instructions  jumps  divisions  function")
    for readable, (instructions, jumps, divisions) in zip(names, rows.values()):
        print(f"{instructions:12} {jumps:6} {divisions:10}  {readable[:110]}")
    sys.exit(1 if any(row[2] for row in rows.values()) else 0)


main()
