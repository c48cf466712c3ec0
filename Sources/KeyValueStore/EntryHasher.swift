import BFTBase
import BFTWire

/// Hashes changed entries: their cells, and with the places of their keys their leaves.
///
/// Cells of one size up to two BLAKE3 chunks are gathered and hashed side by side, which costs a
/// fraction of hashing each by itself. They are gathered as images: what a cell consists of, before
/// or after it is one.
struct EntryHasher: Sendable {
    /// Images of one size, one after another.
    private struct Run: Sendable {
        /// Room for all images there may be, made for the first one.
        var bytes: [UInt8] = []
        var count = 0
        /// Whose they are, as far as that is known, in order.
        var slots: [UInt32] = []
        /// Pairs of an owner's place and the digest of the image; once `isHashed`, the leaves,
        /// which then stand at the front.
        var pairs = DigestArray(count: 0)
        var isHashed = false
    }

    /// Whose image is out of date already.
    static let nobody = UInt32.max
    /// A run is hashed from so many images on: the widest vector has room for as many.
    private static let enough = 16
    /// A run keeps fewer than `enough`, and those of the writes that wait are added.
    private static let capacity = PendingSets.countLimit + enough
    static let blockByteCount = 64

    /// By the number of blocks in an image.
    private var runs = Array(repeating: Run(), count: PendingSets.imageLimit / blockByteCount + 1)
    private var digests = DigestArray(count: capacity)

    // MARK: Gathering

    /// Adds what the cell of `key` and `value`, without an expiry, would consist of, and returns
    /// where it stands. Its slot follows with `own`.
    ///
    /// - Precondition: `Cell.size` of them is within `PendingSets.imageLimit`.
    mutating func add(_ key: RawSpan, _ value: RawSpan) -> (run: Int, start: Int) {
        let size = Cell.size(key: key.byteCount, value: value.byteCount)
        let run = size / Self.blockByteCount
        let start = makeRoom(in: run)
        unsafe runs[run].bytes.withUnsafeMutableBytes { bytes in
            unsafe Cell.write(
                key, value, expiry: 0,
                to: UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + size]))
        }
        return (run, start)
    }

    /// Room for one more image, which begins where this says.
    private mutating func makeRoom(in run: Int) -> Int {
        let size = run * Self.blockByteCount
        if runs[run].bytes.isEmpty {
            runs[run].bytes = Array(repeating: 0, count: Self.capacity * size)
            runs[run].pairs = DigestArray(count: 2 * Self.capacity)
        }
        precondition(runs[run].count < Self.capacity, "no room for an image")
        precondition(!runs[run].isHashed, "leaves that were not taken")
        defer { runs[run].count += 1 }
        return runs[run].count * size
    }

    /// The bytes in which the images of `run` stand.
    @inline(__always)
    func images(of run: Int) -> [UInt8] { runs[run].bytes }

    /// Says whose the next image of `run` is, in the order in which they were added.
    @inline(__always)
    mutating func own(_ run: Int, _ slot: Int?, at place: Digest) {
        runs[run].pairs[2 * runs[run].slots.count] = place
        runs[run].slots.append(slot.map { UInt32($0) } ?? Self.nobody)
    }

    /// Hashes `image`, the cell in `slot`, now or with the next `finish`.
    mutating func append(
        _ image: RawSpan, slot: Int, at place: Digest, into tree: inout StateTree
    ) {
        let run = image.byteCount / Self.blockByteCount
        guard run < runs.count else {
            var pair = DigestArray(count: 2)
            (pair[0], pair[1]) = (place, Digest.of(image, in: .stateEntry))
            Self.hashLeaves(1, of: &pair)
            return tree.setLeaf(slot, pair[0])
        }
        let start = makeRoom(in: run)
        unsafe runs[run].bytes.withUnsafeMutableBytes { bytes in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            unsafe image.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
        own(run, slot, at: place)
        guard runs[run].count == PendingSets.countLimit else { return }
        hash(run)
        setLeaves(of: run, in: &tree)
    }

    // MARK: Hashing

    /// Hashes what makes full vectors, all slots being known. `setLeaves` is next.
    mutating func hashFull() {
        for run in runs.indices where runs[run].count >= Self.enough { hash(run) }
    }

    /// Gives the tree the leaves that `hashFull` made.
    mutating func setLeaves(in tree: inout StateTree) {
        for run in runs.indices where runs[run].isHashed { setLeaves(of: run, in: &tree) }
    }

    /// Hashes everything, all slots being known, and gives the tree the leaves.
    mutating func finish(into tree: inout StateTree) {
        for run in runs.indices where runs[run].count > 0 {
            hash(run)
            setLeaves(of: run, in: &tree)
        }
    }

    private mutating func hash(_ run: Int) {
        let count = runs[run].count
        precondition(runs[run].slots.count == count, "an image without an owner")
        hashImages(of: run)
        for position in 0..<count { runs[run].pairs[2 * position + 1] = digests[position] }
        Self.hashLeaves(count, of: &runs[run].pairs)
        runs[run].isHashed = true
    }

    private mutating func setLeaves(of run: Int, in tree: inout StateTree) {
        for (position, slot) in runs[run].slots.enumerated() where slot != Self.nobody {
            tree.setLeaf(Int(slot), runs[run].pairs[position])
        }
        runs[run].count = 0
        runs[run].isHashed = false
        runs[run].slots.removeAll(keepingCapacity: true)
    }

    private mutating func hashImages(of run: Int) {
        let (count, size) = (runs[run].count, run * Self.blockByteCount)
        unsafe runs[run].bytes.withUnsafeBytes { images in
            unsafe digests.withMutableDigests { digests in
                let output = UnsafeMutableRawBufferPointer(digests)
                unsafe Digest.ofMessages(
                    UnsafeRawBufferPointer(rebasing: images[..<(count * size)]), byteCount: size,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: output[..<(count * Digest.byteCount)]),
                    in: .stateEntry)
            }
        }
    }

    /// Replaces the first `count` pairs, of places and digests of cells, by leaves.
    private static func hashLeaves(_ count: Int, of pairs: inout DigestArray) {
        unsafe pairs.withMutableDigests { pairs in
            let bytes = UnsafeMutableRawBufferPointer(pairs)
            let size = count * Digest.byteCount
            unsafe Digest.ofPairs(
                UnsafeRawBufferPointer(rebasing: bytes[..<(2 * size)]),
                into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]), in: .stateLeaf)
        }
    }
}
