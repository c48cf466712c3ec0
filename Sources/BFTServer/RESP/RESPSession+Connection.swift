/// The commands about the connection itself.
extension RESPSession {
    /// Answers a command of the session's own.
    mutating func answer(
        _ own: ConnectionCommand, _ command: RawSpan, _ gateway: some CommandGateway,
        _ output: inout [UInt8]
    ) {
        switch own {
        case .auth: authenticate(command, &output)
        case .client: answerClient(command, &output)
        case .command: answerCommand(command, &output)
        case .config: answerConfig(command, &output)
        case .discard: discardBlock(&output)
        case .echo: output.replyBulk(argument(1, of: command))
        case .exec: break  // Taken before: it needs the gateway.
        case .hello: greet(command, &output)
        case .info: answerInfo(command, gateway, &output)
        case .multi: beginBlock(&output)
        case .ping: answerPing(command, &output)
        case .quit:
            output.replySimple("OK")
            closure = .afterOutput
        case .readOnly, .readWrite:
            client.readsLocally = own == .readOnly
            output.replySimple("OK")
        case .reset:
            reset()
            output.replySimple("RESET")
        case .select: select(command, &output)
        case .unwatch: output.replySimple("OK")
        case .watch: refuseWatch(&output)
        }
    }

    private mutating func reset() {
        block = nil
        client = ClientState()
        setAuthenticated(frontEnd.password == nil)
    }

    private mutating func setAuthenticated(_ isAuthenticated: Bool) {
        client.isAuthenticated = isAuthenticated
        parser.isRestricted = !isAuthenticated
    }

    private func answerPing(_ command: RawSpan, _ output: inout [UInt8]) {
        switch parser.arguments.count {
        case 1: output.replySimple("PONG")
        case 2: output.replyBulk(argument(1, of: command))
        default: output.replyError("ERR wrong number of arguments for 'ping' command")
        }
    }

    private func select(_ command: RawSpan, _ output: inout [UInt8]) {
        switch Self.integer(argument(1, of: command)) {
        case 0: output.replySimple("OK")
        case nil: output.replyError("ERR value is not an integer or out of range")
        default: output.replyError("ERR DB index is out of range")
        }
    }

    // MARK: Authentication

    private mutating func authenticate(_ command: RawSpan, _ output: inout [UInt8]) {
        let count = parser.arguments.count
        guard count <= 3 else { return output.replyError("ERR syntax error") }
        guard frontEnd.password != nil else {
            return output.replyError(
                "ERR AUTH <password> called without any password configured for the default "
                    + "user. Are you sure your configuration is correct?")
        }
        let isRight = checks(
            hasUser: count == 3, user: argument(1, of: command),
            password: argument(count - 1, of: command))
        guard isRight else { return output.replyError(Self.wrongPassword) }
        setAuthenticated(true)
        output.replySimple("OK")
    }

    private static let wrongPassword =
        "WRONGPASS invalid username-password pair or user is disabled."

    private func checks(hasUser: Bool = true, user: RawSpan, password: RawSpan) -> Bool {
        // Both are looked at in any case: which one is wrong can't be told from the time.
        let isPassword = frontEnd.isPassword(password)
        let isUser = !hasUser || Self.matches(user, "DEFAULT")
        return isPassword && isUser
    }

    /// `HELLO [version [AUTH user password] [SETNAME name]]`. Nothing changes unless all is right.
    private mutating func greet(_ command: RawSpan, _ output: inout [UInt8]) {
        var changed = client
        if parser.arguments.count > 1 {
            guard let number = Self.integer(argument(1, of: command)) else {
                return output.replyError(
                    "ERR Protocol version is not an integer or out of range")
            }
            guard let version = RESPVersion(rawValue: number) else {
                return output.replyError("NOPROTO unsupported protocol version")
            }
            changed.version = version
        }
        var position = 2
        while position < parser.arguments.count {
            let option = argument(position, of: command)
            let following = parser.arguments.count - position - 1
            if Self.matches(option, "AUTH") && following >= 2 {
                let isRight =
                    frontEnd.password == nil
                    || checks(
                        user: argument(position + 1, of: command),
                        password: argument(position + 2, of: command))
                guard isRight else { return output.replyError(Self.wrongPassword) }
                changed.isAuthenticated = true
                position += 3
            } else if Self.matches(option, "SETNAME") && following >= 1 {
                let name = argument(position + 1, of: command)
                guard Self.isName(name) else { return output.replyError(Self.badName) }
                changed.name = Self.copy(name)
                position += 2
            } else {
                return output.replyError("ERR Syntax error in HELLO option '\(Self.text(option))'")
            }
        }
        guard changed.isAuthenticated else {
            return output.replyError(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise "
                    + "the HELLO <proto> AUTH <user> <pass> option can be used to authenticate "
                    + "the client and select the RESP protocol version at the same time")
        }
        client = changed
        setAuthenticated(true)
        replyGreeting(&output)
    }

