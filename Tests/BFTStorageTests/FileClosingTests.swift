import BFTDisk
import BFTStorage
import Glibc
import Testing

/// What becomes of a log file's descriptor.
@Suite struct FileClosingTests {
    private func openPaths(below directory: String) -> [String] {
        (0..<1_024).compactMap { descriptor in
            var path = [CChar](repeating: 0, count: 4_096)
            let count = readlink("/proc/self/fd/\(descriptor)", &path, path.count)
            let bytes = path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            return text.hasPrefix(directory) ? text : nil
        }
    }

    @Test("A file that nobody closed is closed with the last that holds it")
    func forgotten() throws {
        let directory = try TemporaryDirectory()
        let files = try FileLogDirectory("\(directory.path)/log")
        var file: (any LogFile)? = try files.create("a", reserving: 4_096)
        #expect(openPaths(below: directory.path).count == 1)
        try file?.sync()
        file = nil
        #expect(openPaths(below: directory.path).isEmpty)
    }

    @Test("A file is closed once: its number may be another file's when it is closed again")
    func twice() throws {
        let directory = try TemporaryDirectory()
        let files = try FileLogDirectory("\(directory.path)/log")
        let file = try files.create("a", reserving: 4_096)
        file.close()
        // The lowest free numbers are given out first, so that one of these is the file's.
        let others = (0..<64).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
        file.close()
        for other in others {
            #expect(fcntl(other, F_GETFD) >= 0)
            close(other)
        }
    }
}
