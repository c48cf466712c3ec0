package import BFTBase
import BFTCore

/// How many bytes of batches each peer is sent because it asks for them: one budget for what a
/// replica holds in memory, and one of the host's for what has to be read from disk.
///
/// A request of some hundred bytes names batches of many megabytes, and a malicious author can see
/// to it that everybody keeps such batches and can't order them. So whoever asks for more than
/// `LedgerLimits.answerBytes` a second is not answered, and a second's worth is the most at once.
/// What an honest peer does not get is as good as lost on the way: it asks others, and again.
package struct AnswerBudget: Equatable, Sendable {
    /// By peer: when it has made up for what it was sent.
    private var evenAt: [Instant]
    private let bytesPerSecond: UInt64

    package init(
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
    package func hasRoom(for peer: ValidatorIndex, at now: Instant) -> Bool {
        max(now, evenAt[peer.rawValue]).since(now) < .seconds(1)
    }

    /// Counts what was sent to `peer`, be it more than there was room for.
    package mutating func charge(_ byteCount: Int, to peer: ValidatorIndex, at now: Instant) {
        let time = Interval(nanoseconds: UInt64(byteCount) * 1_000_000_000 / bytesPerSecond)
        evenAt[peer.rawValue] = max(now, evenAt[peer.rawValue]).advanced(by: time)
    }
}
