import BFTBase
import BFTCore

/// Batches that are needed and not here, and whom to ask for each.
///
/// Those who voted for a block that names a batch hold it, so they are asked first; without
/// votes, the proposer and the author are. Whoever should have it and does not answer while
/// `fetchPatience` lasts is passed over: others are asked, at each step twice as many as before,
/// so that any number of silent peers costs a few steps. And it is remembered: for whatever is
/// needed later, it is asked last of its kind, until it has answered all that it was asked for.
///
/// What is sent is named by its digest, so a wrong batch answers nothing.
///
/// A view may end before the answer has come: a large batch that one validator has alone takes
/// its time to reach all others. So what somebody was asked for is taken for a while after it is
/// not needed any more, or whoever shows such a batch to one leader would cost that one each of
/// its views.
///
/// A proposal of a Byzantine leader may name batches that nobody has. They have half the room at
/// each peer, and what somebody honest has voted for has all of it: they hold nothing up for long.
/// Nor do they say anything of the author in whose name they were made up. And until somebody
/// honest has voted, the proposer is always among the first that are asked, whatever it did not
/// answer before: perhaps nobody else has the batch, and only by being asked does an honest leader
/// learn that the author's signature is false.
struct BatchFetcher: Equatable, Sendable {
    /// Who is thought to have a batch.
    struct Holders: Equatable, Sendable {
        let proposer: ValidatorIndex
        /// Those who voted for the block.
        var voters: Bitmap?
        /// Whether somebody honest is among them.
        var isCertified = false
    }

    private struct Wanted: Equatable, Sendable {
        let reference: BatchReference
        var holders: Holders
        /// Whom it was asked of since the last time that everybody was.
        var asked: Bitmap
        /// Those who were asked last, and when.
        var latest: [ValidatorIndex] = []
        var askedAt = Instant(nanoseconds: 0)
        /// Whether anybody ever was.
        var wasAsked = false
        /// How many are asked next.
        var width = 1
        /// When to look at it again.
        var dueAt: Instant
        /// Whether it waits for room, so that an answer may make it due.
        var isBlocked = false
    }

    private struct Peer: Equatable, Sendable {
        /// The batches it was asked for and has not answered.
        var openCount = 0
        /// When it was asked while nothing was open, or answered.
        var heardAt = Instant(nanoseconds: 0)
        /// How many times it did not answer what it should have had, since it last answered all,
        /// and when the last was counted.
        var misses = 0
        var missedAt = Instant(nanoseconds: 0)
    }

    private var wanted: [Wanted] = []
    /// The names in `wanted`, and whether somebody honest has voted for each. Never walked.
    private var names: [BatchReference: Bool] = [:]
    private var places = BatchPlaces()
    private var lapsed: LapsedRequests
    private var peers: [Peer]
    private let own: ValidatorIndex
    private let limits: LedgerLimits

    private func holds(_ check: FetchCheck, _ condition: Bool) -> Bool {
        condition || limits.skippedFetchCheck == check
    }

    init(validatorCount: Int, own: ValidatorIndex, limits: LedgerLimits) {
        peers = Array(repeating: Peer(), count: validatorCount)
        lapsed = LapsedRequests(validatorCount: validatorCount)
        self.own = own
        self.limits = limits
    }

    func isWanted(_ reference: BatchReference) -> Bool {
        names[reference] != nil || lapsed.contains(reference)
    }

    /// Whether a batch of this place is wanted, whatever its digest.
    func isWanted(author: ValidatorIndex, sequence: BatchSequence) -> Bool {
        places.contains(author: author, sequence: sequence)
            || lapsed.places.contains(author: author, sequence: sequence)
    }

    var nextDeadline: Instant? { wanted.lazy.map(\.dueAt).min() }

    /// Wants `reference` from `due` on. Whoever has voted for its block meanwhile is asked at once.
    mutating func want(_ reference: BatchReference, of holders: Holders, at due: Instant) {
        let known = names[reference]
        guard known == nil || holders.isCertified && known == false else { return }
        lapsed.remove(reference)
        if known == nil { places.add(reference) }
        names[reference] = holders.isCertified
        if let position = wanted.firstIndex(where: { $0.reference == reference }) {
            close(wanted[position])
            wanted[position].holders = holders
            wanted[position].asked = Bitmap(count: peers.count)
            wanted[position].latest = []
            wanted[position].width = 1
            wanted[position].dueAt = due
            return
        }
        wanted.append(
            Wanted(
                reference: reference, holders: holders, asked: Bitmap(count: peers.count),
                dueAt: due))
    }

