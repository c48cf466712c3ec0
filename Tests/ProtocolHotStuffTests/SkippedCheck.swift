import BFTWrongRules
import ProtocolHotStuff

/// The check that the rules below leave out.
enum SkippedCheck {
    @TaskLocal static var current: HotStuffCheck?
}

/// The three-chain rules without one check.
struct ThreeChainSkipping: WrongThreeChain {
    func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        check == SkippedCheck.current || condition
    }
}

/// The two-chain rules without one check.
struct TwoChainSkipping: WrongTwoChain {
    func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        check == SkippedCheck.current || condition
    }
}
