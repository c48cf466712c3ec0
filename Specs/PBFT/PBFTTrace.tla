----------------------------- MODULE PBFTTrace -----------------------------
(***************************************************************************)
(* Whether a run of the implementation is a run of the model: `Steps` is   *)
(* what honest validators did in a simulated world, and each has to be a   *)
(* step that PBFT.tla allows in the state that those before it led to.     *)
(* After Cirstea, Kuppe, Loillier and Merz, "Validating Traces of          *)
(* Distributed Programs Against TLA+ Specifications" (SEFM 2024).          *)
(*                                                                         *)
(* The model plays views one after the other, so the steps come by their   *)
(* views, what a validator said in one of them together. Whoever said      *)
(* something in a view after asking for or speaking in a later one is      *)
(* "late", which nothing allows.                                           *)
(*                                                                         *)
(* A run has jumps that the model leaves out, since they add nothing that  *)
(* a replica could not say without: what a validator prepared in a view    *)
(* may have gaps, each above a block that a quorum prepared there or that  *)
(* is committed, in this view or another. And a validator may take part in *)
(* a view by a certificate, without having asked for it.                   *)
(*                                                                         *)
(* The module Trace, which the simulator's tests write, says who was       *)
(* honest, what the steps were, and which chain was committed in the end:  *)
(* each certificate that it was committed by is a step, too.               *)
(***************************************************************************)
EXTENDS PBFT, Trace

VARIABLE position   \* in Steps, of the next one

Parent(block) == SubSeq(block, 1, Len(block) - 1)

\* Whether all that r prepared in the view stands on what it has to.
IsJustified(r) ==
    /\ \A one, other \in prepares[r][2] : Len(one) = Len(other) => one = other
    /\ \A block \in prepares[r][2] :
        \/ block \in Beginnings \ {Genesis}
        \/ /\ block[Len(block)] \in NewMarks(view)
           /\ \/ Parent(block) \in prepares[r][2] \union Beginnings
              \/ <<view, Parent(block)>> \in PreparedNow
              \/ /\ Extends(Decided, Parent(block))
                 /\ \E tip \in Beginnings : Len(tip) <= Len(Parent(block))

Take(step) ==
    CASE step[1] = "enter" ->
            Enter(step[2]) /\ changes'[step[2]] = step[3] /\ UNCHANGED base
      [] step[1] = "join" ->
            /\ stage = "enter" /\ changes[step[2]] = Waits
            /\ changes' = [changes EXCEPT ![step[2]] = Joins]
            /\ UNCHANGED <<view, stage, prepares, commits, prepared, committed, kept, base>>
      [] step[1] = "sit out" -> Enter(step[2]) /\ changes'[step[2]] = SitsOut
      [] step[1] = "restart" -> Restart(step[2])
      [] step[1] = "end entering" -> EndEntering
      [] step[1] = "prepare" ->
            /\ stage = "prepare" /\ prepares[step[2]] = Waits /\ changes[step[2]] # SitsOut
            /\ prepares' = [prepares EXCEPT ![step[2]] = <<1, step[3]>>]
            /\ UNCHANGED <<view, stage, changes, commits, prepared, committed, kept, base>>
      [] step[1] = "prepare nothing" -> Prepare(step[2]) /\ prepares'[step[2]] = SitsOut
      \* Compared with TRUE, so that TLC takes it for a value. As an action it would follow each
      \* way to justify each block, and find a next state for every choice among them.
      [] step[1] = "end preparing" ->
            ((\A r \in Acted(prepares) : IsJustified(r)) = TRUE) /\ EndPreparing
      [] step[1] = "commit" -> Commit(step[2]) /\ commits'[step[2]] = <<view, step[3]>>
      [] step[1] = "commit nothing" -> Commit(step[2]) /\ commits'[step[2]] = SitsOut
      \* A quorum committed the block in this view.
      [] step[1] = "decide" -> <<view, step[2]>> \in CommittedNow /\ UNCHANGED vars
      [] step[1] = "end committing" -> EndCommitting
      [] step[1] = "late" -> FALSE

TraceInit == Init /\ position = 1

TraceNext ==
    /\ position <= Len(Steps)
    /\ Take(Steps[position])
    /\ position' = position + 1

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, position>>

\* Violated in the state in which the model does not allow the next step.
TraceIsAllowed == position <= Len(Steps) => ENABLED TraceNext
=============================================================================
