import BFTBase
import BFTCore

/// Keeps large blocks apart.
///
/// A block costs every validator signatures, messages and syncs, whatever it names. While blocks
/// are small, a leader proposes at once: somebody waits for an answer. Once they are large, more
/// arrives in the meantime, and fewer and larger blocks carry more for the same effort. Several
/// batches in one block mean many clients, and make it large much sooner: a lone client has one.
///
/// The pace is each leader's own choice. Nobody judges a proposal by it.
struct ProposalPace: Equatable, Sendable {
    private let limits: LedgerLimits
    /// When this replica last saw or made a proposal that counts as large.
    private var lastLarge: Instant?
    /// When a payload that was held back is due.
    private(set) var due: Instant?

    init(_ limits: LedgerLimits) { self.limits = limits }

    /// Notes what a proposal names.
    mutating func note(_ payload: [BatchReference], at now: Instant) {
        let byteCount = payload.reduce(0) { $0 + $1.byteCount }
        let least = payload.count > 1 ? limits.busyBlockBytes : limits.largeBlockBytes
        lastLarge = byteCount >= least ? now : nil
    }

    /// Whether a payload is held back, whatever its size. Then `due` says until when.
    mutating func holdsBack(at now: Instant) -> Bool {
        due = nil
        guard let lastLarge, now < lastLarge.advanced(by: limits.largeBlockInterval) else {
            return false
        }
        due = lastLarge.advanced(by: limits.largeBlockInterval)
        return true
    }

    /// Whether a payload that was held back may be proposed now; said once.
    mutating func becameDue(at now: Instant) -> Bool {
        guard let due, due <= now else { return false }
        self.due = nil
        return true
    }
}
