------------------------------ MODULE Simplex ------------------------------
(***************************************************************************)
(* The voting rules of Simplex with its fast path and what they are for:   *)
(* two final blocks never conflict.                                        *)
(*                                                                         *)
(* Messages are not modelled. A certificate exists as soon as there are    *)
(* votes for it, and anybody may act upon it or not: every order and every *)
(* loss is among the behaviours. The votes of Byzantine validators are     *)
(* always there, for every block and every view at once, so they are       *)
(* counted and not stored.                                                 *)
(*                                                                         *)
(* That a validator abstains is not stored: whoever nullified a view and   *)
(* notarized nothing in it may say so at any time, and adds nothing.       *)
(*                                                                         *)
(* A validator may lose power between any two steps, and comes back with   *)
(* what it made durable. Of its own votes that is all, so it forgets none, *)
(* unless `Broken` says that some are not durable. Certificates and other  *)
(* people's votes may be lost like messages, and were never stored here.   *)
(*                                                                         *)
(* Who supports a block has not judged it, and need not have it: somebody  *)
(* honest among those who notarized has. So S3 of supported blocks is a    *)
(* claim, not a rule.                                                      *)
(*                                                                         *)
(* The actions stand for `mayNotarize`, `mayNullify`, `maySupport`,        *)
(* `mayFinalize` and `isJustified` of `SoundRules`. `Broken` names the     *)
(* rules left out, as the simulator's mutants name them.                   *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS
    Honest,          \* the honest validators, each of power 1
    Byzantine,       \* the power of the Byzantine ones
    LastView,        \* views are 1..LastView; the genesis has view 0
    BlocksPerView,   \* more than one: leaders propose several blocks
    Broken

ASSUME Byzantine \in Nat /\ LastView \in Nat /\ BlocksPerView \in Nat

Views == 1..LastView
Blocks == Views \X (1..BlocksPerView)
Genesis == <<0, 0>>
Missing == <<0, 1>>
ViewOf(block) == block[1]

VARIABLES
    parent,      \* the parent of each block, Missing until it is proposed
    notarized,   \* the blocks that each honest validator notarized
    nullified,   \* the views that each gave up
    supported,   \* the blocks that each supported
    finalized,   \* the blocks that each voted to finalize
    forgotten    \* what each said and, having lost power, does not know of any more

vars == <<parent, notarized, nullified, supported, finalized, forgotten>>

---------------------------------------------------------------------------
(* Certificates. *)

Total == Cardinality(Honest) + Byzantine

IsQuorum(power) ==
    CASE "HalfIsQuorum" \in Broken -> 2 * power >= Total
      [] "TwoThirdsRoundedDown" \in Broken -> power >= (2 * Total) \div 3
      [] OTHER -> 3 * power > 2 * Total   \* G1

\* More than a third: somebody honest is among them.
IsWeakQuorum(power) ==
    IF "ByzantineAloneConvince" \in Broken
    THEN power >= Byzantine
    ELSE 3 * power > Total   \* G2

Certified(voters) == IsQuorum(Cardinality(voters) + Byzantine)

Notarizers(block) == {v \in Honest : block \in notarized[v]}

IsNotarizedByVotes(block) == Certified(Notarizers(block))
IsSupported(block) == Certified({v \in Honest : block \in supported[v]})
IsNotarized(block) == block = Genesis \/ IsNotarizedByVotes(block) \/ IsSupported(block)
IsNullified(view) == Certified({v \in Honest : view \in nullified[v]})

\* The fast path: everybody notarized it.
IsUnanimous(block) ==
    IF "QuorumIsUnanimous" \in Broken
    THEN Certified(Notarizers(block))
    ELSE Notarizers(block) = Honest   \* G3

IsFinalized(block) ==
    Certified({v \in Honest : block \in finalized[v]}) \/ IsUnanimous(block)

EverySkippedIsNullified(above, view) ==
    /\ ViewOf(above) < view
    /\ \A skipped \in Views :
        ViewOf(above) < skipped /\ skipped < view => IsNullified(skipped)   \* G4

IsJustified(above, view) ==
    IsNotarized(above) /\ EverySkippedIsNullified(above, view)   \* G5

---------------------------------------------------------------------------
(* What an honest validator does. *)

Init ==
    /\ parent = [block \in Blocks |-> Missing]
    /\ notarized = [v \in Honest |-> {}]
    /\ nullified = [v \in Honest |-> {}]
    /\ supported = [v \in Honest |-> {}]
    /\ finalized = [v \in Honest |-> {}]
    /\ forgotten = [v \in Honest |-> {}]

\* The view of a validator is not stored: it may be any that certificates let it into and that is
\* not before one it spoke in. S6.
MayBeIn(v, view) ==
    /\ \A block \in notarized[v] : ViewOf(block) <= view
    /\ \A other \in nullified[v] : other <= view
    /\ \A block \in supported[v] : ViewOf(block) <= view
    /\ \/ view = 1   \* G6
       \/ IsNullified(view - 1)
       \/ \E block \in Blocks : ViewOf(block) = view - 1 /\ IsNotarized(block)

HasNotarizedIn(v, view) == \E block \in notarized[v] : ViewOf(block) = view
HasSupportedIn(v, view) == \E block \in supported[v] : ViewOf(block) = view

\* What a validator knows that it said.
Recalled(v, kind, said) == {what \in said[v] : <<kind, what>> \notin forgotten[v]}
RecallsIn(v, kind, said, view) == \E block \in Recalled(v, kind, said) : ViewOf(block) = view

\* Who abstained, or notarized another block than `block`.
Opponents(block) ==
    {v \in Honest :
        /\ block \notin notarized[v] \/ "NotarizersAbstain" \in Broken
        /\ HasNotarizedIn(v, ViewOf(block)) \/ ViewOf(block) \in nullified[v]}

CannotBeUnanimous(block) == IsWeakQuorum(Cardinality(Opponents(block)) + Byzantine)

MayNotarize(v, view) ==
    \/ "NotarizesTwice" \in Broken
    \/ /\ view \notin Recalled(v, "nullify", nullified)   \* G7
       /\ ~RecallsIn(v, "notarize", notarized, view)

MayNullify(v, view) ==
    /\ view \notin nullified[v]   \* G8
    /\ \/ "NullifiesAfterFinalize" \in Broken   \* G9
       \/ ~RecallsIn(v, "finalize", finalized, view)
    /\ \/ "NullifiesWithoutEvidence" \in Broken   \* G10
       \/ \A block \in Recalled(v, "notarize", notarized) :
            ViewOf(block) = view => CannotBeUnanimous(block)

\* Whoever supports a block has seen that somebody honest notarized it, and that is all it asks.
MaySupport(v, block) ==
    /\ \/ "SupportsAfterFinalize" \in Broken   \* G11
       \/ ~RecallsIn(v, "finalize", finalized, ViewOf(block))
    /\ \/ "SupportsAnything" \in Broken   \* G12
       \/ IsWeakQuorum(Cardinality(Notarizers(block)) + Byzantine)

MayFinalize(v, view) ==
    \* G13
    /\ "FinalizesAfterNullify" \in Broken \/ view \notin Recalled(v, "nullify", nullified)
    /\ "FinalizesAfterSupport" \in Broken \/ ~RecallsIn(v, "support", supported, view)
    /\ ~RecallsIn(v, "finalize", finalized, view)

MayExtend(above, view) ==
    CASE "AnyParentWillDo" \in Broken -> ViewOf(above) < view /\ IsNotarized(above)
      [] "ParentNeedsNoQuorum" \in Broken ->
            /\ above = Genesis \/ Notarizers(above) # {}
            /\ EverySkippedIsNullified(above, view)
      [] OTHER -> IsJustified(above, view)

\* The blocks of a view differ by their number only: they take numbers in order.
TakesNextNumber(block) ==
    \A other \in Blocks :
        ViewOf(other) = ViewOf(block) /\ other[2] < block[2] => parent[other] # Missing

Notarize(v, block, above) ==
    /\ block \notin notarized[v]
    /\ parent[block] \in {Missing, above}   \* G15
    /\ TakesNextNumber(block)
    /\ MayNotarize(v, ViewOf(block))
    /\ MayBeIn(v, ViewOf(block))
    /\ MayExtend(above, ViewOf(block))
    /\ parent' = [parent EXCEPT ![block] = above]
    /\ notarized' = [notarized EXCEPT ![v] = @ \union {block}]
    /\ UNCHANGED <<nullified, supported, finalized, forgotten>>

Nullify(v, view) ==
    /\ MayNullify(v, view)
    /\ MayBeIn(v, view)
    /\ nullified' = [nullified EXCEPT ![v] = @ \union {view}]
    /\ UNCHANGED <<parent, notarized, supported, finalized, forgotten>>

Support(v, block) ==
    /\ block \notin supported[v]
    /\ TakesNextNumber(block)
    /\ MaySupport(v, block)
    /\ MayBeIn(v, ViewOf(block))
    /\ supported' = [supported EXCEPT ![v] = @ \union {block}]
    /\ UNCHANGED <<parent, notarized, nullified, finalized, forgotten>>

Finalize(v, block) ==
    /\ IsNotarizedByVotes(block)   \* G14
    /\ MayFinalize(v, ViewOf(block))
    /\ finalized' = [finalized EXCEPT ![v] = @ \union {block}]
    /\ UNCHANGED <<parent, notarized, nullified, supported, forgotten>>

Said(v) ==
    ({"notarize"} \X notarized[v]) \union ({"nullify"} \X nullified[v])
        \union ({"support"} \X supported[v]) \union ({"finalize"} \X finalized[v])

\* S4. Every vote is durable before it is signed.
IsDurable(vote) ==   \* G16
    CASE vote[1] = "notarize" -> "NotarizeIsNotDurable" \notin Broken
      [] vote[1] = "nullify" -> "NullifyIsNotDurable" \notin Broken
      [] vote[1] = "support" -> "SupportIsNotDurable" \notin Broken
      [] OTHER -> "FinalizeIsNotDurable" \notin Broken

LosePower(v) ==
    /\ forgotten' = [forgotten EXCEPT ![v] = @ \union {vote \in Said(v) : ~IsDurable(vote)}]
    /\ UNCHANGED <<parent, notarized, nullified, supported, finalized>>

Next ==
    \E v \in Honest :
        \/ \E block \in Blocks, above \in Blocks \union {Genesis} : Notarize(v, block, above)
        \/ \E block \in Blocks : Support(v, block)
        \/ \E view \in Views : Nullify(v, view)
        \/ \E block \in Blocks : Finalize(v, block)
        \/ LosePower(v)

Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------
(* What holds in every state. *)

S1 ==
    \A v \in Honest : \A one, other \in notarized[v] :
        ViewOf(one) = ViewOf(other) => one = other

S2 ==
    \A v \in Honest : \A block \in finalized[v] :
        ViewOf(block) \notin nullified[v] /\ ~HasSupportedIn(v, ViewOf(block))

S3 ==
    \A v \in Honest : \A block \in notarized[v] \union supported[v] :
        IsJustified(parent[block], ViewOf(block))

\* Nobody honest has a part in both, so nobody can end a view that everybody notarized a block of.
S8 ==
    \A block \in Blocks : IsUnanimous(block) =>
        \A v \in Honest :
            /\ ViewOf(block) \notin nullified[v]
            /\ \A other \in supported[v] : ViewOf(other) = ViewOf(block) => other = block

OneNotarizedPerView ==
    \A one, other \in Blocks :
        /\ IsNotarizedByVotes(one) /\ IsNotarizedByVotes(other)
        /\ ViewOf(one) = ViewOf(other)
        => one = other

FinalizedIsNotarizedAlone ==
    \A one, other \in Blocks :
        IsFinalized(one) /\ IsNotarized(other) /\ ViewOf(one) = ViewOf(other) => one = other

FinalizedViewIsNotNullified ==
    \A block \in Blocks : IsFinalized(block) => ~IsNullified(ViewOf(block))

RECURSIVE Extends(_, _)
Extends(block, ancestor) ==
    \/ block = ancestor
    \/ block \in Blocks /\ Extends(parent[block], ancestor)

Agreement ==
    \A one, other \in Blocks :
        IsFinalized(one) /\ IsFinalized(other) => Extends(one, other) \/ Extends(other, one)

---------------------------------------------------------------------------
(* Must fail: they say that the model does nothing. *)

NothingIsFinalized == \A block \in Blocks : ~IsFinalized(block)

NothingIsUnanimous == \A block \in Blocks : ~IsUnanimous(block)

NothingSupportedIsBuiltUpon ==
    \A block \in Blocks :
        IsFinalized(block) => parent[block] = Genesis \/ IsNotarizedByVotes(parent[block])

NothingIsSkipped ==
    \A block \in Blocks : IsFinalized(block) => ViewOf(parent[block]) + 1 = ViewOf(block)

NoChainIsFinalized ==
    \A block \in Blocks : IsFinalized(block) => parent[block] = Genesis

Alike == Permutations(Honest)
=============================================================================
