import CPostQuantumKernels

/// The processor instructions that arithmetic and hashing use.
public enum InstructionSet: String, CaseIterable, Sendable {
    /// Swift alone: what the compiler makes of vectors for the baseline of the architecture.
    case portable
    /// x86-64 with AVX2, BMI1 and BMI2.
    case avx2
    /// x86-64 with AVX-512 F, BW, VL, DQ, VBMI and VBMI2.
    case avx512

    /// Whether this processor, and its operating system, run these instructions.
    public var isAvailable: Bool { Kernels.find(self) != nil }

    /// The best set of this processor, asked of it once; every key uses it.
    public static var current: InstructionSet { Kernels.current.instructionSet }
}

/// A table of kernels, through which everything that costs time is called.
struct Kernels: @unchecked Sendable {
    let instructionSet: InstructionSet
    let table: UnsafePointer<pq_kernels>

    /// The table of an instruction set, or `nil` where the processor lacks it.
    static func find(_ set: InstructionSet) -> Kernels? {
        let table: UnsafePointer<pq_kernels>? =
            switch set {
            case .portable: portableTable
            case .avx2: pq_kernels_avx2()
            case .avx512: pq_kernels_avx512()
            }
        return table.map { Kernels(instructionSet: set, table: $0) }
    }

    static let current: Kernels =
        find(.avx512) ?? find(.avx2) ?? Kernels(instructionSet: .portable, table: portableTable)

    // Filled once, never changed.
    nonisolated(unsafe) private static let portableTable: UnsafePointer<pq_kernels> = {
        let memory = UnsafeMutablePointer<pq_kernels>.allocate(capacity: 1)
        memory.initialize(to: portableKernels())
        return UnsafePointer(memory)
    }()

    private static func portableKernels() -> pq_kernels {
        pq_kernels(
            keccak_x1: { KeccakPermutation.permuteOne($0) },
            keccak_x4: { KeccakPermutation.permuteFour($0) },
            keccak_x8: { KeccakPermutation.permuteEight($0) },
            dsa_ntt: { PortableMLDSA.ntt($0, $1) },
            dsa_inverse_ntt: { PortableMLDSA.inverseNTT($0, $1) },
            dsa_reorder: { _, _ in },
            dsa_dot: { PortableMLDSA.dot($0, $1, $2, $3) },
            dsa_sample_uniform: { PortableMLDSA.sampleUniform($0, $1, $2, $3) },
            dsa_unpack_mask: { PortableMLDSA.unpackMask($0, $1) },
            dsa_pack_mask: { PortableMLDSA.packMask($0, $1) },
            dsa_exceeds: { PortableMLDSA.exceeds($0, $1, $2) },
            dsa_add: { PortableMLDSA.add($0, $1, $2) },
            dsa_subtract: { PortableMLDSA.subtract($0, $1, $2) },
            dsa_decompose: { PortableMLDSA.decompose($0, $1, $2, $3) },
            dsa_use_hint: { PortableMLDSA.useHint($0, $1, $2) },
            dsa_make_hint: { PortableMLDSA.makeHint($0, $1, $2) },
            kem_ntt: { PortableMLKEM.ntt($0, $1) },
            kem_inverse_ntt: { PortableMLKEM.inverseNTT($0, $1) },
            kem_dot: { PortableMLKEM.dot($0, $1, $2, $3) },
            kem_sample_uniform: { PortableMLKEM.sampleUniform($0, $1, $2, $3) })
    }
}
