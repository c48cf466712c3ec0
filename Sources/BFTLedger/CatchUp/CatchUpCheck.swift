/// What is asked of answers to a replica that catches up, and of whom it asks: each a guard on what
/// a peer may bring about, beside those that the types hold (links, and what commits a block).
public enum CatchUpCheck: CaseIterable, Sendable {
    /// The sender: one that was asked. Otherwise anybody could have it check certificates.
    case invitation
    /// `syncResponse.blocks`: all that fits, where they stand above what is here. Otherwise each
    /// answer could begin a walk down that leads nowhere.
    case wholeTop
    /// `syncAncestors.blocks`: all that fits, or the walk down has no end.
    case wholeStep
    /// `syncResponse.blocks`: worth the turn. Who brings a block at a time keeps nobody away.
    case worth
    /// Whom it asks: signers of what it sets out for first, who have voted for the block.
    case signers
    /// Whom it asks: anybody, once those brought nothing. A signer may have lost its chain.
    case anybody
    /// A walk down that nobody serves is begun anew: what it goes by may be here alone.
    case anew
}
