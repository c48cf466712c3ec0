package import BFTBase
package import BFTCore

/// A command that a conversation does not know.
package struct Misspoken: Error {
    package let command: String
    package init(command: String) { self.command = command }
}

/// What every conversation is about: four validators of power 1, of which the replica is v0.
package enum Sample {
    package static let chain = Digest(7, 7, 7, 7)
    package static let own = ValidatorIndex(0)
    package static let genesis = Block.genesis(
        chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)
    package static let reference = BatchReference(
        author: ValidatorIndex(0), sequence: BatchSequence(1), digest: Digest(1, 1, 1, 1),
        byteCount: 14)

    /// - Parameters:
    ///   - leaders: those of views 1, 2, … again and again, if not as the powers have it.
    ///   - idle: how often an idle network makes a block, in milliseconds.
    package static func configuration(
        leaders: [ValidatorIndex]? = nil, idle: UInt64 = 500, above floor: Floor = .ground
    ) -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: try! ValidatorSet([1, 1, 1, 1]), own: own,
            timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(idle)),
            leaders: leaders.map { LeaderSchedule(cycle: $0) }, floor: floor)
    }
}

/// Where a conversation stands, beside its replica: time, what is durable, and who is called what.
package struct Scene<P: ConsensusProtocol> {
    package var now = Instant(nanoseconds: 0)
    package var timer: Instant?
    package var log: [P.Durable] = []
    package var committed = (block: Sample.genesis, certificate: CommitCertificate?.none)
    package var draft: (view: View, parent: Digest)?
    /// The greatest height of a vote of its own that helps to commit.
    package var voted = Height.zero
    private var blocks: [String: Block] = ["genesis": Sample.genesis]
    private var names: [Digest: String] = [Sample.genesis.digest: "genesis", .zero: "-"]

    package init() {}

    // MARK: Words

    package func number(_ word: String?) throws -> UInt64 {
        guard let word, let number = UInt64(word) else { throw Misspoken(command: word ?? "") }
        return number
    }

    package func validator(_ word: String?) throws -> ValidatorIndex {
        ValidatorIndex(Int(try number(word)))
    }

    package func position(of word: String, in words: [String]) throws -> Int {
        guard let position = words.firstIndex(of: word) else {
            throw Misspoken(command: words.joined(separator: " "))
        }
        return position
    }

    package func block(_ name: String) throws -> Block {
        guard let block = blocks[name] else { throw Misspoken(command: name) }
        return block
    }

    /// `A,B,C`.
    package func chain(_ names: String) throws -> [Block] {
        try names.split(separator: ",").map { try block(String($0)) }
    }

    package func name(_ digest: Digest) -> String { names[digest] ?? "unknown" }

    package func names(_ digests: [Digest]) -> String {
        digests.isEmpty ? "nothing" : digests.map(name).joined(separator: " ")
    }

    /// In milliseconds, with tenths where there are some.
    package func words(_ instant: Instant) -> String {
        let tenths = instant.nanoseconds / 100_000
        return "\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths % 10)")
    }

    package func words(_ signers: Bitmap) -> String {
        signers.positions.map(String.init).joined(separator: " ")
    }

    // MARK: Blocks and votes

    /// `A view 3 on genesis`, and `height 9` for a block with a height that does not fit, or
    /// `applied 2` for one that vouches for the state after height 2.
    package mutating func define(
        _ words: [String], by leader: (View) -> ValidatorIndex, payload: [BatchReference]
    ) throws {
        guard words.count > 4 else { throw Misspoken(command: words.joined(separator: " ")) }
        let (parent, view) = (try block(words[4]), View(try number(words[2])))
        let extra = words.count > 6 ? (what: words[5], height: Height(try number(words[6]))) : nil
        let height = extra?.what == "height" ? extra?.height : nil
        let applied = extra?.what == "applied" ? extra?.height : nil
        name(
            Block(
                epoch: .zero, view: view, height: height ?? parent.height.next,
                parents: [parent.digest], proposer: leader(view),
                // The name makes blocks of one view and parent different.
                time: Timestamp(milliseconds: 1 + UInt64(words[0].utf8.first ?? 0)),
                applied: applied.map { AppliedState(height: $0, root: .zero) }
                    ?? Sample.genesis.applied, payload: payload), words[0])
    }

    private mutating func name(_ block: Block, _ name: String) {
        blocks[name] = block
        names[block.digest] = name
    }

    /// Names a block that the replica made.
    package mutating func nameOwn(_ block: Block, _ number: some CustomStringConvertible) {
        if names[block.digest] == nil { name(block, "own\(number)") }
    }

    package func statement(
        _ kind: VoteKind, _ block: Block, in view: View? = nil, ancestor: Block? = nil
    ) -> Statement {
        Statement(
            chain: Sample.chain, epoch: .zero, kind: kind, view: view ?? block.view,
            height: block.height, block: block.digest,
            ancestor: ancestor.map { BlockName(height: $0.height, digest: $0.digest) })
    }

    package func vote(_ said: Statement, by voter: ValidatorIndex) -> Vote {
        Vote(statement: said, voter: voter, signature: [])
    }

    /// Of the voters that the words name.
    package func certificate(
        _ said: Statement, by voters: some Sequence<String>
    ) throws -> Certificate {
        let votes = try voters.map { vote(said, by: try validator($0)) }
        guard let certificate = Certificate(statement: said, votes: votes, validatorCount: 4)
        else { throw Misspoken(command: voters.joined(separator: " ")) }
        return certificate
    }
}
