import BFTBase
import BFTCore

/// How many bytes of batches each peer is sent because it asks for them.
///
/// A request of some hundred bytes names batches of many megabytes, and a malicious author can see
/// to it that everybody keeps such batches and can't order them. So whoever asks for more than
/// `LedgerLimits.answerBytes` a second is not answered, and a second's worth is the most at once.
/// What an honest peer does not get is as good as lost on the way: it asks others, and again.
struct AnswerBudget: Equatable, Sendable {
    /// By peer: when it has made up for what it was sent.
    private var evenAt: [Instant]
    private let bytesPerSecond: UInt64

    init(validatorCount: Int, bytesPerSecond: Int) {
        evenAt = Array(repeating: Instant(nanoseconds: 0), count: validatorCount)
        self.bytesPerSecond = UInt64(bytesPerSecond)
    }

    /// Whether `peer` may be sent `byteCount` bytes. Then they count.
    mutating func spend(_ byteCount: Int, on peer: ValidatorIndex, at now: Instant) -> Bool {
        let start = max(now, evenAt[peer.rawValue])
        guard start.since(now) < .seconds(1) else { return false }
        let time = Interval(nanoseconds: UInt64(byteCount) * 1_000_000_000 / bytesPerSecond)
        evenAt[peer.rawValue] = start.advanced(by: time)
        return true
    }
}
