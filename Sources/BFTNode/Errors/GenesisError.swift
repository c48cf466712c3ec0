public import BFTBase
public import BFTConfiguration
public import BFTCrypto

/// Why no chain can be founded on a genesis.
public enum GenesisError: Error, Sendable, CustomStringConvertible {
    /// A rule between its values is broken.
    case violation(GenesisViolation)
    /// It has no canonical encoding: a name, an address or a figure is none.
    case notCanonical
    case unknownScheme(String)
    case validatorKeys(ValidatorKeysError)
    case validatorSet(ValidatorSetError)
    /// It names so many validators that their messages can't be sent.
    case messagesTooLarge(MessageRoom.Excess)

    public var description: String {
        switch self {
        case .violation(let violation):
            "the genesis: \(violation.place) \(violation.message); \(violation.hint)"
        case .notCanonical:
            "the genesis: a name, an address or a parameter is none that a genesis file could hold"
        case .unknownScheme(let name): "this build has no signature scheme \(name)"
        case .validatorKeys(let error): "the genesis' validators: \(error)"
        case .validatorSet(let error): "the genesis' validators: \(error)"
        case .messagesTooLarge(let excess): "\(excess)"
        }
    }
}

extension GenesisViolation {
    fileprivate var place: String {
        validator.map { "\(key) of validator \($0)" } ?? key
    }
}
