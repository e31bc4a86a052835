/** Deletes one kind of old rows in small batches, and ends after a batch when the server is stopping. */
export type Chore = (isStopping: () => boolean) => Promise<void>

const EVERY_MS = 10 * 60_000

/**
 * Runs the chores now and every ten minutes. Every server of a database does so; each skips rows that another one is
 * deleting. A failure is reported, and the chore runs again the next time. Returns the function that stops it.
 */
export function startHousekeeping(chores: readonly Chore[], onError: (error: unknown) => void): () => Promise<void> {
  let stopping = false
  const round = async (): Promise<void> => {
    for (const chore of chores) {
      if (!stopping) await chore(() => stopping).catch((error: unknown) => (stopping ? undefined : onError(error)))
    }
  }
  let current = round()
  const timer = setInterval(() => {
    current = current.then(round)
  }, EVERY_MS)
  timer.unref()
  return () => {
    stopping = true
    clearInterval(timer)
    return current
  }
}
