import BFTBase
import BFTConfiguration
import BFTCore
import BFTLedger

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
}
