public import BFTBase
public import BFTConfiguration
public import BFTCrypto
import BFTWire

/// What one node runs with: the chain, its place in it, its key, where its data is, and settings.
///
/// ```swift
/// var configuration = NodeConfiguration(
///     genesis: genesis, validator: ValidatorIndex(0), signingKey: key, dataDirectory: "data")
/// configuration.resp.enabled = false
/// ```
///
/// A home has all of it in files: `NodeHome.load("home").configuration()`.
public struct NodeConfiguration: Sendable {
    /// What the chain is founded on. The same for all of its nodes.
    public var genesis: Genesis
    /// Which validator of the genesis this node is.
    public var validator: ValidatorIndex
    /// The key that the genesis names for this validator.
    public var signingKey: SigningKey
    /// The directory of everything that the node keeps, and that no other node may use. Made if it
    /// is not there; the one that it is in has to be.
    public var dataDirectory: String
    public var network = NetworkSettings()
    public var consensus = ConsensusSettings()
    public var resp = RESPSettings()
    public var http = HTTPSettings()
    public var limits = LimitSettings()

    /// Defaults for everything that is not named.
    public init(
        genesis: Genesis, validator: ValidatorIndex, signingKey: SigningKey, dataDirectory: String
    ) {
        self.genesis = genesis
        self.validator = validator
        self.signingKey = signingKey
        self.dataDirectory = dataDirectory
    }

    /// Where this node reaches validator `index` of the genesis.
    func peerAddress(of index: ValidatorIndex) -> Endpoint {
        let validator = genesis.validators[index.rawValue]
        return network.peers[validator.name] ?? validator.peerAddress
    }
}

extension NodeHome {
    /// The home as a configuration, with the key that it holds. Log levels are the program's own.
    ///
    /// - Throws: why the key file can't be used.
    public func configuration() throws(KeyFileError) -> NodeConfiguration {
        var configuration = NodeConfiguration(
            genesis: genesis, validator: ValidatorIndex(validatorIndex),
            signingKey: try KeyFile.load(keyFile), dataDirectory: dataDirectory)
        configuration.network = settings.network
        configuration.consensus = settings.consensus
        configuration.resp = settings.resp
        configuration.http = settings.http
        configuration.limits = settings.limits
        return configuration
    }
}

// What a home's reader refuses, for configurations that are built in code.
extension NodeConfiguration {
    /// Throws unless a node can run with these values, as far as they tell by themselves.
    func check() throws(NodeOpeningError) {
        if let violation = genesis.violation { throw .genesis(.violation(violation)) }
        guard (try? Genesis(decoding: genesis.encoded)) == genesis else {
            throw .genesis(.notCanonical)
        }
        guard genesis.validators.indices.contains(validator.rawValue) else {
            throw .configuration(
                "validator is \(validator), and the genesis has \(genesis.validators.count)")
        }
        if let text = firstOutOfRange ?? contradiction { throw .configuration(text) }
    }

    private var firstOutOfRange: String? {
        let timeout = consensus.finalityTimeoutMilliseconds.map(Int.init)
        let timeouts = ConsensusSettings.finalityTimeoutRange
        return outOfRange(
            "consensus.finalityTimeoutMilliseconds", timeout ?? Int(timeouts.lowerBound),
            Int(timeouts.lowerBound)...Int(timeouts.upperBound))
            ?? outOfRange(
                "consensus.maxPendingBatches", consensus.maxPendingBatches,
                ConsensusSettings.pendingBatchesRange)
            ?? outOfRange("resp.maxClients", resp.maxClients, RESPSettings.clientRange)
            ?? outOfRange("http.maxClients", http.maxClients, HTTPSettings.clientRange)
            ?? outOfRange("limits.mempoolBytes", limits.mempoolBytes, LimitSettings.mempoolRange)
            ?? outOfRange("limits.batchBytes", limits.batchBytes, LimitSettings.batchRange)
            ?? outOfRange("limits.requestBytes", limits.requestBytes, LimitSettings.requestRange)
    }

    private func outOfRange(_ name: String, _ value: Int, _ range: ClosedRange<Int>) -> String? {
        range.contains(value)
            ? nil : "\(name) is \(value), and goes from \(range.lowerBound) to \(range.upperBound)"
    }

    private var contradiction: String? {
        if let algorithm = consensus.algorithm, algorithm != genesis.protocolName {
            return "consensus.algorithm is \(algorithm.rawValue), and the chain runs "
                + genesis.protocolName.rawValue
        }
        if limits.batchBytes > Int(genesis.parameters.maxBlockBytes) {
            return "limits.batchBytes is \(limits.batchBytes), and a block of this chain holds "
                + "\(genesis.parameters.maxBlockBytes) bytes"
        }
        let names = Set(genesis.validators.map(\.name))
        let stranger = network.peers.keys.sorted().first { !names.contains($0) }
        return stranger.map { "network.peers names '\($0)', which is no validator of the genesis" }
    }
}
