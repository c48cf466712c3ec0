-------------------------- MODULE SimplexProgress --------------------------
(***************************************************************************)
(* Honest validators never get stuck: whatever was said before, and with   *)
(* every Byzantine validator silent from now on, what the honest ones may  *)
(* still say ends their view; and an honest leader can then propose a      *)
(* block that every honest validator accepts.                              *)
(*                                                                         *)
(* A certificate counts once an honest validator holds it, since it then   *)
(* passes it on. Byzantine validators may help to make one, show it to one *)
(* honest validator only, or withhold their votes.                         *)
(*                                                                         *)
(* This is liveness as an invariant: no state is a trap. That timers are   *)
(* long enough for the network is assumed, not modelled.                   *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS Honest, Byzantine, LastView, BlocksPerView, Broken

Views == 1..LastView
Blocks == 1..BlocksPerView   \* of one view
None == 0

VARIABLES
    view,          \* of each honest validator
    notarized,     \* what each notarized in each view, or None
    nullified,     \* the views that each gave up
    supported,     \* the blocks that each supported in each view
    finalized,     \* the views that each voted to finalize
    notarization,  \* for each view, the blocks with a notarization in honest hands
    nullification  \* the views with a nullification in honest hands

vars == <<view, notarized, nullified, supported, finalized, notarization, nullification>>

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
IsOver(w) == w \in nullification \/ notarization[w] # {}

\* Who says, or may say at any time, that it did not notarize `block`.
Opponents(w, block) ==
    {v \in Honest :
        IF notarized[v][w] = None THEN w \in nullified[v] ELSE notarized[v][w] # block}

---------------------------------------------------------------------------

Init ==
    /\ view = [v \in Honest |-> 1]
    /\ notarized = [v \in Honest |-> [w \in Views |-> None]]
    /\ nullified = [v \in Honest |-> {}]
    /\ supported = [v \in Honest |-> [w \in Views |-> {}]]
    /\ finalized = [v \in Honest |-> {}]
    /\ notarization = [w \in Views |-> {}]
    /\ nullification = {}

Notarize(v, block) ==
    /\ notarized[v][view[v]] = None /\ view[v] \notin nullified[v]
    /\ notarized' = [notarized EXCEPT ![v][view[v]] = block]
    /\ UNCHANGED <<view, nullified, supported, finalized, notarization, nullification>>

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
    /\ UNCHANGED <<view, notarized, supported, finalized, notarization, nullification>>

\* What `maySupport` asks, and no more.
MaySupport(v, w, block, help) ==
    /\ w \notin finalized[v]
    /\ "SupportsNothing" \notin Broken
    /\ "SupportsOneBlock" \in Broken => supported[v][w] \subseteq {block}
    /\ "NullifiersDoNotSupport" \in Broken => w \notin nullified[v]
    /\ IsWeakQuorum(Cardinality(Notarizers(w, block)) + help)

Support(v, block) ==
    LET w == view[v] IN
    /\ block \notin supported[v][w] /\ MaySupport(v, w, block, Byzantine)
    /\ supported' = [supported EXCEPT ![v][w] = @ \union {block}]
    /\ UNCHANGED <<view, notarized, nullified, finalized, notarization, nullification>>

ReceiveNotarization(w, block) ==
    /\ block \notin notarization[w]
    /\ WithHelp(Notarizers(w, block)) \/ WithHelp(Supporters(w, block))
    /\ notarization' = [notarization EXCEPT ![w] = @ \union {block}]
    /\ UNCHANGED <<view, notarized, nullified, supported, finalized, nullification>>

ReceiveNullification(w) ==
    /\ w \notin nullification /\ WithHelp(Nullifiers(w))
    /\ nullification' = nullification \union {w}
    /\ UNCHANGED <<view, notarized, nullified, supported, finalized, notarization>>

Finalize(v, w) ==
    /\ w \notin nullified[v] /\ supported[v][w] = {} /\ w \notin finalized[v]
    /\ \E block \in Blocks :
        /\ WithHelp(Notarizers(w, block))
        /\ "CertificatesAreDropped" \in Broken \/ block \in notarization[w]
    /\ finalized' = [finalized EXCEPT ![v] = @ \union {w}]
    /\ UNCHANGED <<view, notarized, nullified, supported, notarization, nullification>>

\* S6. A validator may jump over views whose certificates only others hold.
Enter(v, w) ==
    /\ w > view[v]
    /\ IsOver(w - 1) \/ "EntersByTimeout" \in Broken
    /\ view' = [view EXCEPT ![v] = w]
    /\ UNCHANGED <<notarized, nullified, supported, finalized, notarization, nullification>>

Next ==
    \/ \E v \in Honest :
        \/ \E block \in Blocks : Notarize(v, block) \/ Support(v, block)
        \/ Nullify(v)
        \/ \E w \in Views : Finalize(v, w) \/ Enter(v, w)
    \/ \E w \in Views :
        \/ ReceiveNullification(w)
        \/ \E block \in Blocks : ReceiveNotarization(w, block)

Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------

Latest == CHOOSE w \in Views :
    (\E v \in Honest : view[v] = w) /\ \A v \in Honest : view[v] <= w

\* Unless the latest view is over, all honest validators together can give it up, or have notarized
\* a block of it, or can support one, without anybody's help, and without the leader's: a silent one
\* may have shown its block to one validator only, so that the others can do nothing but nullify
\* and abstain. All can follow into the view: nothing but a certificate in honest hands opened it.
CanNullify(v) ==
    LET others == {u \in Honest : notarized[u][Latest] # notarized[v][Latest]} IN
    Latest \in nullified[v] \/ MayNullify(v, Latest, others, 0)

CanSupport(v, block) ==
    block \in supported[v][Latest] \/ MaySupport(v, Latest, block, 0)

TheViewCanEnd ==
    \/ IsOver(Latest)
    \/ Alone({v \in Honest : CanNullify(v)})
    \/ \E block \in Blocks :
        \/ Alone(Notarizers(Latest, block))
        \/ Alone({v \in Honest : CanSupport(v, block)})

\* `parentToExtend`: each view before has a certificate in honest hands. The last notarized block
\* among them is then a parent with nothing but nullified views after it.
TheLeaderCanPropose == \A w \in Views : w < Latest => IsOver(w)

\* Two blocks that votes notarized in a view could be final, each for somebody.
OneNotarizedPerView ==
    \A w \in Views : Cardinality({block \in Blocks : WithHelp(Notarizers(w, block))}) <= 1

\* Must fail: they say that the model does nothing, and that two blocks of a view are never both to
\* be built upon.
NobodyMoves == Latest < LastView

NobodySupports == \A v \in Honest : \A w \in Views : supported[v][w] = {}

TheParentIsTheSame == \A w \in Views : Cardinality(notarization[w]) <= 1

Alike == Permutations(Honest)
=============================================================================
