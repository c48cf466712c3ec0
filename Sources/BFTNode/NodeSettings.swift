import BFTBase
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTLedger
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

    /// What takes longer than this leaves the event loop.
    static let inlineLimit = Interval.microseconds(50)

    /// The state is saved after this many bytes of executed batches, or this many blocks.
    static let saveBytes = 128 << 20
    static let saveBlocks = 20_000

    /// How links between validators are encrypted.
    static let suite = TransportSuite(keyExchange: .x25519MLKEM768, aead: .aes256GCM)

    /// One thread for signatures for each processor but one.
    static var cryptoThreads: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1) }
}
