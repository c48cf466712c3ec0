public import BFTBase
public import BFTWire

/// What a chain is founded on. Every replica of a chain holds the same bytes.
///
/// Its canonical encoding is what the genesis digest is computed from, so two replicas that read
/// differently indented files of one genesis agree, and two that differ in one power don't talk.
public struct Genesis: Equatable, Sendable {
    /// The name that every signature carries, so that no vote counts on another chain.
    public var chainID: String
    /// Agreed time of the genesis block.
    public var genesisTime: Timestamp
    public var protocolName: ProtocolName
    public var scheme: SignatureSchemeName
    /// The validators of the first epoch, in the order of their indices.
    public var validators: [GenesisValidator]
    public var parameters: ChainParameters

    public init(
        chainID: String, genesisTime: Timestamp, protocolName: ProtocolName,
        scheme: SignatureSchemeName, validators: [GenesisValidator], parameters: ChainParameters
    ) {
        self.chainID = chainID
        self.genesisTime = genesisTime
        self.protocolName = protocolName
        self.scheme = scheme
        self.validators = validators
        self.parameters = parameters
    }
}

/// One validator of the first epoch.
public struct GenesisValidator: Equatable, Sendable {
    public var name: String
    public var power: VotingPower
    /// The public key in the encoding of the chain's scheme.
    public var publicKey: [UInt8]
    /// Where the other validators reach it, unless a node's configuration says otherwise.
    public var peerAddress: Endpoint

    public init(name: String, power: VotingPower, publicKey: [UInt8], peerAddress: Endpoint) {
        self.name = name
        self.power = power
        self.publicKey = publicKey
        self.peerAddress = peerAddress
    }
}

/// The figures that all replicas of a chain must share.
public struct ChainParameters: Equatable, Sendable {
    /// How long a view waits for a block before it is given up, at first.
    public var viewTimeoutMilliseconds: UInt32 = 1_000
    /// How long a leader with nothing to propose waits before it proposes an empty block.
    public var idleBlockMilliseconds: UInt32 = 1_000
    /// The most payload bytes that one block may name.
    public var maxBlockBytes: UInt32 = 4 << 20
    /// The most bytes of one transaction that a node takes from its clients.
    public var maxTransactionBytes: UInt32 = 1 << 20

    public init() {}

    static let viewTimeoutRange: ClosedRange<UInt32> = 10...600_000
    static let idleBlockRange: ClosedRange<UInt32> = 1...600_000
    static let blockBytesRange: ClosedRange<UInt32> = 4_096...(64 << 20)
    static let transactionBytesRange: ClosedRange<UInt32> = 64...(4 << 20)
}

/// A rule between the values of a genesis that is broken.
public struct GenesisViolation: Error, Equatable, Sendable {
    /// The validator that it concerns, by position.
    public let validator: Int?
    /// The key in the genesis file that it concerns.
    public let key: String
    public let message: String
    public let hint: String
}

extension Genesis {
    /// The first rule over several values that is broken, or `nil`: names, keys and addresses of
    /// validators are unique, keys have the length of the scheme, the powers form a validator set.
    public var violation: GenesisViolation? {
        var names: [String: Int] = [:]
        var keys: [[UInt8]: Int] = [:]
        var addresses: [Endpoint: Int] = [:]
        for (position, validator) in validators.enumerated() {
            if let other = names.updateValue(position, forKey: validator.name) {
                return repeated(position, "name", other, "give each validator a name of its own")
            }
            if let other = keys.updateValue(position, forKey: validator.publicKey) {
                return repeated(
                    position, "publicKey", other, "make a key for each validator: 'bft keygen'")
            }
            if let other = addresses.updateValue(position, forKey: validator.peerAddress) {
                return repeated(
                    position, "peerAddress", other, "give each validator its own host or port")
            }
            let expected = scheme.publicKeyByteCount
            guard validator.publicKey.count == expected else {
                return GenesisViolation(
                    validator: position, key: "publicKey",
                    message: "has \(validator.publicKey.count) bytes, and a key of "
                        + "\(scheme.rawValue) has \(expected)",
                    hint: "copy the whole key as 'bft keygen' prints it")
            }
        }
        guard parameters.maxTransactionBytes <= parameters.maxBlockBytes else {
            return GenesisViolation(
                validator: nil, key: "maxTransactionBytes",
                message: "is above maxBlockBytes, so that such a transaction fits in no block",
                hint: "write at most \(parameters.maxBlockBytes)")
        }
        return powerViolation
    }

    private func repeated(
        _ position: Int, _ key: String, _ other: Int, _ hint: String
    ) -> GenesisViolation {
        GenesisViolation(
            validator: position, key: key, message: "is the same as that of validators[\(other)]",
            hint: hint)
    }

