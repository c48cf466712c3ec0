import BFTBase
import BFTCore

/// A validator whose log has outlived its chain says nothing new where it may have spoken and
/// forgot: for the whole of a life that began below the floor of its log, whatever it says at or
/// below that it has said before.
public struct SilentBelowFloor<P: Attackable>: Oracle {
    /// What each validator said in all its lives, as signed.
    private var said: [Set<[UInt8]>]
    /// By validator, of the present life.
    private var floors: [Floor?]

    public init(_ scene: Scene) {
        said = scene.isHonest.map { _ in [] }
        floors = scene.isHonest.map { _ in nil }
    }

    public mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, _): floors[node.rawValue] = nil
        case .beganBelow(let floor, let node): floors[node.rawValue] = floor
        case .signed(let unsigned, let voter):
            let isNew = said[voter.rawValue].insert(unsigned.signingBytes).inserted
            guard isNew, let floor = floors[voter.rawValue], P.isForgotten(unsigned, by: floor)
            else { return nil }
            return "\(voter) forgot what it said up to height \(floor.height) and view "
                + "\(floor.view), and says something new in view \(P.view(of: unsigned))"
        default: break
        }
        return nil
    }
}
