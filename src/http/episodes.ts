/** What happened between the beginning and the end of an episode. */
export interface Episode {
  readonly count: number
  readonly seconds: number
}

/** Tells once that something has begun to happen, and once that it has stopped, however often it happens meanwhile. */
export interface Episodes {
  /** It has happened. */
  readonly note: () => void
  /** How often it has happened so far, in all episodes. */
  readonly count: () => number
}

/** An episode ends when nothing has happened for so many milliseconds. */
const QUIET = 5_000

export function createEpisodes(onBegin: () => void, onEnd: (episode: Episode) => void, quietMs = QUIET): Episodes {
  let total = 0
  let current: { readonly beganAt: number; readonly before: number } | undefined
  let latest = 0
  const look = (timer: NodeJS.Timeout): void => {
    if (current === undefined || performance.now() - latest < quietMs) return void timer.refresh()
    onEnd({ count: total - current.before, seconds: Math.round((latest - current.beganAt) / 1_000) })
    current = undefined
  }
  return {
    note: () => {
      latest = performance.now()
      if (current === undefined) {
        current = { beganAt: latest, before: total }
        onBegin()
        const timer: NodeJS.Timeout = setTimeout(() => look(timer), quietMs).unref()
      }
      total += 1
    },
    count: () => total,
  }
}
