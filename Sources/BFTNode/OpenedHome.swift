import BFTBase
import BFTChain
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTDisk
import BFTLedger
import BFTRocksDB
import BFTSockets
import BFTStorage
import BFTTransport
import BFTWire
import Glibc

/// A node's data directory, locked, with its store open, and the node's keys.
final class OpenedHome: Sendable {
    let configuration: NodeConfiguration
    let settings: NodeSettings
    let keys: ValidatorKeys
    let store: ChainStore
    private let backend: any StorageBackend
    private let logDirectory: any LogDirectory
    private let lock: HomeLock

    /// - Parameter commitKinds: the votes that commit in the protocol of the chain.
    init(
        _ configuration: NodeConfiguration, on disk: NodeDisk, commitKinds: [VoteKind]
    ) throws(NodeOpeningError) {
        self.configuration = configuration
        let genesis = configuration.genesis
        let validators: ValidatorSet
        do throws(GenesisError) {
            keys = try genesis.validatorKeys()
            validators = try genesis.validatorPowers()
        } catch {
            throw .genesis(error)
        }
        let own = configuration.validator
        guard keys[own]?.publicKey == configuration.signingKey.publicKey else {
            throw .keyMismatch
        }
        settings = NodeSettings(
            chainName: genesis.chainID, chain: Digest.of(genesis.encoded, in: .genesis),
            protocolName: genesis.protocolName.rawValue, schemeName: genesis.scheme.rawValue,
            own: own, validators: validators,
            batchBytes: configuration.limits.batchBytes,
            transactionBytes: Self.transactionBytes(of: genesis.parameters),
            reportsEvidence: configuration.consensus.reportsEquivocation)
        do throws(StorageError) {
            let path = configuration.dataDirectory
            try Self.makeDirectory(path)
            lock = try HomeLock(directory: path)
            backend = try disk.openStore("\(path)/chain")
            logDirectory = try disk.openLog("\(path)/log")
        } catch {
            throw .storage(error)
        }
        let rules = CommitRules(
            chain: settings.chain, epoch: .zero, validators: settings.validators,
            kinds: commitKinds)
        store = ChainStore(
            backend, rules: rules, archive: LogArchive(directory: logDirectory))
    }

    /// The largest transaction that fits with its batch's header into a batch and into a block.
    private static func transactionBytes(of parameters: ChainParameters) -> Int {
        let batchBytes = min(Int(parameters.maxBlockBytes), Batch.byteLimit)
        return min(Int(parameters.maxTransactionBytes), batchBytes - Batch.byteOverhead)
    }

    private static func makeDirectory(_ path: String) throws(StorageError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw .io(operation: "mkdir", path: path, reason: String(cString: strerror(errno)))
    }

    var replicaConfiguration: ReplicaConfiguration {
        let parameters = configuration.genesis.parameters
        let viewTimeout =
            configuration.consensus.finalityTimeoutMilliseconds
            ?? parameters.viewTimeoutMilliseconds
        return ReplicaConfiguration(
            chain: settings.chain, epoch: .zero, validators: settings.validators,
            own: settings.own,
            timing: .init(
                viewTimeout: .milliseconds(UInt64(viewTimeout)),
                idleInterval: .milliseconds(UInt64(parameters.idleBlockMilliseconds))))
    }

    var ledgerLimits: LedgerLimits {
        var limits = LedgerLimits()
        limits.blockBytes = Int(configuration.genesis.parameters.maxBlockBytes)
        limits.bytesPerAuthor = configuration.limits.mempoolBytes
        // A node's own batches never outrun what one block may name.
        limits.batchesPerAuthor = min(
            configuration.consensus.maxPendingBatches, 2 * Block.payloadLimit)
        return limits
    }

    /// Opens the safety log and reads what is in it.
    func openLog<P: ConsensusProtocol>() throws(NodeOpeningError) -> OpenedLog<P> {
        do throws(ChainError) {
            return try OpenedLog(
                logDirectory, options: .init(payloadByteLimit: NodeSettings.recordByteLimit))
        } catch {
            throw NodeOpeningError(error)
        }
    }

    func makeTransport(loop: EventLoop, pool: CryptoPool) throws(NodeOpeningError) -> TCPTransport {
        let listen = configuration.network.listen
        var peers: [ValidatorIndex: SocketAddress] = [:]
        for index in settings.validators.indices where index != settings.own {
            let address = configuration.peerAddress(of: index)
            peers[index] = SocketAddress(host: address.host, port: address.port)
        }
        let parameters = HandshakeParameters(
            chain: settings.chain, validators: keys, ownKey: configuration.signingKey.publicKey,
            suite: NodeSettings.suite)
        var options = TCPTransportOptions(
            parameters: parameters, signingKey: configuration.signingKey,
            listen: SocketAddress(host: listen.host, port: listen.port), peers: peers,
            seed: SecureRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) })
        // A validator that comes back is wanted at once: a network of few nodes waits for it.
        options.longestWait = .seconds(2)
        do throws(SocketError) {
            return try TCPTransport(loop: loop, options, pool: pool) { WallClock.now }
        } catch {
            throw .socket(error, purpose: "network.listen")
        }
    }

    func close() {
        backend.close()
        lock.release()
    }
}

extension Genesis {
    func validatorKeys() throws(GenesisError) -> ValidatorKeys {
        guard let scheme = SignatureSchemeID(name: scheme.rawValue) else {
            throw .unknownScheme(self.scheme.rawValue)
        }
        var publicKeys: [PublicKey] = []
        for (position, validator) in validators.enumerated() {
            do throws(KeyError) {
                publicKeys.append(try PublicKey(scheme, bytes: validator.publicKey))
            } catch {
                throw .validatorKeys(.unusable(ValidatorIndex(position), error))
            }
        }
        do throws(ValidatorKeysError) {
            return try ValidatorKeys(epoch: .zero, publicKeys)
        } catch {
            throw .validatorKeys(error)
        }
    }

    func validatorPowers() throws(GenesisError) -> ValidatorSet {
        do throws(ValidatorSetError) {
            return try ValidatorSet(validators.map(\.power))
        } catch {
            throw .validatorSet(error)
        }
    }
}
