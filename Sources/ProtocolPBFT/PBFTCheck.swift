/// What a replica asks of the fields that a message carries, one case for each guard.
///
/// The guards themselves stand where the message is taken; each goes through
/// ``PBFTRules/holds(_:_:)``, so that tests can leave out any one of them and demand that somebody
/// notices. `Specs/PBFT/Guards.md` holds them against the model. That a certificate is of votes on
/// an instance, where a view is to begin with its block, is no case: no other certificate can be
/// put there.
public enum PBFTCheck: CaseIterable, Sendable {
    // Of every statement: of a vote, alone or in a proposal, and of a certificate in any place.
    /// `statement.chain`: what was signed for another network says nothing here.
    case statementChain
    /// `statement.epoch`: what was signed by another validator set says nothing here.
    case statementEpoch

    // Of the signers of a certificate, whatever it is of and wherever it stands.
    /// `signers.count`: one bit for each validator of this set.
    case signerCount
    /// `signers`: a quorum.
    case signerPower

    // Of a vote to prepare or to commit.
    /// `statement.view`: nobody votes in the view of the genesis.
    case voteView
    /// `statement.height`: nobody votes for the genesis.
    case voteHeight
    /// `statement.view`, `statement.height`: within what may be kept.
    case voteWindow

    // Of a checkpoint, of its votes and of its certificate.
    /// `statement.view`: a checkpoint belongs to no view.
    case checkpointView
    /// `statement.height`: one at which checkpoints are signed.
    case checkpointHeight
    /// `statement.ancestor`: the block of that height, which others set out for.
    case checkpointBlock
    /// `statement.height`: within what may be kept of votes.
    case checkpointWindow

    // Of a proposal: the leader's vote is for the block that comes with it.
    /// `vote.statement.kind`: a vote to prepare.
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

    // Of a proposed block, once its parent is here.
    /// `block.height`: the one above the parent's.
    case blockHeight
    /// `block.view`: not before the parent's.
    case blockView
    /// `block.time`: not before the parent's.
    case blockTime

    // Of a view change, and of what a new view begins with.
    /// `content.chain`: of this network.
    case wishChain
    /// `content.epoch`: of this validator set.
    case wishEpoch
    /// `content.highest`: by name just the certificate that is shown.
    case reportName
    /// The certificate's view: before the view that is asked for.
    case reportView

    // Of a new view.
    /// `outcome.chain`: of this network.
    case newViewChain
    /// `outcome.epoch`: of this validator set.
    case newViewEpoch
    /// `leader`: the one of the view that begins.
    case newViewLeader
    /// `viewChanges.voter`: each validator once, in rising order.
    case askerOrder
    /// `viewChanges.content.view`: they ask for just this view. Who asks for another may report
    /// less, or have voted since.
    case askedView
    /// `viewChanges.content.chain`: of this network.
    case askedChain
    /// `viewChanges.content.epoch`: of this validator set.
    case askedEpoch
    /// `viewChanges`: of a quorum.
    case askerPower

    // Of a block that comes alone.
    /// `block.digest`: one that was asked for.
    case wantedBlock
}
