/// The kinds of faults by the names under which a person asks for them.
public enum FaultKind: String, CaseIterable, Sendable {
    /// Messages are lost.
    case loss
    /// Messages arrive twice.
    case duplication
    /// Some messages take a hundred times as long as others, and pass them or are passed.
    case reordering
    /// Delays with a heavy tail: each is doubled with a chance of one in some, again and again.
    case tail
    /// Machines stand in five regions of the world.
    case wan
    /// Links carry so many bytes a millisecond; what waits too long is dropped.
    case bandwidth
    /// The network splits in two, or one machine is cut off.
    case partitions
    /// Links that carry messages one way only.
    case oneWay = "one-way"
    /// Links that go down and come back again and again.
    case flapping
    /// A machine loses power between two effects.
    case powerCuts = "power-cuts"
    /// All machines lose power at once, when the other faults end.
    case blackout
    /// A process ends between two effects. Its machine goes on.
    case crashes
    /// Machines are suspended for a while.
    case pauses
    /// Machines take long for each message.
    case slowNodes = "slow-nodes"
    /// Executing a block takes long.
    case slowExecution = "slow-execution"
    /// Syncs take long.
    case slowDisks = "slow-disks"
    /// Disks are full for a while.
    case fullDisks = "full-disks"
    /// Syncs fail.
    case failedSyncs = "failed-syncs"
    /// Sectors are damaged or written in the wrong place.
    case corruption
    /// Machines start from an older image of their disk.
    case rollback
    /// Wall clocks differ.
    case skew
    /// Clocks run at different speeds.
    case drift
    /// Wall clocks are set wrong and right again.
    case jumps
    /// Clients submit far more than is executed.
    case overload
    /// Operators move a machine's chain aside and keep its log.
    case lostChains = "lost-chains"

    /// The scheduled faults of this kind.
    var scheduled: [ScheduledFault] {
        switch self {
        case .partitions: [.split, .isolation]
        case .oneWay: [.oneWay]
        case .flapping: [.flapping]
        case .pauses: [.pause]
        case .slowNodes: [.slowNode]
        case .slowDisks: [.slowDisk]
        case .fullDisks: [.fullDisk]
        case .failedSyncs: [.failedSync]
        case .corruption: [.corruption]
        case .rollback: [.rollback]
        case .jumps: [.clockJump]
        case .lostChains: [.lostChain]
        default: []
        }
    }

    /// Names for several kinds at a time.
    public static let groups: [(name: String, kinds: [FaultKind])] = [
        ("all", allCases),
        ("none", []),
        (
            "network",
            [
                .loss, .duplication, .reordering, .tail, .wan, .bandwidth, .partitions, .oneWay,
                .flapping,
            ]
        ),
        ("machines", [.powerCuts, .blackout, .crashes, .pauses, .slowNodes, .slowExecution]),
        (
            "disk",
            [.slowDisks, .fullDisks, .failedSyncs, .corruption, .rollback, .lostChains]
        ),
        ("clock", [.skew, .drift, .jumps]),
    ]

    /// The kinds that a list such as `loss,disk,clock` names, or the first word that is no name.
    public static func named(_ list: String) -> Result<[FaultKind], UnknownFault> {
        var kinds: [FaultKind] = []
        for word in list.split(separator: ",").map(String.init) {
            if let kind = FaultKind(rawValue: word) {
                kinds.append(kind)
            } else if let group = groups.first(where: { $0.name == word }) {
                kinds += group.kinds
            } else {
                return .failure(UnknownFault(name: word))
            }
        }
        return .success(allCases.filter { kinds.contains($0) })
    }
}

/// A word that names no kind of fault.
public struct UnknownFault: Error, Equatable, Sendable, CustomStringConvertible {
    public let name: String

    public init(name: String) { self.name = name }

    public var description: String {
        let names = FaultKind.groups.map(\.name) + FaultKind.allCases.map(\.rawValue)
        return "'\(name)' is no fault; there are \(names.joined(separator: ", "))"
    }
}
