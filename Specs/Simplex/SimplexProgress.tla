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
    finalized,     \* the views that each voted to finalize
    notarization,  \* for each view, the blocks with a notarization in honest hands
    nullification  \* the views with a nullification in honest hands

vars == <<view, notarized, nullified, finalized, notarization, nullification>>

Total == Cardinality(Honest) + Byzantine
IsQuorum(power) ==
    IF "EverybodyIsQuorum" \in Broken THEN power = Total ELSE 3 * power > 2 * Total

Alone(voters) == IsQuorum(Cardinality(voters))
WithHelp(voters) == IsQuorum(Cardinality(voters) + Byzantine)

Notarizers(w, block) == {v \in Honest : notarized[v][w] = block}
Nullifiers(w) == {v \in Honest : w \in nullified[v]}
IsOver(w) == w \in nullification \/ notarization[w] # {}

---------------------------------------------------------------------------

Init ==
    /\ view = [v \in Honest |-> 1]
    /\ notarized = [v \in Honest |-> [w \in Views |-> None]]
    /\ nullified = [v \in Honest |-> {}]
    /\ finalized = [v \in Honest |-> {}]
    /\ notarization = [w \in Views |-> {}]
    /\ nullification = {}

Notarize(v, block) ==
    /\ notarized[v][view[v]] = None /\ view[v] \notin nullified[v]
    /\ notarized' = [notarized EXCEPT ![v][view[v]] = block]
    /\ UNCHANGED <<view, nullified, finalized, notarization, nullification>>

\* What `mayNullify` asks, and no more.
MayNullify(v, w) ==
    /\ w \notin finalized[v]
    /\ "KeepsItsNotarizeVote" \in Broken => notarized[v][w] = None

Nullify(v) ==
    /\ view[v] \notin nullified[v] /\ MayNullify(v, view[v])
    /\ nullified' = [nullified EXCEPT ![v] = @ \union {view[v]}]
    /\ UNCHANGED <<view, notarized, finalized, notarization, nullification>>

ReceiveNotarization(w, block) ==
    /\ block \notin notarization[w] /\ WithHelp(Notarizers(w, block))
    /\ notarization' = [notarization EXCEPT ![w] = @ \union {block}]
    /\ UNCHANGED <<view, notarized, nullified, finalized, nullification>>

ReceiveNullification(w) ==
    /\ w \notin nullification /\ WithHelp(Nullifiers(w))
    /\ nullification' = nullification \union {w}
    /\ UNCHANGED <<view, notarized, nullified, finalized, notarization>>

Finalize(v, w) ==
    /\ w \notin nullified[v] /\ w \notin finalized[v]
    /\ IF "CertificatesAreDropped" \in Broken
       THEN \E block \in Blocks : WithHelp(Notarizers(w, block))
       ELSE notarization[w] # {}
    /\ finalized' = [finalized EXCEPT ![v] = @ \union {w}]
    /\ UNCHANGED <<view, notarized, nullified, notarization, nullification>>

\* S6. A validator may jump over views whose certificates only others hold.
Enter(v, w) ==
    /\ w > view[v]
    /\ IsOver(w - 1) \/ "EntersByTimeout" \in Broken
    /\ view' = [view EXCEPT ![v] = w]
    /\ UNCHANGED <<notarized, nullified, finalized, notarization, nullification>>

Next ==
    \/ \E v \in Honest :
        \/ \E block \in Blocks : Notarize(v, block)
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
\* a block of it, without anybody's help, and without the leader's: a silent one may have shown its
\* block to one validator only, so that the others can do nothing but nullify. All can follow into
\* the view: nothing but a certificate in honest hands opened it.
TheViewCanEnd ==
    \/ IsOver(Latest)
    \/ Alone({v \in Honest : Latest \in nullified[v] \/ MayNullify(v, Latest)})
    \/ \E block \in Blocks : Alone(Notarizers(Latest, block))

\* `parentToExtend`: each view before has a certificate in honest hands. The last notarized block
\* among them is then a parent with nothing but nullified views after it.
TheLeaderCanPropose == \A w \in Views : w < Latest => IsOver(w)

\* Two notarized blocks in a view would make honest validators choose different parents.
TheParentIsTheSame == \A w \in Views : Cardinality(notarization[w]) <= 1

\* Must fail: it says that the model does nothing.
NobodyMoves == Latest < LastView

Alike == Permutations(Honest)
=============================================================================
