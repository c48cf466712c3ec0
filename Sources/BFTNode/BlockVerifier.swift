public import BFTBase
public import BFTConfiguration
public import BFTCore
public import BFTCrypto
import BFTWire

/// Checks that blocks are committed, with nothing but the genesis: what a light client needs.
///
/// The same check for every protocol, since a certificate says itself what it commits.
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

    /// The genesis digest.
    public let chain: Digest
    public let validators: ValidatorSet
    private let keys: ValidatorKeys

    public init(genesis: Genesis) throws(NodeError) {
        chain = Digest.of(genesis.encoded, in: .genesis)
        validators = try OpenedHome.validators(of: genesis)
        keys = try OpenedHome.keys(of: genesis)
    }

    /// Throws unless `certificate` commits the last of `blocks` and each of them is the parent of
    /// the next: then all are committed.
    public func check(_ blocks: [Block], committedBy certificate: Certificate) throws(Flaw) {
        guard let last = blocks.last else { throw .noBlocks }
        for (parent, child) in zip(blocks, blocks.dropFirst())
        where child.parent != parent.digest || child.height != parent.height.next {
            throw .unlinked(child.height)
        }
        do throws(Certificate.Flaw) {
            try certificate.checkCommit(of: last, chain: chain, validators: validators)
        } catch {
            throw .certificate(error)
        }
        do throws(VerificationError) {
            _ = try keys.verify(certificate)
        } catch {
            throw .signature(error)
        }
    }
}

extension Certificate.Flaw {
    /// In a user's words.
    fileprivate var explanation: String {
        switch self {
        case .otherChain: "the certificate is one of another chain than the genesis file's"
        case .otherEpoch: "the certificate is one of another epoch"
        case .wrongKind: "the certificate's votes commit nothing"
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
