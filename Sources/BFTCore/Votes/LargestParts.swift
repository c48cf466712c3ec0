public import BFTBase

/// The largest parts that messages among some validators are made of, with empty meaning: what a
/// protocol builds its largest message of, so that the message's size can be told.
public struct LargestParts: Sendable {
    private let validators: ValidatorSet
    /// As long as each of the scheme.
    public let signature: [UInt8]

    public init(among validators: ValidatorSet, signatureByteCount: Int) {
        self.validators = validators
        signature = Array(repeating: 0, count: signatureByteCount)
    }

    /// A block that names as many batches as one may.
    public var block: Block {
        let reference = BatchReference(
            author: ValidatorIndex(0), sequence: BatchSequence(1), digest: .zero, byteCount: 1)
        return Block(
            epoch: .zero, view: View(1), height: Height(1), parents: [.zero],
            proposer: ValidatorIndex(0), time: Timestamp(milliseconds: 0),
            applied: AppliedState(height: .zero, root: .zero),
            payload: Array(repeating: reference, count: Block.payloadLimit))
    }

    /// A statement that names an ancestor, if its kind has one.
    public func statement(_ kind: VoteKind) -> Statement {
        Statement(
            chain: .zero, epoch: .zero, kind: kind, view: View(1), height: Height(1), block: .zero,
            ancestor: kind.outcome == .commitsAncestor
                ? BlockName(height: .zero, digest: .zero) : nil)
    }

    public func vote(_ kind: VoteKind) -> Vote {
        Vote(statement: statement(kind), voter: ValidatorIndex(0), signature: signature)
    }

    /// The first `count` validators, by index.
    public func signers(_ count: Int) -> [ValidatorIndex] {
        (0..<min(count, validators.count)).map { ValidatorIndex($0) }
    }

    /// A certificate with `count` signatures.
    public func certificate(_ kind: VoteKind, of count: Int) -> Certificate? {
        let statement = statement(kind)
        return Certificate(
            statement: statement,
            votes: signers(count).map {
                Vote(statement: statement, voter: $0, signature: signature)
            },
            validatorCount: validators.count)
    }
}
