import {
  type FeedPosition,
  type LogState,
  mustStartAgain,
  type OwnersNotice,
  type OwnersPlace,
} from './core/read-changes.ts'

/** Delivers to streams the changes of their owners, with one statement for all streams, every quarter of a second. */
export interface ChangeHub {
  /**
   * The changes of an owner after a position, in order, until the signal is aborted: first the existing ones, then
   * `ready` once, then each as it comes. Ends early if a tombstone that it has yet to read has been deleted; a reader
   * who comes back is told to start again. Throws when the database cannot be read.
   */
  readonly follow: (ownerId: string, from: FeedPosition, signal: AbortSignal) => AsyncGenerator<OwnersNotice | 'ready'>
  /** Stops polling the database. */
  readonly stop: () => void
}

interface HubOptions {
  /** Reads the changes after each of these places, up to `limit` per owner, ordered by owner and place. */
  readonly read: (positions: readonly OwnersPlace[], limit: number) => Promise<readonly OwnersNotice[]>
  readonly readState: (ownerId: string) => Promise<LogState>
  /** Called once for all streams when their changes cannot be read. Those streams end. */
  readonly onFailure: (error: unknown) => void
  readonly pollMs?: number
}

/** A stream that has caught up and waits for the next changes. */
interface Follower {
  readonly ownerId: string
  /** The place of the last change in `batch`, or of the last change that the stream has taken. */
  after: number
  /** Changes not taken yet. Until they are, nothing more is read for this follower, so a slow one costs no memory. */
  batch: readonly OwnersNotice[]
  wake: (failure?: unknown) => void
}

const POLL_MS = 250
const BATCH = 100

export function createChangeHub({ read, readState, onFailure, pollMs = POLL_MS }: HubOptions): ChangeHub {
  const followers = new Set<Follower>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const poll = async (): Promise<void> => {
    const waiting = [...followers].filter(({ batch }) => batch.length === 0)
    let wait = pollMs
    try {
      const found = waiting.length === 0 ? [] : await read(earliestPlaces(waiting), BATCH)
      const notices = Map.groupBy(found, ({ owner_id }) => owner_id)
      for (const follower of waiting) deliver(follower, notices.get(follower.ownerId) ?? [])
      // A full batch: there may be more, so read on at once.
      if ([...notices.values()].some(({ length }) => length === BATCH)) wait = 0
    } catch (error) {
      if (waiting.length > 0) onFailure(error)
      for (const { wake } of waiting) wake(error)
    }
    schedule(wait)
  }
  const schedule = (wait: number): void => {
    timer = followers.size === 0 || isStopped ? undefined : setTimeout(() => void poll(), wait).unref()
  }
  const add = (follower: Follower): void => {
    followers.add(follower)
    if (timer === undefined) schedule(pollMs)
  }

  return {
    follow: async function* follow(ownerId, { seq, floor }, signal) {
      let place = seq
      for (let caughtUp = false; !caughtUp && !signal.aborted;) {
        const notices = await read([{ ownerId, after: place }], BATCH)
        // Afterwards, so that the batch is complete if nothing is missing now.
        if (mustStartAgain({ seq: place, floor }, await readState(ownerId))) return
        yield* notices
        place = notices.at(-1)?.seq ?? place
        caughtUp = notices.length < BATCH
      }
      if (signal.aborted) return
      yield 'ready'
      const follower: Follower = { ownerId, after: place, batch: [], wake: () => undefined }
      add(follower)
      try {
        while (!signal.aborted) {
          await nextBatch(follower, signal)
          yield* follower.batch
          follower.batch = []
        }
      } finally {
        followers.delete(follower)
      }
    },
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}

/** For each owner, the earliest place at which one of its streams waits; each stream skips what it has. */
function earliestPlaces(waiting: readonly Follower[]): OwnersPlace[] {
  const places = new Map<string, number>()
  for (const { ownerId, after } of waiting) places.set(ownerId, Math.min(after, places.get(ownerId) ?? after))
  return [...places].map(([ownerId, after]) => ({ ownerId, after }))
}

function deliver(follower: Follower, notices: readonly OwnersNotice[]): void {
  const fresh = notices.filter(({ seq }) => seq > follower.after)
  const last = fresh.at(-1)
  if (last === undefined) return
  follower.batch = fresh
  follower.after = last.seq
  follower.wake()
}

/** Resolves when there is a batch or the signal is aborted. */
function nextBatch(follower: Follower, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (follower.batch.length > 0 || signal.aborted) return resolve()
    const stop = (): void => follower.wake()
    follower.wake = (failure) => {
      signal.removeEventListener('abort', stop)
      if (failure === undefined) resolve()
      else reject(failure)
    }
    signal.addEventListener('abort', stop, { once: true })
  })
}
