import BFTBase
import BFTCore
import BFTLedger

/// What a message says, in a few words, whatever the protocol: it is read by reflection, and what
/// the core knows (blocks, votes, certificates, views) is named as the core names it.
struct MessageSummary: Equatable {
    /// The sort of message, such as `vote notarize`.
    var sort: String
    /// View, height, block and signers.
    var text: String

    /// - Parameter voteNames: what the protocol calls its votes.
    init(reading message: Any, voteNames: [VoteKind: String]) {
        let content = Self.content(of: message)
        sort = content.name
        var words: [String] = []
        var kinds: [VoteKind] = []
        Self.describe(content.payload, as: nil, depth: 0, into: &words, kinds: &kinds)
        if let kind = kinds.first, kinds.count == 1, words.count == 1 {
            let name = voteNames[kind] ?? "of ballot \(kind.ballot), choice \(kind.choice)"
            if name != sort { sort += " \(name)" }
        }
        text = words.joined(separator: ", ")
    }

    init<P: ConsensusProtocol>(_ message: ReplicaMessage<P>, voteNames: [VoteKind: String]) {
        switch message {
        case .consensus(let part): self.init(reading: part, voteNames: voteNames)
        case .ledger(let part): self.init(part)
        }
    }

    /// What ledgers say to each other.
    static let ledgerSorts: Set = [
        "batch", "batch request", "sync request", "sync response", "read probe", "read claim",
    ]

    private init(_ message: LedgerMessage) {
        (sort, text) =
            switch message {
            case .batch(let copy):
                (
                    "batch",
                    "\(copy.batch.author)/\(copy.batch.sequence), \(copy.batch.digest)"
                        + (copy.authorship == nil ? ", bare" : "")
                )
            case .batchRequest(let references):
                (
                    "batch request",
                    references.map { "\($0.author)/\($0.sequence)" }.joined(separator: " ")
                )
            case .syncRequest(.from(let height)): ("sync request", "from height \(height)")
            case .syncRequest(.ancestors(let name, let lowest)):
                ("sync request", "height \(name.height) down to \(lowest)")
            case .syncAncestors(let blocks):
                (
                    "sync response",
                    blocks.first.map { "from height \($0.height), \(blocks.count) blocks" }
                        ?? "no blocks"
                )
            case .syncResponse(let run):
                (
                    "sync response",
                    run.blocks.first.map { "from height \($0.height), \(run.blocks.count) blocks" }
                        ?? "no blocks"
                )
            case .readProbe: ("read probe", "")
            case .readClaim(_, let height): ("read claim", "height \(height)")
            }
    }

    /// The name of an enumeration's case and what it carries.
    private static func content(of value: Any) -> (name: String, payload: Any) {
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .enum else { return ("\(type(of: value))", value) }
        guard let child = mirror.children.first else { return ("\(value)", ()) }
        return (child.label ?? "message", child.value)
    }

    /// Blocks, votes and certificates are at most this deep in a message.
    private static let depthLimit = 4

    private static func describe(
        _ value: Any, as label: String?, depth: Int, into words: inout [String],
        kinds: inout [VoteKind]
    ) {
        func name(_ text: some CustomStringConvertible) {
            words.append([label ?? "", "\(text)"].filter { !$0.isEmpty }.joined(separator: " "))
        }
        func add(_ statement: Statement, _ signers: String) {
            kinds.append(statement.kind)
            words.append(about(statement) + signers)
        }
        switch value {
        case let block as Block: words.append(about(block))
        case let statement as Statement: add(statement, "")
        case let vote as Vote: add(vote.statement, " by \(vote.voter)")
        case let certificate as Certificate:
            let signers = certificate.signers.positions.map { "v\($0)" }.joined(separator: " ")
            add(certificate.statement, " by \(signers)")
        case let view as View: words.append("\(label ?? "view") \(view)")
        case let height as Height: words.append("\(label ?? "height") \(height)")
        case let digest as Digest: name(digest)
        case let validator as ValidatorIndex: name(validator)
        case is [UInt8]: break
        default:
            guard depth < depthLimit else { return }
            let mirror = Mirror(reflecting: value)
            if mirror.displayStyle == .collection, mirror.children.isEmpty { return }
            for child in mirror.children {
                // The parts of a pair have names that say nothing.
                let own = child.label.flatMap { $0.hasPrefix(".") ? nil : $0 }
                describe(
                    child.value, as: own ?? label, depth: depth + 1, into: &words, kinds: &kinds)
            }
        }
    }

    /// The most batches that are named.
    private static let payloadLimit = 8

    static func about(_ block: Block) -> String {
        let names = block.payload.prefix(payloadLimit).map { "\($0.author)/\($0.sequence)" }
        let more = block.payload.count - names.count
        let payload = (names + (more > 0 ? ["and \(more) more"] : [])).joined(separator: " ")
        return "view \(block.view) height \(block.height) \(block.digest) on \(block.parent) "
            + "(\(payload.isEmpty ? "empty" : payload))"
    }

    private static func about(_ statement: Statement) -> String {
        guard statement.block != .zero else { return "view \(statement.view)" }
        return "view \(statement.view) height \(statement.height) \(statement.block)"
    }
}
