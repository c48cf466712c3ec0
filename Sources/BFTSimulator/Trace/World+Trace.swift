import BFTBase
import BFTCore
import BFTLedger

// What a world tells its recorder. Without one, none of this costs more than a comparison.
extension World {
    /// Notes what an event is about to do, unless it comes too late to do anything.
    mutating func trace(_ event: Event) {
        guard recorder != nil else { return }
        switch event {
        case .deliver(let message, let sender, let target):
            guard sender != target, nodes[target.rawValue].isUp else { return }
            let summary = MessageSummary(message, voteNames: recorder?.voteNames ?? [:])
            add(.received, target, peer: sender, sort: summary.sort, summary.text)
        case .timer(let node, let life, let time):
            guard isAlive(node, life), nodes[node.rawValue].timer == time else { return }
            add(.timer, node, "")
        case .synced(let node, let life): if isAlive(node, life) { add(.durable, node, "record") }
        case .executed(let node, let life, let block, _):
            guard isAlive(node, life) else { return }
            add(.executed, node, MessageSummary.about(block.block))
        case .restart(let node): if !nodes[node.rawValue].isUp { add(.started, node, "") }
        case .heal: add(.healed, nil, "faults end")
        case .deliverBytes, .process, .signed, .authorshipChecked, .stopFailed, .storeSynced,
            .stateSaved, .submit, .read, .truncate, .speak, .fault, .mend, .lull, .diskHasRoom,
            .resume:
            break
        }
    }

    private func isAlive(_ node: ValidatorIndex, _ life: Int) -> Bool {
        nodes[node.rawValue].life == life
    }

    /// Notes what a host does, as far as messages don't show it.
    mutating func trace(_ output: HostOutput<P>, at node: ValidatorIndex) {
        guard recorder != nil else { return }
        switch output {
        case .publish(let unsigned, _):
            let summary = MessageSummary(reading: unsigned, voteNames: recorder?.voteNames ?? [:])
            add(.signed, node, sort: summary.sort, summary.text)
        case .committed(let run):
            for block in run.blocks { add(.committed, node, MessageSummary.about(block)) }
        case .accuse(let evidence): add(.accused, node, "\(evidence.culprit)")
        case .rejected(let rejection): add(.rejected, node, "\(rejection)")
        case .rejectedLedger(let rejection, let peer):
            add(.rejected, node, peer: peer, "\(rejection)")
        case .append, .flush, .sign, .checkAuthorship, .give, .send, .broadcast, .setTimer,
            .execute, .readBlocks,
            .readBatches, .readReady, .askApplication, .diverged, .displaced, .syncStore, .truncate:
            break
        }
    }

    mutating func traceSending(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex,
        arriving arrival: Instant
    ) {
        guard recorder != nil else { return }
        let summary = MessageSummary(message, voteNames: recorder?.voteNames ?? [:])
        add(.sent, sender, peer: target, end: arrival, sort: summary.sort, summary.text)
    }

    mutating func traceLoss(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex,
        because reason: String
    ) {
        guard recorder != nil else { return }
        let summary = MessageSummary(message, voteNames: recorder?.voteNames ?? [:])
        add(.lost, sender, peer: target, sort: summary.sort, "\(summary.text) (\(reason))")
    }

    /// Notes the view of a replica, if it is another one than before.
    mutating func traceView(of node: ValidatorIndex) {
        guard recorder != nil, let consensus = nodes[node.rawValue].host?.replica.consensus,
            consensus.view != nodes[node.rawValue].tracedView
        else { return }
        nodes[node.rawValue].tracedView = consensus.view
        add(.view, node, "\(consensus.view), led by \(consensus.leader(of: consensus.view))")
    }

    /// Notes which links are cut now.
    mutating func traceCuts() {
        guard recorder != nil else { return }
        let cuts = links.cuts.map(\.shape.description).joined(separator: ", ")
        add(.split, nil, cuts.isEmpty ? "none" : cuts)
    }

    mutating func traceSilence() {
        add(.healed, nil, "everything malicious falls silent; a batch more of everybody honest")
    }

    /// Notes that something befell a machine.
    mutating func traceFault(
        _ kind: TraceEvent.Kind, of node: ValidatorIndex, until end: Instant? = nil, _ text: String
    ) {
        add(kind, node, end: end, text)
    }

    /// Notes that a machine lost power or a process ended.
    mutating func traceStop(of node: ValidatorIndex, _ kind: TraceEvent.Kind) {
        guard recorder != nil else { return }
        add(kind, node, "height \(nodes[node.rawValue].state.block.height) is left")
        nodes[node.rawValue].tracedView = nil
    }

    mutating func traceClient(_ kind: TraceEvent.Kind, of node: ValidatorIndex, _ text: String) {
        add(kind, node, text)
    }

    private mutating func add(
        _ kind: TraceEvent.Kind, _ node: ValidatorIndex?, peer: ValidatorIndex? = nil,
        end: Instant? = nil, sort: String = "", _ text: String
    ) {
        recorder?.note(
            TraceEvent(
                kind, at: now, node: node?.rawValue, peer: peer?.rawValue, end: end, sort: sort,
                text: text))
    }
}
