internal import BFTBase
public import BFTWire
internal import COpenSSL
internal import Glibc

/// Why a key file can't be used, in words that say how to mend it.
public struct KeyFileError: Error, Equatable, Sendable, CustomStringConvertible {
    public let path: String
    public let reason: Reason

    public enum Reason: Equatable, Sendable {
        case exists
        /// A call of the operating system failed, with this `errno`.
        case system(call: String, code: Int32)
        case notAFile
        case foreignOwner(uid: UInt32)
        case readableByOthers(mode: UInt32)
        case tooLarge
        case malformed(line: Int, StaticReason)
        case unusable(KeyError)
        case mismatch

        func description(path: String) -> String {
            switch self {
            case .exists: "\(path) exists already; a key is never overwritten"
            case .system(let call, let code): "\(path): \(call): \(String(cString: strerror(code)))"
            case .notAFile: "\(path) is not a regular file"
            case .foreignOwner(let uid):
                "\(path) belongs to user \(uid), not to you; run as that user or copy the key"
            case .readableByOthers(let mode):
                "\(path) is readable by others (mode \(String(mode, radix: 8))); "
                    + "run: chmod 600 \(path)"
            case .tooLarge: "\(path) is too large for a key file"
            case .malformed(let line, let what): "\(path):\(line): \(what)"
            case .unusable(let error): "\(path): \(error)"
            case .mismatch: "\(path): the public key is not the one that the seed makes"
            }
        }
    }

    public init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }

    public var description: String { reason.description(path: path) }
}

/// A signing key on disk, as text that a person can recognise and only its owner can read.
///
///     swift-bft signing key 1
///     scheme ed25519
///     seed 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
///     public ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
public enum KeyFile {
    private static let header = "swift-bft signing key 1"
    private static let byteCountLimit = 16_384
    private static let mode: mode_t = 0o600

    /// Writes `key` to a new file at `path` that only the owner may read, and makes it durable.
    public static func create(_ key: SigningKey, at path: String) throws(KeyFileError) {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        let file = open(path, flags, mode)
        guard file >= 0 else {
            let code = errno
            throw KeyFileError(
                path: path, reason: code == EEXIST ? .exists : .system(call: "open", code: code))
        }
        var text = contents(of: key)
        let failure = write(&text, to: file)
        Wipe.bytes(&text)
        close(file)
        if let failure {
            unlink(path)
            throw KeyFileError(path: path, reason: failure)
        }
        try makeNameDurable(path)
    }

    /// What a key file holds.
    package static func contents(of key: SigningKey) -> [UInt8] {
        var text = Array("\(header)\nscheme \(key.publicKey.scheme.name)\nseed ".utf8)
        // Room for all of it, so that no copy of the seed is left behind by growing.
        text.reserveCapacity(byteCountLimit)
        let digits = Array("0123456789abcdef".utf8)
        key.seed.withUnsafeBytes { seed in
            for byte in seed {
                text.append(digits[Int(byte >> 4)])
                text.append(digits[Int(byte & 15)])
            }
        }
        text.append(contentsOf: "\npublic \(key.publicKey.text)\n".utf8)
        return text
    }

