import BFTBase
import BFTCrypto
import BFTTransport
import Glibc
import Synchronization
import Testing

@testable import BFTSockets

/// How many messages came in a turn of a loop.
private final class Tally: Sendable {
    let state = Mutex((inTurn: 0, most: 0))
}

@Suite struct ClusterTests {
    /// A payload that names its place in the order, of one of several sizes.
    private func numbered(_ number: Int) -> [UInt8] {
        let sizes = [4, 200, 5_000, 65_537, 200_000]
        var payload = [UInt8](repeating: UInt8(number % 251), count: sizes[number % sizes.count])
        payload[0] = UInt8(number % 256)
        payload[1] = UInt8(number / 256)
        return payload
    }

    @Test("Everybody hears everybody, complete and in the order of each lane")
    func allToAll() throws {
        let cluster = try Cluster(4)
        defer { cluster.stop() }
        #expect(cluster.settle())
        let count = 60
        for node in cluster.nodes {
            node.on { transport in
                for number in 0..<count {
                    for lane in Lane.allCases {
                        let exceptions = transport.broadcast(
                            UInt8(number), numbered(number), lane: lane)
                        #expect(exceptions.isEmpty)
                    }
                }
            }
        }
        let expected = count * Lane.allCases.count * 3
        for node in cluster.nodes {
            #expect(eventually { node.recorder.arrivals.count == expected })
            for peer in 0..<4 where peer != node.number {
                for lane in Lane.allCases {
                    let arrived = node.recorder.arrivals.filter {
                        $0.peer == peer && $0.lane == lane
                    }
                    #expect(arrived.map(\.payload) == (0..<count).map(numbered))
                    #expect(arrived.map(\.kind) == (0..<count).map { UInt8($0) })
                }
            }
            let counters = node.counters
            #expect(counters[.batches].received == UInt64(count * 3))
            #expect(counters[.batches].queued == UInt64(count * 3))
            #expect(counters.bytesReceived > 3 * 3 * 12 * 270_000)
            let peers = node.on { $0.peers }
            #expect(peers.count == 3 && peers.allSatisfy(\.isConnected))
            #expect(peers.allSatisfy { $0.address?.host == "127.0.0.1" && $0.role != nil })
        }
    }

    @Test("However much a peer has to say, the loop turns to all else after its time")
    func turns() throws {
        let (count, tally) = (500, Tally())
        let recorder = Recorder { _ in tally.state.withLock { $0.inTurn += 1 } }
        let ports = try Cluster.freePorts(2)
        // No time at all: one message at a time.
        let slow = try TestNode(
            0, try parameters(0, count: 2), port: ports[0]!, peers: ports, recorder: recorder
        ) { $0.turnLimit = .zero }
        let other = try TestNode(1, try parameters(1, count: 2), port: ports[1]!, peers: ports)
        defer { for node in [slow, other] { node.kill() } }
        slow.on { transport in
            transport.loop.setTurnEnd {
                tally.state.withLock { state in
                    state.most = max(state.most, state.inTurn)
                    state.inTurn = 0
                }
            }
        }
        #expect(eventually { slow.connected == [1] && other.connected == [0] })
        other.on { transport in
            for _ in 0..<count {
                let exceptions = transport.broadcast(1, [1], lane: Lane.batches)
                #expect(exceptions.isEmpty)
            }
        }
        #expect(eventually { slow.recorder.arrivals.count == count })
        // One as it is read, and one at the end of the turn.
        #expect((1...2).contains(tally.state.withLock { $0.most }))
    }

    @Test("Handshakes work the same on the loop and on the crypto pool")
    func pools() throws {
        for cost in [Interval.zero, .seconds(1)] {
            let cluster = try Cluster(2) { $0.costOnLoop = cost }
            defer { cluster.stop() }
            #expect(cluster.settle())
            #expect(cluster.nodes[0].send(7, [1], to: 1) == .queued)
            #expect(eventually { cluster.nodes[1].recorder.arrivals.map(\.kind) == [7] })
        }
    }

    @Test("Both sides of a connection replace their keys as time goes by, and nothing is lost")
    func rekeying() throws {
        let cluster = try Cluster(2) {
            $0.tickInterval = .milliseconds(10)
            $0.limits.rekeyInterval = .milliseconds(20)
        }
        defer { cluster.stop() }
        #expect(cluster.settle())
        let (one, other) = (cluster.nodes[0], cluster.nodes[1])
        var sent = 0
        for goal: UInt64 in 1...5 {
            let isReached = eventually {
                sent += 1
                #expect(one.send(1, numbered(sent), lane: .batches, to: 1) == .queued)
                return cluster.nodes.allSatisfy { node in
                    guard let keys = node.on({ $0.peers[0].replacedKeys }) else { return false }
                    return keys.own >= goal && keys.peer >= goal
                }
            }
            try #require(isReached)
        }
        #expect(eventually { other.recorder.arrivals.count == sent })
        #expect(other.recorder.arrivals.map(\.payload) == (1...sent).map(numbered))
        #expect(one.recorder.events == [.connected(1)])
        #expect(other.recorder.events == [.connected(0)])
    }

