--------------------------- MODULE HotStuffTrace ---------------------------
(***************************************************************************)
(* Whether a run of the implementation is a run of the model: `Steps` is   *)
(* what honest validators did in a simulated world, and each has to be a   *)
(* step that HotStuff.tla allows in the state that those before it led to. *)
(* After Cirstea, Kuppe, Loillier and Merz, "Validating Traces of          *)
(* Distributed Programs Against TLA+ Specifications" (SEFM 2024).          *)
(*                                                                         *)
(* The model plays views one after the other, so the steps come by their   *)
(* views, votes before timeouts. What one validator did stays in the order *)
(* in which it did it: who votes after giving up does so in the stage of   *)
(* the timeouts here, too, where the model has no vote.                    *)
(*                                                                         *)
(* The module Trace, which the simulator's tests write, says who was       *)
(* honest, which rules they followed and what the steps were.              *)
(***************************************************************************)
EXTENDS HotStuff, Trace

VARIABLE position   \* in Steps, of the next one

Take(step) ==
    CASE step[1] = "vote" ->
            stage = "vote" /\ ViewOf(step[3]) = view /\ VoteFor(step[2], Parent(step[3]), {step[3]})
      [] step[1] = "abstain" -> Abstain(step[2])
      [] step[1] = "give up" ->
            /\ step[3] = view
            /\ \E block \in Known : ViewOf(block) = step[4] /\ GiveUp(step[2], block)
      [] step[1] = "stay" -> Stay(step[2])
      [] step[1] = "restart" -> Restart(step[2])
      [] step[1] = "end votes" -> EndVoting
      [] step[1] = "end" -> EndTimeouts
      [] step[1] = "enter" -> step[3] = view /\ CanBeEntered /\ UNCHANGED vars
      \* A certificate of the block step[3] commits the block step[4], or a block that extends it:
      \* who was away takes what a certificate commits in parts, the lowest first.
      [] step[1] = "commit" ->
            /\ step[3] \in certified
            /\ step[4] # Genesis
            /\ Extends(CommittedBy(step[3]), step[4])
            /\ UNCHANGED vars

TraceInit == Init /\ position = 1

TraceNext ==
    /\ position <= Len(Steps)
    /\ Take(Steps[position])
    /\ position' = position + 1

TraceSpec == TraceInit /\ [][TraceNext]_<<vars, position>>

\* Violated in the state in which the model does not allow the next step.
TraceIsAllowed == position <= Len(Steps) => ENABLED TraceNext
=============================================================================
