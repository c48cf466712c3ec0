import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolPBFT

/// P4: an honest validator says nothing in a view after asking for a later one.
struct SilentInViewsGivenUp<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private var asked: [ValidatorIndex: View] = [:]

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        let last = asked[voter] ?? .zero
        switch unsigned {
        case .viewChange(let content, _): asked[voter] = max(last, content.view)
        case .newView(let content):
            if content.outcome.view < last { return flaw(voter, content.outcome.view, last) }
        case .prePrepare(_, let said), .vote(let said):
            // A checkpoint belongs to no view.
            if said.kind != .checkpoint, said.view < last { return flaw(voter, said.view, last) }
        }
        return nil
    }

    private func flaw(_ voter: ValidatorIndex, _ view: View, _ last: View) -> String {
        "\(voter) speaks in view \(view) after asking for \(last)"
    }
}

/// P5: the view change of an honest validator reports a certificate that can exist, of an earlier
/// view, and none below any that it ever voted upon or made durable, nor below any that it
/// committed by in this life: by view first, then by height.
struct ReportsTheHighest<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>

    private struct Held: Sendable {
        /// The highest that it made durable or voted upon, in all its lives.
        var durable: PBFTCertificateName?
        /// The highest that it committed by since its last restart.
        var committed: PBFTCertificateName?
        /// What it asked for last. It says that again, whatever it learnt since.
        var asked: PBFTViewChangeContent?
        /// What it decided to ask for and did not say yet, and what was durable before that: one
        /// sync may make durable what it learnt since, and other decisions, before it speaks.
        var decided: [(content: PBFTViewChangeContent, durable: PBFTCertificateName?)] = []
    }

    private let scene: Scene
    private var signed = SignedStatements()
    private var held: [Held]

    init(_ scene: Scene) {
        self.scene = scene
        held = scene.isHonest.map { _ in Held() }
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .durable(.certificate(let certificate), let node):
            raise(\.durable, to: certificate.statement, at: node.rawValue)
        case .durable(.voted(let said), let node):
            // What it stands on is durable before it; one sync may cover both and more.
            if said.kind == .commit { raise(\.durable, to: said, at: node.rawValue) }
        case .committed(let run, let node):
            raise(\.committed, to: run.certificate.statement, at: node.rawValue)
        case .durable(.viewChange(let content), let node):
            let own = held[node.rawValue]
            guard !own.decided.contains(where: { $0.content == content }) else { return nil }
            held[node.rawValue].decided.append((content, own.durable))
        case .powerCut(let node, _): held[node.rawValue].committed = nil
        case .signed(let unsigned, let voter):
            if let said = unsigned.statement {
                signed.note(said, by: voter)
                if said.kind == .commit { raise(\.durable, to: said, at: voter.rawValue) }
            }
            if case .viewChange(let content, let certificate) = unsigned {
                return judge(content, certificate, by: voter)
            }
        default: break
        }
        return nil
    }

    private mutating func judge(
        _ content: PBFTViewChangeContent, _ certificate: Certificate?, by voter: ValidatorIndex
    ) -> String? {
        if held[voter.rawValue].asked == content { return nil }
        held[voter.rawValue].asked = content
        let asks = "\(voter) asks for view \(content.view) and "
        if let flaw = flaw(content, certificate) { return asks + flaw }
        let own = held[voter.rawValue]
        let decided = own.decided.first { $0.content == content }
        held[voter.rawValue].decided.removeAll { $0.content.view <= content.view }
        let durable = decided.map(\.durable) ?? own.durable
        for case let demanded? in [durable, own.committed] {
            if let highest = content.highest, !isBelow(highest, demanded) { continue }
            return asks + "conceals what it held of height \(demanded.height) in view "
                + "\(demanded.view)"
        }
        return nil
    }

    /// What is wrong with what is reported, whatever else there is.
    private func flaw(_ content: PBFTViewChangeContent, _ certificate: Certificate?) -> String? {
        guard let highest = content.highest else {
            return certificate == nil ? nil : "shows a certificate that it does not report"
        }
        guard let said = certificate?.statement, [.prepare, .commit].contains(said.kind),
            Self.name(said) == highest, highest.view < content.view
        else { return "does not show what it reports of height \(highest.height)" }
        return signed.canBeCertified(said, in: scene)
            ? nil : "reports height \(highest.height), which no quorum signed"
    }

    private mutating func raise(
        _ memory: WritableKeyPath<Held, PBFTCertificateName?>, to said: Statement, at node: Int
    ) {
        guard [.prepare, .commit].contains(said.kind) else { return }
        let name = Self.name(said)
        if let last = held[node][keyPath: memory], !isBelow(last, name) { return }
        held[node][keyPath: memory] = name
    }

    private static func name(_ said: Statement) -> PBFTCertificateName {
        PBFTCertificateName(view: said.view, height: said.height, block: said.block)
    }

    /// Restated.
    private func isBelow(_ one: PBFTCertificateName, _ other: PBFTCertificateName) -> Bool {
        one.view < other.view || (one.view == other.view && one.height < other.height)
    }
}

