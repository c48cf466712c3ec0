/// Memory that a connection reads into and writes from, so that bytes are decrypted where they
/// arrived and leave from where they were encrypted.
///
/// Called on the loop, by the connection that it is attached to.
public protocol StreamBuffers: AnyObject {
    /// Room for bytes that arrive, never empty. It stays where it is until `commitInput`, or until
    /// room is asked for again.
    func roomForInput() -> UnsafeMutableRawBufferPointer

    /// The first `byteCount` bytes of the room were filled.
    func commitInput(_ byteCount: Int)

    /// Handles what was committed. Also called, with nothing new, after reading was resumed.
    func processInput()

    /// The bytes to send next, none if nothing is to be sent. Asked again, the same bytes: they
    /// stay where they are until they are committed.
    func bytesToSend() -> UnsafeRawBufferPointer

    /// The system took the first `byteCount` of the bytes to send.
    func commitOutput(_ byteCount: Int)
}
