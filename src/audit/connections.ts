import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A TCP connection as Linux shows it in /proc/net/tcp. */
export interface TcpSocket {
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly state: 'established' | 'listening' | 'other'
  readonly inode: string
}

/** All TCP sockets of this network namespace. Throws where there is no /proc (any system but Linux). */
export function listSockets(): TcpSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    const lines = readFileSync(file, 'utf8').trim().split('\n').slice(1)
    return lines.map((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
      const [address = '', port = ''] = remote.split(':')
      return {
        localPort: Number.parseInt(local.split(':')[1] ?? '', 16),
        remoteAddress: decodeAddress(address),
        remotePort: Number.parseInt(port, 16),
        state: state === '01' ? 'established' : state === '0A' ? 'listening' : 'other',
        inode,
      } as const
    })
  })
}

/** The processes that hold a socket. Other users' processes cannot be inspected and are left out. */
export function holdersOf(inode: string): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
  return pids.filter((pid) => socketsOf(pid).has(inode))
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

/** The effective user of a process. */
export function userOf(pid: number): number {
  const [, uid] = /^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(uid)
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
