import PostQuantum

extension Seed {
    private static func altered(
        _ target: FuzzTarget, _ name: String, choice: Int = 0, _ kind: Alteration.Kind,
        _ offset: Int, _ value: UInt8
    ) -> Seed {
        Seed(
            target, name, Options(rawValue: UInt8(choice << 4)), [],
            Alteration(kind: kind, offset: offset, value: value))
    }

    static var encapsulation: [Seed] {
        let honest = FuzzTarget.honestEncapsulation
        return [
            Seed(.encapsulationKey, "honest", []),
            Seed(.encapsulationKey, "verbatim", .verbatim, honest.publicKey),
            Seed(.encapsulationKey, "empty", .verbatim),
            Seed(.encapsulationKey, "randomness", .wrongLength),
            // 3329 as the first coefficient, then 4095 five times over.
            Seed(
                .encapsulationKey, "modulus", [], [],
                Alteration(kind: .set, offset: 0, value: 0x01),
                Alteration(kind: .set, offset: 1, value: 0x0d)),
            altered(.encapsulationKey, "largest", .fill, 1147, 255),
            altered(.encapsulationKey, "t", .flip, 3, 1),
            altered(.encapsulationKey, "rho", .flip, 1183, 1),
            altered(.encapsulationKey, "shorter", .truncate, 1183, 0),
            altered(.encapsulationKey, "longer", .append, 1, 0),
            Seed(.ciphertext, "honest", []),
            Seed(.ciphertext, "verbatim", .verbatim, honest.ciphertext),
            Seed(.ciphertext, "empty", .verbatim),
            altered(.ciphertext, "u", .flip, 0, 1),
            altered(.ciphertext, "u-largest", .fill, 500, 255),
            altered(.ciphertext, "v", .flip, 1087, 128),
            altered(.ciphertext, "shorter", .truncate, 1087, 0),
            altered(.ciphertext, "longer", .append, 1, 0),
        ]
    }

    static var decapsulationKeys: [Seed] {
        [
            Seed(.decapsulationKey, "seed", []),
            altered(.decapsulationKey, "seed-z", .flip, 63, 1),
            altered(.decapsulationKey, "seed-shorter", .truncate, 63, 0),
            Seed(.decapsulationKey, "checked", Options(rawValue: 1 << 4)),
            altered(.decapsulationKey, "checked-digest", choice: 1, .flip, 95, 1),
            altered(.decapsulationKey, "checked-longer", choice: 1, .append, 1, 0),
            Seed(.decapsulationKey, "expanded", Options(rawValue: 2 << 4)),
            Seed(
                .decapsulationKey, "expanded-verbatim",
                Options(rawValue: 2 << 4).union(.verbatim),
                FuzzTarget.honestEncapsulation.expandedKey),
            altered(.decapsulationKey, "expanded-s", choice: 2, .flip, 0, 1),
            altered(.decapsulationKey, "expanded-s-range", choice: 2, .fill, 0, 255),
            altered(.decapsulationKey, "expanded-t", choice: 2, .flip, 1200, 1),
            altered(.decapsulationKey, "expanded-t-range", choice: 2, .fill, 1152, 255),
            altered(.decapsulationKey, "expanded-digest", choice: 2, .flip, 2340, 1),
            altered(.decapsulationKey, "expanded-z", choice: 2, .flip, 2399, 1),
            altered(.decapsulationKey, "expanded-shorter", choice: 2, .truncate, 2399, 0),
        ]
    }

    /// Messages whose sizes are those at which the tree, a chunk or a block ends.
    static var hashes: [Seed] {
        let modes: [(String, Options)] = [
            ("plain", []), ("keyed", .wrongLength), ("derived", .alterBoth),
        ]
        return modes.flatMap { name, mode in
            [0, 1, 63, 64, 65].map { size in
                Seed(
                    .hash, "\(name)-\(size)", mode,
                    // Once, one piece of 4 + 1 bytes, output from 3.
                    [0, 1, 2, 3] + [UInt8](repeating: 0x5a, count: size))
            }
                + [16, 32, 64, 255].map { chunks in
                    Seed(
                        .hash, "\(name)-\(chunks)-chunks", mode.union(Options(rawValue: 8 << 4)),
                        // Pieces of 1, 1025, 4097 and 65026 bytes.
                        [UInt8(chunks - 1), 4, 0, 32, 64, 255, 1] + [UInt8](0...255) + [1]
                            + [UInt8](repeating: 7, count: 767))
                }
        }
    }
}
