import BFTBase
public import BFTCore

/// How much one answer of blocks holds. The same at every validator, so that whoever asks can tell
/// an answer that brings less than it could.
public struct SyncWindow: Equatable, Sendable {
    private var count = 0
    private var byteCount = 0
    private let limits: LedgerLimits

    /// The window after all of `blocks`.
    public init(_ limits: LedgerLimits, _ blocks: [Block] = []) {
        self.limits = limits
        for block in blocks { add(block) }
    }

    public mutating func add(_ block: Block) {
        count += 1
        byteCount +=
            Self.fixedBytes + block.parents.count * Digest.byteCount
            + block.payload.count * Self.referenceBytes
    }

    /// Whether no other block belongs into the same answer.
    var isFull: Bool {
        count >= limits.syncBlocks || byteCount >= LedgerLimits.syncByteLimit
    }

    /// Whether an answer that ends here is worth a peer's turn.
    public var isHalfFull: Bool {
        2 * count >= limits.syncBlocks || 2 * byteCount >= LedgerLimits.syncByteLimit
    }

    /// What a block takes besides its parents and its payload, and what each batch in it takes.
    private static let fixedBytes = 96
    private static let referenceBytes = 46
}
