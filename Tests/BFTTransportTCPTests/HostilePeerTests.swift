import BFTBase
import BFTCrypto
import BFTTransport
import Glibc
import Testing

@testable import BFTSockets

@Suite struct HostilePeerTests {
    /// Validators 0 and 1 of four, connected. The seats of 2 and 3 are free for the test.
    private func pair(
        _ adjust: (inout TCPTransportOptions) -> Void = { _ in }
    ) throws -> Cluster {
        var cluster = try Cluster(0)
        let first = try TestNode(0, try parameters(0), adjust)
        let second = try TestNode(1, try parameters(1), peers: [0: first.port], adjust)
        cluster.nodes = [first, second]
        #expect(cluster.settle())
        return cluster
    }

    /// The two are connected, were never apart, and messages pass.
    private func expectUnharmed(_ cluster: Cluster) {
        for node in cluster.nodes {
            let peer = 1 - node.number
            #expect(node.recorder.events.filter { $0 == .connected(peer) }.count == 1)
            #expect(
                !node.recorder.events.contains {
                    if case .disconnected(peer, _) = $0 { true } else { false }
                })
            let payload = [UInt8](repeating: UInt8.random(in: 0...255), count: 100)
            #expect(node.send(250, payload, to: peer) == .queued)
            #expect(
                eventually {
                    cluster.nodes[peer].recorder.arrivals.contains {
                        $0.kind == 250 && $0.peer == node.number && $0.payload == payload
                    }
                })
        }
    }

    private func expectCut(_ cluster: Cluster, _ kind: CutKind, _ count: UInt64 = 1) {
        #expect(eventually { cluster.nodes[0].counters.cuts(kind) >= count })
    }

    @Test("A stranger, or a validator of another chain, is never connected, whoever dials")
    func strangers() throws {
        let cluster = try pair()
        defer { cluster.stop() }
        let port = cluster.nodes[0].port
        // Its own list of validators has a fifth key: its own.
        let stranger = try TestNode(4, try parameters(4, count: 5), peers: [0: port])
        let foreigner = try TestNode(
            2, try parameters(2, chain: Digest(9, 9, 9, 9)), peers: [0: port])
        expectCut(cluster, .handshake, 6)
        // A validator that finds a stranger, and one of another chain, at the addresses it dials.
        let caller = try TestNode(
            3, try parameters(3), peers: [0: port, 1: stranger.port, 2: foreigner.port])
        #expect(eventually { caller.connected == [0] })
        #expect(eventually { caller.counters.cuts(.handshake) + caller.counters.cuts(.closed) > 3 })
        #expect(eventually { cluster.nodes[0].connected == [1, 3] })
        for node in [cluster.nodes[0], cluster.nodes[1], caller] {
            for stranger in [2, 4] {
                #expect(!node.recorder.events.contains(.connected(stranger)))
            }
        }
        #expect(caller.recorder.events == [.connected(0)])
        #expect(foreigner.recorder.events.isEmpty)
        #expect(cluster.nodes[0].recorder.notices.contains { $0.contains("unknownValidator") })
        #expect(cluster.nodes[0].recorder.notices.contains { $0.contains("wrongChain") })
        expectUnharmed(cluster)
        for node in [stranger, foreigner, caller] { node.kill() }
    }

    @Test("Garbage in place of a handshake cuts its sender and nobody else")
    func garbage() throws {
        let cluster = try pair()
        defer { cluster.stop() }
        var random = SplitMix64(seed: 7)
        let port = cluster.nodes[0].port
        for round in 0..<40 {
            let count = [1, 3, 4, 64, 5_000, 300_000][round % 6]
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Every other one announces a length that may be, so that its content is looked at.
            if round.isMultiple(of: 2), count > 4 {
                bytes.replaceSubrange(0..<4, with: [UInt8(count == 64 ? 60 : 200), 0, 0, 0])
            }
            let peer = try RawPeer(port: port)
            peer.write(bytes)
            if count > 4 { peer.waitForEnd() }
        }
        expectCut(cluster, .handshake, 20)
        expectUnharmed(cluster)
        #expect(eventually { cluster.nodes[0].on { $0.channels.count } == 1 })
    }

    @Test("Whoever is slow with its handshake is cut, and crowded out by those who come later")
    func slowloris() throws {
        let cluster = try pair {
            $0.halfOpenLimit = 4
            $0.limits.handshakeLimit = .seconds(3)
        }
        defer { cluster.stop() }
        let port = cluster.nodes[0].port
        var slow: [RawPeer] = []
        for _ in 0..<10 {
            let peer = try RawPeer(port: port)
            peer.write([16])
            slow.append(peer)
        }
        expectCut(cluster, .crowdedOut, 6)
        #expect(cluster.nodes[0].on { $0.halfOpen.count } <= 4)
        // A validator gets through although every place is taken.
        let third = try TestNode(2, try parameters(2), peers: [0: port])
        #expect(eventually { cluster.nodes[0].connected == [1, 2] })
        expectCut(cluster, .handshakeTimeout, 3)
        for peer in slow { peer.waitForEnd() }
        #expect(cluster.nodes[0].on { $0.halfOpen.isEmpty })
        expectUnharmed(cluster)
        third.kill()
    }

    @Test("Connections that come too fast are turned away; what is dialled is not counted")
    func manyConnections() throws {
        let cluster = try pair { $0.inboundHandshakes = RateLimit(perSecond: 1, burst: 3) }
        defer { cluster.stop() }
        let peers = try (0..<20).map { _ in try RawPeer(port: cluster.nodes[0].port) }
        expectCut(cluster, .tooManyHandshakes, 10)
        expectUnharmed(cluster)
        withExtendedLifetime(peers) {}
        let free = try TestNode(2, try parameters(2))
        cluster.nodes[0].kill()
        let reborn = try TestNode(0, try parameters(0), peers: [2: free.port]) {
            $0.inboundHandshakes = RateLimit(perSecond: 1, burst: 1)
        }
        let others = try (0..<5).map { _ in try RawPeer(port: reborn.port) }
        #expect(eventually { reborn.connected == [2] })
        withExtendedLifetime(others) {}
        for node in [free, reborn] { node.kill() }
    }

    @Test("A validator that breaks the format, floods or exceeds a limit is cut, and only it")
    func brokenFrames() throws {
        let cluster = try pair {
            $0.limits.consensus.messageByteCount = 100_000
            $0.limits.receivedFrames = RateLimit(perSecond: 100, burst: 2_000)
        }
        defer { cluster.stop() }
        let node = cluster.nodes[0]
        var generous = LinkLimits()
        generous.consensus.messageCount = 1 << 20
        var random = SplitMix64(seed: 3)
        let attacks: [(CutKind, (RawPeer) -> Void)] = [
            (.format, { _ = $0.write([255, 255, 255, 255]) }),
            (.format, { _ = $0.write([0, 0, 0, 0]) }),
            (
                .format,
                { peer in
                    let noise = (0..<60).map { _ in UInt8.random(in: 0...255, using: &random) }
                    peer.write([60, 0, 0, 0] + noise)
                }
            ),
            (
                .format,
                { peer in
                    let tooLarge = [UInt8](repeating: 0, count: 100_001)
                    _ = peer.connection?.enqueue(.consensus, kind: 1, tooLarge)
                    peer.flush()
                }
            ),
            (
                .flood,
                { peer in
                    for _ in 0..<3_000 { _ = peer.connection?.enqueue(.sync, kind: 1, [1]) }
                    for _ in 0..<3_000 { _ = peer.connection?.enqueue(.consensus, kind: 1, [1]) }
                    peer.flush()
                }
            ),
        ]
        for (number, (kind, attack)) in attacks.enumerated() {
            let before = node.counters.cuts(kind)
            let peer = try RawPeer.validator(2, port: node.port, limits: generous)
            #expect(eventually { node.connected == [1, 2] })
            attack(peer)
            peer.waitForEnd()
            #expect(eventually { node.connected == [1] })
            #expect(node.counters.cuts(kind) == before + 1)
            let ends = node.recorder.events.filter {
                if case .disconnected(2, .violation) = $0 { true } else { false }
            }
            #expect(ends.count == number + 1)
        }
        #expect(node.recorder.notices.contains { $0.hasPrefix("cut v2") })
        expectUnharmed(cluster)
    }

    @Test("A validator that falls silent is cut; one that is only quiet is not")
    func silence() throws {
        let cluster = try pair {
            $0.limits.pingInterval = .milliseconds(200)
            $0.limits.silenceLimit = .seconds(2)
        }
        defer { cluster.stop() }
        let node = cluster.nodes[0]
        let silent = try RawPeer.validator(2, port: node.port)
        #expect(eventually { node.connected == [1, 2] })
        expectCut(cluster, .silent)
        #expect(node.connected == [1])
        silent.waitForEnd()
        // The quiet one answered meanwhile, so the way to it and back was measured.
        #expect(node.on { $0.peers[0].roundTrip } != nil)
        expectUnharmed(cluster)
    }

    @Test("A validator that stops reading loses its own messages and delays nobody else's")
    func slowReader() throws {
        let cluster = try pair { options in
            options.limits.batches.byteCount = 8 << 20
            options.limits.sync.byteCount = 8 << 20
        }
        defer { cluster.stop() }
        let node = cluster.nodes[0]
        let deaf = try RawPeer.validator(2, port: node.port)
        #expect(eventually { node.connected == [1, 2] })
        let batch = [UInt8](repeating: 1, count: 1 << 20)
        // Fills the buffers of the system first, then the lane.
        var outcomes: [SendOutcome] = []
        for _ in 0..<100 where outcomes.last != .displaced(kinds: [9]) {
            outcomes.append(node.send(9, batch, lane: .batches, to: 2))
        }
        #expect(outcomes.last == .displaced(kinds: [9]))
        for _ in 0..<100 where outcomes.last != .refused(.laneFull) {
            outcomes.append(node.send(9, batch, lane: .sync, to: 2))
        }
        #expect(outcomes.last == .refused(.laneFull))
        for number in 0..<100 as Range<UInt8> {
            #expect(node.send(number, [number], to: 2) == .queued)
            #expect(node.send(number, [number], to: 1) == .queued)
        }
        #expect(node.send(200, batch, lane: .batches, to: 1) == .queued)
        #expect(eventually { cluster.nodes[1].recorder.arrivals.count == 101 })
        #expect(node.counters[.batches].displaced == 1 && node.counters[.sync].refused == 1)
        withExtendedLifetime(deaf) {}
        expectUnharmed(cluster)
    }

    @Test("A newer connection of the same validator takes the place of the older")
    func superseded() throws {
        let cluster = try pair()
        defer { cluster.stop() }
        let node = cluster.nodes[0]
        let older = try RawPeer.validator(2, port: node.port)
        #expect(eventually { node.connected == [1, 2] })
        let newer = try RawPeer.validator(2, port: node.port)
        older.waitForEnd()
        #expect(
            eventually {
                node.recorder.events.suffix(3) == [
                    .connected(2), .disconnected(2, .superseded), .connected(2),
                ]
            })
        _ = newer.connection?.enqueue(.consensus, kind: 4, [4])
        newer.flush()
        #expect(eventually { node.recorder.arrivals.map(\.kind) == [4] })
        #expect(node.connected == [1, 2])
        expectUnharmed(cluster)
    }
}
