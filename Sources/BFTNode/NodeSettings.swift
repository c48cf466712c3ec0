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

    /// A signature that takes longer than this to make, when nothing else runs, is made off the
    /// event loop, which writes the record under it meanwhile. To wake another thread and be woken
    /// by it takes as much processor time as a signature of 50 µs, so those are made here.
    var inlineSigning = Interval.microseconds(100)

    /// What the event loop may spend on making signatures itself, in nanoseconds of their nominal
    /// cost: a quarter of its time in the long run, and 2 ms at once. After a restart, or where a
    /// client fills many small batches, there is much to sign, and the pool does the rest.
    var inlineSignatures = RateLimit(perSecond: 250_000_000, burst: 2_000_000)

    /// What the event loop may spend on checking signatures itself, in nanoseconds of their nominal
    /// cost: a quarter of its time in the long run, and a few signatures at once. To hand so few to
    /// a thread and back costs more than to check them, while a loop that checked all that comes
    /// from many validators would keep its clients waiting and other processors idle.
    var inlineChecks = RateLimit(perSecond: 250_000_000, burst: 400_000)

    /// How much of checking signatures is handed to the pool at a time, in nominal cost: what a
    /// message waits for there at most, beside its own. A thread does half of it without a word to
    /// the loop, which costs much less.
    var verificationWindow = Interval.milliseconds(2).scaled(by: UInt64(cryptoThreads))

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
