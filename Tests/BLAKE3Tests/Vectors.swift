import BLAKE3
import FoundationEssentials

/// The published test vectors' input: 0, 1, …, 250, 0, 1, ….
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8($0 % 251) }
}

/// Lower-case hexadecimal, as the vectors are written.
func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
        decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The published test vectors, which lie beside the package.
struct PublishedVectors: Decodable {
    struct Case: Decodable {
        let byteCount: Int
        let hash: String
        let keyedHash: String
        let deriveKey: String

        enum CodingKeys: String, CodingKey {
            case byteCount = "input_len"
            case hash
            case keyedHash = "keyed_hash"
            case deriveKey = "derive_key"
        }
    }

    let key: String
    let context: String
    let cases: [Case]

    enum CodingKeys: String, CodingKey {
        case key
        case context = "context_string"
        case cases
    }

    /// The vectors, or `nil`, with a word on the console, where they are not at hand.
    static func load() throws -> PublishedVectors? {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "../shared/vectors/blake3/test_vectors.json")
        guard let data = try? Data(contentsOf: file.standardizedFileURL) else {
            print("skipped: BLAKE3's published vectors are not at ../shared/vectors/blake3")
            return nil
        }
        return try JSONDecoder().decode(PublishedVectors.self, from: data)
    }
}
