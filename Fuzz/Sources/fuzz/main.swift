// Runs libFuzzer on one target. The target is the last argument, behind those of libFuzzer:
//
//   fuzz [OPTION…] [CORPUS…] -ignore_remaining_args=1 TARGET
//
// libFuzzer starts this program again with the same arguments for some of its modes, which is why
// the target is not taken away. `Scripts/fuzz` is how to call it.
import CFuzzer
import FuzzTargets
import Glibc

guard let target = CommandLine.arguments.last.flatMap(FuzzTarget.init(rawValue:)) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " ")
    fatalError("the last argument is none of the targets: \(names)")
}

// libFuzzer takes a C function, which captures nothing.
nonisolated(unsafe) private var chosen = target

private func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    do {
        // A copy of the exact size: the address sanitizer sees whoever reads beyond it.
        try chosen.check(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    } catch {
        fatalError("\(chosen.rawValue): \(error)")
    }
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
exit(LLVMFuzzerRunDriver(&count, &arguments, testOneInput))
