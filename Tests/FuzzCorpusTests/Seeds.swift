import PostQuantum

/// An input that the fuzzer begins with: one for each rule that a parser has.
struct Seed {
    let target: FuzzTarget
    let name: String
    let input: [UInt8]

    init(_ target: FuzzTarget, _ name: String, _ options: Options, _ input: [UInt8] = []) {
        self.target = target
        self.name = name
        self.input = [options.rawValue] + input
    }

    /// An input that alters honest bytes.
    init(
        _ target: FuzzTarget, _ name: String, _ options: Options, _ prefix: [UInt8],
        _ alterations: Alteration...
    ) {
        self.init(target, name, options, prefix + alterations.flatMap(\.encoded))
    }

    /// All of them: with each other a few tens of kilobytes.
    static let all =
        signatures(SignatureFixture<MLDSA65Parameters>(), "65", rows: 6, columns: 5, omega: 55)
        + signatures(SignatureFixture<MLDSA87Parameters>(), "87", rows: 8, columns: 7, omega: 75)
        + rareSignatures(
            SignatureFixture<MLDSA65Parameters>(), "65", full: 899, sparse: 106, wide: 1)
        + rareSignatures(
            SignatureFixture<MLDSA87Parameters>(), "87", full: 181, sparse: 72, wide: 5)
        + publicKeys + privateKeys + encapsulation + decapsulationKeys + hashes

    /// The options of one parameter set and one instruction set or representation.
    private static func options(_ name: String, choice: Int, _ others: Options = []) -> Options {
        let set: Options = name == "65" ? .smaller : []
        return others.union(set).union(Options(rawValue: UInt8(choice << 4)))
    }

    private static func signatures<Parameters>(
        _ fixture: SignatureFixture<Parameters>, _ name: String, rows: Int, columns: Int,
        omega: Int
    ) -> [Seed] {
        // A context of one byte, a message of two.
        let prefix: [UInt8] = [1, 9, 2, 1, 2]
        let honest = fixture.honest([1, 2], context: [9])
        let challenge = honest.count - 640 * columns - omega - rows
        let firstHint = omega + rows - 1
        var choice = 0
        func seed(_ what: String, _ kind: Alteration.Kind, _ offset: Int, _ value: UInt8) -> Seed {
            choice += 1
            return Seed(
                .signature, "\(name)-\(what)", options(name, choice: choice % 3), prefix,
                Alteration(kind: kind, offset: offset, value: value))
        }
        return [
            Seed(.signature, "\(name)-honest", options(name, choice: 0), prefix),
            Seed(
                .signature, "\(name)-verbatim", options(name, choice: 1, .verbatim),
                prefix + honest),
            Seed(.signature, "\(name)-empty", options(name, choice: 2, .verbatim), prefix),
            Seed(
                .signature, "\(name)-long-context", options(name, choice: 2, .wrongLength), prefix),
            seed("challenge", .flip, 3, 1),
            seed("z-flipped", .flip, challenge + 700, 128),
            // 2^19 itself, the largest that the encoding has.
            seed("z-largest", .fill, challenge + 5, 0),
            // The smallest, and zero.
            seed("z-smallest", .fill, challenge + 5, 255),
            seed("hints-swapped", .swapFromEnd, firstHint - 1, 0),
            seed("hint-repeated", .repeatFromEnd, firstHint - 1, 0),
            seed("hint-moved", .setFromEnd, firstHint, 255),
            seed("padding", .setFromEnd, rows, 1),
            seed("count-omega", .setFromEnd, 0, UInt8(omega)),
            seed("count-largest", .setFromEnd, rows - 1, 255),
            seed("longer", .append, 1, 0),
            seed("shorter", .truncate, honest.count - 1, 0),
            seed("challenge-alone", .truncate, challenge, 0),
        ]
    }

    /// Forgeries that need a signature of a special kind, for messages that have one: all hints
    /// used, a row without hints, and a z that reveals the key.
    private static func rareSignatures<Parameters>(
        _ fixture: SignatureFixture<Parameters>, _ name: String, full: Int, sparse: Int, wide: Int
    ) -> [Seed] {
        let (rows, omega) = name == "65" ? (6, 55) : (8, 75)
        func message(_ index: Int) -> [UInt8] { [UInt8(index & 255), UInt8(index >> 8)] }
        func counts(_ index: Int) -> [Int] {
            fixture.honest(message(index), context: [9]).suffix(rows).map { Int($0) }
        }
        func seed(_ what: String, _ index: Int, row: Int, _ value: Int) -> Seed {
            Seed(
                .signature, "\(name)-\(what)", options(name, choice: 0),
                [1, 9, 2] + message(index),
                Alteration(kind: .setFromEnd, offset: rows - 1 - row, value: UInt8(value)))
        }
        let emptyRow = (1..<rows).first { counts(sparse)[$0] == counts(sparse)[$0 - 1] }
        precondition(counts(full)[rows - 1] == omega, "the hints of this message are not omega")
        guard let emptyRow, let forgery = revealing(fixture, message(wide)) else {
            preconditionFailure("these messages have no such signatures")
        }
        return [
            seed("count-beyond", full, row: rows - 1, omega + 1),
            seed("count-falls", sparse, row: emptyRow, counts(sparse)[emptyRow] - 1),
            Seed(
                .signature, "\(name)-z-reveals", options(name, choice: 1, .verbatim),
                [1, 9, 2] + message(wide) + forgery),
        ]
    }

