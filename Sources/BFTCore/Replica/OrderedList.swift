/// What is kept of one place: of a view, or of one height in a view.
public protocol Placed: Equatable, Sendable {
    associatedtype Place: Comparable
    var place: Place { get }
}

/// What a replica keeps of several places, in rising order.
///
/// An element holds the votes of all validators. So each is looked at and changed where it stands:
/// a copy that is alive while the next vote comes would cost a copy of them all.
///
/// - Invariant A1: places rise strictly.
public struct OrderedList<Element: Placed>: Equatable, Sendable {
    @usableFromInline var elements: [Element] = []

    @inlinable public init() {}

    /// The position of the first element at or after `place`.
    @inlinable public func position(of place: Element.Place) -> Int {
        var (low, high) = (0, elements.count)
        while low < high {
            let middle = (low + high) / 2
            if elements[middle].place < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The position of the element at `place`, if anything is known of it.
    @inlinable public func index(of place: Element.Place) -> Int? {
        let position = position(of: place)
        guard position < elements.count, elements[position].place == place else { return nil }
        return position
    }

    /// The element at `place`, if anything is known of it: a copy, of everything that it holds.
    @inlinable public func element(at place: Element.Place) -> Element? {
        index(of: place).map { elements[$0] }
    }

    /// Changes the element at `place` where it stands, making it first if need be.
    @inlinable public mutating func update<Result>(
        _ place: Element.Place, orInsert make: () -> Element,
        _ change: (inout Element) -> Result
    ) -> Result {
        let position = position(of: place)
        if position == elements.count || elements[position].place != place {
            elements.insert(make(), at: position)
        }
        return change(&elements[position])
    }

    /// The last element at or after `place` that `isMeant`.
    @inlinable public func last(
        from place: Element.Place, where isMeant: (Element) -> Bool
    ) -> Element? {
        for position in elements.indices.reversed() {
            guard elements[position].place >= place else { return nil }
            if isMeant(elements[position]) { return elements[position] }
        }
        return nil
    }

    @inlinable public mutating func removeAll(before place: Element.Place) {
        elements.removeFirst(position(of: place))
    }

    @inlinable public mutating func removeAll(where isOver: (Element) -> Bool) {
        elements.removeAll(where: isOver)
    }
}

extension OrderedList: RandomAccessCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { elements.count }

    @inlinable public subscript(position: Int) -> Element {
        _read { yield elements[position] }
    }
}