/// P6: an honest leader begins its view with the highest report of a quorum.
struct ComputedNewViews<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private let scene: Scene

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(.newView(let content), let leader) = observation else { return nil }
        let view = content.outcome.view
        let voters = Set(content.viewChanges.map(\.signer))
        var power: VotingPower = 0
        for voter in voters { power += scene.validators.powers[voter.rawValue] }
        guard scene.isQuorum(power), content.viewChanges.allSatisfy({ $0.content.view == view })
        else { return "\(leader) begins view \(view) without a quorum" }
        var highest: PBFTCertificateName?
        for case let report? in content.viewChanges.map(\.content.highest) {
            let (other, own) = (highest ?? report, report)
            highest = (own.view, own.height) > (other.view, other.height) ? own : other
        }
        guard highest == content.outcome.highest else {
            return "\(leader) begins view \(view) with another report than the highest"
        }
        return nil
    }
}

/// P7: an honest validator prepares new blocks at most a window above a checkpoint that a quorum
/// can have signed.
struct WithinWindow<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private let scene: Scene
    private var signed = SignedStatements()
    private var stable = Height.zero

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .signed(.vote(let said), let voter) where said.kind == .checkpoint:
            signed.note(said, by: voter)
            if signed.canBeCertified(said, in: scene) { stable = max(stable, said.height) }
        case .durable(.prepared(let block, let view), let node) where block.view == view:
            if block.height.rawValue > stable.rawValue + 16 {
                return "\(node) prepares height \(block.height), and nothing above \(stable) is "
                    + "stable"
            }
        default: break
        }
        return nil
    }
}

/// P8: what an honest validator takes for a stable checkpoint can have been signed by a quorum.
struct StableByQuorum<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private let scene: Scene
    private var signed = SignedStatements()

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .signed(.vote(let said), let voter): signed.note(said, by: voter)
        case .durable(.certificate(let certificate), let node)
        where certificate.statement.kind == .checkpoint:
            if !signed.canBeCertified(certificate.statement, in: scene) {
                return "\(node) takes height \(certificate.statement.height) for stable, which no "
                    + "quorum signed"
            }
        default: break
        }
        return nil
    }
}

/// P10: the committed chain only grows, one block on top of the other, by certificates that
/// commit; and so does the view.
struct GrowingChainAndViews<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    /// What each validator committed last in this life, and the view it entered last.
    private var committed: [ValidatorIndex: Block] = [:]
    private var views: [ValidatorIndex: View] = [:]

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, _):
            committed[node] = nil
            views[node] = nil
        case .committed(let run, let node):
            let parent = committed[node]
            committed[node] = run.last
            if run.certificate.statement.kind != .commit {
                return "\(node) commits by a certificate that commits nothing"
            }
            if let parent, run.first.parents != [parent.digest] {
                return "\(node) commits height \(run.first.height) beside \(parent.height)"
            }
        case .entered(let view, let node):
            let last = views[node] ?? view
            views[node] = view
            if view < last { return "\(node) goes back from view \(last) to \(view)" }
        default: break
        }
        return nil
    }
}

/// Who contradicts itself before one honest replica is accused by that replica.
///
/// Asked of votes in the replica's own view, above what it has committed in this life and within
/// two windows of that, of which the first was worth hearing.
struct EvidenceInView<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private struct Duty: Equatable, Sendable {
        let culprit: ValidatorIndex
        let view: View
    }

    private struct Memory: Sendable {
        var committed: Height?
        var heard: [Vote] = []
        var accused: [Duty] = []
        var outstanding: [Duty] = []
    }

    private let chain: Digest
    private var memories: [Memory]

    init(_ scene: Scene) {
        chain = scene.chain
        memories = scene.isHonest.map { _ in Memory() }
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .received(.vote(let vote), let node, let isUseful, let known, let current):
            let said = vote.statement
            guard said.chain == chain, said.view == current, said.kind != .checkpoint,
                said.height > known.height,
                let committed = memories[node.rawValue].committed, said.height > committed,
                said.height.rawValue - committed.rawValue <= 32
            else { return nil }
            hear(vote, isUseful: isUseful, at: node.rawValue)
        case .accused(let evidence, let node)
        where evidence.first.statement.kind != .authorship:
            let duty = Duty(culprit: evidence.culprit, view: evidence.first.statement.view)
            memories[node.rawValue].accused.append(duty)
            memories[node.rawValue].outstanding.removeAll { $0 == duty }
        case .heldBack(let evidence, let node)
        where evidence.first.statement.kind != .authorship:
            let duty = Duty(culprit: evidence.culprit, view: evidence.first.statement.view)
            memories[node.rawValue].outstanding.removeAll { $0 == duty }
        case .powerCut(let node, _): memories[node.rawValue] = Memory()
        case .committed(let run, let node):
            memories[node.rawValue].committed = run.last.height
            memories[node.rawValue].heard.removeAll { $0.statement.height <= run.last.height }
        case .rested:
            for (position, memory) in memories.enumerated() {
                guard let duty = memory.outstanding.first else { continue }
                return "v\(position) holds two votes of \(duty.culprit) in view \(duty.view), "
                    + "and accuses nobody"
            }
        default: break
        }
        return nil
    }

    private mutating func hear(_ vote: Vote, isUseful: Bool, at node: Int) {
        let duty = Duty(culprit: vote.voter, view: vote.statement.view)
        if memories[node].heard.contains(where: { Evidence($0, vote) != nil }),
            !memories[node].accused.contains(duty), !memories[node].outstanding.contains(duty)
        {
            memories[node].outstanding.append(duty)
        }
        if isUseful { memories[node].heard.append(vote) }
    }
}
