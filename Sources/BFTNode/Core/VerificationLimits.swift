/// What of one peer may wait until its signatures are checked, and how peers take turns.
struct VerificationLimits: Sendable, Equatable {
    /// The signature checks of one peer that may wait.
    var checksPerPeer: Int
    /// The bytes of messages of one peer that may wait.
    var bytesPerPeer = 32 << 20
    /// How many checks a peer has in a round of those that wait.
    var checksPerTurn = 16

    /// Twice what the longest answer of an honest peer to an inquiry takes, some 27 certificates of
    /// two thirds of the validators, and 64 such certificates in a large network.
    init(validatorCount: Int) { checksPerPeer = max(4_096, 64 * validatorCount) }
}
