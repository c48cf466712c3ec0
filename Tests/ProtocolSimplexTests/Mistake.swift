import BFTBase
import BFTCore
import ProtocolSimplex

/// A wrong replica: a sound one, and something that changes what it asks of its host.
protocol Mistake: Sendable {
    mutating func hear(_ input: Input<Simplex>)
    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>]
    /// What it takes back of its log where the chain is gone.
    func recovered(_ records: [SimplexRecord], above floor: Floor) -> [SimplexRecord]
}

extension Mistake {
    func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] { effects }
    func recovered(_ records: [SimplexRecord], above floor: Floor) -> [SimplexRecord] { records }
    func hear(_ input: Input<Simplex>) {}
}

extension Effect<Simplex> {
    /// The vote that is made durable or signed.
    var vote: Statement? {
        switch self {
        case .persist(.voted(let statement)), .sign(.vote(let statement)): statement
        default: nil
        }
    }
}

/// Supports only blocks whose bodies came.
struct SupportsWhatItHolds: Mistake {
    private var held: Set<Digest> = []

    mutating func hear(_ input: Input<Simplex>) {
        guard case .received(let message, _) = input else { return }
        switch message.value {
        case .proposal(let proposal): held.insert(proposal.block.digest)
        case .block(let block): held.insert(block.digest)
        default: break
        }
    }

    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        effects.filter { effect in
            effect.vote.map { $0.kind != .support || held.contains($0.block) } ?? true
        }
    }
}

/// Supports three blocks of a view and no more, however often it restarts.
struct RunsOutOfSupports: Mistake {
    private var supported: [View: [Digest]] = [:]

    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        effects.filter { effect in
            guard let vote = effect.vote, vote.kind == .support else { return true }
            let earlier = supported[vote.view] ?? []
            if earlier.contains(vote.block) { return true }
            guard earlier.count < 3 else { return false }
            supported[vote.view] = earlier + [vote.block]
            return true
        }
    }
}

/// Asks for two blocks and for no third.
struct AsksForTwoBlocks: Mistake {
    private var wanted: [Digest] = []

    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        effects.map { effect in
            switch effect {
            case .broadcast(.inquiry(let inquiry)): .broadcast(.inquiry(cut(inquiry)))
            case .send(.inquiry(let inquiry), let peer): .send(.inquiry(cut(inquiry)), to: peer)
            default: effect
            }
        }
    }

    private mutating func cut(_ inquiry: SimplexInquiry) -> SimplexInquiry {
        for digest in inquiry.wanted where !wanted.contains(digest) { wanted.append(digest) }
        return SimplexInquiry(
            view: inquiry.view, lackingSince: inquiry.lackingSince, committed: inquiry.committed,
            wanted: inquiry.wanted.filter { wanted.prefix(2).contains($0) })
    }
}

/// Makes a vote durable, and not what it stands on.
struct ForgetsWhy: Mistake {
    enum Part: Sendable { case ancestors, parents, skippedViews }
    let part: Part

    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        let isVote = effects.contains { if case .persist(.notarized) = $0 { true } else { false } }
        return effects.filter { effect in
            switch (effect, part) {
            case (.persist(.ancestor), .ancestors): false
            case (.persist(.certificate(let why)), .parents):
                !isVote || why.statement.kind == .nullify
            case (.persist(.certificate(let why)), .skippedViews):
                !isVote || why.statement.kind != .nullify
            default: true
            }
        }
    }
}

/// Keeps what ends a view to itself.
struct PassesNothingOn: Mistake {
    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        effects.filter { if case .send(.certificate, _) = $0 { false } else { true } }
    }
}

/// Asks nobody in particular.
struct AsksNobodyAhead: Mistake {
    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        effects.filter { if case .send(.inquiry, _) = $0 { false } else { true } }
    }
}

/// Asks nobody when it gives a view up.
struct AsksForNoCommit: Mistake {
    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        guard effects.contains(where: { $0.vote?.kind == .nullify }) else { return effects }
        return effects.filter { if case .broadcast(.inquiry) = $0 { false } else { true } }
    }
}

/// Does not care for the batches of ancestors.
struct ForgetsAncestors: Mistake {
    mutating func changed(_ effects: [Effect<Simplex>]) -> [Effect<Simplex>] {
        effects.filter { effect in
            if case .judge(let branch) = effect { !branch.isCertified } else { true }
        }
    }
}

/// Begins a new log without the certificate of the last committed block.
struct KeepsNoCommitCertificate: Mistake {
    func recovered(_ records: [SimplexRecord], above floor: Floor) -> [SimplexRecord] {
        if case .certificate = records.first { Array(records.dropFirst()) } else { records }
    }
}

/// Takes no block back of a view at or below its floor.
struct GivesUpForgottenBlocks: Mistake {
    func recovered(_ records: [SimplexRecord], above floor: Floor) -> [SimplexRecord] {
        records.filter {
            switch $0 {
            case .notarized(let block), .ancestor(let block): block.view > floor.view
            case .voted, .certificate: true
            }
        }
    }
}
