/// One entry in the form in which it is kept, stored and hashed, where it lies.
///
/// `value length u32 ‖ key length u16 ‖ kind u8 ‖ space u8 ‖ key ‖ expiry u64 ‖ value ‖ zeros` up
/// to a multiple of 64 bytes. `kind` is 0, a string. `space ‖ key` is the entry's key in the
/// storage, `expiry ‖ value` its value there, and the whole is what the state root covers: nothing
/// is copied for either.
struct Cell: ~Escapable {
    /// The cell, and what it has room for besides.
    private let room: RawSpan

    static let headerByteCount = 8
    static let expiryByteCount = 8
    /// Where the storage key starts.
    private static let spaceOffset = 7
    /// The storage space of entries: the first byte of their keys in the storage.
    static let space: UInt8 = 1

    /// The cell at the start of `room`.
    @_lifetime(copy room)
    @inline(__always)
    init(_ room: RawSpan) { self.room = room }

    /// The bytes of the cell of a key and a value.
    @inline(__always)
    static func size(key: Int, value: Int) -> Int {
        (headerByteCount + key + expiryByteCount + value + 63) & ~63
    }

    // MARK: Reading

    @inline(__always)
    private func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
        unsafe room.unsafeLoadUnaligned(
            fromUncheckedByteOffset: checked(offset, MemoryLayout<T>.size), as: type)
    }

    @inline(__always)
    private func checked(_ offset: Int, _ size: Int) -> Int {
        precondition(offset >= 0 && offset + size <= room.byteCount, "not within the cell")
        return offset
    }

    var valueByteCount: Int { Int(load(0, as: UInt32.self)) }
    var keyByteCount: Int { Int(load(4, as: UInt16.self)) }
    private var expiryOffset: Int { Self.headerByteCount + keyByteCount }
    private var valueOffset: Int { expiryOffset + Self.expiryByteCount }

    /// When the entry expires, in milliseconds of agreed time, or 0 if it doesn't.
    var expiry: UInt64 { load(expiryOffset, as: UInt64.self) }

    /// All that the cell consists of.
    var image: RawSpan {
        @_lifetime(copy self)
        get { room.extracting(first: Self.size(key: keyByteCount, value: valueByteCount)) }
    }

    var key: RawSpan {
        @_lifetime(copy self)
        get { room.extracting(Self.headerByteCount..<expiryOffset) }
    }

    var value: RawSpan {
        @_lifetime(copy self)
        get {
            let start = valueOffset
            return room.extracting(start..<start + valueByteCount)
        }
    }

    /// The entry's key in the storage.
    var storedKey: RawSpan {
        @_lifetime(copy self)
        get { room.extracting(Self.spaceOffset..<expiryOffset) }
    }

    /// A copy of the entry's key in the storage.
    var storedKeyBytes: [UInt8] {
        unsafe storedKey.withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// The entry's value in the storage: expiry and value.
    var storedValue: RawSpan {
        @_lifetime(copy self)
        get { room.extracting(expiryOffset..<valueOffset + valueByteCount) }
    }

    // MARK: Writing

    /// What the cell of `key` and `value` consists of.
    static func image(_ key: RawSpan, _ value: RawSpan, expiry: UInt64) -> [UInt8] {
        let size = size(key: key.byteCount, value: value.byteCount)
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            unsafe write(
                key, value, expiry: expiry,
                to: UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[..<size]))
            count = size
        }
    }

    /// Writes what the cell of `key` and `value` consists of. `room` has the size of it.
    @unsafe
    static func write(
        _ key: RawSpan, _ value: RawSpan, expiry: UInt64, to room: UnsafeMutableRawBufferPointer
    ) {
        let header = UInt32(key.byteCount) | UInt32(space) << 24
        unsafe room.storeBytes(of: header, toByteOffset: 4, as: UInt32.self)
        unsafe copy(key, to: room, at: headerByteCount)
        unsafe writeValue(value, expiry: expiry, keyByteCount: key.byteCount, to: room)
    }

    /// Writes everything that a change of the value changes. `room` has the size of the cell, and
    /// its key stands there.
    @inline(__always)
    @unsafe
    static func writeValue(
        _ value: RawSpan, expiry: UInt64, keyByteCount: Int,
        to room: UnsafeMutableRawBufferPointer
    ) {
        let start = headerByteCount + keyByteCount + expiryByteCount
        unsafe room.storeBytes(of: UInt32(value.byteCount), as: UInt32.self)
        unsafe writeExpiry(expiry, keyByteCount: keyByteCount, to: room)
        unsafe copy(value, to: room, at: start)
        unsafe writeZeros(from: start + value.byteCount, to: room)
    }

    /// Appends `tail` to a value of `valueByteCount` bytes. `room` has the size that the cell then
    /// has.
    @unsafe
    static func append(
        _ tail: RawSpan, keyByteCount: Int, valueByteCount: Int,
        to room: UnsafeMutableRawBufferPointer
    ) {
        let end = headerByteCount + keyByteCount + expiryByteCount + valueByteCount
        unsafe room.storeBytes(of: UInt32(valueByteCount + tail.byteCount), as: UInt32.self)
        unsafe copy(tail, to: room, at: end)
        unsafe writeZeros(from: end + tail.byteCount, to: room)
    }

    @inline(__always)
    @unsafe
    static func writeExpiry(
        _ expiry: UInt64, keyByteCount: Int, to room: UnsafeMutableRawBufferPointer
    ) {
        unsafe room.storeBytes(
            of: expiry, toByteOffset: headerByteCount + keyByteCount, as: UInt64.self)
    }

    @inline(__always)
    @unsafe
    private static func copy(
        _ source: RawSpan, to room: UnsafeMutableRawBufferPointer, at offset: Int
    ) {
        unsafe source.withUnsafeBytes { source in
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: room[offset..<offset + source.count])
            unsafe target.copyMemory(from: source)
        }
    }

    @inline(__always)
    @unsafe
    private static func writeZeros(from end: Int, to room: UnsafeMutableRawBufferPointer) {
        let tail = unsafe UnsafeMutableRawBufferPointer(rebasing: room[end...])
        unsafe tail.initializeMemory(as: UInt8.self, repeating: 0)
    }
}
