import BFTBase
import Testing

@testable import BFTTransport

/// Who is kept away for what, and for how long.
@Suite struct ExileTests {
    private static let start = Instant(nanoseconds: 5_000_000_000)
    private static let peer = ValidatorIndex(1)

    /// Notes an offence, and says for how many seconds it keeps the peer away; lets that pass.
    private static func serve(
        _ exiles: inout Exiles, _ offence: Offence = .forgery, at now: inout Instant
    ) -> UInt64? {
        guard let time = exiles.note(offence, of: peer, at: now) else { return nil }
        now = now.advanced(by: time)
        #expect(exiles.takeEnded(at: now) == [peer])
        return time.nanoseconds / 1_000_000_000
    }

    @Test("Each further offence keeps a validator away four times as long, up to a longest time")
    func growth() {
        var (exiles, now) = (Exiles(validatorCount: 3), Self.start)
        let times = (0..<6).map { _ in Self.serve(&exiles, at: &now) }
        #expect(times == [10, 40, 160, 640, 640, 640])
    }

    @Test("One offence is forgotten for each ten minutes without any, and not a moment earlier")
    func forgetting() {
        let clean = ExileLimits().cleanInterval
        let expected: [UInt64] = [640, 160, 40, 10, 10]
        for forgotten in 1..<expected.count {
            for isEarly in [false, true] {
                var (exiles, now) = (Exiles(validatorCount: 3), Self.start)
                for _ in 0..<4 { _ = Self.serve(&exiles, at: &now) }
                let wait = clean.scaled(by: UInt64(forgotten)).nanoseconds - (isEarly ? 1 : 0)
                now = now.advanced(by: Interval(nanoseconds: wait))
                let time = Self.serve(&exiles, at: &now)
                #expect(time == expected[forgotten - (isEarly ? 1 : 0)], "\(forgotten) \(isEarly)")
            }
        }
    }

    @Test("A validator comes back when its time is over, and what it did before costs no more")
    func end() {
        var exiles = Exiles(validatorCount: 3)
        #expect(exiles.nextEnd == nil && !exiles.isAway(Self.peer))
        #expect(exiles.note(.malformed, of: Self.peer, at: Self.start) == .seconds(10))
        #expect(exiles.note(.forgery, of: Self.peer, at: Self.start) == nil)
        let other = ValidatorIndex(2)
        let later = Self.start.advanced(by: .seconds(1))
        #expect(exiles.note(.flood, of: other, at: later) == .seconds(10))
        let end = Self.start.advanced(by: .seconds(10))
        #expect(exiles.nextEnd == end && exiles.isAway(Self.peer))
        #expect(exiles.takeEnded(at: Instant(nanoseconds: end.nanoseconds - 1)) == [])
        #expect(exiles.takeEnded(at: end) == [Self.peer])
        #expect(!exiles.isAway(Self.peer) && exiles.isAway(other))
        #expect(exiles.takeEnded(at: end.advanced(by: .seconds(9))) == [other])
        #expect(exiles.nextEnd == nil)
        #expect(exiles.note(.forgery, of: ValidatorIndex(3), at: end) == nil)
    }

    @Test("What somebody else may have written into a link costs the shortest time, however often")
    func garbage() {
        var (exiles, now) = (Exiles(validatorCount: 3), Self.start)
        let times = (0..<3).map { _ in Self.serve(&exiles, .garbage, at: &now) }
        #expect(times == [10, 10, 10])
        #expect(Self.serve(&exiles, .format, at: &now) == 10)
        #expect(Self.serve(&exiles, .garbage, at: &now) == 10)
        #expect(Self.serve(&exiles, .format, at: &now) == 40)
    }

    @Test(
        "Each way to break a link is an offence, silence is none, and each kind counts for itself")
    func kinds() {
        let violations: [(LinkViolation, Offence?)] = [
            (.silent(.seconds(1)), nil), (.floodOfBytes, .flood), (.floodOfFrames, .flood),
            (.malformedFrame(kind: 9), .format), (.strayFragment(.sync), .format),
            (.messageTooLarge(.sync, limit: 1, found: 2), .format),
            (.session(.rekeyOverdue), .format), (.session(.malformedRekey), .format),
            (.session(.forged), .garbage), (.session(.frameTooShort(byteCount: 1)), .garbage),
            (.session(.frameTooLong(limit: 1, found: 2)), .garbage), (.session(.ended), .garbage),
        ]
        for (violation, offence) in violations { #expect(Offence(violation) == offence) }
        var counts = OffenceCounts()
        for (position, offence) in Offence.allCases.enumerated() {
            counts[offence] += UInt64(position + 1)
        }
        #expect(Offence.allCases.map { counts[$0] } == [1, 2, 3, 4, 5])
    }
}
