---------------------------- MODULE SimplexTrace ----------------------------
(***************************************************************************)
(* Whether a run of the implementation is a run of the model: `Steps` is   *)
(* what honest validators did in a simulated world, in order, and each has *)
(* to be a step that Simplex.tla allows in the state that those before it  *)
(* led to. After Cirstea, Kuppe, Loillier and Merz, "Validating Traces of  *)
(* Distributed Programs Against TLA+ Specifications" (SEFM 2024).          *)
(*                                                                         *)
(* Beside what Simplex.tla asks, what a vote stands on is durable before   *)
(* the vote: what let the validator into the view and, of a vote to        *)
(* notarize, the parent's notarization and the nullification of each view  *)
(* between, unless the parent is the block that it committed last.         *)
(*                                                                         *)
(* The module Trace, which the simulator's tests write, says who was       *)
(* honest and what the steps were.                                         *)
(***************************************************************************)
EXTENDS Simplex, Sequences, Trace

VARIABLES
    position,   \* in Steps, of the next one
    durable,    \* the certificates that each honest validator made durable
    settled     \* the block that each committed last

HasEntered(v, view) ==   \* G17
    \/ ViewOf(settled[v]) + 1 >= view
    \/ <<"nullification", view - 1>> \in durable[v]
    \/ \E block \in Blocks :
        ViewOf(block) = view - 1 /\ <<"notarization", block>> \in durable[v]

CanShow(v, above, view) ==   \* G18
    /\ above = settled[v] \/ <<"notarization", above>> \in durable[v]
    /\ \A skipped \in Views :
        ViewOf(above) < skipped /\ skipped < view => <<"nullification", skipped>> \in durable[v]

Stored == <<durable, settled>>

Take(step) ==
    CASE step[1] = "notarize" ->
            /\ HasEntered(step[2], ViewOf(step[3]))
            /\ CanShow(step[2], step[4], ViewOf(step[3]))
            /\ Notarize(step[2], step[3], step[4]) /\ UNCHANGED Stored
      [] step[1] = "nullify" ->
            HasEntered(step[2], step[3]) /\ Nullify(step[2], step[3]) /\ UNCHANGED Stored
      [] step[1] = "abstain" ->
            \* G19
            /\ step[3] \in nullified[step[2]] /\ ~HasNotarizedIn(step[2], step[3])
            /\ UNCHANGED <<vars, Stored>>
      [] step[1] = "support" ->
            /\ HasEntered(step[2], ViewOf(step[3]))
            /\ Support(step[2], step[3]) /\ UNCHANGED Stored
      [] step[1] = "finalize" -> Finalize(step[2], step[3]) /\ UNCHANGED Stored
      [] step[1] = "enter" -> MayBeIn(step[2], step[3]) /\ UNCHANGED <<vars, Stored>>
      [] step[1] = "keep" ->
            /\ IF step[3][1] = "notarization"
               THEN IsNotarized(step[3][2])
               ELSE IsNullified(step[3][2])
            /\ durable' = [durable EXCEPT ![step[2]] = @ \union {step[3]}]
            /\ UNCHANGED <<vars, settled>>
      [] step[1] = "commit" ->
            /\ IsFinalized(step[3])
            /\ settled' = [settled EXCEPT
                ![step[2]] = IF ViewOf(@) < ViewOf(step[3]) THEN step[3] ELSE @]
            /\ UNCHANGED <<vars, durable>>

TraceInit ==
    /\ Init
    /\ position = 1
    /\ durable = [v \in Honest |-> {}]
    /\ settled = [v \in Honest |-> Genesis]

TraceNext ==
    /\ position <= Len(Steps)
    /\ Take(Steps[position])
    /\ position' = position + 1

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, position, durable, settled>>

\* Violated in the state in which the model does not allow the next step.
TraceIsAllowed == position <= Len(Steps) => ENABLED TraceNext
=============================================================================
