import { once } from 'node:events'
import { connect } from 'node:net'
import { inTime } from './in-time.ts'

/** A server-sent event as a client receives it (HTML Standard §9.2.6), with its `data` parsed, because ours is JSON. */
export interface SentEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: unknown
}

export interface OpenStream extends AsyncDisposable {
  readonly status: number
  readonly headers: Headers
  /** The next event; undefined when the stream has ended properly. Rejects when the connection broke. */
  readonly next: () => Promise<SentEvent | undefined>
  /** Events up to and including the first one of this name. Throws when the stream ends before it. */
  readonly until: (name: string) => Promise<SentEvent[]>
  /** The rest of the events, up to the end. */
  readonly rest: () => Promise<SentEvent[]>
  readonly close: () => Promise<void>
}

/** Opens an event stream, as a client that uses fetch does. */
export async function openStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<OpenStream> {
  const abort = new AbortController()
  const response = await fetch(url, { headers, signal: abort.signal })
  const events = eventsOf(response)
  const next = async (): Promise<SentEvent | undefined> => {
    const { value, done } = await inTime('the next event', events.next())
    return done === true ? undefined : value
  }
  const collect = async (isLast: (event: SentEvent) => boolean): Promise<SentEvent[] | undefined> => {
    const collected: SentEvent[] = []
    for (let event = await next(); event !== undefined; event = await next()) {
      collected.push(event)
      if (isLast(event)) return collected
    }
    return isLast({ event: '', id: undefined, data: undefined }) ? collected : undefined
  }
  const close = async (): Promise<void> => {
    abort.abort()
    await events.return(undefined).catch(() => undefined)
  }
  return {
    status: response.status,
    headers: response.headers,
    next,
    until: async (name) => {
      const collected = await collect(({ event }) => event === name)
      if (collected === undefined) throw new Error(`The stream ended before an event ${name}`)
      return collected
    },
    rest: async () => (await collect(({ event }) => event === '')) ?? [],
    close,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * Opens a stream and takes nothing of it once it has `begun`, except what fits into the buffer of a socket. `received`
 * takes what has arrived, up to the end of the connection.
 */
export function standStill(address: string, headers: Readonly<Record<string, string>>) {
  const { hostname, port, pathname, search } = new URL(address)
  const socket = connect(Number(port), hostname)
  socket.setEncoding('utf8')
  const begun = once(socket, 'readable')
  const lines = Object.entries({ Host: hostname, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`)
  return {
    begun,
    received: async (): Promise<SentEvent[]> => {
      let text = ''
      for await (const chunk of socket as AsyncIterable<string>) text += chunk
      // The last block may have been cut off.
      return text.split('\n\n').slice(0, -1).flatMap(parseEvent)
    },
  }
}

async function* eventsOf(response: Response): AsyncGenerator<SentEvent, void, undefined> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    yield* blocks.flatMap(parseEvent)
  }
}

/** One block of a stream; none for a comment. */
export function parseEvent(block: string): SentEvent[] {
  const fields = new Map(
    block.split('\n').flatMap((line) => {
      const [, name = '', value = ''] = /^([a-z]+):[ ]?(.*)$/.exec(line) ?? []
      return name === '' ? [] : [[name, value] as const]
    }),
  )
  const data = fields.get('data')
  return data === undefined
    ? []
    : [{ event: fields.get('event') ?? 'message', id: fields.get('id'), data: JSON.parse(data) as unknown }]
}
