import BFTBase
import BFTCore
import ProtocolHotStuff

struct Misspoken: Error { let command: String }

/// What every conversation is about.
enum Sample {
    static let chain = Digest(7, 7, 7, 7)
    static let own = ValidatorIndex(0)
    static let genesis = Block.genesis(
        chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)
    static let reference = BatchReference(
        author: ValidatorIndex(0), sequence: BatchSequence(1), digest: Digest(1, 1, 1, 1),
        byteCount: 14)

    /// - Parameter leaders: those of views 1, 2, … again and again, if not by tenures.
    static func configuration(leaders: [ValidatorIndex]?) -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: try! ValidatorSet([1, 1, 1, 1]), own: own,
            timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500)),
            leaders: leaders.map { LeaderSchedule(cycle: $0) })
    }
}

/// The names of a conversation, and what they stand for.
struct Words {
    private var blocks: [String: Block] = ["genesis": Sample.genesis]
    private var names: [Digest: String] = [Sample.genesis.digest: "genesis", .zero: "-"]
    private var certificates: [String: Certificate] = [:]
    private var timeoutCertificates: [String: HotStuffTimeoutCertificate] = [:]

    func number(_ word: String?) throws -> UInt64 {
        guard let word, let number = UInt64(word) else { throw Misspoken(command: word ?? "") }
        return number
    }

    func validator(_ word: String?) throws -> ValidatorIndex {
        ValidatorIndex(Int(try number(word)))
    }

    func block(_ name: String) throws -> Block {
        guard let block = blocks[name] else { throw Misspoken(command: name) }
        return block
    }

    func certificate(_ name: String) throws -> Certificate {
        guard let certificate = certificates[name] else { throw Misspoken(command: name) }
        return certificate
    }

    func timeouts(_ name: String) throws -> HotStuffTimeoutCertificate {
        guard let timeouts = timeoutCertificates[name] else { throw Misspoken(command: name) }
        return timeouts
    }

    // MARK: Naming

    /// `block A view 3 on genesis` (and `height 9`), `qc qA A by 1 2 3` (or
    /// `qc qC C committing A by 1 2 3`), `tc t3 3 by 1:1 2:1 3:0 with qA`, where each signer stands
    /// with the view of the highest certificate that it knows.
    mutating func define(
        _ verb: String, _ words: [String], leader: (View) -> ValidatorIndex
    ) throws {
        switch verb {
        case "qc":
            let by = try position(of: "by", in: words)
            let statement = try statement(Array(words[1..<by]))
            let votes = try words[(by + 1)...].map {
                Vote(statement: statement, voter: try validator($0), signature: [])
            }
            certificates[words[0]] = Certificate(
                statement: statement, votes: votes, validatorCount: 4)
        case "tc":
            let with = words.firstIndex(of: "with") ?? words.count
            let timeouts = try words[3..<with].map { word in
                let parts = word.split(separator: ":").map(String.init)
                return HotStuffTimeout(
                    content: timeoutStatement(
                        View(try number(words[1])), knowing: View(try number(parts.last))),
                    signer: try validator(parts.first), signature: [])
            }
            timeoutCertificates[words[0]] = HotStuffTimeoutCertificate(
                timeouts: timeouts,
                high: with < words.count ? try certificate(words[with + 1]) : nil,
                validatorCount: 4)
        default:
            let (parent, view) = (try block(words[4]), View(try number(words[2])))
            let height = words.count > 6 ? Height(try number(words[6])) : parent.height.next
            name(
                Block(
                    epoch: .zero, view: view, height: height, parents: [parent.digest],
                    proposer: leader(view),
                    // The name makes blocks of one view and parent different.
                    time: Timestamp(milliseconds: 1 + UInt64(words[0].utf8.first ?? 0)),
                    applied: Sample.genesis.applied,
                    payload: verb == "heavy" ? [Sample.reference] : []), words[0])
        }
    }

    private func position(of word: String, in words: [String]) throws -> Int {
        guard let position = words.firstIndex(of: word) else { throw Misspoken(command: word) }
        return position
    }

    private mutating func name(_ block: Block, _ name: String) {
        blocks[name] = block
        names[block.digest] = name
    }

    /// Names a block that the replica made.
    mutating func nameOwn(_ block: Block) {
        if names[block.digest] == nil { name(block, "own\(block.view)") }
    }

    // MARK: Messages

