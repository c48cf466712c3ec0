import BFTBase
import BFTConfiguration
import Glibc
import Testing

@testable import BFTCommands

private func fetch(
    _ server: LoopbackServer, timeout: Interval = .seconds(5)
) -> Result<HTTPResponse, HTTPClient.Failure> {
    let client = HTTPClient(url: NodeURL(endpoint: server.endpoint), timeout: timeout)
    do throws(HTTPClient.Failure) {
        return .success(try client.send("GET", "/"))
    } catch {
        return .failure(error)
    }
}

private func fetch(
    _ answer: String, pieceLength: Int = .max
)
    -> Result<HTTPResponse, HTTPClient.Failure>
{
    fetch(LoopbackServer(answering: Array(answer.utf8), pieceLength: pieceLength))
}

@Suite struct HTTPClientTests {
    @Test("An answer is read in every framing, in pieces of every size")
    func framings() {
        let answers = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ncontent-length:5 \r\nContent-Length: 5\r\n\r\nhello and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n"
                + "0\r\nTrailer: x\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
        ]
        for answer in answers {
            for pieceLength in [1, 7, Int.max] {
                let expected = HTTPResponse(status: 200, body: Array("hello".utf8))
                #expect(fetch(answer, pieceLength: pieceLength) == .success(expected), "\(answer)")
            }
        }
        #expect(
            fetch("HTTP/1.1 204 No Content\r\n\r\n")
                == .success(HTTPResponse(status: 204, body: [])))
    }

    @Test("A hostile answer is refused")
    func hostile() {
        let cases: [(String, HTTPClient.Failure)] = [
            ("", .truncated),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", .truncated),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", .truncated),
            ("SSH-2.0-x\r\n\r\n", .malformed("no status line")),
            ("HTTP/1.1 999 X\r\n\r\n", .malformed("no status line")),
            ("HTTP/1.1 +20 X\r\n\r\n", .malformed("no status line")),
            ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", .malformed("no header field")),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                .malformed("a wrong Content-Length")
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                .malformed("a wrong Content-Length")
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                .malformed("a wrong Content-Length")
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", .bodyTooLong),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
                .malformed("two lengths")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                .malformed("an unknown Transfer-Encoding")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
                .malformed("a wrong chunk")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
                .malformed("a wrong chunk")
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n\r\n\r\n",
                .bodyTooLong
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
                .malformed("a chunk without an end")
            ),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 20_000), .headTooLong),
        ]
        for (answer, failure) in cases { #expect(fetch(answer) == .failure(failure), "\(answer)") }
    }

    @Test("Changed answers never trap, and pieces read as the whole does")
    func mutations() {
        let answer = Array(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                .utf8)
        var random = SplitMix64(seed: 3)
        for _ in 0..<5_000 {
            var changed = answer
            for _ in 0...random.next() % 3 {
                let byte = Array("0123456789\r\n: abcF-".utf8).randomElement(using: &random)!
                changed[Int(random.next() % UInt64(changed.count))] = byte
            }
            var whole = HTTPAnswer()
            whole.append(changed)
            whole.append([])
            var parts = HTTPAnswer()
            for byte in changed { parts.append([byte]) }
            parts.append([])
            #expect(whole.isOver && parts.isOver)
            #expect((try? whole.response.get()) == (try? parts.response.get()))
        }
    }

    @Test("A server that sends for ever, or never, is given up in time")
    func endless() {
        let flood = LoopbackServer { connection in
            _ = LoopbackServer.receive(connection)
            let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            guard LoopbackServer.send(connection, Array("HTTP/1.1 200 OK\r\n\r\n".utf8)) else {
                return
            }
            while LoopbackServer.send(connection, chunk) {}
        }
        #expect(fetch(flood, timeout: .seconds(60)) == .failure(.bodyTooLong))
        let silence = LoopbackServer { connection in
            while !LoopbackServer.receive(connection).isEmpty {}
        }
        #expect(
            fetch(silence, timeout: .milliseconds(50)) == .failure(.connection(.timedOut)))
    }

    @Test("A port without a server is said to refuse")
    func refused() {
        var server: LoopbackServer? = LoopbackServer { _ in }
        let endpoint = server!.endpoint
        #expect(!TCPSocket.canListen(on: endpoint))
        server = nil
        var attempts = 0
        while !TCPSocket.canListen(on: endpoint), attempts < 500 {
            usleep(10_000)
            attempts += 1
        }
        let client = HTTPClient(url: NodeURL(endpoint: endpoint), timeout: .seconds(5))
        #expect(throws: HTTPClient.Failure.connection(.refused)) { try client.send("GET", "/") }
    }

    @Test("The text of a path is percent-encoded, and URLs have a host and a port")
    func texts() {
        #expect(HTTPClient.pathSegment("a/b ä?#%\r\n") == "a%2Fb%20%C3%A4%3F%23%25%0D%0A")
        #expect(NodeURL(argument: "http://[::1]:80/")?.description == "http://[::1]:80")
        #expect(NodeURL(argument: "localhost")?.description == "http://localhost:80")
        for text in ["", "http://", "https://a:1", "http://a:1/x", "http://a b", "a:0"] {
            #expect(NodeURL(argument: text) == nil, "\(text)")
        }
    }
}

@Suite struct ClientCommandTests {
    private func run(
        _ arguments: [String], status: Int = 200, answer: String
    ) -> (
        code: Int32, recording: Recording
    ) {
        let text = "HTTP/1.1 \(status) X\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)"
        let server = LoopbackServer(answering: Array(text.utf8))
        let recording = Recording()
        let program = Program(
            name: "bft", abstract: "", version: "", entries: ProgramEntries.client)
        let code = program.run(
            [arguments[0], "--url", "http://\(server.endpoint)"] + arguments.dropFirst(),
            console: recording.console)
        return (code, recording)
    }

    @Test("Status is shown as a table and as JSON")
    func status() {
        let answer =
            #"{"chainId":"c","committedHeight":7,"peers":[{"index":1,"connected":true},"#
            + #"{"index":2,"connected":false}]}"#
        #expect(
            run(["status"], answer: answer).recording.output
                == "chainId          c\ncommittedHeight  7\n"
                + "peers            1 of 2 connected, missing 2\n")
        #expect(run(["status", "--json"], answer: answer).recording.output == answer + "\n")
    }

    @Test("Values and results are printed without what could drive the terminal")
    func values() {
        #expect(
            run(["get", "k"], answer: #"{"value":"a\u001b[2J"}"#).recording.output
                == "a\\u001b[2J\n")
        #expect(
            run(["submit", "SET", "k", "v"], answer: #"{"result":"OK"}"#).recording.output
                == "OK\n")
        #expect(
            run(["get", "k", "--json"], answer: #"{"value": 1 }"#).recording.output
                == "{\"value\":1}\n")
    }

    @Test("What the node refuses is a failure with its reason")
    func refusals() {
        let missing = run(["get", "k"], status: 404, answer: "{}")
        #expect(missing.code == 1)
        #expect(missing.recording.errors.contains("there is no key 'k'"))
        let busy = run(["submit", "SET"], status: 503, answer: #"{"error":"mempool full"}"#)
        #expect(busy.code == 1)
        #expect(busy.recording.errors.contains("answers 503: mempool full"))
        #expect(busy.recording.errors.contains("try again"))
        let nonsense = run(["status"], answer: "<html>")
        #expect(nonsense.code == 1)
        #expect(nonsense.recording.errors.contains("answers no JSON"))
    }
}
