public import BFTBase
public import BFTConfiguration
public import BFTCore
public import BFTCrypto
import BFTWire

/// Checks that blocks are committed, with nothing but the genesis: what a light client needs.
///
/// The same check for every protocol, which says only what votes commit.
public struct BlockVerifier: Sendable {
    /// Why blocks are not shown to be committed.
    public enum Flaw: Error, Equatable, Sendable, CustomStringConvertible {
        case noBlocks
        /// The block at this height does not follow the one before.
        case unlinked(Height)
        case certificate(Certificate.Flaw)
        case signature(VerificationError)

        public var description: String {
            switch self {
            case .noBlocks: "there is no block"
            case .unlinked(let height):
                "the block at height \(height) does not follow the one before it"
            case .certificate(let flaw): flaw.explanation
            case .signature(let error): "\(error)"
            }
        }
    }

    private let rules: CommitRules
    private let keys: ValidatorKeys

    /// - Parameter commitKinds: the votes that commit in the protocol that `genesis` names.
    public init(genesis: Genesis, commitKinds: [VoteKind]) throws(GenesisError) {
        rules = CommitRules(
            chain: Digest.of(genesis.encoded, in: .genesis), epoch: .zero,
            validators: try genesis.validatorPowers(), kinds: commitKinds)
        keys = try genesis.validatorKeys()
    }

    public var validators: ValidatorSet { rules.validators }

    /// Throws unless `certificate` commits the last of `blocks` and each of them is the parent of
    /// the next: then all are committed.
    @discardableResult
    public func check(
        _ blocks: [Block], committedBy certificate: Certificate
    ) throws(Flaw) -> CommitCertificate {
        guard let last = blocks.last else { throw .noBlocks }
        for (parent, child) in zip(blocks, blocks.dropFirst())
        where child.parent != parent.digest || child.height != parent.height.next {
            throw .unlinked(child.height)
        }
        let checked: CommitCertificate
        do throws(Certificate.Flaw) {
            checked = try rules.check(certificate, commits: last)
        } catch {
            throw .certificate(error)
        }
        do throws(VerificationError) {
            _ = try keys.verify(certificate)
        } catch {
            throw .signature(error)
        }
        return checked
    }
}

extension Certificate.Flaw {
    /// In a user's words.
    fileprivate var explanation: String {
        switch self {
        case .otherChain: "the certificate is one of another chain than the genesis file's"
        case .otherEpoch: "the certificate is one of another epoch"
        case .wrongKind: "the certificate's votes commit nothing in this protocol"
        case .otherBlock: "the certificate commits another block"
        case .otherValidatorCount(let count):
            "the certificate is one of \(count) validators, the genesis file has another number"
        case .noQuorum(let power, let total):
            "the signers have \(power) of \(total) voting power, which is no quorum"
        case .notUnanimous(let power, let total):
            "the signers have \(power) of \(total) voting power, and such votes commit by all of it"
        }
    }
}
