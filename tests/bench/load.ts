import { connect, type Socket } from 'node:net'

/** An answer as far as a load generator looks at it. */
export interface Answer {
  readonly status: number
  readonly etag: string | undefined
  readonly body: Buffer
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** What one connection asks, one request after the other; `answered` throws when the answer is wrong. */
export interface Lane {
  readonly next: () => Call
  readonly answered: (answer: Answer) => void
}

export interface Load {
  readonly requests: number
  readonly seconds: number
  /** Milliseconds of each request. */
  readonly latencies: readonly number[]
}

/**
 * Keeps each lane's connection busy for so many seconds, or until there were so many requests. HTTP/1.1 by hand, because a whole client takes as much processor
 * time as the server and would be half of what is measured.
 */
export async function runLoad(port: number, lanes: readonly Lane[], seconds: number, most = Infinity): Promise<Load> {
  const connections = await Promise.all(lanes.map(() => openConnection(port)))
  const latencies: number[] = []
  const started = performance.now()
  const end = started + seconds * 1_000
  try {
    await Promise.all(
      lanes.map(async (lane, index) => {
        const connection = connections[index]
        if (connection === undefined) return
        for (let now = performance.now(); now < end && latencies.length < most;) {
          const answer = await connection.ask(lane.next())
          const answeredAt = performance.now()
          latencies.push(answeredAt - now)
          lane.answered(answer)
          now = answeredAt
        }
      }),
    )
    return { requests: latencies.length, seconds: (performance.now() - started) / 1_000, latencies }
  } finally {
    for (const { close } of connections) close()
  }
}

interface HttpConnection {
  readonly ask: (call: Call) => Promise<Answer>
  readonly close: () => void
}

export async function openConnection(port: number): Promise<HttpConnection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening: Socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(opening))
    opening.once('error', reject)
  })
  let received: Buffer = Buffer.alloc(0)
  let waiting: PromiseWithResolvers<Answer> | undefined
  const fail = (error: Error): void => waiting?.reject(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('The server closed the connection')))
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const whole = readAnswer(received)
    if (whole === undefined) return
    received = received.subarray(whole.length)
    waiting?.resolve(whole.answer)
  })
  return {
    ask: (call) => {
      waiting = Promise.withResolvers<Answer>()
      socket.write(textOf(call))
      return waiting.promise
    },
    close: () => socket.destroy(),
  }
}

function textOf({ method, path, headers = {}, body }: Call): string {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const about =
    text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }
  const all = Object.entries({ Host: '127.0.0.1', Accept: 'application/json', ...about, ...headers })
  return `${method} ${path} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text ?? ''}`
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** undefined until all of it is there. */
function readAnswer(bytes: Buffer): { readonly answer: Answer; readonly length: number } | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const size = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (size === undefined) throw new Error(`An answer without Content-Length: ${head.split('\r\n')[0] ?? ''}`)
  const length = headEnd + HEAD_END.length + Number(size)
  if (bytes.length < length) return undefined
  const etag = /\r\netag: *([^\r]+)/i.exec(head)?.[1]
  return {
    answer: { status: Number(head.slice(9, 12)), etag, body: bytes.subarray(headEnd + HEAD_END.length, length) },
    length,
  }
}
