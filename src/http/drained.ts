import type { ServerResponse } from 'node:http'

/**
 * Resolves when the send buffer is empty again. Rejects when it stays full for `idleSeconds`, and when the signal is
 * aborted. Without `idleSeconds` the listener ends a reply that its client does not read; that aborts the signal.
 */
export function drained(response: ServerResponse, signal: AbortSignal, idleSeconds?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = idleSeconds === undefined ? undefined : setTimeout(() => settle(reject), idleSeconds * 1_000)
    const settle = (act: () => void): void => {
      clearTimeout(timer)
      response.off('drain', onDrain)
      signal.removeEventListener('abort', onAbort)
      act()
    }
    const onDrain = (): void => settle(resolve)
    const onAbort = (): void => settle(reject)
    response.once('drain', onDrain)
    signal.addEventListener('abort', onAbort)
    if (signal.aborted) onAbort()
  })
}
