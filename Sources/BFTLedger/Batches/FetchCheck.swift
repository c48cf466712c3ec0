/// Whom a replica asks for a batch that only a proposer has named: each a guard on what a malicious
/// leader may bring about for others.
public enum FetchCheck: CaseIterable, Sendable {
    /// The proposer is among the first that are asked, whatever it did not answer before. Otherwise
    /// somebody could have it asked too late for its view, in one view after the other.
    case proposer
    /// The author's silence says nothing of it: the proposer may have made the name up.
    case author
}
