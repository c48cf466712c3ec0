import CPostQuantumKernels

#if _endian(big)
#error("bytes are mixed into lanes as they lie in memory: little-endian processors only")
#endif

/// One of the functions of FIPS 202: how many bytes enter or leave between permutations, and what
/// follows the message.
struct SpongeKind: Sendable, Equatable {
    let rate: Int
    let suffix: UInt8

    static let shake128 = SpongeKind(rate: 168, suffix: 0x1f)
    static let shake256 = SpongeKind(rate: 136, suffix: 0x1f)
    static let sha3Of256Bits = SpongeKind(rate: 136, suffix: 0x06)
    static let sha3Of512Bits = SpongeKind(rate: 72, suffix: 0x06)
}

/// A sponge over one state (FIPS 202, section 4). The state is wiped when the sponge goes.
struct Sponge: ~Copyable {
    private let state = AlignedBuffer<UInt64>(count: 25, isSecret: true)
    private let kernels: Kernels
    private let kind: SpongeKind
    private var position = 0

    init(_ kind: SpongeKind, _ kernels: Kernels) {
        self.kind = kind
        self.kernels = kernels
    }

    private var bytes: UnsafeMutablePointer<UInt8> {
        UnsafeMutableRawPointer(state.base).assumingMemoryBound(to: UInt8.self)
    }

    private mutating func permute() {
        kernels.table.pointee.keccak_x1(state.base)
        position = 0
    }

    /// Forgets everything, to hash something else.
    mutating func reset() {
        state.base.update(repeating: 0, count: 25)
        position = 0
    }

    mutating func absorb(_ input: UnsafePointer<UInt8>, count: Int) {
        var next = 0
        while next < count {
            if position & 7 == 0, count &- next >= 8, kind.rate &- position >= 8 {
                let word = UnsafeRawPointer(input + next).loadUnaligned(as: UInt64.self)
                state.base[position &>> 3] ^= word
                position &+= 8
                next &+= 8
            } else {
                bytes[position] ^= input[next]
                position &+= 1
                next &+= 1
            }
            if position == kind.rate { permute() }
        }
    }

    mutating func absorb(_ byte: UInt8) {
        bytes[position] ^= byte
        position &+= 1
        if position == kind.rate { permute() }
    }

    mutating func absorb(_ input: UnsafeRawBufferPointer) {
        guard let base = input.baseAddress else { return }
        absorb(base.assumingMemoryBound(to: UInt8.self), count: input.count)
    }

    /// Ends the input. Nothing can be absorbed after it.
    mutating func finish() {
        bytes[position] ^= kind.suffix
        bytes[kind.rate &- 1] ^= 0x80
        permute()
    }

    /// The next bytes of output.
    mutating func squeeze(_ output: UnsafeMutablePointer<UInt8>, count: Int) {
        var next = 0
        while next < count {
            if position == kind.rate { permute() }
            let take = min(count &- next, kind.rate &- position)
            (output + next).update(from: bytes + position, count: take)
            position &+= take
            next &+= take
        }
    }
}
