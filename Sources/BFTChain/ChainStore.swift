public import BFTApplication
public import BFTBase
public import BFTCore
public import BFTLedger
public import BFTStorage
import BFTWire

/// The committed chain on disk: blocks, certificates and batches, and the application's state.
///
/// One atomic write for a few blocks: headers, the certificate of the last and the head of the
/// chain. So a crash leaves the chain after some block and never between two. Keys are big-endian,
/// so that they stand in order.
///
/// A certificate of post-quantum signatures has 14 to 18 kB and a small block has some hundred
/// bytes. What commits a block commits those below it, so the certificate of the last of several
/// that are written together is enough. There are more where others could not be answered without:
/// that of the last block that has one of its own, if the last of all is committed by a block that
/// is not here yet; and one in between whenever half an answer has gathered.
///
/// Every now and then, what of the application's state changed since the last time is taken up,
/// with the height that it is of. From there the blocks since can be executed again.
///
/// A large batch stays where the safety log has it, and the chain says where that is.
public final class ChainStore: KeptBlocks, Sendable {
    private let backend: any StorageBackend
    private let archive: LogArchive?
    private let rules: CommitRules
    private let limits: LedgerLimits
    private static let committedKey = Array("committed".utf8)
    private static let chainKey = Array("chain".utf8)
    /// The key of the height that the application's state is of: applications have none that is
    /// empty.
    private static let savedKey: [UInt8] = []

    /// - Parameters:
    ///   - rules: what it takes to commit a block of the chain.
    ///   - archive: the log that the places of batches refer to.
    ///   - limits: how much one answer to others holds.
    public init(
        _ backend: any StorageBackend, rules: CommitRules, archive: LogArchive? = nil,
        limits: LedgerLimits = LedgerLimits()
    ) {
        self.backend = backend
        self.rules = rules
        self.archive = archive
        self.limits = limits
    }

    // MARK: Opening

    /// The state after the last block that was kept, or `genesis` in a new store. Throws if the
    /// store belongs to another chain.
    public func open(genesis: CommittedState, chain: Digest) throws(ChainError) -> CommittedState {
        let (found, state): ([UInt8]?, [UInt8]?)
        do throws(StorageError) {
            found = try backend.get(.meta, key: Self.chainKey)
            state = try backend.get(.meta, key: Self.committedKey)
            if found == nil {
                var batch = WriteBatch()
                batch.put(.meta, key: Self.chainKey, value: chain.bytes)
                try backend.write(batch)
                try backend.sync()
            }
        } catch {
            throw .storage(error)
        }
        if let found, found != chain.bytes { throw .otherChain }
        guard let state else { return genesis }
        let bare: CommittedState
        do throws(WireError) {
            bare = try CommittedState(decoding: state)
        } catch {
            throw .unreadableState(error)
        }
        do throws(StorageError) {
            return try whole(bare)
        } catch {
            throw .storage(error)
        }
    }

    /// `state` with the certificate that stands beside the block.
    private func whole(_ state: CommittedState) throws(StorageError) -> CommittedState {
        let certificate = try certificate(at: state.block.height)
        return state.with(certificate)
    }

    /// The state after the last block that was kept, or `nil` in a new store.
    public func head() throws(StorageError) -> CommittedState? {
        guard let bytes = try backend.get(.meta, key: Self.committedKey),
            let state = try? CommittedState(decoding: bytes)
        else { return nil }
        return try whole(state)
    }

    /// The entries of the application's state.
    public var stateSource: some StateSource { StoredState(backend: backend) }

    // MARK: Writing

    /// Adds `committed` to what is written next.
    ///
    /// - Parameter places: where each of its batches stands in the log, durably, and `nil` for
    ///   those that are to be kept here.
    public func add(
        _ committed: CommittedBlock, at places: [LogPosition?], stateRoot: Digest,
        to changes: inout ChainChanges
    ) {
        let height = Self.key(committed.block.height)
        changes.batch.put(.blocks, key: height, value: committed.block.encoded)
        changes.note(committed, at: height, limits)
        changes.head = CommittedState(after: committed, stateRoot: stateRoot)
        for (batch, place) in zip(committed.batches, places) {
            if let place {
                let place = BatchPlace(position: place, transactionCount: batch.transactionCount)
                changes.batch.put(.batches, key: Self.key(batch.reference), value: place.encoded)
            } else {
                changes.unlogged.put(
                    .batches, key: Self.key(batch.reference), value: batch.encoded)
            }
        }
    }

