import BFTBase
import BFTCore
import Foundation
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// Who can have a batch ordered in whose name.
@Suite struct AuthorshipTests {
    /// A ledger that plays scenes.
    final class Scene {
        var ledger: Ledger
        var effects: [ReplicaEffect<Simplex>] = []
        var valid: Set<Digest> = []

        init(skipping check: BatchCheck? = nil, _ change: (inout LedgerLimits) -> Void = { _ in }) {
            var limits = LedgerLimits()
            limits.skippedCheck = check
            change(&limits)
            ledger = Fixture.ledger(limits: limits)
        }

        func tell(_ input: LedgerInput, at milliseconds: UInt64 = 100) {
            effects += ledger.tell(input, at: Fixture.at(milliseconds)).effects
        }

        /// What a host does with a copy: it asks first, and says whether the ledger heard it.
        @discardableResult
        func give(
            _ copy: BatchCopy, from sender: Int, at milliseconds: UInt64 = 100
        ) -> Bool {
            let sender = ValidatorIndex(sender)
            let isUseful =
                (try? ledger.check(BatchHead(of: copy), from: sender)) != nil
                && ledger.isUseful(copy, from: sender)
            guard isUseful else { return false }
            receive(copy, from: sender, at: milliseconds)
            return true
        }

        /// The ledger hears a copy, whatever it is worth.
        func receive(
            _ copy: BatchCopy, from sender: ValidatorIndex, at milliseconds: UInt64 = 100
        ) {
            let now = Fixture.at(milliseconds)
            effects += ledger.hear(.batch(copy), from: sender.rawValue, at: now).effects
            settle(at: milliseconds)
        }

        func propose(
            _ block: Block, isCertified: Bool = false, voters: [Int] = [],
            at milliseconds: UInt64 = 0
        ) {
            var bitmap = Bitmap(count: 4)
            for voter in voters { bitmap.insert(voter) }
            let branch = Branch(
                root: Fixture.genesis, ancestors: [], tip: block, isCertified: isCertified,
                voters: voters.isEmpty ? nil : bitmap)
            tell(.judge(branch), at: milliseconds)
            settle(at: milliseconds)
            settle(at: milliseconds + 30)
        }

        func settle(at milliseconds: UInt64) {
            let turn = ledger.settleAgain(at: Fixture.at(milliseconds), wallTime: 1_000)
            effects += turn.effects
            for case .judged(let digest, .valid) in turn.told { valid.insert(digest) }
        }

        func isValid(_ block: Block) -> Bool { valid.contains(block.digest) }

        /// The authors' words that the ledger wants to be checked, and that were not answered.
        var asked: [Vote] {
            effects.compactMap { if case .checkAuthorship(let vote) = $0 { vote } else { nil } }
        }

        /// What a host finds out about them: whether the author signed the statement.
        func answerChecks() {
            let asked = asked
            effects.removeAll { if case .checkAuthorship = $0 { true } else { false } }
            for vote in asked {
                let isGenuine = vote.signature != Self.falseSignature
                tell(.authorshipChecked(vote, isGenuine: isGenuine))
            }
        }

        static let falseSignature: [UInt8] = [0]

        /// A copy that its author signed falsely.
        static func falselySigned(_ batch: Batch) -> BatchCopy {
            BatchCopy(
                batch,
                Authorship(chain: Fixture.chain, epoch: .zero, signature: falseSignature))
        }

        func request(_ batch: Batch, by peer: Int) {
            let request = LedgerMessage.batchRequest([batch.reference])
            effects += ledger.hear(request, from: peer, at: Fixture.at(100)).effects
        }

        /// The peers that were sent `copy`.
        func receivers(of copy: BatchCopy) -> [Int] {
            effects.compactMap {
                if case .send(.ledger(.batch(copy)), let peer) = $0 { peer.rawValue } else { nil }
            }
        }

        var drafted: [BatchReference] {
            ledger.draft(
                on: Branch(root: Fixture.genesis, ancestors: [], tip: Fixture.genesis),
                at: Fixture.at(200)
            ).payload
        }

        var accused: [ValidatorIndex] {
            effects.compactMap {
                if case .accuse(let evidence) = $0 { evidence.culprit } else { nil }
            }
        }
    }

