import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex

/// The protocols that `bft simulate` knows. The first is the one it takes if none is named.
let simulatedProtocols = [
    SimulatedProtocol("simplex", Simplex.self, votes: simplexVotes, alter: alterSimplex)
]

private let simplexVotes: [VoteKind: String] = [
    .notarize: "notarize", .nullify: "nullify", .finalize: "finalize",
]

/// A message of Simplex with a small change. `nil`: nothing is sent.
@Sendable private func alterSimplex(
    _ unsigned: UnsignedMessage, _ alteration: Alteration
) -> UnsignedMessage? {
    let said = unsigned.statement
    var (kind, view, height, block) = (said.kind, said.view, said.height, said.block)
    switch alteration {
    case .silence: return nil
    case .nextView: view = view.next
    case .previousView: view = view.previous ?? view
    case .otherBlock where kind != .nullify:
        block = Digest(block.word0 ^ 1, block.word1, block.word2, block.word3)
    case .otherHeight where kind != .nullify: height = height.next
    case .otherKind:
        kind = kind == .nullify ? .notarize : kind == .notarize ? .finalize : .nullify
        if kind == .nullify { (height, block) = (.zero, .zero) }
    case .otherBlock, .otherHeight: break
    }
    let altered = Statement(
        chain: said.chain, epoch: said.epoch, kind: kind, view: view, height: height, block: block)
    guard case .proposal(let proposed, _) = unsigned else { return .vote(altered) }
    // A proposal whose vote says something else is refused at sight: the block changes with it.
    let other = Block(
        epoch: proposed.epoch, view: view, height: height, parents: proposed.parents,
        proposer: proposed.proposer, time: proposed.time, applied: proposed.applied,
        payload: alteration == .otherBlock ? [] : proposed.payload)
    return .proposal(
        other,
        Statement(
            chain: said.chain, epoch: said.epoch, kind: said.kind, view: view,
            height: other.height, block: other.digest))
}
