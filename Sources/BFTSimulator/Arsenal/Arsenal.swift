public import BFTBase
public import BFTCore

/// Everything signed that a coalition ever saw, taken apart, so that any of it can stand in any
/// place of a message. Bounded: the oldest of each sort are thinned out.
///
/// `Special` is what a protocol signs beside votes: timeouts, view changes and what they make.
public struct Arsenal<Special: Sendable & Equatable>: Sendable {
    public private(set) var certificates = Shelf<Certificate>(limit: 192)
    public private(set) var votes = Shelf<Vote>(limit: 256)
    public private(set) var blocks = Shelf<Block>(limit: 256)
    public private(set) var specials = Shelf<Special>(limit: 128)
    public private(set) var batches = Shelf<BatchReference>(limit: 64)
    /// Batches themselves, with the signatures under which they were heard.
    public private(set) var copies = Shelf<BatchCopy>(limit: 64)
    /// By digest, those of `blocks`.
    private var blocksByDigest: [Digest: Block] = [:]
    /// The votes for one statement, and how many certificates of it are known by their signers.
    private var tallies: [Statement: Tally] = [:]
    private var tallied = Deque<Statement>()

    private struct Tally: Sendable {
        var votes: [Vote] = []
        var signers: [Bitmap] = []
    }

    /// What is certified by certificates that others have shown: no secrets.
    private var shown: Set<Statement> = []
    private var shownInOrder = Deque<Statement>()

    private static var tallyLimit: Int { 512 }

    public init() {}

    public func block(named digest: Digest) -> Block? { blocksByDigest[digest] }

    /// The votes for `statement`, by rising voter.
    public func votes(for statement: Statement) -> [Vote] { tallies[statement]?.votes ?? [] }

    public mutating func add(_ block: Block) {
        guard blocksByDigest[block.digest] == nil else { return }
        blocksByDigest[block.digest] = block
        if let gone = blocks.add(block) { blocksByDigest[gone.digest] = nil }
        for reference in block.payload.prefix(2) { batches.add(reference) }
    }

    public mutating func add(_ certificate: Certificate) {
        let statement = certificate.statement
        makeTally(of: statement)
        guard tallies[statement]?.signers.contains(certificate.signers) == false else { return }
        tallies[statement]?.signers.append(certificate.signers)
        certificates.add(certificate)
        for (position, signature) in zip(certificate.signers.positions, certificate.signatures) {
            tally(
                Vote(
                    statement: statement, voter: ValidatorIndex(position), signature: signature))
        }
    }

    /// Notes that others know a certificate of `statement`.
    mutating func noteShown(_ statement: Statement) {
        guard shown.insert(statement).inserted else { return }
        if shownInOrder.count >= Self.tallyLimit, let oldest = shownInOrder.popFirst() {
            shown.remove(oldest)
        }
        shownInOrder.append(statement)
    }

    func isShown(_ statement: Statement) -> Bool { shown.contains(statement) }

    /// Returns whether it is a vote that was not known.
    @discardableResult
    public mutating func add(_ vote: Vote) -> Bool {
        makeTally(of: vote.statement)
        guard tally(vote) else { return false }
        votes.add(vote)
        return true
    }

    public mutating func add(_ special: Special) {
        guard !specials.items.contains(special) else { return }
        specials.add(special)
    }

    public mutating func add(_ reference: BatchReference) { batches.add(reference) }

    public mutating func add(_ copy: BatchCopy) {
        guard !copies.items.contains(copy) else { return }
        copies.add(copy)
        batches.add(copy.reference)
    }

    private mutating func makeTally(of statement: Statement) {
        guard tallies[statement] == nil else { return }
        if tallied.count >= Self.tallyLimit, let oldest = tallied.popFirst() {
            tallies[oldest] = nil
        }
        tallied.append(statement)
        tallies[statement] = Tally()
    }

    @discardableResult
    private mutating func tally(_ vote: Vote) -> Bool {
        let position =
            tallies[vote.statement]?.votes.firstIndex { $0.voter >= vote.voter }
            ?? tallies[vote.statement]?.votes.count ?? 0
        if let votes = tallies[vote.statement]?.votes, position < votes.count,
            votes[position].voter == vote.voter
        {
            return false
        }
        tallies[vote.statement]?.votes.insert(vote, at: position)
        return true
    }
}
