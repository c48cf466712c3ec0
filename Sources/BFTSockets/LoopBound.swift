/// A value that belongs to an event loop, in a box that may be passed between threads.
///
/// Reading or writing the value on another thread traps. The value is also released on the loop,
/// whichever thread lets go of the box last.
public final class LoopBound<Value>: @unchecked Sendable {
    public let loop: EventLoop
    private var stored: Orphan<Value>

    /// - Precondition: called on the loop.
    public init(_ value: Value, on loop: EventLoop) {
        loop.preconditionOnLoop()
        self.loop = loop
        stored = Orphan(value)
    }

    /// - Precondition: read and written on the loop.
    public var value: Value {
        get {
            loop.preconditionOnLoop()
            return stored.value!
        }
        _modify {
            loop.preconditionOnLoop()
            yield &stored.value!
        }
    }

    deinit {
        guard !loop.isOnLoop else { return }
        let orphan = stored
        loop.post { orphan.value = nil }
    }
}

/// A value that travels to its loop to be released there.
private final class Orphan<Value>: @unchecked Sendable {
    var value: Value?
    init(_ value: Value) { self.value = value }
}
