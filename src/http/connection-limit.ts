import { readFileSync } from 'node:fs'

/** Twice as many as there may be open event streams. An idle connection costs 16 KiB, so all cost 64 MiB. */
const MAX = 4_096
/** The files that are left to the database, the log and the threads. */
const RESERVED = 256
const LEAST = 16

/**
 * How many connections the server takes at once. Each is an open file. Without a limit, clients could take all files
 * that the system allows the process, and then the server could not reach its database either.
 */
export function connectionLimit(openFiles = allowedFiles()): number {
  return Math.min(MAX, Math.max(LEAST, openFiles - RESERVED))
}

/** Node has raised the soft limit to the hard one. Without /proc we take it that there are enough. */
function allowedFiles(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return Infinity
  }
}
