// Prints what signatures, keys and key exchanges cost through BFTCrypto, beside the estimates by
// which a node decides where to do them.
//
// Each figure but that of signing is the least of many short runs, so that other work on the
// machine falls out. A signature of ML-DSA takes as many attempts as it takes: its mean is over
// many messages, the least time of each.
import BFTBase
import BFTCrypto
import BFTWire

let clock = ContinuousClock()

func microseconds(_ body: () throws -> Void) rethrows -> Double {
    try clock.measure(body) / .microseconds(1)
}

/// The least time of one call.
func least(calls: Int, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    let start = clock.now
    while clock.now - start < .milliseconds(500) {
        best = min(best, try microseconds { for _ in 0..<calls { try body() } })
    }
    return best / Double(calls)
}

func report(_ label: String, _ figure: Double, estimate: Interval? = nil) {
    let tenths = Int(figure * 10 + 0.5)
    let text = "\(tenths / 10).\(tenths % 10) us"
    let spaces = String(repeating: " ", count: max(1, 50 - label.count - text.count))
    print("  " + label + spaces + text + (estimate.map { "   estimate \($0)" } ?? ""))
}

/// A message with as many claims as it has signers.
struct Note: Authenticated {
    var claims: [SignatureClaim]

    init(_ keys: [SigningKey], salt: UInt8) {
        claims = keys.enumerated().map { index, key in
            let statement = [UInt8](repeating: salt, count: 120)
            return SignatureClaim(
                signer: ValidatorIndex(index), statement: statement,
                signature: key.sign(statement))
        }
    }
}

func benchSignatures(_ id: SignatureSchemeID) throws {
    let keys = try (0..<67).map { _ in try SigningKey.generate(id) }
    let validators = try ValidatorKeys(epoch: .zero, keys.map(\.publicKey))
    var times: [Double] = []
    for number in 0..<2_000 {
        let statement = (0..<120).map { UInt8(truncatingIfNeeded: $0 &* number &+ number / 256) }
        times.append(microseconds { _ = keys[0].sign(statement) })
    }
    times.sort()
    report(
        "\(id.name) sign, median", times[times.count / 2],
        estimate: keys[0].signCost)
    // The mean without the hundredth in which the machine did something else.
    let common = times.dropLast(times.count / 100)
    report("\(id.name) sign, mean", common.reduce(0, +) / Double(common.count))
    report("\(id.name) sign, 99 of 100", times[times.count * 99 / 100])
    for count in [1, 3, 5, 67] {
        let note = Note(Array(keys.prefix(count)), salt: UInt8(count))
        let time = try least(calls: 10) { _ = try validators.verify(note) }
        report(
            "\(id.name) verify \(count), each", time / Double(count),
            estimate: validators.verificationCost(of: Note([keys[0]], salt: 0)))
    }
    report(
        "\(id.name) prepare a key", try least(calls: 5) { _ = try PreparedKey(keys[1].publicKey) })
}

func benchExchange(_ id: KeyExchangeID) {
    guard let exchange = id.exchange else { return }
    func secret(_ count: Int) -> SecretBytes { SecureRandom.secret(count) }
    let random = secret(exchange.initiatorRandomByteCount)
    let initiator = exchange.initiate(random: random)
    let answer = { exchange.respond(to: initiator.share, random: secret(32)) }
    guard let response = answer() else { return print("\(id): refused its own share") }
    report("\(id) initiate", least(calls: 5) { _ = exchange.initiate(random: random) })
    report("\(id) respond", least(calls: 5) { _ = answer() })
    report("\(id) finish", least(calls: 5) { _ = initiator.finish(with: response.share) })
}

for id in SignatureSchemeID.allCases { try benchSignatures(id) }
for id in KeyExchangeID.allCases { benchExchange(id) }
