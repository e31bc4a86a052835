import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isObject, type Json } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { textOf } from '../../support/people.ts'
import { type Received, shortenRuns, type Step, valueAt } from './recording.ts'

/** A proxy before a server that records everything it forwards. */
export interface Recorder {
  readonly url: string
  /** The number of steps; `forget` removes those after a mark. */
  readonly mark: () => number
  readonly forget: (mark: number) => void
  /** Returns the steps so far and starts anew. */
  readonly take: () => readonly Step[]
  readonly close: () => Promise<void>
}

/** Headers that belong to the connection and to the program, not to the request. */
const INCIDENTAL = new Set([
  'host',
  'connection',
  'content-length',
  'user-agent',
  'accept-encoding',
  'accept-language',
  'sec-fetch-mode',
  'pragma',
  'cache-control',
])
/** Values made by the server: ids, tokens, keys, and the cursors in an address. */
const MADE_BY_SERVER =
  /nrt_[\w-]+|nak_[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[\w-]{80,}/g

export async function openRecorder(
  upstream: string,
  operationAt: (method: string, path: string) => Operation | undefined,
): Promise<Recorder> {
  let steps: Step[] = []
  let received: Received[] = []

  const record = async (request: IncomingMessage, method: string, path: string) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined
    const headers = Object.fromEntries(
      Object.entries(request.headers)
        .filter(([name, value]) => !INCIDENTAL.has(name) && !(name === 'accept' && value === '*/*'))
        .map(([name, value]) => [name, String(value)]),
    )
    const response = await fetch(`${upstream}${path}`, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    })
    const text = await textOf(response)
    const operation = operationAt(method, path)
    if (operation === undefined) throw new Error(`${method} ${path} is no operation, so no old client asks for it`)
    const step: Step = {
      operation: operation.operationId,
      send: `${method} ${refer(path, received)}`,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, referInHeader(name, value, received)]),
      ),
      ...(body === undefined ? {} : { body: shortenRuns(refer(body.toString(), received)) }),
      status: response.status,
    }
    steps.push(step)
    const isJson = response.headers.get('content-type')?.includes('json') ?? false
    received.push({ headers: response.headers, body: isJson && text !== '' ? (JSON.parse(text) as Json) : undefined })
    return { response, text }
  }

  const server = createServer((request, outgoing) => {
    record(request, request.method ?? 'GET', request.url ?? '/').then(
      ({ response, text }) => {
        const passed = [...response.headers].filter(
          ([name]) => !['connection', 'keep-alive', 'transfer-encoding', 'content-length'].includes(name),
        )
        outgoing.writeHead(response.status, Object.fromEntries(passed)).end(text)
      },
      (error: unknown) => outgoing.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mark: () => steps.length,
    forget: (mark) => {
      steps = steps.slice(0, mark)
      received = received.slice(0, mark)
    },
    take: () => {
      const taken = steps
      ;[steps, received] = [[], []]
      return taken
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Replaces values from the server by a reference to the reply that had them. Values in no reply are the client's. */
function refer(text: string, earlier: readonly Received[]): string {
  const page = earlier.findLastIndex((received) => valueAt(received, 'link') === text)
  if (page >= 0) return `{{${page}:link}}`
  return text.replaceAll(MADE_BY_SERVER, (value) => {
    for (const [step, { body }] of [...earlier.entries()].toReversed()) {
      const place = placeOf(value, body)
      if (place !== undefined) return `{{${step}:${place}}}`
    }
    return value
  })
}

function referInHeader(name: string, value: string, earlier: readonly Received[]): string {
  if (name !== 'if-match' && name !== 'if-none-match') return refer(value, earlier)
  // A version refers to the last reply that had it.
  const step = earlier.findLastIndex((received) => received.headers.get('etag') === value)
  return step < 0 ? value : `{{${step}:etag}}`
}

/** The place of this text in a body, as a JSON pointer. */
function placeOf(value: string, body: Json | undefined, pointer = ''): string | undefined {
  if (body === value) return pointer
  if (!Array.isArray(body) && !isObject(body)) return undefined
  for (const [key, member] of Object.entries(body)) {
    const found = placeOf(value, member as Json, `${pointer}/${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
