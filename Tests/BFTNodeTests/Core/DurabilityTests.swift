import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTLedger
import BFTServer
import BFTStorage
import ProtocolSimplex
import Testing

@testable import BFTNode
@testable import BFTTransport

/// The core that ships and its log: what waits for it, and what becomes of it all when it fails.
@Suite struct DurabilityTests {
    /// A stage whose validator was given the first proposal and has heard that its signature
    /// holds. Its log and its signatures are held.
    private static func voting() throws -> (Stage, Block) {
        let stage = try Stage()
        let block = stage.block()
        (stage.node.log.isHeld, stage.node.crypto.isHeld) = (true, true)
        stage.node.receive(stage.proposal(block), from: stage.leader)
        stage.node.settle()
        let taken = stage.node.log.takenCount
        #expect(stage.node.crypto.finish(), "the proposal is verified")
        stage.node.settle()
        #expect(stage.node.log.takenCount > taken, "the vote is on its way to the log")
        return (stage, block)
    }

    @Test("A vote leaves once its record is durable and it is signed, whichever comes last")
    func voteWaits() throws {
        for isSignedFirst in [true, false] {
            let (stage, block) = try Self.voting()
            let node = stage.node
            if isSignedFirst { #expect(node.crypto.finish()) } else { node.log.flush() }
            node.settle()
            #expect(try node.takeVotes() == [])
            if isSignedFirst { node.log.flush() } else { #expect(node.crypto.finish()) }
            node.settle()
            #expect(try node.takeVotes() == [stage.statement(.notarize, for: block)])
        }
    }

    @Test("A vote whose record the disk refuses never leaves, and the node says why, once")
    func refusedVote() throws {
        let (stage, _) = try Self.voting()
        let node = stage.node
        let waiting = [node.submit([1]), node.query(TestChain.get("a"))]
        let operations = stage.disk.log.operationCount
        stage.disk.log.setFaults { $0.powerCutAt = operations + 1 }
        node.log.isHeld = false
        node.crypto.isHeld = false
        node.settle()
        #expect(try node.takeVotes() == [])
        #expect(node.failures.count == 1)
        for answer in waiting { #expect(answer.results.count == 1) }
        // Nobody is listened to any more, and nothing is tried again.
        node.receive(
            .consensus(.vote(stage.vote(.notarize, for: stage.block(), by: stage.leader))),
            from: stage.leader)
        node.loop.advance(to: node.loop.now.advanced(by: .seconds(60)))
        node.settle()
        #expect(try node.takeMessages() == [])
        #expect(node.failures.count == 1)
        #expect(node.core.shared.current.trouble?.contains("injected fault") == true)
        #expect(!node.core.shared.current.status.isVoting)
        for answer in [node.submit([1]), node.query(TestChain.get("a"))] {
            guard case .failed? = answer.error else {
                Issue.record("\(answer.results)")
                continue
            }
        }
        #expect(node.core.counters.received == 1)
    }

    @Test("After the store has failed a vote does not leave, though its record becomes durable")
    func failedStore() throws {
        let (stage, _) = try Self.voting()
        let node = stage.node
        for _ in 0..<2 { node.core.fail(.storage(.diskFull(path: "store"))) }
        node.crypto.isHeld = false
        node.log.flush()
        node.settle()
        #expect(try node.takeMessages() == [])
        #expect(node.failures.count == 1)
    }

    @Test("An own batch leaves once it is durable and signed, and every link that comes gets it")
    func ownBatch() throws {
        let stage = try Stage()
        let node = stage.node
        node.log.isHeld = true
        let answer = node.submit(TestChain.set("a", "1"))
        node.settle()
        #expect(try node.takeMessages() == [])
        node.log.flush()
        node.settle()
        let sent = try node.takeMessages()
        guard case .ledger(.batch(let copy))? = sent.first else {
            Issue.record("\(sent)")
            return
        }
        #expect(copy.batch.author == node.core.settings.own && sent.count == 1)
        #expect(node.transport.takeSent().isEmpty)
        let peer = ValidatorIndex(stage.peers[1])
        let key = stage.keys[peer.rawValue].publicKey
        node.transport.delegate?.transport(
            connected: PeerIdentity(index: peer, key: key, fingerprint: key.fingerprint))
        node.settle()
        let again = node.transport.takeSent()
        #expect(again.contains { $0.recipient == peer && $0.lane == .batches })
        #expect(!answer.isThere)
    }

    @Test("A log without room is asked again when there is some, and what it was to take follows")
    func fullLog() throws {
        let network = try HeldNetwork()
        network.settle()
        let small = network.nodes[2]
        small.log.byteLimit = 400
        var answers: [Answer] = []
        for number in 0..<60 {
            answers.append(network.nodes[number % 4].submit(TestChain.set("key\(number)", "1")))
            if number.isMultiple(of: 7) { network.settle() }
        }
        try network.run(until: "all is answered") { answers.allSatisfy(\.isThere) }
        #expect(answers.allSatisfy { $0.text == "+OK\r\n" })
        #expect(small.log.refusalCount > 0)
        try network.run(until: "the one with the small log has executed as much") {
            small.core.host.replica.executedHeight
                == network.nodes[0].core.host.replica.committedHeight
        }
    }

    @Test("A command is answered once its block is executed, not when it is committed")
    func executedLate() throws {
        let network = try HeldNetwork()
        network.settle()
        let node = network.nodes[1]
        let before = node.core.host.replica.executedHeight
        let answer = node.submit(TestChain.set("a", "1"))
        node.isExecutorHeld = true
        try network.run(until: "it is committed") {
            node.core.host.replica.committedHeight > before
                && network.nodes[0].core.host.replica.executedHeight > before
        }
        #expect(!answer.isThere)
        #expect(node.core.host.replica.executedHeight == before)
        node.isExecutorHeld = false
        try network.run(until: "it is answered") { answer.isThere }
        #expect(answer.text == "+OK\r\n")
    }

    // MARK: Giving old records up

    private static func truncating() throws -> HeldNetwork {
        var options = HeldNode.Options()
        options.host.truncationBytes = 4_000
        options.host.largeBatchBytes = 512
        let network = try HeldNetwork(.ed25519, options)
        network.settle()
        return network
    }

    private static func write(_ count: Int, to network: HeldNetwork) throws {
        for number in 0..<count {
            let value = String(repeating: "x", count: 40 * (number % 20))
            let answer = network.nodes[number % 4].submit(TestChain.set("key\(number)", value))
            try network.run(until: "it is answered") { answer.isThere }
            #expect(answer.text == "+OK\r\n")
        }
    }

    @Test("Old records go once enough has come, again and again, and only what is durable")
    func retiring() throws {
        let network = try Self.truncating()
        try Self.write(60, to: network)
        for node in network.nodes {
            let retired = node.log.retired
            #expect(retired.count > 2)
            #expect(zip(retired, retired.dropFirst()).allSatisfy { $0 < $1 })
            let durable = try #require(node.log.durablePosition)
            #expect(retired.allSatisfy { $0 < durable })
        }
    }

    @Test("Old records stay while what they hold is not executed, or the store is not synced")
    func notExecuted() throws {
        let network = try Self.truncating()
        try Self.write(8, to: network)
        let node = network.nodes[3]
        node.isExecutorHeld = true
        network.settle()
        let count = node.log.retired.count
        for number in 0..<40 {
            let answer = network.nodes[number % 3].submit(TestChain.set("more\(number)", "1"))
            try network.run(until: "it is answered") { answer.isThere }
        }
        #expect(node.log.retired.count == count)
        #expect(network.nodes[0].log.retired.count > count)
        node.isExecutorHeld = false
        try network.run(until: "it is given up") { node.log.retired.count > count }
    }
}
