import BFTBase
import BFTServer
import Testing

@Suite("RESP session")
struct SessionTests {
    @Test("Writes follow each other without waiting")
    func pipelinesWrites() {
        var bench = SessionBench()
        bench.send("set a 1\r\nSet b 2\r\nincr a\r\n")
        #expect(
            bench.gateway.requests.map { texts($0.list) }
                == [[["SET", "a", "1"]], [["SET", "b", "2"]], [["INCR", "a"]]])
        #expect(bench.gateway.requests.allSatisfy { $0.isWrite })
        #expect(bench.session.outstandingCount == 3)
        #expect(bench.output.isEmpty)
        bench.settle()
        #expect(bench.replies() == "+OK|+OK|:2|")
    }

    @Test("A read behind writes goes through the log; behind nothing it doesn't")
    func readsBehindWrites() {
        var bench = SessionBench()
        bench.send("set a 1\r\nget a\r\n")
        #expect(bench.gateway.requests.map(\.isWrite) == [true, true])
        bench.settle()
        bench.send("get a\r\nget b\r\n")
        #expect(bench.gateway.requests.map(\.isWrite) == [false, false])
        #expect(bench.gateway.requests.map(\.isLocal) == [false, false])
        bench.settle()
        #expect(bench.replies() == "+OK|$1|1|$1|1|$-1|")
    }

    @Test("A write behind reads waits for their answers")
    func writesBehindReads() {
        var bench = SessionBench()
        bench.send("get a\r\nset a 1\r\nget a\r\n")
        #expect(bench.gateway.requests.count == 1)
        #expect(bench.session.pause == .answers)
        #expect(!bench.session.wantsInput)
        bench.settle()
        #expect(bench.replies() == "$-1|+OK|$1|1|")
        #expect(bench.session.wantsInput)
    }

    @Test("What the session answers itself comes in its turn")
    func holdsOwnAnswers() {
        var bench = SessionBench()
        bench.send("set a 1\r\nping\r\nnonsense\r\nget\r\necho x\r\n")
        #expect(bench.output.isEmpty)
        #expect(bench.session.pause == .answers)
        bench.settle()
        #expect(
            bench.replies() == "+OK|+PONG|-ERR unknown command 'nonsense', with args beginning "
                + "with: |-ERR wrong number of arguments for 'get' command|$1|x|")
    }

    @Test("Whatever the pipeline, the cuts and the pace of answers, replies come in order")
    func keepsOrder() {
        var random = SplitMix64(seed: 7)
        let words = ["set k 1", "get k", "incr n", "ping", "get n", "echo e", "multi", "exec"]
        for _ in 0..<300 {
            let lines = (0..<40).map { _ in words[Int(random.next() % UInt64(words.count))] }
            // Whoever waits for each reply before the next command gets the right ones.
            var slow = SessionBench()
            for line in lines {
                slow.send(line + "\r\n")
                slow.settle()
            }
            var quick = SessionBench()
            let bytes = Array(lines.map { $0 + "\r\n" }.joined().utf8)
            var position = 0
            while position < bytes.count {
                let end = min(bytes.count, position + 1 + Int(random.next() % 60))
                quick.send(Array(bytes[position..<end]))
                position = end
                for _ in 0..<random.next() % 4 { quick.answerOne() }
            }
            quick.settle()
            #expect(quick.replies() == slow.replies())
        }
    }

    @Test("A busy gateway holds the session without losing the command")
    func holdsForGateway() {
        var bench = SessionBench()
        bench.gateway.admission = .busy
        bench.send("set a 1\r\n")
        #expect(bench.session.pause == .gateway)
        #expect(bench.unread.count == 9)
        bench.gateway.admission = .accepted
        bench.resume()
        #expect(bench.unread.isEmpty)
        bench.settle()
        #expect(bench.replies() == "+OK|")
    }

    @Test("A refused command is answered in its turn")
    func answersRefusal() {
        var bench = SessionBench()
        bench.send("set a 1\r\n")
        bench.gateway.admission = .refused("CLUSTERDOWN this node does not vote")
        bench.send("set a 2\r\nget a\r\n")
        #expect(bench.output.isEmpty)
        bench.settle()
        #expect(
            bench.replies() == "+OK|-CLUSTERDOWN this node does not vote|"
                + "-CLUSTERDOWN this node does not vote|")
    }

    @Test("Commands under way can be answered with an error")
    func failsCommands() {
        var bench = SessionBench()
        bench.send("set a 1\r\nmulti\r\n")
        bench.gateway.requests.removeAll()
        bench.session.failedAll("UNKNOWN the node stops", output: &bench.output)
        bench.settle()
        #expect(bench.session.outstandingCount == 0)
        #expect(bench.replies() == "-UNKNOWN the node stops|+OK|")
    }

    @Test("A block is sent as one list and answered as one array")
    func executesBlocks() {
        var bench = SessionBench()
        bench.send("multi\r\nset a 5\r\nincr a\r\nget a\r\nexec\r\nping\r\n")
        #expect(
            bench.gateway.requests.map { texts($0.list) }
                == [[["SET", "a", "5"], ["INCR", "a"], ["GET", "a"]]])
        bench.settle()
        #expect(bench.replies() == "+OK|+QUEUED|+QUEUED|+QUEUED|*3|+OK|:6|$1|6|+PONG|")
        bench.send("multi\r\nget a\r\nexec\r\nget a\r\nmulti\r\nexec\r\n")
        bench.settle()
        #expect(bench.replies() == "+OK|+QUEUED|*1|$1|6|$1|6|+OK|*0|")
    }

    @Test("A block with a refused command is not executed")
    func abortsBlocks() {
        let abort = "-EXECABORT Transaction discarded because of previous errors.|"
        for bad in ["nonsense", "get", "ping"] {
            var bench = SessionBench()
            bench.send("multi\r\nset a 1\r\n\(bad)\r\nset a 2\r\nexec\r\nget a\r\n")
            bench.settle()
            let replies = bench.replies()
            #expect(replies.hasSuffix("|+QUEUED|" + abort + "$-1|"), "\(replies)")
        }
        var bench = SessionBench()
        bench.send("exec\r\ndiscard\r\nmulti\r\nmulti\r\nwatch a\r\ndiscard\r\n")
        #expect(
            bench.replies() == "-ERR EXEC without MULTI|-ERR DISCARD without MULTI|+OK|"
                + "-ERR MULTI calls can not be nested|-ERR WATCH inside MULTI is not allowed|+OK|")
    }

    @Test("A block is bounded in commands and bytes")
    func boundsBlocks() {
        var limits = RESPLimits()
        limits.blockCommandCount = 3
        var bench = SessionBench(limits: limits)
        bench.send("multi\r\n" + String(repeating: "get a\r\n", count: 4) + "exec\r\n")
        #expect(
            bench.replies() == "+OK|+QUEUED|+QUEUED|+QUEUED|-ERR the transaction is too large|"
                + "-EXECABORT Transaction discarded because of previous errors.|")
        limits = RESPLimits()
        limits.commandBytes = 100
        bench = SessionBench(limits: limits)
        bench.send("multi\r\n" + String(repeating: "set a 23456789\r\n", count: 9) + "exec\r\n")
        #expect(bench.replies().contains("too large"))
        #expect(bench.gateway.requests.isEmpty)
    }

    @Test("READONLY asks for local reads until READWRITE")
    func readsLocally() {
        var bench = SessionBench()
        bench.send("readonly\r\nget a\r\n")
        #expect(bench.gateway.requests.last?.isLocal == true)
        bench.settle()
        bench.send("readwrite\r\nget a\r\n")
        #expect(bench.gateway.requests.last?.isLocal == false)
    }

    @Test("The number of commands under way is bounded")
    func boundsOutstanding() {
        var limits = RESPLimits()
        limits.outstandingCommands = 5
        var bench = SessionBench(limits: limits)
        bench.send(String(repeating: "incr a\r\n", count: 20))
        #expect(bench.gateway.requests.count == 5)
        #expect(bench.session.pause == .answers)
        bench.settle()
        #expect(bench.replies() == (1...20).map { ":\($0)|" }.joined())
    }

    @Test("A client that doesn't read is held, then cut")
    func cutsSlowReaders() {
        var limits = RESPLimits()
        limits.outputBytesToPause = 100
        limits.outputBytes = 1_000
        var bench = SessionBench(limits: limits)
        bench.send(String(repeating: "ping\r\n", count: 100))
        #expect(bench.session.pause == .output)
        #expect(bench.output.count <= 107)
        #expect(bench.session.closure == nil)
        bench.output = []
        bench.session.unsentByteCount = 101
        bench.resume()
        #expect(bench.output.isEmpty)
        bench.session.unsentByteCount = 0
        bench.unread = []
        bench.send("set a \(String(repeating: "x", count: 1_100))\r\n")
        bench.settle()
        bench.output = []
        bench.send("get a\r\n")
        bench.settle()
        #expect(bench.session.closure == .now)
    }

    @Test("A protocol error is answered in its turn and ends the session")
    func closesAfterProtocolErrors() {
        var bench = SessionBench()
        bench.send("set a 1\r\n*1\r\n$abc\r\n")
        #expect(bench.session.closure == nil)
        bench.settle()
        #expect(bench.session.closure == .afterOutput)
        #expect(bench.unread.isEmpty)
        #expect(bench.replies() == "+OK|-ERR Protocol error: invalid bulk length|")
        bench.send("ping\r\n")
        #expect(bench.output.isEmpty)
        #expect(bench.unread.isEmpty)
    }

    @Test("A web page can't talk to the session")
    func refusesBrowsers() {
        var bench = SessionBench()
        bench.send("POST / HTTP/1.1\r\nHost: x\r\n\r\nset a 1\r\n")
        #expect(bench.session.closure == .afterOutput)
        #expect(bench.gateway.requests.isEmpty)
        #expect(bench.output.isEmpty)
    }

    @Test("An identifier of a closed session names nothing, also when its slot is taken again")
    func dropsStaleIdentifiers() throws {
        var slots = SessionSlots<String>(limit: 2)
        let first = try #require(slots.open { "\($0)" })
        let second = try #require(slots.open { _ in "b" })
        #expect(slots.open { _ in "c" } == nil)
        #expect(slots[first] == "s0.0")
        #expect(slots.close(first) == "s0.0")
        let third = try #require(slots.open { _ in "c" })
        #expect(third.slot == first.slot)
        #expect(slots[first] == nil)
        #expect(slots.update(first) { $0 = "x" } == nil)
        #expect(slots.close(first) == nil)
        #expect(slots[third] == "c")
        #expect(slots.count == 2)
        #expect(slots.ids == [third, second])
        #expect(slots[SessionID(rawValue: .max)] == nil)
    }

    @Test("Input in RESP and mutations of it never trap a session")
    func survivesFuzzing() {
        var random = SplitMix64(seed: 3)
        let script = Array(
            """
            hello 3 setname x\r\nclient setinfo lib-name y\r\nset a 1\r\ncommand docs get\r
            multi\r\nget a\r\nexec\r\ninfo all\r\nconfig get *a*\r\ncommand getkeys mset a 1 b 2\r
            client list\r\nreset\r\nselect 0\r\ngetmap a b\r\nauth x y\r\nreadonly\r\nget b\r\n
            """.utf8)
        for _ in 0..<3_000 {
            var bytes = script
            for _ in 0..<random.next() % 6 {
                bytes[Int(random.next() % UInt64(bytes.count))] =
                    UInt8(truncatingIfNeeded: random.next())
            }
            var bench = SessionBench()
            bench.send(Array(bytes[..<Int(random.next() % UInt64(bytes.count))]))
            bench.settle()
            #expect(bench.session.outstandingCount == 0)
        }
    }
}
