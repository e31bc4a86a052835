import type { TakeUnits } from '../contract/request/rate-limits.ts'

interface Window {
  used: number
  /** Milliseconds of the clock. */
  readonly endsAt: number
}

/** Beyond this, a new key replaces the one whose window ends first, so the memory is bounded: 25 MiB. */
const MAX_KEYS = 100_000

export interface LocalQuotas {
  readonly take: (...request: Parameters<TakeUnits>) => ReturnType<typeof takeFrom>
  /** How many keys have a window. */
  readonly size: () => number
}

/**
 * Quotas in the memory of this process. The window of a key begins with its first request, so a key gets its quota in
 * each window and no more.
 */
export function createLocalQuotas(clock: () => number = () => performance.now(), maxKeys = MAX_KEYS): LocalQuotas {
  // In the order in which their windows began, which is the order in which they end while all are equally long.
  const windows = new Map<string, Window>()

  const dropEnded = (time: number): void => {
    for (const [key, { endsAt }] of windows) {
      if (endsAt > time && windows.size < maxKeys) return
      windows.delete(key)
    }
  }

  return {
    take: ({ key, quota, windowSeconds, weight }) => {
      const time = clock()
      let window = windows.get(key)
      if (window === undefined || window.endsAt <= time) {
        windows.delete(key)
        dropEnded(time)
        window = { used: 0, endsAt: time + windowSeconds * 1_000 }
        windows.set(key, window)
      }
      return takeFrom(window, { quota, weight, time })
    },
    size: () => windows.size,
  }
}

function takeFrom(window: Window, { quota, weight, time }: { quota: number; weight: number; time: number }) {
  const isAllowed = window.used + weight <= quota
  if (isAllowed) window.used += weight
  // Whole milliseconds: a difference of two floating-point numbers may be more than the window by a trifle.
  const resetSeconds = Math.max(1, Math.ceil(Math.round(window.endsAt - time) / 1_000))
  return { isAllowed, remaining: Math.max(0, quota - window.used), resetSeconds }
}
