/// Where the segments of a log live: a directory of real files, or one in memory that fails.
public protocol LogDirectory: AnyObject, Sendable {
    /// The names of everything in the directory, in no order.
    func names() throws(StorageError) -> [String]

    /// A new, empty file with room for `byteCount` bytes, which read as zeros. It is there after a
    /// crash only once `sync` returned.
    func create(_ name: String, reserving byteCount: Int) throws(StorageError) -> any LogFile

    /// An existing file, for reading and writing.
    func open(_ name: String) throws(StorageError) -> any LogFile

    /// Removes a file. It stays away after a crash only once `sync` returned.
    func remove(_ name: String) throws(StorageError)

    /// Gives a file another name, which no file has. It is there under one of the two after a
    /// crash, and under the new one for certain only once `sync` returned.
    func rename(_ name: String, to newName: String) throws(StorageError)

    /// Makes creations, removals and new names durable.
    func sync() throws(StorageError)

    /// What to call a file in an error.
    func path(of name: String) -> String
}

/// One file of a log. Used by one thread at a time.
public protocol LogFile: AnyObject, Sendable {
    /// The size of the file, reserved room included.
    func byteCount() throws(StorageError) -> Int

    /// Up to `byteCount` bytes from `offset` on; fewer only at the end of the file.
    func read(at offset: Int, byteCount: Int) throws(StorageError) -> [UInt8]

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: RawSpan, at offset: Int) throws(StorageError)

    /// Writes what is staged in `buffer` at `offset`, where the data end. Behind it the file reads
    /// as zeros.
    func append(_ buffer: LogBuffer, at offset: Int) throws(StorageError)

    /// Drops everything behind `byteCount`.
    func truncate(to byteCount: Int) throws(StorageError)

    /// Makes room for `byteCount` bytes in all. New room reads as zeros.
    func reserve(_ byteCount: Int) throws(StorageError)

    /// Makes what was written durable, and the size. After an error nothing is known about what
    /// was written since the last success, and calling again doesn't help: the kernel may have
    /// dropped the pages (Rebello et al., "Can applications recover from fsync failures?", 2020).
    func sync() throws(StorageError)

    /// Lets go of the file, without syncing.
    func close()
}

extension LogFile {
    public func append(_ buffer: LogBuffer, at offset: Int) throws(StorageError) {
        try write(buffer.staged, at: offset)
    }
}
