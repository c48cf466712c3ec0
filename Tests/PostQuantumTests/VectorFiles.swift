import FoundationEssentials

/// The published test vectors, kept beside the package and not in it.
enum VectorFiles {
    static let directory: URL = {
        var root = URL(filePath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appending(path: "../shared/vectors").standardizedFileURL
    }()

    /// The decoded file, or `nil`, said aloud, where the vectors are not there.
    static func load<File: Decodable>(_ type: File.Type, _ path: String) throws -> File? {
        let url = directory.appending(path: path)
        guard let data = try? Data(contentsOf: url) else {
            print("skipped: no test vectors at ../shared/vectors/\(path)")
            return nil
        }
        return try JSONDecoder().decode(type, from: data)
    }
}

/// Bytes that stand in a JSON file as hexadecimal digits.
struct Hex: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let digits = Array(try decoder.singleValueContainer().decode(String.self).utf8)
        bytes = stride(from: 0, to: digits.count - 1, by: 2).map {
            Self.value(digits[$0]) << 4 | Self.value(digits[$0 + 1])
        }
    }

    private static func value(_ digit: UInt8) -> UInt8 {
        digit <= 57 ? digit - 48 : (digit | 32) - 87
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}
