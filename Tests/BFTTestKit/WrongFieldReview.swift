@_spi(Verification) import BFTBase
package import BFTCore
package import BFTWire

/// A message that nothing is wrong with, and how its sender would sign one like it.
package struct FieldSample<Message: WireCodable & Equatable & Sendable>: Sendable {
    /// What is heard before.
    package let before: [Message]
    package let message: Message
    /// What its sender makes of a message in which a field is changed: with all that names the
    /// field changed along, so that nothing but the field is wrong.
    package let resigned: @Sendable (Message) -> Message

    package init(
        _ message: Message, after before: [Message] = [],
        resigned: @escaping @Sendable (Message) -> Message = { $0 }
    ) {
        self.before = before
        self.message = message
        self.resigned = resigned
    }
}

/// What became of a message.
package enum FieldVerdict: String {
    /// Nothing: the replica did what it does on hearing something that is refused anyway.
    case refused
    /// It was rejected and left a trace; nothing was judged, drafted or committed for it.
    case opposed
    /// It did for the replica just what the sample does.
    case same
    /// It did something else.
    case taken
}

/// What comes of a message.
package struct FieldOutcome<Trace: Equatable> {
    /// What whoever heard it is then, and does; without rejections, as who is refused learns
    /// nothing by how.
    package let trace: Trace
    package let isRejection: Bool
    /// Whether something was judged, drafted or committed.
    package let isProgress: Bool

    package init(_ trace: Trace, isRejection: Bool, isProgress: Bool) {
        self.trace = trace
        self.isRejection = isRejection
        self.isProgress = isProgress
    }
}

/// Somebody who is about to hear a sample, or a message like it.
package struct FieldListener<Message, Trace: Equatable> {
    private let hear: (Message) -> FieldOutcome<Trace>
    private let sound: FieldOutcome<Trace>
    /// What hearing anything does, without taking it.
    private let unmoved: [FieldOutcome<Trace>]

    /// - Parameter refused: what is certainly refused: for what it is, or as from far away.
    package init(
        _ sample: Message, refused: [Message], hear: @escaping (Message) -> FieldOutcome<Trace>
    ) {
        self.hear = hear
        sound = hear(sample)
        unmoved = refused.map(hear)
    }

    /// Whether the sample is taken, and what is said to be refused is not.
    package var isTaken: Bool {
        unmoved.allSatisfy(\.isRejection) && !isRefused(sound)
    }

    package func verdict(on message: Message) -> FieldVerdict {
        let heard = hear(message)
        if isRefused(heard) { return .refused }
        if heard.isRejection, !heard.isProgress { return .opposed }
        return heard.trace == sound.trace ? .same : .taken
    }

    private func isRefused(_ heard: FieldOutcome<Trace>) -> Bool {
        unmoved.contains { heard.trace == $0.trace }
    }
}

/// What a replica is and does.
package struct ReplicaTrace<P: ConsensusProtocol>: Equatable {
    fileprivate let replica: P
    fileprivate let effects: [Effect<P>]
}

extension FieldListener {
    /// A replica, which hears everything from v3.
    package init<P>(_ replica: P, _ sample: FieldSample<P.Message>, refused: [P.Message])
    where Message == P.Message, Trace == ReplicaTrace<P> {
        let replica = sample.before.reduce(replica) { Self.hear($1, $0).trace.replica }
        self.init(sample.message, refused: refused) { Self.hear($0, replica) }
    }

    private static func hear<P>(_ message: P.Message, _ replica: P) -> FieldOutcome<Trace>
    where Message == P.Message, Trace == ReplicaTrace<P> {
        var (effects, replica): ([Effect<P>], P) = ([], replica)
        replica.handle(
            .received(Verified(message), from: ValidatorIndex(3)), at: Instant(nanoseconds: 1),
            into: &effects)
        let others = effects.filter { !$0.isRejection }
        return FieldOutcome(
            ReplicaTrace(replica: replica, effects: others),
            isRejection: others.count < effects.count,
            isProgress: others.contains(where: \.isProgress))
    }
}

