import BFTBase
import BFTCore
import BFTLedger

/// What an adversary has to say that says anything: it keeps all that was signed, signs what it
/// likes with the keys of its coalition, and puts any of it into any place of any message, for
/// anyone, at any time.
///
/// Its temper changes now and then: what it lets pass of what its own replica would say, and how
/// much it makes up beside that.
struct Sayer<P: Attackable>: Sendable {
    typealias Special = P.Message.Special

    private var arsenal = Arsenal<Special>()
    private var temper: Temper?
    /// How much of what the coalition heard is in the arsenal.
    private var ingestedCount = 0
    /// What it voted for since others did.
    var seconded: [Statement] = []
    /// The view of the last certificate that was kept and told.
    var revealedView = View.zero
    /// What is held back, and for how many times to speak.
    private var late: [(pause: Int, dispatch: Dispatch<P>)] = []

    static var lateLimit: Int { 64 }

    // MARK: Occasions

    /// Chance of its own, with all that is known by now. `nil` while the machine is down.
    private mutating func open(_ vantage: inout Vantage<P>) -> Forge<Special>? {
        guard let consensus = vantage.replica?.consensus else { return nil }
        var random = vantage.coalition.nextOccasion()
        let repertoire = vantage.coalition.repertoire
        if temper.map({ random.oneIn($0.constancy) }) ?? true {
            temper = Temper(from: &random, repertoire)
        }
        let secluded = vantage.coalition.secluded
        let isOver =
            vantage.coalition.mood.map {
                random.oneIn($0.constancy) || $0.secluded != secluded
            } ?? true
        if isOver {
            vantage.coalition.mood = Mood(
                from: &random, validatorCount: vantage.validators.count, secluded: secluded,
                kinds: arsenal.certificates.items.map(\.statement.kind).distinct, repertoire)
        }
        guard let temper, let mood = vantage.coalition.mood else { return nil }
        var forge = Forge<Special>(
            vantage, committed: consensus.committed, leaders: { consensus.leader(of: $0) },
            arsenal: arsenal, random: random, temper: mood.isEclipse ? temper.plain : temper,
            mood: mood)
        arsenal = Arsenal()  // The forge's alone, so that it is changed in place.
        ingest(vantage.coalition, &forge)
        return forge
    }

    private mutating func ingest(_ coalition: Coalition<P>, _ forge: inout Forge<Special>) {
        for message in coalition.heard(since: ingestedCount) {
            ingest(message, &forge)
            for certificate in Self.certificates(in: message) {
                forge.arsenal.noteShown(certificate.statement)
            }
        }
        ingestedCount = coalition.heardCount
    }

    private func ingest(_ message: ReplicaMessage<P>, _ forge: inout Forge<Special>) {
        switch message {
        case .consensus(let part):
            part.takeApart(into: &forge.arsenal)
            for vote in P.votes(in: part) { forge.complete(vote.statement) }
        case .ledger(.syncResponse(let run)):
            for block in run.blocks { forge.arsenal.add(block) }
            forge.arsenal.add(run.certificate)
        case .ledger(.batch(let copy)): forge.arsenal.add(copy)
        case .ledger: break
        }
    }

    // MARK: What its own replica would say

    mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let targets = vantage.recipients(of: unsigned)
        let honest = Dispatch<P>(unsigned, to: targets)
        let signed = vantage.signed(unsigned, by: vantage.own)
        guard case .consensus(let message) = signed,
            var forge = open(&vantage)
        else { return [honest] }
        defer { arsenal = forge.arsenal }
        ingest(signed, &forge)
        return filtered(honest, signed, message.variety, &forge)
    }

    mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let honest = Dispatch(message, to: [peer])
        guard var forge = open(&vantage) else { return [honest] }
        defer { arsenal = forge.arsenal }
        ingest(message, &forge)
        if case .ledger(.syncResponse(let run)) = message,
            forge.temper.isInventingHistory || forge.mood.isOnDiet(peer)
        {
            return history(from: run.blocks.first?.height ?? .zero, for: peer, &forge)
        }
        return filtered(honest, message, Self.variety(of: message), &forge)
    }

    private static var batchVariety: Int { Temper.ledgerVariety }

    private static func variety(of message: ReplicaMessage<P>) -> Int {
        switch message {
        case .consensus(let part): part.variety
        case .ledger(let part): Temper.ledgerVariety + part.variety
        }
    }

    /// What becomes of `honest`, which is `message`: those who are to know nothing of it are told
    /// something else, and the temper decides for the others.
    private mutating func filtered(
        _ honest: Dispatch<P>, _ message: ReplicaMessage<P>, _ variety: Int,
        _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        let own =
            variety < P.Message.varietyCount || variety == Self.batchVariety ? variety : nil
        let targets = Self.hearers(of: message, among: honest.targets, forge)
        if forge.isHoarded(Self.votes(in: message)) {
            let later = honest.targets.filter {
                !targets.contains($0) && !forge.mood.leftOut.contains($0)
            }
            hold(Dispatch(message, to: later), &forge)
            return targets.isEmpty ? [] : [Dispatch(message, to: targets)]
        }
        guard targets != honest.targets else {
            return filtered(honest, signed: message, variety, own, &forge)
        }
        let others = honest.targets.filter { !targets.contains($0) }
        let isUntold = forge.temper.isPlain || forge.random.oneIn(4)
        let instead = isUntold ? [] : made(of: own, &forge, for: others)
        guard !targets.isEmpty else { return instead }
        return instead
            + filtered(Dispatch(message, to: targets), signed: message, variety, own, &forge)
    }

    private mutating func filtered(
        _ honest: Dispatch<P>, signed message: ReplicaMessage<P>, _ variety: Int, _ own: Int?,
        _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        func only(_ isChosen: (ValidatorIndex) -> Bool) -> [Dispatch<P>] {
            let chosen = honest.targets.filter(isChosen)
            return chosen.isEmpty
                ? [] : chosen == honest.targets ? [honest] : [Dispatch(message, to: chosen)]
        }
        switch forge.temper.filters[variety] {
        case .pass: return [honest]
        case .drop: return []
        case .only(let set): return only { set.contains($0) }
        case .someone: return only { _ in Bool.random(using: &forge.random) }
        case .late:
            hold(Dispatch(message, to: honest.targets), &forge)
            return []
        case .altered:
            guard let other = altered(message, &forge) else { return [honest] }
            return [Dispatch(other, to: Self.hearers(of: other, among: honest.targets, forge))]
        case .instead:
            return forge.random.oneIn(3) ? [honest] : made(of: own, &forge, for: honest.targets)
        case .beside: return [honest] + made(of: own, &forge, for: honest.targets)
        }
    }

    private mutating func hold(_ dispatch: Dispatch<P>, _ forge: inout Forge<Special>) {
        guard late.count < Self.lateLimit else { return }
        late.append((forge.choice(of: 20), dispatch))
    }

    // MARK: What it says of its own

    mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard var forge = open(&vantage) else { return [] }
        defer { arsenal = forge.arsenal }
        guard !forge.mood.isSilent else { return [] }
        if case .ledger(.syncRequest(let request)) = message,
            forge.temper.isInventingHistory || forge.mood.isOnDiet(sender)
        {
            return switch request {
            case .from(let height): history(from: height, for: sender, &forge)
            case .ancestors(let name, let lowest):
                ancestors(of: name, downTo: lowest, for: sender, &forge)
            }
        }
        if case .ledger(.batchRequest(let references)) = message, forge.temper.isInventingHistory {
            return forge.copies(of: references).map { Dispatch(.ledger(.batch($0)), to: [sender]) }
        }
        let sent = confided(message, &forge) + seconded(message, &forge)
        guard forge.random.oneIn(forge.temper.reticence) else { return sent }
        return sent + made(&forge, for: audience(&forge))
    }

    mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        guard var forge = open(&vantage) else { return [] }
        defer { arsenal = forge.arsenal }
        for position in late.indices { late[position].pause -= 1 }
        guard !forge.mood.isSilent else { return [] }
        var sent = late.filter { $0.pause <= 0 }.map(\.dispatch)
        late.removeAll { $0.pause <= 0 }
        for _ in 0..<forge.choice(of: forge.temper.eloquence + 1) {
            let targets = audience(&forge)
            guard forge.random.oneIn(6) else {
                sent += made(&forge, for: targets)
                continue
            }
            if let old = vantage.coalition.heard.randomElement(using: &forge.random) {
                sent.append(Dispatch(old, to: Self.hearers(of: old, among: targets, forge)))
            }
        }
        return sent
    }

    /// Everybody, those of the temper, or others each time.
    private func audience(_ forge: inout Forge<Special>) -> [ValidatorIndex] {
        let set = forge.temper.audience
        let own = forge.configuration.own
        let peers = forge.validators.indices.filter { $0 != own }
        return forge.random.oneIn(4)
            ? peers.filter { _ in Bool.random(using: &forge.random) }
            : peers.filter { set.contains($0) }
    }

    /// A message made of anything, if it comes to one: of one sort, or of any.
    private func made(
        of variety: Int? = nil, _ forge: inout Forge<Special>, for targets: [ValidatorIndex]
    ) -> [Dispatch<P>] {
        if variety == Self.batchVariety || variety == nil && forge.random.oneIn(10) {
            guard let copy = forge.batch() else { return [] }
            return [Dispatch(.ledger(.batch(copy)), to: targets)]
        }
        let focus = forge.temper.focus
        for _ in 0..<3 {
            let drawn =
                focus < P.Message.varietyCount && forge.random.oneIn(2)
                ? focus : forge.choice(of: P.Message.varietyCount)
            guard !targets.isEmpty, !forge.mood.isSilent,
                let message = P.Message.compose(variety ?? drawn, &forge)
            else { return [] }
            message.takeApart(into: &forge.arsenal)
            for vote in P.votes(in: message) { forge.complete(vote.statement) }
            // Told one alone, be it one that is left out.
            if variety == nil, forge.random.oneIn(8), let one = forge.anyone(),
                !Self.isWithheld(.consensus(message), from: one, forge.mood)
            {
                return [Dispatch(.consensus(message), to: [one])]
            }
            let hearers = Self.hearers(of: .consensus(message), among: targets, forge)
            if !hearers.isEmpty { return [Dispatch(.consensus(message), to: hearers)] }
        }
        return []
    }
}

extension LedgerMessage {
    fileprivate var variety: Int {
        switch self {
        case .batch: 0
        case .batchRequest: 1
        case .syncRequest: 2
        case .syncResponse: 3
        case .readProbe: 4
        case .readClaim: 5
        case .syncAncestors: 6
        }
    }
}