    /// Takes note that `peer` has sent the batch, or that it is here by another way.
    mutating func found(_ reference: BatchReference, from peer: ValidatorIndex?, at now: Instant) {
        lapsed.remove(reference)
        guard names.removeValue(forKey: reference) != nil else { return }
        places.remove(reference)
        if let peer, peer != own { peers[peer.rawValue].heardAt = now }
        guard let position = wanted.firstIndex(where: { $0.reference == reference }) else { return }
        let entry = wanted.remove(at: position)
        close(entry)
        if let peer, entry.asked[peer.rawValue], peers[peer.rawValue].openCount == 0 {
            peers[peer.rawValue].misses = 0
        }
    }

    /// Takes note that nobody needs the batch any more, whatever may still come.
    mutating func forget(_ reference: BatchReference) { lapsed.remove(reference) }

    /// Asks for nothing any more that is not needed.
    mutating func keep(at now: Instant, only isNeeded: (BatchReference) -> Bool) {
        for entry in wanted where !isNeeded(entry.reference) {
            names.removeValue(forKey: entry.reference)
            places.remove(entry.reference)
            close(entry)
            if !holds(.lapse, !entry.wasAsked) {
                lapsed.insert(entry.reference, namedBy: entry.holders.proposer, at: now)
            }
        }
        wanted.removeAll { names[$0.reference] == nil }
    }

    /// Those who were asked for `entry` need not answer any more.
    private mutating func close(_ entry: Wanted) {
        for position in entry.asked.positions {
            peers[position].openCount = max(0, peers[position].openCount - 1)
        }
    }

    /// The requests that are due, by peer.
    mutating func dueRequests(at now: Instant) -> [(peer: ValidatorIndex, [BatchReference])] {
        lapsed.expire(at: now)
        guard !wanted.isEmpty else { return [] }
        for position in peers.indices { giveUp(on: position, at: now) }
        var requests: [[BatchReference]] = Array(repeating: [], count: peers.count)
        for isCertified in [true, false] {
            // Batches of one block have the same holders: after a few in vain all are.
            var triesLeft = Self.tryLimit
            for position in wanted.indices
            where wanted[position].holders.isCertified == isCertified {
                let isBlocked = wanted[position].isBlocked && triesLeft > 0
                guard wanted[position].dueAt <= now || isBlocked, mayGoOn(position, at: now) else {
                    continue
                }
                let chosen = chosen(for: position, at: now)
                triesLeft = chosen.isEmpty ? triesLeft - 1 : Self.tryLimit
                for peer in chosen {
                    requests[peer.rawValue].append(wanted[position].reference)
                }
            }
        }
        return requests.enumerated().flatMap { peer, names in
            stride(from: 0, to: names.count, by: LedgerLimits.batchRequestLimit).map { start in
                let end = min(start + LedgerLimits.batchRequestLimit, names.count)
                return (ValidatorIndex(peer), Array(names[start..<end]))
            }
        }
    }

    // MARK: One peer

    /// What is free at a peer. Names that nobody has voted for leave half of it to the others.
    private func room(at position: Int, _ isCertified: Bool) -> Int {
        guard position != own.rawValue else { return 0 }
        let limit = limits.batchRequestsInFlight
        return max(0, (isCertified ? limit : limit / 2) - peers[position].openCount)
    }

    /// Forgets what a peer was asked for, once it has been silent for long.
    private mutating func giveUp(on position: Int, at now: Instant) {
        let end = peers[position].heardAt.advanced(by: limits.answerTimeout)
        if peers[position].openCount > 0, end <= now { peers[position].openCount = 0 }
    }

    /// The least likely miss first. Votes come before everything; without them the proposer and the
    /// author do, unless they let this replica down before.
    private func rank(_ position: Int, for entry: Wanted) -> (Int, Int, Int) {
        let (holders, count) = (entry.holders, peers.count)
        let misses = peers[position].misses
        let distance = (position - own.rawValue + count) % count
        if holders.voters?[position] == true { return (0, misses, distance) }
        let isNamed =
            position == holders.proposer.rawValue || position == entry.reference.author.rawValue
        guard isNamed, misses == 0 else { return (2, misses, distance) }
        return (1, 0, position == holders.proposer.rawValue ? 0 : 1)
    }