extension Effect {
    fileprivate var isRejection: Bool { if case .reject = self { true } else { false } }

    fileprivate var isProgress: Bool {
        switch self {
        case .judge, .draft, .commit: true
        default: false
        }
    }
}

/// A field whose other values may do more than be refused.
package struct FreeField<Message: Sendable>: Sendable {
    package let name: String
    package let verdict: FieldVerdict
    package let reason: String
    /// Which of the messages with another value.
    package let isFree: @Sendable (Message) -> Bool

    package init(
        _ name: String, _ verdict: FieldVerdict = .taken, because reason: String,
        if isFree: @escaping @Sendable (Message) -> Bool = { _ in true }
    ) {
        self.name = name
        self.verdict = verdict
        self.reason = reason
        self.isFree = isFree
    }

    /// The same of several fields.
    package static func all(
        _ names: [String], _ verdict: FieldVerdict = .taken, because reason: String,
        if isFree: @escaping @Sendable (Message) -> Bool = { _ in true }
    ) -> [FreeField] {
        names.map { FreeField($0, verdict, because: reason, if: isFree) }
    }
}

/// Every message of `samples` with every field wrong in turn, and what a replica may make of it.
package struct WrongFieldReview<Message: WireCodable & Equatable & Sendable>: Sendable {
    package struct Lie: Sendable {
        package let sample: Int
        package let name: String
        package let message: Message

        /// What stands in the field.
        fileprivate var values: String {
            FieldPaths.values(of: message)[name].map {
                $0.map(\.description).joined(separator: ",")
            }
                ?? "several"
        }
    }

    package let lies: [Lie]
    package let free: [FreeField<Message>]

    /// - Parameter isPossible: whether there can be such a message among so few malicious ones.
    package init(
        _ samples: [FieldSample<Message>], free: [FreeField<Message>],
        isPossible: (Message) -> Bool = { _ in true }
    ) {
        self.free = free
        lies = samples.enumerated().flatMap { index, sample in
            WrongField.all(of: sample.message).flatMap { wrong in
                let resigned = sample.resigned(wrong.message)
                let messages = resigned == wrong.message ? [resigned] : [wrong.message, resigned]
                return messages.filter { $0 != sample.message && isPossible($0) }.map {
                    Lie(sample: index, name: wrong.name, message: $0)
                }
            }
        }
    }

    /// What is not as it should be: lies that `verdict` lets pass and that are not free to, with
    /// the values that do, and free fields that nothing is to be said of.
    package func findings(_ verdict: (Lie) -> FieldVerdict) -> [String] {
        var passed: [String: [String]] = [:]
        var idle = Set(free.indices)
        for lie in lies {
            let verdict = verdict(lie)
            let reasons = reasons(for: lie, verdict)
            idle.subtract(reasons)
            if verdict != .refused, reasons.isEmpty {
                passed["\(lie.sample) \(lie.name) \(verdict)", default: []].append(lie.values)
            }
        }
        return passed.map { "sample \($0): \($1.joined(separator: " "))" }.sorted()
            + idle.sorted().map { "no value of \(free[$0].name) is \(free[$0].verdict)" }
    }

    /// Whether `verdict` lets a lie pass that is not free to. Stops at the first.
    package func notices(_ verdict: (Lie) -> FieldVerdict) -> Bool {
        lies.contains { lie in
            let verdict = verdict(lie)
            return verdict != .refused && reasons(for: lie, verdict).isEmpty
        }
    }

    private func reasons(for lie: Lie, _ verdict: FieldVerdict) -> [Int] {
        free.indices.filter {
            free[$0].name == lie.name && free[$0].verdict == verdict
                && free[$0].isFree(lie.message)
        }
    }
}
