/** One kind of old rows: deletes them in small pieces, and gives up between two of them when it is to stop. */
export type Chore = (isStopping: () => boolean) => Promise<void>

const EVERY_MS = 10 * 60_000

/**
 * Does the chores now and every ten minutes. Every server of a database does so; rows that another one is deleting are
 * passed over, and what fails is told and tried again the next time. Answers how to stop it.
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
