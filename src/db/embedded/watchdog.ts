import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import type { Account } from './account.ts'

export interface Watchdog {
  /** To be called when PostgreSQL has exited. */
  dismiss(): void
}

/**
 * Reads a pipe whose other end only the server holds: end of file means that the server has died, `done` that
 * PostgreSQL has exited. It is a shell script, because a shell starts in a millisecond and needs less than 1 MB, while
 * a second Node needs 45; initdb needs a shell anyway. It ignores the signals that a terminal or a service manager
 * sends to a whole process group, because the server must be able to drain before the database stops.
 */
const script = `
trap '' INT HUP TERM QUIT PIPE
while read -r line; do [ "$line" = done ] && exit 0; done
for signal in INT QUIT KILL; do
  kill -$signal "$1" 2>/dev/null || exit 0
  i=0
  while [ $i -lt 50 ]; do kill -0 "$1" 2>/dev/null || exit 0; sleep 0.1 || sleep 1; i=$((i + 1)); done
done`

/** Stops this postgres if this server dies. A watchdog that is killed is replaced. */
export function watch(pid: number, account: Account | undefined): Watchdog {
  let dismissed = false
  let pipe: Socket | undefined

  const startWatchdog = (): void => {
    if (dismissed) return
    // Runs as the unprivileged account, so that if the pid is reused it can hardly signal anything else.
    const shell = spawn('/bin/sh', ['-c', script, 'notes-watchdog', String(pid)], {
      ...account,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    shell.unref()
    shell.once('error', () => setTimeout(startWatchdog, 1_000).unref())
    shell.once('exit', () => setTimeout(startWatchdog, 50).unref())
    if (shell.stdin instanceof Socket) {
      pipe = shell.stdin
      pipe.unref()
      pipe.on('error', () => {})
    }
  }

  startWatchdog()
  return {
    dismiss: () => {
      dismissed = true
      pipe?.end('done\n')
    },
  }
}
