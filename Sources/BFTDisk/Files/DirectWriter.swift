import BFTStorage
import CSystemCalls
import Glibc

/// Writes the end of a file past the kernel's cache.
///
/// A copy into the cache costs many times what the disk's own transfer does, and nobody reads a log
/// while it is written.
///
/// The first write to a block that is only reserved changes the file, and the next sync has to
/// record that. So small writes into such blocks are followed by zeros up to a multiple of
/// `strideByteCount`: the next ones then meet blocks that were written before.
///
/// Used by one thread at a time.
final class DirectWriter {
    static let strideByteCount = 256 << 10

    private let descriptor: Int32
    private let path: String
    /// The size of the file, which this doesn't change.
    private let size: Int
    /// Up to here the file was written before, with zeros behind its data.
    private var zeroedEnd = 0

    /// A writer for the file `path`, or `nil` if its file system has a cache only.
    ///
    /// - Parameter size: the size of the file.
    init?(_ path: String, size: Int) {
        let descriptor = bft_open_direct(path)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.path = path
        self.size = size
    }

    deinit { close(descriptor) }

    /// Writes what is staged in `buffer` at `offset`. Behind it the file reads as zeros.
    ///
    /// Returns `false` if the file has no room for the last block, or if the disk wants another
    /// alignment: then nothing is known to be written, and this writer is of no more use.
    func append(_ buffer: LogBuffer, at offset: Int) throws(StorageError) -> Bool {
        try buffer.withBlocks { (blocks, lead) throws(StorageError) in
            let start = offset - lead
            precondition(
                start == LogBuffer.blockStart(offset), "a buffer that another file's end leads")
            let end = start + blocks.count
            guard end <= size, try write(blocks, at: start) else { return false }
            return try zeroAhead(of: end, after: blocks.count)
        }
    }

    /// Writes zeros behind `end` if a write of `count` bytes has come to blocks that were never
    /// written. A larger one isn't worth it.
    private func zeroAhead(of end: Int, after count: Int) throws(StorageError) -> Bool {
        let stride = Self.strideByteCount
        let next = min((end + stride - 1) & ~(stride - 1), LogBuffer.blockStart(size))
        guard end > zeroedEnd, next > end, count <= stride / 4 else { return true }
        zeroedEnd = next
        return try write(
            UnsafeRawBufferPointer(rebasing: Zeros.shared.bytes[..<(next - end)]), at: end)
    }

    private func write(
        _ bytes: UnsafeRawBufferPointer, at offset: Int
    ) throws(StorageError) -> Bool {
        var done = 0
        while done < bytes.count {
            let written = pwrite(
                descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
            if written > 0 {
                done += written
            } else if written == 0 {
                throw .diskFull(path: path)
            } else if errno == EINVAL {
                return false
            } else if errno != EINTR {
                throw SystemCall.failure("write", path)
            }
        }
        return true
    }
}

/// Zeros for the disk: aligned, and never anything else.
private struct Zeros: @unchecked Sendable {
    static let shared = Zeros()
    let bytes: UnsafeRawBufferPointer

    private init() {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: DirectWriter.strideByteCount, alignment: LogBuffer.blockByteCount)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        bytes = UnsafeRawBufferPointer(memory)
    }
}
