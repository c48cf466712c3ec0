import BFTLedger

/// One entry in the form in which it is kept, stored and hashed.
///
/// `value length u32 ‖ key length u16 ‖ kind u8 ‖ space u8 ‖ key ‖ expiry u64 ‖ value ‖ zeros` up
/// to a multiple of 64 bytes. `kind` is 0, a string. `space ‖ key` is the entry's key in the
/// storage, `expiry ‖ value` its value there, and the whole is what the state root covers: nothing
/// is copied for either. An array of its own per entry, so that overwriting a value with one of
/// about the same size allocates nothing and a copied store shares what doesn't change.
struct Cell: Sendable {
    /// No bytes for a vacant cell.
    private(set) var bytes: [UInt8]

    static let vacant = Cell(bytes: [])
    static let headerByteCount = 8
    static let expiryByteCount = 8
    /// Where the storage key starts.
    private static let spaceOffset = 7
    /// The storage space of entries: the first byte of their keys in the storage.
    static let space: UInt8 = 1

    var isVacant: Bool { bytes.isEmpty }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// - Precondition: key and value are within `KeyValueLimits`.
    init(key: RawSpan, value: RawSpan, expiry: UInt64) {
        let keyCount = key.byteCount
        let size = Self.size(key: keyCount, value: value.byteCount)
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            unsafe Self.write(
                key, value, expiry: expiry,
                to: UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: buffer[..<size])))
            count = size
        }
    }

    /// A cell that consists of `image`.
    init(image: RawSpan) {
        bytes = unsafe image.withUnsafeBytes { unsafe [UInt8]($0) }
    }

    /// Writes what the cell of `key` and `value` consists of. `raw` has the size of it.
    @unsafe
    static func write(
        _ key: RawSpan, _ value: RawSpan, expiry: UInt64, to raw: UnsafeMutableRawBufferPointer
    ) {
        let header = UInt32(key.byteCount) | UInt32(space) << 24
        unsafe raw.storeBytes(of: header, toByteOffset: 4, as: UInt32.self)
        unsafe copy(key, to: raw, at: headerByteCount)
        unsafe fill(raw, key.byteCount, value, expiry)
    }

    /// The bytes of a cell.
    static func size(key: Int, value: Int) -> Int {
        (headerByteCount + key + expiryByteCount + value + 63) & ~63
    }

    @inline(__always)
    @unsafe
    private static func copy(
        _ source: RawSpan, to raw: UnsafeMutableRawBufferPointer, at offset: Int
    ) {
        unsafe source.withUnsafeBytes { source in
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: raw[offset..<offset + source.count])
            unsafe target.copyMemory(from: source)
        }
    }

    /// Writes everything that a change of the value changes.
    @inline(__always)
    @unsafe
    private static func fill(
        _ raw: UnsafeMutableRawBufferPointer, _ keyCount: Int, _ value: RawSpan, _ expiry: UInt64
    ) {
        let expiryOffset = headerByteCount + keyCount
        let start = expiryOffset + expiryByteCount
        unsafe raw.storeBytes(of: UInt32(value.byteCount), as: UInt32.self)
        unsafe raw.storeBytes(of: expiry, toByteOffset: expiryOffset, as: UInt64.self)
        unsafe copy(value, to: raw, at: start)
        let end = start + value.byteCount
        let tail = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[end...])
        unsafe tail.initializeMemory(as: UInt8.self, repeating: 0)
    }

    @inline(__always)
    private func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
        unsafe bytes.withUnsafeBytes { raw in
            precondition(offset + MemoryLayout<T>.size <= raw.count, "a vacant cell")
            return unsafe raw.loadUnaligned(fromByteOffset: offset, as: type)
        }
    }

    var valueByteCount: Int { Int(load(0, as: UInt32.self)) }
    var keyByteCount: Int { Int(load(4, as: UInt16.self)) }
    private var expiryOffset: Int { Self.headerByteCount + keyByteCount }
    private var valueOffset: Int { expiryOffset + Self.expiryByteCount }

    /// When the entry expires, in milliseconds of agreed time, or 0 if it doesn't.
    var expiry: UInt64 {
        get { load(expiryOffset, as: UInt64.self) }
        set {
            let offset = expiryOffset
            unsafe bytes.withUnsafeMutableBytes {
                unsafe $0.storeBytes(of: newValue, toByteOffset: offset, as: UInt64.self)
            }
        }
    }

    var key: RawSpan {
        @_lifetime(borrow self)
        get { unsafe bytes.span.bytes.extracting(Self.headerByteCount..<expiryOffset) }
    }

    var value: RawSpan {
        @_lifetime(borrow self)
        get {
            let start = valueOffset
            return unsafe bytes.span.bytes.extracting(start..<start + valueByteCount)
        }
    }

    /// The entry's key in the storage.
    var storedKey: RawSpan {
        @_lifetime(borrow self)
        get { unsafe bytes.span.bytes.extracting(Self.spaceOffset..<expiryOffset) }
    }

    /// The entry's value in the storage: expiry and value.
    var storedValue: RawSpan {
        @_lifetime(borrow self)
        get {
            unsafe bytes.span.bytes.extracting(expiryOffset..<valueOffset + valueByteCount)
        }
    }

    /// Calls `body` with the key.
    @inline(__always)
    func withKey<Result>(_ body: (RawSpan) -> Result) -> Result { body(key) }

    /// Calls `body` with the value.
    @inline(__always)
    func withValue<Result>(_ body: (RawSpan) -> Result) -> Result { body(value) }

    /// Puts the entry into the storage.
    func store(in changes: inout some StateSink) {
        changes.put(key: storedKey, value: storedValue)
    }

    /// Whether the entry's key is `other`.
    @inline(__always)
    func hasKey(_ other: RawSpan) -> Bool {
        unsafe bytes.withUnsafeBytes { raw in
            guard raw.count > Self.headerByteCount else { return false }
            let count = Int(unsafe raw.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
            guard count == other.byteCount else { return false }
            var offset = 0
            while offset + 8 <= count {
                let mine = unsafe raw.loadUnaligned(
                    fromByteOffset: Self.headerByteCount + offset, as: UInt64.self)
                let theirs = unsafe other.unsafeLoadUnaligned(
                    fromByteOffset: offset, as: UInt64.self)
                if mine != theirs { return false }
                offset += 8
            }
            while offset < count {
                let theirs = unsafe other.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                if unsafe raw[Self.headerByteCount + offset] != theirs { return false }
                offset += 1
            }
            return true
        }
    }

    /// Replaces value and expiry.
    ///
    /// - Precondition: the value is within `KeyValueLimits`.
    mutating func assign(_ value: RawSpan, expiry: UInt64) {
        let keyCount = keyByteCount
        resize(Self.size(key: keyCount, value: value.byteCount))
        unsafe bytes.withUnsafeMutableBytes { unsafe Self.fill($0, keyCount, value, expiry) }
    }

    /// Replaces everything by `image`, of the same key.
    mutating func assign(image: RawSpan) {
        resize(image.byteCount)
        unsafe bytes.withUnsafeMutableBytes { unsafe Self.copy(image, to: $0, at: 0) }
    }

    /// Appends `tail` to the value.
    ///
    /// - Precondition: the value stays within `KeyValueLimits`.
    mutating func append(_ tail: RawSpan) {
        let keyCount = keyByteCount
        let oldCount = valueByteCount
        let newCount = oldCount + tail.byteCount
        let end = valueOffset + oldCount
        let size = Self.size(key: keyCount, value: newCount)
        if size > bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        }
        unsafe bytes.withUnsafeMutableBytes { raw in
            unsafe raw.storeBytes(of: UInt32(newCount), as: UInt32.self)
            unsafe Self.copy(tail, to: raw, at: end)
        }
    }

    private mutating func resize(_ size: Int) {
        if size == bytes.count { return }
        if size > bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: size - bytes.count))
        } else if size < bytes.capacity / 4 {
            bytes = Array(bytes[..<size])
        } else {
            bytes.removeLast(bytes.count - size)
        }
    }
}
