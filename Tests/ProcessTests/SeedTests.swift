import BFTTestKit
import FoundationEssentials
import Testing

/// Simulated runs in other processes. `BFT_EXECUTABLE` names a program of another build, which has
/// to do the same: `Scripts/test` runs this once for debug and once for release.
extension ProcessTests {
    @Suite struct SeedTests {
        private static let pins = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../BFTSimulatorTests/World/PinnedRuns.txt").standardized

        @Test("A seed is the same run in every process and in every build")
        func pinnedRuns() throws {
            let text = String(decoding: try Data(contentsOf: Self.pins), as: UTF8.self)
            let lines = text.split(separator: "\n")
            #expect(lines.count > 20)
            let directory = try TemporaryDirectory()
            for line in lines {
                let end = try #require(line.firstIndex(of: ":"))
                let options = line[..<end].split(separator: " ").map(String.init)
                // One run is shown, and of its trace nothing.
                let show = ["--trace", "--from", "3600000", "--to", "3600000"]
                let run = try Program.bft.run(
                    ["simulate"] + options + show, in: directory, within: .seconds(120))
                #expect(run.isSuccess)
                #expect(run.output.contains(line[end...]), "\(line): \(run.output)")
            }
        }
    }
}
