/* The credentials protocol of docs/credentials.md, for spin.
 *
 * N processes share one store and one service. Each fault has a budget, so that
 * faults stop. A write compares the whole record in the store. No two versions
 * of a record are equal, because each holds the random id of the last lock owner.
 * `stale[i]` therefore means: the record is not the one that process i last read
 * or wrote.
 *
 * Credentials are numbers: the first registration makes 1, the next 2.
 *
 * Planted defects; spec/model/run must find each:
 *   BUG_A  writes unsaved credentials without a comparison
 *   BUG_B  writes although it has lost the lock
 *   BUG_C  waits forever for the lock of a process that has died
 *   BUG_D  reads the credentials before it takes the lock, but not after
 *   BUG_E  registers without checking that it still holds the lock
 *   BUG_F  reports a failure although a token is valid
 */

#ifndef N
#define N 2
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef PAUSES          /* a lock is taken over from a holder that is still running */
#define PAUSES 0
#endif
#ifndef BAD_WRITES      /* a store write fails, or its reply gets lost */
#define BAD_WRITES 0
#endif
#ifndef LOST            /* a response of the service gets lost */
#define LOST 0
#endif
#ifndef REVOKES         /* the service forgets the stored credentials */
#define REVOKES 0
#endif
#ifndef ENDS            /* a token becomes due or ends */
#define ENDS 0
#endif
#define MOST 12

/* The store: the credentials record, and the access record. */
byte credentials;
byte token;             /* the credentials that the token was issued to */
byte token_state;       /* NONE, DUE (valid, to be renewed) or FRESH */
bool failure;
byte lock;              /* 0, or the owner's number + 1 */

#define NONE 0
#define DUE 1
#define FRESH 2

/* The service. */
byte registrations;
bool valid[MOST];
bool refused[MOST];

/* Processes. */
bool stale[N];
bool holding[N];        /* the process runs, and has not noticed a loss of the lock */
bool crash[N];
bool wanted[N];         /* something happened: the process needs a token again */
bool done[N];

byte crashes = CRASHES, pauses = PAUSES, bad_writes = BAD_WRITES, lost = LOST;
byte revokes = REVOKES, ends = ENDS;

/* Each registration after the first needs a loss or a fault as its cause. */
byte losses, faults;

inline record_written(i) {
  stale[0] = true;
  stale[1] = true;
#if N > 2
  stale[2] = true;
#endif
  stale[i] = false
}

/* The condition of a write: the record is as this process read or wrote it last. */
#ifdef BUG_B
#define MINE true
#else
#define MINE (!stale[me])
#endif

