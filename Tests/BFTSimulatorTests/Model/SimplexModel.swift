import BFTBase

/// A block as the model has it: its view, and which of the blocks of that view it is.
struct ModelBlock: Hashable, Sendable {
    let view: UInt64
    /// From 1, in the order in which honest validators notarized them.
    let number: Int

    static let genesis = ModelBlock(view: 0, number: 0)
    /// In the place of a block that no honest validator notarized.
    static let missing = ModelBlock(view: 0, number: 1)
}

/// What a certificate says, as far as the next votes stand on it.
enum ModelCertificate: Hashable, Sendable {
    case notarization(ModelBlock)
    case nullification(UInt64)
}

/// One thing that an honest validator does.
enum ModelStep: Equatable, Sendable {
    case notarize(Int, ModelBlock, on: ModelBlock)
    case nullify(Int, UInt64)
    case abstain(Int, UInt64)
    case support(Int, ModelBlock)
    case finalize(Int, ModelBlock)
    case enter(Int, UInt64)
    case commit(Int, ModelBlock)
    /// A certificate can't be lost any more.
    case keep(Int, ModelCertificate)

    /// The view that it is about.
    var view: UInt64 {
        switch self {
        case .notarize(_, let block, _), .support(_, let block), .finalize(_, let block),
            .commit(_, let block), .keep(_, .notarization(let block)):
            block.view
        case .keep(_, .nullification(let view)), .nullify(_, let view), .abstain(_, let view),
            .enter(_, let view):
            view
        }
    }
}

/// The states of `Specs/Simplex/Simplex.tla` and the steps between them, restated. The names are
/// those of the specification, which says why; powers may differ here. What is durable is that of
/// `SimplexTrace.tla`.
struct SimplexModel: Sendable {
    let powers: [VotingPower]
    let isHonest: [Bool]

    private var parent: [ModelBlock: ModelBlock] = [:]
    private var notarizers: [ModelBlock: Set<Int>] = [:]
    private var nullifiers: [UInt64: Set<Int>] = [:]
    private var supporters: [ModelBlock: Set<Int>] = [:]
    private var finalizers: [ModelBlock: Set<Int>] = [:]
    private var blocks: [UInt64: Set<ModelBlock>] = [:]
    /// The latest view in which each validator notarized, nullified or supported.
    private var spoken: [UInt64]
    /// The certificates that each made durable.
    private var durable: [Set<ModelCertificate>]
    /// What each committed last.
    private var settled: [ModelBlock]

    init(powers: [VotingPower], isHonest: [Bool]) {
        self.powers = powers
        self.isHonest = isHonest
        spoken = powers.map { _ in 0 }
        durable = powers.map { _ in [] }
        settled = powers.map { _ in .genesis }
    }

    /// Takes `step` if the model allows it in this state. Says whether it does.
    mutating func take(_ step: ModelStep) -> Bool {
        guard allows(step) else { return false }
        switch step {
        case .notarize(let validator, let block, let above):
            parent[block] = above
            blocks[block.view, default: []].insert(block)
            notarizers[block, default: []].insert(validator)
            spoken[validator] = max(spoken[validator], block.view)
        case .nullify(let validator, let view):
            nullifiers[view, default: []].insert(validator)
            spoken[validator] = max(spoken[validator], view)
        case .support(let validator, let block):
            supporters[block, default: []].insert(validator)
            spoken[validator] = max(spoken[validator], block.view)
        case .finalize(let validator, let block):
            finalizers[block, default: []].insert(validator)
        case .keep(let validator, let certificate): durable[validator].insert(certificate)
        case .commit(let validator, let block):
            if block.view > settled[validator].view { settled[validator] = block }
        case .abstain, .enter: break
        }
        return true
    }

    private func allows(_ step: ModelStep) -> Bool {
        switch step {
        case .notarize(let validator, let block, let above):
            (parent[block] ?? above) == above && mayNotarize(validator, block.view)
                && mayBeIn(validator, block.view) && isJustified(above, block.view)
                && hasEntered(validator, block.view) && canShow(validator, above, block.view)
        case .nullify(let validator, let view):
            hasEntered(validator, view) && !hasNullified(validator, view)
                && !hasFinalized(validator, view)
                && mayBeIn(validator, view)
                && notarized(validator, view).allSatisfy { cannotBeUnanimous($0) }
        case .abstain(let validator, let view):
            hasNullified(validator, view) && notarized(validator, view).isEmpty
        case .support(let validator, let block): maySupport(validator, block)
        case .finalize(let validator, let block):
            certified(notarizers[block]) && !hasNullified(validator, block.view)
                && !hasSupported(validator, block.view) && !hasFinalized(validator, block.view)
        case .enter(let validator, let view): mayBeIn(validator, view)
        case .commit(_, let block): certified(finalizers[block]) || isUnanimous(block)
        case .keep(_, .notarization(let block)): isNotarized(block)
        case .keep(_, .nullification(let view)): isNullified(view)
        }
    }

