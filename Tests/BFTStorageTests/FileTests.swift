import BFTTestKit
import Glibc
import Testing

@testable import BFTDisk
@testable import BFTStorage

@Suite struct FileTests {
    /// A process that this test starts and ends.
    private final class Child {
        let process: pid_t

        init(_ arguments: [String]) throws {
            var process = pid_t()
            let copies = arguments.map { strdup($0) } + [nil]
            defer { for copy in copies { free(copy) } }
            let code = posix_spawn(&process, arguments[0], nil, nil, copies, environ)
            guard code == 0 else { throw Failure("no process: error \(code)") }
            self.process = process
        }

        /// The exit code, or `nil` if a signal ended it.
        func wait() -> Int32? {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
        }
    }

    @Test("A directory is locked for one holder, and the refusal names the process")
    func lock() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.root)/LOCK"
        let lock = try HomeLock(directory: directory.root)
        #expect(throws: StorageError.locked(path: path, holder: getpid())) {
            try HomeLock(directory: directory.root)
        }
        #expect("\(StorageError.locked(path: path, holder: 42))".contains("process 42"))
        let refused = try Child(["/usr/bin/flock", "-n", path, "/bin/true"])
        #expect(refused.wait() == 1)
        lock.release()
        lock.release()
        try HomeLock(directory: directory.root).release()
    }

    @Test("Another process's lock is respected, and gone when that process is killed")
    func lockOfAnother() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.root)/LOCK"
        let script = "exec 9>>\"$0\"; flock 9; echo $$ > \"$0\"; exec sleep 600"
        let child = try Child(["/bin/sh", "-c", script, path])
        var holder: Int32?
        while holder == nil {
            do {
                try HomeLock(directory: directory.root).release()
                usleep(1000)  // The child waits for a moment in which nobody holds the lock.
            } catch StorageError.locked(_, let found) {
                holder = found == getpid() ? nil : found
            }
        }
        #expect(holder == child.process)
        kill(child.process, SIGKILL)
        #expect(child.wait() == nil)
        try HomeLock(directory: directory.root).release()
    }

    @Test("A lock in a directory that isn't there says so")
    func lockNowhere() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: StorageError.notADirectory(path: "\(directory.root)/none")) {
            try HomeLock(directory: "\(directory.root)/none")
        }
    }

    @Test("A small file is replaced as a whole, with the mode asked for")
    func atomicFile() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.root)/key"
        #expect(try AtomicFile.read(path, limit: 10) == nil)
        for (bytes, mode) in [([1, 2, 3], 0o600), ([], 0o644), ([9], 0o666)] as [([UInt8], UInt32)]
        {
            try AtomicFile.write(path, bytes, mode: mode)
            #expect(try AtomicFile.read(path, limit: 3) == bytes)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == mode)
        }
        #expect(access("\(path).tmp", F_OK) != 0)
        // What a crash left behind is no obstacle.
        #expect(symlink("/dev/null", "\(path).tmp") == 0)
        try AtomicFile.write(path, [7, 7])
        #expect(try AtomicFile.read(path, limit: 3) == [7, 7])
        #expect(throws: StorageError.self) { try AtomicFile.read(path, limit: 1) }
        #expect(throws: StorageError.self) {
            try AtomicFile.write("\(directory.root)/none/key", [1])
        }
    }

    @Test("A device without room is reported as full")
    func full() throws {
        let descriptor = try SystemCall.open("/dev/full", O_WRONLY)
        defer { close(descriptor) }
        #expect(throws: StorageError.diskFull(path: "x")) {
            try SystemCall.write(descriptor, [UInt8(1)].span.bytes, at: 0, path: "x")
        }
    }

    @Test("A safety log in real files behaves as in memory, torn end and damage included")
    func realFiles() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.root)/log"
        let (_, entries) = try LogFixture.directory(sizes: [])
        #expect(entries.isEmpty)
        var expected: [Entry] = []
        for round in 0..<5 {
            let (log, found) = try LogFixture.open(try FileLogDirectory(path))
            #expect(found == expected)
            for number in 0..<10 {
                let payload = LogFixture.payload(number, byteCount: 100 * round + number)
                let position = try log.append(type: UInt8(round), parts: [payload])
                expected.append(Entry(position: position, type: UInt8(round), payload: payload))
                if number % 3 == 0 { try log.commit() }
            }
            try log.commit()
            log.close()
        }
        let last = "\(path)/\(try #require(try FileLogDirectory(path).names().max()))"
        var bytes = try #require(try AtomicFile.read(last, limit: 1 << 20))
        let end = try #require(bytes.lastIndex { $0 != 0 })
        bytes[end] ^= 1
        try AtomicFile.write(last, bytes)
        let (log, found) = try LogFixture.open(try FileLogDirectory(path))
        #expect(log.recovery.cutByteCount > 0)
        #expect(!found.isEmpty && found.count < expected.count)
        #expect(found == Array(expected.prefix(found.count)))
        try log.truncate(upTo: log.end)
        #expect(log.segmentCount == 1)
        log.close()
    }

    @Test("A log where there can be no directory says so")
    func wrongDirectory() throws {
        let directory = try TemporaryDirectory()
        try AtomicFile.write("\(directory.root)/file", [])
        for path in ["\(directory.root)/file", "\(directory.root)/none/log"] {
            #expect(throws: StorageError.notADirectory(path: path)) { try FileLogDirectory(path) }
        }
    }
}