    private static func write(_ text: inout [UInt8], to file: Int32) -> KeyFileError.Reason? {
        var written = 0
        while written < text.count {
            let count = text.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress.map { $0 + written }, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .system(call: "write", code: errno) }
            written += count
        }
        return fsync(file) == 0 ? nil : .system(call: "fsync", code: errno)
    }

    /// A new file survives a power cut only when its directory was written too.
    private static func makeNameDurable(_ path: String) throws(KeyFileError) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw KeyFileError(path: parent, reason: .system(call: "open", code: errno))
        }
        defer { close(directory) }
        guard fsync(directory) == 0 else {
            throw KeyFileError(path: parent, reason: .system(call: "fsync", code: errno))
        }
    }

    /// The key in the file at `path`, which must be the caller's own and closed to others.
    public static func load(_ path: String) throws(KeyFileError) -> SigningKey {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            throw KeyFileError(path: path, reason: .system(call: "open", code: errno))
        }
        defer { close(file) }
        do throws(Failure) {
            try checkAccess(file)
            var text = try read(file)
            defer { Wipe.bytes(&text) }
            return try parse(text)
        } catch {
            throw KeyFileError(path: path, reason: error.reason)
        }
    }

    /// A reason that does not name its file yet.
    private struct Failure: Error {
        let reason: KeyFileError.Reason
        init(_ reason: KeyFileError.Reason) { self.reason = reason }
    }

    private static func checkAccess(_ file: Int32) throws(Failure) {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Failure(.system(call: "stat", code: errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(.notAFile) }
        guard status.st_uid == geteuid() else { throw Failure(.foreignOwner(uid: status.st_uid)) }
        let access = status.st_mode & 0o7777
        guard access & ~mode == 0 else { throw Failure(.readableByOthers(mode: access)) }
    }

    private static func read(_ file: Int32) throws(Failure) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: byteCountLimit + 1)
        var filled = 0
        while filled < text.count {
            let count = text.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + filled }, $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(.system(call: "read", code: errno)) }
            guard count > 0 else {
                text.removeSubrange(filled...)
                return text
            }
            filled += count
        }
        Wipe.bytes(&text)
        throw Failure(.tooLarge)
    }

    private static func parse(_ text: [UInt8]) throws(Failure) -> SigningKey {
        guard text.last == UInt8(ascii: "\n") else {
            let lines = text.count { $0 == UInt8(ascii: "\n") } + 1
            throw Failure(.malformed(line: lines, "the line does not end"))
        }
        let lines = text.dropLast().split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines[0].elementsEqual(header.utf8) else {
            throw Failure(.malformed(line: 1, "not a signing key of swift-bft, version 1"))
        }
        let scheme = try field("scheme ", lines, line: 2)
        guard let id = SignatureSchemeID(name: String(decoding: scheme, as: UTF8.self)) else {
            throw Failure(
                .malformed(line: 2, "the scheme is none of ed25519, ml-dsa-65, ml-dsa-87"))
        }
        let seed = try secret(try field("seed ", lines, line: 3))
        let stated = String(decoding: try field("public ", lines, line: 4), as: UTF8.self)
        guard lines.count == 4 else { throw Failure(.malformed(line: 5, "more than four lines")) }
        let key = try signingKey(id, seed: seed)
        guard key.publicKey.text == stated else { throw Failure(.mismatch) }
        return key
    }

    /// The key that the contents of a key file hold. `path` is for the error only.
    package static func key(in contents: [UInt8], path: String) throws(KeyFileError) -> SigningKey {
        do throws(Failure) {
            return try parse(contents)
        } catch {
            throw KeyFileError(path: path, reason: error.reason)
        }
    }

    private static func signingKey(
        _ id: SignatureSchemeID, seed: SecretBytes
    ) throws(Failure) -> SigningKey {
        do throws(KeyError) {
            return try SigningKey(id, seed: seed)
        } catch {
            throw Failure(.unusable(error))
        }
    }

    private static func field(
        _ name: StaticString, _ lines: [ArraySlice<UInt8>], line: Int
    ) throws(Failure) -> ArraySlice<UInt8> {
        let prefix = "\(name)".utf8
        guard line <= lines.count, lines[line - 1].starts(with: prefix) else {
            throw Failure(.malformed(line: line, "expected the lines scheme, seed and public"))
        }
        return lines[line - 1].dropFirst(prefix.count)
    }

    /// Decodes hexadecimal digits straight into locked memory.
    private static func secret(_ digits: ArraySlice<UInt8>) throws(Failure) -> SecretBytes {
        var isValid = digits.count.isMultiple(of: 2) && !digits.isEmpty
        let secret = SecretBytes(count: digits.count / 2) { output in
            for (position, digit) in digits.prefix(output.count * 2).enumerated() {
                guard let value = Hex.value(of: digit) else {
                    isValid = false
                    return
                }
                output[position / 2] |= position.isMultiple(of: 2) ? value << 4 : value
            }
        }
        guard isValid else { throw Failure(.malformed(line: 3, "the seed is not hexadecimal")) }
        return secret
    }
}
