import BFTConfiguration
import BFTLogging
import FoundationEssentials

/// `bft verify-block`: whether a block is committed, checked here and not believed.
package struct VerifyBlock: NodeCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify-block",
        abstract: "Checks that a block is committed, trusting the genesis file alone.",
        discussion: """
            The block comes from a file that holds what GET /blocks/HEIGHT answered, or from a
            node with --url and --height. Checked are the digest, the link to the block that the
            certificate commits if that is a later one, the voting power of the signers, and every
            signature: so neither the node nor the file has to be trusted. A certificate of a
            later block needs the blocks up to that one: --url fetches them; a file holds them
            as a JSON array of answers, by rising height. Exit code 1 means: not shown to be
            committed.
            """,
        examples: [
            "bft verify-block --genesis genesis.json --url http://127.0.0.1:8400 --height 7",
            "bft verify-block --genesis genesis.json --block block7.json --json",
        ])

    @Option(valueName: "PATH", help: "The genesis file of the chain.") var genesis: String
    @Option(valueName: "PATH", help: "A file with what GET /blocks/HEIGHT answered.")
    var block: String? = nil
    @Option(help: "Where a node serves HTTP, to ask for the block.")
    var url = NodeURL(endpoint: Endpoint(host: "127.0.0.1", port: 8400))
    @Option(help: "The height of the block to ask for.") var height: UInt64? = nil
    @Option(valueName: "SECONDS", help: "How long to wait for each answer.") var timeout = 5.0
    @Flag(help: "Print the outcome as JSON.") var json = false

    /// The most blocks between one and the block that its certificate commits.
    private static let runLimit: UInt64 = 10_000

    private let services: any NodeServices

    package init(services: any NodeServices) { self.services = services }

    package func validate() throws(UsageError) {
        try Seconds.check(timeout)
        guard (block == nil) != (height == nil) else {
            throw UsageError(
                "there must be either --block or --height",
                hint: "--block names a file, --height a block to ask the node of --url for")
        }
        guard height != 0 else {
            throw UsageError(
                "the block at height 0 has no certificate",
                hint: "it follows from the genesis file; the first block has height 1")
        }
    }

    package func run(_ console: Console) throws {
        let loaded = try Genesis.load(path: genesis)
        let answers = try block.map { try Self.answers(inFile: $0) } ?? fetched()
        let verified: VerifiedBlock
        do {
            let proof = BlockProof(
                blocks: try answers.map { try Self.bytes("encoded", of: $0) },
                certificate: try Self.bytes("encoded", of: answers.last?["certificate"]))
            verified = try services.verify(proof, on: loaded)
            try Self.compare(answers.first, with: verified)
        } catch {
            let reason = (error as? CommandFailure)?.message ?? "\(error)"
            if json {
                console.print(
                    JSONText.object([("valid", .boolean(false)), ("reason", .text(reason))]).compact
                )
            }
            throw CommandFailure(
                "not shown to be committed: \(reason)",
                hint: "don't rely on this block; ask another node")
        }
        console.print(json ? Self.report(verified).compact : Self.sentence(verified))
    }

    // MARK: Where blocks come from

    private static func answers(inFile path: String) throws -> [LocatedValue] {
        guard let bytes = FileManager.default.contents(atPath: path).map([UInt8].init) else {
            throw CommandFailure("can't read \(path)", hint: "check the path")
        }
        guard let value = try? JSONReader.read(bytes) else {
            throw CommandFailure(
                "\(path) is no JSON", hint: "save what GET /blocks/HEIGHT answers, as it is")
        }
        if case .array(let answers) = value.content { return answers }
        return [value]
    }

    /// The block, and those after it up to the one that its certificate commits.
    private func fetched() throws -> [LocatedValue] {
        let client = NodeClient(url, timeout: Seconds.interval(timeout))
        let first = height ?? 0
        var answers: [LocatedValue] = []
        var last = first
        repeat {
            let next = first + UInt64(answers.count)
            guard let answer = try client.json("GET", "/blocks/\(next)") else {
                throw CommandFailure(
                    "\(url) has no block at height \(next)",
                    hint: "'bft status' says how far the node has come")
            }
            answers.append(answer)
            let committed = answer["certificate"]?["height"]?.integer.flatMap {
                UInt64(exactly: $0)
            }
            last = max(next, committed ?? next)
            guard last - first < Self.runLimit else {
                throw CommandFailure(
                    "\(url) names a certificate too far above", hint: "ask another node")
            }
        } while first + UInt64(answers.count) <= last
        return answers
    }

    private static func bytes(_ field: String, of answer: LocatedValue?) throws -> [UInt8] {
        guard let text = answer?[field]?.text, let data = Data(base64Encoded: text) else {
            throw CommandFailure(
                "there is no '\(field)' in base 64 in the block or its certificate",
                hint: "save what GET /blocks/HEIGHT answers, as it is")
        }
        return [UInt8](data)
    }

    /// What the answer says in clear must be what its encoding says.
    private static func compare(
        _ answer: LocatedValue?, with verified: VerifiedBlock
    ) throws(CommandFailure) {
        let hint = "the encoding is what was checked"
        if let digest = answer?["digest"]?.text, digest != verified.digest {
            throw CommandFailure("the answer names another digest than its encoding", hint: hint)
        }
        if let height = answer?["height"]?.integer, UInt64(exactly: height) != verified.height {
            throw CommandFailure("the answer names another height than its encoding", hint: hint)
        }
    }

    // MARK: What comes out

    private static func report(_ verified: VerifiedBlock) -> JSONText {
        .object([
            ("valid", .boolean(true)), ("height", .integer(Int128(verified.height))),
            ("digest", .text(verified.digest)),
            ("signers", .array(verified.signers.map { .integer(Int128($0)) })),
            ("power", .integer(Int128(verified.power))),
            ("totalPower", .integer(Int128(verified.totalPower))),
        ])
    }

    private static func sentence(_ verified: VerifiedBlock) -> String {
        "block \(verified.height) is committed: \(verified.digest), signed by "
            + "\(verified.signers.count) validators with \(verified.power) of "
            + "\(verified.totalPower) voting power"
    }
}
