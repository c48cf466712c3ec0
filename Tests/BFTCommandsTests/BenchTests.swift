import BFTBase
import BFTConfiguration
import Glibc
import Synchronization
import Testing

@testable import BFTCommands

/// A server that answers every RESP request with what `reply` makes of its words.
private func responder(_ reply: @escaping @Sendable ([String]) -> String?) -> LoopbackServer {
    LoopbackServer { connection in
        var bytes: [UInt8] = []
        while true {
            let more = LoopbackServer.receive(connection)
            guard !more.isEmpty else { return }
            bytes += more
            var answer = ""
            while let (words, length) = request(bytes) {
                bytes.removeFirst(length)
                guard let text = reply(words) else { return }
                answer += text
            }
            guard LoopbackServer.send(connection, Array(answer.utf8)) else { return }
        }
    }
}

/// The first request in `bytes` and its length, or `nil` if it is not complete.
private func request(_ bytes: [UInt8]) -> (words: [String], length: Int)? {
    var offset = 0
    func line() -> String? {
        guard let end = bytes[offset...].firstIndex(of: 10) else { return nil }
        defer { offset = end + 1 }
        return String(decoding: bytes[offset..<end - 1], as: UTF8.self)
    }
    guard let head = line(), let count = Int(head.dropFirst()) else { return nil }
    var words: [String] = []
    for _ in 0..<count {
        guard let head = line(), let length = Int(head.dropFirst()),
            bytes.count >= offset + length + 2
        else { return nil }
        words.append(String(decoding: bytes[offset..<offset + length], as: UTF8.self))
        offset += length + 2
    }
    return (words, offset)
}

private func benchPlan(_ endpoints: [Endpoint]) -> BenchPlan {
    var plan = BenchPlan(endpoints: endpoints)
    plan.clients = 4
    plan.pipeline = 8
    plan.warmUp = .milliseconds(20)
    plan.measured = .milliseconds(200)
    plan.drain = .seconds(30)
    return plan
}

@Suite struct LatencyHistogramTests {
    @Test("A percentile is at most 1/128 above the exact one, and never below it")
    func percentiles() {
        for seed in UInt64(1)...20 {
            var random = SplitMix64(seed: seed)
            var histogram = LatencyHistogram()
            var values: [UInt64] = []
            for _ in 0..<2_000 {
                let value = random.next() >> (random.next() % 64)
                values.append(value)
                histogram.record(value)
            }
            values.sort()
            for share in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let rank = max(1, Int((share * Double(values.count)).rounded(.up)))
                let exact = values[rank - 1]
                let found = histogram.percentile(share)
                #expect(found >= exact && found - exact <= exact / 128, "\(share)")
            }
            #expect(histogram.maximum == values.last)
        }
    }

    @Test("Small values are exact, and the ends of the range are recorded")
    func ends() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == 0)
        for value in UInt64(0)..<256 { histogram.record(value) }
        for value in UInt64(0)..<256 {
            #expect(histogram.percentile(Double(value + 1) / 256) == value)
        }
        #expect(histogram.mean == 127.5)
        histogram.record(.max)
        #expect(histogram.percentile(1) == .max)
    }
}

@Suite struct ReplyScannerTests {
    private func scan(_ text: String, pieceLength: Int) throws -> [ReplyScanner.Reply] {
        var scanner = ReplyScanner()
        var replies: [ReplyScanner.Reply] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieceLength))
            try piece.withUnsafeBytes { try scanner.scan($0) { replies.append($0) } }
            rest = rest.dropFirst(piece.count)
        }
        return replies
    }

    @Test("Replies of every kind are found, in pieces of every size")
    func replies() throws {
        let text =
            "+OK\r\n-ERR no\r\n:12\r\n$5\r\na\r\nbc\r\n$-1\r\n$0\r\n\r\n*-1\r\n*0\r\n"
            + "*2\r\n*1\r\n-x\r\n$1\r\n\n\r\n_\r\n%1\r\n+k\r\n:1\r\n-BUSY\r\n+OK\r\n+O\r\n"
        let expected: [ReplyScanner.Reply] =
            [.success, .failure("ERR")] + Array(repeating: .success, count: 9)
            + [.failure("BUSY"), .success, .success]
        for pieceLength in 1...text.utf8.count {
            #expect(try scan(text, pieceLength: pieceLength) == expected)
        }
    }

    @Test("What is not RESP is refused, and nothing traps")
    func hostile() {
        for text in [
            "\r\n", "x\r\n", "$\r\n", "$-2\r\n", "$x\r\n", "$99999999999\r\n", "*999999999999\r\n",
            "$+1\r\n", "%999999999\r\n%999999999\r\n", "+" + String(repeating: "x", count: 5_000),
        ] {
            #expect(throws: ReplyScanner.Malformed.self, "\(text)") {
                try scan(text, pieceLength: .max)
            }
        }
        var random = SplitMix64(seed: 5)
        let letters = Array("+-:$*%_0123456789\r\nOKx".utf8)
        for _ in 0..<5_000 {
            let bytes = (0..<40).map { _ in letters.randomElement(using: &random)! }
            let text = String(decoding: bytes, as: UTF8.self)
            let whole = try? scan(text, pieceLength: .max)
            #expect(whole == (try? scan(text, pieceLength: 1)))
        }
    }
}

