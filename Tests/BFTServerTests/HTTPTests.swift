import BFTBase
import BFTServer
import BFTTestKit
import Foundation
import Testing

/// A server on a free port, and curl in front of it.
private struct Site {
    let service = ScriptedService()
    let server: HTTPServer

    init(_ limits: HTTPLimits = HTTPLimits()) throws {
        server = try HTTPServer(host: "127.0.0.1", port: 0, limits: limits, service: service)
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(server.port)\(path)" }

    /// What curl prints: the body, then the status and the content type on a line.
    func curl(_ path: String, _ options: String...) throws -> String {
        guard let tool = Tool("curl") else { return "" }
        let format = "%{http_code} %{content_type}"
        return try tool.run(["-s", "-m", "20", "-w", format] + options + [url(path)]).output
    }

    func raw(_ text: String) throws -> String {
        let client = try RawClient(port: server.port)
        defer { client.close() }
        client.send(text)
        return client.receiveAll()
    }
}

@Suite("HTTP")
struct HTTPTests {
    @Test("Every endpoint answers in JSON of its shape")
    func answersEndpoints() throws {
        let site = try Site()
        defer { site.server.stop() }
        #expect(try site.curl("/health") == "{\"status\":\"ok\"}\n200 application/json")
        #expect(try site.curl("/").contains("\"POST /transactions\":"))
        let status = try site.curl("/status")
        #expect(status.hasPrefix("{\"chainId\":\"test \\\"chain\\\"\",\"version\":"))
        #expect(status.contains("\"committedHeight\":41,\"appliedHeight\":40,"))
        #expect(status.contains("\"peers\":[{\"index\":0,\"connected\":true},{\"index\":1,"))
        #expect(
            try site.curl("/validators")
                == "{\"epoch\":1,\"totalPower\":4,\"validators\":[{\"index\":0,\"power\":4,"
                + "\"publicKey\":\"/wAB\"}]}\n200 application/json")
        let block = try site.curl("/blocks/8")
        #expect(block.contains("\"batches\":[{\"author\":2,\"sequence\":3,\"digest\":\"06"))
        #expect(
            block.contains("\"signers\":[0,1,3],\"encoded\":\"AQID\"},\"encoded\":\"BAUG\"}\n200"))
        #expect(
            try site.curl("/state/k").hasPrefix(
                "{\"key\":\"k\",\"value\":{\"n\":[1,null]},\"height\":40,\"stateRoot\":\"01"))
        #expect(try site.curl("/state/later").contains("\"value\":\"later\""))
        #expect(
            try site.curl("/metrics").hasSuffix("200 text/plain; version=0.0.4; charset=utf-8"))
    }

    @Test("Bodies are valid JSON to somebody else's parser")
    func writesValidJSON() throws {
        let site = try Site()
        defer { site.server.stop() }
        guard let curl = Tool("curl"), let python = Tool("python3") else { return }
        for path in [
            "/", "/health", "/status", "/validators", "/blocks/1", "/state/%22%01%ff", "/x",
        ] {
            let body = try curl.run(["-s", site.url(path)]).output
            #expect(try python.run(["-m", "json.tool"], input: body).status == 0, "\(body)")
        }
    }

    @Test("What can't be answered gets the right status and a reason")
    func answersErrors() throws {
        let site = try Site()
        defer { site.server.stop() }
        func code(_ path: String, _ options: String...) throws -> String {
            guard let tool = Tool("curl") else { return "" }
            return try tool.run(
                ["-s", "-o", "/dev/null", "-w", "%{http_code}"] + options + [site.url(path)]
            ).output
        }
        for path in ["/nothing", "/status/", "/status/x", "/state", "/transactions/1", "//"] {
            #expect(try code(path, "--path-as-is") == "404", "\(path)")
        }
        for path in ["/blocks/x", "/blocks/-1", "/blocks/+1", "/blocks/99999999999999999999"] {
            #expect(try code(path) == "400", "\(path)")
        }
        #expect(try code("/state/%zz") == "400")
        #expect(try code("/state/") == "400")
        #expect(try code("/state/none") == "404")
        #expect(try code("/blocks/42") == "404")
        #expect(try code("/status", "-X", "POST", "-d", "x") == "405")
        #expect(try code("/transactions") == "405")
        #expect(
            try site.raw("DELETE /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .contains("\r\nAllow: GET, HEAD\r\n"))
        #expect(try site.curl("/state/busy", "-i").contains("\r\nRetry-After: 3\r\n"))
        #expect(
            try site.curl("/blocks/42").hasPrefix("{\"error\":\"there is no block at height 42"))
        site.service.suffer("no quorum")
        #expect(
            try site.curl("/health")
                == "{\"status\":\"unavailable\",\"reason\":\"no quorum\"}\n503 application/json")
    }

    @Test("HEAD gives the header of GET")
    func answersHead() throws {
        let site = try Site()
        defer { site.server.stop() }
        let answer = try site.raw("HEAD /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.contains("Content-Length: 16\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
    }

    @Test("A key is its percent-decoded bytes, NUL and slash too")
    func decodesKeys() throws {
        let site = try Site()
        defer { site.server.stop() }
        #expect(try site.curl("/state/a%2Fb%00c").hasPrefix("{\"key\":\"a/b\\u0000c\","))
        #expect(try site.curl("/state/a/b").hasPrefix("{\"key\":\"a/b\","))
        #expect(try site.curl("/state/a+b?q=1").hasPrefix("{\"key\":\"a+b\","))
        #expect(try site.curl("/state/%ff").hasPrefix("{\"key\":{\"base64\":\"/w==\"},"))
    }

    @Test("Transactions come as JSON or as bytes")
    func takesTransactions() throws {
        let site = try Site()
        defer { site.server.stop() }
        let json = "Content-Type: application/json; charset=utf-8"
        let answer = try site.curl(
            "/transactions", "-H", json, "-d", "{\"command\":[\"set\",\"k\",5]}")
        #expect(
            answer.hasPrefix(
                "{\"height\":8,\"position\":1,\"result\":\"OK\",\"certificate\":{\"view\":9,"))
        #expect(site.service.transactions.last.map(texts) == [["SET", "k", "5"]])
        _ = try site.curl(
            "/transactions", "-H", json, "-d", "{\"commands\":[[\"GET\",\"a\"],[\"GET\",\"b\"]]}")
        #expect(site.service.transactions.last.map(texts) == [["GET", "a"], ["GET", "b"]])
        _ = try site.curl(
            "/transactions", "-H", "Content-Type: application/octet-stream", "-d", "bytes")
        #expect(site.service.transactions.last == Array("bytes".utf8))
        #expect(try site.curl("/transactions", "-d", "x=1").hasSuffix("415 application/json"))
        #expect(
            try site.curl("/transactions", "-H", json, "-d", "[]")
                == "{\"error\":\"no transaction: expected an object, at byte 0\"}\n"
                + "400 application/json")
        #expect(site.service.transactions.count == 3)
    }

    @Test("A body above the limit is refused, declared or not")
    func boundsBodies() throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 10_000
        let site = try Site(limits)
        defer { site.server.stop() }
        let body = String(repeating: "x", count: 11_000)
        let type = "Content-Type: application/octet-stream"
        #expect(
            try site.curl("/transactions", "-H", type, "-d", body).hasSuffix("413 application/json")
        )
        let chunked = try site.curl(
            "/transactions", "-H", type, "-H", "Transfer-Encoding: chunked", "-d", body)
        #expect(chunked.hasSuffix("413 application/json"), "\(chunked)")
        // Without end: cut, not collected.
        let client = try RawClient(port: site.server.port)
        defer { client.close() }
        client.send("POST /transactions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "1000\r\n" + String(repeating: "x", count: 4_096) + "\r\n"
        var sent = 0
        while sent < 1_000, client.send(chunk) { sent += 1 }
        #expect(sent < 1_000)
        #expect(site.service.transactions.isEmpty)
        #expect(try site.curl("/health").contains("ok"))
    }

    @Test("A body of the largest size is taken, and one byte more is not, declared or not")
    func largestBody() throws {
        var limits = HTTPLimits()
        limits.bodyBytes = 10_000
        let site = try Site(limits)
        defer { site.server.stop() }
        for excess in [0, 1] {
            let body = String(repeating: "x", count: 10_000 + excess)
            let head =
                "POST /transactions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + "Content-Type: application/octet-stream\r\n"
            let declared = try site.raw(head + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
            let chunk = String(body.utf8.count, radix: 16) + "\r\n" + body + "\r\n0\r\n\r\n"
            let chunked = try site.raw(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk)
            for answer in [declared, chunked] {
                #expect(answer.hasPrefix("HTTP/1.1 413 ") == (excess == 1), "\(excess)")
            }
            #expect(site.service.transactions.count == 2)
        }
    }

    @Test("Requests wait without holding each other up, and are answered from other threads")
    func suspendsRequests() throws {
        let site = try Site()
        defer { site.server.stop() }
        let clients = try (0..<50).map { _ in try RawClient(port: site.server.port) }
        for client in clients {
            client.send("GET /state/hold HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        }
        while site.service.heldCount < 50 { usleep(1_000) }
        #expect(try site.curl("/health").contains("ok"))
        // One gives up before its answer comes.
        clients[0].close()
        #expect(site.service.release() == 50)
        for client in clients.dropFirst() {
            #expect(client.receiveAll().hasPrefix("HTTP/1.1 200 OK\r\n"))
            client.close()
        }
        #expect(try site.curl("/health").contains("ok"))
    }

    @Test("A request that nobody answers is answered in time, and a late answer dropped")
    func endsWaiting() throws {
        var limits = HTTPLimits()
        limits.answerTimeout = .milliseconds(150)
        let site = try Site(limits)
        defer { site.server.stop() }
        #expect(try site.curl("/state/hold").hasSuffix("504 application/json"))
        #expect(site.service.release() == 0)
    }

    @Test("A client that sends byte by byte is cut")
    func cutsSlowClients() throws {
        var limits = HTTPLimits()
        limits.requestTimeout = .milliseconds(300)
        let site = try Site(limits)
        defer { site.server.stop() }
        let clients = try (0..<5).map { _ in try RawClient(port: site.server.port) }
        defer { clients.forEach { $0.close() } }
        var sent = 0
        while sent < 500 {
            let line = sent == 0 ? "POST /transactions HTTP/1.1\r\nContent-Length: 9" : "X: y"
            guard clients.allSatisfy({ $0.send(line + "\r\n") }) else { break }
            sent += 1
            usleep(20_000)
        }
        #expect(sent < 500)
        #expect(clients[1].receiveAll() == "")
        #expect(try site.curl("/health").contains("ok"))
    }

    @Test("Garbage and oversized headers don't bring the server down")
    func survivesGarbage() throws {
        let site = try Site()
        defer { site.server.stop() }
        for garbage in ["\u{1}\u{2}\u{3}\r\n\r\n", "GET\r\n\r\n", "*1\r\n$4\r\nPING\r\n\r\n"] {
            #expect(!(try site.raw(garbage)).contains(" 200 "), "\(garbage)")
        }
        let huge = String(repeating: "y", count: 70_000)
        #expect(try site.raw("GET / HTTP/1.1\r\nX: \(huge)\r\n\r\n").contains(" 431 "))
        #expect(!(try site.raw("GET /\(huge) HTTP/1.1\r\n\r\n")).contains(" 200 "))
        for length in ["-1", "x", "99999999999999999999"] {
            let head = "POST /transactions HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n"
            #expect(!(try site.raw(head)).contains(" 200 "))
        }
        var random = SplitMix64(seed: 11)
        let valid = Array(
            ("POST /transactions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + "Content-Length: 3\r\n\r\nabc").utf8)
        for _ in 0..<200 {
            var bytes = valid
            for _ in 0..<3 {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() % 128)
            }
            let client = try RawClient(port: site.server.port)
            client.send(String(decoding: bytes, as: UTF8.self))
            client.close()
        }
        #expect(try site.curl("/health").contains("ok"))
    }

    @Test("The number of connections is bounded")
    func boundsConnections() throws {
        var limits = HTTPLimits()
        limits.connectionCount = 8
        let site = try Site(limits)
        defer { site.server.stop() }
        let clients = try (0..<8).map { _ in try RawClient(port: site.server.port) }
        for client in clients {
            client.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(client.receive(untilCount: 12) == "HTTP/1.1 200")
        }
        let extra = try RawClient(port: site.server.port)
        extra.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        clients[0].close()
        extra.close()
        clients[1].send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(clients[1].receiveAll().contains("\"status\":\"ok\""))
        clients.dropFirst().forEach { $0.close() }
    }

    @Test("Stopping answers what is under way and closes the port")
    func stopsInOrder() throws {
        var limits = HTTPLimits()
        limits.drainTimeout = .milliseconds(100)
        let site = try Site(limits)
        let waiting = try RawClient(port: site.server.port)
        defer { waiting.close() }
        waiting.send("GET /state/hold HTTP/1.1\r\nHost: x\r\n\r\n")
        while site.service.heldCount < 1 { usleep(1_000) }
        site.server.stop()
        let answer = waiting.receiveAll()
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        #expect(answer.contains("Retry-After: 1"))
        #expect(site.service.release() == 0)
        #expect(throws: Failure.self) { try RawClient(port: site.server.port) }
        site.server.stop()
    }

    @Test("A port in use and a bad address are told apart")
    func tellsListenErrors() throws {
        let site = try Site()
        defer { site.server.stop() }
        let port = site.server.port
        #expect(throws: ListenError.inUse(host: "127.0.0.1", port: port)) {
            try HTTPServer(host: "127.0.0.1", port: port, service: site.service)
        }
        #expect(throws: ListenError.badAddress(host: "nowhere")) {
            try HTTPServer(host: "nowhere", port: 0, service: site.service)
        }
        #expect("\(ListenError.inUse(host: "::", port: 5))".contains(":: port 5 is in use"))
    }
}
