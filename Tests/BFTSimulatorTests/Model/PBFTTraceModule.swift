import BFTBase
import BFTCore
import ProtocolPBFT

/// A run of validators of equal power, as the module `Trace` that `Specs/PBFT/PBFTTrace.tla`
/// reads.
struct PBFTTraceModule {
    private let played: PBFTPlayed
    private let honest: [Int]
    /// Of each block, which it is of those of its view on its parent, from 1.
    private var places: [Digest: Int] = [:]
    private var siblings: Int { max(1, places.values.max() ?? 1) }

    init(_ played: PBFTPlayed) {
        self.played = played
        honest = played.isHonest.indices.filter { played.isHonest[$0] }
        var counts: [String: Int] = [:]
        // In an order that is the same in every process.
        for block in played.blocks.values.sorted(by: { $0.digest.hex < $1.digest.hex }) {
            let place = "\(block.view) \(block.parent.hex)"
            counts[place, default: 0] += 1
            places[block.digest] = counts[place]
        }
    }

    /// The sequence of marks that the model knows a block by.
    private func name(_ digest: Digest?) -> String {
        guard let digest else { return "<<>>" }
        // A mark of no view stands for what nobody honest holds.
        guard let chain = played.chain(to: digest) else { return "<<0>>" }
        return name(chain)
    }

    private func name(_ chain: [Block]) -> String {
        let marks = chain.map { block in
            String(
                (Int(block.view.rawValue) - 1) * siblings + (places[block.digest] ?? 0))
        }
        return "<<\(marks.joined(separator: ", "))>>"
    }

    private func name(_ report: PBFTCertificateName?) -> String {
        "<<\(report?.view.rawValue ?? 0), \(name(report?.block))>>"
    }

    private func steps() -> [String] {
        var steps: [String] = []
        for number in 1...max(1, played.lastView.rawValue) {
            let turn = played.turns[View(number)] ?? PBFTPlayed.Turn()
            for voter in turn.late.sorted() { steps.append(#"<<"late", \#(voter)>>"#) }
            if number > 1 {
                for voter in honest { steps += entering(turn, voter) }
                steps.append(#"<<"end entering">>"#)
            }
            for voter in honest {
                guard let blocks = turn.prepared[voter] else {
                    steps.append(#"<<"prepare nothing", \#(voter)>>"#)
                    continue
                }
                let names = blocks.map { name($0) }.sorted().joined(separator: ", ")
                steps.append(#"<<"prepare", \#(voter), {\#(names)}>>"#)
            }
            steps.append(#"<<"end preparing">>"#)
            for voter in honest { steps.append(committing(turn, voter)) }
            for digest in turn.decided.map({ name($0) }).sorted() {
                steps.append(#"<<"decide", \#(digest)>>"#)
            }
            if number < played.lastView.rawValue { steps.append(#"<<"end committing">>"#) }
        }
        return steps
    }

    private func entering(_ turn: PBFTPlayed.Turn, _ voter: Int) -> [String] {
        let restart = turn.restarted.contains(voter) ? [#"<<"restart", \#(voter)>>"#] : []
        if let report = turn.asked[voter] {
            return restart + [#"<<"enter", \#(voter), \#(name(report))>>"#]
        }
        let isThere = turn.prepared[voter] != nil || turn.committed[voter] != nil
        return restart + [isThere ? #"<<"join", \#(voter)>>"# : #"<<"sit out", \#(voter)>>"#]
    }

    private func committing(_ turn: PBFTPlayed.Turn, _ voter: Int) -> String {
        // Of one chain, the highest stands for all.
        let highest = turn.committed[voter]?.compactMap { played.chain(to: $0) }
            .max { $0.count < $1.count }
        guard let highest else {
            return turn.committed[voter] == nil
                ? #"<<"commit nothing", \#(voter)>>"# : #"<<"commit", \#(voter), <<0>>>>"#
        }
        return #"<<"commit", \#(voter), \#(name(highest))>>"#
    }

    var text: String {
        let names = honest.map(String.init).joined(separator: ", ")
        let height = played.blocks.values.map(\.height.rawValue).max() ?? 1
        return """
            ---- MODULE Trace ----
            HonestValidators == {\(names)}
            ByzantinePower == \(played.isHonest.count - honest.count)
            ViewCount == \(played.lastView.rawValue)
            MostBlocks == \(height)
            MostSiblings == \(siblings)
            Decided == \(name(played.decided))
            Steps == <<
                \(steps().joined(separator: ",\n    "))
            >>
            ====

            """
    }
}
