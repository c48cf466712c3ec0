import BFTBase
import BFTWire
import Testing

@testable import KeyValueStore

@Suite struct PartsTests {
    @Test("A place is the digest of length, key and zeros, whatever the key is long")
    func places() {
        for count in [0, 1, 61, 62, 63, 64, 126, 127, 1_000, 16 << 10] {
            let key = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            var writer = Writer()
            writer.uint16(UInt16(count))
            writer.raw(key)
            while writer.bytes.count % 64 != 0 { writer.uint8(0) }
            #expect(Place.of(key) == Digest.of(writer.bytes, in: .stateKey))
        }
        #expect(Place.of([1]) != Place.of([1, 0]))
    }

    @Test("Lines are aligned, grow and shrink with zeros, and a copy keeps what it had")
    func lines() {
        for count in [1, 2, 3, 100, 5_000] {
            var lines = LineArray(count: count)
            lines.store(UInt64(count), (count - 1) * 64)
            let copy = lines
            lines.store(UInt64(0), (count - 1) * 64)
            lines.extend(to: 2 * count)
            lines.store(UInt64(7), count * 64)
            #expect(copy.load((count - 1) * 64, as: UInt64.self) == UInt64(count))
            #expect(copy.count == count && lines.count == 2 * count)
            lines.shrink(to: count)
            lines.extend(to: count + 1)
            #expect(lines.load(count * 64, as: UInt64.self) == 0)
            for array in [lines, copy] {
                unsafe array.withBytes { bytes in
                    #expect(UInt(bitPattern: bytes.baseAddress) % 64 == 0)
                }
            }
        }
    }

    @Test("Cells keep their bytes while others come, move and go, and their memory is given back")
    func cells() {
        var random = SplitMix64(seed: 3)
        var store = CellStore()
        var present: [(address: CellAddress, bytes: [UInt8])] = []
        func image(_ size: Int) -> [UInt8] {
            let fill = UInt8.random(in: 0...255, using: &random)
            return Array(repeating: fill, count: size)
        }
        func size() -> Int {
            64 * (Bool.random(using: &random) ? Int.random(in: 1...40, using: &random) : 5)
        }
        func write(_ bytes: [UInt8], to address: CellAddress) {
            store.write(address, bytes.span.bytes)
        }
        for round in 0..<20_000 {
            let grows = round < 10_000
            if present.isEmpty || Int.random(in: 0..<10, using: &random) < (grows ? 6 : 3) {
                let bytes = image(size())
                let address = store.allocate(bytes.count)
                write(bytes, to: address)
                present.append((address, bytes))
                continue
            }
            let index = present.indices.randomElement(using: &random)!
            if Bool.random(using: &random) {
                let kept = min(64, present[index].bytes.count)
                var bytes = image(size())
                present[index].address = store.resize(
                    present[index].address, bytes.count, keeping: kept)
                let head = unsafe store.withMutableBytes(
                    of: present[index].address, first: kept
                ) { unsafe Array($0) }
                #expect(head == Array(present[index].bytes[..<kept]))
                bytes.replaceSubrange(..<kept, with: head)
                write(bytes, to: present[index].address)
                present[index].bytes = bytes
            } else {
                store.free(present.remove(at: index).address)
            }
        }
        for (address, bytes) in present {
            let found = unsafe store.withMutableBytes(of: address, first: bytes.count) {
                unsafe Array($0)
            }
            #expect(found == bytes)
            store.free(address)
        }
        #expect(store.byteCount == 0)
    }

    @Test("A large cell that grows is moved seldom")
    func growingCells() {
        var store = CellStore()
        var address = store.allocate(64)
        var moves = 0
        for lines in 2...8_192 {
            let next = store.resize(address, 64 * lines, keeping: 64 * (lines - 1))
            if next != address { moves += 1 }
            address = next
        }
        #expect(moves < 100)
    }

