import BFTBase

/// Something that a world may do or leave: a fault, a lie, a client's request.
///
/// A decision has a name that does not depend on what happened elsewhere: its kind, the place, and
/// how often that place has come to such a choice. So a run from which one decision is taken is
/// otherwise the same run, as far as causes reach, and a failing run can be reduced decision by
/// decision.
public struct Decision: Hashable, Sendable {
    /// What is decided.
    public enum Kind: String, CaseIterable, Sendable {
        /// A message does not arrive.
        case loss
        /// A message arrives twice.
        case duplication
        /// A message takes far longer than others.
        case straggler
        /// A machine loses power before its next effect.
        case powerCut = "power-cut"
        /// All machines lose power.
        case massPowerCut = "mass-power-cut"
        /// The process of a machine ends before its next effect.
        case crash
        /// A scheduled fault begins: `ScheduledFault` has the same names.
        case split
        case isolation
        case oneWay = "one-way"
        case flapping
        case pause
        case slowNode = "slow-node"
        case slowDisk = "slow-disk"
        case fullDisk = "full-disk"
        case failedSync = "failed-sync"
        case corruption
        case rollback
        case clockJump = "clock-jump"
        case lostChain = "lost-chain"
        /// An adversary departs from what an honest validator sends.
        case lie
        /// A client submits.
        case submission
        /// A client reads.
        case read

        /// The decision to let `fault` begin.
        init(_ fault: ScheduledFault) {
            self =
                switch fault {
                case .split: .split
                case .isolation: .isolation
                case .oneWay: .oneWay
                case .flapping: .flapping
                case .pause: .pause
                case .slowNode: .slowNode
                case .slowDisk: .slowDisk
                case .fullDisk: .fullDisk
                case .failedSync: .failedSync
                case .corruption: .corruption
                case .rollback: .rollback
                case .clockJump: .clockJump
                case .lostChain: .lostChain
                }
        }
    }

    public let kind: Kind
    /// Where, or from where.
    public let place: Int
    /// To where, if the place is a link. Otherwise as `place`.
    public let target: Int
    /// Counts the choices of this kind, or the messages, of this place, from 1. Power cuts and
    /// crashes have the moment in the place of the number: see `StopMoment`.
    public let ordinal: UInt64

    public init(_ kind: Kind, at place: Int = 0, to target: Int? = nil, ordinal: UInt64) {
        self.kind = kind
        self.place = place
        self.target = target ?? place
        self.ordinal = ordinal
    }

    /// A source of pseudo-random numbers of this decision's own.
    func random(seed: UInt64) -> SplitMix64 {
        var mixed = SplitMix64(seed: seed ^ UInt64(place) << 48 ^ UInt64(target) << 32 ^ ordinal)
        let word = mixed.next()
        return SplitMix64(seed: word &+ kind.word &* 0xD6E8_FEB8_6659_FD93)
    }
}

extension Decision.Kind {
    fileprivate var word: UInt64 {
        switch self {
        // One source for all that befalls a message, and one for all that may end a process.
        case .loss, .duplication, .straggler: 1
        case .powerCut, .crash: 2
        case .massPowerCut: 3
        case .split: 4
        case .pause: 5
        case .lie: 6
        case .submission: 7
        case .read: 8
        case .isolation: 9
        case .oneWay: 10
        case .flapping: 11
        case .slowNode: 12
        case .slowDisk: 13
        case .fullDisk: 14
        case .failedSync: 15
        case .corruption: 16
        case .rollback: 17
        case .clockJump: 18
        case .lostChain: 19
        }
    }
}

extension Decision: CustomStringConvertible, LosslessStringConvertible {
    /// `loss:0>2#17`: the 17th message from v0 to v2; `pause:1#3`: the third pause, of v1.
    public var description: String {
        "\(kind.rawValue):\(place)" + (target == place ? "" : ">\(target)") + "#\(ordinal)"
    }

    public init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])) else { return nil }
        let numbers = parts[1].split(separator: "#", omittingEmptySubsequences: false)
        guard numbers.count == 2, let ordinal = UInt64(numbers[1]) else { return nil }
        let places = numbers[0].split(separator: ">", omittingEmptySubsequences: false).map {
            Int($0)
        }
        guard places.count == 1 || places.count == 2,
            places.allSatisfy({ $0.map { (0..<ValidatorSet.countLimit).contains($0) } ?? false }),
            let place = places[0]
        else { return nil }
        self.init(kind, at: place, to: places.count == 2 ? places[1] : nil, ordinal: ordinal)
    }
}

/// Which of the decisions that the seed makes are carried out: all, or those of a list.
public struct DecisionScript: Sendable {
    private let kept: Set<Decision>?
    /// Those of a list that end a process, by place, the latest first.
    private var stops: [[Decision]] = []
    /// Whether decisions are noted.
    public var isRecording = false
    /// The decisions that were carried out, in order, if they are noted.
    public private(set) var carriedOut: [Decision] = []
    /// Is told of each decision before it is carried out, if they are noted.
    var listener: (@Sendable (Decision) -> Void)?

    /// Everything that the seed decides.
    public static let everything = DecisionScript(kept: nil)

    /// Nothing but `decisions`.
    public static func only(_ decisions: some Sequence<Decision>) -> DecisionScript {
        var script = DecisionScript(kept: Set(decisions))
        let stops = decisions.filter { $0.kind == .powerCut || $0.kind == .crash }
        script.stops = Array(repeating: [], count: (stops.map(\.place).max() ?? -1) + 1)
        for stop in stops.sorted(by: { $0.ordinal > $1.ordinal }) {
            script.stops[stop.place].append(stop)
        }
        return script
    }

    private init(kept: Set<Decision>?) { self.kept = kept }

    /// Whether nothing is carried out but what was listed.
    var isList: Bool { kept != nil }

    /// What ends the process at `place` now: the first of the list whose moment has come. In a run
    /// that is shorter than the one it is from, that may be a little later than it was there.
    mutating func dueStop(of place: Int, at moment: UInt64) -> Decision? {
        guard place < stops.count, let next = stops[place].last, next.ordinal <= moment else {
            return nil
        }
        return stops[place].popLast()
    }

    /// Whether `decision` is carried out, to be asked when the seed makes it.
    mutating func admits(_ decision: Decision) -> Bool {
        if let kept, !kept.contains(decision) { return false }
        if isRecording {
            carriedOut.append(decision)
            listener?(decision)
        }
        return true
    }
}

/// When a process may end: a nanosecond, and which of the effects in it comes next.
///
/// How many effects a process has had depends on all that happened to it before. The time hardly
/// does, so a stop that is named by it falls between the same effects when other decisions go.
struct StopMoment: Sendable, Equatable {
    private var last: UInt64 = 0

    /// The present moment: `now` in nanoseconds times 1,024, and one more each time.
    mutating func next(at now: Instant) -> UInt64 {
        last = max(last + 1, now.nanoseconds << 10)
        return last
    }
}

extension SplitMix64 {
    /// Whether something happens that happens `perMille` times of a thousand.
    mutating func chance(_ perMille: Int) -> Bool {
        perMille > 0 && Int.random(in: 0..<1_000, using: &self) < perMille
    }
}
