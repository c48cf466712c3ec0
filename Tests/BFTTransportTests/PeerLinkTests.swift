import BFTBase
import BFTCrypto
import Testing

@testable import BFTTransport

@Suite struct PeerLinkTests {
    private func payload(_ count: Int, seed: UInt64 = 0) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test("Messages of every size arrive whole, in order within their lane")
    func roundTrip() throws {
        var sender = link(.initiator)
        var receiver = link(.responder)
        var expected: [Lane: [Arrival]] = [:]
        let sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000, 3]
        for lane in Lane.allCases {
            for (number, size) in sizes.enumerated() {
                let bytes = payload(size, seed: UInt64(number))
                #expect(sender.enqueue(lane, kind: UInt8(number), bytes) == .queued)
                let arrival = Arrival(lane: lane, kind: UInt8(number), payload: bytes)
                expected[lane, default: []].append(arrival)
            }
        }
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: .max)
        #expect(!sender.hasPending as Bool)
        // The receiver gets the bytes in pieces that fit no frame.
        let bytes = wire.array
        var input = ByteQueue()
        var arrivals: [Arrival] = []
        for start in stride(from: 0, to: bytes.count, by: 7_919) {
            input.append(Array(bytes[start..<min(start + 7_919, bytes.count)]))
            arrivals += try receiver.arrivals(&input)
        }
        #expect(input.array.isEmpty)
        for lane in Lane.allCases { #expect(arrivals.filter { $0.lane == lane } == expected[lane]) }
    }

    @Test("What a link writes is pinned, frame by frame")
    func pinnedFrames() throws {
        var limits = LinkLimits()
        limits.pingInterval = .seconds(1)
        var sender = link(.initiator, limits)
        let long = payload(PeerLink.fragmentByteCount + 2)
        _ = sender.enqueue(.consensus, kind: 7, [1, 2])
        _ = sender.enqueue(.batches, kind: 8, [])
        _ = sender.enqueue(.sync, kind: 9, long)
        try sender.tick(at: seconds(2))
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: .max)
        var receiver = session(.responder)
        var frames: [[UInt8]] = []
        while let frame = try receiver.open(&wire) {
            frames.append([frame.kind] + wire.array[frame.payload])
            wire.consume(frame.byteCount)
        }
        #expect(
            frames == [
                [0x40, 1, 0, 0, 0], [0x10, 7, 1, 2], [0x11, 8],
                [0x22, 9, 2, 0, 1, 0] + long.dropLast(2), [0x32] + long.suffix(2),
            ])
        // The answer to the ping.
        var other = session(.responder)
        let token: [UInt8] = [5, 6, 7, 8]
        other.seal(FrameHeader(0x40), token.span.bytes, into: &wire)
        #expect(try sender.arrivals(&wire).isEmpty)
        sender.drain(into: &wire, upTo: .max)
        let pong = try #require(try receiver.open(&wire))
        #expect([pong.kind] + wire.array[pong.payload] == [0x50, 5, 6, 7, 8])
        for lane in Lane.allCases {
            let kinds = [FrameKind.whole(lane), .first(lane), .next(lane)]
            for (form, kind) in kinds.enumerated() {
                #expect(Int(kind.rawValue) == 16 * (form + 1) + Int(lane.rawValue))
                #expect(FrameKind(rawValue: kind.rawValue) == kind)
            }
        }
    }

    @Test("A vote overtakes batches, even in the middle of one")
    func priority() throws {
        var sender = link(.initiator)
        var receiver = link(.responder)
        _ = sender.enqueue(.sync, kind: 3, payload(70_000))
        _ = sender.enqueue(.batches, kind: 2, payload(1_000_000))
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: 100_000)
        #expect((100_000..<200_000).contains(wire.count as Int))
        _ = sender.enqueue(.consensus, kind: 1, [1])
        sender.drain(into: &wire, upTo: .max)
        #expect(try receiver.arrivals(&wire).map(\.kind) == [1, 3, 2])
    }

    @Test("Sync gets a share of a lasting stream of batches, votes come before both")
    func shares() throws {
        var sender = link(.initiator)
        var receiver = link(.responder)
        for _ in 0..<40 { _ = sender.enqueue(.batches, kind: 2, [0]) }
        for _ in 0..<10 { _ = sender.enqueue(.sync, kind: 3, [0]) }
        for _ in 0..<5 { _ = sender.enqueue(.consensus, kind: 1, [0]) }
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: .max)
        let kinds = try receiver.arrivals(&wire).map(\.kind)
        #expect(kinds.prefix(5).allSatisfy { $0 == 1 })
        #expect(kinds.dropFirst(5).prefix(10) == [2, 2, 2, 2, 3, 2, 2, 2, 2, 3])
        #expect(kinds.count == 55)
    }

    @Test(
        "Whatever waits alone is pending until it is sealed: a lane, a question, an answer, a key")
    func pending() throws {
        var limits = LinkLimits()
        limits.pingInterval = .seconds(2)
        limits.rekeyInterval = .seconds(5)
        var sender = link(.initiator, limits)
        #expect(!sender.hasPending as Bool)
        for lane in Lane.allCases {
            _ = sender.enqueue(lane, kind: 1, payload(70_000))
            expectDrained(&sender)
        }
        try sender.tick(at: seconds(2))
        expectDrained(&sender)
        var other = session(.responder)
        var input = ByteQueue()
        let token: [UInt8] = [1, 2, 3, 4]
        other.seal(FrameHeader(FrameKind.ping.rawValue), token.span.bytes, into: &input)
        #expect(try sender.arrivals(&input, at: seconds(4)).isEmpty)
        expectDrained(&sender)
        try sender.tick(at: seconds(5))
        expectDrained(&sender)
    }

    private func expectDrained(_ sender: inout PeerLink) {
        #expect(sender.hasPending as Bool)
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: .max)
        #expect(!sender.hasPending as Bool)
    }

    @Test("A full lane drops its oldest or refuses the newest, and says so")
    func bounds() throws {
        var limits = LinkLimits()
        limits.batches = LaneLimits(
            messageCount: 3, byteCount: 200_000, messageByteCount: 100_000, overflow: .dropOldest)
        limits.sync = LaneLimits(
            messageCount: 2, byteCount: 100, messageByteCount: 100, overflow: .refuseNewest)
        var sender = link(.initiator, limits)
        var receiver = link(.responder, limits)
        #expect(
            sender.enqueue(.batches, kind: 0, payload(100_001))
                == .refused(.tooLarge(limit: 100_000)))
        #expect(sender.enqueue(.batches, kind: 1, payload(80_000)) == .queued)
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: 1)
        // The first is on its way, and stays.
        #expect(sender.enqueue(.batches, kind: 2, payload(80_000)) == .queued)
        #expect(sender.enqueue(.batches, kind: 3, payload(10)) == .queued)
        #expect(sender.enqueue(.batches, kind: 4, payload(10)) == .displaced(kinds: [2]))
        #expect(sender.enqueue(.batches, kind: 5, payload(100_000)) == .displaced(kinds: [3]))
        #expect(
            sender.enqueue(.batches, kind: 6, payload(100_000)) == .displaced(kinds: [4, 5]))
        #expect(sender.waitingByteCount(in: .batches) == 180_000)
        #expect(sender.waitingMessageCount(in: .batches) == 2)
        #expect(sender.enqueue(.sync, kind: 7, payload(60)) == .queued)
        #expect(sender.enqueue(.sync, kind: 8, payload(60)) == .refused(.laneFull))
        #expect(sender.enqueue(.sync, kind: 8, payload(40)) == .queued)
        #expect(sender.enqueue(.sync, kind: 9, []) == .refused(.laneFull))
        sender.drain(into: &wire, upTo: .max)
        #expect(
            try receiver.arrivals(&wire).map(\.kind) == [1, 6, 7, 8])
    }

    @Test("A message above its lane's limit is cut by its announced length")
    func messageLimit() throws {
        var limits = LinkLimits()
        limits.consensus.messageByteCount = 1_000
        var receiver = link(.responder, limits)
        var sender = link(.initiator)
        _ = sender.enqueue(.consensus, kind: 1, payload(70_000))
        var wire = ByteQueue()
        sender.drain(into: &wire, upTo: 1)
        #expect(throws: LinkViolation.messageTooLarge(.consensus, limit: 1_000, found: 70_000)) {
            try receiver.arrivals(&wire)
        }
        receiver = link(.responder, limits)
        sender = link(.initiator)
        _ = sender.enqueue(.consensus, kind: 1, payload(1_001))
        wire = ByteQueue()
        sender.drain(into: &wire, upTo: 1)
        #expect(throws: LinkViolation.messageTooLarge(.consensus, limit: 1_000, found: 1_001)) {
            try receiver.arrivals(&wire)
        }
    }

    /// What a receiver makes of frames with these plaintexts, sealed by a peer that may lie.
    private func receive(_ frames: [[UInt8]]) -> Result<[Arrival], LinkViolation> {
        var sender = session(.initiator)
        var receiver = link(.responder)
        var wire = ByteQueue()
        for frame in frames {
            let rest = Array(frame.dropFirst())
            sender.seal(FrameHeader(frame[0]), rest.span.bytes, into: &wire)
        }
        do throws(LinkViolation) {
            return .success(try receiver.arrivals(&wire))
        } catch {
            return .failure(error)
        }
    }

    @Test("Frames of no known kind, of a wrong size and stray fragments cut the link")
    func malformed() {
        for kind in UInt8.min...UInt8.max where FrameKind(rawValue: kind) == nil && kind != 0 {
            #expect(receive([[kind, 0, 0, 0, 0]]) == .failure(.malformedFrame(kind: kind)))
        }
        let malformed: [[UInt8]] = [
            [0x10], [0x20], [0x20, 7, 9, 0, 0], [0x20, 7, 9, 0, 0, 0], [0x30], [0x40], [0x40, 1],
            [0x50, 1, 2, 3, 4, 5],
        ]
        for frame in malformed {
            #expect(receive([frame]) == .failure(.malformedFrame(kind: frame[0])))
        }
        let first: [UInt8] = [0x21, 7, 3, 0, 0, 0, 1]
        #expect(receive([[0x30, 1]]) == .failure(.strayFragment(.consensus)))
        #expect(receive([first, first]) == .failure(.strayFragment(.batches)))
        #expect(receive([first, [0x11, 1]]) == .failure(.strayFragment(.batches)))
        #expect(receive([first, [0x30, 1]]) == .failure(.strayFragment(.consensus)))
        #expect(receive([first, [0x31, 1, 2, 3]]) == .failure(.strayFragment(.batches)))
        #expect(receive([[0x21, 7, 1, 0, 0, 0, 1]]) == .failure(.strayFragment(.batches)))
        let message = Arrival(lane: .batches, kind: 7, payload: [1, 2, 3])
        #expect(receive([first, [0x31, 2, 3]]) == .success([message]))
        #expect(receive([first, [0x31, 2, 3], [0x31, 4]]) == .failure(.strayFragment(.batches)))
    }

    @Test("Random plaintexts of an authenticated peer deliver or cut, and never trap")
    func hostilePeer() {
        var random = SplitMix64(seed: 8)
        for _ in 0..<3_000 {
            let frames = (0..<Int.random(in: 1...6, using: &random)).map { _ -> [UInt8] in
                let kind = UInt8.random(in: 1...5, using: &random) << 4
                let lane = UInt8.random(in: 0...2, using: &random)
                let rest = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                    UInt8.random(in: 0...4, using: &random)
                }
                return [kind | lane] + rest
            }
            if case .success(let arrivals) = receive(frames) {
                #expect(arrivals.count <= frames.count)
            }
        }
    }

    @Test("Random bytes never deliver anything")
    func garbage() {
        var random = SplitMix64(seed: 9)
        for _ in 0..<5_000 {
            var bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            // A length that fits, so that the frame is opened.
            if bytes.count > 20 {
                bytes.replaceSubrange(0..<4, with: [UInt8(bytes.count - 4), 0, 0, 0])
            }
            var receiver = link(.responder)
            var input = ByteQueue(bytes)
            #expect((try? receiver.arrivals(&input)) ?? [] == [])
        }
    }

    @Test("A peer that sends too many bytes or too many frames is cut")
    func flood() throws {
        var limits = LinkLimits()
        limits.receivedFrames = RateLimit(perSecond: 10, burst: 20)
        #expect(framesUntilCut(limits, size: 0) == (20, .floodOfFrames))
        limits = LinkLimits()
        limits.receivedBytes = RateLimit(perSecond: 1_000, burst: 10_220)
        #expect(framesUntilCut(limits, size: 1_000) == (10, .floodOfBytes))
    }

    /// How many frames of `size` a peer gets through at once, and what ends it.
    private func framesUntilCut(_ limits: LinkLimits, size: Int) -> (Int, LinkViolation?) {
        var sender = link(.initiator)
        var receiver = link(.responder, limits)
        for sent in 0..<1_000 {
            var wire = ByteQueue()
            _ = sender.enqueue(.consensus, kind: 1, payload(size))
            sender.drain(into: &wire, upTo: .max)
            do throws(LinkViolation) {
                _ = try receiver.arrivals(&wire)
            } catch {
                return (sent, error)
            }
        }
        return (1_000, nil)
    }

    @Test("A peer within its rate is never cut")
    func steady() throws {
        var limits = LinkLimits()
        limits.receivedFrames = RateLimit(perSecond: 10, burst: 5)
        var sender = link(.initiator)
        var receiver = link(.responder, limits)
        for step in 0..<500 {
            var wire = ByteQueue()
            _ = sender.enqueue(.consensus, kind: 1, [])
            sender.drain(into: &wire, upTo: .max)
            let now = seconds(Double(step) / 10)
            #expect(try receiver.arrivals(&wire, at: now).count == 1)
        }
    }

    @Test("A quiet peer is pinged and a silent one is cut")
    func silence() throws {
        var limits = LinkLimits()
        limits.pingInterval = .seconds(2)
        limits.silenceLimit = .seconds(10)
        var one = link(.initiator, limits)
        var other = link(.responder, limits)
        var wire = ByteQueue()
        try one.tick(at: seconds(1))
        #expect(!one.hasPending as Bool)
        try one.tick(at: seconds(2))
        #expect(one.hasPending as Bool)
        one.drain(into: &wire, upTo: .max)
        #expect(try other.arrivals(&wire, at: seconds(2.1)).isEmpty)
        other.drain(into: &wire, upTo: .max)
        #expect(try one.arrivals(&wire, at: seconds(2.25)).isEmpty)
        #expect(one.roundTrip == .milliseconds(250))
        #expect(one.lastHeard == seconds(2.25))
        try one.tick(at: seconds(12.2))
        #expect(throws: LinkViolation.silent(.seconds(10))) { try one.tick(at: seconds(12.25)) }
    }

    @Test("A turn ends between frames that carry no message, and what is left comes in the next")
    func turns() throws {
        var receiver = link(.responder)
        var sender = session(.initiator)
        var input = ByteQueue()
        for number in 0..<10 as Range<UInt8> {
            let token: [UInt8] = [number, 0, 0, 0]
            sender.seal(FrameHeader(FrameKind.ping.rawValue), token.span.bytes, into: &input)
            sender.rekey(into: &input)
        }
        let body: [UInt8] = [7, 1, 2]
        let whole = FrameHeader(FrameKind.whole(.consensus).rawValue)
        sender.seal(whole, body.span.bytes, into: &input)
        for _ in 0..<5 {
            var asked = 0
            let message = try receiver.next(&input, at: seconds(0)) {
                asked += 1
                return asked < 4
            }
            #expect(message == nil && asked == 4 && !input.isEmpty)
        }
        #expect(
            try receiver.arrivals(&input)
                == [Arrival(lane: .consensus, kind: 7, payload: [1, 2])])
    }

    @Test("A flood of pings leaves one answer, and an answer to no question is ignored")
    func pings() throws {
        var sender = session(.initiator)
        var receiver = link(.responder)
        var wire = ByteQueue()
        for number in 0..<100 as Range<UInt32> {
            var header = FrameHeader(FrameKind.ping.rawValue)
            header.append(number)
            sender.seal(header, RawSpan(), into: &wire)
        }
        var pong = FrameHeader(FrameKind.pong.rawValue)
        pong.append(UInt32(0))
        sender.seal(pong, RawSpan(), into: &wire)
        #expect(try receiver.arrivals(&wire).isEmpty)
        #expect(receiver.roundTrip == nil)
        receiver.drain(into: &wire, upTo: .max)
        #expect((wire.count as Int) == Session.overhead + 5)
    }

    @Test("The key is replaced by time, and messages go on arriving")
    func rekeyByTime() throws {
        var limits = LinkLimits()
        limits.rekeyInterval = .seconds(1)
        limits.silenceLimit = .seconds(1_000)
        limits.pingInterval = .seconds(900)
        var sender = link(.initiator, limits)
        var receiver = link(.responder, limits)
        var wire = ByteQueue()
        for second in 0..<20 {
            try sender.tick(at: seconds(Double(second)))
            _ = sender.enqueue(.consensus, kind: 1, [UInt8(second)])
            sender.drain(into: &wire, upTo: .max)
            let extra = second == 0 ? 0 : Session.overhead + 1
            #expect((wire.count as Int) == Session.overhead + 3 + extra)
            #expect(try receiver.arrivals(&wire).map(\.payload) == [[UInt8(second)]])
        }
    }
}