    @Test("A validator that dies and comes back at its address is connected again")
    func restart() throws {
        var cluster = try Cluster(4)
        defer { cluster.stop() }
        #expect(cluster.settle())
        // Whoever has the lower fingerprint dials: both ways must work.
        for victim in [0, 3, 1] {
            cluster.nodes[victim].kill()
            let others = cluster.nodes.filter { $0.number != victim }
            #expect(eventually { others.allSatisfy { !$0.connected.contains(victim) } })
            for node in others {
                #expect(node.recorder.events.contains(.disconnected(victim, .closed)))
                #expect(node.send(1, to: victim) == .refused(.notConnected))
                #expect(node.connected.count == 2)
            }
            let port = cluster.nodes[victim].port
            let peers = Dictionary(
                uniqueKeysWithValues: cluster.nodes.map { ($0.number, $0.port) })
            var revived: TestNode?
            _ = eventually {
                revived = try? TestNode(victim, try parameters(victim), port: port, peers: peers)
                return revived != nil
            }
            cluster.nodes[victim] = try #require(revived)
            #expect(cluster.settle())
            for node in others {
                node.recorder.forget()
                #expect(cluster.nodes[victim].send(9, [9], to: node.number) == .queued)
                #expect(eventually { node.recorder.arrivals.map(\.kind) == [9] })
            }
        }
    }

    @Test("Two that dial each other at the same time keep one connection, and the same")
    func simultaneous() throws {
        for _ in 0..<8 {
            let cluster = try Cluster(2) { $0.patience = .zero }
            defer { cluster.stop() }
            #expect(cluster.settle())
            #expect(
                eventually { cluster.nodes.allSatisfy { $0.on { $0.channels.count } == 1 } })
            #expect(cluster.settle())
            for node in cluster.nodes {
                let peer = 1 - node.number
                #expect(node.send(3, [UInt8(node.number)], to: peer) == .queued)
                #expect(
                    eventually { cluster.nodes[peer].recorder.arrivals.map(\.kind) == [3] })
                let events = node.recorder.events
                let connects = events.count { $0 == .connected(peer) }
                #expect(connects == events.count - connects + 1)
                // Never two at once: they alternate.
                for (position, event) in events.enumerated() {
                    #expect((event == .connected(peer)) == position.isMultiple(of: 2))
                }
            }
            let roles = cluster.nodes.map { $0.on { $0.peers[0].role } }
            #expect(roles[0] != roles[1])
        }
    }

    @Test("A vote overtakes the batches that wait")
    func votesFirst() throws {
        let cluster = try Cluster(2)
        defer { cluster.stop() }
        #expect(cluster.settle())
        let (sender, receiver) = (cluster.nodes[0], cluster.nodes[1])
        let batch = [UInt8](repeating: 1, count: 4 << 20)
        let batchCount = 15
        sender.on { transport in
            for _ in 0..<batchCount {
                let peer = ValidatorIndex(1)
                #expect(transport.send(2, batch, lane: .batches, to: peer) == .queued)
            }
        }
        #expect(eventually { !receiver.recorder.arrivals.isEmpty })
        let waiting = sender.on { transport in
            transport.send(1, [], lane: .consensus, to: ValidatorIndex(1)) == .queued
                ? batchCount - Int(transport.counters.bytesSent) / batch.count : 0
        }
        #expect(eventually { receiver.recorder.arrivals.count == batchCount + 1 })
        let kinds = receiver.recorder.arrivals.map(\.kind)
        // What was sealed by then, and what the system held, could not be overtaken.
        if waiting > 3 { #expect(kinds.last == 2 && kinds.contains(1)) }
        #expect(
            receiver.recorder.arrivals.filter { $0.kind == 2 }.allSatisfy { $0.payload == batch })
    }

    @Test("A validator that is kept away stays away until it is allowed again")
    func isolation() throws {
        let cluster = try Cluster(3)
        defer { cluster.stop() }
        #expect(cluster.settle())
        let node = cluster.nodes[0]
        node.on { $0.disconnect(ValidatorIndex(1)) }
        #expect(eventually { node.recorder.events.last == .disconnected(1, .local) })
        #expect(eventually { !cluster.nodes[1].connected.contains(0) })
        // It tries to come back, and is turned away.
        #expect(
            eventually {
                node.on { $0.counters.connectionsAccepted + $0.counters.connectionsDialled } > 4
                    || cluster.nodes[1].counters.connectionsDialled > 3
            })
        #expect(node.connected == [2])
        node.on { $0.allow(ValidatorIndex(1)) }
        #expect(cluster.settle())
        #expect(node.recorder.events.last == .connected(1))
    }

    @Test("A transport that stops says what it still had to say, and nothing happens afterwards")
    func stop() throws {
        let cluster = try Cluster(3)
        defer { cluster.stop() }
        #expect(cluster.settle())
        let node = cluster.nodes[0]
        node.on { transport in
            #expect(transport.broadcast(5, [5], lane: .consensus).isEmpty)
            transport.stop()
            transport.stop()
            #expect(transport.connectedPeers.isEmpty)
            #expect(transport.broadcast(6, [6], lane: .consensus).isEmpty)
            #expect(
                transport.send(6, [6], lane: .consensus, to: ValidatorIndex(1))
                    == .refused(.notConnected))
        }
        for peer in cluster.nodes.dropFirst() {
            #expect(eventually { peer.connected == [3 - peer.number] })
            #expect(peer.recorder.arrivals.map(\.kind) == [5])
            #expect(peer.recorder.events.last == .disconnected(0, .closed))
        }
        let ends = node.recorder.events.suffix(2)
        #expect(
            ends == [.disconnected(1, .local), .disconnected(2, .local)]
                || ends == [.disconnected(2, .local), .disconnected(1, .local)])
        #expect(node.on { $0.channels.isEmpty && $0.peers.allSatisfy { !$0.isConnected } })
    }
}
