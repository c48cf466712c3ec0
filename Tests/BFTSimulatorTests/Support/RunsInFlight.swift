import BFTSimulator
import Glibc
import Synchronization

/// The runs that are under way, by name, for whoever finds that the tests ended by a signal: a trap
/// in a run takes the test process with it, and each of these runs may have been the one.
enum RunsInFlight {
    /// Carries `body` out as the run `name`.
    static func note<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        let slot = board.take("run under way: \(name)\n")
        defer { board.give(back: slot) }
        return try body()
    }

    fileprivate static let board = Board()
}

extension SimulatedProtocol {
    /// Runs `scenario`, with its command noted while it is under way.
    func noted(_ scenario: Scenario) throws -> RunOutcome {
        try RunsInFlight.note(command(scenario)) { try run(scenario, RunOptions()) }
    }

    /// What repeats the run of `scenario`.
    func command(_ scenario: Scenario) -> String {
        "bft simulate --protocol \(name) " + scenario.options.joined(separator: " ")
    }
}

/// Lines that a signal handler may read at any time, since they stand where they are.
private final class Board: Sendable {
    private static let slotCount = 256
    private static let slotByteCount = 512
    private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE]

    /// Of a slot that is not in use, the first byte is zero.
    private nonisolated(unsafe) let bytes: UnsafeMutablePointer<UInt8>
    /// What signals did before, by their number.
    private nonisolated(unsafe) let actions: UnsafeMutablePointer<sigaction>
    private let taken = Mutex<Set<Int>>([])

    init() {
        bytes = .allocate(capacity: Self.slotCount * Self.slotByteCount)
        bytes.initialize(repeating: 0, count: Self.slotCount * Self.slotByteCount)
        actions = .allocate(capacity: 65)
        actions.initialize(repeating: sigaction(), count: 65)
        for signal in Self.signals {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { RunsInFlight.board.show(becauseOf: $0) }
            sigaction(signal, &action, actions + Int(signal))
        }
    }

    func take(_ text: String) -> Int? {
        let slot = taken.withLock { taken in
            let free = (0..<Self.slotCount).first { !taken.contains($0) }
            if let free { taken.insert(free) }
            return free
        }
        guard let slot else { return nil }
        let line = Array(text.utf8.prefix(Self.slotByteCount - 2) + [0])
        // The first byte last: it makes the line one.
        for position in line.indices.reversed() {
            bytes[slot * Self.slotByteCount + position] = line[position]
        }
        return slot
    }

    func give(back slot: Int?) {
        guard let slot else { return }
        bytes[slot * Self.slotByteCount] = 0
        taken.withLock { _ = $0.remove(slot) }
    }

    /// Shows the lines, and lets the signal do what it did before. Called in a signal handler.
    func show(becauseOf signal: Int32) {
        for slot in 0..<Self.slotCount where bytes[slot * Self.slotByteCount] != 0 {
            let line = bytes + slot * Self.slotByteCount
            _ = write(2, line, strlen(UnsafeRawPointer(line).assumingMemoryBound(to: CChar.self)))
        }
        sigaction(signal, actions + Int(signal), nil)
        // What the instruction brought upon itself, it does again.
        if signal == SIGABRT { raise(signal) }
    }
}
