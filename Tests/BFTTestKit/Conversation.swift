@_spi(Verification) package import BFTBase
package import BFTCore

/// One replica, talked to in words. `Docs/testing.md` lists them.
///
/// What the replica signs it hears at once. Time passes by `wait` and `timer` only. Here is what
/// the replicas of all protocols are told and ask for; each protocol has words of its own beside.
package protocol Conversation {
    associatedtype P: ConsensusProtocol

    var replica: P { get set }
    var scene: Scene<P> { get set }

    /// Carries out one command and says what came of it; or `nil` if it only names something.
    mutating func say(_ command: String) throws -> [String]?
    /// What the replica would be after a restart from `log`.
    func restarted(from log: [P.Durable]) -> P
    static func message(_ block: Block) -> P.Message

    func words(_ statement: Statement) -> String
    func words(_ record: P.Durable) -> String
    func words(_ message: P.Message) -> String
    /// What is said of a block that is to be judged, beside its name.
    func remark(on branch: Branch) -> String

    /// What the replica does on `input`.
    mutating func reaction(to input: Input<P>) -> [Effect<P>]
    /// Whether the replica hears its own message.
    func hears(_ own: P.Message) -> Bool
    /// The block that a record is about if it is the replica's vote, and the number to name it by
    /// if it has no name.
    func voted(_ record: P.Durable) -> (block: Block, number: UInt64)?
    /// The height that an own message helps to commit.
    func heightToCommit(_ unsigned: P.Unsigned) -> Height?
}

extension Conversation {
    package func remark(on branch: Branch) -> String { "" }
    package func hears(_ own: P.Message) -> Bool { true }

    package mutating func reaction(to input: Input<P>) -> [Effect<P>] { handled(input) }

    package mutating func handled(_ input: Input<P>) -> [Effect<P>] {
        var effects: [Effect<P>] = []
        replica.handle(input, at: scene.now, into: &effects)
        return effects
    }

    /// The height that the replica claims to have helped to commit; and what it would claim after
    /// a restart, from its log as it is and as it would be cut.
    package func claims() -> (voted: Height, present: Height, restarted: [Height]) {
        let claimed = [scene.log, replica.liveRecords].map {
            restarted(from: $0).commitVoteHeight
        }
        return (scene.voted, replica.commitVoteHeight, claimed)
    }

    // MARK: Commands

    package func split(_ command: String) throws -> (verb: String, rest: [String]) {
        let words = command.split(separator: " ").map(String.init)
        guard let verb = words.first else { throw Misspoken(command: command) }
        return (verb, Array(words.dropFirst()))
    }

    /// What comes of `wait 20` or `timer`; or `nil` if it is another command.
    package mutating func pass(_ verb: String, _ words: [String]) throws -> [String]? {
        switch verb {
        case "wait":
            scene.now = scene.now.advanced(by: .milliseconds(try scene.number(words.first)))
        case "timer": scene.now = max(scene.now, scene.timer ?? scene.now)
        default: return nil
        }
        return give(.timerFired)
    }

    /// Drops the last records, and what stood on them was not said either.
    package mutating func lose(_ count: String?) throws {
        scene.log.removeLast(Int(try scene.number(count)))
        scene.voted = .zero
    }

    /// What replicas of every protocol are told; or `nil` if it is another command.
    package func commonInput(_ verb: String, _ words: [String]) throws -> Input<P>? {
        switch (verb, words.count) {
        case ("start", 0): return .started
        case ("work", 1): return .work(pending: words[0] == "yes")
        case ("connected", 1): return .connected(try scene.validator(words[0]))
        case ("disconnected", 1): return .disconnected(try scene.validator(words[0]))
        case ("drafted", 1):
            guard let draft = scene.draft else { throw Misspoken(command: verb) }
            return .drafted(
                Draft(
                    time: Timestamp(milliseconds: 1), applied: Sample.genesis.applied,
                    payload: words[0] == "payload" ? [Sample.reference] : []),
                view: draft.view, parent: draft.parent)
        case ("judged", 2):
            return .judged(
                try scene.block(words[0]).digest, words[1] == "valid" ? .valid : .invalid)
        case ("body", 3):
            return received(
                Self.message(try scene.block(words[0])), try scene.validator(words[2]))
        default: return nil
        }
    }

    package func received(_ message: P.Message, _ sender: ValidatorIndex) -> Input<P> {
        .received(Verified(message), from: sender)
    }

    // MARK: Answers

    package mutating func give(_ input: Input<P>) -> [String] {
        let earlier = scene.timer
        var lines = reaction(to: input).flatMap { carryOut($0) }
        if let timer = scene.timer, timer != earlier {
            lines.append("timer at \(scene.words(timer))")
        }
        return lines
    }

    private mutating func carryOut(_ effect: Effect<P>) -> [String] {
        switch effect {
        case .persist(let record):
            scene.log.append(record)
            if let (block, number) = voted(record) { scene.nameOwn(block, number) }
            return ["persist \(words(record))"]
        case .sign(let unsigned): return sign(unsigned)
        case .send(let message, let peer): return ["send \(words(message)) to \(peer)"]
        case .broadcast(let message): return ["broadcast \(words(message))"]
        case .setTimer(let instant):
            scene.timer = instant
            return []
        case .draft(let view, let branch):
            scene.draft = (view, branch.tip.digest)
            return ["draft for view \(view) on \(scene.name(branch.tip.digest))"]
        case .judge(let branch):
            return ["judge \(scene.name(branch.tip.digest))" + remark(on: branch)]
        case .commit(let run):
            scene.committed = (run.last, run.certificate)
            return ["commit " + scene.names(run.blocks.map(\.digest))]
        case .fetch(let certificate):
            let said = certificate.statement
            return ["fetch \(scene.name(said.committed?.digest ?? said.block))"]
        case .accuse(let evidence):
            let statements = [evidence.first, evidence.second].map { words($0.statement) }
            return ["accuse \(evidence.culprit): " + statements.joined(separator: ", ")]
        case .reject(let rejection): return ["reject \(rejection)"]
        }
    }

    private mutating func sign(_ unsigned: P.Unsigned) -> [String] {
        if let height = heightToCommit(unsigned) { scene.voted = max(scene.voted, height) }
        let signed = unsigned.signed(by: Sample.own, [])
        let more = hears(signed) ? reaction(to: received(signed, Sample.own)) : []
        let target = unsigned.recipient.map { " for \($0)" } ?? ""
        return ["sign \(words(signed))\(target)"] + more.flatMap { carryOut($0) }
    }
}
