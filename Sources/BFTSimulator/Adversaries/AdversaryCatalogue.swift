public import BFTCore

/// An adversary by its name.
public struct AdversaryEntry<P: ConsensusProtocol>: Sendable {
    public let name: String
    /// What it does, in a few words.
    public let summary: String
    public let make: @Sendable () -> any Adversary<P>

    init(
        _ name: String, _ summary: String, _ make: @escaping @Sendable () -> any Adversary<P>
    ) {
        self.name = name
        self.summary = summary
        self.make = make
    }
}

/// Every adversary, for every protocol that says what attacks must know of it.
public enum AdversaryCatalogue<P: Attackable> {
    /// Those that a third of the power may be without any oracle noticing.
    public static var all: [AdversaryEntry<P>] {
        leaders + voters + liars + [anything]
    }

    private static var leaders: [AdversaryEntry<P>] {
        [
            AdversaryEntry("equivocation", "proposes two blocks, votes for both") {
                EquivocatingLeader<P>()
            },
            AdversaryEntry("fork", "all members push one block here, another there") {
                ColludingForker<P>()
            },
            AdversaryEntry("silent-leader", "says nothing when it leads") { SilentLeader<P>() },
            AdversaryEntry("neglecting-leader", "leaves out the batches of one author") {
                NeglectingLeader<P>()
            },
            AdversaryEntry("skipping-leader", "builds on its grandparent") {
                SkippingLeader<P>()
            },
            AdversaryEntry("stingy-leader", "proposes to a bare quorum or one fewer") {
                StingyLeader<P>()
            },
            AdversaryEntry("twins", "two replicas with one key, each with its side") {
                SplitBrain<P>()
            },
        ]
    }

    private static var voters: [AdversaryEntry<P>] {
        [
            AdversaryEntry("double-vote", "votes of every kind in each view") {
                DoubleVoter<P>()
            },
            AdversaryEntry("withhold", "sends to some, others each time") {
                WithholdingPeer<P>()
            },
            AdversaryEntry("partial", "speaks to the same few only") { PartialPeer<P>() },
            AdversaryEntry("quorum-breaker", "holds back the vote that completes a quorum") {
                QuorumBreaker<P>()
            },
            AdversaryEntry("mutation", "views one up or down, old digests") {
                SmallMutator<P>()
            },
            AdversaryEntry("parrot", "says what others said, and the opposite") { Parrot<P>() },
            AdversaryEntry("replay", "repeats what was said long ago") { ReplayingPeer<P>() },
            AdversaryEntry("stray", "votes for other epochs and chains") { StrayingPeer<P>() },
            AdversaryEntry("forgery", "signatures under other statements and names") {
                Forger<P>()
            },
        ]
    }

    private static var liars: [AdversaryEntry<P>] {
        [
            AdversaryEntry("garbage", "bytes that are no message") { GarbagePeer<P>() },
            AdversaryEntry("flood", "far views, huge numbers, many batches") {
                FloodingPeer<P>()
            },
            AdversaryEntry("pester", "asks on and on, for its batches and what nobody has") {
                PesteringPeer<P>()
            },
            AdversaryEntry("lying-peer", "wrong blocks, batches and heights as answers") {
                LyingPeer<P>()
            },
            AdversaryEntry("stalling-peer", "never answers") { StallingPeer<P>() },
            AdversaryEntry("state-poisoner", "blocks and histories that vouch for false states") {
                StatePoisoner<P>()
            },
            AdversaryEntry("contradictory-author", "another batch for each peer") {
                ContradictoryAuthor<P>()
            },
            AdversaryEntry("false-signer", "batches with a false signature, to one peer each") {
                FalseSigner<P>()
            },
            AdversaryEntry("batch-swap", "other bytes under a batch's name") {
                BatchSwapper<P>()
            },
            AdversaryEntry("name-thief", "batches of its own under others' names") {
                NameThief<P>()
            },
        ]
    }

    private static var anything: AdversaryEntry<P> {
        AdversaryEntry("anything", "puts whatever was signed into any place of any message") {
            AnythingSayer<P>()
        }
    }

    /// Those that cost time and nothing else. Not among `all`: they are to be measured.
    public static var measured: [AdversaryEntry<P>] {
        [
            AdversaryEntry("slow-leader", "proposes as late as it can") { SlowLeader<P>() },
            AdversaryEntry("envious-leader", "keeps the leader after it from its turn") {
                EnviousLeader<P>()
            },
        ]
    }

    public static func named(_ name: String) -> AdversaryEntry<P>? {
        (all + measured).first { $0.name == name }
    }
}
