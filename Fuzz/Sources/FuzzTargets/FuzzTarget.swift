/// Something that takes bytes from strangers, with the properties that must hold for all of them.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// A signature under an honest key.
    case signature = "mldsa-signature"
    /// A public key, with an honest or an altered signature.
    case publicKey = "mldsa-public-key"
    /// A private key in each of its representations.
    case privateKey = "mldsa-private-key"
    /// An encapsulation key.
    case encapsulationKey = "mlkem-public-key"
    /// A ciphertext for an honest key.
    case ciphertext = "mlkem-ciphertext"
    /// A decapsulation key in each of its representations.
    case decapsulationKey = "mlkem-private-key"
    /// A message, in pieces and at once.
    case hash = "blake3"

    /// Interprets `input`, uses it, and throws what should have held and did not.
    ///
    /// Every input means something: there is none that the target refuses.
    public func check(_ input: [UInt8]) throws(Violation) {
        var reader = InputReader(input)
        let options = Options(rawValue: reader.byte())
        switch self {
        case .signature: try checkSignature(&reader, options)
        case .publicKey: try checkPublicKey(&reader, options)
        case .privateKey: try checkPrivateKey(&reader, options)
        case .encapsulationKey: try checkEncapsulationKey(&reader, options)
        case .ciphertext: try checkCiphertext(&reader, options)
        case .decapsulationKey: try checkDecapsulationKey(&reader, options)
        case .hash: try checkHash(&reader, options)
        }
    }
}

/// A property that did not hold.
public struct Violation: Error, CustomStringConvertible {
    /// What should have been.
    public let description: String
}

func require(_ condition: Bool, _ property: @autoclosure () -> String) throws(Violation) {
    if !condition { throw Violation(description: property()) }
}

/// The first byte of an input, which says how the others are meant.
struct Options: OptionSet {
    let rawValue: UInt8

    /// The smaller of two parameter sets.
    static let smaller = Options(rawValue: 1 << 0)
    /// The rest of the input is the candidate itself, not alterations of an honest one.
    static let verbatim = Options(rawValue: 1 << 1)
    /// A context or randomness has a length that is not allowed.
    static let wrongLength = Options(rawValue: 1 << 2)
    /// What goes with the candidate is altered like it.
    static let alterBoth = Options(rawValue: 1 << 3)

    /// A choice out of `count`, by the upper bits.
    func choice(of count: Int) -> Int { Int(rawValue >> 4) % count }
}
