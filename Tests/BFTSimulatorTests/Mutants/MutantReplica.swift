@_spi(Verification) import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex

/// What a replica gets wrong between the sound protocol and its host: in what it hears, in what it
/// does, in what it reads back. Every part is sound unless a mistake says otherwise.
protocol ReplicaMistake: Sendable, Equatable {
    associatedtype Sound: Attackable
    init()
    /// The votes that it takes for such that commit.
    static var commitKinds: [VoteKind] { get }
    func configuration(_ sound: ReplicaConfiguration) -> ReplicaConfiguration
    func recovered(
        _ records: [Sound.Durable], in configuration: ReplicaConfiguration
    ) -> [Sound.Durable]
    /// What it would begin a new log with.
    func kept(_ records: [Sound.Durable]) -> [Sound.Durable]
    /// What it makes of an input.
    mutating func heard(_ input: Input<Sound>, own: ValidatorIndex) -> [Input<Sound>]
    /// What it does instead of an effect, and what it makes of that itself.
    mutating func reaction(
        to effect: Effect<Sound>, in configuration: ReplicaConfiguration
    ) -> Reaction<Sound>
    func commitVoteHeight(of sound: Sound) -> Height
    func isUseful(_ message: Sound.Message, to sound: Sound) -> Bool
}

/// What comes of an effect.
struct Reaction<P: ConsensusProtocol> {
    var effects: [Effect<P>] = []
    var inputs: [Input<P>] = []
}

extension ReplicaMistake {
    static var commitKinds: [VoteKind] { Sound.commitKinds }
    func configuration(_ sound: ReplicaConfiguration) -> ReplicaConfiguration { sound }
    func recovered(
        _ records: [Sound.Durable], in configuration: ReplicaConfiguration
    ) -> [Sound.Durable] {
        records
    }
    func kept(_ records: [Sound.Durable]) -> [Sound.Durable] { records }
    func heard(_ input: Input<Sound>, own: ValidatorIndex) -> [Input<Sound>] { [input] }
    func reaction(
        to effect: Effect<Sound>, in configuration: ReplicaConfiguration
    ) -> Reaction<Sound> {
        Reaction(effects: [effect])
    }
    func commitVoteHeight(of sound: Sound) -> Height { sound.commitVoteHeight }
    func isUseful(_ message: Sound.Message, to sound: Sound) -> Bool { sound.isUseful(message) }
}

/// A sound replica behind a mistake.
struct MutantReplica<Mistake: ReplicaMistake>: ConsensusProtocol {
    typealias Sound = Mistake.Sound
    typealias Message = Sound.Message
    typealias Unsigned = Sound.Unsigned
    typealias Durable = Sound.Durable

    static var commitKinds: [VoteKind] { Mistake.commitKinds }

    static func isEnough(
        _ power: VotingPower, of kind: VoteKind, among validators: ValidatorSet
    ) -> Bool {
        Sound.isEnough(power, of: kind, among: validators)
    }

    private var mistake = Mistake()
    private var sound: Sound
    private let configuration: ReplicaConfiguration

    init(
        configuration: ReplicaConfiguration, root: Block, certificate: CommitCertificate?,
        recovered: [Durable]
    ) {
        self.configuration = configuration
        sound = Sound(
            configuration: mistake.configuration(configuration), root: root,
            certificate: certificate, recovered: mistake.recovered(recovered, in: configuration))
    }

    mutating func handle(
        _ input: Input<Self>, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        var inputs = mistake.heard(translated(input), own: configuration.own)
        while !inputs.isEmpty {
            var produced: [Effect<Sound>] = []
            sound.handle(inputs.removeFirst(), at: now, into: &produced)
            for effect in produced {
                let reaction = mistake.reaction(to: effect, in: configuration)
                effects += reaction.effects.map { translated($0) }
                inputs += reaction.inputs
            }
        }
    }

    func isUseful(_ message: Message) -> Bool { mistake.isUseful(message, to: sound) }
    static func largestMessage(
        among validators: ValidatorSet, signatureByteCount: Int
    ) -> Message {
        Sound.largestMessage(among: validators, signatureByteCount: signatureByteCount)
    }
    var view: View { sound.view }
    func leader(of view: View) -> ValidatorIndex { sound.leader(of: view) }
    var committed: Block { sound.committed }
    var commitVoteHeight: Height { mistake.commitVoteHeight(of: sound) }
    var liveRecords: [Durable] { mistake.kept(sound.liveRecords) }
    var forgotten: Floor { sound.forgotten }

    private func translated(_ input: Input<Self>) -> Input<Sound> {
        switch input {
        case .started: .started
        case .received(let message, let sender): .received(message, from: sender)
        case .connected(let peer): .connected(peer)
        case .disconnected(let peer): .disconnected(peer)
        case .timerFired: .timerFired
        case .work(let isPending): .work(pending: isPending)
        case .drafted(let draft, let view, let parent):
            .drafted(draft, view: view, parent: parent)
        case .judged(let digest, let verdict): .judged(digest, verdict)
        case .caughtUp(let run): .caughtUp(run)
        case .executed(let block, let root): .executed(block, stateRoot: root)
        }
    }

