import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Account } from './account.ts'

export interface Watchdog {
  /** PostgreSQL is gone, there is nothing left to watch. */
  dismiss(): void
}

/**
 * Reads a pipe that only the server holds: its end means that the server is dead, `done` that PostgreSQL is.
 * A shell, because it boots in a millisecond and stays below 1 MB where a second node takes 45; initdb needs one anyway.
 * Deaf to the signals of a terminal or a service manager, which reach every process of a group:
 * the server must be able to drain before the database stops.
 */
const script = `
trap '' INT HUP TERM QUIT PIPE
while read -r line; do [ "$line" = done ] && exit 0; done
for signal in INT QUIT KILL; do
  kill -$signal "$1" 2>/dev/null || exit 0
  i=0
  while [ $i -lt 50 ]; do kill -0 "$1" 2>/dev/null || exit 0; sleep 0.1 || sleep 1; i=$((i + 1)); done
done`

/** Sees to it that this postgres does not outlive this server. A watchdog that is killed itself is replaced. */
export function watch(pid: number, account: Account | undefined): Watchdog {
  let dismissed = false
  let pipe: Socket | undefined

  const post = (): void => {
    if (dismissed) return
    // The unprivileged account may signal its own postgres and, should the pid ever be reused, hardly anything else.
    const shell = spawn('/bin/sh', ['-c', script, 'notes-watchdog', String(pid)], {
      ...account,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    shell.unref()
    shell.once('error', () => {})
    shell.once('exit', () => setTimeout(post, 50).unref())
    if (shell.stdin instanceof Socket) {
      pipe = shell.stdin
      pipe.unref()
      pipe.on('error', () => {})
    }
  }

  post()
  return {
    dismiss: () => {
      dismissed = true
      pipe?.end('done\n')
    },
  }
}
