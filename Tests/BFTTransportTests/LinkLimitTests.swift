import BFTBase
import BFTCrypto
import Testing

@testable import BFTTransport

/// Each bound of `LinkLimits` at its edge, and one beyond.
@Suite struct LinkLimitTests {
    /// The usual limits, but for those of one lane.
    private static func limits(
        _ lane: Lane, _ change: (inout LaneLimits) -> Void
    ) -> LinkLimits {
        var limits = LinkLimits()
        switch lane {
        case .consensus: change(&limits.consensus)
        case .batches: change(&limits.batches)
        case .sync: change(&limits.sync)
        }
        return limits
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    }

    @Test("A message of its lane's largest size goes through, and one byte more through no end")
    func messageByteCount() throws {
        for lane in Lane.allCases {
            for limit in [0, 1_000, PeerLink.fragmentByteCount, 200_000] {
                let limits = Self.limits(lane) { $0.messageByteCount = limit }
                var receiver = link(.responder, limits)
                var sender = link(.initiator, limits)
                #expect(sender.enqueue(lane, kind: 1, Self.bytes(limit)) == .queued)
                #expect(
                    sender.enqueue(lane, kind: 1, Self.bytes(limit + 1))
                        == .refused(.tooLarge(limit: limit)))
                var wire = ByteQueue()
                sender.drain(into: &wire, upTo: .max)
                #expect(
                    try receiver.arrivals(&wire)
                        == [Arrival(lane: lane, kind: 1, payload: Self.bytes(limit))])
                var lax = link(.initiator)
                receiver = link(.responder, limits)
                #expect(lax.enqueue(lane, kind: 1, Self.bytes(limit + 1)) == .queued)
                lax.drain(into: &wire, upTo: .max)
                #expect(
                    throws: LinkViolation.messageTooLarge(lane, limit: limit, found: limit + 1)
                ) {
                    try receiver.arrivals(&wire)
                }
            }
        }
    }

    @Test("So many messages wait in a lane, and one more displaces the oldest or is refused")
    func messageCount() {
        for lane in Lane.allCases {
            for overflow in [LaneOverflow.dropOldest, .refuseNewest] {
                let limits = Self.limits(lane) { ($0.messageCount, $0.overflow) = (3, overflow) }
                var sender = link(.initiator, limits)
                for kind in 1...3 as ClosedRange<UInt8> {
                    #expect(sender.enqueue(lane, kind: kind, [0]) == .queued)
                }
                #expect(
                    sender.enqueue(lane, kind: 4, [0])
                        == (overflow == .dropOldest
                            ? .displaced(kinds: [1]) : .refused(.laneFull)))
                #expect((sender.waitingMessageCount(in: lane) as Int) == 3)
            }
        }
    }

    @Test("So many bytes wait in a lane, and one more displaces the oldest or is refused")
    func byteCount() {
        for lane in Lane.allCases {
            for overflow in [LaneOverflow.dropOldest, .refuseNewest] {
                let limits = Self.limits(lane) {
                    ($0.byteCount, $0.messageByteCount, $0.overflow) = (300, 300, overflow)
                }
                var sender = link(.initiator, limits)
                #expect(sender.enqueue(lane, kind: 1, Self.bytes(100)) == .queued)
                #expect(sender.enqueue(lane, kind: 2, Self.bytes(200)) == .queued)
                #expect((sender.waitingByteCount(in: lane) as Int) == 300)
                #expect(
                    sender.enqueue(lane, kind: 3, [0])
                        == (overflow == .dropOldest
                            ? .displaced(kinds: [1]) : .refused(.laneFull)))
            }
        }
        // What the lane could never hold is refused.
        let limits = Self.limits(.batches) {
            ($0.byteCount, $0.messageByteCount, $0.overflow) = (300, 400, .dropOldest)
        }
        var sender = link(.initiator, limits)
        #expect(sender.enqueue(.batches, kind: 1, Self.bytes(301)) == .refused(.laneFull))
    }

    @Test("A lane that is full takes as much as has left it")
    func roomAgain() {
        let limits = Self.limits(.sync) { ($0.messageCount, $0.overflow) = (2, .refuseNewest) }
        var sender = link(.initiator, limits)
        for kind in 1...2 as ClosedRange<UInt8> {
            #expect(sender.enqueue(.sync, kind: kind, [0]) == .queued)
        }
        #expect(sender.enqueue(.sync, kind: 3, [0]) == .refused(.laneFull))
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: 1)
        #expect(sender.enqueue(.sync, kind: 3, [0]) == .queued)
        #expect(sender.enqueue(.sync, kind: 4, [0]) == .refused(.laneFull))
    }

    @Test("A key serves as long as its interval, and not a moment longer")
    func rekeyInterval() throws {
        var limits = LinkLimits()
        limits.rekeyInterval = .seconds(5)
        (limits.pingInterval, limits.silenceLimit) = (.seconds(60), .seconds(60))
        var one = link(.initiator, limits)
        try one.tick(at: Instant(nanoseconds: seconds(5).nanoseconds - 1))
        #expect(!one.hasPending as Bool)
        try one.tick(at: seconds(5))
        #expect(one.hasPending as Bool)
        var wire = ByteQueue()
        one.drain(into: &wire, upTo: .max)
        #expect(one.replacedKeys.own == 1)
        try one.tick(at: Instant(nanoseconds: seconds(10).nanoseconds - 1))
        one.drain(into: &wire, upTo: .max)
        #expect(one.replacedKeys.own == 1)
    }

    @Test("A peer is asked for a sign of life after its interval, and cut when silence is too long")
    func silence() throws {
        var limits = LinkLimits()
        (limits.pingInterval, limits.silenceLimit) = (.seconds(2), .seconds(7))
        var one = link(.initiator, limits)
        try one.tick(at: Instant(nanoseconds: seconds(2).nanoseconds - 1))
        #expect(!one.hasPending as Bool)
        try one.tick(at: seconds(2))
        #expect(one.hasPending as Bool)
        try one.tick(at: Instant(nanoseconds: seconds(7).nanoseconds - 1))
        #expect(throws: LinkViolation.silent(.seconds(7))) { try one.tick(at: seconds(7)) }
    }

    @Test("A peer may send its burst of bytes and of frames, and nothing beyond")
    func received() throws {
        let frameByteCount = UInt64(Session.overhead + 3)
        for excess in [0, 1] as [UInt64] {
            var limits = LinkLimits()
            limits.receivedBytes = RateLimit(perSecond: 1, burst: 10 * frameByteCount - excess)
            #expect(Self.violation(limits, frames: 10) == (excess == 0 ? nil : .floodOfBytes))
            limits = LinkLimits()
            limits.receivedFrames = RateLimit(perSecond: 1, burst: 10 - excess)
            #expect(Self.violation(limits, frames: 10) == (excess == 0 ? nil : .floodOfFrames))
        }
    }

    private static func violation(_ limits: LinkLimits, frames: Int) -> LinkViolation? {
        var sender = link(.initiator)
        var receiver = link(.responder, limits)
        var wire = ByteQueue()
        for _ in 0..<frames { _ = sender.enqueue(.consensus, kind: 1, [0]) }
        sender.drain(into: &wire, upTo: .max)
        do throws(LinkViolation) {
            _ = try receiver.arrivals(&wire)
            return nil
        } catch {
            return error
        }
    }
}
