import BFTDisk
import Glibc
import Testing

@Suite struct NamedThreadTests {
    /// What the kernel calls the thread that asks.
    private static func ownName() -> String {
        guard let file = fopen("/proc/thread-self/comm", "r") else { return "" }
        defer { fclose(file) }
        var name = ""
        while case let byte = fgetc(file), byte != EOF, byte != 10 {
            name.unicodeScalars.append(Unicode.Scalar(UInt8(byte)))
        }
        return name
    }

    @Test("A thread has its name while it runs, and has run once it was joined")
    func name() {
        for name in ["bft-log", "fifteen-letters"] {
            let found = Monitor("")
            let thread = NamedThread(name) {
                let own = Self.ownName()
                found.withLock { $0 = own }
            }
            thread.join()
            #expect(found.withLock { $0 } == name)
        }
    }
}
