import BFTBase
import BFTCore
import BFTLedger

/// What peers can make a replica keep is bounded, however much they send.
struct BoundedMemory<P: ConsensusProtocol>: Oracle {
    private let byteLimit: Int

    init(_ scene: Scene) {
        // Each author's window, and once more what proposals may name beyond it.
        byteLimit = 2 * scene.isHonest.count * scene.limits.bytesPerAuthor
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .measured(let views, let viewLimit, let bytes, let node) = observation else {
            return nil
        }
        if UInt64(views) > viewLimit { return "\(node) keeps \(views) views, above \(viewLimit)" }
        return bytes <= byteLimit ? nil : "\(node) keeps \(bytes) bytes of batches"
    }
}
