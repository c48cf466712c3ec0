public import BFTBase
import BFTCore

/// How many bytes of batches each peer is sent because it asks for them: one budget for what a
/// replica holds in memory, and one of the host's for what has to be read from disk.
///
/// A request of some hundred bytes names batches of many megabytes, and a malicious author can see
/// to it that everybody keeps such batches and can't order them. So whoever asks for more than
/// `LedgerLimits.answerBytes` a second is not answered, and a second's worth is the most at once.
/// What an honest peer does not get is as good as lost on the way: it asks others, and again.
///
/// Public, since what holds a type that is `package` is not compiled for its protocol where it is
/// used: a replica holds this one.
public struct AnswerBudget: Equatable, Sendable {
    /// By peer: when it has made up for what it was sent.
    private var evenAt: [Instant]
    private let bytesPerSecond: UInt64

    /// A budget that nothing was taken from.
    public init(
        validatorCount: Int, bytesPerSecond: Int = LedgerLimits().answerBytes
    ) {
        evenAt = Array(repeating: Instant(nanoseconds: 0), count: validatorCount)
        self.bytesPerSecond = UInt64(bytesPerSecond)
    }

    /// Whether `peer` may be sent `byteCount` bytes. Then they count.
    mutating func spend(_ byteCount: Int, on peer: ValidatorIndex, at now: Instant) -> Bool {
        guard hasRoom(for: peer, at: now) else { return false }
        charge(byteCount, to: peer, at: now)
        return true
    }

    /// Whether `peer` may be sent anything.
    public func hasRoom(for peer: ValidatorIndex, at now: Instant) -> Bool {
        max(now, evenAt[peer.rawValue]).since(now) < .seconds(1)
    }

    /// Counts what was sent to `peer`, be it more than there was room for.
    public mutating func charge(_ byteCount: Int, to peer: ValidatorIndex, at now: Instant) {
        let time = Interval(nanoseconds: UInt64(byteCount) * 1_000_000_000 / bytesPerSecond)
        evenAt[peer.rawValue] = max(now, evenAt[peer.rawValue]).advanced(by: time)
    }
}
