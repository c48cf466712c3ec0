import CPostQuantumKernels

/// Four or eight sponges that permute together.
///
/// The states lie interleaved, lane by lane, as the vector permutations want them. All ways share
/// the function and the block they are at; what each absorbs is its own. The memory is wiped when
/// the sponges go.
struct ParallelSponge: ~Copyable {
    /// 4 or 8.
    let ways: Int
    private let state: AlignedBuffer<UInt64>
    private let kernels: Kernels
    private let kind: SpongeKind

    /// - Parameter count: how many inputs there will be, 1 to 8; the ways are as many or more.
    init(_ kind: SpongeKind, for count: Int, _ kernels: Kernels) {
        ways = count <= 4 ? 4 : 8
        state = AlignedBuffer(count: 25 * 8, isSecret: true)
        self.kind = kind
        self.kernels = kernels
    }

    /// Forgets everything, to hash something else.
    func reset() { state.base.update(repeating: 0, count: 25 &* ways) }

    func permute() {
        if ways == 4 {
            kernels.table.pointee.keccak_x4(state.base)
        } else {
            kernels.table.pointee.keccak_x8(state.base)
        }
    }

    /// Mixes bytes into one way, from `offset` of the current block.
    ///
    /// - Precondition: they end inside the block.
    func absorb(_ input: UnsafePointer<UInt8>, count: Int, at offset: Int = 0, way: Int) {
        var (next, position) = (0, offset)
        while next < count {
            let lane = state.base + (ways &* (position &>> 3) &+ way)
            if position & 7 == 0, count &- next >= 8 {
                lane.pointee ^= UnsafeRawPointer(input + next).loadUnaligned(as: UInt64.self)
                (next, position) = (next &+ 8, position &+ 8)
            } else {
                lane.pointee ^= UInt64(input[next]) &<< UInt64(8 &* (position & 7))
                (next, position) = (next &+ 1, position &+ 1)
            }
        }
    }

    func absorb(_ byte: UInt8, at offset: Int, way: Int) {
        state.base[ways &* (offset &>> 3) &+ way] ^= UInt64(byte) &<< UInt64(8 &* (offset & 7))
    }

    /// Ends the input of one way, `offset` bytes into the current block.
    func finish(at offset: Int, way: Int) {
        absorb(kind.suffix, at: offset, way: way)
        absorb(0x80, at: kind.rate &- 1, way: way)
    }

    /// Copies the first `count` bytes of the current block of one way; `count` is a multiple of 8.
    func copyBlock(to output: UnsafeMutablePointer<UInt8>, count: Int, way: Int) {
        let bytes = UnsafeMutableRawPointer(output)
        var lane = 0
        while lane < count &>> 3 {
            bytes.storeBytes(
                of: state.base[ways &* lane &+ way], toByteOffset: 8 &* lane, as: UInt64.self)
            lane &+= 1
        }
    }

    /// Permutes and copies, `blocks` times: way `w` writes at `output + w * stride`.
    func squeeze(_ output: UnsafeMutablePointer<UInt8>, blocks: Int, stride: Int, used: Int) {
        for block in 0..<blocks {
            permute()
            for way in 0..<used {
                let target = output + (stride &* way &+ kind.rate &* block)
                copyBlock(to: target, count: kind.rate, way: way)
            }
        }
    }
}
