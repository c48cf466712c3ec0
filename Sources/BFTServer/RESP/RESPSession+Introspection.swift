internal import BFTApplication
internal import BFTBase

/// The commands that tell about the server: `COMMAND`, `CONFIG`, `INFO`.
extension RESPSession {
    // MARK: COMMAND

    mutating func answerCommand(_ command: RawSpan, _ output: inout [UInt8]) {
        let entries = frontEnd.commands.entries
        guard parser.arguments.count > 1 else {
            output.replyArray(entries.count)
            for entry in entries { reply(entry, &output) }
            return
        }
        let what = argument(1, of: command)
        switch (parser.arguments.count, true) {
        case (2, Self.matches(what, "COUNT")): output.replyInteger(entries.count)
        case (2, Self.matches(what, "LIST")):
            output.replyArray(entries.count)
            for entry in entries { output.replyBulk(entry.rule.name.lowercased()) }
        case (_, Self.matches(what, "INFO")): answerCommandInfo(command, &output)
        case (_, Self.matches(what, "DOCS")): answerCommandDocs(command, &output)
        case (3..., Self.matches(what, "GETKEYS")): answerGetKeys(command, &output)
        default: refuseSubcommand(of: "command", command, &output)
        }
    }

    /// The entries that the arguments from the third on name, `nil` for a name that there isn't.
    private func namedEntries(_ command: RawSpan) -> [CommandIndex.Entry?] {
        let index = frontEnd.commands
        guard parser.arguments.count > 2 else { return index.entries }
        return (2..<parser.arguments.count).map { position in
            index.find(argument(position, of: command)).map { index.entries[$0] }
        }
    }

    private func answerCommandInfo(_ command: RawSpan, _ output: inout [UInt8]) {
        let entries = namedEntries(command)
        output.replyArray(entries.count)
        for entry in entries {
            if let entry { reply(entry, &output) } else { output.replyNullArray(client.version) }
        }
    }

    /// One command as Redis 7 describes it: ten fields.
    private func reply(_ entry: CommandIndex.Entry, _ output: inout [UInt8]) {
        let rule = entry.rule
        output.replyArray(10)
        output.replyBulk(rule.name.lowercased())
        output.replyInteger(rule.arity)
        output.replySet(1, client.version)
        switch entry.target {
        case .connection: output.replySimple("fast")
        case .ledger(.write): output.replySimple("write")
        case .ledger(.read): output.replySimple("readonly")
        }
        output.replyInteger(rule.keys.first)
        output.replyInteger(rule.keys.last)
        output.replyInteger(rule.keys.step)
        output.replySet(1, client.version)
        switch entry.target {
        case .connection: output.replySimple("@connection")
        case .ledger(.write): output.replySimple("@write")
        case .ledger(.read): output.replySimple("@read")
        }
        // No tips, no key specifications, no subcommands.
        for _ in 0..<3 { output.replyArray(0) }
    }

    private func answerCommandDocs(_ command: RawSpan, _ output: inout [UInt8]) {
        let entries = namedEntries(command).compactMap { $0 }
        output.replyMap(entries.count, client.version)
        for entry in entries {
            output.replyBulk(entry.rule.name.lowercased())
            output.replyMap(2, client.version)
            output.replyBulk("summary")
            output.replyBulk(Self.summary(entry.target))
            output.replyBulk("group")
            output.replyBulk(Self.group(entry.target))
        }
    }

    private static func summary(_ target: CommandIndex.Target) -> String {
        switch target {
        case .connection: "Answered by the node that the client is connected to."
        case .ledger(.write): "Ordered by the validators and executed by all of them."
        case .ledger(.read): "Answered from the replicated state."
        }
    }

    private static func group(_ target: CommandIndex.Target) -> String {
        if case .connection = target { "connection" } else { "generic" }
    }

    private func answerGetKeys(_ command: RawSpan, _ output: inout [UInt8]) {
        let count = parser.arguments.count - 2
        guard let position = frontEnd.commands.find(argument(2, of: command)) else {
            return output.replyError("ERR Invalid command specified")
        }
        let rule = frontEnd.commands.entries[position].rule
        guard rule.accepts(argumentCount: count) else {
            return output.replyError("ERR Invalid number of arguments specified for command")
        }
        let last = rule.keys.last < 0 ? count + rule.keys.last : rule.keys.last
        guard rule.keys.first > 0, rule.keys.step > 0, rule.keys.first < count else {
            return output.replyError("ERR The command has no key arguments")
        }
        let keys = Array(
            stride(
                from: rule.keys.first, through: min(last, count - 1), by: rule.keys.step))
        output.replyArray(keys.count)
        for key in keys { output.replyBulk(argument(key + 2, of: command)) }
    }

