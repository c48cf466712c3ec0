@_spi(InstructionSets) import BLAKE3

extension FuzzTarget {
    /// A message has one digest: at once or in pieces, with all instructions, and however much
    /// output is asked for.
    func checkHash(_ reader: inout InputReader, _ options: Options) throws(Violation) {
        let repeats = 1 + Int(reader.byte())
        let pieces = reader.bytes(Int(reader.byte() % 16)).map { 1 + Int($0) * Int($0) }
        let offset = UInt64(reader.byte()) << (4 * options.choice(of: 13))
        let unit = reader.rest()
        // Up to a few hundred chunks: all shapes that the kernels treat differently.
        let message = Array(Array(repeating: unit, count: repeats).joined().prefix(1 << 18))

        let (oneShot, incremental) = try hashers(unit, message, options)
        var hasher = incremental
        var position = 0
        for piece in pieces where position < message.count {
            let end = min(position + piece, message.count)
            hasher.update(Array(message[position..<end]))
            position = end
            // Asking in between changes nothing.
            _ = hasher.finalize()
        }
        hasher.update(Array(message[position...]))
        let digest = hasher.finalize()
        if let oneShot { try require(digest == oneShot, "pieces make the digest of the whole") }

        let output = hasher.finalize(byteCount: 200)
        try require(Array(output.prefix(32)) == digest.bytes, "output begins with the digest")
        let skipped = Int(offset % 200)
        try require(
            hasher.finalize(byteCount: 200 - skipped, from: UInt64(skipped))
                == Array(output[skipped...]),
            "output from an offset is the rest of the output")
        let far = hasher.finalize(byteCount: 130, from: offset)
        try require(
            hasher.finalize(byteCount: 65, from: offset + 65) == Array(far[65...]),
            "output far away is one stream, too")
    }

    /// The digest of the message in one call, where there is such a call, and a fresh hasher of
    /// the same mode.
    private func hashers(
        _ unit: [UInt8], _ message: [UInt8], _ options: Options
    ) throws(Violation) -> (BLAKE3.Output?, BLAKE3) {
        if options.contains(.wrongLength) {
            let key = Array(unit.prefix(32)) + [UInt8](repeating: 1, count: max(0, 32 - unit.count))
            do {
                var hasher = try BLAKE3(key: key)
                let fresh = hasher
                hasher.update(message)
                return (hasher.finalize(), fresh)
            } catch {
                throw Violation(description: "a key of 32 bytes is refused: \(error)")
            }
        }
        let sets = InstructionSet.allCases.filter(\.isAvailable)
        let set = sets[unit.count % sets.count]
        if options.contains(.alterBoth) {
            let context = BLAKE3.Context(String(decoding: unit, as: UTF8.self))
            let digests = sets.map { context.using($0).hash(message) }
            try require(Set(digests).count == 1, "all instructions derive alike")
            return (digests[0], context.using(set).hasher())
        }
        let digests = sets.map { set in
            message.withUnsafeBytes { BLAKE3.hash($0, using: set) }
        }
        try require(Set(digests).count == 1, "all instructions hash alike")
        return (digests[0], BLAKE3(using: set))
    }
}
