@_spi(Verification) import BFTBase
import BFTCore
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// Large blocks are kept apart, small ones are not.
@Suite struct ProposalPaceTests {
    /// A network of one validator with a host that does at once what it is asked for.
    private struct Alone {
        var replica: Replica<Simplex>
        /// The payloads that were proposed, and when.
        var proposed: [(payload: [BatchReference], at: Instant)] = []
        var timer: Instant?
        private var sequence: UInt64 = 0

        init() throws {
            replica = try ReplicaTests.replica(of: 1)
        }

        mutating func give(_ first: ReplicaInput<Simplex>, at now: Instant) {
            var inputs = [first]
            while !inputs.isEmpty {
                var effects: [ReplicaEffect<Simplex>] = []
                replica.handle(
                    inputs.removeFirst(), at: now, wallTime: Timestamp(milliseconds: 1_000),
                    into: &effects)
                for effect in effects {
                    switch effect {
                    case .sign(let unsigned):
                        let message = unsigned.signed(by: ValidatorIndex(0), [1])
                        if case .proposal(let proposal) = message {
                            proposed.append((proposal.block.payload, now))
                        }
                        inputs.append(
                            .received(Verified(.consensus(message)), from: ValidatorIndex(0)))
                    case .store(let copy): inputs.append(.stored(copy.reference))
                    case .signBatch(let reference, _):
                        inputs.append(.batchSigned(reference, signature: [1]))
                    case .execute(let block):
                        inputs.append(.executed(block.block.height, stateRoot: .zero))
                    case .setTimer(let instant): timer = instant
                    default: break
                    }
                }
            }
        }

        /// A client's transactions come, of so many bytes.
        mutating func submit(_ byteCount: Int, at now: Instant) {
            sequence += 1
            give(.sealed(Fixture.batch(0, sequence, size: byteCount)), at: now)
        }
    }

    private static let limits = LedgerLimits()
    private static let large = limits.largeBlockBytes

    @Test("After a large block the next payload waits for its time, and is not forgotten then")
    func largeBlocks() throws {
        var alone = try Alone()
        let start = Fixture.at(1)
        alone.give(.started, at: start)
        alone.submit(Self.large, at: start)
        #expect(alone.proposed.map(\.payload.count) == [1])
        let soon = start.advanced(by: .milliseconds(1))
        alone.submit(10, at: soon)
        alone.submit(10, at: soon)
        #expect(alone.proposed.count == 1, "held back")
        let due = start.advanced(by: Self.limits.largeBlockInterval)
        #expect(alone.timer == due)
        alone.give(.timerFired, at: due)
        #expect(alone.proposed.map(\.payload.count) == [1, 2], "together, without another input")
        // What came last was small: nothing is held back any more.
        alone.submit(10, at: due)
        #expect(alone.proposed.count == 3)
    }

    @Test("Small payloads are proposed as they come")
    func smallBlocks() throws {
        var alone = try Alone()
        alone.give(.started, at: Fixture.at(1))
        for _ in 0..<20 { alone.submit(Self.large / 2, at: Fixture.at(1)) }
        #expect(alone.proposed.count == 20)
    }

    @Test("A block is large from its limit on, and holds back until its time and no longer")
    func edges() {
        let start = Fixture.at(1)
        var limits = LedgerLimits()
        (limits.largeBlockBytes, limits.busyBlockBytes) = (1_000, 100)
        limits.largeBlockInterval = .milliseconds(5)
        var pace = ProposalPace(limits, authorCount: 4)
        func note(_ byteCounts: [Int]) {
            let payload = byteCounts.enumerated().map {
                BatchReference(
                    author: ValidatorIndex($0.offset), sequence: BatchSequence(1), digest: .zero,
                    byteCount: $0.element)
            }
            pace.note(payload, at: start)
        }
        func holdsBack(at now: Instant) -> Bool {
            pace.holdsBack(at: now)
        }
        func takeDue(at now: Instant) -> Bool { pace.takeDue(at: now) }
        #expect(!holdsBack(at: start))
        for small in [[999], [50, 49], []] {
            note(small)
            #expect(!holdsBack(at: start))
            #expect(pace.due == nil)
        }
        note([50, 50])
        #expect(holdsBack(at: start), "several batches are many clients")
        note([999])
        #expect(!holdsBack(at: start), "a small one came since")
        note([1_000])
        #expect(holdsBack(at: start.advanced(by: .microseconds(4_999))))
        #expect(pace.due == start.advanced(by: .milliseconds(5)))
        #expect(!takeDue(at: start.advanced(by: .microseconds(4_999))))
        #expect(takeDue(at: start.advanced(by: .milliseconds(5))))
        #expect(!takeDue(at: start.advanced(by: .milliseconds(5))), "said once")
        #expect(!holdsBack(at: start.advanced(by: .milliseconds(5))))
    }

    @Test("A leader waits a little for those whose batches stood in the latest blocks")
    func gathering() {
        var pace = ProposalPace(Self.limits, authorCount: 4)
        func payload(_ authors: Int...) -> [BatchReference] {
            authors.map { Fixture.batch($0, 1).reference }
        }
        func gathers(_ payload: [BatchReference], at milliseconds: UInt64) -> Bool {
            pace.gathers(payload, at: Fixture.at(milliseconds))
        }
        // Nobody is known to have clients, and then one alone.
        #expect(!gathers(payload(0), at: 1))
        pace.note(payload(0), at: Fixture.at(1))
        #expect(
            !gathers(payload(0), at: 2) && !gathers([], at: 2))
        // Three have, and one is late.
        pace.note(payload(0, 1, 2), at: Fixture.at(3))
        #expect(gathers(payload(0), at: 4) && pace.due == Fixture.at(6))
        #expect(gathers(payload(0, 1), at: 5) && pace.due == Fixture.at(6))
        #expect(!gathers(payload(0, 1, 2), at: 5), "all are here")
        // The next wait has a time of its own, and what came in vain is not waited for again.
        #expect(gathers(payload(0, 2), at: 7) && pace.due == Fixture.at(9))
        let justBefore = Fixture.at(7).advanced(by: Interval(nanoseconds: 1_999_999))
        let stillGathers = pace.gathers(payload(0, 2), at: justBefore)
        #expect(stillGathers)
        #expect(!gathers(payload(0, 2), at: 9))
        #expect(!gathers(payload(0, 2), at: 10))
        #expect(gathers(payload(0), at: 10), "v2 is waited for")
        // Long ago, nobody is.
        #expect(!gathers(payload(0), at: 19))
    }

    @Test("What a leader gathered for in a view that was lost does not count after twice its time")
    func lostView() {
        for (later, isNew) in [(3, false), (4, true)] as [(UInt64, Bool)] {
            var pace = ProposalPace(Self.limits, authorCount: 4)
            let payload = [Fixture.batch(0, 1).reference]
            pace.note(payload + [Fixture.batch(1, 1).reference], at: Fixture.at(1))
            let isFirst = pace.gathers(payload, at: Fixture.at(2))
            #expect(isFirst && pace.due == Fixture.at(4))
            let isAgain = pace.gathers(payload, at: Fixture.at(2 + later))
            #expect(isAgain == isNew)
            if isNew { #expect(pace.due == Fixture.at(2 + later + 2)) }
        }
    }
}
