/// The ways to agree on a secret that this protocol knows. The number is part of the wire format.
public enum KeyExchangeID: UInt8, Sendable, CaseIterable {
    /// X25519 alone (RFC 7748).
    case x25519 = 1
    /// X25519 and ML-KEM-768 together: secret as long as one of them holds.
    case x25519MLKEM768 = 2

    /// What carries it out, or `nil` if this build does not hold it.
    public var exchange: (any KeyExchange)? {
        switch self {
        case .x25519: X25519Exchange()
        case .x25519MLKEM768: X25519MLKEM768Exchange()
        }
    }
}

/// How two parties that trust no listener agree on a secret in two messages.
///
/// Shaped so that a key encapsulation fits: the responder makes its share from the initiator's.
/// A share comes from the network: any length and any bytes must be answered with `nil` or a
/// secret, never with a trap.
public protocol KeyExchange: Sendable {
    var id: KeyExchangeID { get }
    var initiatorShareByteCount: Int { get }
    var responderShareByteCount: Int { get }
    /// The number of random bytes that either side needs.
    var initiatorRandomByteCount: Int { get }
    var responderRandomByteCount: Int { get }

    /// Begins an exchange from `random`, which nobody else knows and no other exchange uses.
    ///
    /// - Precondition: `random` has `initiatorRandomByteCount` bytes.
    func initiate(random: SecretBytes) -> any KeyExchangeInitiator

    /// Answers an initiator, or returns `nil` if its share must be refused or memory is short.
    ///
    /// - Precondition: `random` has `responderRandomByteCount` bytes.
    func respond(to share: [UInt8], random: SecretBytes) -> KeyExchangeResponse?
}

/// The initiator's side of one exchange, between sending its share and having the answer.
public protocol KeyExchangeInitiator: Sendable {
    var share: [UInt8] { get }

    /// The agreed secret, or `nil` if the responder's share must be refused.
    func finish(with responderShare: [UInt8]) -> SecretBytes?
}

/// What the responder sends, and what it now shares with the initiator.
public struct KeyExchangeResponse: Sendable {
    public let share: [UInt8]
    public let secret: SecretBytes

    public init(share: [UInt8], secret: SecretBytes) {
        self.share = share
        self.secret = secret
    }
}
