// Looks for times that depend on secrets: Welch's t-test between operations with one secret and
// operations with many, after the method of "dude, is my code constant time?" (Reparaz, Balasch,
// Verbauwhede, 2016).
//
// Before each measurement a random bit chooses the class, the same work prepares either class,
// keys and inputs are made afresh at addresses that do not depend on the class, and the operation
// runs once unmeasured. Signatures are compared only among messages that need one attempt, for
// FIPS 204 lets the number of attempts show; a fresh message each time keeps what is public, such
// as the number of hints, from looking like a difference of classes. The control is a difference
// that is there, and that the test must see. Prints the largest |t| over several cuts of slow
// outliers; beyond 4.5 is a finding, and the exit status says so.
//
// usage: pq-timing [measurements per test, by default 20000]
@_spi(InstructionSets) import PostQuantum

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

let clock = ContinuousClock()
let measurements =
    CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 20_000 : 20_000
let threshold = 4.5

/// Mean and variance, one number at a time (Welford).
struct Moments {
    var count = 0.0
    var mean = 0.0
    var squares = 0.0

    mutating func add(_ value: Double) {
        count += 1
        let delta = value - mean
        mean += delta / count
        squares += delta * (value - mean)
    }

    var variance: Double { squares / (count - 1) }
}

func welch(_ times: [(isSecond: Bool, time: Double)], below limit: Double) -> Double {
    var (first, second) = (Moments(), Moments())
    for sample in times where sample.time <= limit {
        if sample.isSecond { second.add(sample.time) } else { first.add(sample.time) }
    }
    let error = (first.variance / first.count + second.variance / second.count).squareRoot()
    return (first.mean - second.mean) / error
}

/// Measures what `prepare` returns, in classes chosen at random, and gives the largest |t|.
@MainActor
func largestT(count: Int, _ prepare: (_ isSecond: Bool) throws -> () -> Void) rethrows -> Double {
    var times: [(isSecond: Bool, time: Double)] = []
    times.reserveCapacity(count)
    for index in 0..<count + 200 {
        let isSecond = Bool.random()
        let operation = try prepare(isSecond)
        operation()
        let time = clock.measure { operation() }
        // The first ones warm everything up.
        if index >= 200 { times.append((isSecond, time / .nanoseconds(1))) }
    }
    let sorted = times.map(\.time).sorted()
    return [1.0, 0.99, 0.95, 0.9, 0.7, 0.5, 0.3].map { part in
        abs(welch(times, below: sorted[Int(part * Double(count - 1))]))
    }.max() ?? 0
}

var findings = 0

@MainActor func report(_ label: String, _ t: Double, expectsDifference: Bool = false) {
    let hundredths = Int(t * 100)
    let isFinding = (t > threshold) != expectsDifference
    if isFinding { findings += 1 }
    print(
        label + String(repeating: " ", count: max(1, 62 - label.count))
            + "|t| = \(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
            + (isFinding ? "  FINDING" : ""))
}

/// Random bytes; or, after the same work, the given ones.
func chosenBytes(_ fixed: [UInt8], isRandom: Bool) -> [UInt8] {
    let mask: UInt8 = isRandom ? 0xff : 0
    return fixed.map { $0 ^ (mask & ($0 ^ UInt8.random(in: 0...255))) }
}

func randomBytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }

/// A representative whose deterministic signature takes as many attempts as asked for.
func representative<P: MLDSAParameterSet>(
    _ key: MLDSA<P>.SigningKey, attempts: Int
) -> [UInt8] {
    while true {
        let candidate = randomBytes(64)
        if key.signingAttempts(forPrehashedMessageRepresentative: candidate) == attempts {
            return candidate
        }
    }
}

@MainActor
func testSigning<P: MLDSAParameterSet>(
    _ name: String, _ scheme: MLDSA<P>.Type, _ set: InstructionSet, count: Int
) throws {
    let fixed = randomBytes(32)
    func prepared(_ seed: [UInt8], attempts: Int) throws -> () -> Void {
        let key = MLDSA<P>.SigningKey(
            try MLDSA<P>.PrivateKey(seedRepresentation: seed, publicKey: nil),
            instructionSet: set)
        let mu = representative(key, attempts: attempts)
        return {
            _ = try? key.signature(
                forPrehashedMessageRepresentative: mu, randomness: .deterministic)
        }
    }
    let t = try largestT(count: count) { isSecond in
        try prepared(chosenBytes(fixed, isRandom: isSecond), attempts: 1)
    }
    report("\(name) sign, one attempt: one key against many", t)
    let control = try largestT(count: count / 20) { isSecond in
        try prepared(fixed, attempts: isSecond ? 2 : 1)
    }
    report("\(name) control: one attempt against two", control, expectsDifference: true)
}

@MainActor
func testEncapsulation(_ set: InstructionSet, count: Int) throws {
    let fixed = randomBytes(64)
    func key(_ seed: [UInt8]) throws -> MLKEM768.PrivateKey {
        try MLKEM768.PrivateKey(seedRepresentation: seed, instructionSet: set)
    }
    let byKey = try largestT(count: count) { isSecond in
        let key = try key(chosenBytes(fixed, isRandom: isSecond))
        let ciphertext = try key.publicKey.encapsulate().encapsulated
        return { _ = try? key.decapsulate(ciphertext) }
    }
    report("ML-KEM-768 decapsulate: one key against many", byKey)

    let fixedKey = try key(fixed)
    let byValidity = try largestT(count: count) { isSecond in
        let genuine = try fixedKey.publicKey.encapsulate().encapsulated
        let ciphertext = chosenBytes(genuine, isRandom: isSecond)
        return { _ = try? fixedKey.decapsulate(ciphertext) }
    }
    report("ML-KEM-768 decapsulate: genuine against made up", byValidity)

    let fixedCoins = randomBytes(32)
    let publicKey = fixedKey.publicKey
    let byCoins = largestT(count: count) { isSecond in
        let coins = chosenBytes(fixedCoins, isRandom: isSecond)
        return { _ = try? publicKey.encapsulate(randomness: coins) }
    }
    report("ML-KEM-768 encapsulate: one secret against many", byCoins)
}

for set in InstructionSet.allCases where set.isAvailable {
    // The portable kernels take several times as long.
    let count = set == .portable ? measurements / 4 : measurements
    print("\(set.rawValue), \(count) measurements a test")
    try testSigning("ML-DSA-87", MLDSA87.self, set, count: count)
    try testSigning("ML-DSA-65", MLDSA65.self, set, count: count)
    try testEncapsulation(set, count: count)
}
print(findings == 0 ? "no finding" : "\(findings) findings")
exit(findings == 0 ? 0 : 1)
