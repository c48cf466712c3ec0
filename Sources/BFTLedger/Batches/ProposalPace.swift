import BFTBase

/// Keeps large blocks apart.
///
/// A block costs every validator signatures, messages and syncs, whatever it names. While blocks
/// are small, a leader proposes at once: somebody waits for an answer. Once they are large, more
/// arrives in the meantime, and fewer and larger blocks carry more for the same effort.
///
/// The pace is each leader's own choice. Nobody judges a proposal by it.
struct ProposalPace: Equatable, Sendable {
    private let interval: Interval
    private let byteCount: Int
    /// When this replica last saw or made a proposal that counts as large.
    private var lastLarge: Instant?
    /// When a payload that was held back is due.
    private(set) var due: Instant?

    /// - Parameters:
    ///   - interval: how far large blocks are kept apart.
    ///   - byteCount: the bytes of payload from which a block is large.
    init(interval: Interval, byteCount: Int) {
        self.interval = interval
        self.byteCount = byteCount
    }

    /// Notes a proposal of so many bytes.
    mutating func note(_ byteCount: Int, at now: Instant) {
        lastLarge = byteCount >= self.byteCount ? now : nil
    }

    /// Whether a payload is held back, whatever its size. Then `due` says until when.
    mutating func holdsBack(at now: Instant) -> Bool {
        due = nil
        guard let lastLarge, now < lastLarge.advanced(by: interval) else { return false }
        due = lastLarge.advanced(by: interval)
        return true
    }

    /// Whether a payload that was held back may be proposed now; said once.
    mutating func becameDue(at now: Instant) -> Bool {
        guard let due, due <= now else { return false }
        self.due = nil
        return true
    }
}
