import Glibc
import Testing

@testable import BFTLogging

/// Runs `body` with a descriptor to write to, and returns what was written, line by line.
private func captured(_ body: (Int32) -> Void) throws -> [String] {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    body(ends[1])
    close(ends[1])
    defer { close(ends[0]) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = read(ends[0], &chunk, chunk.count)
        guard count > 0 else { break }
        bytes.append(contentsOf: chunk[..<count])
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
}

private let hostile = [
    "one\ntime=2026-01-01T00:00:00Z level=critical msg=\"forged\"", "a\r\nb", "\u{1B}[2J\u{7}",
    "quote \" and back\\slash", "\u{2028}\u{2029}", "\u{202E}gnol", "\u{85}\u{9B}", "tab\tnull\0",
    "\" level=error x=\"", "", " ", "=",
]

@Suite struct LogLineTests {
    @Test("A message stays one line, whatever it and its metadata hold")
    func hostileText() throws {
        for format in LogFormat.allCases {
            for text in hostile {
                let lines = try captured { descriptor in
                    var logger = Logger(label: text) {
                        LineLogHandler(label: $0, format: format, descriptor: descriptor)
                    }
                    logger[metadataKey: text] = "\(text)"
                    logger.info("\(text)", metadata: ["list": [.string(text), ["k": "\(text)"]]])
                }
                #expect(lines.count == 1)
                for scalar in lines.joined().unicodeScalars {
                    #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
                    #expect(scalar != "\u{2028}" && scalar != "\u{202E}")
                }
            }
        }
    }

    @Test("A hostile value can't end its quotation marks in text format")
    func textFields() throws {
        let lines = try captured { descriptor in
            let logger = Logger(label: "net") {
                LineLogHandler(label: $0, format: .text, descriptor: descriptor)
            }
            logger.warning(
                "x\" level=error", metadata: ["peer": "3", "level": "none", "a b": "c d"])
        }
        let line = try #require(lines.first)
        let rest = line.drop { $0 != " " }
        #expect(
            rest == " level=warning logger=net msg=\"x\\\" level=error\" a_b=\"c d\""
                + " metadata.level=none peer=3")
    }

    @Test("The JSON format is pinned, metadata apart from the fields of the log")
    func jsonFields() throws {
        let lines = try captured { descriptor in
            let logger = Logger(label: "net") {
                LineLogHandler(label: $0, format: .json, descriptor: descriptor)
            }
            logger.error("a \"b\"", metadata: ["level": "x", "n": ["p": .stringConvertible(7)]])
        }
        let line = try #require(lines.first)
        #expect(line.hasPrefix("{\"time\":\""))
        #expect(
            line.drop { $0 != "," }
                == ",\"level\":\"error\",\"logger\":\"net\",\"message\":\"a \\\"b\\\"\","
                + "\"metadata\":{\"level\":\"x\",\"n\":{\"p\":\"7\"}}}")
    }

    @Test("A long value is cut")
    func longValue() throws {
        let lines = try captured { descriptor in
            let logger = Logger(label: "net") {
                LineLogHandler(label: $0, format: .text, descriptor: descriptor)
            }
            logger.info("\(String(repeating: "x", count: 20_000))")
        }
        #expect(lines[0].utf8.count < LineLogHandler.valueLimit + 200)
        #expect(lines[0].hasSuffix("x…\""))
    }

    @Test("A message below the level is not even built")
    func levels() throws {
        var built = 0
        func message() -> Logger.Message {
            built += 1
            return "message"
        }
        let lines = try captured { descriptor in
            var logger = Logger(label: "net") {
                LineLogHandler(label: $0, format: .text, level: .warning, descriptor: descriptor)
            }
            logger.info(message())
            logger.warning(message())
            logger.logLevel = .trace
            logger.trace(message())
        }
        #expect(built == 2)
        #expect(lines.count == 2)
    }

    @Test("Times are written in RFC 3339")
    func times() {
        let text = LineLogHandler.rfc3339(timespec(tv_sec: 951_782_400, tv_nsec: 5_000))
        #expect(text == "2000-02-29T00:00:00.000005Z")
    }
}

@Suite struct LogLevelsTests {
    @Test("The longest label that covers a logger decides its level")
    func covering() throws {
        let levels = try LogLevels(parsing: "warning, transport=debug,transport.session=trace")
        #expect(levels.level(of: "consensus") == .warning)
        #expect(levels.level(of: "transport") == .debug)
        #expect(levels.level(of: "transport.framing") == .debug)
        #expect(levels.level(of: "transport.session.keys") == .trace)
        #expect(levels.level(of: "transporter") == .warning)
        #expect(try LogLevels(parsing: levels.description) == levels)
    }

    @Test("A wrong text is refused with its place")
    func refusals() {
        for (text, offset) in [
            ("", 0), ("loud", 0), ("info,x=", 5), ("info,=debug", 5), ("info,debug", 5),
            ("a=debug,a=info", 8), ("info,a=b=c", 5), ("info,", 5),
        ] {
            do throws(LogLevels.ParseError) {
                _ = try LogLevels(parsing: text)
                Issue.record("accepted \(text)")
            } catch {
                #expect(error.offset == offset, "\(text)")
            }
        }
    }
}
