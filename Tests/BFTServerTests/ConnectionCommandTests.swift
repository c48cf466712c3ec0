import BFTServer
import Testing

@Suite("Commands about the connection")
struct ConnectionCommandTests {
    private func ask(_ text: String, password: String? = nil) -> String {
        var bench = SessionBench(password: password)
        bench.send(text + "\r\n")
        bench.settle()
        return bench.replies()
    }

    @Test("Unknown commands are refused in Redis's words")
    func refusesUnknown() {
        #expect(
            ask("foo a b") == "-ERR unknown command 'foo', with args beginning with: 'a' 'b' |")
        // 128 bytes of arguments at most, a name of 128 bytes at most, one line in any case.
        let long = String(repeating: "x", count: 200)
        #expect(
            ask(long + " " + long)
                == "-ERR unknown command '\(long.prefix(128))', with args beginning with: "
                + "'\(long.prefix(128))' |")
        #expect(
            ask("*2\r\n$3\r\na\r\n\r\n$2\r\n\r\n")
                == "-ERR unknown command 'a  ', with args beginning with: '  ' |")
    }

    @Test("Nothing is open to a client that hasn't authenticated")
    func requiresPassword() {
        let refused = "-NOAUTH Authentication required.|"
        #expect(ask("set a 1", password: "p") == refused)
        #expect(ask("ping", password: "p") == refused)
        #expect(ask("multi", password: "p") == refused)
        let wrong = "-WRONGPASS invalid username-password pair or user is disabled.|"
        for bad in ["q", "pp", "''", "P", "eve p"] {
            #expect(ask("auth \(bad)", password: "p") == wrong)
        }
        #expect(ask("auth p\r\nset a 1", password: "p") == "+OK|+OK|")
        #expect(ask("auth default p\r\nget a", password: "p") == "+OK|$-1|")
        #expect(ask("hello 3", password: "p").hasPrefix("-NOAUTH HELLO must be called"))
        #expect(ask("hello 3 auth default x", password: "p") == wrong)
        #expect(ask("hello 3 auth default p\r\nget a", password: "p").hasSuffix("*0|_|"))
        #expect(ask("auth p\r\nreset\r\nget a", password: "p") == "+OK|+RESET|" + refused)
        #expect(ask("auth p").hasPrefix("-ERR AUTH <password> called without any password"))
    }

    @Test("HELLO changes the protocol, and nothing if it fails")
    func greets() {
        let body =
            "$6|server|$9|swift-bft|$7|version|$6|7.0.15|$5|proto|:3|$2|id|:12884901895|"
            + "$4|mode|$10|standalone|$4|role|$6|master|$7|modules|*0|"
        #expect(ask("hello 3\r\nget a") == "%7|" + body + "_|")
        #expect(ask("hello 2").hasPrefix("*14|$6|server|"))
        #expect(ask("hello 4\r\nget a") == "-NOPROTO unsupported protocol version|$-1|")
        #expect(ask("hello x") == "-ERR Protocol version is not an integer or out of range|")
        #expect(
            ask("hello 3 bad\r\nget a") == "-ERR Syntax error in HELLO option 'bad'|$-1|")
        #expect(ask("hello 3 setname n\r\nclient getname").hasSuffix("|$1|n|"))
    }

    @Test("CLIENT keeps what a client says about itself")
    func keepsClientFacts() {
        #expect(ask("client setname n\r\nclient getname") == "+OK|$1|n|")
        #expect(ask("client getname") == "$-1|")
        #expect(ask("client setname 'a b'").hasPrefix("-ERR Client names cannot contain"))
        #expect(ask("client setinfo lib-name x\r\nclient setinfo lib-ver 1") == "+OK|+OK|")
        #expect(ask("client setinfo other x") == "-ERR Unrecognized option 'other'|")
        #expect(ask("client id") == ":12884901895|")
        #expect(ask("client info").contains("id=12884901895 name= db=0 resp=2"))
        #expect(ask("client no-evict on\r\nclient reply on") == "+OK|+OK|")
        #expect(ask("client kill x").hasPrefix("-ERR unknown subcommand"))
        #expect(ask("client") == "-ERR wrong number of arguments for 'client' command|")
    }

    @Test("COMMAND describes the application's commands and the session's own")
    func describesCommands() {
        #expect(ask("command count") == ":27|")
        #expect(ask("command").hasPrefix("*27|*10|$4|auth|:-2|"))
        #expect(
            ask("command info mset no")
                == "*2|*10|$4|mset|:-3|*1|+write|:1|:-1|:2|*1|+@write|*0|*0|*0|*-1|")
        #expect(ask("command docs get").hasPrefix("*2|$3|get|*4|$7|summary|"))
        #expect(ask("command getkeys mset a 1 b 2") == "*2|$1|a|$1|b|")
        #expect(ask("command getkeys get a") == "*1|$1|a|")
        #expect(ask("command getkeys dbsize") == "-ERR The command has no key arguments|")
        #expect(ask("command getkeys nope") == "-ERR Invalid command specified|")
        #expect(
            ask("command getkeys get")
                == "-ERR Invalid number of arguments specified for command|")
    }

    @Test("CONFIG GET matches patterns")
    func tellsSettings() {
        #expect(ask("config get save") == "*2|$4|save|$0||")
        #expect(ask("config get append* maxmemory").hasPrefix("*6|$11|appendfsync|"))
        #expect(ask("config get S?VE") == "*2|$4|save|$0||")
        #expect(ask("config get nothing") == "*0|")
        #expect(ask("config get ***********x") == "*0|")
        #expect(ask("config set save x").hasPrefix("-ERR CONFIG SET is not supported"))
    }

    @Test("INFO tells about the consensus")
    func tellsFacts() {
        let all = ask("info")
        for line in [
            "# Server", "redis_version:7.0.15", "# Clients", "connected_clients:1", "role:master",
            "# Consensus", "committed_height:41", "leader:3", "connected_peers:1",
            "uptime_in_days:1",
        ] { #expect(all.contains("|\(line)|"), "\(line)") }
        let one = ask("info consensus")
        #expect(one.contains("|# Consensus|") && !one.contains("# Server"))
        #expect(ask("hello 3\r\ninfo nothing").hasSuffix("=4|txt:|"))
    }

    @Test("The smaller commands answer as Redis does")
    func answersSmallOnes() {
        #expect(ask("ping hello") == "$5|hello|")
        #expect(ask("ping a b") == "-ERR wrong number of arguments for 'ping' command|")
        #expect(
            ask("select 0\r\nselect 1\r\nselect x") == "+OK|-ERR DB index is out of range|"
                + "-ERR value is not an integer or out of range|")
        #expect(ask("quit\r\nping") == "+OK|")
        #expect(ask("unwatch") == "+OK|")
        #expect(ask("watch a").hasPrefix("-ERR WATCH is not supported"))
        #expect(ask("multi\r\nreset\r\nexec") == "+OK|+RESET|-ERR EXEC without MULTI|")
    }
}
