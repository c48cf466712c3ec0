import BFTApplication
import BFTBase
import BFTChain
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTDisk
import BFTLedger
import BFTRocksDB
import BFTStorage
import BFTTransport
import Glibc

/// What a node's core needs of its configuration.
struct NodeSettings: Sendable {
    let chainName: String
    let chain: Digest
    let protocolName: String
    let schemeName: String
    let own: ValidatorIndex
    let validators: ValidatorSet
    /// A batch is sealed at the latest when it has this size.
    let batchBytes: Int
    /// The largest transaction that is taken from a client.
    let transactionBytes: Int
    /// Whether contradictions of other validators are logged and counted.
    let reportsEvidence: Bool

    /// What takes longer than this leaves the event loop.
    static let inlineLimit = Interval.microseconds(50)

    /// When the application's state is saved.
    static let saveBytes = 512 << 20
    static func savePolicy<App: Application>() -> BlockExecutor<App>.SavePolicy {
        var policy = BlockExecutor<App>.SavePolicy(byteCount: saveBytes, blockCount: 20_000)
        policy.factor = 8
        policy.byteCountLimit = 4 << 30
        policy.turns = 4
        return policy
    }

    /// The largest record of the safety log: above a certificate of the most validators with the
    /// largest signatures.
    static let recordByteLimit = 64 << 20

    /// What the host of the replica is told of that log.
    static var hostSettings: HostSettings {
        var settings = HostSettings()
        settings.recordByteLimit = recordByteLimit
        return settings
    }

    /// How links between validators are encrypted: safe from whoever records them now and has a
    /// quantum computer later. Every node of a chain has the same.
    static let suite = TransportSuite(keyExchange: .x25519MLKEM768, aead: .aes256GCM)

    /// One thread for signatures for each processor but one.
    static var cryptoThreads: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1) }
}

/// How a node opens its files: on a real disk, or on one that fails as a test says.
struct NodeDisk: Sendable {
    var openStore: @Sendable (_ path: String) throws(StorageError) -> any StorageBackend
    var openLog: @Sendable (_ path: String) throws(StorageError) -> any LogDirectory

    static let real = NodeDisk(
        openStore: { path throws(StorageError) in try RocksDBBackend(path: path) },
        openLog: { path throws(StorageError) in try FileLogDirectory(path) })
}
