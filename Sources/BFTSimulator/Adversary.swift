public import BFTBase
public import BFTCore

/// What a malicious validator does with the messages that an honest one in its place would sign.
///
/// It runs the honest protocol to know what is going on, and says what it likes with its own key.
public protocol Adversary<P>: Sendable {
    associatedtype P: ConsensusProtocol

    /// What to sign and send instead of `unsigned`, and to whom. `peers` are all other replicas.
    mutating func messages(
        insteadOf unsigned: P.Unsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(P.Unsigned, to: [ValidatorIndex])]
}
