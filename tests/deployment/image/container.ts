/** Runs a container without a Docker engine: by bubblewrap, as the user of the image, without any capability. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { until } from '../../support/process.ts'
import type { Service } from '../promises.ts'
import { machine } from './machine.ts'

export interface Options {
  /** The directory with the files of the image. */
  readonly root: string
  readonly user: { readonly uid: number; readonly gid: number }
  readonly directory?: string
  readonly env: Readonly<Record<string, string>>
  readonly command: readonly string[]
  /** Its `read_only`, `init`, `volumes` and `tmpfs` are obeyed. */
  readonly service: Service
  /** Where the named volumes are. They are made as Docker makes them. */
  readonly volumes: string
  /** More directories of the machine, for what the container would reach through a network. */
  readonly sockets?: Readonly<Record<string, string>>
}

export interface Container {
  /** The process of the command, as the machine numbers it. */
  readonly pid: number
  readonly output: () => string
  /** As `docker compose exec`: runs a command in the container and returns its exit code and output. */
  readonly exec: (command: readonly string[], seconds?: number) => Promise<{ code: unknown; output: string }>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly exit: Promise<number | NodeJS.Signals | null>
}

const strings = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : [])

export async function runContainer(options: Options): Promise<Container> {
  const { user, env, service, directory = '/' } = options
  const become = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups']
  const isolation = '--unshare-user --unshare-pid --unshare-net --unshare-ipc --unshare-uts --die-with-parent'.split(
    ' ',
  )
  // Its own first process passes on no signals, but ends with the command's code: the test signals the command itself.
  const first = service['init'] === true ? [] : ['--as-pid-1']
  const inside = ['--cap-drop', 'ALL', '--chdir', directory, '--info-fd', '3', '--', ...options.command]
  const args = [...become, 'bwrap', ...isolation, ...first, ...mountsOf(options), ...inside]
  const child = spawn('setpriv', args, { env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const exit = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  const pid = await commandOf(child, first.length > 0, () => said)
  const enter = ['-t', String(pid), '-U', '-m', '-p', '-n', '-i', '-u', '-S', String(user.uid), '-G', String(user.gid)]
  return {
    pid,
    output: () => said,
    exec: (command, seconds = 20) =>
      new Promise((resolve) => {
        const all = [...enter, '-w', '--', 'setpriv', '--no-new-privs', ...command]
        execFile('nsenter', all, { env, timeout: seconds * 1_000 }, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : (error.code ?? error.signal), output: stdout + stderr })
        })
      }),
    signal: (signal) => {
      // Its number may be another process's by then.
      if (child.exitCode === null && child.signalCode === null) process.kill(pid, signal)
    },
    exit,
  }
}

function mountsOf({ root, service, volumes, sockets = {} }: Options): string[] {
  const places = Object.entries(sockets).map(([inside, outside]) => ['--bind', outside, inside])
  const named = strings(service['volumes']).map((volume) => {
    const [name = '', inside = ''] = volume.split(':')
    return ['--bind', makeVolume(join(volumes, name), join(root, inside)), inside]
  })
  const temporary = strings(service['tmpfs']).map((line) => {
    const [inside = '', options = ''] = line.split(':')
    const mode = /mode=(\d+)/.exec(options)?.[1]
    return [...(mode === undefined ? [] : ['--perms', mode]), '--tmpfs', inside]
  })
  for (const place of [...Object.keys(sockets), ...strings(service['tmpfs']).map((line) => line.split(':')[0] ?? '')])
    mkdirSync(join(root, place), { recursive: true })
  const isReadOnly = service['read_only'] === true
  const bare = [isReadOnly ? '--ro-bind' : '--bind', root, '/', ...machine.mounts]
  const kernel = ['--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev']
  return [...bare, ...kernel, ...[...temporary, ...named, ...places].flat()]
}

/** A new volume gets the files, owner and mode of the directory of the image; without one it belongs to root. */
function makeVolume(directory: string, original: string): string {
  if (existsSync(directory)) return directory
  mkdirSync(directory, { recursive: true })
  if (!existsSync(original)) mkdirSync(original, { recursive: true, mode: 0o755 })
  cpSync(original, directory, { recursive: true })
  const { uid, gid, mode } = statSync(original)
  chownSync(directory, uid, gid)
  chmodSync(directory, mode)
  return directory
}

/** bubblewrap tells its first process in the container, whose only child is the command. */
async function commandOf(child: ChildProcess, isFirst: boolean, said: () => string): Promise<number> {
  let told = ''
  ;(child.stdio[3] as Readable).setEncoding('utf8').on('data', (text: string) => (told += text))
  let pid = 0
  await until('the command of the container runs', () => {
    if (child.exitCode !== null) throw new Error(`The container ended with ${child.exitCode}: ${said()}`)
    const first = Number(/"child-pid": (\d+)/.exec(told)?.[1] ?? 0)
    if (first === 0) return false
    pid = isFirst ? first : Number(childrenOf(first)[0] ?? 0)
    return pid !== 0 && nameOf(pid) !== 'bwrap'
  })
  return pid
}

function childrenOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean)
  } catch {
    return []
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return 'bwrap'
  }
}
