"""Computes what tests of BFTTransport pin, from Docs/transport.md alone.

Needs the package `cryptography`. Prints the SHA-256 of the three messages of a handshake, lengths
included, and the first frame of each side behind it (`HandshakeTests`); then, for each algorithm,
a frame behind two new keys (`SessionTests`).
"""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MASK = (1 << 64) - 1


def randomness(seed):
    """The 32 bytes that the tests take from SplitMix64."""
    state, out = seed, []
    for _ in range(32):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        out.append((mixed ^ (mixed >> 31)) & 255)
    return bytes(out)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def fingerprint(key):
    return sha256(b"swift-bft public key", b"\x01", raw(key))


def counted(data):
    return struct.pack("<I", len(data)) + data


class Conversation:
    def __init__(self, chain):
        self.chain = chain
        self.hash = sha256(b"swift-bft handshake 1")
        self.secret = b""

    def absorb(self, data):
        self.hash = sha256(self.hash, data)

    def mix(self, exchanged):
        self.secret = hmac.digest(self.hash, exchanged, "sha256")

    def seal(self, role, key, peer):
        statement = counted(b"swift-bft " + role + b" 1") + self.chain + self.hash
        statement += fingerprint(key) + (b"\x01" + fingerprint(peer) if peer else b"\x00")
        proof = fingerprint(key) + counted(key.sign(statement))
        info = b"swift-bft proof of " + role + self.hash
        sealing = hmac.digest(self.secret, info + b"\x01", "sha256")
        sealed = AESGCM(sealing).encrypt(bytes(12), proof, self.hash)
        self.absorb(sealed)
        return sealed


def expand(secret, info):
    return hmac.digest(secret, info + b"\x01", "sha256")


def frame(algorithm, secret, plaintext):
    """The first frame under the key of a secret."""
    key = expand(secret, b"swift-bft session key")
    return counted(algorithm(key).encrypt(bytes(12), plaintext, None))


def main():
    shares = [X25519PrivateKey.from_private_bytes(randomness(seed)) for seed in (100, 201)]
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number in (0, 1)]
    chain = struct.pack("<4Q", 1, 2, 3, 4)
    time = struct.pack("<Q", 1_800_000_000_000)
    conversation = Conversation(chain)
    first = b"sBFT\x01\x00\x01\x01" + chain + time + raw(shares[0])
    conversation.absorb(first)
    conversation.absorb(raw(shares[1]))
    conversation.mix(shares[0].exchange(shares[1].public_key()))
    second = raw(shares[1]) + conversation.seal(b"responder", keys[1], None)
    third = conversation.seal(b"initiator", keys[0], keys[1])
    print(sha256(counted(first), counted(second), counted(third)).hex())
    for role in (b"initiator", b"responder"):
        info = b"swift-bft traffic of " + role + conversation.hash
        print(frame(AESGCM, expand(conversation.secret, info), b"\x01").hex())
    for algorithm in (AESGCM, ChaCha20Poly1305):
        secret = randomness(1)
        for _ in range(2):
            secret = expand(secret, b"swift-bft session rekey")
        print(frame(algorithm, secret, b"\x10vote").hex())


if __name__ == "__main__":
    main()
