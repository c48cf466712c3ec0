import BFTBase
import Testing

/// What a peer may name is added to without a trap.
@Suite struct SaturationTests {
    @Test("Sums and products end at the largest number, and not before")
    func edges() {
        #expect(UInt64.max.addingSaturating(0) == .max)
        #expect((UInt64.max - 1).addingSaturating(1) == .max)
        #expect((UInt64.max - 1).addingSaturating(2) == .max)
        #expect(UInt64(3).addingSaturating(4) == 7)
        #expect((UInt64.max / 2).multipliedSaturating(by: 2) == UInt64.max - 1)
        #expect((UInt64.max / 2).multipliedSaturating(by: 3) == .max)
    }

    @Test("A view is advanced by so many, and no further than there are views")
    func counters() {
        #expect(View(3).advanced(by: 64) == View(67))
        #expect(View(.max - 1).next == View(.max))
        #expect(View(.max).next == View(.max))
        #expect(Height(.max - 63).advanced(by: 64) == Height(.max))
    }
}
