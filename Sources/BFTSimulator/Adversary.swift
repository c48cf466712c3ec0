public import BFTBase
public import BFTCore
public import BFTLedger

/// A malicious validator. It runs the honest replica to know what is going on, and decides what
/// leaves the machine.
///
/// It signs with its own key only: what it makes up under another name is for the verification
/// to stop.
public protocol Adversary<P>: Sendable {
    associatedtype P: ConsensusProtocol

    /// What to sign and send instead of `unsigned`, and to whom. `peers` are those for
    /// whom an honest replica would sign it.
    mutating func messages(
        insteadOf unsigned: P.Unsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(P.Unsigned, to: [ValidatorIndex])]

    /// What to send to `peer` instead of `message`, which is signed by others or not at all.
    mutating func messages(
        insteadOf message: ReplicaMessage<P>, to peer: ValidatorIndex, random: inout SplitMix64
    ) -> [ReplicaMessage<P>]

    /// Sees what comes in, before the replica does.
    mutating func hear(_ message: ReplicaMessage<P>, from sender: ValidatorIndex)

    /// What to send of its own accord. Asked every few dozen milliseconds.
    mutating func speak(random: inout SplitMix64) -> [ReplicaMessage<P>]
}

extension Adversary {
    public mutating func messages(
        insteadOf unsigned: P.Unsigned, peers: [ValidatorIndex], random: inout SplitMix64
    ) -> [(P.Unsigned, to: [ValidatorIndex])] {
        [(unsigned, to: peers)]
    }

    public mutating func messages(
        insteadOf message: ReplicaMessage<P>, to peer: ValidatorIndex, random: inout SplitMix64
    ) -> [ReplicaMessage<P>] {
        [message]
    }

    public mutating func hear(_ message: ReplicaMessage<P>, from sender: ValidatorIndex) {}

    public mutating func speak(random: inout SplitMix64) -> [ReplicaMessage<P>] { [] }
}
