import BFTBase
import BFTWire

/// Hashes changed cells.
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
        var owners: [Owner] = []
    }

    private struct Owner: Sendable {
        var slot: UInt32
        var place: Digest
    }

    /// Whose image is out of date already.
    private static let nobody = UInt32.max
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
        }
        precondition(runs[run].count < Self.capacity, "no room for an image")
        defer { runs[run].count += 1 }
        return runs[run].count * size
    }

    /// The bytes in which the images of `run` stand.
    @inline(__always)
    func images(of run: Int) -> [UInt8] { runs[run].bytes }

    /// Says whose the next image of `run` is, in the order in which they were added.
    @inline(__always)
    mutating func own(_ run: Int, _ slot: Int?, at place: Digest) {
        runs[run].owners.append(
            Owner(slot: slot.map { UInt32($0) } ?? Self.nobody, place: place))
    }

    /// Hashes `image`, the cell in `slot`, now or with the next `finish`.
    mutating func append(
        _ image: RawSpan, slot: Int, at place: Digest, into leaves: inout LeafQueue
    ) {
        let run = image.byteCount / Self.blockByteCount
        guard run < runs.count else {
            return leaves.append(
                UInt32(slot), at: place, cell: Digest.of(image, in: .stateEntry))
        }
        let start = makeRoom(in: run)
        unsafe runs[run].bytes.withUnsafeMutableBytes { bytes in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
            unsafe image.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
        }
        own(run, slot, at: place)
        if runs[run].count == PendingSets.countLimit { hash(run, askingFor: [], into: &leaves) }
    }

    // MARK: Hashing

    /// Hashes what makes full vectors, all slots being known, and asks the memory for `wanted`
    /// meanwhile.
    mutating func hashFull(askingFor wanted: [UInt], into leaves: inout LeafQueue) {
        var wanted = wanted
        for run in runs.indices where runs[run].count >= Self.enough {
            hash(run, askingFor: wanted, into: &leaves)
            wanted = []
        }
        // Nothing to hash: it is waited for.
        for address in wanted { Prefetch.address(address) }
    }

    /// Hashes everything, all slots being known.
    mutating func finish(into leaves: inout LeafQueue) {
        for run in runs.indices where runs[run].count > 0 {
            hash(run, askingFor: [], into: &leaves)
        }
    }

    private mutating func hash(
        _ run: Int, askingFor wanted: [UInt], into leaves: inout LeafQueue
    ) {
        precondition(runs[run].owners.count == runs[run].count, "an image without an owner")
        hashImages(of: run, askingFor: wanted)
        for (position, owner) in runs[run].owners.enumerated() where owner.slot != Self.nobody {
            leaves.append(owner.slot, at: owner.place, cell: digests[position])
        }
        runs[run].count = 0
        runs[run].owners.removeAll(keepingCapacity: true)
    }

    private mutating func hashImages(of run: Int, askingFor wanted: [UInt]) {
        let (count, size) = (runs[run].count, run * Self.blockByteCount)
        unsafe runs[run].bytes.withUnsafeBytes { images in
            unsafe digests.withMutableDigests { digests in
                unsafe wanted.withUnsafeBufferPointer { wanted in
                    let output = UnsafeMutableRawBufferPointer(digests)
                    unsafe Digest.ofMessages(
                        UnsafeRawBufferPointer(rebasing: images[..<(count * size)]),
                        byteCount: size,
                        into: UnsafeMutableRawBufferPointer(
                            rebasing: output[..<(count * Digest.byteCount)]),
                        in: .stateEntry, askingFor: wanted)
                }
            }
        }
    }
}
