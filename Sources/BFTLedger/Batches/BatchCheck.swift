/// What is checked of a batch that a peer sends or asks for: each a guard on something that the
/// message carries.
public enum BatchCheck: CaseIterable, Sendable {
    /// `batch.authorship.chain`: what an author signed on another chain orders nothing here.
    case chain
    /// `batch.authorship.epoch`: nor what it signed in another epoch.
    case epoch
    /// `batch.authorship`: there is one, unless somebody honest has voted for a block that names
    /// the batch. Otherwise anybody could order in another's name.
    case authorship
    /// `batch.authorship.signature`: genuine, before the batch is given to a peer.
    case signature
    /// `batch.author`: the sender, unless this replica asked for the batch. Otherwise anybody could
    /// have it check signatures without end.
    case invitation
    /// `batch.digest`: the only one of its sequence that the author signed. Two are evidence.
    case contradiction
    /// `batch.reference`: a proposal that waits does not lose the batches that are here for it.
    case standing
    /// `batchRequest.references`: answered with so many bytes a second. Otherwise a few bytes, said
    /// again and again, would cost megabytes each time.
    case budget
}
