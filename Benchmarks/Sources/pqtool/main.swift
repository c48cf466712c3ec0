// Carries out one operation for each line of standard input and answers with one line, so that
// another implementation can be compared with this one. All values are hexadecimal, `-` where
// empty; an operation that refuses its input answers `error`.
//
//   keygen 65|87 SEED                           public key
//   sign 65|87 SEED MESSAGE CONTEXT RANDOMNESS  signature (RANDOMNESS `-`: deterministic)
//   verify 65|87 KEY SIGNATURE MESSAGE CONTEXT  1 or 0
//   batch 65|87 KEY SIGNATURE MESSAGE CONTEXT   the same, eight times in a batch
//   kem-keygen SEED                             encapsulation key
//   kem-encaps KEY RANDOMNESS                   ciphertext and secret
//   kem-decaps SEED CIPHERTEXT                  secret
//
// usage: pqtool [portable|avx2|avx512]
@_spi(InstructionSets) import PostQuantum

struct Refusal: Error {}

func bytes(_ text: Substring) throws -> [UInt8] {
    if text == "-" { return [] }
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { throw Refusal() }
    return try stride(from: 0, to: digits.count, by: 2).map { index in
        guard
            let byte = UInt8(
                String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16)
        else { throw Refusal() }
        return byte
    }
}

func text(_ bytes: [UInt8]) -> String {
    guard !bytes.isEmpty else { return "-" }
    let digits = Array("0123456789abcdef".utf8)
    let characters = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: characters, as: UTF8.self)
}

let instructionSet: InstructionSet
if CommandLine.arguments.count > 1 {
    guard let set = InstructionSet(rawValue: CommandLine.arguments[1]), set.isAvailable else {
        fatalError("no such instruction set here: \(CommandLine.arguments[1])")
    }
    instructionSet = set
} else {
    instructionSet = .current
}

func signatureOperation<Parameters>(
    _ scheme: MLDSA<Parameters>.Type, _ name: Substring, _ values: [[UInt8]]
) throws -> String {
    typealias Scheme = MLDSA<Parameters>
    switch (name, values.count) {
    case ("keygen", 1):
        let key = try Scheme.PrivateKey(seedRepresentation: values[0], publicKey: nil)
        let expanded = Scheme.SigningKey(key, instructionSet: instructionSet)
        return text(expanded.publicKey.rawRepresentation)
    case ("sign", 4):
        let key = try Scheme.PrivateKey(seedRepresentation: values[0], publicKey: nil)
        let signer = Scheme.SigningKey(key, instructionSet: instructionSet)
        let randomness: Scheme.Randomness =
            values[3].isEmpty ? .deterministic : .explicit(values[3])
        return text(
            try signer.signature(for: values[1], context: values[2], randomness: randomness))
    case ("verify", 4), ("batch", 4):
        let verifier = Scheme.Verifier(
            try Scheme.PublicKey(rawRepresentation: values[0]), instructionSet: instructionSet)
        if name == "verify" {
            let isValid = verifier.isValidSignature(
                values[1], for: values[2], context: values[3])
            return isValid ? "1" : "0"
        }
        let item = Scheme.SignedMessage(
            verifier: verifier, signature: values[1], data: values[2], context: values[3])
        let answers = Scheme.Verifier.areValid(Array(repeating: item, count: 8))
        guard Set(answers).count == 1 else { return "members of one batch differ" }
        return answers[0] ? "1" : "0"
    default:
        throw Refusal()
    }
}

func operation(_ line: String) throws -> String {
    let words = line.split(separator: " ")
    guard let name = words.first else { throw Refusal() }
    switch name {
    case "kem-keygen":
        let seed = try bytes(words[1])
        let key = try MLKEM768.PrivateKey(
            seedRepresentation: seed, instructionSet: instructionSet)
        return text(key.publicKey.rawRepresentation)
    case "kem-encaps":
        let key = try MLKEM768.PublicKey(
            rawRepresentation: bytes(words[1]), instructionSet: instructionSet)
        let result = try key.encapsulate(randomness: bytes(words[2]))
        return text(result.encapsulated) + " " + text(result.sharedSecret)
    case "kem-decaps":
        let key = try MLKEM768.PrivateKey(
            seedRepresentation: bytes(words[1]), instructionSet: instructionSet)
        return text(try key.decapsulate(bytes(words[2])))
    default:
        guard words.count > 1 else { throw Refusal() }
        let values = try words.dropFirst(2).map { try bytes($0) }
        switch words[1] {
        case "65": return try signatureOperation(MLDSA65.self, name, values)
        case "87": return try signatureOperation(MLDSA87.self, name, values)
        default: throw Refusal()
        }
    }
}

while let line = readLine() {
    print((try? operation(line)) ?? "error")
}
