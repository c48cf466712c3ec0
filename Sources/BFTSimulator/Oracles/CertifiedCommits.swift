import BFTBase
import BFTCore
import BFTLedger

/// Whatever is committed or executed comes with signatures of more than two thirds of the power, or
/// of all of it where the kind of vote asks for that, each good, under one statement of this chain.
struct CertifiedCommits<P: ConsensusProtocol>: Oracle {
    private let scene: Scene

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .committed(let run, let node):
            flaw(of: run.certificate, for: run.isCertifiedItself ? run.last : nil)
                .map { "\(node) committed \(run.last.height) with \($0)" }
        case .executed(let block, _, let node):
            // Perhaps a descendant's: then its naming was judged when that was committed.
            flaw(of: block.certificate, for: nil)
                .map { "\(node) executed \(block.block.height) with \($0)" }
        default: nil
        }
    }

    private func flaw(of checked: CommitCertificate, for block: Block?) -> String? {
        let certificate = checked.certificate
        if let block, certificate.statement.committed?.digest != block.digest {
            return "a vote for another block"
        }
        let signers = certificate.signers.positions
        guard signers.count == certificate.signatures.count else { return "a signature missing" }
        guard signers.allSatisfy({ $0 < scene.isHonest.count }) else { return "a stranger" }
        let power = signers.reduce(UInt64(0)) { $0 + scene.validators.powers[$1] }
        if !scene.isQuorum(power) { return "power \(power) behind it" }
        if certificate.statement.kind.outcome == .commitsBlockIfUnanimous,
            power != scene.validators.powers.reduce(0, +)
        {
            return "power \(power) behind it, and not all"
        }
        guard P.commitKinds.contains(certificate.statement.kind) else {
            return "votes that commit nothing"
        }
        if certificate.statement.chain != scene.chain { return "a vote of another chain" }
        return scene.holds(certificate.claims) ? nil : "a bad signature"
    }
}
