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
    Window,          \* heights above the stable checkpoint that are voted for
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
    changes,    \* what each honest replica said on entering it: <<stable checkpoint, prepared>>
    prepares,   \* of each in it: <<lowest height, highest block>> it voted to prepare
    commits,    \* of each in it: the highest block it voted to commit
    prepared,   \* the prepared certificates of this view and those before, each <<view, block>>
    committed,  \* the committed blocks of the views before
    used,       \* the greatest prepared certificate that each voted to commit on
    stable      \* the highest checkpoint that each knows a quorum to have signed

vars == <<view, stage, changes, prepares, commits, prepared, committed, used, stable>>

Waits == <<>>     \* a replica that has not done yet what the stage is for
SitsOut == <<0>>
Nothing == <<0, Genesis>>
Acted(acts) == {r \in Honest : acts[r] \notin {Waits, SitsOut}}

---------------------------------------------------------------------------
(* Certificates. *)

Total == Cardinality(Honest) + Byzantine + Silent
IsQuorum(power) ==
    CASE "WeakQuorumIsEnough" \in Broken -> 3 * power > Total
      [] "EverybodyIsQuorum" \in Broken -> power = Total
      [] OTHER -> 3 * power > 2 * Total
Certified(voters) == IsQuorum(Cardinality(voters) + Byzantine)

HasPrepared(r, block) ==
    /\ r \in Acted(prepares)
    /\ prepares[r][1] <= Len(block)
    /\ Extends(prepares[r][2], block)

VotedFor == UNION {Chain(prepares[r][2]) : r \in Acted(prepares)}
PreparedNow ==
    {<<view, block>> : block \in
        {block \in VotedFor : Certified({r \in Honest : HasPrepared(r, block)})}}

CommittedNow ==
    {block \in UNION {Chain(commits[r][2]) : r \in Acted(commits)} :
        Certified({r \in Acted(commits) : Extends(commits[r][2], block)})}

\* Blocks whose state a quorum has signed, or may have: who holds a commit certificate may sign.
Stable ==
    {block \in committed \union
        (IF "CheckpointNeedsNoQuorum" \in Broken THEN {p[2] : p \in prepared} ELSE {}) :
        Len(block) % Interval = 0}

\* Of prepared certificates: first by view, then by height.
IsBelow(one, other) ==
    IF "LongestChainWins" \in Broken
    THEN \/ Len(one[2]) < Len(other[2])
         \/ Len(one[2]) = Len(other[2]) /\ one[1] < other[1]
    ELSE \/ one[1] < other[1]
         \/ one[1] = other[1] /\ Len(one[2]) < Len(other[2])

---------------------------------------------------------------------------
(* The view change. *)

StandsOn(p, base) == p # Nothing /\ p[2] # base /\ Extends(p[2], base)

\* A replica holds at least the certificates that it acted upon, perhaps others; it reports the
\* greatest that stands on its stable checkpoint.
Reports(r, base) ==
    LET kept == IF "TruncatesBeforeStable" \in Broken
                THEN {b \in committed : Extends(b, base)} \union {base}
                ELSE {base}
    IN UNION {{p \in prepared \union {Nothing} :
            /\ StandsOn(p, least) \/ p = Nothing
            /\ StandsOn(used[r], least) => ~IsBelow(p, used[r])
               \/ "CommitsAfterViewChange" \in Broken}
        : least \in kept}

Enter(r) ==
    /\ stage = "enter" /\ changes[r] = Waits
    /\ \/ changes' = [changes EXCEPT ![r] = SitsOut] /\ UNCHANGED stable
       \/ \E base \in {stable[r]} \union {b \in Stable : Len(b) > Len(stable[r])} :
            /\ stable' = [stable EXCEPT ![r] = base]
            /\ \E p \in IF "ViewChangeHidesPrepared" \in Broken THEN {Nothing}
                        ELSE Reports(r, base) :
                changes' = [changes EXCEPT ![r] = <<base, p>>]
    /\ UNCHANGED <<view, stage, prepares, commits, prepared, committed, used>>

