public import CMutation

// What a source is rewritten to that holds bugs: everything does what was written there, unless the
// bug with its number is on.

@inlinable @inline(__always)
public func isOn(_ number: Int32) -> Bool { mutation_is_on(number) }

@inlinable @inline(__always)
public func mutated<Value>(_ number: Int32, _ sound: Value, _ wrong: Value) -> Value {
    isOn(number) ? wrong : sound
}

@inlinable @inline(__always)
public func mutatedMin<Value: Comparable>(_ number: Int32, _ left: Value, _ right: Value) -> Value {
    isOn(number) ? max(left, right) : min(left, right)
}

@inlinable @inline(__always)
public func mutatedMax<Value: Comparable>(_ number: Int32, _ left: Value, _ right: Value) -> Value {
    isOn(number) ? min(left, right) : max(left, right)
}

// Operators: `a < b` becomes `a <~~ OrderBug(17, .less, .atMost) ~~> b`. The first takes its left
// operand as the operator in its place did, the second its right, so that nobody has to parse them.

precedencegroup ComparedPrecedence {
    higherThan: ComparisonPrecedence
    lowerThan: NilCoalescingPrecedence
}
precedencegroup AndBugPrecedence {
    associativity: left
    higherThan: LogicalConjunctionPrecedence
    lowerThan: ComparisonPrecedence
}
precedencegroup AndPrecedence {
    higherThan: AndBugPrecedence
    lowerThan: ComparisonPrecedence
}
precedencegroup OrBugPrecedence {
    associativity: left
    higherThan: LogicalDisjunctionPrecedence
    lowerThan: LogicalConjunctionPrecedence
}
precedencegroup OrPrecedence {
    higherThan: OrBugPrecedence
    lowerThan: LogicalConjunctionPrecedence
}
precedencegroup DifferenceBugPrecedence {
    higherThan: AdditionPrecedence
    lowerThan: MultiplicationPrecedence
}
precedencegroup DifferencePrecedence {
    higherThan: DifferenceBugPrecedence
    lowerThan: MultiplicationPrecedence
}

infix operator <~~ : ComparedPrecedence
infix operator ~~> : ComparisonPrecedence
infix operator <&& : AndPrecedence
infix operator &&> : AndBugPrecedence
infix operator <|| : OrPrecedence
infix operator ||> : OrBugPrecedence
infix operator <-- : DifferencePrecedence
infix operator --> : DifferenceBugPrecedence

public struct Half<Left, Bug> {
    @usableFromInline let left: Left
    @usableFromInline let bug: Bug

    @inlinable
    init(left: Left, bug: Bug) {
        self.left = left
        self.bug = bug
    }
}

public struct OrderBug {
    public enum Order { case less, atMost, more, atLeast }

    @usableFromInline let number: Int32
    @usableFromInline let sound: Order
    @usableFromInline let wrong: Order

    @inlinable
    public init(_ number: Int32, _ sound: Order, _ wrong: Order) {
        self.number = number
        self.sound = sound
        self.wrong = wrong
    }
}

public struct EqualityBug {
    public enum Equality { case same, other }

    @usableFromInline let number: Int32
    @usableFromInline let sound: Equality

    @inlinable
    public init(_ number: Int32, _ sound: Equality, _ wrong: Equality) {
        self.number = number
        self.sound = sound
    }

    @inlinable
    func judge(_ areEqual: Bool) -> Bool { (areEqual == (sound == .same)) != isOn(number) }
}

public struct AndBug {
    @usableFromInline let number: Int32
    @inlinable public init(_ number: Int32) { self.number = number }
}

public struct OrBug {
    @usableFromInline let number: Int32
    @inlinable public init(_ number: Int32) { self.number = number }
}

public struct DifferenceBug {
    @usableFromInline let number: Int32
    @inlinable public init(_ number: Int32) { self.number = number }
}

@inlinable
public func <~~ <Left>(left: Left, bug: OrderBug) -> Half<Left, OrderBug> {
    Half(left: left, bug: bug)
}

@inlinable
public func <~~ <Left>(left: Left, bug: EqualityBug) -> Half<Left, EqualityBug> {
    Half(left: left, bug: bug)
}

@inlinable
public func ~~> <Value: Comparable>(half: Half<Value, OrderBug>, right: Value) -> Bool {
    switch isOn(half.bug.number) ? half.bug.wrong : half.bug.sound {
    case .less: half.left < right
    case .atMost: half.left <= right
    case .more: half.left > right
    case .atLeast: half.left >= right
    }
}

@inlinable
public func ~~> <Value: Equatable>(half: Half<Value, EqualityBug>, right: Value) -> Bool {
    half.bug.judge(half.left == right)
}

@inlinable
public func ~~> <Value>(
    half: Half<Value?, EqualityBug>, right: _OptionalNilComparisonType
) -> Bool {
    half.bug.judge(half.left == right)
}

@inlinable
public func <&& (left: Bool, bug: AndBug) -> Half<Bool, AndBug> { Half(left: left, bug: bug) }

@inlinable
public func &&> (
    half: Half<Bool, AndBug>, right: @autoclosure () throws -> Bool
) rethrows -> Bool {
    isOn(half.bug.number) ? try half.left || right() : try half.left && right()
}

@inlinable
public func <|| (left: Bool, bug: OrBug) -> Half<Bool, OrBug> { Half(left: left, bug: bug) }

@inlinable
public func ||> (
    half: Half<Bool, OrBug>, right: @autoclosure () throws -> Bool
) rethrows -> Bool {
    isOn(half.bug.number) ? try half.left && right() : try half.left || right()
}

@inlinable
public func <-- <Value: Numeric>(left: Value, bug: DifferenceBug) -> Half<Value, DifferenceBug> {
    Half(left: left, bug: bug)
}

@inlinable
public func --> <Value: Numeric>(half: Half<Value, DifferenceBug>, right: Value) -> Value {
    isOn(half.bug.number) ? right - half.left : half.left - right
}
