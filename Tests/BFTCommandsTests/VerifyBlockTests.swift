import FoundationEssentials
import Testing

@testable import BFTCommands

/// What `bft verify-block` refuses before it looks at any signature.
@Suite struct VerifyBlockTests {
    private func run(_ arguments: [String]) -> (code: Int32, output: String, errors: String) {
        let recording = Recording()
        let program = Program(
            name: "bft", abstract: "", version: "",
            entries: ProgramEntries.node(StandInServices()))
        let code = program.run(["verify-block"] + arguments, console: recording.console)
        return (code, recording.output, recording.errors)
    }

    @Test("A block must be named, once, and stand above the genesis")
    func usage() {
        #expect(run(["--genesis", "g"]).code == 64)
        #expect(run(["--genesis", "g", "--block", "b", "--height", "2"]).code == 64)
        #expect(run(["--genesis", "g", "--height", "0"]).errors.contains("height 1"))
        #expect(run(["--height", "1"]).code == 64)
    }

    @Test("Help says how to check a block and what the exit code means")
    func help() {
        let help = run(["--help"])
        #expect(help.code == 0 && help.output.contains("Exit code 1"))
        #expect(help.output.contains("--genesis"))
    }

    @Test("A genesis file that is not there is a failure with a reason")
    func noGenesis() {
        let outcome = run(["--genesis", "/nowhere/genesis.json", "--block", "b"])
        #expect(outcome.code == 1 && outcome.errors.contains("/nowhere/genesis.json"))
    }
}
