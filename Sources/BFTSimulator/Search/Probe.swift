public import BFTCore
public import BFTLedger

/// Takes note of what honest replicas do, to tell what is new in a run.
public protocol Probe<P>: Sendable {
    associatedtype P: ConsensusProtocol

    /// A replica was given `input`, and answered with `effects`.
    mutating func note(
        _ input: ReplicaInput<P>, _ effects: [ReplicaEffect<P>], before: P?, after: P?,
        at moment: Moment)

    /// What was seen, each thing once, in order.
    var features: [Feature] { get }
}

/// When something happened: after how many occasions of the coalition, and at which millisecond.
public struct Moment: Hashable, Sendable {
    public let occasion: UInt64
    public let millisecond: UInt64

    public init(occasion: UInt64, millisecond: UInt64) {
        self.occasion = occasion
        self.millisecond = millisecond
    }
}

/// Something that a run came to.
public struct Feature: Hashable, Sendable {
    public let word: UInt32
    public let moment: Moment
    /// Whether somebody honest was behind and came to a later view at once: what was said in
    /// between it may lack for good, unless somebody tells it.
    public var isLeap: Bool { word & Self.leap != 0 }

    /// Whether it was a malicious validator's word that brought the leap about.
    public var isLed: Bool { isLeap && word & Self.led != 0 }

    /// Marks what is a leap, and one that was led.
    static let leap: UInt32 = 1 << 31
    static let led: UInt32 = 1 << 30

    public init(_ word: UInt32, at moment: Moment) {
        self.word = word
        self.moment = moment
    }
}
