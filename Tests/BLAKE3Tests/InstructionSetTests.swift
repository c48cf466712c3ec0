import Testing

@_spi(InstructionSets) @testable import BLAKE3

#if canImport(Glibc)
import Glibc
#endif

@Suite struct InstructionSetTests {
    static let available = InstructionSet.allCases.filter(\.isAvailable)

    /// The function as the paper defines it, recursively and one block at a time: it shares the
    /// compression with the code that it checks, and nothing else.
    static func reference(_ bytes: ArraySlice<UInt8>, _ mode: Mode, chunk: UInt64 = 0) -> Node {
        if bytes.count <= 1024 {
            var value = mode.key
            var rest = bytes
            var flags = mode.flags | Flag.chunkStart
            while true {
                var words = [UInt32](repeating: 0, count: 16)
                for (index, byte) in rest.prefix(64).enumerated() {
                    words[index / 4] |= UInt32(byte) << UInt32(8 * (index % 4))
                }
                let last = rest.count <= 64
                if last { flags |= Flag.chunkEnd }
                let node = Node(
                    value: value, block: Block(words),
                    role: BlockRole(
                        counter: chunk, byteCount: UInt32(min(64, rest.count)), flags: flags))
                if last { return node }
                value = node.chainingValue
                rest = rest.dropFirst(64)
                flags = mode.flags
            }
        }
        var left = 1
        while left * 2 * 1024 < bytes.count { left *= 2 }
        return Node(
            parentOf: reference(bytes.prefix(left * 1024), mode, chunk: chunk).chainingValue,
            reference(bytes.dropFirst(left * 1024), mode, chunk: chunk + UInt64(left))
                .chainingValue,
            mode)
    }

