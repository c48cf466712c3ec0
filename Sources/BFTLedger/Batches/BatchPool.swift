import BFTBase
import BFTCore

/// Why a batch is not kept.
public enum BatchRefusal: Error, Equatable, Sendable {
    case unknownAuthor
    /// Signed for another chain or another epoch.
    case foreign
    /// Without a signature, and no block that somebody honest has voted for names it.
    case unsigned
    /// From a peer that is not its author, and nobody asked for it.
    case unasked
    case alreadyOrdered
    /// Too far ahead of its author's last ordered batch.
    case beyondWindow
    case tooManyBytes
    /// Another batch of the same author and sequence is here, and no proposal names this one.
    case contradictory
    /// It is here already.
    case known
}

/// The batches that are here and not ordered yet, by author and in sequence.
///
/// A batch is *held* once it is on its way to the host's log: only held batches are proposed and
/// voted for. What is logged later is durable later, so no vote leaves before the batches that it
/// stands on are durable, and the quorum behind a certificate can always bring back what it
/// certified. An own batch is sent once it is *durable* itself, and signed.
///
/// A batch that came *bare* is held like any other, since somebody honest has voted for a block
/// that names it, but not proposed: others could not take it from here.
///
/// A batch that came over its author's own link is that author's, and its signature is *unchecked*
/// until somebody else needs it: see `AuthorshipChecks`. It is held and proposed like any other,
/// unless a signature of its author was found false: then what that one says is checked first.
///
/// - Invariant B3: of one author, exactly one batch is ordered for each sequence, in order.
/// - Invariant B4: an author fills only its own window.
struct BatchPool: Equatable, Sendable {
    /// The most batches of one author and sequence that nobody counts on. An author can make each
    /// honest leader propose another one, so the oldest gives way: a batch that a proposal names
    /// must always find room, or honest leaders would refuse each other for good.
    private static let candidateLimit = 3

    /// How far ahead of what is ordered a batch of the log has a place. Whoever lost its chain and
    /// not its log has batches from any distance.
    private static let nearLimit = 4 * Block.payloadLimit

    private var authors: [Author]
    /// Batches of the log that are further ahead than that.
    private var far: FarCopies
    /// How many authors are ready: asked after every message, whoever it is from.
    private var readyCount = 0
    /// The view of the last committed block. No block of an earlier one is committed any more:
    /// views never fall along a chain.
    private var committedView = View.zero
    private let own: ValidatorIndex
    private let limits: LedgerLimits

    init(next: [BatchSequence], own: ValidatorIndex, limits: LedgerLimits) {
        self.own = own
        authors = next.map { Author(next: $0) }
        far = FarCopies(authorCount: next.count)
        self.limits = limits
    }

    /// The first sequence of each author that is not ordered.
    var frontier: [BatchSequence] { authors.map(\.next) }

    /// Whether the sequence of `author` is ordered already.
    func isOrdered(_ sequence: BatchSequence, of author: ValidatorIndex) -> Bool {
        author.rawValue < authors.count && sequence < authors[author.rawValue].next
    }

    var byteCount: Int { authors.reduce(0) { $0 + $1.byteCount } }

    func byteCount(of author: ValidatorIndex) -> Int { authors[author.rawValue].byteCount }
    func slotCount(of author: ValidatorIndex) -> Int { authors[author.rawValue].slots.count }

    /// Whether a batch could be proposed now.
    var hasWork: Bool { readyCount > 0 }

    /// Changes what is kept of an author where it stands.
    private mutating func update<Result>(
        _ author: ValidatorIndex, _ change: (inout Author) -> Result
    ) -> Result {
        if authors[author.rawValue].isReady { readyCount -= 1 }
        defer { if authors[author.rawValue].isReady { readyCount += 1 } }
        return change(&authors[author.rawValue])
    }