\* Where a new view begins, given what its view changes say: <<checkpoint, tip>>. The tip is the
\* checkpoint if nothing that stands on it was prepared.
Begin(said) ==
    LET base == CHOOSE b \in {s[1] : s \in said} : \A s \in said : Len(s[1]) <= Len(b)
        above == {p \in {s[2] : s \in said} :
            IF "WatermarksAreOnlyNumbers" \in Broken THEN Len(p[2]) > Len(base)
            ELSE StandsOn(p, base)}
    IN IF above = {} THEN <<base, base>>
       ELSE <<base, (CHOOSE p \in above : \A q \in above : ~IsBelow(p, q))[2]>>

\* What a Byzantine replica may report: what else it could say makes no difference.
Lies == {<<base, Nothing>> : base \in Stable \union {Genesis}}
    \union {<<Genesis, p>> : p \in prepared}

Beginnings ==
    IF view = 1 THEN {<<Genesis, Genesis>>}
    ELSE IF "NewViewIsNotRecomputed" \in Broken
    THEN {<<Genesis, Genesis>>} \union {<<Genesis, p[2]>> : p \in prepared}
    ELSE LET said(group) == {changes[r] : r \in group}
         IN UNION {
                (IF IsQuorum(Cardinality(group)) THEN {Begin(said(group))} ELSE {})
                \union
                (IF Certified(group) THEN {Begin(said(group) \union {lie}) : lie \in Lies} ELSE {})
                : group \in SUBSET Acted(changes)}

---------------------------------------------------------------------------
(* In a view. *)

IsWithinWindow(block, base) == Len(block) > Len(base) /\ Len(block) <= Len(base) + Window

\* `block`, with children of this view, up to the last height.
Continued(block) ==
    UNION {{block \o more : more \in [1..count -> NewMarks(view)]}
        : count \in 0..(LastHeight - Len(block))}

\* What a replica on this stable checkpoint may have voted for by the end of the view.
Votes(beginning, base) ==
    LET tip == beginning[2]
        isReproposed == tip # beginning[1] /\ Len(tip) > Len(base)
        last == Longer(tip, base)
        whole == IF isReproposed THEN {<<Len(tip), block>> : block \in Continued(tip)}
                 ELSE {<<Len(last) + 1, block>> : block \in Continued(last) \ {last}}
        parts == IF "ChainIsReproposedInParts" \in Broken /\ isReproposed
                 THEN {<<Len(base) + 1, block>>
                        : block \in (Chain(tip) \ Chain(base)) \union Continued(tip)}
                 ELSE {}
    IN {vote \in whole \union parts : IsWithinWindow(vote[2], base)}

\* The new view shows its checkpoint, so whoever lacks that takes it over.
BaseOf(r, shown) ==
    IF "KeepsItsOwnWatermark" \in Broken THEN stable[r] ELSE Longer(stable[r], shown)

Prepare(r) ==
    /\ stage = "prepare" /\ prepares[r] = Waits
    /\ \/ prepares' = [prepares EXCEPT ![r] = SitsOut] /\ UNCHANGED stable
       \/ /\ changes[r] # SitsOut
          /\ \E beginning \in Beginnings :
                LET base == BaseOf(r, beginning[1])
                IN \E vote \in Votes(beginning, base) :
                    /\ prepares' = [prepares EXCEPT ![r] = vote]
                    /\ stable' = [stable EXCEPT ![r] = base]
    /\ UNCHANGED <<view, stage, changes, commits, prepared, committed, used>>

Commit(r) ==
    /\ stage = "commit" /\ commits[r] = Waits
    /\ \/ commits' = [commits EXCEPT ![r] = SitsOut] /\ UNCHANGED used
       \/ /\ changes[r] # SitsOut
          /\ \E p \in {p \in IF "CommitsUnprepared" \in Broken
                             THEN {<<view, block>> : block \in
                                {block \in VotedFor : HasPrepared(r, block)}}
                             ELSE prepared :
                        p[1] = view /\ Len(p[2]) > Len(stable[r])} :
                /\ commits' = [commits EXCEPT ![r] = p]
                /\ used' = [used EXCEPT ![r] = IF p \in prepared THEN p ELSE @]
    /\ UNCHANGED <<view, stage, changes, prepares, prepared, committed, stable>>