    /// Whether the ledger does right in a scene that needs `check`.
    private static func isSound(_ check: BatchCheck, skipping skipped: BatchCheck?) -> Bool {
        let scene = Scene(skipping: skipped)
        let batch = Fixture.batch(3, 1)
        switch check {
        case .chain:
            scene.give(Fixture.signed(batch, chain: Digest(1, 2, 3, 4)), from: 3)
            return !scene.ledger.pool.isHeld(batch.reference)
        case .epoch:
            scene.give(Fixture.signed(batch, epoch: Epoch(1)), from: 3)
            return !scene.ledger.pool.isHeld(batch.reference)
        case .authorship:
            let block = Fixture.block(on: Fixture.genesis, payload: [batch])
            scene.propose(block)
            scene.give(BatchCopy(batch), from: 1)
            return !scene.isValid(block)
        case .signature:
            scene.give(Scene.falselySigned(batch), from: 3)
            scene.request(batch, by: 1)
            scene.answerChecks()
            return scene.receivers(of: Scene.falselySigned(batch)).isEmpty
        case .invitation:
            return !scene.give(Fixture.signed(batch), from: 2)
        case .contradiction:
            scene.give(Fixture.signed(batch), from: 3)
            scene.give(Fixture.signed(Fixture.batch(3, 1, 9)), from: 3)
            scene.answerChecks()
            return scene.accused == [ValidatorIndex(3)]
        case .standing: return keepsWhatIsNeeded(scene)
        case .budget:
            let scene = Scene(skipping: skipped) { $0.answerBytes = 1_000 }
            let batch = Fixture.batch(2, 1, size: 300)
            scene.give(Fixture.signed(batch), from: 2)
            for _ in 0..<100 {
                scene.request(batch, by: 1)
                scene.answerChecks()
            }
            return scene.receivers(of: Fixture.signed(batch)).count <= 4
        }
    }

    /// A proposal waits for one batch while others of the place of its first are asked for.
    private static func keepsWhatIsNeeded(_ scene: Scene) -> Bool {
        let (first, second) = (Fixture.batch(3, 1), Fixture.batch(2, 1))
        let block = Fixture.block(on: Fixture.genesis, payload: [first, second])
        scene.give(Fixture.signed(first), from: 3)
        scene.propose(block)
        for content in UInt8(1)...6 {
            let other = Fixture.batch(3, 1, content)
            scene.propose(
                Fixture.block(
                    on: Fixture.genesis, payload: [other, second], time: 6 + UInt64(content),
                    applied: AppliedState(height: .zero, root: Digest(0, 0, 0, 0))))
            scene.give(Fixture.signed(other), from: 1)
        }
        scene.give(Fixture.signed(second), from: 2)
        return scene.isValid(block) && scene.ledger.pool.isHeld(first.reference)
    }

    @Test(
        "Each check of a batch is needed: a scene goes wrong without it",
        arguments: BatchCheck.allCases)
    func checks(check: BatchCheck) {
        #expect(Self.isSound(check, skipping: nil))
        #expect(!Self.isSound(check, skipping: check))
        guard ProcessInfo.processInfo.environment["MUTANTS"] != nil else { return }
        // For Scripts/mutants, which makes the table.
        print("check | BatchCheck | \(check) | its scene of `AuthorshipTests`")
    }

