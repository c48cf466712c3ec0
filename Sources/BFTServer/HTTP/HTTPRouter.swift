internal import BFTBase

/// A request, as far as a route has to know it.
struct HTTPRequest {
    var method: String
    /// As the client spelled it, without the query.
    var path: String
    /// In lower case, without parameters.
    var contentType: String
    var body: [UInt8] = []
}

/// Which request is for what.
struct HTTPRouter: Sendable {
    let service: any HTTPService

    /// The endpoints, as `GET /` lists them.
    static let endpoints: KeyValuePairs<String, String> = [
        "GET /": "this list",
        "GET /health": "200 while the node does its work, otherwise 503",
        "GET /status": "the node, its view of the chain, its peers",
        "GET /metrics": "metrics for Prometheus",
        "GET /validators": "the validators of this epoch",
        "GET /blocks/{height}": "a committed block and a certificate of it or of a later one",
        "GET /state/{key}": "an entry of the state",
        "POST /transactions": "orders a transaction and answers with its result",
    ]

    private struct Index: JSONReport {
        func write(to json: inout JSONWriter) {
            json.object { json in
                json.name("endpoints")
                json.object { json in
                    for (name, meaning) in HTTPRouter.endpoints { json.field(name, meaning) }
                }
            }
        }
    }

    /// Has the request answered through `exchange`, now or later.
    func route(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        do throws(HTTPFailure) {
            try dispatch(request, exchange)
        } catch {
            exchange.fail(error)
        }
    }

    private func dispatch(
        _ request: HTTPRequest, _ exchange: HTTPExchange
    ) throws(HTTPFailure) {
        let segments = request.path.utf8.split(
            separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard segments.count >= 2, segments[0].isEmpty else {
            throw .badRequest("the target of a request is a path, such as /status")
        }
        let name = String(Substring(segments[1]))
        let rest = segments.count > 2 ? segments[2] : nil
        switch (name, rest) {
        case ("", nil): if allows("GET", request, exchange) { exchange.respond(Index()) }
        case ("health", nil): if allows("GET", request, exchange) { health(exchange) }
        case ("status", nil):
            if allows("GET", request, exchange) { exchange.respond(service.status()) }
        case ("validators", nil):
            if allows("GET", request, exchange) { exchange.respond(service.validators()) }
        case ("metrics", nil):
            guard allows("GET", request, exchange) else { return }
            exchange.respond(
                status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: service.metrics())
        case ("blocks", let rest?):
            guard allows("GET", request, exchange) else { return }
            let text = String(Substring(rest))
            guard let height = UInt64(text), text.first != "+" else {
                throw .badRequest("a block is named by its height, a number: /blocks/17")
            }
            service.block(Height(height), exchange)
        case ("state", let rest?):
            guard allows("GET", request, exchange) else { return }
            guard let key = Self.decode(rest), !key.isEmpty else {
                throw .badRequest("a key follows /state/, its bytes percent-encoded: /state/a%2Fb")
            }
            service.state(key, exchange)
        case ("transactions", nil):
            if allows("POST", request, exchange) { try submit(request, exchange) }
        default: throw .notFound("there is nothing at this path: GET / lists what there is")
        }
    }

    private func health(_ exchange: HTTPExchange) {
        let report = service.health()
        exchange.respond(report, status: report.trouble == nil ? 200 : 503)
    }

    private func submit(
        _ request: HTTPRequest, _ exchange: HTTPExchange
    ) throws(HTTPFailure) {
        switch request.contentType {
        case "application/octet-stream":
            guard !request.body.isEmpty else { throw .badRequest("the transaction is empty") }
            service.submit(request.body, exchange)
        case "application/json":
            let list: [UInt8]
            do throws(CommandDocumentError) {
                list = try CommandDocument.commandList(of: request.body)
            } catch {
                throw .badRequest("no transaction: \(error)")
            }
            service.submit(list, exchange)
        default:
            // Also what keeps a web page from sending transactions: for these types a browser
            // asks for permission first, and gets none.
            throw HTTPFailure(
                status: 415,
                reason: "send Content-Type: application/json or application/octet-stream")
        }
    }

    /// Whether the request's method is `method`. If not, answers with the one that is allowed.
    private func allows(
        _ method: String, _ request: HTTPRequest, _ exchange: HTTPExchange
    ) -> Bool {
        if request.method == method { return true }
        if method == "GET" && request.method == "HEAD" { return true }
        var response = HTTPExchange.Response.failure(
            HTTPFailure(status: 405, reason: "the method here is \(method)"))
        response.headers.append(("Allow", method == "GET" ? "GET, HEAD" : method))
        _ = exchange.respond(response)
        return false
    }

    /// The bytes that a part of a path spells (RFC 3986, section 2.1), or `nil` if a percent sign
    /// is not followed by two digits.
    static func decode(_ text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            position = text.index(after: position)
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            var value = UInt8(0)
            for _ in 0..<2 {
                guard position < text.endIndex, let digit = InlineCommand.digit(text[position])
                else { return nil }
                value = value << 4 | digit
                position = text.index(after: position)
            }
            bytes.append(value)
        }
        return bytes
    }
}
