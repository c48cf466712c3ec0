import BFTBase
import BFTCore

/// Keeps large blocks apart, and lets small ones gather.
///
/// A block costs every validator signatures, messages and syncs, whatever it names. Behind a small
/// one a leader proposes at once: somebody waits for an answer. Behind a large one more arrives in
/// the meantime, and fewer and larger blocks carry more for the same effort. Several batches in one
/// block mean many clients, and make it large much sooner: a lone client has one.
///
/// A leader also waits for others, where its protocol asks for it (`leadersGather`). While several
/// validators have clients, each seals a batch as soon as the last block has answered them, and the
/// batches of the others are at the leader a moment later than its own. So it waits for those whose
/// batches stood in the latest blocks, for a little: a batch that misses a block waits for all of
/// the next, which costs everybody as much. Of whom it waited for in vain it expects nothing until
/// a block names that one again.
///
/// The pace is each leader's own choice. Nobody judges a proposal by it.
struct ProposalPace: Equatable, Sendable {
    private let limits: LedgerLimits
    /// When this replica last saw or made a proposal that counts as large.
    private var lastLarge: Instant?
    /// When a payload that was held back is due.
    private(set) var due: Instant?
    /// By author: when a proposal last named a batch of it.
    private var namedAt: [Instant?]
    /// Since when others are waited for.
    private var gathersSince: Instant?

    init(_ limits: LedgerLimits, authorCount: Int) {
        self.limits = limits
        namedAt = Array(repeating: nil, count: authorCount)
    }

    /// Notes what a proposal names.
    mutating func note(_ payload: [BatchReference], at now: Instant) {
        for reference in payload where reference.author.rawValue < namedAt.count {
            namedAt[reference.author.rawValue] = now
        }
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

    /// Whether `payload` is held back for what others are about to add. Then `due` says until when.
    mutating func gathers(_ payload: [BatchReference], at now: Instant) -> Bool {
        let byteCount = payload.reduce(0) { $0 + $1.byteCount }
        // A large block is worth its cost, and may have no room for more.
        guard !payload.isEmpty, byteCount < limits.largeBlockBytes else { return false }
        // What was gathered for in a view that was lost is over.
        if let since = gathersSince, now.since(since) >= limits.gatherInterval.scaled(by: 2) {
            gathersSince = nil
        }
        let latest = Interval(nanoseconds: Self.memory * limits.largeBlockInterval.nanoseconds)
        var authors = Bitmap(count: namedAt.count)
        for reference in payload { authors.insert(reference.author.rawValue) }
        let missing = namedAt.indices.filter { author in
            guard !authors[author], let time = namedAt[author] else { return false }
            return now.since(time) < latest
        }
        let end = (gathersSince ?? now).advanced(by: limits.gatherInterval)
        if !missing.isEmpty, now < end {
            gathersSince = gathersSince ?? now
            due = end
            return true
        }
        gathersSince = nil
        for author in missing { namedAt[author] = nil }
        return false
    }

    /// For how many large blocks' time an author's batch is remembered.
    private static let memory: UInt64 = 4

    /// Whether a payload that was held back may be proposed now; said once.
    mutating func takeDue(at now: Instant) -> Bool {
        guard let due, due <= now else { return false }
        self.due = nil
        return true
    }
}