    private func replyGreeting(_ output: inout [UInt8]) {
        output.replyMap(7, client.version)
        output.replyBulk("server")
        output.replyBulk("swift-bft")
        output.replyBulk("version")
        output.replyBulk(RESPFrontEnd.redisVersion)
        output.replyBulk("proto")
        output.replyInteger(client.version.rawValue)
        output.replyBulk("id")
        output.replyInteger(clientNumber)
        output.replyBulk("mode")
        output.replyBulk("standalone")
        output.replyBulk("role")
        output.replyBulk("master")
        output.replyBulk("modules")
        output.replyArray(0)
    }

    // MARK: CLIENT

    private var clientNumber: Int { Int(truncatingIfNeeded: id.rawValue & (.max >> 1)) }

    private static let badName =
        "ERR Client names cannot contain spaces, newlines or special characters."

    private static func isName(_ bytes: RawSpan) -> Bool {
        guard bytes.byteCount <= 256 else { return false }
        for position in 0..<bytes.byteCount where bytes[position] < 33 || bytes[position] > 126 {
            return false
        }
        return true
    }

    private mutating func answerClient(_ command: RawSpan, _ output: inout [UInt8]) {
        let what = argument(1, of: command)
        switch (parser.arguments.count, true) {
        case (2, Self.matches(what, "ID")): output.replyInteger(clientNumber)
        case (2, Self.matches(what, "GETNAME")):
            client.name.isEmpty
                ? output.replyNull(client.version) : output.replyBulk(client.name.span.bytes)
        case (2, Self.matches(what, "INFO")), (2..., Self.matches(what, "LIST")):
            // A client is told of itself alone: others are none of its business.
            output.replyText(describeClient(), client.version)
        case (3, Self.matches(what, "SETNAME")):
            setName(argument(2, of: command), \.name, Self.badName, &output)
        case (4, Self.matches(what, "SETINFO")): setInfo(command, &output)
        case (3, Self.matches(what, "NO-EVICT")), (3, Self.matches(what, "NO-TOUCH")):
            let value = argument(2, of: command)
            Self.matches(value, "ON") || Self.matches(value, "OFF")
                ? output.replySimple("OK") : output.replyError("ERR syntax error")
        case (3, Self.matches(what, "REPLY")):
            Self.matches(argument(2, of: command), "ON")
                ? output.replySimple("OK")
                : output.replyError("ERR CLIENT REPLY knows ON only: every command is answered")
        default: refuseSubcommand(of: "client", command, &output)
        }
    }

    private mutating func setName(
        _ value: RawSpan, _ field: WritableKeyPath<ClientState, [UInt8]>, _ error: String,
        _ output: inout [UInt8]
    ) {
        guard Self.isName(value) else { return output.replyError(error) }
        client[keyPath: field] = Self.copy(value)
        output.replySimple("OK")
    }

    private mutating func setInfo(_ command: RawSpan, _ output: inout [UInt8]) {
        let option = argument(2, of: command)
        let value = argument(3, of: command)
        let error = " cannot contain spaces, newlines or special characters."
        if Self.matches(option, "LIB-NAME") {
            setName(value, \.libraryName, "ERR lib-name" + error, &output)
        } else if Self.matches(option, "LIB-VER") {
            setName(value, \.libraryVersion, "ERR lib-ver" + error, &output)
        } else {
            output.replyError("ERR Unrecognized option '\(Self.text(option))'")
        }
    }

    private func describeClient() -> String {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        return "id=\(clientNumber) name=\(text(client.name)) db=0 resp=\(client.version.rawValue) "
            + "multi=\(block?.count ?? -1) user=default lib-name=\(text(client.libraryName)) "
            + "lib-ver=\(text(client.libraryVersion))\n"
    }

    /// The error for a subcommand that there isn't, or that has another number of arguments.
    mutating func refuseSubcommand(
        of name: String, _ command: RawSpan, _ output: inout [UInt8]
    ) {
        output.replyError(
            "ERR unknown subcommand or wrong number of arguments for "
                + "'\(Self.text(argument(1, of: command)))'. Try \(name.uppercased()) HELP.")
    }
}
