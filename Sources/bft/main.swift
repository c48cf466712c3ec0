import BFTCommands
import Glibc

let program = Program(
    name: "bft", abstract: "A Byzantine-fault-tolerant replicated log and state.",
    version: "0.1.0", entries: ProgramEntries.client + ProgramEntries.node(BuiltInServices()))
exit(program.run(Array(CommandLine.arguments.dropFirst())))
