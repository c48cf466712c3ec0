/// How many blocks an author is left out of own drafts for: twice as many each time that the
/// application refuses a block that names a batch of its, until one is ordered.
struct Patience: Equatable, Sendable {
    private var refusalCount = 0
    private(set) var blocksLeft = 0

    mutating func noteRefused() {
        refusalCount = min(refusalCount + 1, 16)
        blocksLeft = 1 << refusalCount
    }

    mutating func noteCommitted() { blocksLeft = max(0, blocksLeft - 1) }
}
