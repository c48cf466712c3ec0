import CLibUV

/// An object that owns a libuv handle. The handle's `data` points to it, unretained, as long as
/// the handle is open.
public class HandleOwner {
    public let loop: EventLoop

    init(loop: EventLoop) { self.loop = loop }

    /// The loop ends: the handle must be closed before this returns.
    func loopEnds() {}

    /// Closes `handle` and frees its memory once libuv is done with it.
    static func dispose<Handle>(_ handle: UnsafeMutablePointer<Handle>) {
        let plain = generic(handle)
        plain.pointee.data = nil
        uv_close(plain) { closed in
            if let closed { UnsafeMutableRawPointer(closed).deallocate() }
        }
    }

    /// A handle as the common type that every handle begins with.
    static func generic<Handle>(
        _ handle: UnsafeMutablePointer<Handle>
    ) -> UnsafeMutablePointer<uv_handle_t> {
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    }

    /// The object that a handle or request points to.
    static func from<Owner: HandleOwner>(
        _ data: UnsafeMutableRawPointer?, as type: Owner.Type = Owner.self
    ) -> Owner? {
        data.map { Unmanaged<Owner>.fromOpaque($0).takeUnretainedValue() }
    }
}
