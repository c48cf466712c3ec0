import Synchronization

/// Where log messages end up.
public protocol LogHandler: Sendable {
    var logLevel: Logger.Level { get set }
    var metadata: Logger.Metadata { get set }
    subscript(metadataKey key: String) -> Logger.MetadataValue? { get set }

    func log(
        level: Logger.Level, message: Logger.Message, metadata: Logger.Metadata?, source: String,
        file: String, function: String, line: UInt)
}

/// The process-wide choice of a handler for each new logger.
public enum LoggingSystem {
    private static let factory = Mutex<@Sendable (String) -> any LogHandler>({
        LineLogHandler(label: $0, format: .text)
    })

    /// Makes every logger created from now on get its handler from `factory`. Until then, they
    /// write text at level `info` to standard error.
    public static func bootstrap(_ factory: @escaping @Sendable (String) -> any LogHandler) {
        self.factory.withLock { $0 = factory }
    }

    static func makeHandler(label: String) -> any LogHandler {
        factory.withLock { $0 }(label)
    }
}
