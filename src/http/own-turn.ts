/**
 * Makes a function that resolves in a turn of the event loop which nothing else that it was called for gets. Pieces of
 * work that take milliseconds each, of many requests at once, then delay other requests by one piece, not by all.
 */
export function createOwnTurns(): () => Promise<void> {
  const waiting: (() => void)[] = []
  const next = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(next)
    })
}
