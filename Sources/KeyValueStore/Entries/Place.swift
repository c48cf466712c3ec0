import BFTBase
import BFTWire

/// Where an entry stands: the digest of its key, by which it is found, ordered and proven.
///
/// What is hashed is `key length u16 ‖ key ‖ zeros` up to a multiple of 64 bytes: whole blocks, so
/// that keys of different lengths are hashed side by side.
enum Place {
    static let blockByteCount = 64
    private static let lengthByteCount = 2
    /// The most bytes of a key whose place is the digest of one block.
    static let shortKeyByteCount = blockByteCount - lengthByteCount

    /// The place of `key`, which is within `KeyValueLimits`.
    static func of(_ key: RawSpan) -> Digest {
        let size = (lengthByteCount + key.byteCount + blockByteCount - 1) & ~(blockByteCount - 1)
        return unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { room in
            unsafe write(key, to: room)
            let block = UnsafeRawBufferPointer(room)
            return Digest.of(unsafe block.bytes, in: .stateKey)
        }
    }

    /// The place of `key`, which is within `KeyValueLimits`.
    static func of(_ key: [UInt8]) -> Digest { of(unsafe key.span.bytes) }

    /// Writes what is hashed for `key`, and zeros up to the end of `room`.
    @inline(__always)
    @unsafe
    static func write(_ key: RawSpan, to room: UnsafeMutableRawBufferPointer) {
        unsafe room.storeBytes(of: UInt16(key.byteCount), as: UInt16.self)
        let end = lengthByteCount + key.byteCount
        unsafe key.withUnsafeBytes { key in
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: room[lengthByteCount..<end])
            unsafe target.copyMemory(from: key)
        }
        let tail = unsafe UnsafeMutableRawBufferPointer(rebasing: room[end...])
        unsafe tail.initializeMemory(as: UInt8.self, repeating: 0)
    }
}
