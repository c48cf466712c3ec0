#if arch(x86_64)
internal import CBLAKE3Kernels
#endif

/// The instructions that many messages are hashed with at once.
///
/// The digests are the same with every one of them. This is for tests and measurements, which
/// compare them; other code leaves the choice to the package.
@_spi(InstructionSets)
public enum InstructionSet: String, CaseIterable, Sendable {
    /// Swift's vectors of four words: what the whole package is compiled for.
    case portable
    /// Eight messages at a time.
    case avx2
    /// Sixteen messages at a time, AVX-512 F, VL, BW and DQ.
    case avx512

    /// Whether this machine and its operating system have these instructions.
    public var isAvailable: Bool {
        switch self {
        case .portable: return true
        #if arch(x86_64)
        case .avx2: return cblake3_has_avx2() != 0
        case .avx512: return cblake3_has_avx512() != 0
        #else
        case .avx2, .avx512: return false
        #endif
        }
    }

    /// The widest of those that are available.
    public static let best: InstructionSet = allCases.last(where: \.isAvailable) ?? .portable
}

@_spi(InstructionSets)
extension BLAKE3.Context {
    /// This context, hashing with `instructions`.
    ///
    /// - Precondition: they are available.
    public func using(_ instructions: InstructionSet) -> BLAKE3.Context {
        precondition(instructions.isAvailable, "this machine has no \(instructions.rawValue)")
        return BLAKE3.Context(
            Mode(key: mode.key, flags: mode.flags, instructions: instructions))
    }
}

@_spi(InstructionSets)
extension BLAKE3 {
    /// A hasher without a key, hashing with `instructions`.
    ///
    /// - Precondition: they are available.
    public init(using instructions: InstructionSet) {
        precondition(instructions.isAvailable, "this machine has no \(instructions.rawValue)")
        self.init(Mode(key: initialValue, flags: 0, instructions: instructions))
    }

    /// The digest of `bytes`, hashing with `instructions`.
    ///
    /// - Precondition: they are available.
    public static func hash(
        _ bytes: UnsafeRawBufferPointer, using instructions: InstructionSet
    ) -> Output {
        precondition(instructions.isAvailable, "this machine has no \(instructions.rawValue)")
        let mode = Mode(key: initialValue, flags: 0, instructions: instructions)
        return Tree.root(bytes, mode).output
    }
}
