import BFTBase
import BFTConfiguration

/// Where a node serves HTTP: `http://127.0.0.1:8400`.
package struct NodeURL: Hashable, Sendable, CustomStringConvertible {
    let endpoint: Endpoint

    init(endpoint: Endpoint) { self.endpoint = endpoint }

    package var description: String { "http://\(endpoint)" }
}

extension NodeURL: ExpressibleByArgument {
    /// Takes `http://host:port`, with or without a slash at the end, or `host:port` alone.
    package init?(argument: String) {
        guard !argument.hasPrefix("https://") else { return nil }
        var text = argument[...]
        if text.hasPrefix("http://") { text = text.dropFirst(7) }
        if text.hasSuffix("/") { text = text.dropLast() }
        guard let endpoint = Endpoint(String(text)) ?? Endpoint("\(text):80"), endpoint.port > 0
        else { return nil }
        self.endpoint = endpoint
    }

    package static var valueName: String { "URL" }
}

/// What a server answered.
struct HTTPResponse: Equatable {
    let status: Int
    let body: [UInt8]
}

/// One HTTP/1.1 request on a connection of its own (RFC 9112), with bounds on time and size.
///
/// The server is not trusted: its answer is bounded, and nothing in it can trap or block longer
/// than the timeout.
struct HTTPClient {
    static let headLimit = 16 << 10
    static let bodyLimit = 16 << 20

    let url: NodeURL
    let timeout: Interval

    enum Failure: Error, Equatable {
        case connection(TCPSocket.Failure)
        case headTooLong
        case bodyTooLong
        case truncated
        case malformed(String)

        var message: String {
            switch self {
            case .connection(let failure): failure.message
            case .headTooLong: "the answer's head is longer than \(HTTPClient.headLimit) bytes"
            case .bodyTooLong: "the answer is longer than \(HTTPClient.bodyLimit) bytes"
            case .truncated: "the answer ends too early"
            case .malformed(let what): "the answer is not HTTP: \(what)"
            }
        }

        var hint: String {
            if case .connection(let failure) = self { return failure.hint }
            return "is this the HTTP port of a node? node.toml says: [http] listen"
        }
    }

    /// Sends a request and returns the whole answer. `path` is percent-encoded already.
    func send(_ method: String, _ path: String, body: [UInt8] = []) throws(Failure) -> HTTPResponse
    {
        var request = "\(method) \(path) HTTP/1.1\r\nHost: \(url.endpoint)\r\n"
        request += "Connection: close\r\nAccept: application/json\r\n"
        if !body.isEmpty { request += "Content-Type: application/json\r\n" }
        if !body.isEmpty || method == "POST" { request += "Content-Length: \(body.count)\r\n" }
        let deadline = Deadline(timeout)
        var answer = HTTPAnswer()
        do throws(TCPSocket.Failure) {
            let socket = try TCPSocket.connect(to: url.endpoint, within: deadline)
            try socket.send(Array("\(request)\r\n".utf8) + body, within: deadline)
            while !answer.isOver {
                answer.append(try socket.receive(limit: 64 << 10, within: deadline))
            }
        } catch {
            throw .connection(error)
        }
        return try answer.response.get()
    }

    /// `text` as one segment of a path (RFC 3986).
    static func pathSegment(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(Unicode.Scalar(byte))
            default: "%" + Hex.encode([byte]).uppercased()
            }
        }.joined()
    }
}
