import BFTBase

/// One thing that an honest validator does under the rules of HotStuff.
enum HotStuffStep: Equatable, Sendable {
    /// It votes for the block, alone or by proposing it.
    case vote(Int, ModelBlock, on: ModelBlock)
    /// It gives a view up and says the view of the newest certificate that it knows.
    case giveUp(Int, UInt64, claiming: UInt64)
    case enter(Int, UInt64)
    /// By a certificate of the first block, it takes the second for committed, alone or below a
    /// later one.
    case commit(Int, by: ModelBlock, ModelBlock)
    /// It lost its power and comes back with what was durable.
    case restart(Int)

    var view: UInt64 {
        switch self {
        case .vote(_, let block, _), .commit(_, let block, _): block.view
        case .giveUp(_, let view, _), .enter(_, let view): view
        case .restart: 0
        }
    }
}

/// The transition relation of `Specs/HotStuff/HotStuff.tla`, restated, without its order of views:
/// what each honest validator may do after what all of them did so far. The labels are those there.
///
/// Malicious validators take no steps: they are counted as having said everything. A restart
/// changes nothing, since what is here of a validator is what it has to have made durable.
struct HotStuffModel: Sendable {
    private let powers: [VotingPower]
    private let isHonest: [Bool]
    private let isTwoChain: Bool
    private var parent: [ModelBlock: ModelBlock] = [:]
    private var voters: [ModelBlock: Set<Int>] = [:]
    private var blocks: [UInt64: Set<ModelBlock>] = [:]
    /// By view: what each who gave it up claimed.
    private var timeouts: [UInt64: [Int: UInt64]] = [:]
    /// The last view in which each voted.
    private var voted: [UInt64]
    /// The last view that each gave up.
    private var gaveUp: [UInt64]
    /// The view of the newest certificate that what each said rests on.
    private var high: [UInt64]
    private var lock: [UInt64]

    init(powers: [VotingPower], isHonest: [Bool], isTwoChain: Bool) {
        self.powers = powers
        self.isHonest = isHonest
        self.isTwoChain = isTwoChain
        voted = powers.map { _ in 0 }
        (gaveUp, high, lock) = (voted, voted, voted)
    }

    /// Takes `step` if the model allows it in this state. Says whether it does.
    mutating func take(_ step: HotStuffStep) -> Bool {
        guard allows(step) else { return false }
        switch step {
        case .vote(let validator, let block, let above):
            parent[block] = above
            blocks[block.view, default: []].insert(block)
            voters[block, default: []].insert(validator)
            voted[validator] = block.view
            high[validator] = max(high[validator], above.view)
            lock[validator] = max(lock[validator], (parent[above] ?? .genesis).view)  // G5
        case .giveUp(let validator, let view, let claimed):
            timeouts[view, default: [:]][validator] = claimed
            gaveUp[validator] = view
            high[validator] = max(high[validator], claimed)
        case .enter, .commit, .restart: break
        }
        return true
    }

    private func allows(_ step: HotStuffStep) -> Bool {
        switch step {
        case .vote(let validator, let block, let above):
            (parent[block] ?? above) == above && block.view > voted[validator]  // G15
                && block.view > gaveUp[validator]  // G16
                && isCertified(above) && above.view < block.view  // G13, G14
                && mayExtend(validator, above.view, in: block.view)
        case .giveUp(let validator, let view, let claimed):
            view > gaveUp[validator] && claimed >= high[validator] && claimed < view  // G17, G19
                && isViewCertified(claimed)  // G18
        case .enter(_, let view):
            view == 1 || isViewCertified(view - 1) || isGivenUp(view - 1, claiming: .max)  // G20
        case .commit(_, let block, let committed):
            isCertified(block) && commits(block, committed)
        case .restart: true
        }
    }

    // MARK: Certificates

    /// Whether `some` with all malicious validators are a quorum. G1
    private func canBeQuorum(_ some: (Int) -> Bool) -> Bool {
        let total = powers.reduce(0, +)
        let power = powers.indices.filter { !isHonest[$0] || some($0) }
            .reduce(VotingPower(0)) { $0 + powers[$1] }
        return 3 * power > 2 * total
    }

    /// G2
    private func isCertified(_ block: ModelBlock) -> Bool {
        block == .genesis || canBeQuorum { voters[block]?.contains($0) == true }
    }

    private func isViewCertified(_ view: UInt64) -> Bool {
        view == 0 || blocks[view, default: []].contains { isCertified($0) }
    }

    /// Whether a quorum gave `view` up, none of whom claimed more than `most`. G4, G21
    private func isGivenUp(_ view: UInt64, claiming most: UInt64) -> Bool {
        canBeQuorum { validator in
            timeouts[view]?[validator].map { $0 <= most } ?? false
        }
    }

    private func mayExtend(_ validator: Int, _ above: UInt64, in view: UInt64) -> Bool {
        guard isTwoChain else { return above >= lock[validator] }  // G9
        return above == view - 1 || isGivenUp(view - 1, claiming: above)  // G6, G7, G8
    }

    /// Whether a certificate of `block` commits `committed`, by itself or below a later block: who
    /// was away takes what a certificate commits in parts, the lowest first.
    private func commits(_ block: ModelBlock, _ committed: ModelBlock) -> Bool {
        var below = committedBy(block)
        while let next = below, next != .genesis {
            if next == committed { return true }
            below = parent[next]
        }
        return false
    }

    /// What a certificate of `block` commits, if anything. G3
    private func committedBy(_ block: ModelBlock) -> ModelBlock? {
        guard let middle = isTwoChain ? block : parent[block], let first = parent[middle],
            first != .genesis, block.view <= middle.view + 1, middle.view == first.view + 1
        else { return nil }
        return first
    }
}
