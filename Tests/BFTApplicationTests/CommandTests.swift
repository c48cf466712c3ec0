import BFTApplication
import BFTWire
import Testing

/// Lists of commands, where no front end is beside.
@Suite struct CommandTests {
    private func bytes(_ span: RawSpan) -> [UInt8] { span.withUnsafeBytes { Array($0) } }

    /// What a reader makes of `encoded`: all arguments of all commands.
    private func read(_ encoded: [UInt8]) throws(WireError) -> [[[UInt8]]] {
        var reader = try CommandReader(encoded.span.bytes)
        var commands: [[[UInt8]]] = []
        let count = reader.count
        while reader.remaining > 0 {
            #expect(reader.remaining == count - commands.count)
            var command = reader.next()
            let argumentCount = command.count
            var arguments: [[UInt8]] = []
            while command.remaining > 0 {
                #expect(command.remaining == argumentCount - arguments.count)
                arguments.append(bytes(command.next()))
            }
            #expect(arguments.count == argumentCount)
            let nothing = bytes(command.next())
            #expect(nothing.isEmpty)
            commands.append(arguments)
        }
        #expect(commands.count == count)
        return commands
    }

    @Test("A list is read back argument by argument, also those that nobody looks at")
    func roundTrip() throws {
        let long = Array(repeating: UInt8(7), count: 300)
        for commands in [
            [], [[[65]]], [[[65], [], long], [[66]], [[67], [1, 2, 3], []]],
            Array(repeating: [[68], long], count: 40),
        ] as [[[[UInt8]]]] {
            #expect(try read(CommandList.encode(commands)) == commands)
        }
        // The next command stands behind all arguments of the one before, read or not.
        let encoded = CommandList.encode([[[65], long, [1]], [[66], [2]]])
        var reader = try CommandReader(encoded.span.bytes)
        _ = reader.next()
        var second = reader.next()
        #expect(bytes(second.next()) == [66])
        #expect(reader.remaining == 0)
    }

    @Test("Every list that is cut short or goes on is refused, and so is a command without a name")
    func malformed() throws {
        let encoded = CommandList.encode([[[65], [1, 2]], [[66]]])
        for length in 0..<encoded.count {
            #expect(throws: WireError.self) { try read(Array(encoded[..<length])) }
        }
        #expect(throws: WireError.self) { try read(encoded + [0]) }
        #expect(throws: WireError.invalid("a command without a name")) { try read([1, 0, 0, 0]) }
    }

    @Test("A list has as many commands, and a command as many arguments, as the limits say")
    func limits() throws {
        func list(_ commands: Int, _ arguments: Int) -> [UInt8] {
            var buffer: [UInt8] = []
            CommandList.begin(commands, into: &buffer)
            for _ in 0..<commands {
                CommandList.command(arguments, into: &buffer)
                buffer += Array(repeating: 0, count: 4 * arguments)
            }
            return buffer
        }
        let (commands, arguments) = (CommandList.commandLimit, CommandList.argumentLimit)
        #expect(try read(list(commands, 1)).count == commands)
        #expect(try read(list(1, arguments)).first?.count == arguments)
        #expect(throws: WireError.tooLarge(limit: commands, found: UInt64(commands + 1))) {
            try read(list(commands + 1, 1))
        }
        #expect(throws: WireError.tooLarge(limit: arguments, found: UInt64(arguments + 1))) {
            try read(list(1, arguments + 1))
        }
    }
}
