import BFTBase

/// The messages that wait until their signatures are checked, in a queue for each peer; peers take
/// turns.
///
/// Turns go by deficit round robin, in signature checks: each round gives a peer some checks, and
/// what it does not use counts for the next as long as something of it waits. So a message at the
/// head of its queue waits for a round of the other peers for each `checksPerTurn` checks of its
/// own, whatever they have sent: one that repeats a valid certificate for ever delays itself.
///
/// Why nothing that matters is lost, and nothing waits for ever:
/// - A queue takes what comes until so many checks or bytes wait in it, and refuses the rest,
///   which hits nobody but its sender. An empty queue takes a message of any size.
/// - What one peer sent is taken in the order in which it came, and what waits before a vote is
///   bounded: it waits for so many checks of its own sender at most, and peers repeat what matters.
/// - Own messages never come here.
///
/// Source: Shreedhar and Varghese, Efficient fair queuing using deficit round robin, 1995.
struct VerificationTurns<Message> {
    struct Item {
        let message: Message
        let sender: ValidatorIndex
        /// How many signatures are to be checked, at least one.
        let checkCount: Int
        /// About how long that takes.
        let cost: Interval
        let byteCount: Int
    }

    private struct Queue {
        var items = Deque<Item>()
        var checkCount = 0
        var byteCount = 0
        /// The checks that it may still have in this round.
        var credit = 0
    }

    private let limits: VerificationLimits
    private var queues: [Queue]
    /// The peers of which something waits, each once, in the order of their turns.
    private var round = Deque<ValidatorIndex>()
    /// The nominal cost of all that waits, in nanoseconds.
    private(set) var nanoseconds: UInt64 = 0
    /// The signature checks that wait.
    private(set) var checkCount = 0

    init(validatorCount: Int, limits: VerificationLimits) {
        self.limits = limits
        queues = Array(repeating: Queue(), count: validatorCount)
    }

    var isEmpty: Bool { round.isEmpty }

    /// Takes a message, unless too much of its sender waits.
    mutating func append(_ item: Item) -> Bool {
        let position = item.sender.rawValue
        guard hasRoom(for: item, in: queues[position]) else { return false }
        if queues[position].items.isEmpty {
            queues[position].credit = limits.checksPerTurn
            round.append(item.sender)
        }
        queues[position].items.append(item)
        queues[position].checkCount += item.checkCount
        queues[position].byteCount += item.byteCount
        checkCount += item.checkCount
        nanoseconds += item.cost.nanoseconds
        return true
    }

    private func hasRoom(for item: Item, in queue: Queue) -> Bool {
        queue.items.isEmpty
            || queue.checkCount + item.checkCount <= limits.checksPerPeer
                && queue.byteCount + item.byteCount <= limits.bytesPerPeer
    }

    /// Removes and returns the message whose turn it is.
    mutating func next() -> Item? {
        while let peer = round.first {
            let position = peer.rawValue
            guard let count = queues[position].items.first?.checkCount else { return nil }
            if count <= queues[position].credit { return take(position) }
            queues[position].credit += limits.checksPerTurn
            _ = round.popFirst()
            round.append(peer)
        }
        return nil
    }

    /// Takes the first message of the queue whose turn it is.
    private mutating func take(_ position: Int) -> Item? {
        guard let item = queues[position].items.popFirst() else { return nil }
        queues[position].credit -= item.checkCount
        queues[position].checkCount -= item.checkCount
        queues[position].byteCount -= item.byteCount
        checkCount -= item.checkCount
        nanoseconds -= item.cost.nanoseconds
        if queues[position].items.isEmpty { _ = round.popFirst() }
        return item
    }

    /// Drops what waits of `peer`.
    mutating func remove(_ peer: ValidatorIndex) {
        guard queues.indices.contains(peer.rawValue) else { return }
        let queue = queues[peer.rawValue]
        guard !queue.items.isEmpty else { return }
        checkCount -= queue.checkCount
        nanoseconds -= queue.items.reduce(0) { $0 + $1.cost.nanoseconds }
        queues[peer.rawValue] = Queue()
        for _ in 0..<round.count {
            if let other = round.popFirst(), other != peer { round.append(other) }
        }
    }

    mutating func removeAll() {
        for position in queues.indices { queues[position] = Queue() }
        round.removeAll()
        (nanoseconds, checkCount) = (0, 0)
    }
}

extension VerificationTurns.Item: Sendable where Message: Sendable {}
