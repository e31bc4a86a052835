import type { OwnersNotice } from './core/read-changes.ts'

/** Tells streams of the changes of their owners: one statement for all of them, every quarter of a second. */
export interface ChangeHub {
  /**
   * The changes of an owner after a place, in order, for as long as the signal is not aborted: first those there are,
   * then `ready` once, then each as it comes. Throws when the database cannot be read.
   */
  readonly follow: (ownerId: string, after: number, signal: AbortSignal) => AsyncGenerator<OwnersNotice | 'ready'>
  /** Stops asking the database. */
  readonly stop: () => void
}

/** How far the reading of an owner's changes has come. */
export interface OwnersPlace {
  readonly ownerId: string
  readonly after: number
}

interface HubOptions {
  /** Changes after each of these places, at most `limit` an owner, in order of owner and place. */
  readonly read: (positions: readonly OwnersPlace[], limit: number) => Promise<readonly OwnersNotice[]>
  readonly pollMs?: number
}

/** A stream that has caught up and waits for what comes. */
interface Follower {
  readonly ownerId: string
  /** The place of the last change in `batch`, or of the last one it has taken. */
  after: number
  /** Not taken yet. While there is one, nothing more is read for this follower, so a slow one costs no memory. */
  batch: readonly OwnersNotice[]
  wake: (failure?: unknown) => void
}

const POLL_MS = 250
const BATCH = 100

export function createChangeHub({ read, pollMs = POLL_MS }: HubOptions): ChangeHub {
  const followers = new Set<Follower>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const poll = async (): Promise<void> => {
    const waiting = [...followers].filter(({ batch }) => batch.length === 0)
    let wait = pollMs
    try {
      const notices = Map.groupBy(await read(earliestPlaces(waiting), BATCH), ({ owner_id }) => owner_id)
      for (const follower of waiting) deliver(follower, notices.get(follower.ownerId) ?? [])
      // There may be more than one batch of them: read on at once.
      if ([...notices.values()].some(({ length }) => length === BATCH)) wait = 0
    } catch (error) {
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
    follow: async function* follow(ownerId, after, signal) {
      let place = after
      for (let caughtUp = false; !caughtUp && !signal.aborted;) {
        const notices = await read([{ ownerId, after: place }], BATCH)
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

/** One place an owner, the earliest of those its streams wait at: each takes what it does not have. */
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
