/// What a replica asks of the fields that a message carries, one case for each guard.
///
/// The guards themselves stand where the message is taken; each goes through
/// ``HotStuffRules/holds(_:_:)``, so that tests can leave out any one of them and demand that
/// somebody notices. `Specs/HotStuff/Guards.md` holds them against the model.
public enum HotStuffCheck: CaseIterable, Sendable {
    // Of every statement: of a vote, alone or in a proposal, and of a certificate in any place.
    /// `statement.chain`: what was signed for another network says nothing here.
    case statementChain
    /// `statement.epoch`: what was signed by another validator set says nothing here.
    case statementEpoch
    /// `statement.kind`: what a quorum said in another sense certifies nothing.
    case statementKind

    // Of the signers of certificates, of votes and of timeouts.
    /// `signers.count`: one bit for each validator of this set.
    case signerCount
    /// `signers`: more than two thirds of the power.
    case signerPower

    // Of a proposal: the leader's vote is for the block that comes with it.
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

    // Of a proposal: what justifies the block, which has to be for this block's parent and view.
    /// `justify.statement.block`: the block's parent, and not any block that is certified.
    case certifiedParent
    /// `justify.statement.height`: the height below the block's.
    case certifiedHeight
    /// `justify.statement.view`: below the block's.
    case certifiedView
    /// `justify`: missing only if the parent is the genesis.
    case uncertifiedParent
    /// `timeouts`: there if and only if the parent is not of the view before.
    case timeoutsPresence
    /// `timeouts.view`: the view before the block's. The timeouts of any other view say nothing
    /// of what was known when this one began.
    case timeoutsView

    // Of a block, once its parent is here.
    /// `block.parents`, `block.height`: the parent is of the height and the view that justify it.
    case parent
    /// `block.time`: not before the parent's.
    case blockTime

    // Of every timeout, alone or in a certificate.
    /// `statement.chain`: of this network.
    case timeoutChain
    /// `statement.epoch`: of this validator set.
    case timeoutEpoch
    /// `statement.highView`: below the view that is given up.
    case timeoutHighView
    /// `high.statement.view`: below the view that the timeouts end: otherwise it is over anyway.
    case timeoutsCertificate
    /// `highViews`: none above the view of `high`, which shows what they claim.
    case timeoutsBacking

    // What a peer may make a replica keep.
    /// `vote.statement.view`: not beyond the window.
    case voteWindow
    /// `timeout.content.view`: not beyond the window.
    case timeoutWindow
    /// `block.digest`: one that was asked for.
    case wantedBlock
}
