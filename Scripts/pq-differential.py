#!/usr/bin/env python3
"""Compares PostQuantum with two other implementations, in both directions, on random inputs.

Signs here and verifies there, signs there and verifies here; encapsulates and decapsulates both
ways; damages signatures, keys and ciphertexts and expects the same answer from everybody; and has
pycryptodome compute the digests that Tests/PostQuantumTests/AccumulatedTests.swift pins.

usage:
    make deps
    swift build -c release --package-path Benchmarks --product pqtool
    .venv/bin/python Scripts/pq-differential.py [--rounds N] [--seed N] [--set NAME]
"""
import argparse
import pathlib
import random
import subprocess
import sys

from Crypto.Hash import SHAKE128
from Crypto.PublicKey import MLDSA as OtherMLDSA
from Crypto.PublicKey import MLKEM as OtherMLKEM
from Crypto.Signature import mldsa as other_mldsa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa, mlkem

TOOL = pathlib.Path(__file__).parent.parent / "Benchmarks/.build/release/pqtool"
PRIVATE = {"65": mldsa.MLDSA65PrivateKey, "87": mldsa.MLDSA87PrivateKey}
PUBLIC = {"65": mldsa.MLDSA65PublicKey, "87": mldsa.MLDSA87PublicKey}
OTHER_SET = {"65": OtherMLDSA.ParamSet.ML_DSA_65, "87": OtherMLDSA.ParamSet.ML_DSA_87}
SHAPE = {"65": (48, 5, 55, 6), "87": (64, 7, 75, 8)}  # challenge, columns, omega, rows


class Tool:
    """The executable, asked one line at a time."""

    def __init__(self, arguments):
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", str(TOOL), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, *words):
        line = " ".join((w.hex() or "-") if isinstance(w, bytes) else w for w in words)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def ask_bytes(self, *words):
        return [bytes.fromhex(word) for word in self.ask(*words).split()]


class Tally:
    """What was compared, and whether everybody agreed."""

    def __init__(self):
        self.counts, self.failures = {}, 0

    def expect(self, name, holds, detail=""):
        self.counts[name] = self.counts.get(name, 0) + 1
        if not holds:
            self.failures += 1
            print(f"DIFFERS: {name} {detail}", file=sys.stderr)


def verifies(key, signature, message, context):
    try:
        key.verify(signature, message, context or None)
        return True
    except (InvalidSignature, ValueError):
        return False


def damaged(rng, signature, shape):
    """A signature that was altered somewhere, often where the encoding has rules."""
    challenge, columns, omega, rows = shape
    hints = challenge + 640 * columns
    data = bytearray(signature)
    kind = rng.randrange(9)
    if kind == 0:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[rng.randrange(hints, len(data))] = rng.randrange(256)
    elif kind == 2:
        data[hints + omega + rng.randrange(rows)] = rng.choice([0, omega, omega + 1, 255])
    elif kind == 3:
        at = rng.randrange(hints, hints + omega - 1)
        data[at], data[at + 1] = data[at + 1], data[at]
    elif kind == 4:
        del data[rng.randrange(len(data)):]
    elif kind == 5:
        data += rng.randbytes(rng.randrange(1, 4))
    elif kind == 6:
        # The largest and the smallest coefficient that the encoding has.
        at = challenge + 5 * rng.randrange(128 * columns)
        data[at:at + 5] = rng.choice([b"\0" * 5, b"\xff" * 5])
    elif kind == 7:
        data = bytearray(rng.randbytes(len(data)))
    else:
        at = hints + rng.randrange(omega)
        data[at] = data[at - 1] if at > hints else 0
    return bytes(data)


def compare_signatures(tool, rng, tally, name):
    seed, message = rng.randbytes(32), rng.randbytes(rng.choice([0, 1, 64, 65, 200, 1000]))
    context = rng.randbytes(rng.choice([0, 0, 1, 32, 255]))
    theirs = PRIVATE[name].from_seed_bytes(seed)
    public = theirs.public_key().public_bytes_raw()
    tally.expect("ML-DSA public keys", tool.ask_bytes("keygen", name, seed) == [public], name)

    other = OtherMLDSA.construct(param_set=OTHER_SET[name], seed=seed)
    tally.expect("ML-DSA public keys (pycryptodome)", other.pk == public, name)
    expected = other_mldsa.new(other, context=context, deterministic=True).sign(message)
    ours = tool.ask_bytes("sign", name, seed, message, context, "-")[0]
    tally.expect("ML-DSA deterministic signatures", ours == expected, name)

    hedged = tool.ask_bytes("sign", name, seed, message, context, rng.randbytes(32))[0]
    tally.expect("ML-DSA ours, verified there",
                 verifies(theirs.public_key(), hedged, message, context), name)
    signature = theirs.sign(message, context or None)
    tally.expect("ML-DSA theirs, verified here",
                 tool.ask("verify", name, public, signature, message, context) == "1", name)

    for _ in range(4):
        wrong = damaged(rng, signature, SHAPE[name])
        there = "1" if verifies(theirs.public_key(), wrong, message, context) else "0"
        for operation in ("verify", "batch"):
            here = tool.ask(operation, name, public, wrong, message, context)
            tally.expect(f"ML-DSA damaged signatures ({operation})", here == there, name)
    wrong_key = bytearray(public)
    wrong_key[rng.randrange(len(wrong_key))] ^= 1 << rng.randrange(8)
    key = PUBLIC[name].from_public_bytes(bytes(wrong_key))
    there = "1" if verifies(key, signature, message, context) else "0"
    here = tool.ask("verify", name, bytes(wrong_key), signature, message, context)
    tally.expect("ML-DSA damaged keys", here == there, name)
    tally.expect("ML-DSA contexts that are too long",
                 tool.ask("sign", name, seed, message, bytes(256), "-") == "error", name)


