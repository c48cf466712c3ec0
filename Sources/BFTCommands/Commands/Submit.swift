import BFTConfiguration
import BFTLogging

/// `bft submit`: one transaction, carried out once a quorum has ordered it.
package struct Submit: ClientCommand {
    package static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submits one transaction and waits until it is carried out.",
        discussion: "The words are a command of the application: for the built-in key-value\n"
            + "store SET, DEL, INCR and the like. Options stand before the words.",
        examples: [
            "bft submit SET greeting hello", "bft submit --json INCR counter",
        ])

    @Rest(help: "The command, word by word.")
    var words
    @Option(help: "Where the node serves HTTP.")
    var url = NodeURL(endpoint: Endpoint(host: "127.0.0.1", port: 8400))
    @Option(valueName: "SECONDS", help: "How long to wait for the answer.")
    var timeout = 30.0
    @Flag(help: "Print the node's answer as JSON.")
    var json = false

    package init() {}

    package func validate() throws(UsageError) { try Seconds.check(timeout) }

    package func run(_ console: Console) throws {
        let client = NodeClient(url, timeout: Seconds.interval(timeout))
        let body = JSONText.object([("command", .array(words.map { .text($0) }))])
        let answer = try client.json("POST", "/transactions", body: Array(body.compact.utf8))
        guard let answer else { return }
        if !json, let result = answer["result"] {
            console.print(result.text.map(EscapedText.line) ?? JSONText(result).compact)
        } else {
            console.print(JSONText(answer).compact)
        }
    }
}
