import BFTBase
import Testing

@Suite struct ValidatorSetTests {
    @Test(
        "A quorum is more than two thirds, a weak quorum more than one third",
        arguments: [
            ([1, 1, 1, 1], 2, false, true), ([1, 1, 1, 1], 3, true, true),
            ([1, 1, 1], 2, false, true), ([1, 1, 1], 1, false, false),
            ([1, 1, 1, 1, 1, 1], 4, false, true), ([1, 1, 1, 1, 1, 1], 5, true, true),
            ([5, 1, 1], 4, false, true), ([5, 1, 1], 5, true, true),
        ] as [([UInt64], UInt64, Bool, Bool)])
    func quorum(powers: [UInt64], power: UInt64, quorum: Bool, weak: Bool) throws {
        let validators = try ValidatorSet(powers)
        #expect(validators.isQuorum(power) == quorum)
        #expect(validators.isWeakQuorum(power) == weak)
    }

    @Test("Two quorums of any set share more than a third of the power")
    func intersection() throws {
        var random = SplitMix64(seed: 1)
        for _ in 0..<500 {
            let powers = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                UInt64.random(in: 1...9, using: &random)
            }
            let validators = try ValidatorSet(powers)
            let subsets = (0..<(1 << powers.count)).map { subset in
                powers.indices.filter { subset >> $0 & 1 == 1 }
            }
            func power(_ members: some Sequence<Int>) -> UInt64 {
                members.reduce(0) { $0 + powers[$1] }
            }
            let quorums = subsets.filter { validators.isQuorum(power($0)) }
            for first in quorums {
                for second in quorums {
                    let shared = power(Set(first).intersection(second))
                    #expect(3 * shared > validators.total)
                }
            }
        }
    }

    @Test("Lists that are no validator set are refused with the reason")
    func refusals() {
        #expect(throws: ValidatorSetError.empty) { try ValidatorSet([]) }
        #expect(throws: ValidatorSetError.powerless(ValidatorIndex(1))) {
            try ValidatorSet([1, 0])
        }
        #expect(throws: ValidatorSetError.totalTooLarge) { try ValidatorSet([.max / 3, 1]) }
        #expect(throws: ValidatorSetError.tooMany(limit: 4_096)) {
            try ValidatorSet(Array(repeating: 1, count: 4_097))
        }
    }
}
