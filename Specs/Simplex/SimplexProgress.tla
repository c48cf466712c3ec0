-------------------------- MODULE SimplexProgress --------------------------
(***************************************************************************)
(* Honest validators never get stuck: whatever was said before, and with   *)
(* every Byzantine validator silent from now on, what the honest ones may  *)
(* still say ends their view; and an honest leader can then propose a      *)
(* block that every honest validator accepts.                              *)
(*                                                                         *)
(* Power may be cut anywhere between any two steps, at all of them at      *)
(* once. So nothing that is not durable counts here: a certificate can be  *)
(* used by anybody as soon as there are votes for it, since a Byzantine    *)
(* validator may show it to one honest validator only; but it is there     *)
(* later only if somebody honest made it durable, in whose hands it stays, *)
(* and who passes it on. What a validator itself said is durable, and who  *)
(* notarized a block has it and its batches. Honest are those who come     *)
(* back: whoever is gone for good counts as Byzantine.                     *)
(*                                                                         *)
(* This is liveness as an invariant: no state is a trap. That timers are   *)
(* long enough for the network is assumed, not modelled.                   *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS Honest, Byzantine, LastView, BlocksPerView, Broken

Views == 1..LastView
Blocks == 1..BlocksPerView   \* of one view
None == 0
Genesis == <<0, 0>>
Missing == <<0, 1>>
Parents == (Views \X Blocks) \union {Genesis}   \* by view and number

VARIABLES
    view,          \* of each honest validator
    parent,        \* of each block of each view, Missing until somebody honest notarizes it
    notarized,     \* what each notarized in each view, or None
    nullified,     \* the views that each gave up
    supported,     \* the blocks that each supported in each view
    finalized,     \* the views that each voted to finalize
    notarization,  \* for each view, the blocks with a notarization durable in honest hands
    nullification  \* the views with a nullification durable in honest hands

votes == <<notarized, nullified, supported, finalized>>
durable == <<notarization, nullification>>
vars == <<view, parent, votes, durable>>

Total == Cardinality(Honest) + Byzantine
IsQuorum(power) ==
    IF "EverybodyIsQuorum" \in Broken THEN power = Total ELSE 3 * power > 2 * Total

\* More than a third: somebody honest is among them.
IsWeakQuorum(power) == 3 * power > Total

Alone(voters) == IsQuorum(Cardinality(voters))
WithHelp(voters) == IsQuorum(Cardinality(voters) + Byzantine)

Notarizers(w, block) == {v \in Honest : notarized[v][w] = block}
Nullifiers(w) == {v \in Honest : w \in nullified[v]}
Supporters(w, block) == {v \in Honest : block \in supported[v][w]}

\* Whether there are votes enough for a certificate that somebody may be shown.
MayBeNotarized(w, block) == WithHelp(Notarizers(w, block)) \/ WithHelp(Supporters(w, block))
MayBeNullified(w) == WithHelp(Nullifiers(w))

MayBeFinal(w) ==
    \/ WithHelp({v \in Honest : w \in finalized[v]})
    \/ \E block \in Blocks : Notarizers(w, block) = Honest

\* Whether one is there for good. What the honest said alone, they say again.
IsOver(w) ==
    \/ w \in nullification
    \/ notarization[w] # {}
    \/ \E block \in Blocks : Alone(Notarizers(w, block))

\* Who says, or may say at any time, that it did not notarize `block`.
Opponents(w, block) ==
    {v \in Honest :
        IF notarized[v][w] = None THEN w \in nullified[v] ELSE notarized[v][w] # block}

---------------------------------------------------------------------------

Init ==
    /\ view = [v \in Honest |-> 1]
    /\ parent = [w \in Views |-> [block \in Blocks |-> Missing]]
    /\ notarized = [v \in Honest |-> [w \in Views |-> None]]
    /\ nullified = [v \in Honest |-> {}]
    /\ supported = [v \in Honest |-> [w \in Views |-> {}]]
    /\ finalized = [v \in Honest |-> {}]
    /\ notarization = [w \in Views |-> {}]
    /\ nullification = {}

Between(above, w) == {skipped \in Views : above[1] < skipped /\ skipped < w}

\* S3, by certificates that are shown to this validator now.
IsJustified(above, w) ==
    /\ above[1] < w
    /\ IF above = Genesis THEN TRUE ELSE MayBeNotarized(above[1], above[2])
    /\ \A skipped \in Between(above, w) : MayBeNullified(skipped)

Keep(notarizations, nullifications) ==
    /\ notarization' = [w \in Views |->
        notarization[w] \union {block \in Blocks : <<w, block>> \in notarizations}]
    /\ nullification' = nullification \union nullifications

\* What justifies a vote is durable before the vote.
Notarize(v, block, above) ==
    LET w == view[v] IN
    /\ notarized[v][w] = None /\ w \notin nullified[v]
    /\ parent[w][block] \in {Missing, above} /\ IsJustified(above, w)
    /\ parent' = [parent EXCEPT ![w][block] = above]
    /\ notarized' = [notarized EXCEPT ![v][w] = block]
    /\ IF "JustificationIsNotDurable" \in Broken
       THEN UNCHANGED durable
       ELSE Keep({above}, Between(above, w))
    /\ UNCHANGED <<view, nullified, supported, finalized>>

\* What `mayNullify` asks, and no more. The evidence, if it takes any, comes from `help` Byzantine
\* validators and the `opponents`.
MayNullify(v, w, opponents, help) ==
    /\ w \notin finalized[v]
    /\ \/ notarized[v][w] = None
       \/ /\ "KeepsItsNotarizeVote" \notin Broken
          /\ IsWeakQuorum(Cardinality(opponents) + help)

Nullify(v) ==
    LET w == view[v] IN
    /\ w \notin nullified[v]
    /\ MayNullify(v, w, Opponents(w, notarized[v][w]), Byzantine)
    /\ nullified' = [nullified EXCEPT ![v] = @ \union {w}]
    /\ UNCHANGED <<view, parent, notarized, supported, finalized, durable>>

\* What `maySupport` asks, and no more: neither the block nor what justifies it.
MaySupport(v, w, block, help) ==
    /\ w \notin finalized[v]
    /\ "SupportsNothing" \notin Broken
    /\ "SupportsOneBlock" \in Broken => supported[v][w] \subseteq {block}
    /\ "SupportsTwoBlocks" \in Broken => Cardinality(supported[v][w] \ {block}) < 2
    /\ "NullifiersDoNotSupport" \in Broken => w \notin nullified[v]
    /\ \/ "SupportsAnything" \in Broken
       \/ IsWeakQuorum(Cardinality(Notarizers(w, block)) + help)

Support(v, block) ==
    LET w == view[v] IN
    /\ block \notin supported[v][w] /\ MaySupport(v, w, block, Byzantine)
    /\ supported' = [supported EXCEPT ![v][w] = @ \union {block}]
    /\ UNCHANGED <<view, parent, notarized, nullified, finalized, durable>>

\* The notarization is durable before the vote.
Finalize(v, w, block) ==
    /\ w \notin nullified[v] /\ supported[v][w] = {} /\ w \notin finalized[v]
    /\ WithHelp(Notarizers(w, block))
    /\ finalized' = [finalized EXCEPT ![v] = @ \union {w}]
    /\ IF "CertificatesAreDropped" \in Broken
       THEN UNCHANGED durable
       ELSE Keep({<<w, block>>}, {})
    /\ UNCHANGED <<view, parent, notarized, nullified, supported>>

\* S6. A validator may jump over views whose certificates only others hold. What it enters by is
\* durable before it says anything there; except a commit, which those hold who finalized, or which
\* all notarized.
Enter(v, w) ==
    /\ w > view[v]
    /\ view' = [view EXCEPT ![v] = w]
    /\ \/ "EntersByTimeout" \in Broken /\ UNCHANGED durable
       \/ \E block \in Blocks :
            /\ MayBeNotarized(w - 1, block)
            /\ IF "EntryIsNotDurable" \in Broken
               THEN UNCHANGED durable
               ELSE Keep({<<w - 1, block>>}, {})
       \/ /\ MayBeNullified(w - 1)
          /\ IF "EntryIsNotDurable" \in Broken THEN UNCHANGED durable ELSE Keep({}, {w - 1})
       \/ MayBeFinal(w - 1) /\ UNCHANGED durable
    /\ UNCHANGED <<parent, votes>>

Next ==
    \E v \in Honest :
        \/ \E block \in Blocks, above \in Parents : Notarize(v, block, above)
        \/ \E block \in Blocks : Support(v, block)
        \/ Nullify(v)
        \/ \E w \in Views : Enter(v, w) \/ \E block \in Blocks : Finalize(v, w, block)

Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------

Latest == CHOOSE w \in Views :
    (\E v \in Honest : view[v] = w) /\ \A v \in Honest : view[v] <= w

\* Unless the latest view is over, all honest validators together can give it up, or have notarized
\* a block of it, or can support one, without anybody's help, and without the leader's: a silent one
\* may have shown its block to one validator only, so that the others can do nothing but nullify
\* and abstain. All can follow into the view: a certificate opened it that is durable.
CanNullify(v) ==
    LET others == {u \in Honest : notarized[u][Latest] # notarized[v][Latest]} IN
    Latest \in nullified[v] \/ MayNullify(v, Latest, others, 0)

\* S3, by what is there for good.
IsShown(above, w) ==
    /\ IF above = Genesis THEN TRUE ELSE above[2] \in notarization[above[1]]
    /\ Between(above, w) \subseteq nullification

\* If only who judged a block may support it: one that did not may have forgotten the state that
\* the block vouches for. If only who sees that it stands on a certified parent.
Judges(v, block) ==
    /\ "SupportsJudgedOnly" \in Broken => notarized[v][Latest] = block
    /\ "SupportsJustifiedOnly" \in Broken => IsShown(parent[Latest][block], Latest)

CanSupport(v, block) ==
    \/ block \in supported[v][Latest]
    \/ MaySupport(v, Latest, block, 0) /\ Judges(v, block)

TheViewCanEnd ==
    \/ IsOver(Latest)
    \/ Alone({v \in Honest : CanNullify(v)})
    \/ \E block \in Blocks :
        \/ Alone(Notarizers(Latest, block))
        \/ Alone({v \in Honest : CanSupport(v, block)})

\* `parentToExtend`: each view before has a certificate in honest hands. The last notarized block
\* among them is then a parent with nothing but nullified views after it.
TheLeaderCanPropose == \A w \in Views : w < Latest => IsOver(w)

\* Whoever lacks a block to build upon, or its batches, can get them of somebody honest. Likewise
\* the blocks before it: who notarized a block saw that its parent was notarized.
TheDataIsHeld ==
    \A w \in Views : \A block \in Blocks : MayBeNotarized(w, block) => Notarizers(w, block) # {}

\* Whoever is asked what its vote stood on can show it.
TheVoteCanBeShown ==
    \A v \in Honest : \A w \in Views :
        notarized[v][w] # None => IsShown(parent[w][notarized[v][w]], w)

\* Two blocks that votes notarized in a view could be final, each for somebody.
OneNotarizedPerView ==
    \A w \in Views : Cardinality({block \in Blocks : WithHelp(Notarizers(w, block))}) <= 1

\* Must fail: they say that the model does nothing, and that two blocks of a view are never both to
\* be built upon.
NobodyMoves == Latest < LastView

NobodySupports == \A v \in Honest : \A w \in Views : supported[v][w] = {}

NobodySkips ==
    \A v \in Honest : \A w \in Views :
        notarized[v][w] # None => parent[w][notarized[v][w]][1] + 1 = w

TheParentIsTheSame ==
    \A w \in Views : Cardinality({block \in Blocks : MayBeNotarized(w, block)}) <= 1

Alike == Permutations(Honest)
=============================================================================
