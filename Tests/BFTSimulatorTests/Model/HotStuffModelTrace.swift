import BFTBase
import BFTCore
import BFTSimulator
import ProtocolHotStuff
import Synchronization

/// What honest validators did in a run of HotStuff, for whoever wants it after it.
final class HotStuffSteps: Sendable {
    private let content = Mutex<(isHonest: [Bool], steps: [HotStuffStep])>(([], []))

    var isHonest: [Bool] { content.withLock { $0.isHonest } }
    var all: [HotStuffStep] { content.withLock { $0.steps } }

    func begin(_ isHonest: [Bool]) { content.withLock { $0 = (isHonest, []) } }
    func append(_ step: HotStuffStep) { content.withLock { $0.steps.append(step) } }
}

/// Reads what honest validators do as steps of the model, and refuses what the model does.
struct HotStuffModelTrace<Rules: HotStuffRules>: Oracle {
    typealias P = HotStuffReplica<Rules>

    private struct Said: Hashable, Sendable {
        let validator: ValidatorIndex
        let bytes: [UInt8]
    }

    private var model: HotStuffModel
    private let steps: HotStuffSteps
    /// Blocks that honest validators voted for, by digest.
    private var blocks: [Digest: Block] = [:]
    private var names: [Digest: ModelBlock] = [:]
    private var blockCounts: [View: Int] = [:]
    private var said: Set<Said> = []

    init(_ scene: Scene, isTwoChain: Bool, steps: HotStuffSteps) {
        model = HotStuffModel(
            powers: scene.validators.powers, isHonest: scene.isHonest, isTwoChain: isTwoChain)
        self.steps = steps
        steps.begin(scene.isHonest)
    }

    static func entry(isTwoChain: Bool, _ steps: HotStuffSteps) -> OracleEntry<P> {
        OracleEntry("model") { Self($0, isTwoChain: isTwoChain, steps: steps) }
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard let step = step(observation) else { return nil }
        steps.append(step)
        return model.take(step) ? nil : "the model refuses \(step)"
    }

    private mutating func step(_ observation: Observation<P>) -> HotStuffStep? {
        switch observation {
        case .durable(.voted(let block, _), _):
            blocks[block.digest] = block
            return nil
        case .signed(let unsigned, let validator):
            if case .proposal(let block, _, _, _) = unsigned { blocks[block.digest] = block }
            return step(unsigned, by: validator)
        case .entered(let view, let validator): return .enter(validator.rawValue, view.rawValue)
        case .committed(let run, let validator):
            return .commit(
                validator.rawValue, by: names[run.certificate.statement.block] ?? .missing,
                names[run.last.digest] ?? .missing)
        case .powerCut(let validator, _): return .restart(validator.rawValue)
        default: return nil
        }
    }

    /// A vote or a timeout, unless the validator repeats itself, as it does after a restart.
    private mutating func step(
        _ unsigned: HotStuffUnsigned, by validator: ValidatorIndex
    ) -> HotStuffStep? {
        let said = Said(validator: validator, bytes: unsigned.signingBytes)
        guard self.said.insert(said).inserted else { return nil }
        switch unsigned {
        case .timeout(let statement):
            return .giveUp(
                validator.rawValue, statement.view.rawValue,
                claiming: statement.highView.rawValue)
        case .vote(let statement, _), .proposal(_, let statement, _, _):
            guard let block = blocks[statement.block] else {
                return .vote(validator.rawValue, .missing, on: .missing)  // Nobody holds it.
            }
            return .vote(validator.rawValue, name(block), on: nameOfParent(block))
        }
    }

    private mutating func name(_ block: Block) -> ModelBlock {
        if let name = names[block.digest] { return name }
        blockCounts[block.view, default: 0] += 1
        let name = ModelBlock(
            view: block.view.rawValue, number: blockCounts[block.view, default: 0])
        names[block.digest] = name
        return name
    }

    private func nameOfParent(_ block: Block) -> ModelBlock {
        // The first block stands on the genesis, whatever digest that has: height says so.
        block.height.rawValue == 1 ? .genesis : names[block.parent] ?? .missing
    }
}
