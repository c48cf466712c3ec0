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
    skip,       \* the least certificate that lets a block skip the view before, as a set
    high,       \* the view of the newest certificate that each knows
    lock        \* the view that each is locked on

vars == <<view, stage, votes, timeouts, earlier, certified, skip, high, lock>>

Waits == {Genesis}   \* a replica that has not done yet what the stage is for
WaitsForTime == {LastView + 1}

---------------------------------------------------------------------------
(* Certificates. *)

Total == Cardinality(Honest) + Byzantine
IsQuorum(power) ==
    CASE "HalfIsQuorum" \in Broken -> 2 * power >= Total
      [] "EverybodyIsQuorum" \in Broken -> power = Total
      [] OTHER -> 3 * power > 2 * Total
Certified(voters) == IsQuorum(Cardinality(voters) + Byzantine)

CertifiedNow ==
    {block \in UNION {votes[r] : r \in Honest} : Certified({r \in Honest : block \in votes[r]})}
Known == certified \union {Genesis}

\* What a certificate for `block` commits, with its ancestors. As each voter derives it.
CommittedBy(block) ==
    LET middle == IF TwoChain THEN block ELSE Parent(block)
        first == Parent(middle)
        isDirect == /\ ViewOf(block) <= ViewOf(middle) + 1
                    /\ ViewOf(middle) = ViewOf(first) + 1
    IN IF Len(block) > (IF TwoChain THEN 1 ELSE 2)
           /\ (isDirect \/ "CommitsWithoutContiguity" \in Broken)
       THEN first
       ELSE Genesis

Committed == {CommittedBy(block) : block \in certified}

\* The newest certificate that the members of a timeout certificate knew. Byzantine members say
\* that they know none.
LeastSkip ==
    LET oldest(r) == {v \in timeouts[r] \union earlier[r] :
            \A w \in timeouts[r] \union earlier[r] : v <= w}
        groups == {group \in SUBSET {r \in Honest : oldest(r) # {}} : Certified(group)}
        newest(group) ==
            LET said == {0} \union UNION {oldest(r) : r \in group}
            IN IF "TimeoutsNeedNoMaximum" \in Broken
               THEN CHOOSE v \in said : \A w \in said : v <= w
               ELSE CHOOSE v \in said : \A w \in said : v >= w
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
    /\ high = [r \in Honest |-> 0]
    /\ lock = [r \in Honest |-> 0]

\* The lock of a replica that knows `block` to be certified.
LockOn(block) ==
    CASE "LockIsNotRaised" \in Broken -> 0
      [] "LocksOneTooLate" \in Broken -> ViewOf(Parent(Parent(block)))
      [] "LocksOneTooEarly" \in Broken -> ViewOf(block)
      [] OTHER -> IF TwoChain THEN ViewOf(block) ELSE ViewOf(Parent(block))

MayExtend(r, parent) ==
    CASE "VotesBelowLock" \in Broken -> TRUE
      [] TwoChain /\ "LocksInsteadOfTimeouts" \notin Broken ->
            \/ ViewOf(parent) = view - 1
            \/ \E least \in skip : ViewOf(parent) >= least
            \/ "SkipsWithoutTimeouts" \in Broken
      [] OTHER -> ViewOf(parent) >= lock[r]

Learn(r, block) ==
    /\ high' = [high EXCEPT ![r] = Max(@, ViewOf(block))]
    /\ lock' = [lock EXCEPT ![r] = Max(@, LockOn(block))]

Ballots(parent) ==
    {{Append(parent, mark)} : mark \in Marks(view)}
    \union (IF "VotesTwice" \in Broken THEN {{Append(parent, mark) : mark \in Marks(view)}} ELSE {})

Parents(r) ==
    {parent \in IF "ParentNeedsNoQuorum" \in Broken
                THEN Known \union {<<mark>> : mark \in Marks(view - 1)}
                ELSE Known : ViewOf(parent) < view /\ MayExtend(r, parent)}

Vote(r) ==
    /\ stage = "vote" /\ votes[r] = Waits
    /\ \/ votes' = [votes EXCEPT ![r] = {}] /\ UNCHANGED <<high, lock>>
       \/ \E parent \in Parents(r) : \E ballot \in Ballots(parent) :
            /\ votes' = [votes EXCEPT ![r] = ballot]
            /\ IF "VoteTeachesNothing" \in Broken THEN UNCHANGED <<high, lock>>
               ELSE Learn(r, parent)
    /\ UNCHANGED <<view, stage, timeouts, earlier, certified, skip>>

\* Every replica may give the view up, having voted or not: it then says the newest certificate
\* that it knows.
TimeOut(r) ==
    /\ stage = "timeout" /\ timeouts[r] = WaitsForTime
    /\ \/ timeouts' = [timeouts EXCEPT ![r] = {}] /\ UNCHANGED <<high, lock>>
       \/ \E block \in {block \in Known : ViewOf(block) >= high[r]} :
            /\ timeouts' = [timeouts EXCEPT ![r] =
                {IF "TimeoutsHideCertificates" \in Broken THEN 0 ELSE ViewOf(block)}]
            /\ Learn(r, block)
    /\ UNCHANGED <<view, stage, votes, earlier, certified, skip>>

---------------------------------------------------------------------------

EndVoting ==
    /\ stage = "vote" /\ \A r \in Honest : votes[r] # Waits
    /\ stage' = "timeout"
    /\ certified' = certified \union CertifiedNow
    /\ votes' = [r \in Honest |-> Waits]
    /\ UNCHANGED <<view, timeouts, earlier, skip, high, lock>>

EndTimeouts ==
    /\ stage = "timeout" /\ \A r \in Honest : timeouts[r] # WaitsForTime
    /\ view < LastView
    /\ view' = view + 1 /\ stage' = "vote"
    /\ skip' = LeastSkip
    /\ timeouts' = [r \in Honest |-> WaitsForTime]
    /\ earlier' = [r \in Honest |->
        IF "TimeoutsOfDifferentViews" \in Broken THEN earlier[r] \union timeouts[r] ELSE {}]
    /\ UNCHANGED <<votes, certified, high, lock>>

Next == EndVoting \/ EndTimeouts \/ \E r \in Honest : Vote(r) \/ TimeOut(r)

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
                    \/ newest >= lock[r]

---------------------------------------------------------------------------
(* Must fail: they say that the model does nothing. *)

NothingIsCommitted == Committed \subseteq {Genesis}
NothingIsSkipped == \A block \in Committed : ViewOf(block) = Len(block)
NoCommittedBlockHasSiblings ==
    \A block \in Committed : \A other \in certified : OnOneChain({block, other})

Alike == Permutations(Honest)
=============================================================================