    /// Keeps everything that was added since the last time.
    public func write(_ changes: inout ChainChanges) throws(StorageError) {
        if let head = changes.head {
            changes.batch.put(.meta, key: Self.committedKey, value: head.encoded)
            changes.putCertified()
            if let certificate = head.certificate,
                certificate.committed.digest != head.block.digest
            {
                changes.put(certificate, at: Self.key(head.block.height))
            }
        }
        // Small batches are in the safety log, too, until the next sync: writing them ahead here
        // would write them twice.
        if !changes.unlogged.isEmpty { try backend.writeUnlogged(changes.unlogged) }
        try backend.write(changes.batch)
        changes.removeAll()
    }

    /// Takes up the application's state as it is after the block of `save`. May be called beside
    /// everything else.
    ///
    /// - Precondition: that block has been kept.
    public func write(_ save: StateSave) throws(StorageError) {
        // The state must not outlive the chain that it is of.
        try backend.sync()
        var run = save.run
        let height = Self.key(save.height)
        run.put(key: Self.savedKey.span.bytes, value: height.span.bytes)
        try backend.ingest(run.sorted(), into: .state)
    }

    /// The height after which the application's state was saved last.
    public func savedHeight() throws(StorageError) -> Height {
        guard let bytes = try backend.get(.state, key: Self.savedKey), bytes.count == 8 else {
            return .zero
        }
        return Height(bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Brings back what a crash took: the batches in the log that were ordered before it.
    public func restore(_ batches: [Batch]) throws(StorageError) {
        for batch in batches where try self.batch(batch.reference) == nil {
            var write = WriteBatch(capacity: batch.encoded.count + 64)
            write.put(.batches, key: Self.key(batch.reference), value: batch.encoded)
            try backend.writeUnlogged(write)
        }
    }

    /// Makes everything that was kept durable.
    public func sync() throws(StorageError) { try backend.sync() }

    // MARK: Reading

    public func block(at height: Height) throws(StorageError) -> Block? {
        guard let bytes = try backend.get(.blocks, key: Self.key(height)) else { return nil }
        return try? Block(decoding: bytes)
    }

    /// What commits the block at `height`: a certificate of it or of a descendant. `nil` if there
    /// is none that does.
    public func certificate(at height: Height) throws(StorageError) -> CommitCertificate? {
        let above = KeyRange(from: Self.key(height))
        guard height > .zero,
            let kept = try backend.entries(in: .certificates, above, limit: 1).first,
            let certificate = try? Certificate(decoding: kept.value)
        else { return nil }
        return try? rules.check(certificate)
    }

    public func batch(_ reference: BatchReference) throws(StorageError) -> Batch? {
        guard let bytes = try backend.get(.batches, key: Self.key(reference)) else { return nil }
        let batch: Batch?
        if let place = BatchPlace(bytes) {
            let payload = try archive?.payload(at: place.position, type: RecordType.largeBatch)
            batch = payload.flatMap { try? BatchCopy(decoding: $0).batch }
        } else {
            batch = try? Batch(encoded: bytes)
        }
        guard let batch, batch.reference == reference else { return nil }
        return batch
    }

    private func transactionCount(
        of reference: BatchReference
    ) throws(StorageError) -> Int {
        guard let bytes = try backend.get(.batches, key: Self.key(reference)) else { return 0 }
        if let place = BatchPlace(bytes) { return place.transactionCount }
        return (try? Batch(encoded: bytes))?.transactionCount ?? 0
    }

    /// The block at `height` with what commits it and the number of its transactions.
    public func storedBlock(at height: Height) throws(StorageError) -> StoredBlock? {
        guard let block = try block(at: height), let certificate = try certificate(at: height)
        else { return nil }
        var count = 0
        for reference in block.payload { count += try transactionCount(of: reference) }
        return StoredBlock(block: block, certificate: certificate, transactionCount: count)
    }

    // MARK: Keys

    private static func key(_ height: Height) -> [UInt8] { bigEndian(height.rawValue) }

    /// The digest is part of the key: of an author that contradicts itself, two batches of one
    /// sequence may come by, and the one that was ordered must not give way to the other.
    private static func key(_ reference: BatchReference) -> [UInt8] {
        [UInt8(reference.author.rawValue >> 8), UInt8(reference.author.rawValue & 0xFF)]
            + bigEndian(reference.sequence.rawValue) + reference.digest.bytes
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}

/// Where a batch stands in the safety log, in the place of the batch: `position u64 ‖ count u32`,
/// which is shorter than any batch.
private struct BatchPlace {
    static let byteCount = 12
    let position: LogPosition
    let transactionCount: Int

    init(position: LogPosition, transactionCount: Int) {
        self.position = position
        self.transactionCount = transactionCount
    }

    /// The place that `bytes` are, unless they are a batch.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        func integer(_ range: Range<Int>) -> UInt64 {
            bytes[range].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        position = LogPosition(integer(0..<8))
        transactionCount = Int(integer(8..<12))
    }

    var encoded: [UInt8] {
        var writer = Writer(capacity: Self.byteCount)
        writer.uint64(position.rawValue)
        writer.uint32(UInt32(transactionCount))
        return writer.bytes
    }
}

/// Blocks that are written together.
public struct ChainChanges: Sendable {
    fileprivate var batch = WriteBatch()
    /// What needs no place in the store's own log.
    fileprivate var unlogged = WriteBatch()
    /// The state after the last of the blocks.
    fileprivate var head: CommittedState?
    /// The blocks since the last one whose certificate was put.
    private var window: SyncWindow?
    /// The last of them that has a certificate of its own.
    private var certified: (height: [UInt8], certificate: CommitCertificate)?

    public init() {}

    var byteCount: Int { batch.byteCount + unlogged.byteCount }

    /// Puts the certificate of a block that has one of its own once half an answer has gathered.
    fileprivate mutating func note(
        _ committed: CommittedBlock, at height: [UInt8], _ limits: LedgerLimits
    ) {
        var blocks = window ?? SyncWindow(limits)
        blocks.add(committed.block)
        window = blocks
        if committed.isCertifiedItself { certified = (height, committed.certificate) }
        if blocks.isHalfFull { putCertified() }
    }

    fileprivate mutating func putCertified() {
        guard let (height, certificate) = certified else { return }
        put(certificate, at: height)
        (window, certified) = (nil, nil)
    }

    fileprivate mutating func put(_ certificate: CommitCertificate, at height: [UInt8]) {
        batch.put(.certificates, key: height, value: certificate.certificate.encoded)
    }

    fileprivate mutating func removeAll() { self = ChainChanges() }
}

/// What of an application's state changed since it was saved last, as it is after the block at
/// `height`.
public struct StateSave: StateSink, Equatable, Sendable {
    public let height: Height
    fileprivate var run = SortedRun()

    public init(height: Height) { self.height = height }

    public var byteCount: Int { run.byteCount }

    public mutating func put(key: RawSpan, value: RawSpan) {
        precondition(key.byteCount > 0, "an application has no empty key")
        run.put(key: key, value: value)
    }

    public mutating func delete(key: RawSpan) {
        precondition(key.byteCount > 0, "an application has no empty key")
        run.delete(key: key)
    }
}

private struct StoredState: StateSource {
    let backend: any StorageBackend

    func forEach(
        _ body: (RawSpan, RawSpan) throws(ApplicationError) -> Void
    ) throws(ApplicationError) {
        var failure: ApplicationError?
        do throws(StorageError) {
            try backend.forEach(in: .state, KeyRange(from: [0])) { key, value in
                do throws(ApplicationError) {
                    try body(key, value)
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
        } catch {
            throw ApplicationError("the state can't be read: \(error)")
        }
        if let failure { throw failure }
    }
}

/// A block as HTTP clients see it.
public struct StoredBlock: Sendable {
    public let block: Block
    public let certificate: CommitCertificate
    public let transactionCount: Int
}
