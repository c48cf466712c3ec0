import BFTConfiguration
import Glibc

/// The processor time that processes have used, user and system together.
enum ProcessorTime {
    /// The microseconds that process `identifier` has used, or `nil` if there is no such process.
    /// The kernel counts in ticks, a hundredth of a second.
    static func microseconds(of identifier: Int) -> Double? {
        let path = "/proc/\(identifier)/stat"
        guard let bytes = try? ConfigurationFile.read(path, byteLimit: 4_096) else { return nil }
        return parse(String(decoding: bytes, as: UTF8.self))
    }

    /// Reads a line of `/proc/PID/stat`. The name of the program, which may hold anything, ends at
    /// the last parenthesis (proc(5)).
    static func parse(_ stat: String) -> Double? {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        // Fields 14 and 15 of the line; the first one here is field 3.
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
        else { return nil }
        return (user + system) * 1e6 / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The microseconds that this process has used.
    static var ownMicroseconds: Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func microseconds(_ time: timeval) -> Double {
            Double(time.tv_sec) * 1e6 + Double(time.tv_usec)
        }
        return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
    }
}
