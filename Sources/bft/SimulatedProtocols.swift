import BFTCore
import BFTSimulator
import ProtocolHotStuff
import ProtocolSimplex
import SimulatedProtocols

/// The protocols that `bft simulate` knows. The first is the one it takes if none is named.
let simulatedProtocols = [
    SimulatedProtocol("simplex", Simplex.self, votes: simplexVotes),
    SimulatedProtocol("hotstuff", HotStuff.self, votes: [.vote: "vote"]),
    SimulatedProtocol("hotstuff2", HotStuff2.self, votes: [.vote: "vote"]),
]

private let simplexVotes: [VoteKind: String] = [
    .notarize: "notarize", .nullify: "nullify", .finalize: "finalize",
]
