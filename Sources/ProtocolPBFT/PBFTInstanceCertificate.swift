import BFTBase
import BFTCore

/// A certificate of votes on an instance: that its block is prepared, or that it is committed.
///
/// The only certificates that a view change can report. That of a checkpoint names a state and no
/// view, so nobody can tell what it stands above: it can't be made into one of these.
struct PBFTInstanceCertificate: Equatable, Sendable {
    let certificate: Certificate
    let phase: PBFTPhase

    /// `nil` unless `certificate` is of votes on an instance.
    init?(_ certificate: Certificate) {
        guard let phase = PBFTPhase(certificate.statement.kind) else { return nil }
        self.certificate = certificate
        self.phase = phase
    }

    var name: PBFTCertificateName { PBFTCertificateName(certificate.statement) }
}

// The highest certificate: what a view change reports. P5.
extension PBFTReplica {
    /// What a view change reports, by the rules.
    var report: PBFTInstanceCertificate? {
        guard let highest,
            rules.reported(highest.name, committed: committed.height) == highest.name
        else { return nil }
        return highest
    }

    /// Remembers `certificate` if it stands above all that this replica ever held.
    mutating func remember(_ certificate: PBFTInstanceCertificate) {
        if let highest, !certificate.name.isAbove(highest.name) { return }
        highest = certificate
        isHighestDurable = false
    }
}
