/// A double-ended queue in a ring buffer: constant time at both ends, no allocation once grown.
public struct Deque<Element> {
    private var slots: [Element?] = []
    private var head = 0
    public private(set) var count = 0

    public init() {}

    public var isEmpty: Bool { count == 0 }
    public var first: Element? { isEmpty ? nil : slots[head] }
    public var last: Element? { isEmpty ? nil : slots[slot(count - 1)] }

    public mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[slot(count)] = element
        count += 1
    }

    public mutating func prepend(_ element: Element) {
        if count == slots.count { grow() }
        head = (head + slots.count - 1) % slots.count
        slots[head] = element
        count += 1
    }

    /// Removes and returns the first element, or `nil` if there is none.
    public mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = (head + 1) % slots.count
        count -= 1
        return element
    }

    /// Removes and returns the last element, or `nil` if there is none.
    public mutating func popLast() -> Element? {
        guard !isEmpty else { return nil }
        count -= 1
        let position = slot(count)
        defer { slots[position] = nil }
        return slots[position]
    }

    public mutating func removeAll() {
        slots = []
        head = 0
        count = 0
    }

    private func slot(_ offset: Int) -> Int { (head + offset) % slots.count }

    private mutating func grow() {
        // Many queues live for one message only, and hold one element.
        let capacity = Swift.max(2, slots.count * 2)
        var larger: [Element?] = []
        larger.reserveCapacity(capacity)
        for offset in 0..<count { larger.append(slots[slot(offset)]) }
        for _ in count..<capacity { larger.append(nil) }
        slots = larger
        head = 0
    }
}

extension Deque: RandomAccessCollection, MutableCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { count }

    public subscript(position: Int) -> Element {
        get {
            precondition(position >= 0 && position < count, "index out of range")
            return slots[slot(position)]!
        }
        set {
            precondition(position >= 0 && position < count, "index out of range")
            slots[slot(position)] = newValue
        }
    }
}

extension Deque: Sendable where Element: Sendable {}

extension Deque: Equatable where Element: Equatable {
    public static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }
}
