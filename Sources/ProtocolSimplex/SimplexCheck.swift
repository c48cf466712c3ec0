/// What a replica asks of the fields that a message carries, one case for each guard.
///
/// The guards themselves stand where the message is taken; each goes through
/// ``SimplexRules/holds(_:_:)``, so that tests can leave out any one of them and demand that
/// somebody notices. `Specs/Simplex/Guards.md` holds them against the model.
public enum SimplexCheck: CaseIterable, Sendable {
    // Of every statement: of a vote, alone or in a proposal, and of a certificate.
    /// `statement.chain`: what was signed for another network says nothing here.
    case statementChain
    /// `statement.epoch`: what was signed by another validator set says nothing here.
    case statementEpoch
    /// `statement.height`, `statement.block`: none where the kind names no block, or votes that
    /// say the same would not add up.
    case blocklessStatement

    // Of a certificate.
    /// `statement.kind`: of a kind that a quorum says something by. To abstain is a single voice.
    case certificateKind
    /// `signers.count`: one bit for each validator of this set.
    case signerCount
    /// `signers`: more than two thirds of the power.
    case signerPower

    // Of a proposal: the leader's vote is for the block that comes with it.
    /// `vote.statement.kind`: the leader notarizes.
    case proposedKind
    /// `vote.statement.block`: the block's digest.
    case proposedBlock
    /// `vote.statement.view`: the block's.
    case proposedView
    /// `vote.statement.height`: the block's.
    case proposedHeight
    /// `vote.voter`: the block's proposer.
    case proposalVoter
    /// `block.proposer`: the leader of the block's view.
    case proposer
    /// `block.epoch`: this one.
    case blockEpoch
    /// `block.parents`: just one.
    case blockParents
    /// `block`: the leader's first in its view, or one that a quorum notarized.
    case secondProposal

    // Of a block, once its parent is here.
    /// `block.height`: one above the parent's.
    case parentHeight
    /// `block.parents`: of an earlier view than the block's.
    case parentView
    /// `block.parents`: notarized, and not just known.
    case notarizedParent
    /// `block.time`: not before the parent's.
    case blockTime

    // What a peer may make a replica keep.
    /// `vote.statement.view`: not beyond the window.
    case voteWindow
    /// `block.digest`: one that was asked for.
    case wantedBlock
    /// `block.view`: not beyond the window.
    case blockWindow
}