    /// `A` or `C committing A`.
    private func statement(_ words: [String]) throws -> Statement {
        let block = try block(words[0])
        let ancestor = words.count > 2 ? try self.block(words[2]) : nil
        return Statement(
            chain: Sample.chain, epoch: .zero, kind: .vote, view: block.view,
            height: block.height, block: block.digest,
            ancestor: ancestor.map { BlockName(height: $0.height, digest: $0.digest) })
    }

    private func timeoutStatement(_ view: View, knowing high: View) -> HotStuffTimeoutStatement {
        HotStuffTimeoutStatement(chain: Sample.chain, epoch: .zero, view: view, highView: high)
    }

    /// `D with qC t3 from 2`, and `D committing A with qC t3 from 2` for what the leader says.
    func proposal(_ words: [String]) throws -> HotStuffProposal {
        let end = try position(of: "from", in: words)
        let with = words.firstIndex(of: "with") ?? end
        let carried = words[min(with + 1, end)..<end]
        let block = try block(words[0])
        return HotStuffProposal(
            block: block,
            vote: Vote(
                statement: try statement(Array(words[..<with])), voter: block.proposer,
                signature: []),
            justify: carried.lazy.compactMap { certificates[$0] }.first,
            timeouts: carried.lazy.compactMap { timeoutCertificates[$0] }.first)
    }

    /// `A by 1` or `C committing A by 1`.
    func vote(_ words: [String]) throws -> Vote {
        let by = try position(of: "by", in: words)
        return Vote(
            statement: try statement(Array(words[..<by])), voter: try validator(words.last),
            signature: [])
    }

    /// `3 knowing 1 by 2`.
    func timeout(_ words: [String]) throws -> HotStuffTimeout {
        HotStuffTimeout(
            content: timeoutStatement(
                View(try number(words[0])), knowing: View(try number(words[2]))),
            signer: try validator(words.last), signature: [])
    }

    /// `A,B by qD`.
    func run(_ words: [String]) throws -> CommittedRun {
        let blocks = try words[0].split(separator: ",").map { try block(String($0)) }
        let rules = HotStuff.commitRules(Sample.configuration(leaders: nil))
        guard
            let run = CommittedRun(
                blocks: blocks, certificate: try rules.check(certificate(words[2])))
        else {
            throw Misspoken(command: words.joined(separator: " "))
        }
        return run
    }
}

// What the replica says, in words.
extension Words {
    func name(_ digest: Digest) -> String { names[digest] ?? "unknown" }

    func describe(_ statement: Statement) -> String {
        guard let ancestor = statement.ancestor else { return name(statement.block) }
        return "\(name(statement.block)) committing \(name(ancestor.digest))"
    }

    private func describe(_ statement: HotStuffTimeoutStatement) -> String {
        "\(statement.view) knowing \(statement.highView)"
    }

    private func describe(_ certificate: HotStuffTimeoutCertificate) -> String {
        let signers = zip(certificate.signers.positions, certificate.highViews)
            .map { "\($0):\($1)" }.joined(separator: " ")
        let high = certificate.high.map { " with \(name($0.statement.block))" } ?? ""
        return "timeouts \(certificate.view) by \(signers)\(high)"
    }

    private func describe(_ certificate: Certificate) -> String {
        let signers = certificate.signers.positions.map(String.init).joined(separator: " ")
        return "certificate \(describe(certificate.statement)) by \(signers)"
    }

    func describe(_ record: HotStuffRecord) -> String {
        switch record {
        case .voted(_, let statement): "voted \(describe(statement))"
        case .timedOut(let statement): "timed out \(describe(statement))"
        case .locked(let view): "locked \(view)"
        case .certificate(let certificate): describe(certificate)
        case .timeouts(let certificate): describe(certificate)
        }
    }

    func describe(_ message: HotStuffMessage) -> String {
        switch message {
        case .proposal(let proposal):
            var words = "proposal \(describe(proposal.vote.statement))"
            if let justify = proposal.justify { words += " with \(describe(justify))" }
            if let timeouts = proposal.timeouts { words += " and \(describe(timeouts))" }
            return words
        case .vote(let vote): return "vote \(describe(vote.statement))"
        case .certificate(let certificate): return describe(certificate)
        case .timeout(let timeout): return "timeout \(describe(timeout.content))"
        case .timeoutCertificate(let certificate): return describe(certificate)
        case .block(let block): return "body \(name(block.digest))"
        case .inquiry(let inquiry):
            let wanted = inquiry.wanted.map { name($0) }.joined(separator: " ")
            return "inquiry view \(inquiry.view) high \(inquiry.highView) "
                + "committed \(inquiry.committed) wanting "
                + (wanted.isEmpty ? "nothing" : wanted)
        }
    }
}
