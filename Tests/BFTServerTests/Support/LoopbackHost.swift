import BFTBase
import BFTServer
import Foundation
import Glibc
import Synchronization

/// Serves RESP sessions on the loopback address from one thread, as plainly as can be.
final class LoopbackHost: Sendable {
    let port: UInt16
    private let listener: ListeningSocket
    private let frontEnd: RESPFrontEnd
    private let isStopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)

    private struct Client {
        let socket: Int32
        var session: RESPSession
        var unread: [UInt8] = []
        var output: [UInt8] = []
        var isGone = false
    }

    init(limits: RESPLimits = RESPLimits(), password: String? = nil) throws {
        listener = try ListeningSocket(host: "127.0.0.1", port: 0)
        port = listener.port
        frontEnd = RESPFrontEnd(
            table: DictionaryApplication.table, limits: limits,
            password: password.map { Array($0.utf8) })
        let thread = Thread { self.run() }
        thread.stackSize = 8 << 20
        thread.start()
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
        listener.close()
    }

    private func run() {
        var clients = SessionSlots<Client>(limit: frontEnd.limits.clientCount)
        var gateway = QueueGateway()
        var application = DictionaryApplication()
        while !isStopping.load(ordering: .relaxed) {
            let ids = clients.ids
            var polls = [pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)]
            for id in ids {
                guard let client = clients[id] else { continue }
                var events = client.session.wantsInput ? Int16(POLLIN) : 0
                if !client.output.isEmpty { events |= Int16(POLLOUT) }
                polls.append(pollfd(fd: client.socket, events: events, revents: 0))
            }
            _ = poll(&polls, nfds_t(polls.count), 20)
            if polls[0].revents != 0 { accept(&clients) }
            for (id, poll) in zip(ids, polls.dropFirst()) where poll.revents != 0 {
                clients.update(id) { client in
                    Self.read(&client)
                    Self.resume(&client, &gateway)
                }
            }
            while let request = gateway.requests.popFirst() {
                let result = application.execute(request.list)
                clients.update(request.session) { client in
                    if request.isWrite {
                        client.session.writeAnswered(result.span.bytes, output: &client.output)
                    } else {
                        client.session.readAnswered(result.span.bytes, output: &client.output)
                    }
                    if client.session.pause == .answers { Self.resume(&client, &gateway) }
                }
            }
            for id in ids { finish(id, &clients, &gateway) }
        }
        for id in clients.ids { clients.close(id).map { _ = Glibc.close($0.socket) } }
        ended.signal()
    }

    private func accept(_ clients: inout SessionSlots<Client>) {

        while case let socket = Glibc.accept(listener.descriptor, nil, nil), socket >= 0 {
            _ = fcntl(socket, F_SETFL, O_NONBLOCK)
            let frontEnd = self.frontEnd
            let id = clients.open {
                Client(socket: socket, session: RESPSession(id: $0, frontEnd: frontEnd))
            }
            if id == nil {
                _ = send(
                    socket, RESPFrontEnd.tooManyClients, RESPFrontEnd.tooManyClients.count,
                    Int32(MSG_NOSIGNAL))
                Glibc.close(socket)
            }
        }
    }

    private static func read(_ client: inout Client) {
        guard client.session.wantsInput else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(client.socket, &chunk, chunk.count, 0)
        if count == 0 || (count < 0 && errno != EAGAIN) { client.isGone = true }
        if count > 0 { client.unread += chunk[..<count] }
    }

    private static func resume(_ client: inout Client, _ gateway: inout QueueGateway) {
        let input = client.unread
        let consumed = client.session.receive(
            input.span.bytes, gateway: &gateway, output: &client.output)
        client.unread.removeFirst(consumed)
    }

    private func finish(
        _ id: SessionID, _ clients: inout SessionSlots<Client>, _ gateway: inout QueueGateway
    ) {
        let isOver = clients.update(id) { client in
            if !client.output.isEmpty {
                let count = send(
                    client.socket, client.output, client.output.count,
                    Int32(MSG_NOSIGNAL))
                if count > 0 { client.output.removeFirst(count) }
                if count < 0 && errno != EAGAIN { client.isGone = true }
                if client.session.pause == .output { Self.resume(&client, &gateway) }
            }
            let closure = client.session.closure
            return client.isGone || closure == .now
                || (closure == .afterOutput && client.output.isEmpty)
        }
        if isOver == true { clients.close(id).map { _ = Glibc.close($0.socket) } }
    }
}