---------------------------------------------------------------------------

Everybody(what) == [r \in Honest |-> what]

Init ==
    /\ view = 1 /\ stage = "prepare"
    /\ changes = Everybody(<<Genesis, Nothing>>)
    /\ prepares = Everybody(Waits)
    /\ commits = Everybody(Waits)
    /\ prepared = {} /\ committed = {}
    /\ used = Everybody(Nothing)
    /\ stable = Everybody(Genesis)

EndEntering ==
    /\ stage = "enter" /\ Waits \notin {changes[r] : r \in Honest}
    /\ stage' = "prepare"
    /\ UNCHANGED <<view, changes, prepares, commits, prepared, committed, used, stable>>

\* From now on only the certificates matter, not who voted.
EndPreparing ==
    /\ stage = "prepare" /\ Waits \notin {prepares[r] : r \in Honest}
    /\ stage' = "commit"
    /\ prepared' = prepared \union PreparedNow
    /\ prepares' = IF "CommitsUnprepared" \in Broken THEN prepares ELSE Everybody(Waits)
    /\ changes' = [r \in Honest |-> IF changes[r] = SitsOut THEN SitsOut ELSE Waits]
    /\ UNCHANGED <<view, commits, committed, used, stable>>

EndCommitting ==
    /\ stage = "commit" /\ Waits \notin {commits[r] : r \in Honest}
    /\ view < LastView
    /\ stage' = "enter" /\ view' = view + 1
    /\ committed' = committed \union CommittedNow
    /\ commits' = Everybody(Waits)
    /\ prepares' = Everybody(Waits)
    /\ changes' = Everybody(Waits)
    /\ UNCHANGED <<prepared, used, stable>>

Next ==
    \/ \E r \in Honest : Enter(r) \/ Prepare(r) \/ Commit(r)
    \/ EndEntering \/ EndPreparing \/ EndCommitting

Spec == Init /\ [][Next]_vars

---------------------------------------------------------------------------
(* What holds in every state. *)

OnOneChain(blocks) == \A one, other \in blocks : Extends(one, other) \/ Extends(other, one)

Agreement == OnOneChain(committed \union CommittedNow)

\* What is prepared in one view stands on one chain.
OneChainPerView == \A v \in 1..view : OnOneChain({p[2] : p \in {p \in prepared : p[1] = v}})

\* What was committed, later views only continue.
CommittedIsKept ==
    \A block \in committed : \A p \in prepared :
        p[1] = view => Extends(p[2], block) \/ Extends(block, p[2])

---------------------------------------------------------------------------
(* Liveness as an invariant: no state is a trap. *)

\* Whatever was said before, and with every Byzantine replica silent from now on: the view changes
\* of the honest replicas, each of which may hold other certificates and checkpoints, let the view
\* begin so that all of them can vote for its tip; and then either there is room for another
\* block, or a checkpoint at or below the tip will make room.
TheViewCanBegin ==
    (stage = "enter" /\ Acted(changes) = Honest) =>
        LET beginning == Begin({changes[r] : r \in Honest})
            base == beginning[1]
            tip == beginning[2]
            isChecked(r, change) ==
                "CheckpointIsNotProved" \in Broken => Extends(stable[r], change[1])
        IN /\ \A r \in Honest :
                /\ IsQuorum(Cardinality({q \in Honest : isChecked(r, changes[q])}))
                /\ Extends(base, stable[r])
                /\ tip # base => IsWithinWindow(tip, BaseOf(r, base))
           /\ \/ Len(tip) < Len(base) + Window
              \/ \E height \in Len(base) + 1..Len(tip) : height % Interval = 0

---------------------------------------------------------------------------
(* Must fail: they say that the model does nothing. *)

NothingIsCommitted == committed = {}
NothingIsReproposed == \A p \in prepared : p[2][Len(p[2])] \in NewMarks(p[1])
NothingStandsOnACheckpoint ==
    \A block \in CommittedNow : \A r \in Honest : Len(stable[r]) \in {0, Len(block)}

Alike == Permutations(Honest)
=============================================================================