    private func translated(_ effect: Effect<Sound>) -> Effect<Self> {
        switch effect {
        case .persist(let record): .persist(record)
        case .sign(let unsigned): .sign(unsigned)
        case .send(let message, let peer): .send(message, to: peer)
        case .broadcast(let message): .broadcast(message)
        case .setTimer(let instant): .setTimer(instant)
        case .draft(let view, let branch): .draft(view: view, on: branch)
        case .judge(let branch): .judge(branch)
        case .commit(let run): .commit(run)
        case .fetch(let certificate): .fetch(certificate)
        case .accuse(let evidence): .accuse(evidence)
        case .reject(let rejection): .reject(rejection)
        }
    }
}

/// A mutant is attacked and judged like the protocol that it was.
extension MutantReplica: Attackable {
    static func role(of unsigned: Unsigned) -> MessageRole { Sound.role(of: unsigned) }
    static func role(of message: Message) -> MessageRole { Sound.role(of: message) }
    static func view(of unsigned: Unsigned) -> View { Sound.view(of: unsigned) }
    static func view(of message: Message) -> View? { Sound.view(of: message) }
    static func isForgotten(_ unsigned: Unsigned, by floor: Floor) -> Bool {
        Sound.isForgotten(unsigned, by: floor)
    }
    static func variants(of unsigned: Unsigned, _ change: Change) -> [Unsigned] {
        Sound.variants(of: unsigned, change)
    }
    static func unsigned(of message: Message) -> Unsigned? { Sound.unsigned(of: message) }
    static func forgeries(of message: Message, _ random: inout SplitMix64) -> [Message] {
        Sound.forgeries(of: message, &random)
    }
    static func isWellFormed(_ statement: Statement) -> Bool { Sound.isWellFormed(statement) }
    static func votes(in message: Message) -> [Vote] { Sound.votes(in: message) }
    static func proposedBlock(in message: Message) -> Block? { Sound.proposedBlock(in: message) }
    static func proposedBlock(in unsigned: Unsigned) -> Block? {
        Sound.proposedBlock(in: unsigned)
    }
    var keptViewCount: Int { sound.keptViewCount }
    var keptViewLimit: UInt64 { sound.keptViewLimit }

    static var invariants: [OracleEntry<Self>] {
        Sound.invariants.map { entry in
            OracleEntry(entry.name) { SoundOracle(judge: entry.make($0)) }
        }
    }
}

/// An oracle of the sound protocol that judges a mutant of it.
private struct SoundOracle<Mistake: ReplicaMistake>: Oracle {
    typealias P = MutantReplica<Mistake>
    var judge: any Oracle<Mistake.Sound>

    mutating func judge(_ observation: Observation<P>) -> String? {
        translated(observation).flatMap { judge.judge($0) }
    }

    private func translated(_ observation: Observation<P>) -> Observation<Mistake.Sound>? {
        switch observation {
        case .submitted(let batch, let node): .submitted(batch, at: node)
        case .stored(let reference, let node): .stored(reference, at: node)
        case .authored(let reference, let node): .authored(reference, at: node)
        case .durable(let record, let node): .durable(record, at: node)
        case .batchDurable(let reference, let node): .batchDurable(reference, at: node)
        case .diskFailed(let node): .diskFailed(at: node)
        // Between a replica and its host: the invariants of a protocol are not about that.
        case .asked, .carriedOut: nil
        case .powerCut(let node, let count): .powerCut(at: node, keeping: count)
        case .beganBelow(let floor, let node): .beganBelow(floor, at: node)
        case .entered(let view, let node): .entered(view, at: node)
        case .signed(let unsigned, let node): .signed(unsigned, by: node)
        case .received(let message, let node, let isUseful, let committed, let current):
            .received(
                message, at: node, isUseful: isUseful, committed: committed, current: current)
        case .committed(let run, let node): .committed(run, at: node)
        case .executed(let block, let root, let node): .executed(block, root: root, at: node)
        case .accused(let evidence, let node): .accused(evidence, by: node)
        case .diverged(let proposer, let node): .diverged(from: proposer, at: node)
        case .displaced(let batch, let node): .displaced(batch, at: node)
        case .refusedProposal(let node): .refusedProposal(at: node)
        case .readRequested(let ticket, let node): .readRequested(ticket, at: node)
        case .readsAnswered(let ticket, let height, let node):
            .readsAnswered(upTo: ticket, seeing: height, at: node)
        case .invoked(let number, let action, let batch, let node):
            .invoked(number, action, batch: batch, at: node)
        case .answered(let number, let answer, let node): .answered(number, answer, at: node)
        case .measured(let views, let limit, let bytes, let node):
            .measured(keptViews: views, viewLimit: limit, pendingBytes: bytes, at: node)
        case .heldBack(let evidence, let node): .heldBack(evidence, by: node)
        case .rested(let unfinished): .rested(unfinished: unfinished)
        case .outlived(let unfinished): .outlived(unfinished: unfinished)
        }
    }
}
