import BFTBase
import BFTConfiguration
import Glibc

/// One connection of a load run.
final class BenchClient {
    enum State { case connecting, open, closed }

    let endpoint: Endpoint
    var state = State.closed
    /// When to connect again, if closed.
    var retryTime: UInt64 = 0
    var socket: TCPSocket?
    var scanner = ReplyScanner()
    /// Bytes that the system had no room for yet.
    var unsent: [UInt8] = []
    /// Replies that belong to no request: that to AUTH.
    var ignoredReplies = 0
    /// The position of the next request of this client on the schedule (open loop).
    var nextScheduled: UInt64 = 0

    /// When the requests that wait for an answer were sent, or should have been: a ring.
    private var times: [UInt64]
    private var first = 0
    private(set) var waiting = 0

    init(_ endpoint: Endpoint, pipeline: Int) {
        self.endpoint = endpoint
        times = Array(repeating: 0, count: pipeline)
    }

    var room: Int { times.count - waiting }

    func pushTime(_ time: UInt64) {
        var slot = first + waiting
        if slot >= times.count { slot -= times.count }
        times[slot] = time
        waiting += 1
    }

    func popTime() -> UInt64? {
        guard waiting > 0 else { return nil }
        let time = times[first]
        first = first + 1 == times.count ? 0 : first + 1
        waiting -= 1
        return time
    }

    /// Closes the connection, and returns how many requests stay without an answer.
    func close(retryAt time: UInt64) -> Int {
        defer { waiting = 0 }
        socket = nil
        state = .closed
        retryTime = time
        scanner = ReplyScanner()
        unsent = []
        return waiting
    }

    /// Begins to connect. Returns the descriptor, or `nil` if that fails at once.
    func connect() throws(TCPSocket.Failure) -> Int32 {
        let begun = try TCPSocket.begin(endpoint)
        let descriptor = begun.descriptor
        socket = consume begun
        state = .connecting
        return descriptor
    }

    /// Sends what is `unsent` and then `bytes`, as far as the system has room. Returns whether the
    /// connection still lives.
    func send(_ bytes: [UInt8]) -> Bool {
        guard let descriptor = socket?.descriptor else { return false }
        if unsent.isEmpty {
            let count = Self.put(bytes, descriptor)
            guard count >= 0 else { return false }
            if count < bytes.count { unsent = Array(bytes[count...]) }
            return true
        }
        unsent += bytes
        let count = Self.put(unsent, descriptor)
        guard count >= 0 else { return false }
        unsent.removeFirst(count)
        return true
    }

    /// The number of bytes sent, or -1 if the connection is broken.
    private static func put(_ bytes: [UInt8], _ descriptor: Int32) -> Int {
        guard !bytes.isEmpty else { return 0 }
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        return count >= 0 ? count : errno == EAGAIN || errno == EINTR ? 0 : -1
    }
}
