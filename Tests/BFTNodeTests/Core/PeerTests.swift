import BFTBase
import BFTCore
import BFTCrypto
import BFTLedger
import BFTTransport
import BFTWire
import ProtocolSimplex
import Testing

@testable import BFTNode

/// The core that ships and its peers: what is verified where, and who is cut off.
@Suite struct PeerTests {
    /// A stage whose signatures are checked on the loop or, by default, by the pool.
    private static func stage(isInline: Bool = false) throws -> Stage {
        try Stage(isInline ? .inline : HeldNode.Options())
    }

    private static func expect(
        _ node: HeldNode, cut: [Int] = [], forgeries: UInt64 = 0, malformed: UInt64 = 0,
        _ comment: Comment? = nil
    ) {
        #expect(node.transport.cut.map(\.rawValue) == cut, comment)
        #expect(node.core.counters.forgeries == forgeries, comment)
        #expect(node.core.counters.malformed == malformed, comment)
    }

    @Test("Whoever sends a false signature is cut off, wherever it is checked, and nobody else is")
    func forgery() throws {
        for isInline in [true, false] {
            let stage = try Self.stage(isInline: isInline)
            let (node, block) = (stage.node, stage.block())
            let (honest, liar) = (stage.peers[1], stage.peers[2])
            node.receive(
                .consensus(.vote(stage.vote(.notarize, for: block, by: honest))), from: honest)
            node.receive(
                .consensus(.vote(stage.vote(.notarize, for: block, by: liar, isGenuine: false))),
                from: liar)
            node.receive(stage.proposal(block), from: stage.leader)
            node.settle()
            Self.expect(node, cut: [liar], forgeries: 1, "inline: \(isInline)")
            #expect(node.core.counters.verified == 3)
            // What was sound in the same bunch counts.
            #expect(
                try node.takeVotes().contains(stage.statement(.notarize, for: block)))
            #expect(node.crypto.batchSizes.isEmpty == isInline)
        }
    }

    @Test("A false signature costs the one who passed it on, not the one in whose name it is")
    func passedOn() throws {
        for isInline in [true, false] {
            let stage = try Self.stage(isInline: isInline)
            let (voter, relay) = (stage.peers[1], stage.peers[2])
            let vote = stage.vote(.notarize, for: stage.block(), by: voter, isGenuine: false)
            stage.node.receive(.consensus(.vote(vote)), from: relay)
            stage.node.settle()
            Self.expect(stage.node, cut: [relay], forgeries: 1)
        }
    }

    @Test("An author that signs its batch falsely is cut off when somebody asks for it")
    func falseAuthorship() throws {
        for isPoolFull in [false, true] {
            for isGenuine in [false, true] {
                let stage = try Self.stage()
                let node = stage.node
                let (author, asker) = (stage.peers[1], stage.peers[2])
                let batch = TestChain.batch(author, 1, [("a", "1")])
                let copy = stage.copy(batch, isGenuine: isGenuine)
                node.receive(.ledger(.batch(copy)), from: author)
                node.settle()
                Self.expect(node)
                _ = node.transport.takeSent()
                node.crypto.isFull = isPoolFull
                node.receive(.ledger(.batchRequest([batch.reference])), from: asker)
                node.settle()
                Self.expect(
                    node, cut: isGenuine ? [] : [author], forgeries: isGenuine ? 0 : 1)
                let answers = node.transport.takeSent().filter {
                    $0.recipient == ValidatorIndex(asker)
                }
                // A false signature is not passed on.
                let bare = isGenuine ? copy : BatchCopy(batch)
                let expected = HeldNode.Message.ledger(.batch(bare)).encoded
                #expect(answers.map(\.bytes) == [expected])
                #expect(answers.allSatisfy { $0.lane == .batches })
            }
        }
    }

    @Test("Whoever sends what is no message is cut off")
    func malformed() throws {
        let stage = try Self.stage()
        let whole = stage.proposal(stage.block()).encoded
        let batch = HeldNode.Message.ledger(
            .batch(stage.copy(TestChain.batch(stage.leader, 1, [("a", "1")])))
        ).encoded
        let wrong: [(kind: UInt8, bytes: [UInt8])] = [
            (1, []), (1, [9]), (1, Array(whole.dropLast())), (1, whole + [0]), (0, whole),
            (2, whole), (1, Array(batch.dropLast())), (1, batch + [0]), (1, Array(batch.prefix(3))),
        ]
        for (kind, bytes) in wrong {
            let stage = try Self.stage()
            stage.node.receive(bytes, kind: kind, from: stage.peers[0])
            stage.node.settle()
            Self.expect(stage.node, cut: [stage.peers[0]], malformed: 1, "\(kind) \(bytes.count)")
        }
    }

    @Test("A validator that was cut off may come back, later each time, and is warned of once")
    func exile() throws {
        let stage = try Self.stage()
        let (node, liar) = (stage.node, stage.peers[2])
        var cuts = 0
        for seconds in [10, 40, 160, 640, 640] as [UInt64] {
            cuts += 1
            let begin = node.loop.now
            // What was under way when it was cut off costs nothing more.
            for _ in 0..<3 { node.receive([9], from: liar) }
            #expect(node.transport.cut.count == cuts)
            let end = begin.advanced(by: .seconds(seconds))
            node.loop.advance(to: Instant(nanoseconds: end.nanoseconds - 1))
            #expect(node.transport.allowed.count == cuts - 1)
            node.loop.advance(to: end)
            #expect(node.transport.allowed.count == cuts)
        }
        #expect(Set(node.transport.cut + node.transport.allowed) == [ValidatorIndex(liar)])
        #expect(node.core.counters.offences[.malformed] == 5)
        #expect(node.core.counters.malformed == 15)
    }

    @Test("Whoever breaks its link is kept away, and whoever restarts or falls silent is not")
    func brokenLinks() throws {
        let stage = try Self.stage()
        let (node, peer) = (stage.node, stage.peers[1])
        let key = stage.keys[peer].publicKey
        let identity = PeerIdentity(
            index: ValidatorIndex(peer), key: key, fingerprint: key.fingerprint)
        let innocent: [DisconnectReason] = [
            .closed, .superseded, .local, .handshakeTimeout, .violation(.silent(.seconds(10))),
        ]
        for reason in innocent {
            node.transport.delegate?.transport(disconnected: identity, reason: reason)
        }
        Self.expect(node)
        node.transport.delegate?.transport(
            disconnected: identity, reason: .violation(.strayFragment(.sync)))
        Self.expect(node, cut: [peer])
        #expect(node.core.counters.offences[.format] == 1)
        #expect(node.core.exiles.isAway(ValidatorIndex(peer)))
    }

    @Test(
        "A batch that nobody wants is dropped unread, malformed or not, and costs nobody the link")
    func unwantedBatch() throws {
        let stage = try Self.stage()
        // Passed on by somebody whom nobody asked.
        let copy = stage.copy(TestChain.batch(stage.leader, 1, [("a", "1")]))
        let bytes = HeldNode.Message.ledger(.batch(copy)).encoded
        stage.node.receive(Array(bytes.dropLast()), from: stage.peers[1])
        stage.node.receive(bytes, from: stage.peers[1])
        stage.node.settle()
        Self.expect(stage.node)
        #expect(stage.node.core.counters.received == 2)
        #expect(stage.node.core.host.replica.pendingBytes == 0)
        // From its author it is wanted.
        stage.node.receive(bytes, from: stage.leader)
        stage.node.settle()
        #expect(stage.node.core.host.replica.pendingBytes > 0)
    }

    @Test("What a full pool refuses is dropped and counted, and an own vote is signed all the same")
    func fullPool() throws {
        let stage = try Self.stage()
        let (node, block) = (stage.node, stage.block())
        node.crypto.isFull = true
        node.receive(stage.proposal(block), from: stage.leader)
        node.settle()
        Self.expect(node)
        #expect(node.core.counters.dropped == 1)
        #expect(try node.takeVotes() == [])
        node.crypto.isFull = false
        node.receive(stage.proposal(block), from: stage.leader)
        node.core.endTurn()
        #expect(node.crypto.finish())
        node.crypto.isFull = true
        node.settle()
        #expect(try node.takeVotes() == [stage.statement(.notarize, for: block)])
        #expect(node.crypto.signedCount == 0)
        #expect(node.core.counters.signed == 1)
    }

    @Test("What stands on no signature waits for no check, and does not count as checked")
    func unsigned() throws {
        let stage = try Self.stage()
        let node = stage.node
        node.crypto.isFull = true
        let vote = stage.vote(.notarize, for: stage.block(), by: stage.peers[1])
        node.receive(.consensus(.vote(vote)), from: stage.peers[1])
        node.receive(.ledger(.readProbe(nonce: 7)), from: stage.peers[2])
        node.settle()
        #expect(node.core.counters.verified == 1 && node.core.counters.dropped == 1)
        let claim = HeldNode.Message.ledger(.readClaim(nonce: 7, height: .zero))
        #expect(node.transport.takeSent().map(\.bytes) == [claim.encoded])
    }

    @Test("What comes in one turn is verified with each other")
    func together() throws {
        let stage = try Self.stage()
        let block = stage.block()
        for peer in stage.peers {
            stage.node.receive(
                .consensus(.vote(stage.vote(.notarize, for: block, by: peer))), from: peer)
        }
        stage.node.settle()
        #expect(stage.node.crypto.batchSizes == [3])
        // What is known is not verified again.
        stage.node.receive(
            .consensus(.vote(stage.vote(.notarize, for: block, by: stage.peers[1]))),
            from: stage.peers[2])
        stage.node.settle()
        #expect(stage.node.crypto.batchSizes == [3])
    }

    @Test("A peer that repeats itself for ever loses its own excess, and delays nobody else")
    func repetition() throws {
        let stage = try Self.stage()
        let (node, block) = (stage.node, stage.block())
        let (honest, liar) = (stage.peers[1], stage.peers[2])
        let limit = VerificationLimits(validatorCount: 4).checksPerPeer
        node.crypto.isHeld = true
        // Valid, and useful until the first of them is counted.
        let vote = stage.vote(.notarize, for: block, by: liar)
        for _ in 0..<limit + 3 { node.receive(.consensus(.vote(vote)), from: liar) }
        #expect(node.core.counters.dropped == 3)
        let other = HeldNode.Message.consensus(
            .vote(stage.vote(.notarize, for: block, by: honest)))
        node.receive(other, from: honest)
        #expect(node.core.counters.dropped == 3)
        node.settle()
        // Two bunches of a millisecond, with checks of 65 microseconds; the honest vote is in the
        // second, after a round.
        #expect(node.crypto.batchSizes == [16, 16])
        #expect(node.core.turns.checkCount == limit + 1 - 32)
        node.crypto.isHeld = false
        node.settle()
        // The rest became useless.
        #expect(node.crypto.batchSizes == [16, 16] && node.core.turns.isEmpty)
        #expect(node.core.verifying == 0)
        Self.expect(node)
        // It counts.
        #expect(!node.core.host.ask { $0.isUseful(other, from: ValidatorIndex(honest)) })
    }

    @Test("What waits of a peer that is cut off is not checked any more")
    func exiledTurns() throws {
        let stage = try Self.stage()
        let (node, liar) = (stage.node, stage.peers[2])
        let vote = stage.vote(.notarize, for: stage.block(), by: liar)
        node.receive(.consensus(.vote(vote)), from: liar)
        node.receive([9], from: liar)
        node.settle()
        Self.expect(node, cut: [liar], malformed: 1)
        #expect(node.crypto.batchSizes.isEmpty)
    }

    @Test("What became useless while its turn came is not verified on the loop")
    func useless() throws {
        let stage = try Self.stage(isInline: true)
        for isGenuine in [true, false] {
            let vote = stage.vote(
                .notarize, for: stage.block(), by: stage.peers[1], isGenuine: isGenuine)
            stage.node.receive(.consensus(.vote(vote)), from: stage.peers[isGenuine ? 1 : 2])
        }
        stage.node.settle()
        Self.expect(stage.node)
    }

    @Test("A peer's requests are served up to what it may have under way, and again after that")
    func requests() throws {
        let network = try HeldNetwork()
        network.settle()
        let node = network.nodes[0]
        let answer = node.submit(TestChain.set("a", "1"))
        try network.run(until: "it is answered") { answer.isThere }
        node.settle()
        _ = node.transport.takeSent()
        node.isExecutorHeld = true
        func ask(_ count: Int, as peer: Int) {
            for _ in 0..<count {
                node.receive(.ledger(.syncRequest(.from(Height(1)))), from: peer)
            }
            node.settle()
        }
        // Sixteen reads each.
        let limit = 2 * LedgerLimits.batchRequestLimit / 16
        ask(limit, as: 1)
        #expect(node.core.counters.dropped == 0)
        ask(1, as: 1)
        #expect(node.core.counters.dropped == 1)
        ask(1, as: 2)
        #expect(node.core.counters.dropped == 1)
        node.isExecutorHeld = false
        node.settle()
        func answers() -> Int {
            node.transport.takeSent().count { $0.recipient != nil && $0.lane == .sync }
        }
        #expect(answers() == limit + 1)
        ask(limit, as: 1)
        #expect(node.core.counters.dropped == 1)
        #expect(answers() == limit)
    }

    @Test("So much is read from disk for a peer in a second, and more once time has passed")
    func reads() throws {
        let stage = try Self.stage()
        let (node, peer) = (stage.node, stage.leader)
        func ask() {
            node.receive(.ledger(.syncRequest(.from(Height(0)))), from: peer)
            node.settle()
        }
        // Each counts for sixteen reads of 4 KiB at least, and the last may go beyond a second.
        let limit = LedgerLimits().answerBytes / (16 * 4_096)
        var count = 0
        while node.core.counters.dropped == 0, count < 2 * limit {
            ask()
            count += 1
        }
        #expect(count == limit + 2)
        node.loop.advance(to: node.loop.now.advanced(by: .milliseconds(1)))
        ask()
        #expect(node.core.counters.dropped == 1)
    }

    @Test("Contradictions are counted where the configuration wants them")
    func evidence() throws {
        for isWanted in [true, false] {
            var options = HeldNode.Options()
            options.reportsEvidence = isWanted
            let stage = try Stage(options)
            let liar = stage.peers[1]
            for block in [stage.block(), stage.block(later: 1)] {
                let vote = stage.vote(.notarize, for: block, by: liar)
                stage.node.receive(.consensus(.vote(vote)), from: liar)
                stage.node.settle()
            }
            #expect(stage.node.core.counters.evidence == (isWanted ? 1 : 0))
            Self.expect(stage.node)
        }
    }

    @Test("The loop checks a few signatures itself, and more only as time passes")
    func inlineChecks() throws {
        var options = HeldNode.Options()
        // Six signatures of 65 microseconds, and a little.
        options.inlineChecks = RateLimit(perSecond: 65_000_000, burst: 400_000)
        let stage = try Stage(options)
        let (node, block) = (stage.node, stage.block())
        func vote(_ kind: VoteKind, by voter: Int) {
            node.receive(.consensus(.vote(stage.vote(kind, for: block, by: voter))), from: voter)
        }
        for kind in [VoteKind.notarize, .finalize] {
            for peer in stage.peers { vote(kind, by: peer) }
            node.settle()
        }
        #expect(node.core.counters.verified == 6 && node.crypto.batchSizes.isEmpty)
        node.receive(stage.proposal(block), from: stage.leader)
        node.settle()
        #expect(node.core.counters.verified == 7 && node.crypto.batchSizes == [1])
    }

    @Test("The loop makes short signatures itself, and the pool what would be too many of them")
    func inlineSignatures() throws {
        let cost = try SigningKey.generate(.ed25519).signCost
        for (longest, budget, isByPool) in [
            (cost, 2 * cost.nanoseconds, 0), (cost, cost.nanoseconds, 1),
            (cost, cost.nanoseconds - 1, 2),
            (Interval(nanoseconds: cost.nanoseconds - 1), 2 * cost.nanoseconds, 2),
        ] {
            var options = HeldNode.Options()
            options.inlineSigning = longest
            options.inlineSignatures = RateLimit(perSecond: 1, burst: budget)
            let stage = try Stage(options)
            let node = stage.node
            for number in 1...2 {
                _ = node.submit(TestChain.set("key", "\(number)"))
                node.settle()
            }
            // Two batches.
            #expect(node.core.counters.signed == 2 && node.crypto.signedCount == isByPool)
        }
    }

    @Test("A message goes where its kind belongs, and what was rejected is counted")
    func lanes() throws {
        typealias Core = HeldNode.Core
        let stage = try Self.stage()
        let block = stage.block()
        let reference = TestChain.batch(0, 1, [("a", "1")]).reference
        #expect(Core.lane(of: stage.proposal(block)) == .consensus)
        #expect(Core.lane(of: .ledger(.readProbe(nonce: 1))) == .consensus)
        #expect(Core.lane(of: .ledger(.readClaim(nonce: 1, height: .zero))) == .consensus)
        #expect(Core.lane(of: .ledger(.batchRequest([reference]))) == .batches)
        #expect(Core.lane(of: .ledger(.syncRequest(.from(.zero)))) == .sync)
        #expect(Core.lane(of: .ledger(.syncAncestors([block]))) == .sync)
        // Nobody asked for it: it is not looked at.
        stage.node.receive(.ledger(.syncAncestors([block])), from: stage.leader)
        #expect(stage.node.core.counters.rejections == 0)
        // The second batch of a sequence is.
        for value in ["1", "2"] {
            let copy = stage.copy(TestChain.batch(stage.leader, 1, [("a", value)]))
            stage.node.receive(.ledger(.batch(copy)), from: stage.leader)
        }
        #expect(stage.node.core.counters.rejections == 1)
    }

    @Test("A view without a proposal is given up when its time is over, and not before")
    func timer() throws {
        let stage = try Self.stage()
        let node = stage.node
        let deadline = try #require(node.loop.deadline)
        node.loop.advance(to: Instant(nanoseconds: deadline.nanoseconds - 1))
        node.settle()
        #expect(try node.takeVotes() == [])
        for _ in 0..<8 {
            guard let next = node.loop.deadline else { break }
            node.loop.advance(to: next)
            node.settle()
            let votes = try node.takeVotes()
            guard !votes.isEmpty else { continue }
            #expect(votes.allSatisfy { $0.view == View(1) && $0.kind != .notarize })
            let waited = node.loop.now.since(Instant(nanoseconds: 1_000_000_000))
            #expect(waited >= .milliseconds(500) && waited < .seconds(1))
            return
        }
        Issue.record("the view is never given up")
    }
}