    @Test("The expiry index gives the soonest first, ties by digest, whatever came before")
    func expiryIndex() {
        for seed in 0..<10 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var index = ExpiryIndex()
            var expiries: [Int: UInt64] = [:]
            let digests = (0..<60).map { _ in Digest(random.next(), 0, 0, 0) }
            for _ in 0..<2_000 {
                let slot = Int.random(in: 0..<60, using: &random)
                let expiry = UInt64.random(in: 0..<20, using: &random)
                index.set(slot, expiry: expiry, digest: digests[slot])
                expiries[slot] = expiry == 0 ? nil : expiry
                let first = expiries.min {
                    ($0.value, digests[$0.key]) < ($1.value, digests[$1.key])
                }
                #expect(index.first?.slot == first?.key && index.first?.expiry == first?.value)
                #expect(index.count == expiries.count)
            }
        }
    }

    @Test("Patterns match as a plain recursive matcher says")
    func glob() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<30_000 {
            let pattern = Self.bytes("ab*?[]^-\\", 7, &random)
            let text = Self.bytes("ab-]", 5, &random)
            var steps = 0
            let found = GlobPattern(pattern.span.bytes).matches(text.span.bytes, steps: &steps)
            let expected =
                text.isEmpty
                ? pattern.isEmpty || pattern == [0x2A] : Self.matches(pattern[...], text[...])
            #expect(found == expected, "\(pattern) \(text)")
        }
    }

    static func bytes(_ alphabet: String, _ limit: Int, _ random: inout SplitMix64) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in
            Array(alphabet.utf8).randomElement(using: &random)!
        }
    }

    static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let head = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        if head == UInt8(ascii: "*") {
            return (0...text.count).contains { matches(rest, text.dropFirst($0)) }
        }
        guard let byte = text.first else { return false }
        switch head {
        case UInt8(ascii: "?"): return matches(rest, text.dropFirst())
        case UInt8(ascii: "["):
            var items = rest
            let isNegated = items.first == UInt8(ascii: "^")
            if isNegated { items.removeFirst() }
            var found = false
            while let item = items.popFirst(), item != UInt8(ascii: "]") {
                if item == UInt8(ascii: "\\"), let escaped = items.popFirst() {
                    found = found || escaped == byte
                } else if items.count >= 2, items.first == UInt8(ascii: "-") {
                    let other = items.dropFirst().first!
                    items.removeFirst(2)
                    found = found || (min(item, other)...max(item, other)).contains(byte)
                } else {
                    found = found || item == byte
                }
            }
            return found != isNegated && matches(items, text.dropFirst())
        case UInt8(ascii: "\\") where !rest.isEmpty:
            return rest.first == byte && matches(rest.dropFirst(), text.dropFirst())
        default: return head == byte && matches(rest, text.dropFirst())
        }
    }

    /// Gives the entry in `slot` the leaf that this test has for it.
    private func setLeaf(_ slot: Int, in tree: inout StateTree) {
        tree.setLeaf(slot, Digest(UInt64(slot + 1), 1, 1, 1))
    }

    @Test("Numbers are sorted by the bits asked for, and those alike stay in order")
    func radixSort() {
        var random = SplitMix64(seed: 4)
        var sort = RadixSort<UInt64>()
        for count in [0, 1, 2, 100, 3_000, 7] {
            for (lowest, bitCount) in [(32, 0), (32, 1), (32, 11), (32, 17), (0, 40)] {
                var numbers = (0..<count).map { _ in UInt64.random(in: 0..<1 << 50, using: &random)
                }
                func key(_ number: UInt64) -> UInt64 {
                    number >> UInt64(lowest) & ((1 << UInt64(bitCount)) - 1)
                }
                let expected = numbers.enumerated().sorted {
                    (key($0.element), $0.offset) < (key($1.element), $1.offset)
                }.map(\.element)
                sort.sort(&numbers, lowest: lowest, bitCount: bitCount)
                #expect(numbers == expected)
            }
        }
    }

    /// Adds an entry in `slot`.
    private func insert(_ slot: Int, at place: Digest, in tree: inout StateTree) {
        while tree.entries.count <= slot { tree.entries.append() }
        tree.insert(slot, at: place)
        setLeaf(slot, in: &tree)
    }

    @Test("Places alike in many bits give long paths, and the tree folds up again")
    func deepPaths() {
        // Places that share 0 to 250 bits: no client can find such keys.
        var places: [Digest] = [Digest(0, 0, 0, 0), Digest(0, 0, 0, 0x0100_0000_0000_0000)]
        for bit in stride(from: 0, to: 250, by: 3) {
            var words = [UInt64](repeating: 0, count: 4)
            words[bit / 64] = (UInt64(1) << UInt64(63 - bit % 64)).byteSwapped
            places.append(Digest(words[0], words[1], words[2], words[3]))
        }
        var random = SplitMix64(seed: 9)
        var tree = StateTree()
        var present: Set<Int> = []
        let empty = tree.update()
        #expect(empty == .zero)
        for round in 0..<600 {
            let slot = Int.random(in: 0..<places.count, using: &random)
            if present.contains(slot) {
                tree.remove(slot)
                present.remove(slot)
            } else {
                insert(slot, at: places[slot], in: &tree)
                present.insert(slot)
            }
            guard round % 5 == 0 else { continue }
            var fresh = StateTree()
            for slot in present.sorted() {
                insert(slot, at: places[slot], in: &fresh)
            }
            let roots = (tree.update(), fresh.update())
            #expect(roots.0 == roots.1)
            var walked: [Int] = []
            tree.walk {
                walked.append($0)
                return true
            }
            #expect(walked == present.sorted { places[$0] < places[$1] })
            for (slot, place) in places.enumerated() {
                #expect(tree.find(place) == (present.contains(slot) ? slot : nil))
            }
        }
        for slot in present { tree.remove(slot) }
        let folded = tree.update()
        #expect(folded == .zero)
    }
}

