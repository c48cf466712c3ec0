import BFTBase
import BFTCore
import Foundation
import ProtocolSimplex
import Testing

@testable import BFTLedger

@Suite struct FetchTests {
    static func fetcher(_ change: (inout LedgerLimits) -> Void = { _ in }) -> BatchFetcher {
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(100)
        change(&limits)
        return BatchFetcher(validatorCount: 4, own: ValidatorIndex(0), limits: limits)
    }

    /// Without votes.
    static func proposer(_ index: Int) -> BatchFetcher.Holders {
        BatchFetcher.Holders(proposer: ValidatorIndex(index))
    }

    static func voters(_ indices: [Int], of count: Int, proposer: Int) -> BatchFetcher.Holders {
        var voters = Bitmap(count: count)
        for index in indices { voters.insert(index) }
        return BatchFetcher.Holders(
            proposer: ValidatorIndex(proposer), voters: voters, isCertified: true)
    }

    @Test("A batch is asked of its proposer, of its author among two, and then of all the others")
    func rotation() {
        var fetcher = BatchFetcher(
            validatorCount: 7, own: ValidatorIndex(0), limits: LedgerLimits())
        let batch = Fixture.batch(3, 1).reference
        fetcher.want(batch, of: Self.proposer(5), at: Fixture.at(0))
        var steps: [[Int]] = []
        var now = Fixture.at(0)
        while steps.reduce(0, { $0 + $1.count }) < 6, let next = fetcher.nextDeadline {
            now = next
            let requests = fetcher.dueRequests(at: now)
            #expect(requests.allSatisfy { $0.1 == [batch] })
            steps.append(requests.map(\.peer.rawValue))
        }
        #expect(steps == [[5], [1, 3], [2, 4, 6]])
        #expect(now == Fixture.at(400))
        // After a pause, all again, the proposer among the first though it did not answer. Of the
        // author, in whose name it may have made the batch up, nobody thinks the worse.
        var again: [Int] = []
        for _ in 0..<5 {
            guard let next = fetcher.nextDeadline else { break }
            now = next
            again += fetcher.dueRequests(at: now).map(\.peer.rawValue)
        }
        #expect(again.count == 6 && again.prefix(2) == [3, 5])
        fetcher.found(batch, from: ValidatorIndex(2), at: now)
        #expect(fetcher.nextDeadline == nil)
    }

    @Test("Those who voted are asked first, and at once when they are known")
    func voters() {
        var fetcher = BatchFetcher(
            validatorCount: 7, own: ValidatorIndex(0), limits: LedgerLimits())
        let batch = Fixture.batch(3, 1).reference
        fetcher.want(batch, of: Self.proposer(5), at: Fixture.at(0))
        #expect(fetcher.dueRequests(at: Fixture.at(0)).map(\.peer.rawValue) == [5])
        fetcher.want(batch, of: Self.voters([2, 4], of: 7, proposer: 5), at: Fixture.at(10))
        #expect(fetcher.dueRequests(at: Fixture.at(10)).map(\.peer.rawValue) == [2])
        #expect(fetcher.dueRequests(at: Fixture.at(210)).first?.peer.rawValue == 4)
    }

    /// How long a replica takes to get `count` batches of a block that `voters` have voted for,
    /// when those of them who are malicious answer nothing or, if they drip, one batch each while
    /// patience lasts.
    static func time(toGet count: UInt64, silent: Set<Int>, drips: Bool = false) -> UInt64? {
        var fetcher = BatchFetcher(
            validatorCount: 7, own: ValidatorIndex(0), limits: LedgerLimits())
        let holders = voters([1, 2, 3, 4, 5], of: 7, proposer: 1)
        for sequence in 1...count {
            fetcher.want(Fixture.batch(1, sequence).reference, of: holders, at: Fixture.at(0))
        }
        var arrivals: [(at: UInt64, from: Int, reference: BatchReference)] = []
        var lastDrip: [Int: UInt64] = [:]
        var now: UInt64 = 0
        while now < 60_000 {
            for arrival in arrivals where arrival.at == now {
                fetcher.found(
                    arrival.reference, from: ValidatorIndex(arrival.from), at: Fixture.at(now))
            }
            arrivals.removeAll { $0.at <= now }
            for (peer, references) in fetcher.dueRequests(at: Fixture.at(now)) {
                for reference in references where peer.rawValue < 6 {
                    if silent.contains(peer.rawValue) {
                        let last = lastDrip[peer.rawValue] ?? now
                        guard drips, last < now + 2_000 else { continue }
                        lastDrip[peer.rawValue] = last + 150
                        arrivals.append((last + 150, peer.rawValue, reference))
                    } else {
                        arrivals.append((now + 2, peer.rawValue, reference))
                    }
                }
            }
            guard let due = fetcher.nextDeadline else { return now }
            let next = arrivals.map(\.at).min() ?? UInt64.max
            now = max(now + 1, min(next, (due.nanoseconds + 999_999) / 1_000_000))
        }
        return nil
    }

