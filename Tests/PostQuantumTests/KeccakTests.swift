import CPostQuantumKernels
import Testing

@testable import PostQuantum

@Suite struct KeccakTests {
    /// The byte string 0, 1, 2, ... modulo 251.
    private func counting(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 251) } }

    @Test("The hash functions give the known answers of FIPS 202")
    func knownAnswers() {
        #expect(
            hexadecimal(SHA3_256.hash(data: []))
                == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a")
        #expect(
            hexadecimal(SHA3_256.hash(data: Array("abc".utf8)))
                == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532")
        #expect(
            hexadecimal(SHA3_512.hash(data: Array("abc".utf8)))
                == "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
                + "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0")
        #expect(
            hexadecimal(SHAKE128.hash(data: [], byteCount: 32))
                == "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
        #expect(
            hexadecimal(SHAKE256.hash(data: [], byteCount: 32))
                == "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f")
        // 1,600 bits of 0xa3, the longest message of the NIST example values.
        #expect(
            hexadecimal(SHA3_256.hash(data: Array(repeating: 0xa3, count: 200)))
                == "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787")
        #expect(
            hexadecimal(SHAKE128.hash(data: Array(repeating: 0xa3, count: 200), byteCount: 32))
                == "131ab8d2b594946b9c81333f9bb6e0ce75c3b93104fa3469d3917457385da037")
        #expect(SHAKE256.hash(data: [1, 2, 3], byteCount: 0) == [])
    }

    @Test("Every instruction set permutes one, four and eight states alike")
    func permutationsAgree() {
        let sets = InstructionSet.allCases.compactMap { Kernels.find($0) }
        for ways in [1, 4, 8] {
            var expected: [UInt64] = []
            for way in 0..<ways {
                var state = (0..<25).map { UInt64($0 * 8 + way) &* 0x9e37_79b9_7f4a_7c15 }
                for _ in 0..<3 { KeccakPermutation.permuteOne(&state) }
                expected += state
            }
            for kernels in sets {
                let state = AlignedBuffer<UInt64>(count: 25 * 8, isSecret: false)
                for lane in 0..<25 {
                    for way in 0..<ways {
                        state.base[ways * lane + way] =
                            UInt64(lane * 8 + way) &* 0x9e37_79b9_7f4a_7c15
                    }
                }
                for _ in 0..<3 {
                    switch ways {
                    case 1: kernels.table.pointee.keccak_x1(state.base)
                    case 4: kernels.table.pointee.keccak_x4(state.base)
                    default: kernels.table.pointee.keccak_x8(state.base)
                    }
                }
                for way in 0..<ways {
                    let found = (0..<25).map { state.base[ways * $0 + way] }
                    #expect(found == Array(expected[25 * way..<25 * way + 25]))
                }
            }
        }
    }

    @Test("However a message is cut, the sponge gives one output")
    func incrementalHashing() {
        for length in [0, 1, 7, 8, 135, 136, 137, 271, 272, 273, 500] {
            let message = counting(length)
            let whole = SHAKE256.hash(data: message, byteCount: 300)
            for step in [1, 3, 8, 64, 136] {
                var sponge = Sponge(.shake256, .current)
                var next = 0
                while next < length {
                    let end = min(length, next + step)
                    message[next..<end].withUnsafeBytes { sponge.absorb($0) }
                    next = end
                }
                sponge.finish()
                let output = AlignedBuffer<UInt8>(count: 300, isSecret: false)
                var taken = 0
                while taken < 300 {
                    let count = min(step, 300 - taken)
                    sponge.squeeze(output.base + taken, count: count)
                    taken += count
                }
                #expect(Array(UnsafeBufferPointer(start: output.base, count: 300)) == whole)
            }
        }
    }
}