    /// The first sequence of `author` for which nothing is here. After a crash that may be one in
    /// the middle: whatever stood there was not durable, so it was never sent, and nothing after
    /// it can be ordered until the place is filled. Its signature, if it was made, was in memory
    /// only and has never left the machine: so nobody ever sees two of one sequence.
    func nextUnused(of author: ValidatorIndex) -> BatchSequence {
        let queue = authors[author.rawValue]
        let offset = queue.slots.firstIndex(where: \.isEmpty) ?? queue.slots.count
        return BatchSequence(queue.next.rawValue + UInt64(offset))
    }

    /// Whether something of `author` stands after a place where nothing is.
    func hasGap(of author: ValidatorIndex) -> Bool {
        authors[author.rawValue].slots.contains(where: \.isEmpty)
    }

    /// The own batches that may be sent, in order: durable and signed.
    var sendableBatches: [BatchCopy] {
        authors[own.rawValue].slots.flatMap { slot in
            slot.compactMap { $0.isDurable && $0.authorship != nil ? $0.copy : nil }
        }
    }

    /// The next own sequence that can be ordered, if a batch for it may be sent.
    var firstSendable: BatchSequence? {
        let queue = authors[own.rawValue]
        let isSendable = queue.slots.first?.contains { $0.isDurable && $0.authorship != nil }
        return isSendable == true ? queue.next : nil
    }

    /// The own batch called `reference`, if it may be sent.
    func sendable(_ reference: BatchReference) -> BatchCopy? {
        guard let (offset, position) = find(reference) else { return nil }
        let candidate = authors[reference.author.rawValue].slots[offset][position]
        return candidate.isDurable && candidate.authorship != nil ? candidate.copy : nil
    }

    /// The own batches that are not signed yet.
    var unsignedBatches: [BatchReference] {
        authors[own.rawValue].slots.flatMap { slot in
            slot.filter { $0.authorship == nil }.map(\.batch.reference)
        }
            + far.copies.filter { $0.authorship == nil && $0.batch.author == own }.map(\.reference)
    }

    /// Every held batch, by author, in order.
    var heldBatches: [BatchCopy] {
        authors.flatMap { $0.slots.flatMap { slot in slot.filter(\.isHeld).map(\.copy) } }
            + far.copies
    }

    // MARK: Taking batches in

    /// Throws if a batch of this author, sequence and size would not be kept, whatever is in it.
    /// Costs next to nothing: to be asked before the batch is hashed, and before its signature is
    /// checked.
    func checkPlace(
        author: ValidatorIndex, sequence: BatchSequence, byteCount: Int, isRequested: Bool
    ) throws(BatchRefusal) {
        guard author.rawValue < authors.count else { throw .unknownAuthor }
        // No block holds it: whoever proposed it would be refused, or propose nothing else.
        guard byteCount <= limits.blockBytes else { throw .tooManyBytes }
        let queue = authors[author.rawValue]
        guard sequence >= queue.next else { throw .alreadyOrdered }
        // What a proposal names follows in sequence on the blocks that it stands on, however many
        // of those are not committed here: others may know that they are, and forget it.
        let offset = Int(clamping: sequence.rawValue - queue.next.rawValue)
        guard isRequested || offset < limits.batchesPerAuthor else { throw .beyondWindow }
        // For a place that is taken, the batch is the same, or evidence.
        let isTaken = offset < queue.slots.count && !queue.slots[offset].isEmpty
        guard isRequested || isTaken || queue.byteCount + byteCount <= limits.bytesPerAuthor else {
            throw .tooManyBytes
        }
    }