    // MARK: CONFIG

    mutating func answerConfig(_ command: RawSpan, _ output: inout [UInt8]) {
        let what = argument(1, of: command)
        if Self.matches(what, "GET") && parser.arguments.count > 2 {
            let patterns = (2..<parser.arguments.count).map {
                GlobPattern(argument($0, of: command))
            }
            let found = frontEnd.settings.filter { setting in
                patterns.contains { $0.matches(setting.name) }
            }
            output.replyMap(found.count, client.version)
            for setting in found {
                output.replyBulk(setting.name)
                output.replyBulk(setting.value)
            }
        } else if Self.matches(what, "SET") {
            output.replyError(
                "ERR CONFIG SET is not supported: a node takes its configuration when it starts")
        } else {
            refuseSubcommand(of: "config", command, &output)
        }
    }

    // MARK: INFO

    func answerInfo(
        _ command: RawSpan, _ gateway: some CommandGateway, _ output: inout [UInt8]
    ) {
        let facts = gateway.facts
        var text = ""
        for (name, body) in infoSections(facts) where wantsSection(name, command) {
            if !text.isEmpty { text += "\r\n" }
            text += "# \(name)\r\n\(body)"
        }
        output.replyText(text, client.version)
    }

    private func wantsSection(_ name: String, _ command: RawSpan) -> Bool {
        guard parser.arguments.count > 1 else { return true }
        for position in 1..<parser.arguments.count {
            let wanted = Self.text(argument(position, of: command)).lowercased()
            if wanted == name.lowercased() || ["all", "default", "everything"].contains(wanted) {
                return true
            }
        }
        return false
    }

    private func infoSections(_ facts: ServerFacts) -> [(String, String)] {
        let status = facts.status
        let seconds = status.uptime.nanoseconds / 1_000_000_000
        func lines(_ fields: KeyValuePairs<String, String>) -> String {
            fields.map { "\($0.key):\($0.value)\r\n" }.joined()
        }
        return [
            (
                "Server",
                lines([
                    "redis_version": RESPFrontEnd.redisVersion, "redis_mode": "standalone",
                    "server_name": "swift-bft", "server_version": status.version,
                    "tcp_port": String(facts.port), "uptime_in_seconds": String(seconds),
                    "uptime_in_days": String(seconds / 86_400),
                ])
            ),
            (
                "Clients",
                lines([
                    "connected_clients": String(facts.connectedClients),
                    "maxclients": String(frontEnd.limits.clientCount),
                ])
            ),
            // What libraries wait for before they send commands.
            ("Persistence", lines(["loading": "0"])),
            ("Replication", lines(["role": "master", "connected_slaves": "0"])),
            (
                "Consensus",
                lines([
                    "chain_id": status.chainID, "protocol": status.protocolName,
                    "signature_scheme": status.scheme,
                    "node_index": status.nodeIndex.map { String($0.rawValue) } ?? "none",
                    "voting": status.isVoting ? "yes" : "no", "epoch": "\(status.epoch)",
                    "view": "\(status.view)", "leader": String(status.leader.rawValue),
                    "committed_height": "\(status.committedHeight)",
                    "applied_height": "\(status.appliedHeight)",
                    "state_root": status.stateRoot.hex, "peers": String(status.peers.count),
                    "connected_peers": String(status.connectedPeerCount),
                ])
            ),
        ]
    }
}

/// A pattern with `*` for any bytes and `?` for any one byte, in any case.
struct GlobPattern {
    private let pattern: [UInt8]

    init(_ pattern: RawSpan) {
        // No setting has a longer name, so a longer pattern is cut without changing what it means
        // in any case that matters, and matching stays cheap.
        self.pattern = pattern.extracting(first: 64).withUnsafeBytes { $0.map(Self.lower) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// Goes back to the last star only, so the time is at most the product of the lengths.
    func matches(_ text: String) -> Bool {
        let text = Array(text.utf8)
        var (at, here) = (0, 0)
        var retry: (pattern: Int, text: Int)?
        while here < text.count {
            if at < pattern.count, pattern[at] == UInt8(ascii: "*") {
                at += 1
                retry = (at, here)
            } else if at < pattern.count,
                pattern[at] == UInt8(ascii: "?") || pattern[at] == text[here]
            {
                at += 1
                here += 1
            } else if let last = retry {
                retry = (last.pattern, last.text + 1)
                (at, here) = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
