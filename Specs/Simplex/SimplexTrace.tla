---------------------------- MODULE SimplexTrace ----------------------------
(***************************************************************************)
(* Whether a run of the implementation is a run of the model: `Steps` is   *)
(* what honest validators did in a simulated world, in order, and each has *)
(* to be a step that Simplex.tla allows in the state that those before it  *)
(* led to. After Cirstea, Kuppe, Loillier and Merz, "Validating Traces of  *)
(* Distributed Programs Against TLA+ Specifications" (SEFM 2024).          *)
(*                                                                         *)
(* The module Trace, which the simulator's tests write, says who was       *)
(* honest and what the steps were.                                         *)
(***************************************************************************)
EXTENDS Simplex, Sequences, Trace

VARIABLE position   \* in Steps, of the next one

Take(step) ==
    CASE step[1] = "notarize" -> Notarize(step[2], step[3], step[4])
      [] step[1] = "nullify" -> Nullify(step[2], step[3])
      [] step[1] = "abstain" ->
            /\ step[3] \in nullified[step[2]] /\ ~HasNotarizedIn(step[2], step[3])
            /\ UNCHANGED vars
      [] step[1] = "support" -> Support(step[2], step[3], parent[step[3]])
      [] step[1] = "finalize" -> Finalize(step[2], step[3])
      [] step[1] = "enter" -> MayBeIn(step[2], step[3]) /\ UNCHANGED vars
      [] step[1] = "commit" -> IsFinalized(step[3]) /\ UNCHANGED vars

TraceInit == Init /\ position = 1

TraceNext ==
    /\ position <= Len(Steps)
    /\ Take(Steps[position])
    /\ position' = position + 1

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, position>>

\* Violated in the state in which the model does not allow the next step.
TraceIsAllowed == position <= Len(Steps) => ENABLED TraceNext
=============================================================================
