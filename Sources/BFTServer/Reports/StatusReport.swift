public import BFTBase

/// What a node is and how far it has come.
public struct StatusReport: Equatable, Sendable {
    public struct Peer: Equatable, Sendable {
        public var index: ValidatorIndex
        public var isConnected: Bool

        public init(index: ValidatorIndex, isConnected: Bool) {
            self.index = index
            self.isConnected = isConnected
        }
    }

    public var chainID: String
    /// The software, as `name/major.minor.patch`.
    public var version: String
    /// The node's place in the validator set, or `nil` while it has none.
    public var nodeIndex: ValidatorIndex?
    /// The consensus protocol: `simplex`, `pbft`, `hotstuff`.
    public var protocolName: String
    /// The signature scheme: `ml-dsa-87`.
    public var scheme: String
    public var epoch: Epoch
    public var view: View
    public var leader: ValidatorIndex
    public var committedHeight: Height
    /// The height whose state queries see. At most `committedHeight`.
    public var appliedHeight: Height
    /// The digest of the state at `appliedHeight`.
    public var stateRoot: Digest
    public var peers: [Peer]
    /// Whether the node votes and takes transactions.
    public var isVoting: Bool
    public var uptime: Interval

    public init(
        chainID: String, version: String, nodeIndex: ValidatorIndex?, protocolName: String,
        scheme: String, epoch: Epoch, view: View, leader: ValidatorIndex, committedHeight: Height,
        appliedHeight: Height, stateRoot: Digest, peers: [Peer], isVoting: Bool, uptime: Interval
    ) {
        self.chainID = chainID
        self.version = version
        self.nodeIndex = nodeIndex
        self.protocolName = protocolName
        self.scheme = scheme
        self.epoch = epoch
        self.view = view
        self.leader = leader
        self.committedHeight = committedHeight
        self.appliedHeight = appliedHeight
        self.stateRoot = stateRoot
        self.peers = peers
        self.isVoting = isVoting
        self.uptime = uptime
    }

    public var connectedPeerCount: Int { peers.count { $0.isConnected } }
}
