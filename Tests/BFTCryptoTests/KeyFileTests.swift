import BFTBase
import BFTCrypto
import BFTTestKit
import BFTWire
import Glibc
import Testing

extension TemporaryDirectory {
    /// A file that says `text` to its owner alone.
    fileprivate func write(_ text: String) throws -> String {
        let file = path("key")
        unlink(file)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
        return file
    }
}

@Suite struct KeyFileTests {
    private static let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    private static let publicKey =
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    private static let text = """
        swift-bft signing key 1
        scheme ed25519
        seed \(seed)
        public ed25519:\(publicKey)

        """

    private func reasonFor(_ path: String) -> KeyFileError.Reason? {
        do throws(KeyFileError) {
            _ = try KeyFile.load(path)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("A key comes back from its file, which only its owner may read")
    func roundTrip() throws {
        for scheme in SignatureSchemeID.allCases {
            let directory = try TemporaryDirectory()
            let path = "\(directory.root)/key"
            let key = try SigningKey.generate(scheme)
            try KeyFile.create(key, at: path)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600)
            let loaded = try KeyFile.load(path)
            #expect(loaded.publicKey == key.publicKey)
            #expect(try PreparedKey(key.publicKey).isValid(loaded.sign([1]), for: [1]))
        }
    }

    @Test("The file format is pinned")
    func pinned() throws {
        let directory = try TemporaryDirectory()
        let loaded = try KeyFile.load(try directory.write(Self.text))
        #expect(Hex.encode(loaded.publicKey.bytes) == Self.publicKey)
        let path = "\(directory.root)/key"
        unlink(path)
        try KeyFile.create(loaded, at: path)
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1_000)
        let count = read(descriptor, &bytes, bytes.count)
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == Self.text)
    }

    @Test("A key is never overwritten, not even through a link")
    func noOverwrite() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("something else")
        #expect(throws: KeyFileError(path: path, reason: .exists)) {
            try KeyFile.create(try key(1), at: path)
        }
        #expect(symlink("nowhere", "\(directory.root)/link") == 0)
        #expect(throws: KeyFileError(path: "\(directory.root)/link", reason: .exists)) {
            try KeyFile.create(try key(1), at: "\(directory.root)/link")
        }
        #expect(reasonFor(path) == .malformed(line: 1, "the line does not end"))
    }

    @Test("A file that others may read, a directory, a link and nothing are refused")
    func access() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(Self.text)
        for mode: mode_t in [0o644, 0o640, 0o620, 0o601, 0o700, 0o4600] {
            #expect(chmod(path, mode) == 0)
            let reason = try #require(reasonFor(path))
            #expect(reason == .readableByOthers(mode: mode))
            let error = KeyFileError(path: path, reason: reason)
            #expect(error.description.hasSuffix("run: chmod 600 \(path)"))
        }
        for mode: mode_t in [0o600, 0o400] {
            #expect(chmod(path, mode) == 0)
            #expect(reasonFor(path) == nil)
        }
        #expect(mkdir("\(directory.root)/directory", 0o700) == 0)
        #expect(reasonFor("\(directory.root)/directory") == .notAFile)
        #expect(symlink("key", "\(directory.root)/link") == 0)
        #expect(reasonFor("\(directory.root)/link") == .system(call: "open", code: ELOOP))
        #expect(reasonFor("\(directory.root)/none") == .system(call: "open", code: ENOENT))
        if geteuid() == 0 {
            #expect(chmod(path, 0o600) == 0 && chown(path, 1, 1) == 0)
            #expect(reasonFor(path) == .foreignOwner(uid: 1))
        }
    }

    @Test("A malformed file is refused with the line that is wrong")
    func malformed() throws {
        let directory = try TemporaryDirectory()
        func refused(_ old: String, _ new: String) throws -> String {
            let text = Self.text.replacing(old, with: new)
            try #require(text != Self.text)
            let path = try directory.write(text)
            let found = try #require(reasonFor(path), "\(new)")
            let description = KeyFileError(path: path, reason: found).description
            return String(description.dropFirst(path.count))
        }
        #expect(try refused("key 1", "key 2").hasPrefix(":1: not a signing key"))
        #expect(try refused("ed25519\n", "rsa\n").hasPrefix(":2: the scheme is none of"))
        #expect(try refused("scheme", "schema").hasPrefix(":2: expected"))
        #expect(try refused("9d61", "9d6x").hasPrefix(":3: the seed is not hexadecimal"))
        #expect(try refused("9d61", "9d6").hasPrefix(":3: the seed is not hexadecimal"))
        #expect(try refused("9d61", "61") == ": the key has 31 bytes, not 32")
        #expect(try refused("9d61", "9d62").contains("not the one that the seed makes"))
        #expect(try refused("public ", "public  ").contains("not the one"))
        #expect(try refused("public ed", "Public ed").hasPrefix(":4: expected"))
        #expect(try refused("511a\n", "511a").hasPrefix(":4: the line does not end"))
        #expect(try refused("511a\n", "511a\n\n").hasPrefix(":5: more than four lines"))
        let long = String(repeating: "#", count: 20_000)
        #expect(try refused("511a\n", long).hasSuffix("is too large for a key file"))
        for length in 0..<Self.text.utf8.count {
            #expect(reasonFor(try directory.write(String(Self.text.prefix(length)))) != nil)
        }
    }
}
