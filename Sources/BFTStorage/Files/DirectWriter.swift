import CStorage
import Glibc

/// Writes the end of a file past the kernel's cache, from a buffer of its own to the disk.
///
/// A copy into the cache costs many times what the disk's own transfer does, and nobody reads a log
/// while it is written. A disk takes whole blocks only. So the last block, as far as it is filled,
/// is kept here and written again together with what follows it, as the cache would do.
///
/// Small writes are padded with zeros up to a multiple of `strideByteCount`: the next ones then
/// meet blocks that were written before, and their syncs have no change of the file to record.
///
/// Used by one thread at a time.
final class DirectWriter {
    /// What descriptors, offsets and buffers are aligned to. Enough for every disk.
    static let blockByteCount = 4096
    static let strideByteCount = 256 << 10
    /// The most that is handed to the kernel at a time.
    private static let bufferByteCount = 1 << 20

    private let descriptor: Int32
    private let path: String
    private let buffer: UnsafeMutableRawBufferPointer
    /// Where the file's data end. The block that it lies in stands at the start of `buffer`, up to
    /// here.
    private var end: Int
    /// Up to here the file was written, with zeros behind its data.
    private var paddedEnd = 0

    /// A writer that goes on at `end` of the file `path`, or `nil` if its file system has a cache
    /// only.
    ///
    /// - Parameter block: what stands between the last multiple of the block size and `end`.
    init?(_ path: String, end: Int, block: [UInt8]) {
        let descriptor = bft_open_direct(path)
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.path = path
        self.end = end
        buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.bufferByteCount, alignment: Self.blockByteCount)
        buffer.copyBytes(from: block)
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    /// Writes all of `bytes` where the data end. Behind them the file reads as zeros.
    ///
    /// Returns `false` if the file has no room for the last block, or if the disk wants another
    /// alignment: then nothing is known to be written, and this writer is of no more use.
    ///
    /// - Parameter limit: the size of the file, which this doesn't change.
    func append(_ bytes: RawSpan, limit: Int) throws(StorageError) -> Bool {
        let whole = ~(Self.blockByteCount - 1)
        guard (end + bytes.byteCount + Self.blockByteCount - 1) & whole <= limit else {
            return false
        }
        var done = 0
        while done < bytes.byteCount {
            let start = end & whole
            let filled = end - start
            let count = min(bytes.byteCount - done, buffer.count - filled)
            bytes.extracting(done..<done + count).withUnsafeBytes {
                UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: $0)
            }
            let used = filled + count
            let size = paddedByteCount(used, from: start, limit: limit)
            UnsafeMutableRawBufferPointer(rebasing: buffer[used..<size])
                .initializeMemory(as: UInt8.self, repeating: 0)
            guard try write(size, at: start) else { return false }
            done += count
            end += count
            let rest = used & whole
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<(used - rest)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[rest..<used]))
        }
        return true
    }

    /// How many bytes to write at `start` of which `used` are data.
    private func paddedByteCount(_ used: Int, from start: Int, limit: Int) -> Int {
        let block = Self.blockByteCount
        let blocks = (used + block - 1) & ~(block - 1)
        guard start + blocks > paddedEnd else { return blocks }
        let stride = Self.strideByteCount
        let next = (start + blocks + stride - 1) & ~(stride - 1)
        guard blocks < stride, next <= limit, next - start <= buffer.count else { return blocks }
        paddedEnd = next
        return next - start
    }

    private func write(_ count: Int, at offset: Int) throws(StorageError) -> Bool {
        var done = 0
        while done < count {
            let written = pwrite(
                descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
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
