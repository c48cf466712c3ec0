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
    private typealias Special = P.Message.Special

    private var arsenal = Arsenal<Special>()
    private var temper: Temper?
    /// How much of what the coalition heard is in the arsenal.
    private var ingestedCount = 0
    /// What is held back, and for how many times to speak.
    private var late: [(pause: Int, dispatch: Dispatch<P>)] = []

    private static var lateLimit: Int { 64 }

    // MARK: Occasions

    /// Chance of its own, with all that is known by now. `nil` while the machine is down.
    private mutating func open(_ vantage: inout Vantage<P>) -> Forge<Special>? {
        guard let consensus = vantage.replica?.consensus else { return nil }
        var random = vantage.coalition.nextOccasion()
        if temper.map({ random.oneIn($0.constancy) }) ?? true { temper = .drawn(from: &random) }
        guard let temper else { return nil }
        var forge = Forge<Special>(
            vantage, committed: consensus.committed, leaders: { consensus.leader(of: $0) },
            arsenal: arsenal, random: random, temper: temper)
        arsenal = Arsenal()  // The forge's alone, so that it is changed in place.
        ingest(vantage.coalition, &forge)
        return forge
    }

    private mutating func ingest(_ coalition: Coalition<P>, _ forge: inout Forge<Special>) {
        for message in coalition.heard(since: ingestedCount) { ingest(message, &forge) }
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
        return filtered(honest, Dispatch(signed, to: targets), message.variety, &forge)
    }

    mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let honest = Dispatch(message, to: [peer])
        guard var forge = open(&vantage) else { return [honest] }
        defer { arsenal = forge.arsenal }
        ingest(message, &forge)
        if case .ledger(.syncResponse(let run)) = message, forge.temper.isInventingHistory {
            return history(from: run.blocks.first?.height ?? .zero, for: peer, &forge)
        }
        return filtered(honest, honest, Self.variety(of: message), &forge)
    }

    private static var batchVariety: Int { Temper.ledgerVariety }

    private static func variety(of message: ReplicaMessage<P>) -> Int {
        switch message {
        case .consensus(let part): part.variety
        case .ledger(let part): Temper.ledgerVariety + part.variety
        }
    }

    private mutating func filtered(
        _ honest: Dispatch<P>, _ signed: Dispatch<P>, _ variety: Int,
        _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        func only(_ isChosen: (ValidatorIndex) -> Bool) -> [Dispatch<P>] {
            let chosen = honest.targets.filter(isChosen)
            return chosen.isEmpty
                ? [] : chosen == honest.targets ? [honest] : [signed.to(chosen)]
        }
        let own =
            variety < P.Message.varietyCount || variety == Self.batchVariety ? variety : nil
        switch forge.temper.filters[variety] {
        case .pass: return [honest]
        case .drop: return []
        case .only(let set): return only { set.contains($0) }
        case .someone: return only { _ in Bool.random(using: &forge.random) }
        case .late:
            hold(signed, &forge)
            return []
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
        if case .ledger(.syncRequest(let request)) = message, forge.temper.isInventingHistory {
            return switch request {
            case .from(let height): history(from: height, for: sender, &forge)
            case .ancestors(let name, let lowest):
                ancestors(of: name, downTo: lowest, for: sender, &forge)
            }
        }
        if case .ledger(.batchRequest(let references)) = message, forge.temper.isInventingHistory {
            return forge.copies(of: references).map { Dispatch(.ledger(.batch($0)), to: [sender]) }
        }
        guard forge.random.oneIn(forge.temper.reticence) else { return [] }
        return made(&forge, for: audience(&forge))
    }

    mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        guard var forge = open(&vantage) else { return [] }
        defer { arsenal = forge.arsenal }
        for position in late.indices { late[position].pause -= 1 }
        var sent = late.filter { $0.pause <= 0 }.map(\.dispatch)
        late.removeAll { $0.pause <= 0 }
        for _ in 0..<forge.choice(of: forge.temper.eloquence + 1) {
            let targets = audience(&forge)
            guard forge.random.oneIn(6) else {
                sent += made(&forge, for: targets)
                continue
            }
            if let old = vantage.coalition.heard.randomElement(using: &forge.random) {
                sent.append(Dispatch(old, to: targets))
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
        let drawn =
            focus < P.Message.varietyCount && forge.random.oneIn(2)
            ? focus : forge.choice(of: P.Message.varietyCount)
        guard !targets.isEmpty, let message = P.Message.compose(variety ?? drawn, &forge) else {
            return []
        }
        message.takeApart(into: &forge.arsenal)
        for vote in P.votes(in: message) { forge.complete(vote.statement) }
        return [Dispatch(.consensus(message), to: targets)]
    }

    /// Answers to a peer that catches up: known blocks from a height on, under any certificate that
    /// commits the last of them.
    private func history(
        from height: Height, for peer: ValidatorIndex, _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        let arsenal = forge.arsenal
        let kind = arsenal.certificates.items.map(\.statement.kind)
            .filter { $0.outcome != .nothing }.distinct.randomElement(using: &forge.random)
        let certificate = forge.arsenal.certificates.pick(&forge.random) { certificate in
            guard let committed = certificate.statement.committed,
                certificate.statement.kind == kind
            else { return false }
            return committed.height >= height && arsenal.block(named: committed.digest) != nil
        }
        guard let certificate, let last = certificate.statement.committed else { return [] }
        let blocks = Self.chain(endingIn: last.digest, downTo: height, arsenal)
        let run = UncheckedRun(blocks: blocks, certificate: certificate)
        return [Dispatch(.ledger(.syncResponse(run)), to: [peer])]
    }

    /// Answers to a peer that walks down by links: the blocks that it asks for as far as they are
    /// known, or those below any other.
    private func ancestors(
        of name: BlockName, downTo height: Height, for peer: ValidatorIndex,
        _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        var top = name.digest
        if forge.random.oneIn(3), let other = forge.arsenal.blocks.pick(&forge.random) {
            top = other.digest
        }
        let blocks = Self.chain(endingIn: top, downTo: height, forge.arsenal)
        return [Dispatch(.ledger(.syncAncestors(blocks)), to: [peer])]
    }

    /// Known blocks, each the parent of the next, of at least `height` and up to `digest`.
    private static func chain(
        endingIn digest: Digest, downTo height: Height, _ arsenal: Arsenal<Special>
    ) -> [Block] {
        var (blocks, digest): ([Block], Digest) = ([], digest)
        while blocks.count < LedgerLimits.syncBlockLimit, let block = arsenal.block(named: digest),
            block.height >= height
        {
            blocks.append(block)
            digest = block.parent
        }
        return blocks.reversed()
    }
}

extension [VoteKind] {
    fileprivate var distinct: [VoteKind] {
        reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

extension UInt64 {
    /// Whether the set of positions has that of `validator`.
    fileprivate func contains(_ validator: ValidatorIndex) -> Bool {
        self & 1 << UInt64(validator.rawValue % 64) != 0
    }
}

extension Dispatch {
    fileprivate func to(_ targets: [ValidatorIndex]) -> Dispatch {
        switch content {
        case .unsigned(let unsigned): Dispatch(unsigned, to: targets)
        case .message(let message): Dispatch(message, to: targets)
        case .bytes(let bytes): Dispatch(bytes: bytes, to: targets)
        }
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
