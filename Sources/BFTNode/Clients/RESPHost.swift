import BFTApplication
import BFTBase
import BFTCore
import BFTServer
import BFTSockets

/// A client's connection and its session.
///
/// Stands outside of the host: within a generic type it would be one itself, and be looked up at
/// run time for each answer.
private final class RESPClient {
    let connection: TCPConnection
    var session: RESPSession
    /// Replies that the connection has not been given yet.
    var output: [UInt8] = []
    var isDirty = false
    var lastHeard: Instant

    init(_ connection: TCPConnection, _ session: RESPSession, at now: Instant) {
        self.connection = connection
        self.session = session
        lastHeard = now
    }
}

/// The clients' connections: sessions on sockets.
final class RESPHost<P: ConsensusProtocol, App: Application>: SessionHost {
    typealias Core = NodeCore<P, ThreadedParts<App>>

    private let core: Core
    private let frontEnd: RESPFrontEnd
    private var clients: SessionSlots<RESPClient>
    private var dirty: [RESPClient] = []
    private var busy: [RESPClient] = []
    private var listener: TCPListener?
    private let shared: SharedReports
    /// Whether every command under way was answered with an error: what is still answered to them
    /// comes too late.
    private var hasFailedAll = false
    private(set) var port: UInt16 = 0

    init(core: Core, frontEnd: RESPFrontEnd, shared: SharedReports) {
        self.core = core
        self.frontEnd = frontEnd
        self.shared = shared
        clients = SessionSlots(limit: frontEnd.limits.clientCount)
    }

    var clientCount: Int { clients.count }

    func listen(host: String, port: UInt16) throws(SocketError) {
        var options = TCPOptions()
        // Room for a command that is not complete yet, and for some that wait.
        options.inputLimit = 4 * frontEnd.limits.commandBytes
        options.outputLimit = frontEnd.limits.outputBytes
        let listener = try TCPListener(
            loop: core.loop, host: host, port: port, options: options
        ) { [unowned self] in accept($0) }
        self.listener = listener
        self.port = listener.boundPort
    }

    /// Takes no new connections.
    func stopListening() {
        listener?.close()
        listener = nil
    }

    func closeAll() {
        for id in clients.ids {
            guard let client = clients[id] else { continue }
            flush(client)  // A connection that closes takes nothing more.
            // A client that does not close its side must not hold the node up.
            client.connection.close(deadline: .seconds(1))
        }
    }

    private func accept(_ connection: TCPConnection) {
        let now = core.loop.now
        let id = clients.open { id in
            RESPClient(connection, RESPSession(id: id, frontEnd: frontEnd), at: now)
        }
        guard let id, let client = clients[id] else {
            connection.write { $0.append(RESPFrontEnd.tooManyClients) }
            connection.close()
            return
        }
        connection.onClose = { [unowned self] _ in clients.close(id) }
        connection.onWritable = { [unowned self, unowned client] in
            client.session.unsentByteCount = client.connection.queuedBytes
            if client.session.pause == .output { resume(client) }
        }
        connection.startReading { [unowned self, unowned client] input in
            receive(&input, from: client)
        }
    }

    private func receive(_ input: inout ByteFIFO, from client: RESPClient) {
        client.lastHeard = core.loop.now
        var gateway = Gateway(core: core, shared: shared, clientCount: clients.count, port: port)
        client.session.unsentByteCount = client.connection.queuedBytes
        let consumed = client.session.receive(
            input.bytes, gateway: &gateway, output: &client.output)
        input.consume(consumed)
        switch client.session.pause {
        case .input: break
        case .gateway:
            busy.append(client)
            client.connection.pauseReading()
        case .answers, .output: client.connection.pauseReading()
        }
        markDirty(client)
    }

    private func resume(_ client: RESPClient) {
        guard client.connection.isOpen else { return }
        client.connection.resumeReading()
    }

    // MARK: Results

    func answerWrite(_ origin: UInt64, _ result: RawSpan) {
        guard !hasFailedAll, let client = clients[SessionID(rawValue: origin)] else { return }
        client.session.writeAnswered(result, output: &client.output)
        markDirty(client)
    }

    func answerRead(_ origin: UInt64, _ result: RawSpan) {
        guard !hasFailedAll, let client = clients[SessionID(rawValue: origin)] else { return }
        client.session.readAnswered(result, output: &client.output)
        markDirty(client)
    }

    func failAll(_ text: String) {
        hasFailedAll = true
        for id in clients.ids {
            guard let client = clients[id] else { continue }
            client.session.failedAll(text, output: &client.output)
            markDirty(client)
        }
        resumeBusy()  // What they wanted is refused now.
    }

    func resumeBusy() {
        let waiting = busy
        busy.removeAll()
        for client in waiting { resume(client) }
    }

    private func markDirty(_ client: RESPClient) {
        guard !client.isDirty else { return }
        client.isDirty = true
        dirty.append(client)
    }

    /// Sends the replies of this turn, and lets sessions go on that waited for them.
    func endTurn() {
        let clients = dirty
        dirty.removeAll(keepingCapacity: true)
        for client in clients {
            client.isDirty = false
            flush(client)
        }
    }

    private func flush(_ client: RESPClient) {
        if !client.output.isEmpty {
            client.connection.write { $0.append(client.output) }
            client.output.removeAll(keepingCapacity: true)
        }
        switch client.session.closure {
        case .afterOutput: return client.connection.close()
        case .now: return client.connection.abort()
        case nil: break
        }
        let isReady = client.session.outstandingCount == 0
        if client.session.pause == .answers, isReady { resume(client) }
    }

    /// Closes connections on which nothing has happened for too long.
    func closeIdle() {
        let limit = frontEnd.limits.idleTimeout
        guard limit > .zero else { return }
        let now = core.loop.now
        for id in clients.ids {
            guard let client = clients[id], client.session.outstandingCount == 0,
                now.since(client.lastHeard) > limit
            else { continue }
            // A client that does not close its side must not hold the node up.
            client.connection.close(deadline: .seconds(1))
        }
    }

    /// The way from one session's bytes into the node.
    private struct Gateway: CommandGateway {
        let core: Core
        let shared: SharedReports
        let clientCount: Int
        let port: UInt16

        mutating func submit(
            _ session: SessionID, upTo limit: Int, _ write: (inout [UInt8]) -> Void
        ) -> Admission {
            Admission(core.submit(session.rawValue, upTo: limit, write))
        }

        mutating func read(
            _ session: SessionID, local: Bool, upTo limit: Int, _ write: (inout [UInt8]) -> Void
        ) -> Admission {
            Admission(core.read(session.rawValue, isLocal: local, write))
        }

        var facts: ServerFacts {
            ServerFacts(
                status: shared.current.status, connectedClients: clientCount, port: port)
        }
    }
}

extension Admission {
    fileprivate init(_ acceptance: Acceptance) {
        switch acceptance {
        case .accepted: self = .accepted
        case .refused(.busy): self = .busy
        case .refused(let error): self = .refused(error.reply)
        }
    }
}