    /// Takes a copy in. One that was here bare gets its signature.
    ///
    /// - Parameter isChecked: whether its signature was.
    /// - Parameter isNeeded: whether a proposal waits for a batch, or stands on it: then it stays.
    mutating func insert(
        _ copy: BatchCopy, isChecked: Bool, isRequested: Bool,
        isNeeded: (BatchReference) -> Bool = { _ in false }
    ) throws(BatchRefusal) {
        let batch = copy.batch
        try checkPlace(
            author: batch.author, sequence: batch.sequence, byteCount: batch.encoded.count,
            isRequested: isRequested)
        if let (offset, position) = find(batch.reference) {
            let isBare = authors[batch.author.rawValue].slots[offset][position].isBare
            guard isBare, let authorship = copy.authorship else { throw .known }
            return sign(batch.reference, authorship, isChecked: isChecked)
        }
        let queue = authors[batch.author.rawValue]
        let offset = Int(clamping: batch.sequence.rawValue - queue.next.rawValue)
        let isTaken = offset < queue.slots.count && !queue.slots[offset].isEmpty
        guard isRequested || !isTaken else { throw .contradictory }
        append(copy, isChecked: isChecked, at: offset)
        let committedView = committedView
        update(batch.author) { author in
            let spare = author.slots[offset].indices.filter { position in
                let candidate = author.slots[offset][position]
                let isCountedOn = candidate.vouchedIn.map { $0 >= committedView } ?? false
                return !isCountedOn && !isNeeded(candidate.batch.reference)
            }
            for oldest in spare.dropLast(Self.candidateLimit).reversed() {
                let dropped = author.slots[offset].remove(at: oldest)
                author.byteCount -= dropped.batch.encoded.count
            }
        }
    }

    /// What the author of `copy` signed for the same sequence, of another batch, and whether that
    /// was checked.
    func contradiction(to copy: BatchCopy) -> (vote: Vote, isChecked: Bool)? {
        guard copy.batch.author.rawValue < authors.count else { return nil }
        let queue = authors[copy.batch.author.rawValue]
        guard copy.batch.sequence >= queue.next else { return nil }
        let offset = Int(clamping: copy.batch.sequence.rawValue - queue.next.rawValue)
        guard offset < queue.slots.count else { return nil }
        for candidate in queue.slots[offset] where candidate.batch.digest != copy.batch.digest {
            if let found = candidate.authorship {
                return (found.vote(for: candidate.batch.reference), candidate.isChecked)
            }
        }
        return nil
    }

    /// Whether `reference` is here, and everything that is to be known of it.
    func isComplete(_ reference: BatchReference) -> Bool {
        guard let (offset, position) = find(reference) else { return false }
        return !authors[reference.author.rawValue].slots[offset][position].isBare
    }

    /// Takes back a batch from this replica's own log: durable already, and held whatever the
    /// window says, since this replica may have voted for it when it knew of a later frontier.
    mutating func recover(_ copy: BatchCopy, isChecked: Bool = false) {
        let batch = copy.batch
        let isChecked = isChecked || batch.author == own
        guard batch.author.rawValue < authors.count, batch.encoded.count <= limits.blockBytes else {
            return
        }
        let queue = authors[batch.author.rawValue]
        guard batch.sequence >= queue.next, self.batch(batch.reference) == nil else { return }
        let offset = Int(clamping: batch.sequence.rawValue - queue.next.rawValue)
        guard offset < Self.nearLimit else {
            return far.insert(FarCopies.Entry(copy: copy, isChecked: isChecked))
        }
        append(copy, isChecked: isChecked, at: offset)
        hold(batch.reference)
        noteDurable(batch.reference)
        // In which view that was, the log does not say.
        vouch(for: [batch.reference], in: View(.max))
    }

    /// Takes in what was too far ahead, now that more is ordered.
    mutating func bringNear() {
        guard !far.isEmpty else { return }
        for author in authors.indices {
            let next = authors[author].next.rawValue
            let (end, overflow) = next.addingReportingOverflow(UInt64(Self.nearLimit))
            while let entry = far.popFirst(
                of: ValidatorIndex(author), below: BatchSequence(overflow ? .max : end))
            {
                recover(entry.copy, isChecked: entry.isChecked)
            }
        }
    }

    private mutating func append(_ copy: BatchCopy, isChecked: Bool, at offset: Int) {
        let candidate = Candidate(
            batch: copy.batch, authorship: copy.authorship, isChecked: isChecked,
            isBare: copy.authorship == nil && copy.batch.author != own)
        update(copy.batch.author) { author in
            while author.slots.count <= offset { author.slots.append([]) }
            author.slots[offset].append(candidate)
            author.byteCount += copy.batch.encoded.count
        }
    }

