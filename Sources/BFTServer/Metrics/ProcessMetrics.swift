internal import Glibc

/// What the process uses, under the names that Prometheus's own libraries give it.
///
/// Source: proc(5), and "Process metrics" in Prometheus's guide to writing client libraries.
public enum ProcessMetrics {
    public static func add(to registry: MetricsRegistry) {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        // Fields of /proc/self/stat, counted from the one behind the name of the program.
        registry.counter(
            "process_cpu_seconds_total", help: "Total user and system CPU time spent in seconds."
        ) {
            let fields = statFields()
            return (field(fields, 11) + field(fields, 12)) / ticks
        }
        registry.gauge(
            "process_resident_memory_bytes", help: "Resident memory size in bytes."
        ) { field(statFields(), 21) * page }
        registry.gauge(
            "process_virtual_memory_bytes", help: "Virtual memory size in bytes."
        ) { field(statFields(), 20) }
        registry.gauge("process_open_fds", help: "Number of open file descriptors.") {
            openDescriptorCount()
        }
        let start = bootTime() + field(statFields(), 19) / ticks
        registry.gauge(
            "process_start_time_seconds",
            help: "Start time of the process since unix epoch in seconds."
        ) { start }
    }

    private static func statFields() -> [Substring] {
        let text = read("/proc/self/stat")
        // The name of the program is in parentheses and may hold any character.
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func field(_ fields: [Substring], _ position: Int) -> Double {
        position < fields.count ? Double(fields[position]) ?? 0 : 0
    }

    private static func bootTime() -> Double {
        let lines = read("/proc/stat").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) } ?? 0
    }

    private static func openDescriptorCount() -> Double {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Not itself, the folder it is in, and the descriptor that reads it.
        return Double(max(0, count - 3))
    }

    private static func read(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while case let count = Glibc.read(descriptor, &chunk, chunk.count), count > 0 {
            text += chunk[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
