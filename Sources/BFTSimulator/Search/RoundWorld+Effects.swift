@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire

/// A validator that departs from the protocol, view by view, in what it signs.
struct RoundLiar<P: ConsensusProtocol>: Sendable {
    let validator: ValidatorIndex
    /// What is sent to a peer instead of a message that was about to be signed in `view`.
    let instead:
        @Sendable (_ unsigned: P.Unsigned, _ view: View, _ peer: ValidatorIndex) -> [P.Unsigned]
}

// What replicas ask for, and the network between them.
extension RoundWorld {
    mutating func perform(_ output: HostOutput<P>, at instance: Int) {
        switch output {
        case .append: instances[instance].host.assumeDurable()
        case .sign(let request):
            let signature = signatures.sign(request.bytes, as: instances[instance].validator)
            instances[instance].host.signed(request.ticket, signature)
        case .checkAuthorship(let vote):
            let isGenuine = signatures.holds(vote)
            handle(.authorshipChecked(vote, isGenuine: isGenuine), at: instance)
        case .publish(let unsigned, let message): publish(unsigned, message, from: instance)
        case .give(let input): handle(input, at: instance)
        case .send(let message, let peer): send(message, from: instance, to: peer)
        case .broadcast(let message):
            for peer in validators.indices where peer != instances[instance].validator {
                send(message, from: instance, to: peer)
            }
        case .setTimer(let time):
            instances[instance].timer = time
            events.add(.timer(instance, at: time), at: max(now, time))
        case .execute(let block, _): events.add(.executed(instance, block), at: now)
        case .readBlocks(let request, let peer):
            let kept = ExecutedBlocks(blocks: instances[instance].blocks[...])
            guard let answer = kept.answer(request) else { return }
            send(.ledger(answer), from: instance, to: peer)
        case .readBatches(let references, let peer):
            let batches = instances[instance].blocks.flatMap(\.batches)
            for batch in batches where references.contains(batch.reference) {
                send(.ledger(.batch(BatchCopy(batch))), from: instance, to: peer)
            }
        case .askApplication(let block, _):
            handle(.applicationJudged(block.digest, isValid: true), at: instance)
        case .committed(let run):
            for block in run.blocks {
                note(.committed, instance, text: MessageSummary.about(block))
            }
        case .rejected(let rejection): note(.rejected, instance, text: "\(rejection)")
        case .accuse(let evidence):
            note(.accused, instance, text: "\(evidence.culprit)")
            guard isHonest(instance), isHonest(evidence.culprit) else { return }
            violations.append("blame: honest \(evidence.culprit) is accused")
        case .displaced(let batch):
            guard isHonest(instance) else { return }
            violations.append("displacement: batch \(batch.sequence) of an honest validator")
        case .flush, .rejectedLedger, .readReady, .diverged, .syncStore, .truncate: break
        }
    }

    // MARK: Execution

    mutating func execute(_ committed: CommittedBlock, at instance: Int) {
        let height = committed.block.height
        guard Int(clamping: height.rawValue) == instances[instance].blocks.count + 1 else {
            violations.append("total-order: \(instances[instance].validator) executes \(height)")
            return
        }
        var content = instances[instance].state.stateRoot.bytes + committed.block.digest.bytes
        for batch in committed.batches { content += batch.digest.bytes }
        let root = Digest.of(content, in: .stateRoot)
        instances[instance].state = CommittedState(after: committed, stateRoot: root)
        instances[instance].blocks.append(committed)
        note(.executed, instance, text: MessageSummary.about(committed.block))
        if isHonest(instance) { judge(committed, at: instance) }
        give(.executed(height, stateRoot: root), to: instance)
    }

    /// Compares a block with what the other honest instances executed, and checks its certificate.
    private mutating func judge(_ committed: CommittedBlock, at instance: Int) {
        let position = instances[instance].blocks.count - 1
        for other in instances.indices where other != instance && isHonest(other) {
            let blocks = instances[other].blocks
            if position < blocks.count, blocks[position].block.digest != committed.block.digest {
                violations.append("agreement: two blocks at height \(position + 1)")
            }
        }
        for batch in committed.batches
        where !instances[instance].batches.insert(batch.reference).inserted {
            violations.append("no-duplication: a batch of \(batch.author) is executed twice")
        }
        guard committed.isCertifiedItself else { return }
        // Restated: more than two thirds of the power, each signature good.
        let signers = committed.certificate.signers.positions
        let power = signers.reduce(UInt64(0)) { $0 + plan.powers[$1] }
        let total = plan.powers.reduce(0, +)
        if 3 * power <= 2 * total
            || !signatures.holds(committed.certificate.certificate)
        {
            violations.append("certificates: height \(position + 1) is committed without one")
        }
    }

    // MARK: Network

    private mutating func publish(
        _ unsigned: P.Unsigned, _ message: ReplicaMessage<P>, from instance: Int
    ) {
        let validator = instances[instance].validator
        let peers = unsigned.recipients(among: validators.indices.filter { $0 != validator })
        guard let liar, liar.validator == validator else {
            for peer in peers { send(message, from: instance, to: peer) }
            return
        }
        let view = instances[instance].view
        for peer in peers {
            for other in liar.instead(unsigned, view, peer) {
                let signature = signatures.sign(other.signingBytes, as: validator)
                send(
                    .consensus(other.signed(by: validator, signature)), from: instance, to: peer)
            }
        }
    }

    /// Sends to every instance of a validator that the view of the sender lets it reach.
    private mutating func send(
        _ message: ReplicaMessage<P>, from sender: Int, to validator: ValidatorIndex
    ) {
        for target in instances.indices where instances[target].validator == validator {
            let arrival = now.advanced(by: Self.delay)
            if isCut(sender, target) {
                note(.lost, sender, peer: target, message: message)
                breakLink(sender, target)
            } else {
                note(.sent, sender, peer: target, end: arrival, message: message)
                events.add(.deliver(message, from: sender, to: target), at: arrival)
            }
        }
    }

    mutating func deliver(_ message: ReplicaMessage<P>, from sender: Int, to target: Int) {
        let peer = instances[sender].validator
        guard instances[target].host.replica.isUseful(message, from: peer),
            instances[target].host.replica.trusted(message, from: peer) != nil
                || signatures.holds(message)
        else { return }
        note(.received, target, peer: sender, message: message)
        give(.received(Verified(message), from: peer), to: target)
    }

    // MARK: Trace

    private mutating func note(
        _ kind: TraceEvent.Kind, _ instance: Int, peer: Int, end: Instant? = nil,
        message: ReplicaMessage<P>
    ) {
        guard recorder != nil else { return }
        let summary = MessageSummary(message, voteNames: recorder?.voteNames ?? [:])
        recorder?.note(
            TraceEvent(
                kind, at: now, node: instance, peer: peer, end: end, sort: summary.sort,
                text: summary.text))
    }

    mutating func note(_ kind: TraceEvent.Kind, _ instance: Int, text: String = "") {
        guard recorder != nil else { return }
        recorder?.note(TraceEvent(kind, at: now, node: instance, text: text))
    }
}
