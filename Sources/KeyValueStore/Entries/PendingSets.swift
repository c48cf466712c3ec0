import BFTBase
import BFTWire

/// Plain writes that wait to be carried out together.
///
/// One write at a time waits for the memory again and again: for the edge on which its entry
/// hangs, for the entry, for its leaf. A run of writes asks for all of their edges first, then for
/// all of their entries and leaves, and the memory answers side by side. They are then carried out
/// in order, so nothing shows. What their cells will consist of stands with the `EntryHasher`
/// meanwhile, which hashes it once it is a cell; here stand their keys, which are hashed side by
/// side.
struct PendingSets: Sendable {
    struct Write: Sendable {
        /// Where the image of the cell stands.
        var run: Int
        var start: Int
        /// The slot of the entry that is there already, known once `findSlots` was called.
        var slot: Int?

        var imageByteCount: Int { run * EntryHasher.blockByteCount }
    }

    static let countLimit = 64
    /// A larger cell isn't worth copying twice.
    static let imageLimit = 2_048

    private(set) var writes: [Write] = []
    /// What is hashed for the key of each write.
    private var keys = [UInt8](repeating: 0, count: countLimit * Place.blockByteCount)
    /// The places of the writes, known with the slots.
    private(set) var places = DigestArray(count: countLimit)
    /// How far the search for each has come.
    private var edges = Array(repeating: StateTree.Edge.none, count: countLimit)
    /// The writes whose keys are longer than a block, and their places.
    private var longKeys: [(index: Int, place: Digest)] = []

    var isFull: Bool { writes.count >= Self.countLimit }

    /// Adds the write of an image under `key`.
    @inline(__always)
    mutating func append(_ key: RawSpan, run: Int, start: Int) {
        let index = writes.count
        writes.append(Write(run: run, start: start))
        guard key.byteCount <= Place.shortKeyByteCount else {
            longKeys.append((index, Place.of(key)))
            return
        }
        unsafe keys.withUnsafeMutableBytes { keys in
            let block = index * Place.blockByteCount
            unsafe Place.write(
                key,
                to: UnsafeMutableRawBufferPointer(
                    rebasing: keys[block..<block + Place.blockByteCount]))
        }
    }

    /// Finds the places of all writes and the slots of the entries that are there already.
    ///
    /// The memory takes its time. Meanwhile `leaves` are hashed and given to the tree.
    mutating func findSlots(in tree: inout StateTree, meanwhile leaves: inout LeafQueue) {
        findPlaces()
        for index in writes.indices { tree.prefetchEdge(places[index]) }
        leaves.hash()
        readEdges(of: tree)
        leaves.give(to: &tree)
        step(0, in: tree)
        step(1, in: tree)
        findSlots(2, in: tree)
    }

    /// Hashes the keys of all writes.
    private mutating func findPlaces() {
        let count = writes.count
        unsafe keys.withUnsafeBytes { keys in
            unsafe places.withMutableDigests { places in
                let output = UnsafeMutableRawBufferPointer(places)
                unsafe Digest.ofPairs(
                    UnsafeRawBufferPointer(rebasing: keys[..<(count * Place.blockByteCount)]),
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: output[..<(count * Digest.byteCount)]),
                    in: .stateKey)
            }
        }
        for (index, place) in longKeys { places[index] = place }
        longKeys.removeAll(keepingCapacity: true)
    }

    // MARK: Searching

    // Each step asks for what the next one reads. Between two steps something else is done, or the
    // step is for many writes and the memory keeps pace.

    private mutating func readEdges(of tree: borrowing StateTree) {
        for index in writes.indices {
            edges[index] = tree.firstEdge(places[index])
            tree.prefetch(edges[index])
            tree.prefetchLeaf(places[index])
        }
    }

    /// Goes on below the junctions that the search has come to, which are `level` levels below the
    /// lowest edges.
    private mutating func step(_ level: Int, in tree: borrowing StateTree) {
        for index in writes.indices where edges[index].isJunction {
            edges[index] = tree.step(edges[index], places[index], tree.depth + level)
            tree.prefetch(edges[index])
        }
    }

    /// Ends the search, after `level` steps below the lowest edges.
    private mutating func findSlots(_ level: Int, in tree: borrowing StateTree) {
        for index in writes.indices {
            writes[index].slot = tree.entry(
                below: edges[index], at: places[index],
                tree.depth + level)
        }
    }

    mutating func removeAll() { writes.removeAll(keepingCapacity: true) }
}
