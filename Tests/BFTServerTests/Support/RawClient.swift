import BFTTestKit

/// A client that a test writes for and reads from as text.
struct RawClient {
    private let connection: LoopbackConnection

    init(port: UInt16) throws { connection = try LoopbackConnection(port: port) }

    /// Sends, and returns whether the other side still took it.
    @discardableResult
    func send(_ text: String) -> Bool { (try? connection.send(text)) != nil }

    /// Reads until `count` bytes are there, or no more come.
    func receive(untilCount count: Int) -> String {
        String(decoding: (try? connection.bytes(upTo: count)) ?? [], as: UTF8.self)
    }

    /// Reads until the other side closes.
    func receiveAll() -> String {
        String(decoding: (try? connection.rest()) ?? [], as: UTF8.self)
    }

    func close() { connection.close() }
}
