import BFTStorage
import CRocksDB

/// An iterator over a range of one family, in the state that the store has when it is made.
final class RocksDBCursor {
    private let iterator: OpaquePointer
    private let options: OpaquePointer
    /// The bounds, at an address that stays: RocksDB keeps pointers to them.
    private let lower: UnsafeMutableBufferPointer<CChar>
    private let upper: UnsafeMutableBufferPointer<CChar>

    init(_ handle: RocksDBHandle, _ family: ColumnFamily, _ range: KeyRange) {
        lower = Self.copy(range.lower)
        upper = Self.copy(range.upper ?? [])
        options = rocksdb_readoptions_create()
        rocksdb_readoptions_set_iterate_lower_bound(options, lower.baseAddress, lower.count)
        if range.upper != nil {
            rocksdb_readoptions_set_iterate_upper_bound(options, upper.baseAddress, upper.count)
        }
        iterator = rocksdb_create_iterator_cf(handle.database, options, handle.family(family))
    }

    deinit {
        rocksdb_iter_destroy(iterator)
        rocksdb_readoptions_destroy(options)
        upper.deallocate()
        lower.deallocate()
    }

    /// A copy with at least one byte of room: RocksDB takes a null pointer for no bound.
    private static func copy(_ bytes: [UInt8]) -> UnsafeMutableBufferPointer<CChar> {
        let room = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(1, bytes.count))
        room.initialize(repeating: 0)
        for (position, byte) in bytes.enumerated() { room[position] = CChar(bitPattern: byte) }
        return UnsafeMutableBufferPointer(start: room.baseAddress, count: bytes.count)
    }

    var isValid: Bool { rocksdb_iter_valid(iterator) != 0 }

    func seekToFirst() { rocksdb_iter_seek_to_first(iterator) }
    func seekToLast() { rocksdb_iter_seek_to_last(iterator) }
    func next() { rocksdb_iter_next(iterator) }
    func previous() { rocksdb_iter_prev(iterator) }

    /// Calls `body` with the entry here.
    ///
    /// - Precondition: `isValid`.
    func withEntry(_ body: (RawSpan, RawSpan) -> Bool) -> Bool {
        var keyCount = 0
        let key = rocksdb_iter_key(iterator, &keyCount)
        var valueCount = 0
        let value = rocksdb_iter_value(iterator, &valueCount)
        return body(
            UnsafeRawBufferPointer(start: key, count: keyCount).bytes,
            UnsafeRawBufferPointer(start: value, count: valueCount).bytes)
    }

    /// Throws what ended the iteration, if it was not the end of the range.
    func check(_ path: String) throws(StorageError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_iter_get_error(iterator, &failure)
        try RocksDBFailure.check(failure, "iterate", path)
    }
}
