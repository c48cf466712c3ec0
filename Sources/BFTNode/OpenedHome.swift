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

/// A node's home, locked, with its keys and its store open.
final class OpenedHome: Sendable {
    let home: NodeHome
    let settings: NodeSettings
    let keys: ValidatorKeys
    let signingKey: SigningKey
    let store: ChainStore
    private let backend: any StorageBackend
    private let logDirectory: any LogDirectory
    private let lock: HomeLock

    /// - Parameter commitKinds: the votes that commit in the protocol of the chain.
    init(
        _ home: NodeHome, on disk: NodeDisk, commitKinds: [VoteKind]
    ) throws(NodeError) {
        self.home = home
        do throws(KeyFileError) {
            signingKey = try KeyFile.load(home.keyFile)
        } catch {
            throw .keyFile(error)
        }
        let genesis = home.genesis
        keys = try Self.keys(of: genesis)
        let own = ValidatorIndex(home.validatorIndex)
        guard keys[own]?.publicKey == signingKey.publicKey else { throw .keyMismatch }
        settings = NodeSettings(
            chainName: genesis.chainID, chain: Digest.of(genesis.encoded, in: .genesis),
            protocolName: genesis.protocolName.rawValue, schemeName: genesis.scheme.rawValue,
            own: own, validators: try Self.validators(of: genesis),
            batchBytes: home.configuration.limits.batchBytes,
            transactionBytes: Self.transactionBytes(of: genesis.parameters),
            reportsEvidence: home.configuration.consensus.byzantineDetectionEnabled)
        do throws(StorageError) {
            try Self.makeDirectory(home.dataDirectory)
            lock = try HomeLock(directory: home.dataDirectory)
            backend = try disk.openStore("\(home.dataDirectory)/chain")
            logDirectory = try disk.openLog("\(home.dataDirectory)/log")
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

    static func keys(of genesis: Genesis) throws(NodeError) -> ValidatorKeys {
        guard let scheme = SignatureSchemeID(name: genesis.scheme.rawValue) else {
            throw .unknownScheme(genesis.scheme.rawValue)
        }
        var publicKeys: [PublicKey] = []
        for (position, validator) in genesis.validators.enumerated() {
            do throws(KeyError) {
                publicKeys.append(try PublicKey(scheme, bytes: validator.publicKey))
            } catch {
                throw .validators(.unusable(ValidatorIndex(position), error))
            }
        }
        do throws(ValidatorKeysError) {
            return try ValidatorKeys(epoch: .zero, publicKeys)
        } catch {
            throw .validators(error)
        }
    }

    static func validators(of genesis: Genesis) throws(NodeError) -> ValidatorSet {
        do throws(ValidatorSetError) {
            return try ValidatorSet(genesis.validators.map(\.power))
        } catch {
            throw .validatorSet(error)
        }
    }

    var replicaConfiguration: ReplicaConfiguration {
        let parameters = home.genesis.parameters
        let viewTimeout =
            home.configuration.consensus.finalityTimeoutMilliseconds
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
        limits.blockBytes = Int(home.genesis.parameters.maxBlockBytes)
        limits.bytesPerAuthor = home.configuration.limits.mempoolBytes
        // A node's own batches never outrun what one block may name.
        limits.batchesPerAuthor = min(
            home.configuration.consensus.maxPendingVertices, 2 * Block.payloadLimit)
        return limits
    }

    /// Opens the safety log and reads what is in it.
    func openLog<P: ConsensusProtocol>() throws(NodeError) -> OpenedLog<P> {
        do throws(ChainError) {
            return try OpenedLog(
                logDirectory, options: .init(payloadByteLimit: NodeSettings.recordByteLimit))
        } catch {
            throw NodeError(error)
        }
    }

    func makeTransport(loop: EventLoop, pool: CryptoPool) throws(NodeError) -> TCPTransport {
        let listen = home.configuration.network.listen
        var peers: [ValidatorIndex: SocketAddress] = [:]
        for position in home.genesis.validators.indices where position != home.validatorIndex {
            let address = home.peerAddress(of: position)
            peers[ValidatorIndex(position)] = SocketAddress(
                host: address.host, port: address.port)
        }
        let parameters = HandshakeParameters(
            chain: settings.chain, validators: keys, ownKey: signingKey.publicKey,
            suite: NodeSettings.suite)
        var options = TCPTransportOptions(
            parameters: parameters, signingKey: signingKey,
            listen: SocketAddress(host: listen.host, port: listen.port), peers: peers,
            seed: SecureRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) })
        // A validator that comes back is wanted at once: a network of few nodes waits for it.
        options.longestWait = .seconds(2)
        do throws(SocketError) {
            return try TCPTransport(loop: loop, options, pool: pool) { WallClock.now }
        } catch {
            throw .socket(error, purpose: "network.listen in node.toml")
        }
    }

    func close() {
        backend.close()
        lock.release()
    }
}
