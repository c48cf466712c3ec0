import BFTTestKit
import Glibc
import Testing

extension ProcessTests {
    /// The clients that the other tests believe.
    @Suite struct ConnectionTests {
        @Test("A connection that can't be made closes its own descriptor and no other client's")
        func refused() async {
            // Nobody listens there: it belongs to a protocol of old.
            let port: UInt16 = 9
            let lost = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<20_000 { _ = try? LoopbackConnection(port: port) }
                        return 0
                    }
                    group.addTask {
                        (0..<20_000).count { _ in
                            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
                            sched_yield()
                            return close(descriptor) != 0
                        }
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(lost == 0)
        }
    }
}
