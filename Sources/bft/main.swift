import BFTCommands
import Glibc

let version = "0.1.0"
let program = Program(
    name: "bft", abstract: "A Byzantine-fault-tolerant replicated log and state.",
    version: version,
    entries: ProgramEntries.client + ProgramEntries.node(BuiltInServices())
        + ProgramEntries.simulation(simulatedProtocols, version: version))
exit(program.run(Array(CommandLine.arguments.dropFirst())))
