import Glibc

/// Why a test can't go on.
package struct Failure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Waits until `condition` holds. Throws, naming `what`, if it does not within `limit`.
package func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + limit
    repeat {
        if try condition() { return }
        usleep(10_000)
    } while ContinuousClock.now < deadline
    throw Failure("not within \(limit): \(what)")
}
