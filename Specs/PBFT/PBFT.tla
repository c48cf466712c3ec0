-------------------------------- MODULE PBFT --------------------------------
(***************************************************************************)
(* PBFT with view changes and checkpoints together, over blocks that form  *)
(* a hash chain: a block's height is its sequence number.                  *)
(*                                                                         *)
(* Since a block names its parent, a vote for a block speaks for its       *)
(* ancestors. So a new view proposes again only the tip of the chain that  *)
(* a quorum of view changes decides on, and then only children: whatever   *)
(* is prepared in a view descends from where the view began.               *)
(*                                                                         *)
(* Of prepared certificates, that of the later view is the higher one, and *)
(* of one view that of the greater height. A view change reports the       *)
(* highest that the replica ever held, whatever it committed since. The    *)
(* new view begins with the highest report of a quorum.                    *)
(*                                                                         *)
(* A replica may jump to a block that others committed, by its commit      *)
(* certificate or by that of a checkpoint, which it can't report. Power    *)
(* cuts take what is in memory: what is durable is the view, the votes and *)
(* the highest certificate that it voted upon. Whatever else it knew of,   *)
(* it may as well never have heard of; so a restart changes nothing here,  *)
(* unless something that has to be durable is not.                         *)
(*                                                                         *)
(* Messages are not modelled. A certificate exists as soon as there are    *)
(* votes for it, and anybody may act upon it or not. The votes of          *)
(* Byzantine replicas are always there, for everything; in a view change   *)
(* they report any certificate that exists, or none. A Byzantine leader    *)
(* may begin its view differently at different replicas, and propose       *)
(* several blocks.                                                         *)
(*                                                                         *)
(* Views are played one after the other, and each in three stages. That    *)
(* is any run, in another order: what a replica does in a view depends on  *)
(* nothing that is said in later ones, and what is said never forbids      *)
(* anything to anybody else. Replicas may sit views out.                   *)
(*                                                                         *)
(* Guards.md holds the guards, G1 and so on, against those of the code.    *)
(*                                                                         *)
(* A block is the sequence of the marks of its ancestors and its own. A    *)
(* mark belongs to the view that the block was first proposed in.          *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
    Honest,          \* the honest replicas, each of power 1
    Byzantine,       \* the power of the Byzantine ones
    Silent,          \* the power of honest ones that never say anything
    LastView,        \* views are 1..LastView
    LastHeight,
    BlocksPerView,   \* on each parent; more than one: leaders equivocate
    Interval,        \* heights between checkpoints
    Window,          \* heights above the stable checkpoint in which new blocks get votes
    Broken           \* the rules left out

Genesis == <<>>
NewMarks(v) == ((v - 1) * BlocksPerView + 1)..(v * BlocksPerView)

Extends(block, ancestor) ==
    Len(ancestor) <= Len(block) /\ SubSeq(block, 1, Len(ancestor)) = ancestor
Longer(one, other) == IF Len(one) >= Len(other) THEN one ELSE other
Chain(block) == {SubSeq(block, 1, height) : height \in 1..Len(block)}

VARIABLES
    view,       \* the one that is played
    stage,      \* "enter", "prepare", "commit"
    changes,    \* what each honest replica reported on entering it: a prepared certificate
    prepares,   \* of each in it: <<1, the blocks that it voted to prepare>>
    commits,    \* of each in it: the highest block it voted to commit
    prepared,   \* the prepared certificates of this view and those before, each <<view, block>>
    committed,  \* the commit certificates of the views before
    kept,       \* the highest certificate that each voted to commit upon: durable
    base        \* the certificate of the last block that each has committed, or jumped to

vars == <<view, stage, changes, prepares, commits, prepared, committed, kept, base>>

Waits == <<>>     \* a replica that has not done yet what the stage is for
SitsOut == <<0>>
Nothing == <<0, Genesis>>
Joins == <<1>>    \* takes part by a certificate, and has not asked: in runs of the code only
Acted(acts) == {r \in Honest : acts[r] \notin {Waits, SitsOut, Joins}}

---------------------------------------------------------------------------
(* Certificates. *)

Total == Cardinality(Honest) + Byzantine + Silent
IsQuorum(power) ==
    CASE "WeakQuorumIsEnough" \in Broken -> 3 * power > Total
      [] "EverybodyIsQuorum" \in Broken -> power = Total
      [] OTHER -> 3 * power > 2 * Total   \* G1
Certified(voters) == IsQuorum(Cardinality(voters) + Byzantine)

HasPrepared(r, block) == r \in Acted(prepares) /\ block \in prepares[r][2]

VotedFor == UNION {prepares[r][2] : r \in Acted(prepares)}
PreparedNow ==
    {<<view, block>> : block \in
        {block \in VotedFor : Certified({r \in Honest : HasPrepared(r, block)})}}

\* Whoever votes to commit a block has voted to commit what is prepared below it in the view.
CommittedNow ==
    {p \in (IF "CommitsUnprepared" \in Broken
            THEN {<<view, block>> : block \in VotedFor} ELSE prepared) :
        p[1] = view /\ Certified({r \in Acted(commits) : Extends(commits[r][2], p[2])})}

\* The checkpoint at or below a block: who executed it signed that, and the window follows.
StableHeight(block) == (Len(block) \div Interval) * Interval

\* Of prepared certificates.
IsBelow(one, other) ==
    IF "LongestChainWins" \in Broken
    THEN \/ Len(one[2]) < Len(other[2])
         \/ Len(one[2]) = Len(other[2]) /\ one[1] < other[1]
    ELSE \/ one[1] < other[1]   \* G2: first by view, then by height.
         \/ one[1] = other[1] /\ Len(one[2]) < Len(other[2])

---------------------------------------------------------------------------
(* The view change. *)

\* A replica holds at least the highest certificate that it voted upon, perhaps others.
Reports(highest) ==
    {p \in prepared \union {Nothing} :
        ~IsBelow(p, highest) \/ "CommitsAfterViewChange" \in Broken}   \* G3

\* It may have learnt what was committed, from a commit certificate or from a stable checkpoint.
Learnt ==
    committed \union   \* G4
        (IF "CheckpointNeedsNoQuorum" \in Broken
         THEN {p \in prepared : Len(p[2]) % Interval = 0} ELSE {})

\* What a replica still has of the highest certificate, once it jumped from `last` to `next`.
AfterJump(highest, last, next) ==
    IF "ForgetsAtJump" \in Broken /\ next # last /\ Len(highest[2]) <= Len(next[2])
    THEN Nothing ELSE highest   \* G5

\* A power cut, at any time: the votes of the view are kept, too, or they could be cast again.
Restart(r) ==
    /\ stage = "enter" /\ changes[r] = Waits
    /\ kept' = [kept EXCEPT ![r] = IF "KeepsInMemoryOnly" \in Broken THEN Nothing ELSE @]   \* G6
    /\ UNCHANGED <<view, stage, changes, prepares, commits, prepared, committed, base>>

Enter(r) ==
    /\ stage = "enter" /\ changes[r] = Waits
    /\ \/ changes' = [changes EXCEPT ![r] = SitsOut] /\ UNCHANGED <<base, kept>>
       \/ \E last \in {base[r]} \union {c \in Learnt : Len(c[2]) > Len(base[r][2])} :
            /\ base' = [base EXCEPT ![r] = last]
            /\ kept' = [kept EXCEPT ![r] = AfterJump(@, base[r], last)]
            /\ \E p \in IF "ViewChangeHidesPrepared" \in Broken
                         THEN {last} ELSE Reports(kept'[r]) :
                changes' = [changes EXCEPT ![r] = p]
    /\ UNCHANGED <<view, stage, prepares, commits, prepared, committed>>

\* The block that a new view begins with, given what its view changes report.
Begin(reports) == (CHOOSE p \in reports : \A q \in reports : ~IsBelow(p, q))[2]   \* G7

\* What a Byzantine replica may report: what nobody can show can't be the highest.
Lies == prepared \union {Nothing}

Beginnings ==
    IF view = 1 THEN {Genesis}
    ELSE IF "NewViewIsNotRecomputed" \in Broken THEN {p[2] : p \in Lies}
    ELSE LET reports(group) == {changes[r] : r \in group}
         IN UNION {
                \* G8: of a quorum that asks for just this view.
                (IF IsQuorum(Cardinality(group)) THEN {Begin(reports(group))} ELSE {})
                \union
                (IF Certified(group)
                 THEN {Begin(reports(group) \union {lie}) : lie \in Lies} ELSE {})
                : group \in SUBSET Acted(changes)}

---------------------------------------------------------------------------
(* In a view. *)

\* `block` and what stands on it in this view, up to the end of the window over `last`.
Continued(block, last) ==
    LET top == StableHeight(last) + Window   \* G9
        most == IF top < LastHeight THEN top ELSE LastHeight
    IN {block} \union UNION {{block \o more : more \in [1..count -> NewMarks(view)]}
            : count \in 1..(IF most > Len(block) THEN most - Len(block) ELSE 0)}

\* What begins a view is above the window of a replica that has fallen behind, perhaps.
MayPrepareAgain(tip, last) ==
    "KeepsItsOwnWatermark" \in Broken => Len(tip) <= StableHeight(last) + Window

\* The blocks of the chain of `block` from `lowest` upwards.
Upwards(lowest, block) == {SubSeq(block, 1, height) : height \in lowest..Len(block)}

\* What a replica that has committed `last` may have voted for by the end of the view. At most one
\* block at each height, one chain.
Votes(tip, last) ==   \* G10
    IF Len(tip) <= Len(last)
    THEN {Upwards(Len(last) + 1, block) : block \in Continued(last, last) \ {last}}
    ELSE IF ~MayPrepareAgain(tip, last) THEN {}
    ELSE IF "ChainIsReproposedInParts" \in Broken
    THEN {Upwards(Len(last) + 1, block)
            : block \in (Chain(tip) \ Chain(last)) \union Continued(tip, last)}
    ELSE {Upwards(Len(tip), block) : block \in Continued(tip, last)}

Prepare(r) ==
    /\ stage = "prepare" /\ prepares[r] = Waits
    /\ \/ prepares' = [prepares EXCEPT ![r] = SitsOut]
       \/ /\ changes[r] # SitsOut
          /\ \E tip \in Beginnings : \E votes \in Votes(tip, base[r][2]) :
                prepares' = [prepares EXCEPT ![r] = <<1, votes>>]
    /\ UNCHANGED <<view, stage, changes, commits, prepared, committed, kept, base>>

Commit(r) ==
    /\ stage = "commit" /\ commits[r] = Waits   \* G11: nothing after entering a later view.
    /\ \/ commits' = [commits EXCEPT ![r] = SitsOut] /\ UNCHANGED kept
       \/ /\ changes[r] # SitsOut
          /\ \E p \in {p \in IF "CommitsUnprepared" \in Broken
                             THEN {<<view, block>> : block \in
                                {block \in VotedFor : HasPrepared(r, block)}}
                             ELSE prepared :   \* G12
                        p[1] = view /\ Len(p[2]) > Len(base[r][2])} :
                /\ commits' = [commits EXCEPT ![r] = p]
                /\ kept' = [kept EXCEPT ![r] = IF p \in prepared THEN p ELSE @]   \* G13
    /\ UNCHANGED <<view, stage, changes, prepares, prepared, committed, base>>

---------------------------------------------------------------------------

Everybody(what) == [r \in Honest |-> what]

Init ==
    /\ view = 1 /\ stage = "prepare"
    /\ changes = Everybody(Nothing)
    /\ prepares = Everybody(Waits)
    /\ commits = Everybody(Waits)
    /\ prepared = {} /\ committed = {}
    /\ kept = Everybody(Nothing)
    /\ base = Everybody(Nothing)

EndEntering ==
    /\ stage = "enter" /\ Waits \notin {changes[r] : r \in Honest}
    /\ stage' = "prepare"
    /\ UNCHANGED <<view, changes, prepares, commits, prepared, committed, kept, base>>

\* From now on only the certificates matter, not who voted.
EndPreparing ==
    /\ stage = "prepare" /\ Waits \notin {prepares[r] : r \in Honest}
    /\ stage' = "commit"
    /\ prepared' = prepared \union PreparedNow
    /\ prepares' = IF "CommitsUnprepared" \in Broken THEN prepares ELSE Everybody(Waits)
    /\ changes' = [r \in Honest |-> IF changes[r] = SitsOut THEN SitsOut ELSE Waits]
    /\ UNCHANGED <<view, commits, committed, kept, base>>

EndCommitting ==
    /\ stage = "commit" /\ Waits \notin {commits[r] : r \in Honest}
    /\ view < LastView
    /\ stage' = "enter" /\ view' = view + 1
    /\ committed' = committed \union CommittedNow
    /\ commits' = Everybody(Waits)
    /\ prepares' = Everybody(Waits)
    /\ changes' = Everybody(Waits)
    /\ UNCHANGED <<prepared, kept, base>>

Next ==
    \/ \E r \in Honest : Restart(r) \/ Enter(r) \/ Prepare(r) \/ Commit(r)
    \/ EndEntering \/ EndPreparing \/ EndCommitting

Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------
(* What holds in every state. *)

OnOneChain(blocks) == \A one, other \in blocks : Extends(one, other) \/ Extends(other, one)

Agreement == OnOneChain({c[2] : c \in committed \union CommittedNow})

\* What is prepared in one view stands on one chain.
OneChainPerView == \A v \in 1..view : OnOneChain({p[2] : p \in {p \in prepared : p[1] = v}})

\* Whatever is as high as a commit certificate, or higher, stands on what that commits.
CommittedIsKept ==
    \A c \in committed : \A p \in prepared : IsBelow(p, c) \/ Extends(p[2], c[2])

---------------------------------------------------------------------------
(* Liveness as an invariant: no state is a trap. *)

\* Whatever was said before, and with every Byzantine replica silent from now on: the view changes
\* of the honest replicas let the view begin so that all of them can vote for its tip, whatever
\* other certificates each of them holds and has acted upon. Once it is committed, and the
\* checkpoint at or below it is signed, there is room for another block.
TheViewCanBegin ==
    (stage = "enter" /\ Acted(changes) = Honest) =>
        LET tip == Begin({changes[r] : r \in Honest})
        IN /\ IsQuorum(Cardinality(Honest))
           /\ \A r \in Honest :
                /\ Extends(tip, base[r][2])
                /\ tip = base[r][2] \/ MayPrepareAgain(tip, base[r][2])
           /\ Len(tip) < StableHeight(tip) + Window

---------------------------------------------------------------------------
(* Must fail: they say that the model does nothing. *)

NothingIsCommitted == committed = {}
NothingIsReproposed == \A p \in prepared : p[2][Len(p[2])] \in NewMarks(p[1])
NothingStandsOnACheckpoint ==
    \A r \in Honest : base[r] # Nothing =>
        \A c \in CommittedNow : Len(c[2]) <= Len(base[r][2])

Alike == Permutations(Honest)
=============================================================================
