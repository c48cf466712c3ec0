import BFTConfiguration
import Glibc

/// What the commands of a program say about themselves.
package struct CommandConfiguration: Sendable {
    package let commandName: String
    /// One sentence for the list of commands.
    package let abstract: String
    /// What else there is to know, in lines of at most 80 columns.
    package let discussion: String
    /// Command lines that show the use.
    package let examples: [String]
    /// Whether lists of commands leave it out: programs run it, not people.
    package let isHidden: Bool

    package init(
        commandName: String, abstract: String, discussion: String = "", examples: [String] = [],
        isHidden: Bool = false
    ) {
        self.isHidden = isHidden
        self.commandName = commandName
        self.abstract = abstract
        self.discussion = discussion
        self.examples = examples
    }
}

/// One command. Its properties with `@Option`, `@Flag`, `@Argument`, `@Rest` are its arguments.
package protocol Command {
    static var configuration: CommandConfiguration { get }
    /// Checks what one property alone can't show.
    func validate() throws(UsageError)
    /// Does the work.
    func run(_ console: Console) throws
}

/// A command that needs nothing but its arguments.
package protocol ClientCommand: Command, SendableMetatype {
    init()
}

extension Command {
    package func validate() throws(UsageError) {}
}

/// A mistake in the arguments: exit code 64 (`EX_USAGE` of sysexits.h).
package struct UsageError: Error, Equatable, Sendable {
    package let message: String
    package let hint: String

    package init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }
}

/// Why a command could not do its work: exit code 1.
package struct CommandFailure: Error, Equatable, Sendable {
    package let message: String
    package let hint: String

    package init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }
}

/// Where a command's output goes.
package struct Console: Sendable {
    /// Writes to standard output, as it is.
    package let write: @Sendable (String) -> Void
    /// Writes to standard error, as it is.
    package let writeError: @Sendable (String) -> Void

    package init(
        write: @escaping @Sendable (String) -> Void,
        writeError: @escaping @Sendable (String) -> Void
    ) {
        self.write = write
        self.writeError = writeError
    }

    /// Writes `text` and a line break to standard output.
    package func print(_ text: String) { write(text + "\n") }

    package static let standard = Console(
        write: { put($0, descriptor: 1) }, writeError: { put($0, descriptor: 2) })

    private static func put(_ text: String, descriptor: Int32) {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + offset, bytes.count - offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            offset += count
        }
    }
}
