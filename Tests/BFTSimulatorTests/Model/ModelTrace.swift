import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import Synchronization

/// What honest validators did in a run, for whoever wants it after it.
final class ModelSteps: Sendable {
    private let content = Mutex<(isHonest: [Bool], steps: [ModelStep])>(([], []))

    var isHonest: [Bool] { content.withLock { $0.isHonest } }
    var all: [ModelStep] { content.withLock { $0.steps } }

    func begin(_ isHonest: [Bool]) { content.withLock { $0 = (isHonest, []) } }
    func append(_ step: ModelStep) { content.withLock { $0.steps.append(step) } }
}

/// Reads what honest validators do as steps of the model, and refuses what the model does.
struct ModelTrace<Rules: SimplexRules>: Oracle {
    typealias P = SimplexReplica<Rules>

    private struct Said: Hashable, Sendable {
        let validator: ValidatorIndex
        let statement: Statement
    }

    private var model: SimplexModel
    private let steps: ModelSteps
    /// Blocks that honest validators hold, by digest.
    private var blocks: [Digest: Block] = [:]
    private var names: [Digest: ModelBlock] = [:]
    private var blockCounts: [View: Int] = [:]
    private var said: Set<Said> = []

    init(_ scene: Scene, steps: ModelSteps) {
        model = SimplexModel(powers: scene.validators.powers, isHonest: scene.isHonest)
        self.steps = steps
        steps.begin(scene.isHonest)
    }

    static func entry(_ steps: ModelSteps) -> OracleEntry<P> {
        OracleEntry("model") { Self($0, steps: steps) }
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard let step = step(observation) else { return nil }
        steps.append(step)
        return model.take(step) ? nil : "the model refuses \(step)"
    }

    private mutating func step(_ observation: Observation<P>) -> ModelStep? {
        switch observation {
        case .durable(.notarized(let block), _):
            blocks[block.digest] = block
            return nil
        case .durable(.certificate(let certificate), let validator):
            return .keep(validator.rawValue, name(certificate.statement))
        case .signed(let unsigned, let validator):
            if case .proposal(let block, _) = unsigned { blocks[block.digest] = block }
            return step(unsigned.statement, by: validator)
        case .entered(let view, let validator): return .enter(validator.rawValue, view.rawValue)
        case .committed(let run, let validator):
            return .commit(
                validator.rawValue, names[run.certificate.statement.block] ?? .missing)
        default: return nil
        }
    }

    /// A vote, unless the validator repeats itself, as it does after a restart.
    private mutating func step(
        _ statement: Statement, by validator: ValidatorIndex
    ) -> ModelStep? {
        guard said.insert(Said(validator: validator, statement: statement)).inserted else {
            return nil
        }
        let position = validator.rawValue
        switch statement.kind {
        case .nullify: return .nullify(position, statement.view.rawValue)
        case .abstain: return .abstain(position, statement.view.rawValue)
        case .finalize: return .finalize(position, names[statement.block] ?? .missing)
        case .support:
            // Known to the model once somebody honest notarized it.
            return .support(position, names[statement.block] ?? .missing)
        default: break
        }
        guard let block = blocks[statement.block] else {
            return .notarize(position, .missing, on: .missing)  // Nobody holds it: refused.
        }
        return .notarize(position, name(block), on: nameOfParent(block))
    }

    private mutating func name(_ block: Block) -> ModelBlock {
        if let name = names[block.digest] { return name }
        blockCounts[block.view, default: 0] += 1
        let name = ModelBlock(
            view: block.view.rawValue, number: blockCounts[block.view, default: 0])
        names[block.digest] = name
        return name
    }

    private func name(_ certified: Statement) -> ModelCertificate {
        certified.kind == .nullify
            ? .nullification(certified.view.rawValue)
            : .notarization(names[certified.block] ?? .missing)
    }

    private func nameOfParent(_ block: Block) -> ModelBlock {
        // The first block stands on the genesis, whatever digest that has: height says so.
        block.height.rawValue == 1 ? .genesis : names[block.parent] ?? .missing
    }
}