@Suite struct RequestWriterTests {
    @Test("Requests are RESP, with the keys that the seed draws")
    func requests() {
        for command in BenchCommand.allCases {
            var writer = RequestWriter(command, valueBytes: 10, keyspace: 50, seed: 9)
            var again = RequestWriter(command, valueBytes: 10, keyspace: 50, seed: 9)
            var bytes: [UInt8] = []
            var same: [UInt8] = []
            var keys: Set<String> = []
            var names: Set<String> = []
            for _ in 0..<500 {
                writer.append(to: &bytes)
                again.append(to: &same)
            }
            #expect(bytes == same)
            while let (words, length) = request(bytes) {
                bytes.removeFirst(length)
                names.insert(words[0])
                keys.insert(words[1])
                #expect(words[1].count == (words[0] == "INCR" ? 20 : 16))
                #expect(words.count == (words[0] == "SET" ? 3 : 2))
                if words[0] == "SET" { #expect(words[2].count == 10) }
            }
            #expect(bytes.isEmpty)
            #expect(keys.count > 40 && (command == .mix || keys.count <= 50))
            #expect(names.count == (command == .mix ? 2 : 1))
        }
    }
}

@Suite struct BenchTests {
    @Test("Every answer is counted once, over all endpoints")
    func counting() throws {
        let counts = Mutex([0, 0])
        let servers = (0..<2).map { index in
            responder { _ in
                counts.withLock { $0[index] += 1 }
                return "+OK\r\n"
            }
        }
        var plan = benchPlan(servers.map(\.endpoint))
        plan.warmUp = .zero
        let run = BenchRun(plan)
        try run.run { _ in }
        let served = counts.withLock { $0 }
        #expect(run.result.succeeded > 0)
        #expect(run.result.unanswered == 0)
        #expect(run.result.errors.isEmpty)
        #expect(run.result.histogram.count == UInt64(served[0] + served[1]))
        #expect(served.allSatisfy { $0 > 0 })
    }

    @Test("An error never counts as a transaction")
    func errors() throws {
        let server = responder { words in
            words[1].hasSuffix("1")
                ? "+OK\r\n" : words[1].hasSuffix("2") ? "-BUSY x\r\n" : "-ERR\r\n"
        }
        let run = BenchRun(benchPlan([server.endpoint]))
        try run.run { _ in }
        #expect(run.result.succeeded > 0)
        #expect(Set(run.result.errors.keys) == ["BUSY", "ERR"])
        #expect(run.result.errorCount > 4 * run.result.succeeded)
    }

    @Test("A run ends in time though the server hangs, and says what had no answer")
    func hanging() throws {
        let server = LoopbackServer { connection in
            while !LoopbackServer.receive(connection).isEmpty {}
        }
        for rate in [nil, 1_000.0] {
            var plan = benchPlan([server.endpoint])
            plan.rate = rate
            plan.drain = .milliseconds(100)
            let run = BenchRun(plan)
            try run.run { _ in }
            #expect(run.result.succeeded == 0)
            // 4 clients with 8 requests each, or 220 ms of the schedule.
            #expect(run.result.unanswered == (rate == nil ? 32 : 220))
        }
    }

