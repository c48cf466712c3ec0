import BFTCore
import BFTSimulator
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols

/// The protocols that `bft simulate` knows. The first is the one it takes if none is named.
let simulatedProtocols = [
    SimulatedProtocol("simplex", Simplex.self, votes: simplexVotes),
    SimulatedProtocol("pbft", PBFT.self, votes: pbftVotes),
    SimulatedProtocol("hotstuff", HotStuff.self, votes: [.vote: "vote"]),
    SimulatedProtocol("hotstuff2", HotStuff2.self, votes: [.vote: "vote"]),
]

private let simplexVotes: [VoteKind: String] = [
    .notarize: "notarize", .abstain: "abstain", .nullify: "nullify", .support: "support",
    .finalize: "finalize",
]

private let pbftVotes: [VoteKind: String] = [
    .prepare: "prepare", .commit: "commit", .checkpoint: "checkpoint",
]
