public import BFTBase
public import BFTCore
public import BFTLedger

/// A malicious validator. It runs the honest replica to know what is going on, and decides what
/// leaves the machine.
///
/// It signs with the keys of its coalition only: what it makes up under another name is for the
/// verification to stop. Whatever it sends goes through the wire encoding, so that it can't say
/// what could not be said.
public protocol Adversary<P>: Sendable {
    associatedtype P: ConsensusProtocol

    /// What to send instead of `unsigned`, which the honest replica would sign and send to its
    /// recipients.
    mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>]

    /// What to send instead of `message` to `peer`: signed by others or not at all.
    mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>]

    /// Sees what comes in, before the replica does, and may answer at once.
    mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>]

    /// Whether its own replica gets to hear `message`, which has come in.
    func passesOn(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: Vantage<P>
    ) -> Bool

    /// What to send of its own accord. Asked every few dozen milliseconds.
    mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>]

    /// Its own replica has executed a block, and `root` is the state after it.
    mutating func executed(_ block: CommittedBlock, root: Digest)
}

extension Adversary {
    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        [Dispatch(message, to: [peer])]
    }

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        []
    }

    public func passesOn(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: Vantage<P>
    ) -> Bool {
        true
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] { [] }

    public mutating func executed(_ block: CommittedBlock, root: Digest) {}
}

/// Something that an adversary sends, and to whom. A batch of its own that it sends to itself is
/// one that its own replica takes from it as from clients.
public struct Dispatch<P: ConsensusProtocol>: Equatable, Sendable {
    public enum Content: Equatable, Sendable {
        /// Signed by the sender on its way out.
        case unsigned(P.Unsigned)
        case message(ReplicaMessage<P>)
        /// Whatever they are, the receiver decodes them.
        case bytes([UInt8])
    }

    public let content: Content
    public let targets: [ValidatorIndex]

    public init(_ unsigned: P.Unsigned, to targets: [ValidatorIndex]) {
        content = .unsigned(unsigned)
        self.targets = targets
    }

    public init(_ message: ReplicaMessage<P>, to targets: [ValidatorIndex]) {
        content = .message(message)
        self.targets = targets
    }

    public init(bytes: [UInt8], to targets: [ValidatorIndex]) {
        content = .bytes(bytes)
        self.targets = targets
    }
}