    /// What a signer makes that forgets the bound on z, and a verifier takes that forgets it, too.
    private static func revealing<Parameters>(
        _ fixture: SignatureFixture<Parameters>, _ message: [UInt8]
    ) -> [UInt8]? {
        let verifier = fixture.verifiers[0]
        guard let mu = try? verifier.publicKey.prehash(for: message, context: [9]),
            let signature = try? fixture.signer.signature(
                representative: mu.span.bytes, randomness: .deterministic, keepsMaskRange: false)
        else { return nil }
        func isValid(_ checks: VerificationChecks) -> Bool {
            verifier.isValidSignature(
                signature.span.bytes, representative: mu.span.bytes, checks: checks)
        }
        return isValid(.all.subtracting(.maskRange)) && !isValid(.all) ? signature : nil
    }

    private static var publicKeys: [Seed] {
        [("65", 1952), ("87", 2592)].flatMap { (name: String, size: Int) -> [Seed] in
            let prefix: [UInt8] = [2, 1, 2]
            func seed(
                _ what: String, _ kind: Alteration.Kind, _ offset: Int, _ value: UInt8,
                _ others: Options = []
            ) -> Seed {
                Seed(
                    .publicKey, "\(name)-\(what)", options(name, choice: offset % 3, others),
                    prefix, Alteration(kind: kind, offset: offset, value: value))
            }
            let fixture =
                name == "65"
                ? SignatureFixture<MLDSA65Parameters>().signer.publicKey.rawRepresentation
                : SignatureFixture<MLDSA87Parameters>().signer.publicKey.rawRepresentation
            return [
                Seed(.publicKey, "\(name)-honest", options(name, choice: 0), prefix),
                Seed(
                    .publicKey, "\(name)-verbatim", options(name, choice: 2, .verbatim),
                    prefix + fixture),
                Seed(.publicKey, "\(name)-empty", options(name, choice: 1, .verbatim), prefix),
                seed("rho", .flip, 31, 1),
                seed("t1", .flip, 33, 128),
                seed("t1-largest", .fill, 100, 255),
                seed("both", .flip, 44, 4, .alterBoth),
                seed("shorter", .truncate, size - 1, 0),
                seed("longer", .append, 1, 0),
            ]
        }
    }

    private static var privateKeys: [Seed] {
        ["65", "87"].flatMap { name -> [Seed] in
            func seed(
                _ what: String, _ representation: Int, _ kind: Alteration.Kind, _ offset: Int,
                _ value: UInt8
            ) -> Seed {
                Seed(
                    .privateKey, "\(name)-\(what)", options(name, choice: representation), [],
                    Alteration(kind: kind, offset: offset, value: value))
            }
            let expanded =
                name == "65"
                ? SignatureFixture<MLDSA65Parameters>().signer.expandedRepresentation
                : SignatureFixture<MLDSA87Parameters>().signer.expandedRepresentation
            return [
                Seed(.privateKey, "\(name)-seed", options(name, choice: 0), []),
                seed("seed-flipped", 0, .flip, 5, 1),
                seed("seed-longer", 0, .append, 1, 0),
                Seed(.privateKey, "\(name)-checked", options(name, choice: 1), []),
                seed("checked-seed", 1, .flip, 5, 1),
                seed("checked-digest", 1, .flip, 63, 128),
                seed("checked-shorter", 1, .truncate, 63, 0),
                Seed(.privateKey, "\(name)-expanded", options(name, choice: 2), []),
                Seed(
                    .privateKey, "\(name)-expanded-verbatim",
                    options(name, choice: 2, .verbatim), expanded),
                seed("expanded-rho", 2, .flip, 0, 1),
                seed("expanded-mask-seed", 2, .flip, 40, 1),
                seed("expanded-tr", 2, .flip, 64, 1),
                seed("expanded-s1-range", 2, .fill, 128, 255),
                seed("expanded-s1", 2, .flip, 130, 1),
                seed("expanded-t0", 2, .flip, expanded.count - 1, 128),
                seed("expanded-shorter", 2, .truncate, expanded.count - 1, 0),
            ]
        }
    }
}
