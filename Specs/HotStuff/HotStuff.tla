------------------------------ MODULE HotStuff ------------------------------
(***************************************************************************)
(* Chained HotStuff: one kind of vote, each block names its parent and     *)
(* shows its certificate, and a block is committed by certificates of      *)
(* consecutive views upon it. Two rules, by the constant TwoChain:         *)
(*                                                                         *)
(*   three-chain: the third of three blocks commits the first; a replica   *)
(*     is locked on the parent of what it knows to be certified, and votes *)
(*     for nothing that rests on an older certificate;                     *)
(*   two-chain: the second of two blocks commits the first; a block of the *)
(*     view after its parent's gets votes, any other one only with a       *)
(*     timeout certificate whose members knew no newer certificate.        *)
(*                                                                         *)
(* Messages are not modelled. A certificate exists as soon as there are    *)
(* votes for it, and anybody may act upon it or not. The votes and         *)
(* timeouts of Byzantine replicas are always there, for everything.        *)
(*                                                                         *)
(* Views are played one after the other, first the votes, then the         *)
(* timeouts. That is any run, in another order: what a replica does in a   *)
(* view depends on nothing that is said in later ones, and what is said    *)
(* never forbids anything to anybody else.                                 *)
(*                                                                         *)
(* A replica that loses its power comes back with what it had made         *)
(* durable, and with nothing else. Right rules make durable, before they   *)
(* speak, that they voted or gave up, the newest certificate that this     *)
(* rests on, and the lock. So a restart changes nothing that matters, and  *)
(* a replica that merely forgets what it heard is among the runs, too.     *)
(*                                                                         *)
(* A comment `G1` labels a guard; Guards.md says which guard of the        *)
(* implementation it is.                                                   *)
(*                                                                         *)
(* A block is the sequence of the marks of its ancestors and its own; a    *)
(* mark tells the view. Voters name a block and what it commits, so a      *)
(* certificate is one for `CommittedBy(block)` too.                        *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
    Honest,          \* the honest replicas, each of power 1
    Byzantine,       \* the power of the Byzantine ones
    TwoChain,
    LastView,        \* views are 1..LastView; the genesis has view 0
    BlocksPerView,   \* more than one: leaders equivocate
    Broken           \* the rules left out

Genesis == <<>>
ViewOf(block) ==
    IF block = Genesis THEN 0 ELSE (block[Len(block)] - 1) \div BlocksPerView + 1
Marks(v) == ((v - 1) * BlocksPerView + 1)..(v * BlocksPerView)
Parent(block) == IF block = Genesis THEN Genesis ELSE SubSeq(block, 1, Len(block) - 1)
Extends(block, ancestor) ==
    Len(ancestor) <= Len(block) /\ SubSeq(block, 1, Len(ancestor)) = ancestor
Max(one, other) == IF one >= other THEN one ELSE other

VARIABLES
    view,       \* the one that is played
    stage,      \* "vote" or "timeout"
    votes,      \* the blocks of this view that each honest replica voted for, or Waits
    timeouts,   \* what each, giving this view up, said to know certified, as a set of views
    earlier,    \* what each said in earlier views, if that is mixed up with this one's
    certified,  \* the blocks of this view and those before that have a certificate
    skip,       \* <<v, w>>: timeouts of view v let a block of v + 1 rest on certificates from w on
    done,       \* what of "vote" and "timeout" each did in this view, as far as it remembers
    high,       \* the view of the newest certificate that each knows
    lock,       \* the view that each is locked on
    kept        \* what of these three each has made durable

said == <<votes, timeouts>>
known == <<done, high, lock, kept>>
vars == <<view, stage, said, earlier, certified, skip, known>>

Waits == {Genesis}   \* a replica that has not done yet what the stage is for
WaitsForTime == {LastView + 1}

---------------------------------------------------------------------------
(* Certificates. *)

Total == Cardinality(Honest) + Byzantine
IsQuorum(power) ==   \* G1: more than two thirds
    CASE "HalfIsQuorum" \in Broken -> 2 * power >= Total
      [] "EverybodyIsQuorum" \in Broken -> power = Total
      [] OTHER -> 3 * power > 2 * Total
Certified(voters) == IsQuorum(Cardinality(voters) + Byzantine)

CertifiedNow ==   \* G2: votes of this view for the same block
    {block \in UNION {votes[r] : r \in Honest} : Certified({r \in Honest : block \in votes[r]})}
Known == certified \union {Genesis}

\* What a certificate for `block` commits, with its ancestors. As each voter derives it.
CommittedBy(block) ==
    LET middle == IF TwoChain THEN block ELSE Parent(block)
        first == Parent(middle)
        isDirect == /\ ViewOf(block) <= ViewOf(middle) + 1
                    /\ ViewOf(middle) = ViewOf(first) + 1   \* G3: of consecutive views
    IN IF Len(block) > (IF TwoChain THEN 1 ELSE 2)
           /\ (isDirect \/ "CommitsWithoutContiguity" \in Broken)
       THEN first
       ELSE Genesis

Committed == {CommittedBy(block) : block \in certified}

\* The newest certificate that the members of a timeout certificate knew. Byzantine members say
\* that they know none.
LeastSkip ==   \* of this view
    LET oldest(r) == {v \in timeouts[r] \union earlier[r] :
            \A w \in timeouts[r] \union earlier[r] : v <= w}
        groups == {group \in SUBSET {r \in Honest : oldest(r) # {}} : Certified(group)}
        newest(group) ==
            LET claimed == {0} \union UNION {oldest(r) : r \in group}
            IN IF "TimeoutsNeedNoMaximum" \in Broken
               THEN CHOOSE v \in claimed : \A w \in claimed : v <= w
               ELSE CHOOSE v \in claimed : \A w \in claimed : v >= w   \* G4
        all == {newest(group) : group \in groups}
    IN IF all = {} THEN {} ELSE {CHOOSE v \in all : \A w \in all : v <= w}

---------------------------------------------------------------------------
(* What an honest replica does. *)

Init ==
    /\ view = 1 /\ stage = "vote"
    /\ votes = [r \in Honest |-> Waits]
    /\ timeouts = [r \in Honest |-> WaitsForTime]
    /\ earlier = [r \in Honest |-> {}]
    /\ certified = {}
    /\ skip = {}
    /\ done = [r \in Honest |-> {}]
    /\ high = [r \in Honest |-> 0]
    /\ lock = [r \in Honest |-> 0]
    /\ kept = [r \in Honest |-> [done |-> {}, high |-> 0, lock |-> 0]]

\* The lock of a replica that knows `block` to be certified.
LockOn(block) ==   \* G5
    CASE "LockIsNotRaised" \in Broken -> 0
      [] "LocksOneTooLate" \in Broken -> ViewOf(Parent(Parent(block)))
      [] "LocksOneTooEarly" \in Broken -> ViewOf(block)
      [] "LocksInsteadOfTimeouts" \in Broken -> ViewOf(block)
      [] OTHER -> IF TwoChain THEN 0 ELSE ViewOf(Parent(block))

MayExtend(r, parent) ==
    CASE "VotesBelowLock" \in Broken -> TRUE
      [] TwoChain /\ "LocksInsteadOfTimeouts" \notin Broken ->
            \/ ViewOf(parent) = view - 1   \* G6: the view before was certified
            \/ \E ended \in skip :
                /\ ended[1] = view - 1 \/ "TimeoutsOfAnyView" \in Broken   \* G7: or given up
                /\ ViewOf(parent) >= ended[2]   \* G8: by a quorum that knew nothing newer
            \/ "SkipsWithoutTimeouts" \in Broken
      [] OTHER -> ViewOf(parent) >= lock[r]   \* G9

\* What `r` has made durable before it does `act`, knowing `block` to be certified.
Keep(r, act, block, locked) ==
    /\ done' = [done EXCEPT ![r] = @ \union {act}]
    /\ high' = [high EXCEPT ![r] = Max(@, ViewOf(block))]
    /\ lock' = [lock EXCEPT ![r] = locked]
    /\ kept' = [kept EXCEPT ![r] =
        [done |-> IF \/ act = "vote" /\ "ForgetsVotes" \in Broken
                     \/ act = "timeout" /\ "ForgetsTimeouts" \in Broken
                  THEN @.done ELSE @.done \union {act},   \* G10
         high |-> IF "ForgetsCertificates" \in Broken THEN @.high ELSE high'[r],   \* G11
         lock |-> IF "ForgetsLock" \in Broken THEN @.lock ELSE lock'[r]]]   \* G12

Ballots(parent) ==
    {{Append(parent, mark)} : mark \in Marks(view)}
    \union (IF "VotesTwice" \in Broken THEN {{Append(parent, mark) : mark \in Marks(view)}} ELSE {})

Parents(r) ==
    {parent \in IF "ParentNeedsNoQuorum" \in Broken
                THEN Known \union {<<mark>> : mark \in Marks(view - 1)}
                ELSE Known :   \* G13: certified, or the genesis
        /\ ViewOf(parent) < view   \* G14
        /\ MayExtend(r, parent)}

\* A vote for the blocks of `ballot` on `parent`.
VoteFor(r, parent, ballot) ==
    /\ "vote" \notin done[r]   \* G15
    /\ parent \in Parents(r)
    /\ ballot \in Ballots(parent)
    /\ votes' = [votes EXCEPT ![r] = IF @ = Waits THEN ballot ELSE @ \union ballot]
    /\ IF "VoteTeachesNothing" \in Broken
       THEN Keep(r, "vote", Genesis, lock[r])
       ELSE Keep(r, "vote", parent, Max(lock[r], LockOn(parent)))
    /\ UNCHANGED <<view, stage, timeouts, earlier, certified, skip>>

\* It does not vote in this view.
Abstain(r) ==
    /\ stage = "vote" /\ votes[r] = Waits
    /\ votes' = [votes EXCEPT ![r] = {}]
    /\ UNCHANGED <<view, stage, timeouts, earlier, certified, skip, known>>

\* Once it has forgotten a vote, it may cast another.
Vote(r) ==
    /\ stage = "vote" /\ votes[r] # {}
    /\ \E parent \in Parents(r) : \E ballot \in Ballots(parent) : VoteFor(r, parent, ballot)

\* Every vote comes before the timeouts, as it depends on none of them; but one of a replica that
\* gave the view up comes after its own.
VoteLate(r) ==
    /\ stage = "timeout" /\ timeouts[r] \notin {WaitsForTime, {}}
    /\ "timeout" \notin done[r] \/ "VotesAfterTimeout" \in Broken   \* G16
    /\ \E parent \in Parents(r) : \E ballot \in Ballots(parent) : VoteFor(r, parent, ballot)

\* It gives the view up and says that it knows `block` to be certified. It may lock on what that
\* stands on, and whatever it does then it may do without: so it does not.
GiveUp(r, block) ==
    /\ stage = "timeout" /\ timeouts[r] = WaitsForTime
    /\ "timeout" \notin done[r]   \* G17
    /\ block \in Known   \* G18: what it claims is certified
    /\ ViewOf(block) >= high[r]   \* G19: and none that it knows is newer
    /\ timeouts' = [timeouts EXCEPT ![r] =
        {IF "TimeoutsHideCertificates" \in Broken THEN 0 ELSE ViewOf(block)}]
    /\ Keep(r, "timeout", block, lock[r])
    /\ UNCHANGED <<view, stage, votes, earlier, certified, skip>>

\* It does not give this view up.
Stay(r) ==
    /\ stage = "timeout" /\ timeouts[r] = WaitsForTime
    /\ timeouts' = [timeouts EXCEPT ![r] = {}]
    /\ UNCHANGED <<view, stage, votes, earlier, certified, skip, known>>

\* Every replica may give the view up, having voted or not.
TimeOut(r) == Stay(r) \/ \E block \in Known : GiveUp(r, block)

\* The highest that it can be locked on, knowing what it knows.
MostLocked(r) ==
    LET locks == {lock[r]} \union {LockOn(block) : block \in {b \in Known : ViewOf(b) = high[r]}}
    IN CHOOSE v \in locks : \A w \in locks : v >= w

\* It loses its power and comes back.
Restart(r) ==
    /\ done' = [done EXCEPT ![r] = kept[r].done]
    /\ high' = [high EXCEPT ![r] = kept[r].high]
    /\ lock' = [lock EXCEPT ![r] = kept[r].lock]
    /\ UNCHANGED <<view, stage, said, earlier, certified, skip, kept>>

\* Whether anybody may be in this view: a quorum ended the one before.
CanBeEntered == view = 1 \/ skip # {} \/ \E block \in certified : ViewOf(block) = view - 1   \* G20

---------------------------------------------------------------------------

Nobody == [r \in Honest |-> {}]
Forgotten == [r \in Honest |-> [kept[r] EXCEPT !.done = {}]]

\* Whether anybody may still vote once others give the view up.
VotesComeLate == Broken \intersect {"VotesAfterTimeout", "ForgetsTimeouts"} # {}

EndVoting ==
    /\ stage = "vote" /\ \A r \in Honest : votes[r] # Waits
    /\ stage' = "timeout"
    /\ certified' = certified \union CertifiedNow
    /\ IF VotesComeLate THEN UNCHANGED <<votes, done, kept>>
       ELSE votes' = [r \in Honest |-> Waits] /\ done' = Nobody /\ kept' = Forgotten
    /\ UNCHANGED <<view, timeouts, earlier, skip, high, lock>>

EndTimeouts ==
    /\ stage = "timeout" /\ \A r \in Honest : timeouts[r] # WaitsForTime
    /\ view < LastView
    /\ view' = view + 1 /\ stage' = "vote"
    /\ skip' = {<<view, least>> : least \in LeastSkip}
        \union (IF "TimeoutsOfAnyView" \in Broken THEN skip ELSE {})
    /\ timeouts' = [r \in Honest |-> WaitsForTime]
    /\ earlier' = [r \in Honest |->
        IF "TimeoutsOfDifferentViews" \in Broken
        THEN earlier[r] \union timeouts[r] ELSE {}]   \* G21: of one view alone
    /\ IF VotesComeLate
       THEN votes' = [r \in Honest |-> Waits] /\ certified' = certified \union CertifiedNow
       ELSE UNCHANGED <<votes, certified>>
    /\ done' = Nobody /\ kept' = Forgotten
    /\ UNCHANGED <<high, lock>>

Next ==
    EndVoting \/ EndTimeouts
    \/ \E r \in Honest : Vote(r) \/ Abstain(r) \/ VoteLate(r) \/ TimeOut(r) \/ Restart(r)

Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------
(* What holds in every state. *)

OnOneChain(blocks) == \A one, other \in blocks : Extends(one, other) \/ Extends(other, one)

\* Whatever any certificate says that it commits.
Agreement == OnOneChain(Committed)

\* What a certificate commits, every certified block from then on stands on.
CommittedIsKept ==
    \A first \in Committed : \A block \in certified :
        ViewOf(block) >= ViewOf(first) => Extends(block, first)

OneCertifiedPerView ==
    \A one, other \in certified : ViewOf(one) = ViewOf(other) => one = other

\* An honest leader that holds the timeouts of any quorum can propose a block that all honest
\* replicas vote for, whatever any of them is locked on: Byzantine ones may have shown certificates
\* to one honest replica only, and say nothing from now on.
TheLeaderCanPropose ==
    stage = "timeout" =>
        /\ IsQuorum(Cardinality(Honest))
        /\ \A group \in SUBSET Honest :
            Certified(group)
            /\ (\A r \in group : timeouts[r] \notin {WaitsForTime, {}})
            => LET newest == CHOOSE v \in UNION {timeouts[r] : r \in group} :
                                \A w \in UNION {timeouts[r] : r \in group} : v >= w
               IN \A r \in Honest :
                    \/ TwoChain /\ "LocksInsteadOfTimeouts" \notin Broken
                    \/ newest >= MostLocked(r)

---------------------------------------------------------------------------
(* Must fail: they say that the model does nothing. *)

NothingIsCommitted == Committed \subseteq {Genesis}
NothingIsSkipped == \A block \in Committed : ViewOf(block) = Len(block)
NoCommittedBlockHasSiblings ==
    \A block \in Committed : \A other \in certified : OnOneChain({block, other})

Alike == Permutations(Honest)
=============================================================================