    @Test("Nobody's vote goes to a block with a batch that its author did not sign")
    func unsigned() {
        let batch = Fixture.batch(3, 1)
        let block = Fixture.block(on: Fixture.genesis, payload: [batch])
        let scene = Scene()
        scene.propose(block)
        scene.receive(BatchCopy(batch), from: ValidatorIndex(1))
        #expect(
            scene.effects.contains(.rejectedLedger(.batch(.unsigned), from: ValidatorIndex(1))))
        #expect(!scene.isValid(block) && scene.ledger.fetcher.isWanted(batch.reference))
        #expect(scene.give(Fixture.signed(batch), from: 1))
        #expect(scene.isValid(block))
    }

    @Test("For a block that somebody honest has voted for, a bare batch does, and is not proposed")
    func bare() {
        let batch = Fixture.batch(3, 1)
        let block = Fixture.block(on: Fixture.genesis, payload: [batch])
        let scene = Scene()
        scene.propose(block)
        #expect(!scene.give(BatchCopy(batch), from: 2))
        scene.propose(block, isCertified: true, voters: [1, 2])
        #expect(scene.give(BatchCopy(batch), from: 2))
        #expect(scene.isValid(block) && !scene.ledger.pool.hasWork)
        // The signature comes after all, and then others can be given the batch.
        #expect(scene.give(Fixture.signed(batch), from: 3))
        #expect(scene.ledger.pool.hasWork)
        #expect(scene.ledger.pool.copy(batch.reference) == Fixture.signed(batch))
        #expect(!scene.give(Fixture.signed(batch), from: 3))
    }

    @Test("What a committed block lacks needs no signature")
    func committed() {
        let batch = Fixture.batch(3, 1)
        let block = Fixture.block(on: Fixture.genesis, payload: [batch])
        let scene = Scene()
        scene.tell(.commit(Fixture.run([block])))
        scene.settle(at: 0)
        #expect(!scene.give(BatchCopy(Fixture.batch(3, 1, 9)), from: 2))
        #expect(scene.give(BatchCopy(batch), from: 2))
        #expect(scene.effects.contains { if case .execute = $0 { true } else { false } })
    }

    @Test("An author that signs two batches of a sequence is accused once, and not heard again")
    func contradiction() throws {
        let scene = Scene()
        let copies = (UInt8(0)..<9).map { Fixture.signed(Fixture.batch(3, 1, $0)) }
        #expect(scene.give(copies[0], from: 3) && scene.give(copies[1], from: 3))
        #expect(scene.accused.isEmpty && scene.asked.count == 2)
        #expect(scene.give(copies[2], from: 3) && scene.asked.count == 2)
        scene.answerChecks()
        #expect(scene.accused == [ValidatorIndex(3)])
        for copy in copies[2...] { #expect(!scene.give(copy, from: 3)) }
        #expect(scene.accused == [ValidatorIndex(3)])
        let evidence = try #require(
            scene.effects.compactMap { effect -> Evidence? in
                if case .accuse(let evidence) = effect { evidence } else { nil }
            }.first)
        #expect(
            evidence.claims == copies[0].claims + copies[1].claims
                || evidence.claims == copies[1].claims + copies[0].claims)
        // The one that a proposal names finds room all the same.
        let block = Fixture.block(on: Fixture.genesis, payload: [copies[5].batch])
        scene.propose(block)
        #expect(scene.give(copies[5], from: 1) && scene.isValid(block))
    }

    @Test(
        "What comes over its author's link is proposed unchecked, and checked once for all askers")
    func linked() {
        let (scene, copy) = (Scene(), Fixture.signed(Fixture.batch(3, 1)))
        #expect(scene.give(copy, from: 3) && scene.asked.isEmpty)
        #expect(scene.drafted == [copy.reference])
        for peer in [1, 2, 1] { scene.request(copy.batch, by: peer) }
        #expect(scene.asked == [copy.authorship?.vote(for: copy.reference)])
        #expect(scene.receivers(of: copy).isEmpty)
        scene.answerChecks()
        #expect(scene.receivers(of: copy) == [1, 2])
        scene.request(copy.batch, by: 1)
        #expect(scene.receivers(of: copy) == [1, 2, 1] && scene.asked.isEmpty)
        // What somebody else sends was checked before.
        let other = Fixture.signed(Fixture.batch(2, 1))
        scene.propose(Fixture.block(on: Fixture.genesis, payload: [other.batch]))
        #expect(scene.give(other, from: 1))
        scene.request(other.batch, by: 3)
        #expect(scene.receivers(of: other) == [3] && scene.asked.isEmpty)
    }

    @Test("After one false signature nothing of its author is proposed unchecked")
    func distrust() {
        let scene = Scene()
        let first = Fixture.batch(3, 1)
        let (second, third) = (Fixture.signed(Fixture.batch(3, 2)), Fixture.batch(3, 3))
        scene.give(Scene.falselySigned(first), from: 3)
        scene.give(second, from: 3)
        #expect(scene.drafted == [first.reference, second.reference])
        #expect(!scene.ledger.pool.isDistrusted(ValidatorIndex(3)))
        scene.request(first, by: 1)
        scene.answerChecks()
        #expect(scene.ledger.pool.isDistrusted(ValidatorIndex(3)))
        // Others may need the first for a block that names it, and it is still here.
        #expect(scene.receivers(of: BatchCopy(first)) == [1])
        #expect(
            scene.drafted.isEmpty && scene.asked == [second.authorship?.vote(for: second.reference)]
        )
        scene.answerChecks()
        let run = Fixture.run([Fixture.block(on: Fixture.genesis, payload: [first])])
        scene.tell(.commit(run))
        scene.settle(at: 300)
        #expect(scene.ledger.pool.hasWork)
        // The host has checked what it takes from that author since.
        scene.give(Fixture.signed(third), from: 3)
        scene.request(third, by: 1)
        #expect(scene.asked.isEmpty && scene.receivers(of: Fixture.signed(third)) == [1])
    }

    @Test("A leader learns of a false signature in its view, whatever it was made to seem to owe")
    func slander() throws {
        var peer = Fixture.ledger(own: 1)
        /// The first request of the peer to v0 for what `block` lacks, and when.
        func asksLeader(for block: Block, from start: UInt64) -> UInt64? {
            let branch = Branch(root: Fixture.genesis, ancestors: [], tip: block)
            peer.tell(.judge(branch), at: Fixture.at(start))
            let request = ReplicaMessage<Simplex>.ledger(.batchRequest(block.payload))
            var now = Fixture.at(start)
            while now < Fixture.at(start + 1_000) {
                let turn = peer.settle(at: now, wallTime: 1_000)
                if turn.effects.contains(.send(request, to: ValidatorIndex(0))) {
                    return now.nanoseconds / 1_000_000 - start
                }
                now = peer.nextDeadline ?? Fixture.at(start + 1_000)
            }
            return nil
        }
        let madeUp = Fixture.block(
            on: Fixture.genesis, view: 1, payload: [Fixture.batch(0, 1)], proposer: 3)
        #expect(asksLeader(for: madeUp, from: 0) == 220)
        // The view ends. What v3 has signed falsely and shown to v0 alone, v0 proposes.
        let leader = Scene()
        let batch = Fixture.batch(3, 1)
        leader.give(Scene.falselySigned(batch), from: 3)
        #expect(leader.drafted == [batch.reference])
        let block = Fixture.block(on: Fixture.genesis, view: 2, payload: [batch], proposer: 0)
        #expect(asksLeader(for: block, from: 1_000) == 20)
        leader.request(batch, by: 1)
        leader.answerChecks()
        #expect(leader.ledger.pool.isDistrusted(ValidatorIndex(3)) && leader.drafted.isEmpty)
    }

    @Test("After a view that an honest leader lost, only what is checked is proposed")
    func caution() {
        let (scene, copy) = (Scene(), Fixture.signed(Fixture.batch(3, 1)))
        scene.give(copy, from: 3)
        func drafted(in view: UInt64) -> [BatchReference] {
            let branch = Branch(root: Fixture.genesis, ancestors: [], tip: Fixture.genesis)
            let isCautious = Ledger.hasHonestFailed(
                after: Fixture.genesis.view, before: View(view), in: scene.ledger.configuration
            ) { ValidatorIndex(Int($0.rawValue % 4)) }
            return scene.ledger.draft(
                on: branch, isCautious: isCautious, at: Fixture.at(200)
            ).payload
        }
        let tip = Fixture.genesis.view.rawValue
        for view in tip...tip + 2 { #expect(drafted(in: view) == [copy.reference]) }
        scene.settle(at: 200)
        #expect(scene.asked.isEmpty && drafted(in: tip + 3).isEmpty)
        scene.settle(at: 200)
        #expect(scene.asked == [copy.authorship?.vote(for: copy.reference)])
        scene.answerChecks()
        #expect(drafted(in: tip + 3) == [copy.reference])
    }

    @Test(
        "That somebody honest lost a view is told by power, not by views, and of one's own at once")
    func lostViews() throws {
        func isLost(_ leaders: [Int], powers: [VotingPower]) throws -> Bool {
            let configuration = ReplicaConfiguration(
                chain: Fixture.chain, epoch: .zero, validators: try ValidatorSet(powers),
                own: ValidatorIndex(0),
                timing: .init(viewTimeout: .seconds(1), idleInterval: .seconds(1)))
            return Ledger.hasHonestFailed(
                after: View(7), before: View(8 + UInt64(leaders.count)), in: configuration
            ) { ValidatorIndex(leaders[Int($0.rawValue) - 8]) }
        }
        #expect(try !isLost([], powers: [1, 1, 1, 1]))
        // A tenure of one leader.
        #expect(try !isLost([1, 1, 1, 1, 1, 1], powers: [1, 1, 1, 1]))
        #expect(try isLost([1, 1, 1, 2], powers: [1, 1, 1, 1]))
        #expect(try isLost([0], powers: [1, 1, 1, 1]) && isLost([0, 1, 1], powers: [1, 1, 1, 1]))
        #expect(try !isLost([2, 3, 4, 2, 3], powers: [4, 4, 1, 1, 1]))
        #expect(try isLost([2, 1], powers: [4, 4, 1, 1, 1]))
    }

    @Test("A batch of the log that is far ahead is checked once for all who ask")
    func far() {
        let copy = Fixture.signed(Fixture.batch(3, 1 << 40))
        let scene = Scene()
        scene.ledger.pool.recover(copy)
        for peer in [1, 2] { scene.request(copy.batch, by: peer) }
        scene.answerChecks()
        #expect(scene.receivers(of: copy) == [1, 2] && scene.asked.isEmpty)
        scene.request(copy.batch, by: 1)
        #expect(scene.receivers(of: copy) == [1, 2, 1] && scene.asked.isEmpty)
    }

    @Test("Nobody is accused for a signature that is false")
    func falseAccusation() {
        for (first, second) in [(true, false), (false, true), (false, false)] {
            let scene = Scene()
            for (content, isGenuine) in [(UInt8(1), first), (2, second)] {
                let batch = Fixture.batch(3, 1, content)
                scene.give(
                    isGenuine ? Fixture.signed(batch) : Scene.falselySigned(batch), from: 3)
            }
            scene.answerChecks()
            scene.answerChecks()
            #expect(scene.accused.isEmpty)
            #expect(scene.ledger.pool.isDistrusted(ValidatorIndex(3)))
        }
    }

    @Test("Two names of one sequence contradict each other, whatever it is that they differ by")
    func statements() {
        let reference = Fixture.batch(3, 7).reference
        func vote(_ reference: BatchReference, epoch: Epoch = .zero) -> Vote {
            Authorship(chain: Fixture.chain, epoch: epoch, signature: [1]).vote(for: reference)
        }
        func named(sequence: UInt64 = 7, digest: Digest? = nil, byteCount: Int? = nil) -> Vote {
            vote(
                BatchReference(
                    author: ValidatorIndex(3), sequence: BatchSequence(sequence),
                    digest: digest ?? reference.digest,
                    byteCount: byteCount ?? reference.byteCount))
        }
        let first = vote(reference)
        #expect(Evidence(first, named()) == nil)
        #expect(Evidence(first, named(digest: .zero)) != nil)
        #expect(Evidence(first, named(byteCount: 99)) != nil)
        #expect(Evidence(first, named(sequence: 8)) == nil)
        #expect(Evidence(first, vote(Fixture.batch(2, 7).reference)) == nil)
        #expect(Evidence(first, vote(Fixture.batch(3, 7, 9).reference, epoch: Epoch(1))) == nil)
    }

    @Test("A flood costs no check of a signature: too far ahead, too much, or of no author")
    func flood() {
        let scene = Scene {
            $0.batchesPerAuthor = 4
            $0.bytesPerAuthor = 60
        }
        #expect(scene.give(Fixture.signed(Fixture.batch(3, 1)), from: 3))
        for sequence in [5, 4_096, 1 << 40, UInt64.max] {
            #expect(!scene.give(Fixture.signed(Fixture.batch(3, sequence)), from: 3))
        }
        #expect(!scene.give(Fixture.signed(Fixture.batch(3, 2, size: 60)), from: 3))
        #expect(!scene.give(Fixture.signed(Fixture.batch(9, 1)), from: 3))
        #expect(!scene.give(BatchCopy(Fixture.batch(3, 2)), from: 3))
        #expect(scene.give(Fixture.signed(Fixture.batch(3, 2)), from: 3))
    }
}