    @Test("In the open loop, latency counts from the time of the schedule")
    func openLoop() throws {
        // The first request of each connection stalls; those scheduled meanwhile wait as well.
        let stall: Interval = .milliseconds(100)
        let server = LoopbackServer { connection in
            guard !LoopbackServer.receive(connection).isEmpty else { return }
            usleep(UInt32(stall.nanoseconds / 1_000))
            guard LoopbackServer.send(connection, Array("+OK\r\n".utf8)) else { return }
            while !LoopbackServer.receive(connection).isEmpty {
                guard LoopbackServer.send(connection, Array("+OK\r\n".utf8)) else { return }
            }
        }
        var plan = benchPlan([server.endpoint])
        plan.clients = 1
        plan.pipeline = 1
        plan.warmUp = .zero
        plan.rate = 100
        let run = BenchRun(plan)
        try run.run { _ in }
        // 20 requests are due in 200 ms, one each 10 ms: those due in the stall share it.
        #expect(run.result.histogram.count == 20)
        #expect(run.result.unanswered == 0)
        #expect(run.result.histogram.percentile(0.7) > 30_000_000)
    }

    @Test("Connections that break are errors, and are made again")
    func breaking() throws {
        let requests = Mutex(0)
        let server = responder { _ in
            requests.withLock {
                $0 += 1
                return $0 % 100 == 0 ? nil : "+OK\r\n"
            }
        }
        var plan = benchPlan([server.endpoint])
        plan.measured = .milliseconds(600)
        let run = BenchRun(plan)
        try run.run { _ in }
        #expect(run.result.succeeded > 0)
        #expect(run.result.errors["connection closed", default: 0] > 0)
        let nonsense = LoopbackServer(answering: Array("HTTP/1.1 400\r\n".utf8))
        plan = benchPlan([nonsense.endpoint])
        plan.warmUp = .zero
        let other = BenchRun(plan)
        try other.run { _ in }
        #expect(other.result.errors["not RESP", default: 0] > 0)
    }

    @Test("A port without a server is a failure with a hint")
    func unreachable() throws {
        var server: LoopbackServer? = LoopbackServer { _ in }
        let endpoint = server!.endpoint
        server = nil
        while !TCPSocket.canListen(on: endpoint) { usleep(10_000) }
        let run = BenchRun(benchPlan([endpoint]))
        let failure = #expect(throws: CommandFailure.self) { try run.run { _ in } }
        #expect(failure?.message.contains("refused") == true)
    }

    @Test("The command prints figures as JSON, with the cost of processes")
    func command() throws {
        let server = responder { words in words[0] == "AUTH" ? "-WRONGPASS\r\n" : ":1\r\n" }
        let recording = Recording()
        let program = Program(
            name: "bft", abstract: "", version: "", entries: ProgramEntries.client)
        let code = program.run(
            [
                "bench", "--resp", "\(server.endpoint)", "--seconds", "0.2", "--warm-up", "0",
                "--command", "incr", "--json", "--cpu-of", "\(getpid())", "--password", "x",
                "--clients", "3",
            ], console: recording.console)
        #expect(code == 0)
        let value = try JSONReader.read(Array(recording.output.utf8))
        #expect(value["transactions"]?.integer ?? 0 > 0)
        #expect(value["errors"]?["WRONGPASS"]?.integer == 3)
        #expect(value["latencyMilliseconds"]?["p99.9"] != nil)
        guard case .array(let processes) = value["cpu"]?.content else {
            Issue.record("no cpu")
            return
        }
        #expect(processes[0]["pid"]?.integer == Int(getpid()))
        #expect(processes[0]["microsecondsPerTransaction"]?.content != .null)
    }

    @Test("A line of /proc/PID/stat is read, whatever the program's name holds")
    func processorTime() {
        let line = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20"
        #expect(ProcessorTime.parse(line) == 300 * 1e6 / Double(sysconf(Int32(_SC_CLK_TCK))))
        for text in ["", "12 (x", "12 (x) S 1", "x) S 1 2 3 4 5 6 7 8 9 10 a b c"] {
            #expect(ProcessorTime.parse(text) == nil)
        }
        #expect(ProcessorTime.microseconds(of: 0x7FFF_FFFF) == nil)
    }

    @Test("Numbers are written with fixed digits")
    func digits() {
        #expect(BenchReport.fixed(1.005, 2) == "1.00" || BenchReport.fixed(1.005, 2) == "1.01")
        #expect(BenchReport.fixed(0.05, 2) == "0.05")
        #expect(BenchReport.fixed(-12.345, 1) == "-12.3")
        #expect(BenchReport.fixed(99.96, 1) == "100.0")
        #expect(BenchReport.fixed(7, 0) == "7")
        #expect(BenchReport.fixed(-0.001, 2) == "0.00")
    }
}
