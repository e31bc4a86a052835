import { readdirSync, readFileSync } from 'node:fs'

/** Ticks per second of the times in /proc, on every Linux that node runs on. */
const TICKS = 100

interface Times {
  readonly parent: number
  readonly own: number
  /** The time of children that have ended. */
  readonly ended: number
}

/** Processor seconds of a process with all its threads so far; undefined without /proc. */
export function cpuOf(pid: number): number | undefined {
  return timesOf(pid)?.own
}

/** The same for a process and its children, ended ones included: PostgreSQL has one for each connection. */
export function cpuOfFamily(pid: number): number | undefined {
  const head = timesOf(pid)
  if (head === undefined) return undefined
  const children = processes().flatMap((child) => {
    const times = timesOf(child)
    return times?.parent === pid ? [times.own] : []
  })
  return children.reduce((sum, seconds) => sum + seconds, head.own + head.ended)
}

/** proc_pid_stat(5): after the name, which may contain anything, comes the third field. */
function timesOf(pid: number): Times | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  return { parent: field(4), own: (field(14) + field(15)) / TICKS, ended: (field(16) + field(17)) / TICKS }
}

function processes(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
}
