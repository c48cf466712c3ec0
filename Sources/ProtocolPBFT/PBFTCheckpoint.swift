import BFTBase
import BFTCore

/// The last stable checkpoint, and the votes on those above it.
///
/// - Invariant P13: votes are of checkpoints above the stable one, within two windows.
struct PBFTCheckpointList: Equatable, Sendable {
    /// The last block whose state a quorum signed. The genesis is stable from the start.
    private(set) var stable = BlockName(height: .zero, digest: .zero)
    /// What makes it stable. Missing for the genesis.
    private(set) var certificate: Certificate?
    /// What this replica signed above the stable checkpoint, the latest ones.
    private(set) var own: [Statement] = []
    private var tallies: [Tally] = []
    private let validators: ValidatorSet

    /// The most own checkpoints that are kept: a replica that catches up signs one after another.
    private static let ownLimit = 4

    init(_ validators: ValidatorSet) { self.validators = validators }

    private struct Tally: Equatable, Sendable {
        let height: Height
        var votes: VoteTally
        /// Who contradicted itself. Once is enough.
        var accused: Bitmap
    }

    func tally(at height: Height) -> VoteTally? { tallies.first { $0.height == height }?.votes }

    /// Whether votes on a checkpoint at `height` are kept.
    func isKept(_ height: Height) -> Bool {
        height > stable.height && PBFTBounds.isCheckpoint(height)
            && height.rawValue - stable.height.rawValue <= 2 * PBFTBounds.window
    }

    func isUseful(_ vote: Vote) -> Bool {
        guard isKept(vote.statement.height) else { return false }
        guard let tally = tallies.first(where: { $0.height == vote.statement.height }),
            let earlier = tally.votes.vote(of: vote.voter)
        else { return true }
        return earlier.statement != vote.statement && !tally.accused[vote.voter.rawValue]
    }

    mutating func insert(_ vote: Vote) -> VoteTally.Outcome {
        let height = vote.statement.height
        let position = tallies.firstIndex { $0.height == height } ?? tallies.count
        if position == tallies.count {
            tallies.append(
                Tally(
                    height: height,
                    votes: VoteTally(kind: .checkpoint, validators: validators),
                    accused: Bitmap(count: validators.count)))
        }
        let outcome = tallies[position].votes.insert(vote)
        guard case .contradiction = outcome else { return outcome }
        return tallies[position].accused.insert(vote.voter.rawValue) ? outcome : .duplicate
    }

    mutating func keepOwn(_ statement: Statement) {
        own = (own + [statement]).suffix(Self.ownLimit)
    }

    /// Makes a checkpoint stable. Everything at or below it is forgotten.
    mutating func advance(to certificate: Certificate) {
        guard let block = certificate.statement.ancestor else { return }
        stable = block
        self.certificate = certificate
        own.removeAll { $0.height <= block.height }
        tallies.removeAll { $0.height <= block.height }
    }
}

// Checkpoints: signing what was executed, moving the window.
extension PBFTReplica {
    /// Signs the state after every so many blocks.
    mutating func note(_ block: BlockName, root: Digest, into effects: inout [Effect<Self>]) {
        guard PBFTBounds.isCheckpoint(block.height), block.height > checkpoints.stable.height,
            !checkpoints.own.contains(where: { $0.height == block.height })
        else { return }
        let said = Statement(
            chain: configuration.chain, epoch: configuration.epoch, kind: .checkpoint,
            view: .zero, height: block.height, block: root, ancestor: block)
        sign(checkpoint: said, into: &effects)
    }

    private func checkForm(_ statement: Statement) throws(Rejection) {
        guard rules.holds(.checkpointView, statement.view == .zero),
            rules.holds(.checkpointHeight, PBFTBounds.isCheckpoint(statement.height)),
            rules.holds(.checkpointBlock, statement.ancestor?.height == statement.height)
        else { throw .malformedBlock }
    }

    mutating func countCheckpoint(
        _ vote: Vote, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let statement = vote.statement
        try checkForm(statement)
        guard rules.holds(.checkpointWindow, checkpoints.isKept(statement.height)) else { return }
        if case .contradiction(let evidence) = checkpoints.insert(vote) {
            effects.append(.accuse(evidence))
        }
        guard let tally = checkpoints.tally(at: statement.height),
            let certificate = tally.certificate(
                for: statement,
                isEnough: { rules.isStable($0, of: configuration.validators) })
        else { return }
        becomeStable(certificate, into: &effects)
    }

    mutating func takeCheckpoint(
        _ certificate: Certificate, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        try checkForm(certificate.statement)
        try checkSigners(certificate, isEnough: { rules.isStable($0, of: $1) })
        guard certificate.statement.height > checkpoints.stable.height else { return }
        becomeStable(certificate, into: &effects)
    }

    /// Moves the window.
    private mutating func becomeStable(
        _ certificate: Certificate, into effects: inout [Effect<Self>]
    ) {
        checkpoints.advance(to: certificate)
        effects.append(.persist(.certificate(certificate)))
    }
}
