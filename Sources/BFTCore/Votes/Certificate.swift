public import BFTBase
public import BFTWire

/// One statement with the signatures of several validators.
///
/// The signers and their weight come from the same bitmap, each signer once.
///
/// - Invariant C1: there are as many signatures as bits set in `signers`, in the same order.
public struct Certificate: Equatable, Sendable {
    public let statement: Statement
    /// One bit for each validator of the epoch.
    public let signers: Bitmap
    /// By rising index of the signer.
    public let signatures: [[UInt8]]

    /// The certificate that `votes` make, or `nil` unless all say `statement`, each voter at most
    /// once, in rising order.
    public init?(statement: Statement, votes: [Vote], validatorCount: Int) {
        var signers = Bitmap(count: validatorCount)
        var previous = -1
        for vote in votes {
            guard vote.statement == statement, vote.voter.rawValue > previous,
                vote.voter.rawValue < validatorCount
            else { return nil }
            previous = vote.voter.rawValue
            signers.insert(previous)
        }
        self.statement = statement
        self.signers = signers
        self.signatures = votes.map(\.signature)
    }

    /// The same statement with no more signers than it takes, heaviest first: what others put into
    /// it beyond that need not be carried on.
    public func trimmed(
        of validators: ValidatorSet, where isEnough: (VotingPower) -> Bool
    ) -> Certificate {
        let positions = signers.positions
        guard signers.count == validators.count,
            let chosen = validators.fewest(of: positions, where: isEnough),
            chosen.count < positions.count
        else { return self }
        let kept = Set(chosen)
        let votes = zip(positions, signatures).filter { kept.contains($0.0) }.map {
            Vote(statement: statement, voter: ValidatorIndex($0), signature: $1)
        }
        return Certificate(
            statement: statement, votes: votes, validatorCount: validators.count) ?? self
    }

    /// Whether its signatures are worth the time to check them in the network that `configuration`
    /// describes, where `isEnough` power makes a certificate: what is refused for any of this costs
    /// its sender nothing and this replica a check for each signature.
    public func isWorthChecking(
        in configuration: ReplicaConfiguration, where isEnough: (VotingPower) -> Bool
    ) -> Bool {
        statement.chain == configuration.chain && statement.epoch == configuration.epoch
            && signers.count == configuration.validators.count
            && isEnough(configuration.validators.power(of: signers))
    }

    /// Why a certificate commits no block, or not the one that it should.
    public enum Flaw: Error, Equatable, Sendable {
        case otherChain
        case otherEpoch
        case wrongKind(VoteKind)
        case otherBlock
        case otherValidatorCount(Int)
        case noQuorum(power: VotingPower, total: VotingPower)
        /// A quorum, where it takes everybody.
        case notUnanimous(power: VotingPower, total: VotingPower)
    }
}

extension Certificate: Authenticated {
    public var claims: [SignatureClaim] {
        let bytes = statement.signingBytes
        return zip(signers.positions, signatures).map { position, signature in
            SignatureClaim(
                signer: ValidatorIndex(position), statement: bytes, signature: signature)
        }
    }
}

extension Certificate: WireCodable {
    public func encode(into writer: inout Writer) {
        statement.encode(into: &writer)
        signers.encode(into: &writer)
        for signature in signatures { writer.bytes(signature) }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        statement = try Statement(from: &reader)
        signers = try Bitmap(from: &reader)
        var signatures: [[UInt8]] = []
        for _ in 0..<signers.population {
            signatures.append(try reader.bytes(limit: SignatureLimit.byteCount))
        }
        self.signatures = signatures
    }
}
