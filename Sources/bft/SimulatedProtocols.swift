import BFTCore
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols

/// The protocols that `bft simulate` knows. The first is the one it takes if none is named.
let simulatedProtocols = [
    SimulatedProtocol("simplex", Simplex.self, votes: simplexVotes)
]

private let simplexVotes: [VoteKind: String] = [
    .notarize: "notarize", .nullify: "nullify", .finalize: "finalize",
]
