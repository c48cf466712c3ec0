import BFTBase
import BFTConfiguration

/// A node's HTTP interface, as the commands use it.
struct NodeClient {
    private let http: HTTPClient

    init(_ url: NodeURL, timeout: Interval) { http = HTTPClient(url: url, timeout: timeout) }

    /// The JSON that the node answers, with a status of 200 to 299, or else `nil` for 404.
    func json(
        _ method: String, _ path: String, body: [UInt8] = []
    ) throws(CommandFailure) -> LocatedValue? {
        let response: HTTPResponse
        do throws(HTTPClient.Failure) {
            response = try http.send(method, path, body: body)
        } catch {
            throw CommandFailure("\(http.url): \(error.message)", hint: error.hint)
        }
        let value = try? JSONReader.read(response.body)
        switch response.status {
        case 200..<300:
            guard let value else {
                throw CommandFailure(
                    "\(http.url)\(path) answers no JSON",
                    hint: "is this the HTTP port of a node? node.toml says: [http] listen")
            }
            return value
        case 404 where method == "GET": return nil
        default:
            let body = String(decoding: response.body.prefix(500), as: UTF8.self)
            let reason = value?["error"]?.text ?? value?["message"]?.text ?? body
            throw CommandFailure(
                "\(http.url)\(path) answers \(response.status): \(reason)",
                hint: Self.hint(response.status))
        }
    }

    private static func hint(_ status: Int) -> String {
        switch status {
        case 400, 422: "check the command and its arguments"
        case 401, 403: "this node asks for credentials: see node.toml"
        case 408, 504: "the chain did not decide in time: see 'bft status'"
        case 413: "send less: the genesis bounds a transaction with maxTransactionBytes"
        case 429, 503: "the node is busy or starting: try again in a moment"
        default: "look at the node's log"
        }
    }
}
