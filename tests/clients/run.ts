import { spawn } from 'node:child_process'
import type { Run } from './generator.ts'

/** Settings that ask generators not to report their use. */
const QUIET = { DO_NOT_TRACK: '1', CI: 'true', NO_COLOR: '1' }

/**
 * Each command gets its own process group, which is killed when time is up or `signal` is aborted: build tools start
 * other processes, which would otherwise go on.
 */
export function runner(directory: string, signal: AbortSignal): Run {
  return (command, args, options = {}) =>
    new Promise<string>((resolve, reject) => {
      const line = [command, ...args].join(' ')
      if (signal.aborted) return reject(new Error(`${line}: interrupted`))
      const child = spawn(command, args, {
        cwd: options.cwd ?? directory,
        env: { ...process.env, FORCE_COLOR: undefined, ...QUIET, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      })
      const chunks: string[] = []
      let ended: string | undefined
      const end = (why: string): void => {
        ended = why
        killGroup(child.pid)
      }
      const interrupt = (): void => end('interrupted')
      const seconds = options.seconds ?? 600
      const late = setTimeout(() => end(`took longer than ${seconds} s`), seconds * 1_000)
      signal.addEventListener('abort', interrupt)
      const finish = (): void => {
        clearTimeout(late)
        signal.removeEventListener('abort', interrupt)
      }
      child.stdout.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => chunks.push(text))
      child.once('error', (error) => {
        finish()
        reject(error)
      })
      child.once('close', (code, killedBy) => {
        finish()
        killGroup(child.pid)
        const output = chunks.join('')
        if (ended === undefined && code === 0) resolve(output)
        else reject(new Error(`$ ${line}\n${output}\n${ended ?? `ended with ${code ?? killedBy}`}`))
      })
    })
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of them have exited already.
  }
}
