import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Where PostgreSQL is: a port, or a socket in a directory. */
export interface Upstream {
  readonly host: string
  readonly port: number
}

/** A connection to PostgreSQL, or to another server, that can fail as networks do. */
export interface Proxy {
  readonly port: number
  /** How many connections there were, those that are over included. */
  readonly opened: () => number
  /** How many connections are open that let nothing through. */
  readonly dead: () => number
  /** From now on, each answer comes so many milliseconds later. */
  readonly slow: (milliseconds: number) => void
  /** Resets every connection. */
  readonly cut: () => void
  /** Drops everything silently; connections stay open. */
  readonly swallow: () => void
  /** New connections get through again; the swallowed ones stay dead, as behind a firewall that forgot them. */
  readonly restore: () => void
  readonly close: () => Promise<void>
}

interface ProxyOptions {
  readonly port?: number
  /** The path of a socket on which it listens instead of a port. */
  readonly socket?: string
  /** Changes what PostgreSQL sends. */
  readonly rewrite?: (chunk: Buffer) => Buffer
}

export async function openProxy(
  upstream: Upstream,
  { port = 0, socket, rewrite = (chunk) => chunk }: ProxyOptions = {},
): Promise<Proxy> {
  const pairs = new Set<{ readonly near: Socket; readonly far: Socket; dead: boolean }>()
  let swallowing = false
  let lateness = 0
  let opened = 0
  const server = createServer((near) => {
    const far = connect(
      upstream.host.startsWith('/') ? { path: `${upstream.host}/.s.PGSQL.${upstream.port}` } : upstream,
    )
    const pair = { near, far, dead: swallowing }
    pairs.add(pair)
    opened += 1
    const pass = (to: Socket, change: (chunk: Buffer) => Buffer) => (chunk: Buffer) => {
      if (!pair.dead) to.write(change(chunk))
    }
    near.on(
      'data',
      pass(far, (chunk) => chunk),
    )
    far.on('data', (chunk: Buffer) => {
      if (lateness === 0) pass(near, rewrite)(chunk)
      else setTimeout(pass(near, rewrite), lateness, chunk)
    })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined)
      one.on('close', () => {
        if (one === near) pairs.delete(pair)
        // Pending data still arrives, such as PostgreSQL's last message before it shuts down.
        if (!pair.dead || one === near) other.end(() => other.destroy())
      })
    }
  })
  const place = socket === undefined ? { port, host: '127.0.0.1' } : { path: socket }
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(place, resolve))
  const cut = (): void => {
    for (const { near, far } of pairs) {
      // Only TCP knows a reset.
      if (socket === undefined) near.resetAndDestroy()
      else near.destroy()
      far.destroy()
    }
  }
  return {
    port: socket === undefined ? (server.address() as AddressInfo).port : 0,
    opened: () => opened,
    dead: () => [...pairs].filter(({ dead }) => dead).length,
    slow: (milliseconds) => void (lateness = milliseconds),
    cut,
    swallow: () => {
      swallowing = true
      for (const pair of pairs) pair.dead = true
    },
    restore: () => void (swallowing = false),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}
