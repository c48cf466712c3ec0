import BFTDisk
import BFTStorage
import BFTTestKit
import Glibc
import Testing

/// What becomes of a log file's descriptor.
@Suite struct FileClosingTests {
    @Test("A file that nobody closed is closed with the last that holds it")
    func forgotten() throws {
        let directory = try TemporaryDirectory()
        let files = try FileLogDirectory("\(directory.root)/log")
        var file: (any LogFile)? = try files.create("a", reserving: 4_096)
        #expect(directory.openFiles.count == 1)
        try file?.sync()
        file = nil
        #expect(directory.openFiles.isEmpty)
    }

    @Test("A file is closed once: its number may be another file's when it is closed again")
    func twice() throws {
        let directory = try TemporaryDirectory()
        let files = try FileLogDirectory("\(directory.root)/log")
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
