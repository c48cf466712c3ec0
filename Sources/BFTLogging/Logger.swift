/// Emits log messages under one label, with swift-log's names and meaning.
///
/// A value: a copy carries its own level and metadata. A message below the level costs one
/// comparison, because message and metadata are closures that are then never called.
public struct Logger: Sendable {
    /// What the messages are about: `transport`, `consensus`, `transport.session`.
    public let label: String
    public var handler: any LogHandler

    /// A logger whose handler the bootstrapped `LoggingSystem` makes.
    public init(label: String) {
        self.init(label: label, factory: LoggingSystem.makeHandler)
    }

    /// A logger whose handler `factory` makes.
    public init(label: String, factory: (String) -> any LogHandler) {
        self.label = label
        self.handler = factory(label)
    }

    /// The lowest level that is emitted.
    public var logLevel: Level {
        get { handler.logLevel }
        set { handler.logLevel = newValue }
    }

    /// Metadata that goes with every message of this logger.
    public subscript(metadataKey key: String) -> MetadataValue? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    public func log(
        level: Level, _ message: @autoclosure () -> Message,
        metadata: @autoclosure () -> Metadata? = nil, source: @autoclosure () -> String? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        guard level >= logLevel else { return }
        handler.log(
            level: level, message: message(), metadata: metadata(),
            source: source() ?? String(file.prefix { $0 != "/" }), file: file,
            function: function, line: line)
    }
}

extension Logger {
    /// How much a message matters.
    public enum Level: String, CaseIterable, Comparable, Sendable {
        case trace, debug, info, notice, warning, error, critical

        private var rank: Int {
            switch self {
            case .trace: 0
            case .debug: 1
            case .info: 2
            case .notice: 3
            case .warning: 4
            case .error: 5
            case .critical: 6
            }
        }

        public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    }

    /// The text of one message.
    public struct Message: ExpressibleByStringInterpolation, CustomStringConvertible, Equatable,
        Sendable
    {
        public let description: String
        public init(stringLiteral value: String) { description = value }
    }
}

extension Logger {
    public func trace(
        _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: .trace, message(), metadata: metadata(), file: file, function: function,
            line: line)
    }

    public func debug(
        _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: .debug, message(), metadata: metadata(), file: file, function: function,
            line: line)
    }

    public func info(
        _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: .info, message(), metadata: metadata(), file: file, function: function,
            line: line)
    }

    public func notice(
        _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: .notice, message(), metadata: metadata(), file: file, function: function,
            line: line)
    }

    public func warning(
        _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: .warning, message(), metadata: metadata(), file: file, function: function,
            line: line)
    }

    public func error(
        _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: .error, message(), metadata: metadata(), file: file, function: function,
            line: line)
    }

    public func critical(
        _ message: @autoclosure () -> Message, metadata: @autoclosure () -> Metadata? = nil,
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        log(
            level: .critical, message(), metadata: metadata(), file: file, function: function,
            line: line)
    }
}