    // MARK: Certificates

    /// Whether `voters` with all malicious validators are a quorum.
    private func certified(_ voters: Set<Int>?) -> Bool {
        let total = powers.reduce(0, +)
        let power = powers.indices.reduce(VotingPower(0)) { sum, position in
            let counts = !isHonest[position] || voters?.contains(position) == true
            return counts ? sum + powers[position] : sum
        }
        return 3 * power > 2 * total
    }

    private func isNotarized(_ block: ModelBlock) -> Bool {
        block == .genesis || certified(notarizers[block]) || certified(supporters[block])
    }

    /// Whether `voters` with all malicious validators are more than a third.
    private func isWeakQuorum(_ voters: Set<Int>) -> Bool {
        let power = powers.indices.filter { !isHonest[$0] || voters.contains($0) }
            .reduce(VotingPower(0)) { $0 + powers[$1] }
        return 3 * power > powers.reduce(0, +)
    }

    private func isUnanimous(_ block: ModelBlock) -> Bool {
        isHonest.indices.allSatisfy {
            !isHonest[$0] || notarizers[block]?.contains($0) == true
        }
    }

    private func isNullified(_ view: UInt64) -> Bool { certified(nullifiers[view]) }

    private func isJustified(_ above: ModelBlock, _ view: UInt64) -> Bool {
        above.view < view && isNotarized(above)
            && (above.view + 1..<view).allSatisfy { isNullified($0) }
    }

    // MARK: What an honest validator may do

    private func mayBeIn(_ validator: Int, _ view: UInt64) -> Bool {
        guard spoken[validator] <= view, view > 0 else { return false }
        return view == 1 || isNullified(view - 1)
            || blocks[view - 1, default: []].contains { isNotarized($0) }
    }

    /// Whether what let the validator into `view` is durable.
    private func hasEntered(_ validator: Int, _ view: UInt64) -> Bool {
        guard view > 1, settled[validator].view < view - 1 else { return true }
        return durable[validator].contains {
            switch $0 {
            case .nullification(let ended): ended == view - 1
            case .notarization(let block): block.view == view - 1
            }
        }
    }

    /// Whether what a vote for a block of `view` on `above` stands on is durable.
    private func canShow(_ validator: Int, _ above: ModelBlock, _ view: UInt64) -> Bool {
        (above == settled[validator] || durable[validator].contains(.notarization(above)))
            && (above.view + 1..<view).allSatisfy {
                durable[validator].contains(.nullification($0))
            }
    }

    /// Neither the block nor what justifies it is asked for: the votes are enough.
    private func maySupport(_ validator: Int, _ block: ModelBlock) -> Bool {
        supporters[block]?.contains(validator) != true && !hasFinalized(validator, block.view)
            && isWeakQuorum(notarizers[block] ?? []) && mayBeIn(validator, block.view)
            && hasEntered(validator, block.view)
    }

    /// Whether enough abstained, or may, or notarized another block of the view.
    private func cannotBeUnanimous(_ block: ModelBlock) -> Bool {
        let opponents = isHonest.indices.filter { validator in
            let own = notarized(validator, block.view)
            return !own.contains(block) && (!own.isEmpty || hasNullified(validator, block.view))
        }
        return isWeakQuorum(Set(opponents))
    }

    private func notarized(_ validator: Int, _ view: UInt64) -> [ModelBlock] {
        blocks[view, default: []].filter { notarizers[$0]?.contains(validator) == true }
    }

    private func hasSupported(_ validator: Int, _ view: UInt64) -> Bool {
        blocks[view, default: []].contains { supporters[$0]?.contains(validator) == true }
    }

    private func mayNotarize(_ validator: Int, _ view: UInt64) -> Bool {
        !hasNullified(validator, view)
            && !blocks[view, default: []].contains { notarizers[$0]?.contains(validator) == true }
    }

    private func hasNullified(_ validator: Int, _ view: UInt64) -> Bool {
        nullifiers[view]?.contains(validator) == true
    }

    private func hasFinalized(_ validator: Int, _ view: UInt64) -> Bool {
        blocks[view, default: []].contains { finalizers[$0]?.contains(validator) == true }
    }
}