    @Test("Every instruction set that this machine has gives the paper's digest for every size")
    func everySize() {
        print("instruction sets tested:", Self.available.map(\.rawValue))
        let sizes = TreeTests.borders + [200 * 1024 + 5, 513 * 1024, 600 * 1024 + 1]
        let input = pattern(sizes.max() ?? 0)
        for size in sizes {
            let expected = Self.reference(input[..<size], .unkeyed).output
            for instructions in Self.available {
                input.withUnsafeBytes { bytes in
                    let whole = UnsafeRawBufferPointer(rebasing: bytes[..<size])
                    #expect(
                        BLAKE3.hash(whole, using: instructions) == expected,
                        "\(instructions), \(size) bytes")
                    var hasher = BLAKE3(using: instructions)
                    hasher.update(UnsafeRawBufferPointer(rebasing: whole[..<(size / 3)]))
                    hasher.update(UnsafeRawBufferPointer(rebasing: whole[(size / 3)...]))
                    #expect(hasher.finalize() == expected, "\(instructions), \(size) bytes")
                }
            }
        }
    }

    @Test("Runs of any length have the values of their messages, also where counters carry")
    func runs() {
        let key = ChainingValue(1, 2, 3, 4, 5, 6, 7, 0xffff_ffff)
        let input = pattern(40 * 3 * 64)
        let counters: [UInt64] = [0, 0xffff_fff8, 0xffff_ffff, 0x7fff_ffff_ffff_fffd, .max - 50]
        for counter in counters {
            for step: UInt64 in [0, 1] {
                for count in 0...40 {
                    checkRun(input, key, count: count, counter: counter, step: step)
                }
            }
        }
    }

    private func checkRun(
        _ input: [UInt8], _ key: ChainingValue, count: Int, counter: UInt64, step: UInt64
    ) {
        let mode = Mode(key: key, flags: 16)
        for blocks in [1, 3] {
            var expected: [UInt8] = []
            for message in 0..<count {
                var value = mode.key
                for block in 0..<blocks {
                    let start = (message * blocks + block) * 64
                    let words = input.withUnsafeBytes {
                        $0.loadUnaligned(fromByteOffset: start, as: Block.self)
                    }
                    let flags = 16 | (block == 0 ? 1 : 0) | (block == blocks - 1 ? 2 : 0)
                    let role = BlockRole(
                        counter: counter + UInt64(message) * step, byteCount: 64,
                        flags: UInt32(flags))
                    value = compress(value, words, role).lowHalf
                }
                expected += BLAKE3.Output(value).bytes
            }
            for instructions in Self.available {
                var output = [UInt8](repeating: 0xee, count: count * 32 + 32)
                input.withUnsafeBytes { from in
                    output.withUnsafeMutableBytes { to in
                        guard let start = from.baseAddress, let out = to.baseAddress else { return }
                        MessageRun(
                            start: start, count: count, blocks: blocks, counter: counter,
                            counterStep: step, flags: 16, firstFlags: 1, lastFlags: 2
                        ).hash(key, instructions, into: out)
                    }
                }
                let untouched = [UInt8](repeating: 0xee, count: 32)
                #expect(output == expected + untouched, "\(instructions), \(count) messages")
            }
        }
    }

    @Test("Pairs have the same digests with every instruction set")
    func pairs() {
        let context = BLAKE3.Context("BLAKE3Tests 2025 instruction sets")
        let messages = pattern(70 * 64)
        for count in 0...70 {
            let expected = (0..<count).flatMap {
                context.hash(Array(messages[$0 * 64..<$0 * 64 + 64])).bytes
            }
            for instructions in Self.available {
                var output = [UInt8](repeating: 0, count: count * 32)
                messages.withUnsafeBytes { bytes in
                    output.withUnsafeMutableBytes {
                        context.using(instructions).hashPairs(
                            UnsafeRawBufferPointer(rebasing: bytes[..<(count * 64)]), into: $0)
                    }
                }
                #expect(output == expected, "\(instructions), \(count) pairs")
            }
        }
    }

    @Test("Pairs taken from here and there have the same digests with every instruction set")
    func scatteredPairs() {
        let context = BLAKE3.Context("BLAKE3Tests 2025 scattered pairs")
        let messages = pattern(200 * 64)
        for count in 0...70 {
            // In place, as the levels of a tree: no digest is written into a pair that is hashed.
            let ways = (0..<count).map { BLAKE3.Way(from: UInt32(199 - 2 * $0), to: UInt32($0)) }
            var expected = messages
            for way in ways {
                let start = Int(way.from) * 64
                expected.replaceSubrange(
                    Int(way.to) * 32..<Int(way.to) * 32 + 32,
                    with: context.hash(Array(messages[start..<start + 64])).bytes)
            }
            for instructions in Self.available {
                var bytes = messages
                bytes.withUnsafeMutableBytes { bytes in
                    ways.withUnsafeBufferPointer {
                        context.using(instructions).hashPairs(
                            UnsafeRawBufferPointer(bytes), into: bytes, $0)
                    }
                }
                #expect(bytes == expected, "\(instructions), \(count) pairs")
            }
        }
    }

    #if canImport(Glibc)
    @Test("Nothing beyond the input is read and nothing beyond the output is written")
    func bounds() throws {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let bytes = 80 * 1024 / page * page
        let access = PROT_READ | PROT_WRITE
        let map = mmap(nil, bytes + page, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        let start = try #require(map != MAP_FAILED ? map : nil)
        defer { munmap(start, bytes + page) }
        try #require(mprotect(start + bytes, page, PROT_NONE) == 0)
        let input = pattern(bytes)
        start.copyMemory(from: input, byteCount: bytes)
        // Input that ends where the page that may not be touched begins.
        for size in TreeTests.borders where size <= bytes {
            let expected = BLAKE3.hash(Array(input[(bytes - size)...]))
            let flush = UnsafeRawBufferPointer(start: start + (bytes - size), count: size)
            for instructions in Self.available {
                #expect(BLAKE3.hash(flush, using: instructions) == expected)
            }
        }
        let context = BLAKE3.Context("BLAKE3Tests 2025 bounds")
        for count in 1...40 {
            let output = UnsafeMutableRawBufferPointer(
                start: start + (bytes - count * 32), count: count * 32)
            for instructions in Self.available {
                input.withUnsafeBytes {
                    context.using(instructions).hashPairs(
                        UnsafeRawBufferPointer(rebasing: $0[..<(count * 64)]), into: output)
                }
                #expect(
                    Array(output.suffix(32))
                        == context.hash(
                            Array(input[(count - 1) * 64..<count * 64])
                        ).bytes)
            }
        }
    }
    #endif
}