def compare_encapsulation(tool, rng, tally):
    seed, coins = rng.randbytes(64), rng.randbytes(32)
    theirs = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed)
    public = theirs.public_key().public_bytes_raw()
    tally.expect("ML-KEM public keys", tool.ask_bytes("kem-keygen", seed) == [public])

    ciphertext, secret = tool.ask_bytes("kem-encaps", public, coins)
    tally.expect("ML-KEM ours, decapsulated there", theirs.decapsulate(ciphertext) == secret)
    other = OtherMLKEM.construct(param_set=OtherMLKEM.ParamSet.ML_KEM_768, seed=seed)
    tally.expect("ML-KEM public keys (pycryptodome)", other.ek == public)
    expected_secret, expected = theirs.public_key().encapsulate()
    here = tool.ask_bytes("kem-decaps", seed, expected)
    tally.expect("ML-KEM theirs, decapsulated here", here == [expected_secret])

    wrong = bytearray(ciphertext)
    for _ in range(rng.choice([1, 1, 2, 50])):
        wrong[rng.randrange(len(wrong))] ^= 1 << rng.randrange(8)
    for garbage in (bytes(wrong), rng.randbytes(1088), bytes(1088), b"\xff" * 1088):
        here = tool.ask_bytes("kem-decaps", seed, garbage)
        tally.expect("ML-KEM implicit rejections", here == [theirs.decapsulate(garbage)])
    for length in (0, 1087, 1089):
        there = "accepted"
        try:
            theirs.decapsulate(bytes(length))
        except ValueError:
            there = "error"
        here = tool.ask("kem-decaps", seed, bytes(length))
        tally.expect("ML-KEM ciphertext lengths", here == there)

    wrong_key = bytearray(public)
    at = rng.randrange(0, 1151)
    wrong_key[at:at + 2] = rng.choice([b"\xff\xff", b"\x01\x0d", b"\x00\x0d", rng.randbytes(2)])
    there = True
    try:
        mlkem.MLKEM768PublicKey.from_public_bytes(bytes(wrong_key)).encapsulate()
    except ValueError:
        there = False
    here = tool.ask("kem-encaps", bytes(wrong_key), coins) != "error"
    tally.expect("ML-KEM damaged keys", here == there, f"{here} here, {there} there")


def accumulated_digests(rounds):
    """The digests of AccumulatedTests, by pycryptodome."""
    for name in ("65", "87"):
        source, output = SHAKE128.new(), SHAKE128.new()
        for _ in range(rounds):
            key = OtherMLDSA.construct(param_set=OTHER_SET[name], seed=source.read(32))
            output.update(key.pk)
            output.update(other_mldsa.new(key, deterministic=True).sign(b""))
        print(f"ML-DSA-{name} after {rounds}: {output.read(32).hex()}")
    source, output = SHAKE128.new(), SHAKE128.new()
    for _ in range(rounds):
        key = OtherMLKEM.construct(
            param_set=OtherMLKEM.ParamSet.ML_KEM_768, seed=source.read(64))
        # There is no public way to give the coins.
        secret_and_ciphertext = key._encaps(source.read(32))
        secret, ciphertext = sorted(secret_and_ciphertext, key=len)
        for part in (key.ek, ciphertext, secret, key._decaps(source.read(1088))):
            output.update(part)
    print(f"ML-KEM-768 after {rounds}: {output.read(32).hex()}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", default=None)
    parser.add_argument("--digests", type=int, default=0, metavar="ROUNDS",
                        help="print the accumulated digests instead")
    arguments = parser.parse_args()
    if arguments.digests:
        accumulated_digests(arguments.digests)
        return
    tool, tally = Tool([arguments.set] if arguments.set else []), Tally()
    rng = random.Random(arguments.seed)
    for _ in range(arguments.rounds):
        for name in ("65", "87"):
            compare_signatures(tool, rng, tally, name)
        compare_encapsulation(tool, rng, tally)
    for name, count in tally.counts.items():
        print(f"{count:8} {name}")
    print(f"{tally.failures} differences")
    sys.exit(1 if tally.failures else 0)


main()
