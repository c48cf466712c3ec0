/// A list of commands in the form that Redis gave them: each a name and its arguments, all bytes.
///
/// One command is an ordinary transaction or query; several are a `MULTI … EXEC` block and are
/// executed together. The encoding is `count u16 ‖ command*`, a command is `count u16 ‖ argument*`,
/// an argument `length u32 ‖ bytes`. The name stands first, in upper case.
public enum CommandList {
    /// The most commands in one list.
    public static let commandLimit = 4_096
    /// The most arguments, with the name, of one command.
    public static let argumentLimit = 16_384

    /// Appends the head of a list of `count` commands.
    @inlinable
    public static func begin(_ count: Int, into buffer: inout [UInt8]) {
        append16(count, to: &buffer)
    }

    /// Appends the head of a command with `count` arguments, its name counted.
    @inlinable
    public static func command(_ count: Int, into buffer: inout [UInt8]) {
        append16(count, to: &buffer)
    }

    /// Appends one argument.
    @inlinable
    public static func argument(_ bytes: UnsafeRawBufferPointer, into buffer: inout [UInt8]) {
        unsafe withUnsafeBytes(of: UInt32(bytes.count).littleEndian) {
            unsafe buffer.append(contentsOf: $0)
        }
        unsafe buffer.append(contentsOf: bytes)
    }

    @usableFromInline
    static func append16(_ value: Int, to buffer: inout [UInt8]) {
        buffer.append(UInt8(truncatingIfNeeded: value))
        buffer.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    /// The list that holds `commands`.
    ///
    /// - Precondition: the limits hold.
    public static func encode(_ commands: [[[UInt8]]]) -> [UInt8] {
        precondition(commands.count <= commandLimit, "too many commands")
        var buffer: [UInt8] = []
        begin(commands.count, into: &buffer)
        for arguments in commands {
            precondition(!arguments.isEmpty && arguments.count <= argumentLimit, "bad command")
            command(arguments.count, into: &buffer)
            for bytes in arguments {
                unsafe bytes.withUnsafeBytes { unsafe argument($0, into: &buffer) }
            }
        }
        return buffer
    }
}
