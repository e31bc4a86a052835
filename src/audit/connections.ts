import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A connection as Linux shows it in /proc/net. */
export interface Socket {
  readonly protocol: 'tcp' | 'udp'
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  /** `open` also for one that is being established, and for UDP with a fixed other end. */
  readonly state: 'open' | 'listening' | 'other'
  readonly inode: string
}

const STATES: Readonly<Record<string, Socket['state']>> = { '01': 'open', '02': 'open', '0A': 'listening' }

/** All TCP and UDP sockets of this network namespace. Throws where there is no /proc (any system but Linux). */
export function listSockets(): Socket[] {
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    [protocol, `${protocol}6`]
      .filter((name) => existsSync(`/proc/net/${name}`))
      .flatMap((name) => {
        const lines = readFileSync(`/proc/net/${name}`, 'utf8').trim().split('\n').slice(1)
        return lines.map((line) => {
          const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
          const [address = '', port = ''] = remote.split(':')
          return {
            protocol,
            localPort: Number.parseInt(local.split(':')[1] ?? '', 16),
            remoteAddress: decodeAddress(address),
            remotePort: Number.parseInt(port, 16),
            state: STATES[state] ?? 'other',
            inode,
          }
        })
      }),
  )
}

/** The processes that hold a socket. Other users' processes cannot be inspected and are left out. */
export function holdersOf(inode: string): number[] {
  return processes().filter((pid) => socketsOf(pid).has(inode))
}

/** These processes and all that they have started, directly or not, and that still have them as parents. */
export function withDescendants(pids: readonly number[]): number[] {
  const parents = processes().map((pid) => [pid, parentOf(pid)] as const)
  const family = new Set(pids)
  for (let size = 0; size < family.size;) {
    size = family.size
    for (const [pid, parent] of parents) if (parent !== undefined && family.has(parent)) family.add(pid)
  }
  return [...family]
}

function processes(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** undefined if the process has ended. */
function parentOf(pid: number): number | undefined {
  try {
    const [, parent] = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(parent)
  } catch {
    return undefined
  }
}

/** The inodes of the sockets that a process holds. */
export function socketsOf(pid: number): Set<string> {
  try {
    const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`))
    return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []))
  } catch {
    return new Set()
  }
}

/** The effective user of a process; undefined if it has ended. */
export function userOf(pid: number): number | undefined {
  try {
    const [, uid] = /^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(uid)
  } catch {
    return undefined
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** `0100007F` is 127.0.0.1: hexadecimal words in the machine's byte order. */
function decodeAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)))
  const isMapped = bytes.length === 16 && bytes.slice(0, 12).every((byte, index) => byte === (index < 10 ? 0 : 255))
  if (bytes.length === 4 || isMapped) return bytes.slice(-4).join('.')
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