    @Test("Who does not answer delays batches by less than one time for an answer, in all")
    func silentPeers() throws {
        let honest = try #require(Self.time(toGet: 1_024, silent: []))
        #expect(honest < 100)
        for silent in [[1], [2], [5]] as [Set<Int>] {
            #expect(try #require(Self.time(toGet: 1_024, silent: silent)) < 500)
            #expect(try #require(Self.time(toGet: 1, silent: silent)) < 500)
            #expect(try #require(Self.time(toGet: 1_024, silent: silent, drips: true)) < 700)
        }
        #expect(try #require(Self.time(toGet: 1_024, silent: [1, 2])) < 700)
    }

    @Test("Who did not answer is asked last from then on, whatever it is that is wanted")
    func memory() {
        var fetcher = BatchFetcher(
            validatorCount: 7, own: ValidatorIndex(0), limits: LedgerLimits())
        func want(_ sequence: UInt64, at now: UInt64) -> [Int] {
            let reference = Fixture.batch(1, sequence).reference
            fetcher.want(
                reference, of: Self.voters([1, 2], of: 7, proposer: 1), at: Fixture.at(now))
            return fetcher.dueRequests(at: Fixture.at(now)).map(\.peer.rawValue)
        }
        #expect(want(1, at: 0) == [1])
        #expect(fetcher.dueRequests(at: Fixture.at(200)).first?.peer.rawValue == 2)
        fetcher.found(
            Fixture.batch(1, 1).reference, from: ValidatorIndex(2), at: Fixture.at(201))
        #expect(want(2, at: 300) == [2])
        fetcher.found(
            Fixture.batch(1, 2).reference, from: ValidatorIndex(2), at: Fixture.at(301))
        // It answers all that it was asked for, and is as good as the others again.
        #expect(want(3, at: 400) == [2])
        #expect(fetcher.dueRequests(at: Fixture.at(600)).map(\.peer.rawValue).contains(1))
        fetcher.found(
            Fixture.batch(1, 3).reference, from: ValidatorIndex(1), at: Fixture.at(601))
        #expect(want(4, at: 700) == [1])
    }

    @Test("A batch that nobody wanted does not lengthen the wait for one that was asked for")
    func unwanted() {
        var fetcher = Self.fetcher { $0.answerTimeout = .seconds(9) }
        let wanted = Fixture.batch(1, 1).reference
        fetcher.want(wanted, of: Self.voters([1, 2], of: 4, proposer: 1), at: Fixture.at(0))
        #expect(fetcher.dueRequests(at: Fixture.at(0)).map(\.peer.rawValue) == [1])
        fetcher.found(
            Fixture.batch(3, 1).reference, from: ValidatorIndex(1), at: Fixture.at(199))
        #expect(fetcher.dueRequests(at: Fixture.at(199)).isEmpty)
        #expect(fetcher.dueRequests(at: Fixture.at(200)).first?.peer.rawValue == 2)
    }

    @Test("Who sends others meanwhile is waited for until the time for an answer, at any hour")
    func drips() {
        for start in [0, 10_000] as [UInt64] {
            var fetcher = Self.fetcher { $0.answerTimeout = .milliseconds(500) }
            let batches = (1...4).map { Fixture.batch(3, $0).reference }
            for batch in batches {
                let holders = Self.voters([1, 2], of: 4, proposer: 1)
                fetcher.want(batch, of: holders, at: Fixture.at(start))
            }
            func asked(after milliseconds: UInt64) -> [Int] {
                fetcher.dueRequests(at: Fixture.at(start + milliseconds)).map(\.peer.rawValue)
            }
            #expect(asked(after: 0) == [1])
            fetcher.found(batches[0], from: ValidatorIndex(1), at: Fixture.at(start + 150))
            #expect(asked(after: 200).isEmpty && asked(after: 349).isEmpty)
            fetcher.found(batches[1], from: ValidatorIndex(1), at: Fixture.at(start + 340))
            #expect(asked(after: 499).isEmpty)
            #expect(asked(after: 500).first == 2)
        }
    }

