#!/usr/bin/env python3
"""Proves the arithmetic of quorums in `ValidatorSet`, for any number of validators of any power.

Two quorums and the Byzantine validators cut the set of validators into eight regions, by who is in
which of the three. Only the power of each region matters, so eight integers stand for every set of
validators. Each claim is refuted by the solver's finding no counterexample.

usage: weights.py [--mutants]
"""
import sys

from z3 import (
    And, BitVec, BitVecVal, Int, Not, Solver, Sum, ULE, ZeroExt, sat, set_param, unsat)

set_param("timeout", 60_000)
REGIONS = [Int(f"region{index}") for index in range(8)]
FIRST, SECOND, BYZANTINE = 1, 2, 4


def power(*bits):
    """The power of the regions that lie within all of `bits`."""
    return Sum([region for index, region in enumerate(REGIONS)
                if all(index & bit for bit in bits)])


TOTAL = power()
HONEST_IN_BOTH = REGIONS[FIRST | SECOND]
HONEST = TOTAL - power(BYZANTINE)
ANY_SET = And(TOTAL > 0, *[region >= 0 for region in REGIONS])
FEW_BYZANTINE = 3 * power(BYZANTINE) < TOTAL


def is_quorum(p):
    return 3 * p > 2 * TOTAL


def is_weak_quorum(p):
    return 3 * p > TOTAL


def two_quorums(rule):
    return And(rule(power(FIRST)), rule(power(SECOND)))


# `ValidatorSet.init` refuses a power if the total would pass a third of the largest integer.
WORD, ADDED, SO_FAR = 64, BitVec("added", 64), BitVec("so_far", 64)
LIMIT = BitVecVal((2**WORD - 1) // 3, WORD)


def wide(word):
    return ZeroExt(8, word)


def fits(number):
    return ULE(number, BitVecVal(2**WORD - 1, WORD + 8))


ACCEPTED = And(ULE(SO_FAR, LIMIT), ULE(ADDED, LIMIT - SO_FAR))

# name, assumption, conclusion
CLAIMS = [
    ("two quorums share more than a third",
     And(ANY_SET, two_quorums(is_quorum)), 3 * power(FIRST, SECOND) > TOTAL),
    ("two quorums share an honest validator",
     And(ANY_SET, FEW_BYZANTINE, two_quorums(is_quorum)), HONEST_IN_BOTH > 0),
    ("a weak quorum has an honest validator",
     And(ANY_SET, FEW_BYZANTINE, is_weak_quorum(power(FIRST))),
     power(FIRST) > power(FIRST, BYZANTINE)),
    ("a quorum is a weak quorum, even without the Byzantine",
     And(ANY_SET, FEW_BYZANTINE, is_quorum(power(FIRST))),
     is_weak_quorum(power(FIRST) - power(FIRST, BYZANTINE))),
    ("the honest validators alone are a quorum", And(ANY_SET, FEW_BYZANTINE), is_quorum(HONEST)),
    ("the total stays within its limit, and the sum does not overflow",
     ACCEPTED, And(ULE(SO_FAR + ADDED, LIMIT), fits(wide(SO_FAR) + wide(ADDED)))),
    ("three times the total fits in 64 bits", ULE(SO_FAR, LIMIT), fits(3 * wide(SO_FAR))),
]

MUTANTS = [
    ("HalfIsQuorum", And(ANY_SET, FEW_BYZANTINE, two_quorums(lambda p: 2 * p >= TOTAL)),
     HONEST_IN_BOTH > 0),
    ("TwoThirdsRoundedDown",
     And(ANY_SET, FEW_BYZANTINE, two_quorums(lambda p: p >= 2 * TOTAL / 3)), HONEST_IN_BOTH > 0),
    ("TwiceTheFaultsAndOne",
     And(ANY_SET, FEW_BYZANTINE, two_quorums(lambda p: p >= 2 * ((TOTAL - 1) / 3) + 1)),
     HONEST_IN_BOTH > 0),
    ("PercentRoundedDown",
     And(ANY_SET, FEW_BYZANTINE, two_quorums(lambda p: 100 * p >= 66 * TOTAL)),
     HONEST_IN_BOTH > 0),
    ("ByzantineThird",
     And(ANY_SET, 3 * power(BYZANTINE) <= TOTAL), is_quorum(HONEST)),
    ("SeventyPercentIsQuorum", And(ANY_SET, FEW_BYZANTINE), 10 * HONEST >= 7 * TOTAL),
    ("TotalWithoutLimit", ULE(SO_FAR, BitVecVal(2**WORD - 1, WORD)), fits(3 * wide(SO_FAR))),
]


def counterexample(assumption, conclusion):
    """`None` if there is none, otherwise what the solver found. Raises if it does not know."""
    solver = Solver()
    solver.add(assumption, Not(conclusion))
    answer = solver.check()
    if answer == unsat:
        return None
    if answer != sat:
        raise SystemExit(f"weights.py: the solver does not know: {solver.reason_unknown()}")
    return solver.model()


def has_models(assumption):
    solver = Solver()
    solver.add(assumption)
    return solver.check() == sat


def main():
    failed = False
    for name, assumption, conclusion in MUTANTS if "--mutants" in sys.argv else CLAIMS:
        found = counterexample(assumption, conclusion)
        if "--mutants" in sys.argv:
            right, verdict = found is not None, "refuted" if found else "NOT REFUTED"
        else:
            right = found is None and has_models(assumption)
            verdict = "proved" if right else f"FAILED {found}"
        failed = failed or not right
        print(f"{verdict:10} {name}")
    sys.exit(1 if failed else 0)


main()
