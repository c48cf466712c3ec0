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
    /// Whether somebody honest was behind and came to a later view at once, or committed what a
    /// malicious validator told it: what it should have learned on the way it may lack for good,
    /// unless somebody tells it.
    public var isLeap: Bool { word & Self.leap != 0 }

    /// Whether it was a malicious validator's word that brought the leap about.
    public var isLed: Bool { isLeap && word & Self.led != 0 }

    /// Whether nobody could tell it more just then: it was told all that anybody committed.
    public var isLast: Bool { isLed && word & Self.last != 0 }

    /// What is equal for leaps of one kind.
    var kind: UInt32 { word & ~Self.ordinals }

    /// Marks what is a leap, one that was led, and one after which there is nothing more to tell.
    private static let leap: UInt32 = 1 << 31
    private static let led: UInt32 = 1 << 30
    private static let last: UInt32 = 1 << 29
    static let marks = leap | led | last
    /// Which leap of its run it is.
    private static let ordinals: UInt32 = 15

    /// The word of the leap with `ordinal` that is of some kind.
    static func word(
        ofLeap kind: UInt32, _ ordinal: UInt32, isLed: Bool, isLast: Bool
    ) -> UInt32 {
        leap | (isLed ? led : 0) | (isLast ? last : 0) | kind & ~(marks | ordinals) | ordinal
            & ordinals
    }

    public init(_ word: UInt32, at moment: Moment) {
        self.word = word
        self.moment = moment
    }
}
