import BFTBase
import BFTServer

/// Keeps what sessions pass on, for a test or a host to answer.
struct QueueGateway: CommandGateway {
    struct Request {
        let session: SessionID
        let isWrite: Bool
        let isLocal: Bool
        let list: [UInt8]
    }

    var requests = Deque<Request>()
    var admission = Admission.accepted
    var facts = ServerFacts(status: .sample, connectedClients: 1, port: 0)

    mutating func submit(
        _ session: SessionID, upTo limit: Int, _ write: (inout [UInt8]) -> Void
    ) -> Admission { take(session, true, false, limit, write) }

    mutating func read(
        _ session: SessionID, local: Bool, upTo limit: Int, _ write: (inout [UInt8]) -> Void
    ) -> Admission { take(session, false, local, limit, write) }

    private mutating func take(
        _ session: SessionID, _ isWrite: Bool, _ isLocal: Bool, _ limit: Int,
        _ write: (inout [UInt8]) -> Void
    ) -> Admission {
        guard admission == .accepted else { return admission }
        var list: [UInt8] = []
        write(&list)
        precondition(list.count <= limit, "a session wrote more than it said")
        requests.append(
            Request(session: session, isWrite: isWrite, isLocal: isLocal, list: list))
        return .accepted
    }
}

extension StatusReport {
    static let sample = StatusReport(
        chainID: "test \"chain\"", version: "swift-bft/0.1.0", nodeIndex: ValidatorIndex(2),
        protocolName: "simplex", scheme: "ml-dsa-87", epoch: Epoch(1), view: View(42),
        leader: ValidatorIndex(3), committedHeight: Height(41), appliedHeight: Height(40),
        stateRoot: Digest(1, 2, 3, 4),
        peers: [
            Peer(index: ValidatorIndex(0), isConnected: true),
            Peer(index: ValidatorIndex(1), isConnected: false),
        ], isVoting: true, uptime: .seconds(90_000))
}

/// A session with everything around it, driven by hand.
struct SessionBench {
    var session: RESPSession
    var gateway = QueueGateway()
    var output: [UInt8] = []
    var unread: [UInt8] = []
    var application = DictionaryApplication()

    init(limits: RESPLimits = RESPLimits(), password: String? = nil) {
        let frontEnd = RESPFrontEnd(
            table: DictionaryApplication.table, limits: limits,
            password: password.map { Array($0.utf8) })
        session = RESPSession(id: SessionID(slot: 7, generation: 3), frontEnd: frontEnd)
    }

    mutating func send(_ text: String) { send(Array(text.utf8)) }

    mutating func send(_ bytes: [UInt8]) {
        unread += bytes
        resume()
    }

    mutating func resume() {
        let input = unread
        let consumed = session.receive(input.span.bytes, gateway: &gateway, output: &output)
        unread.removeFirst(consumed)
    }

    /// Answers the oldest request by executing it, or returns `false` if there is none.
    @discardableResult
    mutating func answerOne() -> Bool {
        guard let request = gateway.requests.popFirst() else { return false }
        let result = application.execute(request.list)
        if request.isWrite {
            session.writeAnswered(result.span.bytes, output: &output)
        } else {
            session.readAnswered(result.span.bytes, output: &output)
        }
        return true
    }

    /// Answers and resumes until nothing moves any more.
    mutating func settle() {
        repeat { resume() } while answerOne()
    }

    /// What the client got since the last call, line ends as `|`.
    mutating func replies() -> String {
        defer { output = [] }
        return String(decoding: output, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false
        ).joined(separator: "|")
    }
}
