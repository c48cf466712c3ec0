import BFTTestKit
import Glibc
import Testing

/// What `bft simulate` makes of runs that end otherwise than by themselves. The mistakes are
/// planted in the hosts of `FailingSimulator`.
extension ProcessTests {
    @Suite struct WorkerTests {
        private static let simulator = Program.failingSimulator

        private func simulate(_ words: String) throws -> Program.Outcome {
            try Self.simulator.run(
                ["simulate"] + words.split(separator: " ").map(String.init),
                in: try TemporaryDirectory(), within: .seconds(120))
        }

        @Test("A run that traps is a failure with its seed, and the search goes on")
        func trap() throws {
            let run = try simulate(
                "--protocol traps --seeds 3..6 --keep-going --no-shrink --jobs 2")
            #expect(run.ending == .exited(1))
            #expect(run.output.contains("traps, swarm: 4 runs, seeds 3..6"), "\(run.output)")
            #expect(run.output.contains("4 failures"))
            for seed in 3...6 {
                #expect(
                    run.output.contains("seed \(seed) failed: trap: the run's process was killed"))
                #expect(run.output.contains("--protocol traps --validators 4 --seed \(seed) "))
            }
            #expect(run.output.contains("a planted trap"))
        }

        @Test("A run that traps shrinks to the decisions that it takes, and is shown")
        func shrunkenTrap() throws {
            let run = try simulate("--protocol traps --seed 3 --faults none")
            #expect(run.ending == .exited(1))
            // Three reads of v2; nothing else matters.
            #expect(
                run.output.contains("--decisions 'read:2#1,read:2#2,read:2#3'"), "\(run.output)")
            let decisions = "read:2#1,read:2#2,read:2#3"
            let again = try simulate(
                "--protocol traps --seed 3 --faults none --trace --decisions \(decisions)")
            #expect(again.ending == .exited(1))
            #expect(again.output.contains("v2   read ticket 3"), "\(again.output)")
            #expect(again.output.contains("a planted trap"))
            let fewer = try simulate(
                "--protocol traps --seed 3 --faults none --decisions read:2#1,read:2#2")
            #expect(fewer.isSuccess, "\(fewer.output)")
        }

        @Test("A run that never ends is a failure with its seed once its time is up")
        func endless() throws {
            let run = try simulate(
                "--protocol hangs --seeds 2 --keep-going --no-shrink --run-limit 5")
            #expect(run.ending == .exited(1))
            #expect(run.output.contains("seed 0 failed: endless: not over after 5 s"))
            #expect(run.output.contains("seed 1 failed: endless: not over after 5 s"))
        }

        @Test("A run that eats memory fails before the machine does")
        func growing() throws {
            let run = try simulate("--protocol grows --seed 1 --no-shrink")
            #expect(run.ending == .exited(1))
            #expect(run.output.contains("seed 1 failed: trap: "), "\(run.output)")
        }

        @Test("A simulator without mistakes finds none")
        func works() throws {
            let run = try simulate("--seeds 2")
            #expect(run.isSuccess)
            #expect(run.output.contains("0 failures"), "\(run.output)")
        }

        @Test("Interrupted, a search ends at once and says what it found")
        func interrupted() throws {
            let directory = try TemporaryDirectory()
            let log = directory.path("log")
            let process = try ChildProcess(
                [
                    Self.simulator.path, "simulate", "--protocol", "hangs", "--jobs", "1",
                    "--progress",
                ], log: log)
            try eventually("a line of progress") { directory.text(log).contains("0 runs, ") }
            process.send(SIGINT)
            #expect(process.waitForEnd(within: .seconds(10)) == .exited(0))
            #expect(directory.text(log).contains("hangs, swarm: 0 runs, seeds 0..999, stopped"))
        }
    }
}
