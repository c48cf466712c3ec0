import BFTBase
import BFTCore
import BFTWire
import ProtocolSimplex

@testable import BFTLedger

/// What the tests of this target are made of.
enum Fixture {
    static let chain = Digest(9, 9, 9, 9)
    static let validators = try! ValidatorSet([1, 1, 1, 1])

    static func batch(
        _ author: Int, _ sequence: UInt64, _ content: UInt8 = 0, size: Int = 1
    )
        -> Batch
    {
        var builder = BatchBuilder()
        builder.append(upTo: size) { $0.append(contentsOf: repeatElement(content, count: size)) }
        return builder.seal(author: ValidatorIndex(author), sequence: BatchSequence(sequence))
    }

    /// A batch as its author sends it. Whose signature it is, nobody here asks.
    static func signed(
        _ batch: Batch, chain: Digest = chain, epoch: Epoch = .zero
    ) -> BatchCopy {
        BatchCopy(batch, Authorship(chain: chain, epoch: epoch, signature: [7]))
    }

    static let genesis = Block.genesis(
        chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)

    static func block(
        on parent: Block, view: UInt64? = nil, payload: [Batch] = [], proposer: Int = 1,
        time: UInt64 = 5, applied: AppliedState? = nil
    ) -> Block {
        Block(
            epoch: .zero, view: view.map { View($0) } ?? parent.view.next,
            height: parent.height.next, parents: [parent.digest],
            proposer: ValidatorIndex(proposer), time: Timestamp(milliseconds: time),
            applied: applied ?? AppliedState(height: .zero, root: .zero),
            payload: payload.map(\.reference))
    }

    static func certificate(
        _ block: Block, kind: VoteKind = .finalize, by signers: [Int] = [1, 2, 3]
    ) -> Certificate {
        let statement = Statement(
            chain: chain, epoch: .zero, kind: kind, view: block.view, height: block.height,
            block: block.digest)
        let votes = signers.map {
            Vote(statement: statement, voter: ValidatorIndex($0), signature: [1, 2, 3])
        }
        return Certificate(statement: statement, votes: votes, validatorCount: 4)!
    }

    static let rules = CommitRules(
        chain: chain, epoch: .zero, validators: validators, kinds: Simplex.commitKinds)

    static func commit(_ block: Block) -> CommitCertificate {
        try! rules.check(certificate(block))
    }

    static func run(_ blocks: [Block]) -> CommittedRun {
        CommittedRun(blocks: blocks, certificate: commit(blocks.last!))!
    }

    static func said(_ blocks: [Block], by signers: [Int] = [1, 2, 3]) -> UncheckedRun {
        UncheckedRun(blocks: blocks, certificate: certificate(blocks.last!, by: signers))
    }

    /// `count` blocks, one on the other.
    static func chain(_ count: Int) -> [Block] {
        var blocks: [Block] = []
        for _ in 0..<count { blocks.append(block(on: blocks.last ?? genesis)) }
        return blocks
    }

    static func ledger(
        own: Int = 0, limits: LedgerLimits = LedgerLimits(), doesApplicationJudge: Bool = false,
        recovered: [BatchCopy] = []
    ) -> Ledger {
        let configuration = ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: validators, own: ValidatorIndex(own),
            timing: .init(viewTimeout: .seconds(1), idleInterval: .seconds(1)))
        return Ledger(
            configuration: configuration, limits: limits,
            state: .genesis(genesis, validatorCount: 4),
            doesApplicationJudge: doesApplicationJudge,
            commitRules: Simplex.commitRules(configuration), committed: [], recovered: recovered)
    }

    static func at(_ milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }
}