    /// Notes what the author signed of a batch that is here.
    mutating func sign(
        _ reference: BatchReference, _ authorship: Authorship, isChecked: Bool
    ) {
        guard let (offset, position) = find(reference) else {
            return far.update(reference) { entry in
                entry.copy = BatchCopy(entry.copy.batch, authorship)
                entry.isChecked = isChecked
            }
        }
        update(reference.author) { author in
            author.slots[offset][position].authorship = authorship
            author.slots[offset][position].isChecked = isChecked
            author.slots[offset][position].isBare = false
        }
    }

    // MARK: Signatures

    /// What the author says of its batch called `reference`, unless that was checked.
    func unchecked(_ reference: BatchReference) -> Vote? {
        guard let (offset, position) = find(reference) else {
            guard let entry = far[reference], !entry.isChecked else { return nil }
            return entry.copy.authorship?.vote(for: reference)
        }
        return authors[reference.author.rawValue].slots[offset][position].unchecked
    }

    /// Notes that the signature of `vote`, under a batch that is here, was checked. A false one is
    /// no signature: the batch is bare.
    mutating func noteChecked(
        _ reference: BatchReference, _ vote: Vote, isGenuine: Bool
    ) {
        guard unchecked(reference) == vote else { return }
        guard let (offset, position) = find(reference) else {
            return far.update(reference) { entry in
                entry.isChecked = true
                if !isGenuine { entry.copy = BatchCopy(entry.copy.batch) }
            }
        }
        update(reference.author) { author in
            author.slots[offset][position].isChecked = isGenuine
            guard !isGenuine else { return }
            author.slots[offset][position].authorship = nil
            author.slots[offset][position].isBare = true
        }
    }

    /// What the authors say of the first batches that wait, unless it was checked.
    var firstUnchecked: [Vote] {
        authors.flatMap { author in
            author.slots.prefix(Self.cautionLimit).flatMap { $0.compactMap(\.unchecked) }
        }
    }

    /// The most batches of one author that are checked for a leader that is cautious.
    private static let cautionLimit = 64

    func isDistrusted(_ author: ValidatorIndex) -> Bool { authors[author.rawValue].isDistrusted }

    /// Proposes nothing of `author` any more whose signature is not checked. Returns what is to be
    /// checked for that.
    mutating func distrust(_ author: ValidatorIndex) -> [Vote] {
        guard !isDistrusted(author) else { return [] }
        update(author) { $0.isDistrusted = true }
        return authors[author.rawValue].slots.flatMap { $0.compactMap(\.unchecked) }
    }

    /// Notes that the host was told to store a batch.
    mutating func hold(_ reference: BatchReference) {
        guard let (offset, position) = find(reference) else { return }
        update(reference.author) { $0.slots[offset][position].isHeld = true }
    }

    /// Notes that a batch is durable.
    mutating func noteDurable(_ reference: BatchReference) {
        guard let (offset, position) = find(reference) else { return }
        authors[reference.author.rawValue].slots[offset][position].isDurable = true
    }

    /// Notes that this replica lets its vote go to a block of `view` with `payload`, all held.
    mutating func vouch(for payload: [BatchReference], in view: View) {
        for reference in payload {
            guard let (offset, position) = find(reference) else { continue }
            let last = authors[reference.author.rawValue].slots[offset][position].vouchedIn
            authors[reference.author.rawValue].slots[offset][position].vouchedIn =
                max(last ?? view, view)
        }
    }

    /// Notes that a block of `view` is committed: nobody counts on what earlier ones name.
    mutating func noteCommitted(_ view: View) {
        committedView = max(committedView, view)
        for author in authors.indices where authors[author].patience.blocksLeft > 0 {
            update(ValidatorIndex(author)) { $0.patience.noteCommitted() }
        }
    }