    /// Whether a peer should have the batch, so that its silence says something of it. An author
    /// should if somebody honest has seen that it is one.
    private func isExpected(_ peer: ValidatorIndex, to hold: Wanted) -> Bool {
        hold.holders.voters?[peer.rawValue] == true || peer == hold.holders.proposer
            || peer == hold.reference.author && holds(.author, hold.holders.isCertified)
    }

    // MARK: One batch

    /// Whether others are to be asked for a wanted batch: nobody was yet, or those who were have
    /// let it wait for too long. Whoever sends other batches meanwhile is waited for longer.
    private mutating func mayGoOn(_ position: Int, at now: Instant) -> Bool {
        let entry = wanted[position]
        guard !entry.latest.isEmpty else { return true }
        let end = entry.askedAt.advanced(by: limits.answerTimeout)
        let patience =
            entry.latest.map {
                peers[$0.rawValue].heardAt.advanced(by: limits.fetchPatience)
            }
            .max() ?? end
        let due = min(end, patience)
        guard due <= now else {
            wanted[position].dueAt = due
            return false
        }
        for peer in entry.latest where isExpected(peer, to: entry) {
            // Of many that it was asked for at once, one counts.
            guard entry.askedAt >= peers[peer.rawValue].missedAt else { continue }
            peers[peer.rawValue].missedAt = now
            peers[peer.rawValue].misses = min(Self.missLimit, peers[peer.rawValue].misses + 1)
        }
        wanted[position].latest = []
        return true
    }

    private static let missLimit = 8
    private static let tryLimit = 16

    /// Whom to ask for a wanted batch, and notes that they are.
    private mutating func chosen(
        for position: Int, at now: Instant
    ) -> [ValidatorIndex] {
        let entry = wanted[position]
        let unasked = peers.indices.filter { $0 != own.rawValue && !entry.asked[$0] }
        guard !unasked.isEmpty else {
            // Everybody was asked: after a pause, from the start.
            close(entry)
            wanted[position].asked = Bitmap(count: peers.count)
            wanted[position].width = 1
            wanted[position].isBlocked = false
            wanted[position].dueAt = now.advanced(by: limits.answerTimeout)
            return []
        }
        let best = best(of: unasked, for: entry)
        guard !best.isEmpty else {
            wanted[position].isBlocked = true
            wanted[position].dueAt = soonestRoom(now)
            return []
        }
        for peer in best {
            if peers[peer.rawValue].openCount == 0 { peers[peer.rawValue].heardAt = now }
            peers[peer.rawValue].openCount += 1
            wanted[position].asked.insert(peer.rawValue)
        }
        wanted[position].latest = best
        wanted[position].askedAt = now
        wanted[position].wasAsked = true
        wanted[position].width = 2 * entry.width
        wanted[position].isBlocked = false
        wanted[position].dueAt = now.advanced(by: limits.fetchPatience)
        return best
    }

    /// Those of `unasked` to ask next: as many as it is time for, and the proposer beside them if
    /// it alone may have the batch.
    private func best(of unasked: [Int], for entry: Wanted) -> [ValidatorIndex] {
        let isCertified = entry.holders.isCertified
        // Those who should have it and can be relied on are waited for while they are busy.
        let reliable = unasked.filter { entry.holders.voters?[$0] == true && peers[$0].misses == 0 }
        var best = (reliable.isEmpty ? unasked : reliable)
            .filter { room(at: $0, isCertified) > 0 }
            .sorted { rank($0, for: entry) < rank($1, for: entry) }
            .prefix(entry.width).map { ValidatorIndex($0) }
        let proposer = entry.holders.proposer
        if !holds(.proposer, isCertified || best.contains(proposer)),
            unasked.contains(proposer.rawValue), room(at: proposer.rawValue, isCertified) > 0
        {
            best.append(proposer)
        }
        return best
    }

    /// When somebody who was asked is given up on at the latest, if nobody answers.
    private func soonestRoom(_ now: Instant) -> Instant {
        let ends = peers.filter { $0.openCount > 0 }
            .map { $0.heardAt.advanced(by: limits.answerTimeout) }
        return max(ends.min() ?? now, now).advanced(by: .milliseconds(1))
    }
}
