import BFTBase
public import BFTConfiguration
public import BFTCore
import BFTTransport
import BFTWire

/// Whether the network carries the largest message of a chain. Asked when a chain is made and when
/// a node starts: the links of validators refuse what is larger, so that such a chain would stop
/// at the first message of that size, and nobody would say why.
public enum MessageRoom {
    /// A message that is too large.
    public struct Excess: Equatable, Sendable {
        public let protocolName: String
        public let scheme: String
        public let validatorCount: Int
        /// The bytes of the largest message.
        public let byteCount: Int
        /// The most bytes of a message that a link carries.
        public let limit: Int
        /// The most validators of equal power whose messages are carried.
        public let fittingCount: Int
    }

    /// The most bytes of a consensus message that a link carries.
    static var limit: Int { LinkLimits().consensus.messageByteCount }

    /// What the ledger writes in front of a message of the protocol.
    private static let envelopeByteCount = 1

    /// Throws unless every message of the protocol can be sent among the validators of `genesis`.
    public static func check<P: ConsensusProtocol>(
        _ protocolType: P.Type, _ genesis: Genesis
    ) throws(GenesisError) {
        let validators = try genesis.validatorPowers()
        let signature = genesis.scheme.signatureByteCount
        let byteCount = byteCount(protocolType, validators, signature)
        guard byteCount > limit else { return }
        throw .messagesTooLarge(
            Excess(
                protocolName: genesis.protocolName.rawValue, scheme: genesis.scheme.rawValue,
                validatorCount: validators.count, byteCount: byteCount, limit: limit,
                fittingCount: fittingCount(protocolType, signature, below: validators.count)))
    }

    static func byteCount<P: ConsensusProtocol>(
        _ protocolType: P.Type, _ validators: ValidatorSet, _ signatureByteCount: Int
    ) -> Int {
        let message = P.largestMessage(
            among: validators, signatureByteCount: signatureByteCount)
        return message.encoded.count + envelopeByteCount
    }

    /// The most validators of equal power, fewer than `count`, whose messages are carried.
    static func fittingCount<P: ConsensusProtocol>(
        _ protocolType: P.Type, _ signatureByteCount: Int, below count: Int
    ) -> Int {
        var (fitting, tooMany) = (0, count)
        while fitting + 1 < tooMany {
            let middle = (fitting + tooMany) / 2
            guard let validators = try? ValidatorSet(Array(repeating: 1, count: middle)) else {
                return fitting
            }
            if byteCount(protocolType, validators, signatureByteCount) > limit {
                tooMany = middle
            } else {
                fitting = middle
            }
        }
        return fitting
    }
}

extension MessageRoom.Excess: CustomStringConvertible {
    public var description: String {
        "the largest message of \(protocolName) among \(validatorCount) validators that sign with "
            + "\(scheme) has \(byteCount) bytes, and links between nodes carry \(limit); found the "
            + "chain on at most \(fittingCount) validators, or on a scheme with shorter signatures"
    }
}
