import BFTBase
import BFTConfiguration
import BFTLogging

/// `bft status`: what a node says about itself.
package struct Status: ClientCommand {
    package static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows how a node and its chain are doing.",
        examples: ["bft status", "bft status --url http://127.0.0.1:8402 --json"])

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
        guard let status = try client.json("GET", "/status") else {
            throw CommandFailure(
                "\(url) has no /status",
                hint: "is this the HTTP port of a node? node.toml says: [http] listen")
        }
        console.write(json ? JSONText(status).compact + "\n" : Self.table(status))
    }

    /// One line for each member; the peers in one.
    static func table(_ status: LocatedValue) -> String {
        guard case .table(let members) = status.content else {
            return JSONText(status).compact + "\n"
        }
        let width = members.map(\.key.count).max() ?? 0
        return members.map { member in
            let value =
                member.key == "peers"
                ? peers(member.value) : member.value.text.map(EscapedText.line)
            let padding = String(repeating: " ", count: width - member.key.count)
            return EscapedText.line(member.key) + padding + "  "
                + (value ?? JSONText(member.value).compact)
        }.joined(separator: "\n") + "\n"
    }

    private static func peers(_ value: LocatedValue) -> String? {
        guard case .array(let peers) = value.content else { return nil }
        let up = peers.filter { $0["connected"]?.content == .boolean(true) }
        let down = peers.filter { $0["connected"]?.content != .boolean(true) }
            .map { $0["index"]?.integer.map(String.init) ?? "?" }
        return "\(up.count) of \(peers.count) connected"
            + (down.isEmpty ? "" : ", missing \(down.joined(separator: ", "))")
    }
}

/// Lengths of time that users give in seconds.
enum Seconds {
    static func check(_ seconds: Double, name: String = "timeout") throws(UsageError) {
        guard seconds >= 0.001, seconds <= 86_400 else {
            throw UsageError(
                "--\(name) can't be \(seconds)", hint: "give 0.001 to 86400 seconds")
        }
    }

    static func interval(_ seconds: Double) -> Interval {
        Interval(nanoseconds: UInt64(seconds * 1e9))
    }
}
