import BFTBase
import BFTCore

// What is durable before something is said. P9.
extension PBFTReplica {
    /// Votes to prepare `block` in the view that the replica takes part in.
    mutating func prepare(_ block: Block, into effects: inout [Effect<Self>]) {
        own.tail = block.name
        own.isTailDue = false
        own.prepared = block.name
        let view = own.view
        instances.update(view, block.height) { $0.ownPrepare = block.digest }
        for ancestor in path(to: block) ?? [] where blocks[ancestor.digest]?.isDurable == false {
            blocks.update(ancestor.digest) { $0.isDurable = true }
            effects.append(.persist(.block(ancestor)))
        }
        blocks.update(block.digest) { $0.isDurable = true }
        effects.say(prepareMessage(block, in: view), recording: .prepared(block, in: view))
    }

    /// Votes to commit an instance, on the certificate that it is prepared or one above it.
    mutating func commit(_ name: PBFTCertificateName, into effects: inout [Effect<Self>]) {
        instances.update(name.view, name.height) { $0.ownCommit = name.block }
        head.noteVote(at: name.height)
        keepHighest(into: &effects)
        let said = statement(.commit, name)
        effects.say(.vote(said), recording: .voted(said))
    }

    /// Signs a checkpoint.
    mutating func sign(checkpoint said: Statement, into effects: inout [Effect<Self>]) {
        checkpoints.keepOwn(said)
        effects.say(.vote(said), recording: .voted(said))
    }

    /// Asks for a view, with the highest certificate.
    mutating func say(_ report: OwnReport, into effects: inout [Effect<Self>]) {
        keepHighest(into: &effects)
        ownReport = report
        effects.say(
            .viewChange(report.content, report.certificate?.certificate),
            recording: .viewChange(report.content))
    }

    /// Says how the view begins that this replica leads.
    mutating func say(_ content: PBFTNewViewContent, into effects: inout [Effect<Self>]) {
        ownNewView = content
        effects.say(.newView(content), recording: .newView(content))
    }

    /// Makes the highest certificate durable: before anything is said that stands on it, and
    /// after committing by it, since the chain keeps no certificate but the last.
    mutating func keepHighest(into effects: inout [Effect<Self>]) {
        guard let highest, !isHighestDurable else { return }
        isHighestDurable = true
        effects.append(.persist(.certificate(highest.certificate)))
    }
}
