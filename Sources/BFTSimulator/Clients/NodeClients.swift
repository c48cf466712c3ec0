import BFTBase

/// The clients of one node, each with at most one operation under way.
struct NodeClients: Sendable {
    /// The numbers of clients that wait for nothing.
    private(set) var idle: [Int]
    private let node: Int
    /// How many clients this node has had.
    private var count: Int
    /// How many decisions were made about writing, and about reading.
    var submissionCount: UInt64 = 0
    var readCount: UInt64 = 0

    /// Clients of one node have numbers of their own.
    private static let numbersPerNode = 1_000_000

    init(node: Int, count: Int) {
        self.node = node
        self.count = count
        idle = (0..<count).map { node * Self.numbersPerNode + $0 }
    }

    mutating func take() -> Int? { idle.popLast() }

    mutating func give(back client: Int) { idle.append(client) }

    /// A client that will never be answered leaves, and another one comes.
    mutating func replace() {
        idle.append(node * Self.numbersPerNode + count)
        count += 1
    }
}
