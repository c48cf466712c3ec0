/// A run of validators of equal power, as the module `Trace` that
/// `Specs/Simplex/SimplexTrace.tla` reads.
struct TraceModule {
    private let honest: [Int]
    private let byzantinePower: Int
    private let steps: [ModelStep]

    init(isHonest: [Bool], steps: [ModelStep]) {
        honest = isHonest.indices.filter { isHonest[$0] }
        byzantinePower = isHonest.count - honest.count
        self.steps = steps
    }

    var text: String {
        let views = steps.map(\.view).max() ?? 1
        let blocks = steps.compactMap { step -> Int? in
            guard case .notarize(_, let block, _) = step else { return nil }
            return block.number
        }
        let names = honest.map(String.init).joined(separator: ", ")
        return """
            ---- MODULE Trace ----
            HonestValidators == {\(names)}
            ByzantinePower == \(byzantinePower)
            ViewCount == \(views)
            MostBlocks == \(blocks.max() ?? 1)
            Steps == <<
                \(steps.map(Self.line).joined(separator: ",\n    "))
            >>
            ====

            """
    }

    private static func line(_ step: ModelStep) -> String {
        switch step {
        case .notarize(let validator, let block, let above):
            #"<<"notarize", \#(validator), \#(name(block)), \#(name(above))>>"#
        case .nullify(let validator, let view): #"<<"nullify", \#(validator), \#(view)>>"#
        case .abstain(let validator, let view): #"<<"abstain", \#(validator), \#(view)>>"#
        case .support(let validator, let block):
            #"<<"support", \#(validator), \#(name(block))>>"#
        case .finalize(let validator, let block):
            #"<<"finalize", \#(validator), \#(name(block))>>"#
        case .enter(let validator, let view): #"<<"enter", \#(validator), \#(view)>>"#
        case .commit(let validator, let block):
            #"<<"commit", \#(validator), \#(name(block))>>"#
        case .keep(let validator, .notarization(let block)):
            #"<<"keep", \#(validator), <<"notarization", \#(name(block))>>>>"#
        case .keep(let validator, .nullification(let view)):
            #"<<"keep", \#(validator), <<"nullification", \#(view)>>>>"#
        }
    }

    private static func name(_ block: ModelBlock) -> String { "<<\(block.view), \(block.number)>>" }
}
