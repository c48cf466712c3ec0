/// Sorts numbers by some of their bits, and keeps its second array from one time to the next.
///
/// What a block changed is brought into the order in which it lies in memory: then the memory is
/// read ahead, and what belongs to one node is side by side.
struct RadixSort<Number: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    private static var digitBits: Int { 11 }
    private var other: [Number] = []
    private var starts = [Int](repeating: 0, count: 1 << Self.digitBits)

    /// Sorts `numbers` by the `bitCount` bits from `lowest` on. Those alike stay in order.
    mutating func sort(_ numbers: inout [Number], lowest: Int, bitCount: Int) {
        guard numbers.count > 1 else { return }
        var shift = lowest
        while shift < lowest + bitCount {
            let digits = min(Self.digitBits, lowest + bitCount - shift)
            pass(&numbers, shift, mask: (1 << Number(digits)) - 1)
            shift += digits
        }
    }

    private mutating func pass(_ numbers: inout [Number], _ shift: Int, mask: Number) {
        if other.count < numbers.count {
            other = Array(repeating: 0, count: numbers.count)
        } else {
            other.removeLast(other.count - numbers.count)
        }
        for digit in 0...Int(mask) { starts[digit] = 0 }
        for number in numbers {
            starts[Int(truncatingIfNeeded: number &>> Number(shift) & mask)] += 1
        }
        var start = 0
        for digit in 0...Int(mask) {
            let count = starts[digit]
            starts[digit] = start
            start += count
        }
        for number in numbers {
            let digit = Int(truncatingIfNeeded: number &>> Number(shift) & mask)
            other[starts[digit]] = number
            starts[digit] += 1
        }
        swap(&numbers, &other)
    }
}
