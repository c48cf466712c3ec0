#!/usr/bin/env python3
"""Writes Sources/CPostQuantumKernels/tables.h: twiddle factors as the vector kernels load them.

usage: Scripts/pq-tables.py > Sources/CPostQuantumKernels/tables.h
"""

DSA_Q, DSA_ROOT = 8380417, 1753
KEM_Q, KEM_ROOT = 3329, 17


def centred(value, q):
    value %= q
    return value - q if value > q // 2 else value


def reversed_bits(value, bits):
    return int(format(value, f"0{bits}b")[::-1], 2)


def zetas(q, root, bits, word):
    """Powers of the root by bit-reversed exponent in Montgomery form."""
    return [
        centred(pow(root, reversed_bits(i, bits), q) << word, q) for i in range(1 << bits)
    ]


def companion(values, q, word):
    """Each value times the inverse of q modulo 2^word, as a signed word."""
    inverse = pow(q, -1, 1 << word)
    half = 1 << (word - 1)
    return [(v * inverse + half) % (1 << word) - half for v in values]


def lane_indices(lanes, backward):
    """Which zetas the layers inside a block of lanes^2 coefficients use, vector by vector.

    After transposing, lane g of block b works on coefficients lanes * (lanes * b + g) onwards.
    A layer of n groups has the zetas n..<2n; the inverse transform runs through them in reverse.
    """
    order = []
    for block in range(256 // lanes**2):
        groups = 1
        while groups < lanes:
            n = 256 // lanes * groups
            for half in range(groups):
                for g in range(lanes):
                    group = groups * (lanes * block + g) + half
                    order.append(2 * n - 1 - group if backward else n + group)
            groups *= 2
    return order


def emit(name, kind, values):
    print(f"static const {kind} {name}[{len(values)}] __attribute__((aligned(64))) = {{")
    line = "   "
    for value in values:
        word = f" {value},"
        if len(line) + len(word) > 98:
            print(line)
            line = "   "
        line += word
    print(line)
    print("};")


def main():
    print("// Twiddle factors. Written by Scripts/pq-tables.py; not to be edited.")
    print("#include <stdint.h>")
    print("#pragma clang diagnostic push")
    print('#pragma clang diagnostic ignored "-Wunused-const-variable"')
    dsa = zetas(DSA_Q, DSA_ROOT, 8, 32)
    quotients = companion(dsa, DSA_Q, 32)
    emit("dsa_zetas", "int32_t", dsa)
    emit("dsa_zetas_q", "int32_t", quotients)
    for lanes in (8, 16):
        for direction in ("forward", "backward"):
            order = lane_indices(lanes, direction == "backward")
            name = f"dsa_{direction}_lanes{lanes}"
            emit(name, "int32_t", [dsa[i] for i in order])
            emit(f"{name}_q", "int32_t", [quotients[i] for i in order])
    kem = zetas(KEM_Q, KEM_ROOT, 7, 16)
    emit("kem_zetas", "int16_t", kem)
    # The factor of each pair of coefficients in a product of the transformed domain.
    pairs = [sign * zeta for zeta in kem[64:] for sign in (1, -1)]
    emit("kem_pair_zetas", "int32_t", pairs)
    print("#pragma clang diagnostic pop")


main()
