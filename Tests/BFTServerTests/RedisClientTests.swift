import BFTServer
import Foundation
import Testing

/// Clients that nobody here wrote, unmodified, against sessions on real sockets.
@Suite("Redis clients")
struct RedisClientTests {
    @Test("redis-cli works")
    func servesCommandLine() throws {
        guard let tool = Tool("redis-cli") else { return }
        let host = try LoopbackHost()
        defer { host.stop() }
        let base = ["-h", "127.0.0.1", "-p", String(host.port)]
        func run(_ arguments: String...) throws -> String {
            try tool.run(base + arguments).output
        }
        #expect(try run("SET", "a", "hello world") == "OK\n")
        #expect(try run("GET", "a") == "hello world\n")
        #expect(try run("GET", "none") == "\n")
        #expect(try run("-3", "GETMAP", "a") == "a hello world\n")
        #expect(try run("INFO", "server").contains("redis_mode:standalone"))
        #expect(try run("-3", "INFO").contains("committed_height:41"))
        #expect(try run("NOPE", "x").contains("ERR unknown command 'NOPE', with args beginning"))
        let script = "MULTI\nINCR n\nINCR n\nEXEC\nGET n\nPING\n"
        #expect(
            try tool.run(base, input: script).output
                == "OK\nQUEUED\nQUEUED\n1\n2\n2\nPONG\n")
        let mass = String(repeating: "*2\r\n$4\r\nINCR\r\n$4\r\nmass\r\n", count: 200)
        let piped = try tool.run(base + ["--pipe"], input: mass)
        #expect(piped.output.contains("errors: 0, replies: 200"), "\(piped.output)")
    }

    @Test("redis-cli authenticates")
    func authenticatesCommandLine() throws {
        guard let tool = Tool("redis-cli") else { return }
        let host = try LoopbackHost(password: "secret")
        defer { host.stop() }
        let base = ["-h", "127.0.0.1", "-p", String(host.port), "--no-auth-warning"]
        #expect(try tool.run(base + ["GET", "a"]).output.contains("NOAUTH"))
        #expect(try tool.run(base + ["-a", "secret", "SET", "a", "1"]).output == "OK\n")
        #expect(
            try tool.run(base + ["-a", "secret", "--user", "default", "-3", "GET", "a"]).output
                == "1\n")
        #expect(try tool.run(base + ["-a", "wrong", "GET", "a"]).output.contains("WRONGPASS"))
    }

    @Test("redis-benchmark runs its tests, pipelined and not")
    func servesBenchmark() throws {
        guard let tool = Tool("redis-benchmark") else { return }
        let host = try LoopbackHost()
        defer { host.stop() }
        for pipeline in ["1", "16"] {
            let outcome = try tool.run([
                "-h", "127.0.0.1", "-p", String(host.port), "-t", "ping,set,get,incr,mset", "-n",
                "2000", "-c", "10", "-P", pipeline, "--csv",
            ])
            #expect(outcome.status == 0)
            #expect(!outcome.output.contains("WARNING"), "\(outcome.output)")
            for name in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"] {
                #expect(outcome.output.contains("\"\(name)\","), "\(outcome.output)")
            }
        }
    }

    @Test("The Python client works in both protocols")
    func servesPython() throws {
        guard let tool = Tool("python3") else { return }
        guard try tool.run(["-c", "import redis"]).status == 0 else {
            print("skipped: the Python package redis is not installed")
            return
        }
        let host = try LoopbackHost()
        defer { host.stop() }
        let script = """
            import redis
            for options in [{}, {"protocol": 2}, {"protocol": 3}]:
                c = redis.Redis(port=\(host.port), client_name="t", **options)
                c.flushall()
                assert c.set("k", b"\\x00\\r\\n\\xff") is True
                assert c.get("k") == b"\\x00\\r\\n\\xff" and c.get("none") is None
                assert c.incr("n") == 1 and c.mset({"a": 1, "b": 2}) is True
                p = c.pipeline()
                p.incr("n"); p.get("a"); p.get("none")
                assert p.execute() == [2, b"1", None]
                p = c.pipeline(transaction=False)
                for _ in range(500):
                    p.incr("n"); p.get("n")
                assert p.execute()[-2:] == [502, b"502"]
                assert c.info()["leader"] == 3 and c.client_getname() is not None
                assert c.delete("a", "b", "none") == 2 and c.dbsize() == 2
                try:
                    c.incr("k"); assert False
                except redis.ResponseError as e:
                    assert "not an integer" in str(e)
                big = b"x" * 500_000
                assert c.set("big", big) and c.get("big") == big
                assert c.config_get("maxmemory") == {"maxmemory": "0"}
                assert c.command_count() == 27 and "get" in c.command()
            print("done")
            """
        let outcome = try tool.run(["-c", script])
        #expect(outcome.output == "done\n")
    }

    @Test("One client too many is told so")
    func limitsClients() throws {
        guard let tool = Tool("redis-cli") else { return }
        var limits = RESPLimits()
        limits.clientCount = 1
        let host = try LoopbackHost(limits: limits)
        defer { host.stop() }
        let first = try RawClient(port: host.port)
        defer { first.close() }
        first.send("PING\r\n")
        #expect(first.receive(untilCount: 7) == "+PONG\r\n")
        let outcome = try tool.run(["-p", String(host.port), "PING"])
        #expect(!outcome.output.contains("PONG"))
        let second = try RawClient(port: host.port)
        defer { second.close() }
        #expect(second.receiveAll() == "-ERR max number of clients reached\r\n")
    }
}