    /// Notes that the application refuses a block with `payload`. For which author's batch it does
    /// not say, and any validator may sign one that is refused: own drafts leave out all others
    /// that the block names, for twice as many blocks each time, until something of theirs is
    /// ordered. So one refused batch is in one draft after the other for a while at most, and what
    /// this replica's own clients sent is always proposed.
    mutating func noteRefused(_ payload: [BatchReference]) {
        for author in Set(payload.map(\.author)).sorted() where author != own {
            update(author) { $0.patience.noteRefused() }
        }
    }

    // MARK: Looking

    func isHeld(_ reference: BatchReference) -> Bool {
        guard let (offset, position) = find(reference) else {
            return far[reference] != nil  // Of the log, and so durable.
        }
        return authors[reference.author.rawValue].slots[offset][position].isHeld
    }

    /// The batch, held or not.
    func batch(_ reference: BatchReference) -> Batch? {
        guard let (offset, position) = find(reference) else { return far[reference]?.copy.batch }
        return authors[reference.author.rawValue].slots[offset][position].batch
    }

    /// A copy for whoever asks. An own batch is sent once it may be.
    func copy(_ reference: BatchReference) -> BatchCopy? {
        guard let (offset, position) = find(reference) else {
            let copy = far[reference]?.copy
            return reference.author == own && copy?.authorship == nil ? nil : copy
        }
        guard reference.author != own else { return sendable(reference) }
        return authors[reference.author.rawValue].slots[offset][position].copy
    }

    private func find(_ reference: BatchReference) -> (offset: Int, position: Int)? {
        guard reference.author.rawValue < authors.count else { return nil }
        let queue = authors[reference.author.rawValue]
        guard reference.sequence >= queue.next else { return nil }
        let offset = Int(clamping: reference.sequence.rawValue - queue.next.rawValue)
        guard offset < queue.slots.count,
            let position = queue.slots[offset].firstIndex(where: {
                $0.batch.reference == reference
            })
        else { return nil }
        return (offset, position)
    }

    // MARK: Ordering

    /// Takes out what `reference` orders. Returns its batch, if it is here, and the batches of
    /// the same author and sequence that now can never be ordered.
    mutating func order(_ reference: BatchReference) -> (batch: Batch?, displaced: [Batch]) {
        let slot = update(reference.author) { author in
            precondition(author.next == reference.sequence, "B3: ordered out of sequence")
            author.next = author.next.next
            author.patience = Patience()
            let slot = author.slots.popFirst() ?? []
            author.byteCount -= slot.reduce(0) { $0 + $1.batch.encoded.count }
            return slot
        }
        return (
            slot.first { $0.batch.reference == reference }?.batch,
            slot.map(\.batch).filter { $0.reference != reference }
        )
    }

    /// What to propose when `frontier` holds the first sequence of each author that the branch
    /// does not name yet: one batch of each author in turn, from author `start` on.
    ///
    /// - Parameter isCautious: whether to name only what others can be given at once.
    func draft(
        frontier: [BatchSequence], start: Int, isCautious: Bool = false
    ) -> [BatchReference] {
        var payload: [BatchReference] = []
        var offsets = zip(frontier, authors).map { Int(clamping: $0.rawValue - $1.next.rawValue) }
        var byteCount = 0
        var foundMore = true
        while foundMore {
            foundMore = false
            for turn in authors.indices {
                let author = (start + turn) % authors.count
                let slots = authors[author].slots
                guard offsets[author] < slots.count, authors[author].patience.blocksLeft == 0,
                    let candidate = slots[offsets[author]].first(where: {
                        authors[author].isProposable($0) && ($0.isChecked || !isCautious)
                    })
                else { continue }
                byteCount += candidate.batch.encoded.count
                // A single batch always fits: no larger one has a place.
                guard byteCount <= limits.blockBytes, payload.count < Block.payloadLimit else {
                    return payload
                }
                payload.append(candidate.batch.reference)
                offsets[author] += 1
                foundMore = true
            }
        }
        return payload
    }
}
