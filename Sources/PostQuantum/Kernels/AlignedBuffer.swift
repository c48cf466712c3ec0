import CPostQuantumKernels

/// Zeroed memory of a fixed size, aligned for vector loads, that its owner alone frees.
struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
    let base: UnsafeMutablePointer<Element>
    let count: Int
    private let isSecret: Bool
    private let allocation: UnsafeMutableRawPointer

    /// - Parameter isSecret: whether the memory is overwritten before it is freed.
    init(count: Int, filledWith element: Element, isSecret: Bool) {
        // Aligning by hand is several times faster than asking the allocator for it.
        allocation = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Element>.stride + 64, alignment: 16)
        let bytes = allocation.alignedUp(toMultipleOf: 64)
        base = bytes.bindMemory(to: Element.self, capacity: count)
        base.initialize(repeating: element, count: count)
        self.count = count
        self.isSecret = isSecret
    }

    deinit {
        if isSecret { pq_wipe(base, count * MemoryLayout<Element>.stride) }
        allocation.deallocate()
    }
}

extension AlignedBuffer where Element: FixedWidthInteger {
    init(count: Int, isSecret: Bool) {
        self.init(count: count, filledWith: 0, isSecret: isSecret)
    }
}

/// The number of coefficients of a polynomial, in both schemes.
let degree = 256

extension AlignedBuffer {
    /// The polynomial at `index`, where the memory is a row of polynomials.
    @inline(__always)
    func polynomial(_ index: Int) -> UnsafeMutablePointer<Element> { base + degree &* index }
}

/// A few secret bytes, wiped when the last owner lets go.
final class SecretBytes: @unchecked Sendable {
    private let memory: AlignedBuffer<UInt8>

    var count: Int { memory.count }
    var base: UnsafePointer<UInt8> { UnsafePointer(memory.base) }

    init(count: Int, fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        memory = AlignedBuffer(count: count, isSecret: true)
        fill(memory.base)
    }

    convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { destination in
            for (index, byte) in bytes.enumerated() { destination[index] = byte }
        }
    }

    /// Bytes of the system's generator.
    static func random(count: Int) -> SecretBytes {
        var generator = SystemRandomNumberGenerator()
        return SecretBytes(count: count) { destination in
            // Eight bytes at a time: each call asks the system.
            for index in stride(from: 0, to: count, by: 8) {
                let word: UInt64 = generator.next()
                for byte in 0..<min(8, count - index) {
                    destination[index + byte] = UInt8(truncatingIfNeeded: word >> (8 * byte))
                }
            }
        }
    }

    /// A copy that nobody wipes, for a caller who asked for the bytes.
    var exposed: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }
}
