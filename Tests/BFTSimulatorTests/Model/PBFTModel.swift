import BFTBase
import BFTCore
import ProtocolPBFT

/// The relation between the states of `Specs/PBFT/PBFT.tla`, restated for runs that are played
/// view by view. The names are those of the specification, which says why; powers may differ here.
struct PBFTModel {
    private let played: PBFTPlayed
    /// The prepared certificates of the views before.
    private var prepared: Set<PBFTCertificateName> = []
    /// The highest certificate that each voted to commit upon.
    private var kept: [Int: PBFTCertificateName] = [:]
    private let decided: Set<Digest>

    private init(_ played: PBFTPlayed) {
        self.played = played
        decided = Set(played.decided.map(\.digest))
    }

    /// What the model refuses first, or `nil` if it allows the run.
    static func refusal(of played: PBFTPlayed) -> String? {
        var model = PBFTModel(played)
        for number in 1...max(1, played.lastView.rawValue) {
            let view = View(number)
            let turn = played.turns[view] ?? PBFTPlayed.Turn()
            if let refusal = model.play(turn, in: view) { return "view \(view): \(refusal)" }
        }
        return nil
    }

    private mutating func play(_ turn: PBFTPlayed.Turn, in view: View) -> String? {
        if let voter = turn.late.min() { return "v\(voter) is late" }
        for (voter, report) in turn.asked.sorted(by: { $0.key < $1.key }) {
            guard mayReport(report, voter) else {
                return "v\(voter) asks with \(report.map { "\($0)" } ?? "nothing")"
            }
        }
        let beginnings = beginnings(turn, view)
        let now = preparedNow(turn, view)
        for (voter, blocks) in turn.prepared.sorted(by: { $0.key < $1.key }) {
            guard isJustified(blocks, beginnings, now, in: view) else {
                return "v\(voter) prepares"
            }
        }
        prepared.formUnion(now)
        for (voter, blocks) in turn.committed.sorted(by: { $0.key < $1.key }) {
            for digest in blocks {
                guard let name = now.first(where: { $0.block == digest }) else {
                    return "v\(voter) votes to commit what is not prepared"
                }
                if kept[voter].map({ name.isAbove($0) }) ?? true { kept[voter] = name }
            }
        }
        for digest in turn.decided {
            let voters = turn.committed.filter { _, blocks in
                blocks.contains { played.isAncestor(digest, of: $0) }
            }
            guard isCertified(Set(voters.keys)) else { return "too few commit" }
        }
        return nil
    }

    // MARK: Certificates

    private func power(_ voters: Set<Int>) -> VotingPower {
        voters.reduce(0) { $0 + played.powers[$1] }
    }

    private func isQuorum(_ power: VotingPower) -> Bool {
        3 * power > 2 * played.powers.reduce(0, +)
    }

    /// With all that the malicious may have said.
    private func isCertified(_ voters: Set<Int>) -> Bool {
        let malicious = played.isHonest.indices.filter { !played.isHonest[$0] }
        return isQuorum(power(voters.union(malicious)))
    }

    private func preparedNow(_ turn: PBFTPlayed.Turn, _ view: View) -> Set<PBFTCertificateName> {
        var names: Set<PBFTCertificateName> = []
        for digest in turn.prepared.values.reduce(into: Set<Digest>(), { $0.formUnion($1) }) {
            guard let block = played.blocks[digest] else { continue }
            let voters = turn.prepared.filter { $0.value.contains(digest) }
            if isCertified(Set(voters.keys)) {
                names.insert(PBFTCertificateName(view: view, height: block.height, block: digest))
            }
        }
        return names
    }

    // MARK: The view change

    private func mayReport(_ report: PBFTCertificateName?, _ voter: Int) -> Bool {
        guard let report else { return kept[voter] == nil }
        return prepared.contains(report) && !(kept[voter]?.isAbove(report) ?? false)
    }

    /// What the view may begin with. `nil` is the genesis.
    private func beginnings(_ turn: PBFTPlayed.Turn, _ view: View) -> Set<Digest?> {
        guard view > View(1) else { return [nil] }
        var tips: Set<Digest?> = []
        let askers = turn.asked.keys.sorted()
        for bits in 0..<(1 << askers.count) {
            let group = askers.indices.filter { bits >> $0 & 1 == 1 }.map { askers[$0] }
            var highest: PBFTCertificateName?
            for case let report?? in group.map({ turn.asked[$0] })
            where highest.map({ report.isAbove($0) }) ?? true {
                highest = report
            }
            if isQuorum(power(Set(group))) { tips.insert(highest?.block) }
            guard isCertified(Set(group)) else { continue }
            tips.insert(highest?.block)
            for lie in prepared where highest.map({ lie.isAbove($0) }) ?? true {
                tips.insert(lie.block)
            }
        }
        return tips
    }

    private func isJustified(
        _ blocks: Set<Digest>, _ beginnings: Set<Digest?>, _ now: Set<PBFTCertificateName>,
        in view: View
    ) -> Bool {
        let held = blocks.compactMap { played.blocks[$0] }
        guard held.count == blocks.count, Set(held.map(\.height)).count == held.count else {
            return false
        }
        return held.allSatisfy { block in
            if beginnings.contains(block.digest) { return true }
            guard block.view == view else { return false }
            let parent = block.height == Height(1) ? nil : block.parent
            if beginnings.contains(parent) { return true }
            if let parent, blocks.contains(parent) || now.contains(where: { $0.block == parent }) {
                return true
            }
            // A jump to what is committed, not below where the view began.
            return parent.map { decided.contains($0) } ?? true
                && beginnings.contains { height(of: $0) < block.height }
        }
    }

    private func height(of tip: Digest?) -> Height {
        tip.flatMap { played.blocks[$0]?.height } ?? .zero
    }
}