@Suite struct StateProofTests {
    @Test("A proof shows what is there, what is not, and nothing else")
    func proofs() throws {
        for count in [0, 1, 2, 3, 17, 400] {
            var replica = Replica()
            replica.block(
                (0..<count).map {
                    let words = ["SET", "key:\($0)", "value \($0)"]
                    return command($0 % 3 == 0 ? words + ["PXAT", "\(2_000_000 + $0)"] : words)
                })
            let root = replica.store.stateRoot
            for number in 0..<count + 20 {
                let key = Array("key:\(number)".utf8)
                let value = Array("value \(number)".utf8)
                let expiry: UInt64 = number % 3 == 0 ? UInt64(2_000_000 + number) : 0
                let proof = replica.store.proof(of: key)
                let isThere = number < count
                #expect(proof.proves(value, under: key, expiry: expiry, root: root) == isThere)
                #expect(proof.provesAbsence(of: key, root: root) == !isThere)
                #expect(!proof.proves(value + [0], under: key, expiry: expiry, root: root))
                #expect(!proof.proves(value, under: key, expiry: expiry + 1, root: root))
                #expect(!proof.proves(value, under: key + [0], expiry: expiry, root: root))
                #expect(!proof.proves(value, under: key, expiry: expiry, root: .zero))
                #expect(!proof.provesAbsence(of: key, root: .zero))
                #expect(proof.siblings.count < 40)
                #expect(try StateProof(decoding: proof.encoded) == proof)
            }
        }
    }

    @Test("A proof with any bit flipped proves nothing of what it did")
    func flipped() throws {
        var replica = Replica()
        replica.block((0..<50).map { command(["SET", "key:\($0)", "v"]) })
        let root = replica.store.stateRoot
        let (present, absent) = (Array("key:7".utf8), Array("none".utf8))
        for (key, isThere) in [(present, true), (absent, false)] {
            let encoded = replica.store.proof(of: key).encoded
            for bit in 0..<encoded.count * 8 {
                var bytes = encoded
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let proof = try? StateProof(decoding: bytes) else { continue }
                #expect(!proof.provesAbsence(of: present, root: root))
                #expect(!proof.proves([0x76], under: absent, expiry: 0, root: root))
                #expect(
                    isThere
                        ? !proof.proves([0x76], under: key, expiry: 0, root: root)
                        : !proof.provesAbsence(of: key, root: root))
            }
            for length in 0..<encoded.count {
                #expect(throws: WireError.self) {
                    try StateProof(decoding: Array(encoded[..<length]))
                }
            }
        }
    }
}