    private var powerViolation: GenesisViolation? {
        do throws(ValidatorSetError) {
            _ = try ValidatorSet(validators.map(\.power))
            return nil
        } catch {
            switch error {
            case .empty:
                return GenesisViolation(
                    validator: nil, key: "validators", message: "is empty",
                    hint: "a chain needs at least one validator, and four to bear one that fails")
            case .tooMany(let limit):
                return GenesisViolation(
                    validator: nil, key: "validators", message: "holds more than \(limit)",
                    hint: "name at most \(limit) validators")
            case .powerless(let index):
                return GenesisViolation(
                    validator: index.rawValue, key: "power", message: "is 0",
                    hint: "write a power of at least 1, or leave the validator out")
            case .totalTooLarge:
                return GenesisViolation(
                    validator: nil, key: "validators",
                    message: "have more power together than fits in a third of 64 bits",
                    hint: "divide all powers by the same number")
            }
        }
    }

    /// The powers as a set. `nil` if `violation` is not.
    public var validatorSet: ValidatorSet? { try? ValidatorSet(validators.map(\.power)) }
}

extension Genesis: WireCodable {
    /// The version of the encoding, its first byte.
    static let wireVersion: UInt8 = 1

    public func encode(into writer: inout Writer) {
        writer.uint8(Self.wireVersion)
        writer.text(chainID)
        genesisTime.encode(into: &writer)
        writer.uint8(protocolName.tag)
        writer.uint8(scheme.tag)
        writer.array(validators) { writer, validator in
            writer.text(validator.name)
            writer.uint64(validator.power)
            writer.bytes(validator.publicKey)
            writer.text(validator.peerAddress.host)
            writer.uint16(validator.peerAddress.port)
        }
        for figure in parameters.figures { writer.uint32(figure) }
    }

    /// Refuses whatever a genesis file could not have held.
    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        let version = try reader.uint8()
        guard version == Self.wireVersion else { throw .unknownTag(version) }
        let chainID = try reader.text(limit: 64)
        guard NameRule.accepts(chainID) else { throw .invalid("a chain identifier is no name") }
        let time = try Timestamp(from: &reader)
        let protocolTag = try reader.uint8()
        guard let protocolName = ProtocolName.allCases.first(where: { $0.tag == protocolTag })
        else { throw .unknownTag(protocolTag) }
        let schemeTag = try reader.uint8()
        guard let scheme = SignatureSchemeName.allCases.first(where: { $0.tag == schemeTag }) else {
            throw .unknownTag(schemeTag)
        }
        let validators = try reader.array(limit: ValidatorSet.countLimit) {
            reader throws(WireError) in try GenesisValidator(from: &reader)
        }
        self.init(
            chainID: chainID, genesisTime: time, protocolName: protocolName, scheme: scheme,
            validators: validators, parameters: try ChainParameters(from: &reader))
        guard violation == nil else { throw .invalid("a rule of the genesis is broken") }
    }
}

extension GenesisValidator {
    @_lifetime(reader: copy reader)
    fileprivate init(from reader: inout Reader) throws(WireError) {
        let name = try reader.text(limit: 64)
        guard NameRule.accepts(name) else { throw .invalid("a validator's name is no name") }
        let power = try reader.uint64()
        let publicKey = try reader.bytes(limit: 4_096)
        let address = Endpoint(host: try reader.text(limit: 253), port: try reader.uint16())
        guard address.port > 0, Endpoint(address.description) == address else {
            throw .invalid("a validator's address is no host and port")
        }
        self.init(name: name, power: power, publicKey: publicKey, peerAddress: address)
    }
}

extension ChainParameters {
    fileprivate var figures: [UInt32] {
        [viewTimeoutMilliseconds, idleBlockMilliseconds, maxBlockBytes, maxTransactionBytes]
    }

    @_lifetime(reader: copy reader)
    fileprivate init(from reader: inout Reader) throws(WireError) {
        viewTimeoutMilliseconds = try Self.figure(&reader, in: Self.viewTimeoutRange)
        idleBlockMilliseconds = try Self.figure(&reader, in: Self.idleBlockRange)
        maxBlockBytes = try Self.figure(&reader, in: Self.blockBytesRange)
        maxTransactionBytes = try Self.figure(&reader, in: Self.transactionBytesRange)
    }

    @_lifetime(reader: copy reader)
    private static func figure(
        _ reader: inout Reader, in range: ClosedRange<UInt32>
    ) throws(WireError) -> UInt32 {
        let figure = try reader.uint32()
        guard range.contains(figure) else { throw .invalid("a parameter is out of range") }
        return figure
    }
}
