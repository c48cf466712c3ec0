/// A run of validators of equal power, as the module `Trace` that
/// `Specs/HotStuff/HotStuffTrace.tla` reads: view by view, votes before timeouts, each validator's
/// steps in its own order.
struct HotStuffTraceModule {
    private let honest: [Int]
    private let byzantinePower: Int
    private let isTwoChain: Bool
    private let steps: [HotStuffStep]
    private let blocksPerView: Int
    private let parents: [ModelBlock: ModelBlock]

    /// Where the model takes a step: the view, and 0 among the votes or 1 among the timeouts.
    private typealias Place = (view: UInt64, stage: Int)

    init(isHonest: [Bool], isTwoChain: Bool, steps: [HotStuffStep]) {
        honest = isHonest.indices.filter { isHonest[$0] }
        byzantinePower = isHonest.count - honest.count
        self.isTwoChain = isTwoChain
        self.steps = steps
        var (most, parents) = (1, [ModelBlock: ModelBlock]())
        for case .vote(_, let block, let above) in steps {
            most = max(most, block.number)
            parents[block] = above
        }
        blocksPerView = most
        self.parents = parents
    }

    var text: String {
        let placed = placed
        let last = placed.map(\.place.view).max() ?? 1
        let written = (1...max(1, last)).flatMap { view in
            lines(of: view, isLast: view == last) { stage in
                placed.filter { $0.place.view == view && $0.place.stage == stage }.map(\.step)
            }
        }
        let names = honest.map(String.init).joined(separator: ", ")
        return """
            ---- MODULE Trace ----
            HonestValidators == {\(names)}
            ByzantinePower == \(byzantinePower)
            IsTwoChain == \(isTwoChain ? "TRUE" : "FALSE")
            ViewCount == \(last)
            MostBlocks == \(blocksPerView)
            Steps == <<
                \(written.joined(separator: ",\n    "))
            >>
            ====

            """
    }

    /// Each step where the model takes it, in the order of the run. Who does something late does it
    /// where it is by then.
    private var placed: [(place: Place, step: HotStuffStep)] {
        var reached: [Int: Place] = [:]
        func own(_ validator: Int, _ place: Place) -> Place {
            let earlier = reached[validator] ?? (1, 0)
            let later = earlier > place ? earlier : place
            reached[validator] = later
            return later
        }
        return steps.map { step in
            switch step {
            case .vote(let validator, let block, _): (own(validator, (block.view, 0)), step)
            case .giveUp(let validator, let view, _): (own(validator, (view, 1)), step)
            case .restart(let validator): (own(validator, (1, 0)), step)
            // Others' certificates say whether that is right, whatever the validator itself said.
            case .enter(_, let view): ((max(view, 1), 0), step)
            case .commit(_, let block, _): ((max(block.view, 1), 1), step)
            }
        }
    }

    private func lines(
        of view: UInt64, isLast: Bool, _ steps: (Int) -> [HotStuffStep]
    ) -> [String] {
        let (votes, timeouts) = (steps(0), steps(1))
        let silent = honest.filter { validator in
            !votes.contains { if case .vote(validator, _, _) = $0 { true } else { false } }
        }
        let staying = honest.filter { validator in
            !timeouts.contains { if case .giveUp(validator, _, _) = $0 { true } else { false } }
        }
        return votes.map(line) + silent.map { #"<<"abstain", \#($0)>>"# } + [#"<<"end votes">>"#]
            + timeouts.map(line) + staying.map { #"<<"stay", \#($0)>>"# }
            + (isLast ? [] : [#"<<"end">>"#])
    }

    private func line(_ step: HotStuffStep) -> String {
        switch step {
        case .vote(let validator, let block, let above):
            #"<<"vote", \#(validator), \#(name(block, on: above))>>"#
        case .giveUp(let validator, let view, let claimed):
            #"<<"give up", \#(validator), \#(view), \#(claimed)>>"#
        case .enter(let validator, let view): #"<<"enter", \#(validator), \#(view)>>"#
        case .commit(let validator, let block, let committed):
            #"<<"commit", \#(validator), \#(name(block)), \#(name(committed))>>"#
        case .restart(let validator): #"<<"restart", \#(validator)>>"#
        }
    }

    /// The marks of the block's ancestors and its own.
    private func name(_ block: ModelBlock, on above: ModelBlock? = nil) -> String {
        var marks: [String] = []
        var next = block
        while next != .genesis, next != .missing {
            marks.append(String((Int(next.view) - 1) * blocksPerView + next.number))
            next = (next == block ? above : nil) ?? parents[next] ?? .genesis
        }
        if next == .missing { marks.append("0") }
        return "<<\(marks.reversed().joined(separator: ", "))>>"
    }
}
