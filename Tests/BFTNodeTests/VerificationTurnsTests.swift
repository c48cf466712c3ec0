import BFTBase
import Testing

@testable import BFTNode

/// Whose message is checked next.
@Suite struct VerificationTurnsTests {
    private typealias Turns = VerificationTurns<Int>

    /// The turns of four peers, by reference, as expectations want them.
    private final class Subject {
        private var turns: Turns
        let limits: VerificationLimits

        init(_ change: (inout VerificationLimits) -> Void) {
            var limits = VerificationLimits(validatorCount: 4)
            change(&limits)
            self.limits = limits
            turns = Turns(validatorCount: 4, limits: limits)
        }

        var isEmpty: Bool { turns.isEmpty }
        var checkCount: Int { turns.checkCount }
        var nanoseconds: UInt64 { turns.nanoseconds }
        func append(_ item: Turns.Item) -> Bool { turns.append(item) }
        func next() -> Turns.Item? { turns.next() }
        func remove(_ peer: Int) { turns.remove(ValidatorIndex(peer)) }
        func removeAll() { turns.removeAll() }
    }

    private static func turns(
        _ change: (inout VerificationLimits) -> Void = { _ in }
    ) -> Subject { Subject(change) }

    private static func item(
        _ message: Int, from sender: Int, checks: Int = 1, bytes: Int = 100
    ) -> Turns.Item {
        .init(
            message: message, sender: ValidatorIndex(sender), checkCount: checks,
            cost: .microseconds(UInt64(checks)), byteCount: bytes)
    }

    @Test(
        "Whoever repeats a certificate for ever delays nobody else by more than a turn of its own")
    func repetition() throws {
        let turns = Self.turns()
        func flood() { while turns.append(Self.item(0, from: 0, checks: 67)) {} }
        for message in 1...50 {
            flood()
            #expect(turns.append(Self.item(message, from: 1)))
            var waited = 0
            while let item = turns.next(), item.message != message {
                waited += item.checkCount
                flood()
            }
            #expect(waited <= 67 + turns.limits.checksPerTurn, "\(message)")
        }
    }

    @Test("Peers have equal shares of the checks, however large their messages are")
    func shares() {
        let turns = Self.turns()
        let sizes = [1, 5, 67, 202]
        func fill() {
            for (peer, size) in sizes.enumerated() {
                while turns.append(Self.item(0, from: peer, checks: size)) {}
            }
        }
        var served = [0, 0, 0, 0]
        fill()
        for _ in 0..<20_000 {
            guard let item = turns.next() else { break }
            served[item.sender.rawValue] += item.checkCount
            fill()
        }
        let (least, most) = (served.min() ?? 0, served.max() ?? 0)
        #expect(least > 1_000 && most - least <= 202 + 2 * turns.limits.checksPerTurn, "\(served)")
    }

    @Test("What a peer sent is taken in its order, and everything in the end, once")
    func order() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<50 {
            let turns = Self.turns()
            var sent: [[Int]] = [[], [], [], []]
            var taken: [[Int]] = [[], [], [], []]
            for message in 0..<400 {
                let sender = Int(random.next() % 4)
                let checks = 1 + Int(random.next() % 40)
                if turns.append(Self.item(message, from: sender, checks: checks)) {
                    sent[sender].append(message)
                }
                if random.next() % 3 == 0, let item = turns.next() {
                    taken[item.sender.rawValue].append(item.message)
                }
            }
            while let item = turns.next() { taken[item.sender.rawValue].append(item.message) }
            #expect(taken == sent)
            #expect(turns.isEmpty && turns.checkCount == 0 && turns.nanoseconds == 0)
        }
    }

    @Test("So many checks of a peer wait, and one more is refused, to it alone")
    func checks() {
        let limit = VerificationLimits(validatorCount: 4).checksPerPeer
        let turns = Self.turns()
        #expect(turns.append(Self.item(0, from: 0, checks: limit - 1)))
        #expect(!turns.append(Self.item(1, from: 0, checks: 2)))
        #expect(turns.append(Self.item(2, from: 0)))
        #expect(!turns.append(Self.item(3, from: 0)))
        #expect(turns.append(Self.item(4, from: 1)))
        #expect(turns.checkCount == limit + 1)
        // An empty queue takes a message of any size: it could never pass.
        #expect(turns.append(Self.item(5, from: 2, checks: limit + 1)))
        #expect(!turns.append(Self.item(6, from: 2)))
        #expect(VerificationLimits(validatorCount: 100).checksPerPeer == 6_400)
    }

    @Test("So many bytes of a peer wait, and one more is refused, to it alone")
    func bytes() {
        let turns = Self.turns { $0.bytesPerPeer = 1_000 }
        #expect(turns.append(Self.item(0, from: 0, bytes: 999)))
        #expect(!turns.append(Self.item(1, from: 0, bytes: 2)))
        #expect(turns.append(Self.item(2, from: 0, bytes: 1)))
        #expect(!turns.append(Self.item(3, from: 0, bytes: 1)))
        #expect(turns.append(Self.item(4, from: 1, bytes: 1_001)))
        #expect(turns.next()?.message == 0)
        #expect(turns.append(Self.item(5, from: 0, bytes: 999)))
    }

    @Test("What waits of a peer that is kept away is dropped, and nothing else")
    func removal() {
        let turns = Self.turns()
        for message in 0..<8 { #expect(turns.append(Self.item(message, from: message % 4))) }
        turns.remove(2)
        turns.remove(2)
        turns.remove(9)
        #expect(turns.checkCount == 6 && turns.nanoseconds == 6_000)
        #expect(turns.append(Self.item(8, from: 2)))
        var taken: [Int] = []
        while let item = turns.next() { taken.append(item.message) }
        #expect(taken == [0, 4, 1, 5, 3, 7, 8])
        #expect(turns.append(Self.item(9, from: 0)))
        turns.removeAll()
        #expect(turns.isEmpty && turns.checkCount == 0 && turns.next() == nil)
    }
}
