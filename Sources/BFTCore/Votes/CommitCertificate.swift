public import BFTBase

/// What it takes for a certificate to commit a block of one chain: made where the validator set
/// and the protocol are known, and nowhere else.
public struct CommitRules: Sendable {
    /// The genesis digest.
    public let chain: Digest
    public let epoch: Epoch
    public let validators: ValidatorSet
    /// The protocol's votes that commit. Of all others, no number of signatures commits anything.
    public let kinds: [VoteKind]
    private let isEnough: @Sendable (VotingPower, VoteKind, ValidatorSet) -> Bool

    /// - Parameter isEnough: whether validators of that power, all of whom cast votes of that kind,
    ///   commit what they voted for.
    public init(
        chain: Digest, epoch: Epoch, validators: ValidatorSet, kinds: [VoteKind],
        isEnough: @escaping @Sendable (VotingPower, VoteKind, ValidatorSet) -> Bool = Self.isEnough
    ) {
        self.chain = chain
        self.epoch = epoch
        self.validators = validators
        self.kinds = kinds
        self.isEnough = isEnough
    }

    /// A quorum, or everybody if the kind of vote asks for that.
    @Sendable public static func isEnough(
        _ power: VotingPower, of kind: VoteKind, among validators: ValidatorSet
    ) -> Bool {
        kind.outcome == .commitsBlockIfUnanimous
            ? power == validators.total : validators.isQuorum(power)
    }

    /// `certificate`, its signatures verified, as what commits a block. Throws if it commits none.
    ///
    /// A quorum, or everybody if the kind of vote asks for that, whose statement names a block.
    public func check(
        _ certificate: Certificate
    ) throws(Certificate.Flaw) -> CommitCertificate {
        let statement = certificate.statement
        guard statement.chain == chain else { throw .otherChain }
        guard statement.epoch == epoch else { throw .otherEpoch }
        guard kinds.contains(statement.kind), let committed = statement.committed else {
            throw .wrongKind(statement.kind)
        }
        let (signers, total) = (certificate.signers, validators.total)
        guard signers.count == validators.count else { throw .otherValidatorCount(signers.count) }
        let power = validators.power(of: signers)
        guard isEnough(power, statement.kind, validators) else {
            throw validators.isQuorum(power)
                ? .notUnanimous(power: power, total: total)
                : .noQuorum(power: power, total: total)
        }
        return CommitCertificate(checked: certificate, committing: committed)
    }

    /// `certificate`, its signatures verified, as what commits `block`. Throws if it does not.
    public func check(
        _ certificate: Certificate, commits block: Block
    ) throws(Certificate.Flaw) -> CommitCertificate {
        let checked = try check(certificate)
        guard checked.committed == block.name else {
            throw .otherBlock
        }
        return checked
    }
}

extension CommitRules: Equatable {
    /// Of one protocol: its rules don't differ between two of these.
    public static func == (left: Self, right: Self) -> Bool {
        left.chain == right.chain && left.epoch == right.epoch && left.kinds == right.kinds
            && left.validators == right.validators
    }
}

/// A certificate that commits a block, and with it the block's ancestors.
///
/// Only the check makes one: what comes from a peer or a disk is a `Certificate`, whatever it says
/// of itself.
public struct CommitCertificate: Equatable, Sendable {
    public let certificate: Certificate
    /// The block that it commits.
    public let committed: BlockName

    fileprivate init(checked certificate: Certificate, committing committed: BlockName) {
        self.certificate = certificate
        self.committed = committed
    }

    public var statement: Statement { certificate.statement }
    public var signers: Bitmap { certificate.signers }
}

/// A block that is shown to be committed: a certificate commits it, or a descendant that is linked
/// to it by digests.
public struct CommittedName: Equatable, Sendable {
    public let block: BlockName
    public let certificate: CommitCertificate

    /// The block that `certificate` commits itself.
    public init(_ certificate: CommitCertificate) {
        block = certificate.committed
        self.certificate = certificate
    }

    private init(_ block: BlockName, _ certificate: CommitCertificate) {
        self.block = block
        self.certificate = certificate
    }

    /// The parent of the first of `blocks`, or `nil` unless each of them is the parent of the next
    /// and the last is this block.
    public func parent(ofFirst blocks: [Block]) -> CommittedName? {
        guard let first = blocks.first, let last = blocks.last, let below = first.height.previous,
            last.digest == block.digest, last.height == block.height, blocks.areLinked
        else { return nil }
        return CommittedName(BlockName(height: below, digest: first.parent), certificate)
    }
}

extension [Block] {
    /// Whether each block is the parent of the next, with views that never fall.
    public var areLinked: Bool {
        zip(self, dropFirst()).allSatisfy { parent, child in
            child.parent == parent.digest && child.height == parent.height.next
                && child.view >= parent.view
        }
    }
}
