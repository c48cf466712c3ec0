import Glibc

/// How a log line is spelled.
public enum LogFormat: String, CaseIterable, Sendable {
    /// logfmt: `time=… level=info logger=transport msg="…" peer=2`.
    case text
    /// One JSON object a line, metadata in an object of its own.
    case json
}

/// Writes each message as one line, with one `write` call, to a file descriptor.
///
/// One call a line keeps lines of several threads and processes whole. Whatever a message or its
/// metadata holds, it stays one line and one value: see `EscapedText`. A value longer than
/// `valueLimit` scalars is cut.
public struct LineLogHandler: LogHandler {
    /// The most scalars of one value that are written.
    public static let valueLimit = 4_096

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let label: String
    private let format: LogFormat
    private let descriptor: Int32

    /// A handler for `label` that writes to `descriptor`: standard error, unless told otherwise.
    /// The descriptor stays the caller's to close.
    public init(
        label: String, format: LogFormat, level: Logger.Level = .info, descriptor: Int32 = 2
    ) {
        self.label = label
        self.format = format
        self.logLevel = level
        self.descriptor = descriptor
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(
        level: Logger.Level, message: Logger.Message, metadata extra: Logger.Metadata?,
        source: String, file: String, function: String, line: UInt
    ) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let all = extra.map { metadata.merging($0) { _, latest in latest } } ?? metadata
        let members = all.sorted { $0.key < $1.key }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        switch format {
        case .text: appendText(level, message, members, now, to: &bytes)
        case .json: appendJSON(level, message, members, now, to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        // A log that cannot be written has nowhere to complain.
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    private func appendText(
        _ level: Logger.Level, _ message: Logger.Message,
        _ members: [(key: String, value: Logger.MetadataValue)], _ now: timespec,
        to bytes: inout [UInt8]
    ) {
        bytes.append(contentsOf: "time=\(Self.rfc3339(now)) level=\(level) logger=".utf8)
        Self.appendBare(label, to: &bytes)
        bytes.append(contentsOf: " msg=".utf8)
        EscapedText.appendQuoted(message.description, limit: Self.valueLimit, to: &bytes)
        for (key, value) in members {
            bytes.append(UInt8(ascii: " "))
            if ["time", "level", "logger", "msg"].contains(key) {
                bytes.append(contentsOf: "metadata.".utf8)
            }
            bytes.append(contentsOf: key.utf8.map { Self.isBare($0) ? $0 : UInt8(ascii: "_") })
            bytes.append(UInt8(ascii: "="))
            Self.appendBare(value.description, to: &bytes)
        }
    }

    private func appendJSON(
        _ level: Logger.Level, _ message: Logger.Message,
        _ members: [(key: String, value: Logger.MetadataValue)], _ now: timespec,
        to bytes: inout [UInt8]
    ) {
        bytes.append(
            contentsOf: "{\"time\":\"\(Self.rfc3339(now))\",\"level\":\"\(level)\",\"logger\":".utf8
        )
        EscapedText.appendQuoted(label, limit: Self.valueLimit, to: &bytes)
        bytes.append(contentsOf: ",\"message\":".utf8)
        EscapedText.appendQuoted(message.description, limit: Self.valueLimit, to: &bytes)
        if !members.isEmpty {
            bytes.append(contentsOf: ",\"metadata\":".utf8)
            Self.appendObject(members, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func appendObject(
        _ members: [(key: String, value: Logger.MetadataValue)], to bytes: inout [UInt8]
    ) {
        bytes.append(UInt8(ascii: "{"))
        for (position, member) in members.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            EscapedText.appendQuoted(member.key, limit: valueLimit, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            appendValue(member.value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func appendValue(_ value: Logger.MetadataValue, to bytes: inout [UInt8]) {
        switch value {
        case .string, .stringConvertible:
            EscapedText.appendQuoted(value.description, limit: valueLimit, to: &bytes)
        case .dictionary(let members):
            appendObject(members.sorted { $0.key < $1.key }, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                if position > 0 { bytes.append(UInt8(ascii: ",")) }
                appendValue(element, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
    }

    /// Whether a byte may stand in a value without quotation marks.
    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_-.:/@+%[]".utf8.contains(byte)
        }
    }

    private static func appendBare(_ text: String, to bytes: inout [UInt8]) {
        if !text.isEmpty, text.utf8.count <= valueLimit, text.utf8.allSatisfy(isBare) {
            bytes.append(contentsOf: text.utf8)
        } else {
            EscapedText.appendQuoted(text, limit: valueLimit, to: &bytes)
        }
    }

    /// The time in UTC, to the microsecond (RFC 3339).
    static func rfc3339(_ time: timespec) -> String {
        var seconds = time.tv_sec
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = [
            digits(Int(parts.tm_year) + 1900, 4), digits(Int(parts.tm_mon) + 1, 2),
            digits(Int(parts.tm_mday), 2),
        ].joined(separator: "-")
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { digits(Int($0), 2) }
            .joined(separator: ":")
        return "\(date)T\(clock).\(digits(time.tv_nsec / 1_000, 6))Z"
    }
}
