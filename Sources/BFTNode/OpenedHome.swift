import BFTBase
import BFTConfiguration
import BFTCore
import BFTCrypto
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
    private let backend: RocksDBBackend
    private let lock: HomeLock

    init(_ home: NodeHome) throws(NodeError) {
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
            batchBytes: home.configuration.limits.batchBytes)
        do throws(StorageError) {
            try Self.makeDirectory(home.dataDirectory)
            lock = try HomeLock(directory: home.dataDirectory)
            backend = try RocksDBBackend(path: "\(home.dataDirectory)/chain")
        } catch {
            throw .storage(error)
        }
        store = ChainStore(backend)
    }

    private static func makeDirectory(_ path: String) throws(StorageError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw .io(operation: "mkdir", path: path, reason: String(cString: strerror(errno)))
    }

    private static func keys(of genesis: Genesis) throws(NodeError) -> ValidatorKeys {
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

    private static func validators(of genesis: Genesis) throws(NodeError) -> ValidatorSet {
        do throws(ValidatorSetError) {
            return try ValidatorSet(genesis.validators.map(\.power))
        } catch {
            throw .validatorSet(error)
        }
    }

    var replicaConfiguration: ReplicaConfiguration {
        let parameters = home.genesis.parameters
        return ReplicaConfiguration(
            chain: settings.chain, epoch: .zero, validators: settings.validators,
            own: settings.own,
            timing: .init(
                viewTimeout: .milliseconds(UInt64(parameters.viewTimeoutMilliseconds)),
                idleInterval: .milliseconds(UInt64(parameters.idleBlockMilliseconds))))
    }

    var ledgerLimits: LedgerLimits {
        var limits = LedgerLimits()
        limits.blockBytes = Int(home.genesis.parameters.maxBlockBytes)
        limits.bytesPerAuthor = home.configuration.limits.mempoolBytes
        return limits
    }

    /// Opens the safety log and hands over what is in it.
    func openLog<P: ConsensusProtocol>(
        _ records: inout [ReplicaRecord<P>]
    ) throws(NodeError) -> SafetyLog {
        var found: [ReplicaRecord<P>] = []
        var flaw: WireError?
        let log: SafetyLog
        do throws(StorageError) {
            let directory = try FileLogDirectory("\(home.dataDirectory)/log")
            log = try SafetyLog(directory: directory) { _, type, payload throws(StorageError) in
                guard flaw == nil else { return }
                do throws(WireError) {
                    guard type == RecordType.replica else { throw .unknownTag(type) }
                    found.append(try ReplicaRecord<P>(decoding: payload))
                } catch {
                    flaw = error
                }
            }
        } catch {
            throw .storage(error)
        }
        if let flaw { throw .unreadableRecord(flaw) }
        records = found
        return log
    }

    func makeTransport(loop: EventLoop, pool: CryptoPool) throws(SocketError) -> TCPTransport {
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
        return try TCPTransport(loop: loop, options, pool: pool) { WallClock.now }
    }

    func close() {
        backend.close()
        lock.release()
    }
}