proctype Process(byte me) {
  byte have;              /* the credentials in use */
  byte fresh;             /* registered, and not yet stored */
  byte expected;          /* the stored credentials that `fresh` may replace */
  byte unsaved, unsaved_expected;
  byte refusal;           /* the credentials that the service refused */
  byte seen_token, seen_state, seen_lock;
  bool seen_failure;

again: {
  skip;
begin:
#ifdef BUG_D
read:
  have = credentials;
#endif
  atomic {
    seen_token = token; seen_state = token_state; seen_lock = lock;
    seen_failure = failure;
    stale[me] = false;
    if
    :: seen_state != NONE && seen_token == refusal -> seen_state = NONE
    :: else
    fi
  }
#ifdef BUG_F
  if
  :: seen_failure -> assert(seen_state == NONE) /* reported to the caller */
  :: else
  fi;
#endif
  if
  :: seen_state == FRESH -> goto use
  :: seen_state == DUE && (seen_failure || seen_lock != 0) -> goto use
  :: else
  fi;

  /* Takes the lock if it is free, or if its owner is gone or paused. */
  if
  :: atomic { (seen_lock != 0 && stale[me]) -> goto begin }
#ifndef BUG_C
  :: atomic { (seen_lock != 0 && !stale[me] && !holding[seen_lock - 1]) ->
       lock = me + 1; holding[me] = true; record_written(me) }
#endif
  :: atomic { (seen_lock != 0 && !stale[me] && holding[seen_lock - 1]
         && pauses > 0) ->
       pauses--; faults++;
       lock = me + 1; holding[me] = true; record_written(me) }
  :: atomic { (seen_lock == 0 && !stale[me]) ->
       lock = me + 1; holding[me] = true; record_written(me) }
  :: atomic { (seen_lock == 0 && stale[me]) -> goto begin }
  :: atomic { (seen_lock == 0 && !stale[me] && bad_writes > 0) ->
       bad_writes--; goto begin }
  :: atomic { (seen_lock == 0 && !stale[me] && bad_writes > 0) ->
       bad_writes--; lock = me + 1; record_written(me); goto begin }
  fi;

#ifndef BUG_D
read:
  have = credentials;
#endif
  atomic {
    if
#ifdef BUG_A
    :: unsaved != 0 -> expected = have; fresh = unsaved; goto save
#else
    :: unsaved != 0 && have == unsaved_expected ->
       expected = unsaved_expected; fresh = unsaved; goto save
    :: unsaved != 0 && have != unsaved_expected -> unsaved = 0
#endif
    :: else
    fi;
    if
    :: have == 0 || have == refusal -> expected = have; have = 0
    :: else -> goto ask
    fi
  }

  /* Registers if the lock is still held. One pause costs at most one registration. */
#if !defined(BUG_B) && !defined(BUG_E)
  atomic {
    if
    :: stale[me] -> holding[me] = false; goto begin
    :: else
    fi
  }
#endif
  if
  :: atomic { registrations++; fresh = registrations; valid[fresh] = true;
       assert(registrations <= 1 + losses + faults) }
  :: atomic { lost > 0 -> lost--; goto fail }
  :: atomic { lost > 0 -> lost--;
       registrations++; valid[registrations] = true; faults++;
       assert(registrations <= 1 + losses + faults - 1); goto fail }
  fi;

save:
#ifndef BUG_B
  /* The lock is lost: keeps the credentials in memory and starts again. */
  atomic {
    if
    :: stale[me] -> unsaved = fresh; unsaved_expected = expected; fresh = 0;
       holding[me] = false; goto begin
    :: else
    fi
  }
#endif
  if
#if defined(BUG_A) || defined(BUG_B)
  :: atomic { true ->
       assert(credentials == 0 || refused[credentials]);
       credentials = fresh; have = fresh; fresh = 0; unsaved = 0 }
#else
  :: atomic { credentials == expected ->
       assert(credentials == 0 || refused[credentials]);
       credentials = fresh; have = fresh; fresh = 0; unsaved = 0 }
  :: atomic { credentials != expected -> fresh = 0; unsaved = 0; goto read }
#endif
  :: atomic { bad_writes > 0 -> bad_writes--; faults++;
       unsaved = fresh; unsaved_expected = expected; fresh = 0; goto let_go }
  :: atomic { (bad_writes > 0 && credentials == expected) -> bad_writes--;
       assert(credentials == 0 || refused[credentials]);
       credentials = fresh;
       unsaved = fresh; unsaved_expected = expected; fresh = 0; goto let_go }
  fi;

ask:
  if
  :: atomic { valid[have] }
  :: atomic { !valid[have] -> refused[have] = true; refusal = have;
       goto read }
  :: atomic { lost > 0 -> lost--; goto fail }
  fi;

  /* Stores the token and releases the lock, in one write. */
  if
  :: atomic { MINE -> assert(lock == me + 1);
       token = have; token_state = FRESH; failure = false; lock = 0;
       record_written(me); holding[me] = false }
  :: atomic { !(MINE) -> holding[me] = false }
  :: atomic { bad_writes > 0 -> bad_writes--; holding[me] = false }
  fi;
  seen_token = have;
  goto use;

fail:
  atomic {
    if
    :: MINE -> assert(lock == me + 1);
       failure = true; lock = 0; record_written(me)
    :: else
    fi;
    holding[me] = false; goto begin
  }

  /* The store failed: releases the lock without storing a result. */
let_go:
  atomic {
    if
    :: !stale[me] -> lock = 0; record_written(me)
    :: else
    fi;
    holding[me] = false; goto begin
  }

use:
  atomic {
    if
    :: !valid[seen_token] -> refused[seen_token] = true;
       refusal = seen_token; goto begin
    :: else
    fi;
    /* Sets unused variables to 0, so that spin merges equal states. */
    done[me] = true; have = 0; expected = 0; refusal = 0; seen_token = 0;
    seen_state = 0; seen_failure = false; seen_lock = 0
  }
end_idle:
  atomic { wanted[me] -> wanted[me] = false; done[me] = false; goto begin }
  } unless {
    atomic {
      crash[me] -> crash[me] = false;
      if
      :: fresh != 0 || unsaved != 0 -> faults++
      :: else
      fi;
      have = 0; fresh = 0; expected = 0; unsaved = 0; unsaved_expected = 0;
      refusal = 0; seen_token = 0; seen_state = 0; seen_lock = 0;
      seen_failure = false; holding[me] = false; done[me] = false;
      wanted[me] = false
    }
  };
  goto again
}

/* Injects the faults of processes, tokens and credentials. */
active proctype World() {
end_world:
  do
  :: atomic { crashes > 0 -> crashes--;
       if
       :: crash[0] = true
       :: crash[1] = true
#if N > 2
       :: crash[2] = true
#endif
       fi }
  :: atomic { (revokes > 0 && credentials != 0 && valid[credentials]) ->
       revokes--; losses++; valid[credentials] = false; wanted[0] = true;
       wanted[1] = true
#if N > 2
       ; wanted[2] = true
#endif
     }
  :: atomic { (ends > 0 && token_state == FRESH) -> ends--;
       if
       :: token_state = DUE
       :: token_state = NONE; token = 0
       fi;
       wanted[0] = true; wanted[1] = true
#if N > 2
       ; wanted[2] = true
#endif
     }
  od
}

init {
  atomic {
#ifdef MIXED            /* one search for several sets of faults */
    if
    :: crashes = 1; revokes = 1
    :: pauses = 1; revokes = 1
    :: bad_writes = 1; revokes = 1
    :: lost = 1; revokes = 1
#ifndef PROGRESS
    :: lost = 1; ends = 1
    :: pauses = 1; ends = 1
    :: crashes = 1; bad_writes = 1; lost = 1
    :: pauses = 1; bad_writes = 1
#endif
    fi;
#endif
    run Process(0);
    run Process(1)
#if N > 2
    ; run Process(2)
#endif
  }
}

#if N > 2
ltl every_process_gets_a_token { <> [] (done[0] && done[1] && done[2]) }
#else
ltl every_process_gets_a_token { <> [] (done[0] && done[1]) }
#endif
