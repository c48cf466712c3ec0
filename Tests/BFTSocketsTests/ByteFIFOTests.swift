import BFTBase
import Testing

@testable import BFTSockets

@Suite struct ByteFIFOTests {
    @Test("What goes in comes out, in order, through any sizes")
    func order() {
        var source = SplitMix64(seed: 0)
        let bytes = (0..<10_000).map { _ in UInt8.random(in: 0...255, using: &source) }
        for seed in 0..<100 {
            var random = SplitMix64(seed: UInt64(seed))
            var queue = ByteFIFO()
            var model: [UInt8] = []
            for _ in 0..<200 {
                let size = Int.random(in: 0..<2_000, using: &random)
                let start = Int.random(in: 0..<8_000, using: &random)
                let chunk = Array(bytes[start..<start + size])
                switch Int.random(in: 0..<5, using: &random) {
                case 0: queue.append(chunk)
                case 1: queue.append(chunk.span.bytes)
                case 2:
                    queue.append(upTo: size + 7) {
                        $0.copyBytes(from: chunk)
                        return size
                    }
                case 3: for byte in chunk { queue.append(byte) }
                default:
                    let part = min(size * 3, queue.count)
                    #expect(Array(queue.readable.prefix(part)) == Array(model.prefix(part)))
                    queue.consume(part)
                    model.removeFirst(part)
                    continue
                }
                model += chunk
            }
            #expect(queue.count == model.count)
            #expect(Array(queue.readable) == model)
            #expect(queue.bytes.withUnsafeBytes { $0.elementsEqual(model) })
        }
    }

    @Test("The limit is exact, and the block never grows beyond it")
    func limit() {
        var queue = ByteFIFO(limit: 1_000)
        queue.append([UInt8](repeating: 1, count: 600))
        queue.append([UInt8](repeating: 2, count: 400))
        #expect(queue.count == 1_000 && !queue.isOverflown)
        queue.consume(1)
        queue.append(3)
        #expect(queue.count == 1_000 && queue.capacity == 1_000 && !queue.isOverflown)
        #expect(queue.room(wanted: 10).isEmpty)
        queue.append(4)
        #expect(queue.count == 1_000 && queue.isOverflown)
        #expect(queue.readable.last == 3)
    }

    @Test("Room for reading never exceeds the limit")
    func room() {
        var random = SplitMix64(seed: 7)
        var queue = ByteFIFO(limit: 5_000)
        for _ in 0..<10_000 {
            let room = queue.room(wanted: 2_048)
            #expect(room.count <= 5_000 - queue.count)
            #expect(!room.isEmpty || queue.count == 5_000)
            queue.commit(Int.random(in: 0...room.count, using: &random), of: room.count)
            queue.consume(Int.random(in: 0...queue.count, using: &random))
            #expect(queue.capacity <= 5_000)
        }
    }

    @Test("Fixed text is appended as its bytes")
    func text() {
        var queue = ByteFIFO()
        queue.append("+OK\r\n")
        #expect(Array(queue.readable) == Array("+OK\r\n".utf8))
    }
}
