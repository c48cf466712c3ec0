// Prints what each operation costs, for every instruction set that this processor has.
//
// Each figure is the least of many short runs, so that other work on the machine, which can only
// slow a run down, falls out. Signing is the mean over many messages, since the number of attempts
// differs from message to message.
//
// usage: pq-bench [--tab]        --tab: one line "SET<tab>OPERATION<tab>MICROSECONDS" for each
@_spi(InstructionSets) import PostQuantum

let clock = ContinuousClock()

/// The least time of one call, in microseconds, over at most `runs` runs of
/// `calls` calls and about 0.8 seconds.
func least(runs: Int = 2000, calls: Int, _ body: () throws -> Void) rethrows -> Double {
    var best = Duration.seconds(3600)
    let start = clock.now
    for run in 0..<runs {
        if run > 4, clock.now - start > .milliseconds(800) { break }
        let elapsed = try clock.measure { for _ in 0..<calls { try body() } }
        best = min(best, elapsed)
    }
    return best / .microseconds(1) / Double(calls)
}

let isTabular = CommandLine.arguments.contains("--tab")

func report(_ set: InstructionSet, _ label: String, _ microseconds: Double) {
    if isTabular {
        print("\(set.rawValue)\t\(label)\t\(microseconds)")
        return
    }
    let hundredths = Int(microseconds * 100 + 0.5)
    let cents = hundredths % 100
    let figure = "\(hundredths / 100).\(cents < 10 ? "0" : "")\(cents)"
    let rate = Int(1_000_000 / microseconds)
    print(
        "  " + label + String(repeating: " ", count: max(1, 50 - label.count))
            + String(repeating: " ", count: max(0, 9 - figure.count)) + figure
            + " us \(rate) /s")
}

func benchSignatures<Parameters: MLDSAParameterSet>(
    _ name: String, _ scheme: MLDSA<Parameters>.Type, _ set: InstructionSet
) throws {
    typealias Scheme = MLDSA<Parameters>
    let seed = [UInt8](repeating: 7, count: 32)
    let key = try Scheme.PrivateKey(seedRepresentation: seed, publicKey: nil)
    let message = [UInt8](repeating: 42, count: 128)
    report(
        set, "\(name) key generation",
        least(calls: 4) { _ = Scheme.SigningKey(key, instructionSet: set) })

    let signer = Scheme.SigningKey(key, instructionSet: set)
    let messages = (0..<1000).map { index in
        message + [UInt8(index & 255), UInt8(index >> 8)]
    }
    // The least time of each message, so that one disturbance does not cost a thousand.
    var total = 0.0
    for message in messages {
        total += try least(runs: 15, calls: 1) {
            _ = try signer.signature(for: message, randomness: .deterministic)
        }
    }
    report(set, "\(name) sign, mean of 1,000 messages", total / Double(messages.count))

    let signature = try signer.signature(for: message, randomness: .deterministic)
    let publicKey = signer.publicKey
    report(
        set, "\(name) verify, key not expanded",
        least(calls: 4) {
            let verifier = Scheme.Verifier(publicKey, instructionSet: set)
            precondition(verifier.isValidSignature(signature, for: message))
        })
    let verifier = Scheme.Verifier(publicKey, instructionSet: set)
    report(
        set, "\(name) verify, key expanded",
        least(calls: 20) { precondition(verifier.isValidSignature(signature, for: message)) })

    let batch = Array(
        repeating: Scheme.SignedMessage(
            verifier: verifier, signature: signature, data: message), count: 64)
    let time = least(calls: 1) {
        precondition(Scheme.Verifier.areValid(batch).allSatisfy { $0 })
    }
    report(set, "\(name) verify, batch of 64", time / 64)

    try benchManyKeys(name, scheme, set)
}

/// Sixteen rounds of votes by a hundred validators: more signatures than any cache holds.
func benchManyKeys<Parameters: MLDSAParameterSet>(
    _ name: String, _ scheme: MLDSA<Parameters>.Type, _ set: InstructionSet
) throws {
    typealias Scheme = MLDSA<Parameters>
    let keys = try (0..<100).map { index in
        let seed = [UInt8](repeating: UInt8(index), count: 32)
        return Scheme.SigningKey(
            try Scheme.PrivateKey(seedRepresentation: seed, publicKey: nil))
    }
    let verifiers = keys.map { Scheme.Verifier($0.publicKey, instructionSet: set) }
    let votes = try (0..<1600).map { index in
        let message = [UInt8](repeating: UInt8(index / 100), count: 128)
        return Scheme.SignedMessage(
            verifier: verifiers[index % 100],
            signature: try keys[index % 100].signature(for: message),
            data: message)
    }
    // The least time of each round, so that one disturbance does not cost all of them.
    let rounds = stride(from: 0, to: votes.count, by: 100).map { Array(votes[$0..<$0 + 100]) }
    let inTurn = rounds.reduce(0) { total, round in
        total
            + least(runs: 40, calls: 1) {
                for vote in round {
                    precondition(vote.verifier.isValidSignature(vote.signature, for: vote.data))
                }
            }
    }
    report(
        set, "\(name) verify, 100 expanded keys x 16 messages in turn",
        inTurn / Double(votes.count))
    let batched = rounds.reduce(0) { total, round in
        total
            + least(runs: 40, calls: 1) {
                precondition(Scheme.Verifier.areValid(round).allSatisfy { $0 })
            }
    }
    report(
        set, "\(name) verify, batch of 100 keys x 16 messages", batched / Double(votes.count))
}

func benchHashes(_ set: InstructionSet) {
    for size in [64, 1024, 16_384, 1_048_576, 16_777_216] {
        let data = (0..<size).map { UInt8($0 % 251) }
        report(
            set, "SHA3-256 \(size) B",
            least(calls: 1 + 16_384 / size) {
                precondition(SHA3_256.hash(data: data, instructionSet: set).count == 32)
            })
    }
}

func benchEncapsulation(_ set: InstructionSet) throws {
    let seed = [UInt8](repeating: 9, count: 64)
    report(
        set, "ML-KEM-768 key generation",
        try least(calls: 10) {
            _ = try MLKEM768.PrivateKey(seedRepresentation: seed, instructionSet: set)
        })
    let key = try MLKEM768.PrivateKey(seedRepresentation: seed, instructionSet: set)
    let encoded = key.publicKey.rawRepresentation
    report(
        set, "ML-KEM-768 encapsulate, key not expanded",
        try least(calls: 10) {
            _ = try MLKEM768.PublicKey(rawRepresentation: encoded, instructionSet: set)
                .encapsulate()
        })
    let publicKey = key.publicKey
    report(set, "ML-KEM-768 encapsulate", try least(calls: 20) { _ = try publicKey.encapsulate() })
    let ciphertext = try publicKey.encapsulate().encapsulated
    report(
        set, "ML-KEM-768 decapsulate", try least(calls: 20) { _ = try key.decapsulate(ciphertext) })
}

for set in InstructionSet.allCases {
    guard set.isAvailable else {
        if !isTabular { print("\(set.rawValue): not on this processor") }
        continue
    }
    if !isTabular { print("\(set.rawValue)\(set == .current ? " (used by default here)" : "")") }
    try benchSignatures("ML-DSA-87", MLDSA87.self, set)
    try benchSignatures("ML-DSA-65", MLDSA65.self, set)
    try benchEncapsulation(set)
    benchHashes(set)
}
