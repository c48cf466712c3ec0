/// SHA3-256 of FIPS 202.
public enum SHA3_256 {
    /// The 32-byte digest of `data`.
    public static func hash(data: RawSpan) -> [UInt8] {
        spongeOutput(.sha3Of256Bits, of: data, byteCount: 32)
    }

    /// The 32-byte digest of `data`.
    public static func hash(data: [UInt8]) -> [UInt8] { hash(data: data.span.bytes) }

    /// The 32-byte digest of `data`, with the kernels of one instruction set.
    ///
    /// - Precondition: the instruction set is available.
    @_spi(InstructionSets)
    public static func hash(data: [UInt8], instructionSet: InstructionSet) -> [UInt8] {
        spongeOutput(
            .sha3Of256Bits, of: data.span.bytes, byteCount: 32,
            kernels: Kernels.available(instructionSet))
    }
}

/// SHA3-512 of FIPS 202.
public enum SHA3_512 {
    /// The 64-byte digest of `data`.
    public static func hash(data: RawSpan) -> [UInt8] {
        spongeOutput(.sha3Of512Bits, of: data, byteCount: 64)
    }

    /// The 64-byte digest of `data`.
    public static func hash(data: [UInt8]) -> [UInt8] { hash(data: data.span.bytes) }
}

/// SHAKE128 of FIPS 202.
public enum SHAKE128 {
    /// The first `byteCount` bytes of the output for `data`.
    ///
    /// - Precondition: `byteCount` is not negative.
    public static func hash(data: RawSpan, byteCount: Int) -> [UInt8] {
        spongeOutput(.shake128, of: data, byteCount: byteCount)
    }

    /// The first `byteCount` bytes of the output for `data`.
    ///
    /// - Precondition: `byteCount` is not negative.
    public static func hash(data: [UInt8], byteCount: Int) -> [UInt8] {
        hash(data: data.span.bytes, byteCount: byteCount)
    }
}

/// SHAKE256 of FIPS 202.
public enum SHAKE256 {
    /// The first `byteCount` bytes of the output for `data`.
    ///
    /// - Precondition: `byteCount` is not negative.
    public static func hash(data: RawSpan, byteCount: Int) -> [UInt8] {
        spongeOutput(.shake256, of: data, byteCount: byteCount)
    }

    /// The first `byteCount` bytes of the output for `data`.
    ///
    /// - Precondition: `byteCount` is not negative.
    public static func hash(data: [UInt8], byteCount: Int) -> [UInt8] {
        hash(data: data.span.bytes, byteCount: byteCount)
    }
}

/// The output of one of the functions of FIPS 202 for one input.
func spongeOutput(
    _ kind: SpongeKind, of data: RawSpan, byteCount: Int, kernels: Kernels = .current
) -> [UInt8] {
    precondition(byteCount >= 0, "an output has no negative length")
    var sponge = Sponge(kind, kernels)
    data.withUnsafeBytes { sponge.absorb($0) }
    sponge.finish()
    return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
        if let base = buffer.baseAddress { sponge.squeeze(base, count: byteCount) }
        count = byteCount
    }
}