    @Test("Who voted and answers is waited for while it is busy, and nobody else is asked")
    func busyVoter() {
        var fetcher = Self.fetcher()
        let room = LedgerLimits().batchRequestsInFlight
        let batches = (1...UInt64(room) + 1).map { Fixture.batch(3, $0).reference }
        for batch in batches {
            fetcher.want(batch, of: Self.voters([1], of: 4, proposer: 2), at: Fixture.at(0))
        }
        let requests = fetcher.dueRequests(at: Fixture.at(0))
        #expect(requests.map(\.peer.rawValue) == [1])
        #expect(requests.first?.1 == Array(batches.dropLast()))
        fetcher.found(batches[0], from: ValidatorIndex(1), at: Fixture.at(1))
        let rest = fetcher.dueRequests(at: Fixture.at(1))
        #expect(rest.map(\.peer.rawValue) == [1] && rest.first?.1 == [batches[room]])
    }

    @Test("Names of batches that nobody has hold up nothing, and no deadline is past")
    func madeUpNames() {
        var fetcher = Self.fetcher()
        for sequence in UInt64(1)...4_096 {
            fetcher.want(
                Fixture.batch(2, sequence).reference, of: Self.proposer(2), at: Fixture.at(0))
        }
        #expect(fetcher.dueRequests(at: Fixture.at(0)).allSatisfy { $0.1.count <= 32 })
        let real = Fixture.batch(1, 1).reference
        fetcher.want(real, of: Self.voters([1, 3], of: 4, proposer: 2), at: Fixture.at(1))
        #expect(
            fetcher.dueRequests(at: Fixture.at(1)).contains {
                $0.peer.rawValue == 1 && $0.1.contains(real)
            })
        var now = Fixture.at(1)
        for _ in 0..<200 {
            guard let next = fetcher.nextDeadline else { break }
            #expect(next > now)
            now = next
            let requests = fetcher.dueRequests(at: now)
            #expect(requests.allSatisfy { $0.1.count <= 64 })
        }
    }

    /// Whom `fetcher` asks first for a batch of v6 that `holders` have.
    private static func first(
        of fetcher: BatchFetcher, askedFor holders: BatchFetcher.Holders
    ) -> [Int] {
        var fetcher = fetcher
        fetcher.want(Fixture.batch(6, 2).reference, of: holders, at: Fixture.at(1_000))
        return fetcher.dueRequests(at: Fixture.at(1_000)).map(\.peer.rawValue)
    }

    /// A fetcher that has asked its peers in vain for a batch that a proposal named, until the view
    /// was over.
    private static func disappointed(
        by named: (author: Int, proposer: Int), skipping check: FetchCheck? = nil
    ) -> BatchFetcher {
        var limits = LedgerLimits()
        limits.skippedFetchCheck = check
        var fetcher = BatchFetcher(validatorCount: 7, own: ValidatorIndex(0), limits: limits)
        fetcher.want(
            Fixture.batch(named.author, 1).reference, of: proposer(named.proposer),
            at: Fixture.at(0))
        while let next = fetcher.nextDeadline, next < Fixture.at(1_000) {
            _ = fetcher.dueRequests(at: next)
        }
        fetcher.keep(at: Fixture.at(1_000)) { _ in false }
        return fetcher
    }

    private static func isSound(_ check: FetchCheck, skipping skipped: FetchCheck?) -> Bool {
        switch check {
        case .proposer:
            // An author has signed falsely before what v5 proposed.
            first(
                of: disappointed(by: (author: 6, proposer: 5), skipping: skipped),
                askedFor: proposer(5)
            ).contains(5)
        case .author:
            // v6 has made up a batch of v2's, which has voted for a block meanwhile.
            first(
                of: disappointed(by: (author: 2, proposer: 6), skipping: skipped),
                askedFor: voters([2, 3], of: 7, proposer: 6)) == [2]
        case .lapse:
            // v5 alone has a batch that takes longer to come than the view lasts.
            disappointed(by: (author: 6, proposer: 5), skipping: skipped)
                .isWanted(Fixture.batch(6, 1).reference)
        }
    }

    @Test(
        "Each check of whom to ask is needed: a scene goes wrong without it",
        arguments: FetchCheck.allCases)
    func checks(check: FetchCheck) {
        #expect(Self.isSound(check, skipping: nil))
        #expect(!Self.isSound(check, skipping: check))
        guard ProcessInfo.processInfo.environment["MUTANTS"] != nil else { return }
        // For Scripts/mutants, which makes the table.
        print("check | FetchCheck | \(check) | its scene of `FetchTests`")
    }

    @Test("Nobody makes a replica ask the next leader too late by making up batches of its name")
    func slander() {
        // Alone, as if nothing had happened: and if it is remembered for its own silence, beside
        // another.
        let slandered = Self.disappointed(by: (author: 5, proposer: 6))
        #expect(Self.first(of: slandered, askedFor: Self.proposer(5)) == [5])
        let silent = Self.disappointed(by: (author: 6, proposer: 5))
        #expect(Self.first(of: silent, askedFor: Self.proposer(5)) == [5, 6])
    }

    @Test("Names that nobody has leave no room taken once everybody was asked")
    func room() {
        var fetcher = BatchFetcher(
            validatorCount: 4, own: ValidatorIndex(0), limits: LedgerLimits())
        // As many as v3 is ever asked for at once without votes, made up by it.
        for sequence in UInt64(1)...32 {
            fetcher.want(
                Fixture.batch(3, sequence).reference, of: Self.proposer(3), at: Fixture.at(0))
        }
        // v1 sends something now and then, so that it is not given up on.
        let known = Fixture.batch(1, 1).reference
        for time in [0, 220, 440, 500] as [UInt64] {
            fetcher.want(known, of: Self.proposer(1), at: Fixture.at(time))
            _ = fetcher.dueRequests(at: Fixture.at(time))
            fetcher.found(known, from: ValidatorIndex(1), at: Fixture.at(time + 1))
        }
        _ = fetcher.dueRequests(at: Fixture.at(700))
        fetcher.keep(at: Fixture.at(700)) { _ in false }
        let wanted = Fixture.batch(1, 2).reference
        fetcher.want(wanted, of: Self.proposer(1), at: Fixture.at(700))
        #expect(fetcher.dueRequests(at: Fixture.at(700)).contains { $0.peer.rawValue == 1 })
    }

    @Test("An answer is taken for a while after its view, and whoever makes names up loses its own")
    func lapse() {
        var lapsed = LapsedRequests(validatorCount: 4)
        let real = Fixture.batch(2, 1).reference
        lapsed.insert(real, namedBy: ValidatorIndex(1), at: Fixture.at(0))
        let references = (UInt64(1)...66).map { Fixture.batch(1, $0).reference }
        for reference in references {
            lapsed.insert(reference, namedBy: ValidatorIndex(3), at: Fixture.at(0))
        }
        let kept = references.map { lapsed.contains($0) }
        #expect(kept == [false, false] + Array(repeating: true, count: 64))
        #expect(lapsed.contains(real))
        #expect(lapsed.places.contains(author: ValidatorIndex(1), sequence: BatchSequence(3)))
        #expect(!lapsed.places.contains(author: ValidatorIndex(1), sequence: BatchSequence(2)))
        #expect(!lapsed.places.contains(author: ValidatorIndex(2), sequence: BatchSequence(3)))
        lapsed.remove(references[2])
        #expect(!lapsed.contains(references[2]) && lapsed.contains(references[3]))
        lapsed.expire(at: Fixture.at(9_999))
        #expect(lapsed.contains(references[3]))
        lapsed.expire(at: Fixture.at(10_000))
        #expect(lapsed == LapsedRequests(validatorCount: 4))
    }

    @Test("A place is named until the last of the batches in it is forgotten")
    func places() {
        var places = BatchPlaces()
        let batches = (0...2).map { Fixture.batch(2, 7, $0).reference }
        func isNamed() -> Bool {
            places.contains(author: ValidatorIndex(2), sequence: BatchSequence(7))
        }
        for batch in batches { places.add(batch) }
        for batch in batches {
            #expect(isNamed())
            places.remove(batch)
        }
        #expect(!isNamed())
        places.remove(batches[0])
        #expect(places == BatchPlaces(), "nothing is owed")
    }

    @Test("A batch that came after its view was over is there for the next one")
    func late() {
        var ledger = Fixture.ledger()
        let batch = Fixture.batch(3, 1)
        let copy = Fixture.signed(batch)
        func propose(_ view: UInt64, _ payload: [Batch], at time: UInt64) -> Block {
            let block = Fixture.block(on: Fixture.genesis, view: view, payload: payload)
            ledger.tell(
                .judge(Branch(root: Fixture.genesis, ancestors: [], tip: block)),
                at: Fixture.at(time))
            return block
        }
        func take(at time: UInt64) -> Bool {
            guard ledger.isUseful(copy, from: ValidatorIndex(1)) else { return false }
            return ledger.hear(.batch(copy), from: 1, at: Fixture.at(time)).effects
                .contains(.store(copy))
        }
        // v1 alone has it: its author showed it to nobody else.
        #expect(!take(at: 0))
        _ = propose(1, [batch], at: 0)
        ledger.settle(at: Fixture.at(0))
        let request = ReplicaMessage<Simplex>.ledger(.batchRequest([batch.reference]))
        #expect(
            ledger.settle(at: Fixture.at(20)).effects
                .contains(.send(request, to: ValidatorIndex(1))))
        _ = propose(2, [], at: 30)
        ledger.settle(at: Fixture.at(30))
        #expect(take(at: 40))
        let block = propose(3, [batch], at: 50)
        #expect(ledger.settle(at: Fixture.at(50)).isValid(block))
    }

    @Test("What is not needed is forgotten")
    func keep() {
        var fetcher = Self.fetcher()
        let (first, second) = (Fixture.batch(1, 1).reference, Fixture.batch(1, 2).reference)
        fetcher.want(first, of: Self.proposer(1), at: Fixture.at(0))
        fetcher.want(second, of: Self.proposer(1), at: Fixture.at(0))
        fetcher.keep(at: Fixture.at(0)) { $0 == second }
        #expect(!fetcher.isWanted(first) && fetcher.isWanted(second))
        #expect(fetcher.dueRequests(at: Fixture.at(0)).map(\.1) == [[second]])
    }

    @Test("A proposal of a later view takes the place of earlier ones")
    func judgeForgets() {
        var judge = ProposalJudge()
        let old = Fixture.block(on: Fixture.genesis, view: 1, payload: [Fixture.batch(1, 1)])
        let new = Fixture.block(on: Fixture.genesis, view: 2)
        judge.add(Branch(root: Fixture.genesis, ancestors: [], tip: old))
        #expect(judge.needs(Fixture.batch(1, 1).reference))
        judge.add(Branch(root: Fixture.genesis, ancestors: [], tip: new))
        #expect(judge.block(old.digest) == nil && judge.block(new.digest) == new)
        #expect(!judge.needs(Fixture.batch(1, 1).reference))
    }

    @Test("Committed blocks are executed by height, each once all its batches are here")
    func commitQueue() {
        var queue = CommitQueue(root: Fixture.genesis, inFlightLimit: 2)
        let batches = (1...3).map { Fixture.batch(1, UInt64($0)) }
        var blocks: [Block] = []
        for batch in batches {
            blocks.append(Fixture.block(on: blocks.last ?? Fixture.genesis, payload: [batch]))
        }
        for (block, batch) in zip(blocks, [nil, batches[1], nil]) {
            queue.append(
                block, certificate: Fixture.commit(blocks[2]),
                frontier: Array(repeating: BatchSequence(1), count: 4), batches: [batch])
        }
        #expect(Self.next(&queue) == nil)
        #expect(queue.missing(limit: 1).map(\.0) == [batches[0].reference])
        #expect(!Self.supply(batches[1], to: &queue))
        #expect(Self.supply(batches[0], to: &queue))
        #expect(!Self.supply(batches[0], to: &queue))
        #expect(Self.next(&queue) == blocks[0])
        #expect(Self.next(&queue) == blocks[1])
        #expect(Self.supply(batches[2], to: &queue))
        #expect(Self.next(&queue) == nil)  // Two at a time.
        #expect(queue.batch(batches[2].reference) == batches[2])
        let run = CommittedRun(blocks: blocks, certificate: Fixture.commit(blocks[2]))
        #expect(queue.runs == [run])
        queue.finished(Height(1))
        #expect(queue.executed == Height(1))
        #expect(Self.next(&queue) == blocks[2])
        #expect(Self.next(&queue) == nil)
    }

    static func next(_ queue: inout CommitQueue) -> Block? { queue.nextForExecution()?.block }

    static func supply(_ batch: Batch, to queue: inout CommitQueue) -> Bool {
        queue.supply(batch)
    }
}
