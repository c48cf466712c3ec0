import BFTConfiguration
import BFTLogging

/// `bft get`: one value of the replicated state.
package struct Get: ClientCommand {
    package static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Reads one key of the replicated state.",
        discussion: "A key that is not there is a failure: exit code 1.",
        examples: ["bft get greeting", "bft get greeting --url http://127.0.0.1:8401 --json"])

    @Argument(help: "The key.")
    var key: String
    @Option(help: "Where the node serves HTTP.")
    var url = NodeURL(endpoint: Endpoint(host: "127.0.0.1", port: 8400))
    @Option(valueName: "SECONDS", help: "How long to wait for the answer.")
    var timeout = 5.0
    @Flag(help: "Print the node's answer as JSON.")
    var json = false

    package init() {}

    package func validate() throws(UsageError) { try Seconds.check(timeout) }

    package func run(_ console: Console) throws {
        let client = NodeClient(url, timeout: Seconds.interval(timeout))
        guard let answer = try client.json("GET", "/state/\(HTTPClient.pathSegment(key))") else {
            throw CommandFailure(
                "there is no key '\(key)'", hint: "'bft submit SET \(key) …' makes it")
        }
        if json {
            console.print(JSONText(answer).compact)
        } else if let value = answer["value"] {
            console.print(value.text.map(EscapedText.line) ?? JSONText(value).compact)
        } else {
            console.print(JSONText(answer).compact)
        }
    }
}
