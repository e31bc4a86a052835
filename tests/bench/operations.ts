import { type Reply, type Call, type Lane, openConnection } from './load.ts'

/** A client of a server, and its notes. */
export interface Client {
  readonly port: number
  readonly token: string
  readonly noteIds: readonly string[]
}

export interface Operation {
  readonly name: string
  /** One lane for each connection. */
  readonly lanes: (client: Client, connections: number) => Promise<Lane[]>
}

/** About 1 KB, like an ordinary note. */
const TEXT = Array.from(
  { length: 16 },
  (_, line) => `Line ${line} of an ordinary note, which says a thing or two about its day.`,
).join('\n')

export const noteBody = (number: number): object => ({ title: `Note ${number}`, content: `${number}\n${TEXT}` })

export const operations: readonly Operation[] = [
  {
    name: 'GET one note',
    lanes: async ({ token, noteIds }, connections) =>
      lanesOf(connections, (lane) => {
        let turn = lane
        const id = (): string => noteIds[turn % noteIds.length] ?? ''
        return {
          next: () => {
            turn += connections
            return { method: 'GET', path: `/notes/${id()}`, headers: authorized(token) }
          },
          check: checked(200, (body) => fieldOf(body, 'id') === id()),
        }
      }),
  },
  {
    name: 'GET a list of 20',
    lanes: async ({ token }, connections) =>
      lanesOf(connections, () => ({
        next: () => ({ method: 'GET', path: '/notes?limit=20', headers: authorized(token) }),
        check: checked(
          200,
          (body) => Array.isArray(body) && body.length === 20 && typeof fieldOf(body[19], 'content') === 'string',
        ),
      })),
  },
  {
    name: 'POST a note',
    lanes: async ({ token }, connections) =>
      lanesOf(connections, (lane) => {
        let turn = lane
        return {
          next: () => {
            turn += connections
            return { method: 'POST', path: '/notes', headers: authorized(token), body: noteBody(turn) }
          },
          check: checked(201, (body) => fieldOf(body, 'title') === `Note ${turn}` && fieldOf(body, 'version') === 1),
        }
      }),
  },
  {
    name: 'PATCH with If-Match',
    // Each connection has its own note and knows its version, as an editing program does.
    lanes: async (client, connections) => {
      const notes = await Promise.all(Array.from({ length: connections }, () => createNote(client, 0)))
      return lanesOf(connections, (lane) => {
        const { id = '', etag: first } = notes[lane] ?? {}
        let etag = first
        let turn = 0
        const check = checked(
          200,
          (body) => fieldOf(body, 'version') === turn + 1 && String(fieldOf(body, 'content')).startsWith(`${turn}\n`),
        )
        return {
          next: () => {
            turn += 1
            const headers = { ...authorized(client.token), 'If-Match': etag ?? '' }
            return { method: 'PATCH', path: `/notes/${id}`, headers, body: { content: `${turn}\n${TEXT}` } }
          },
          check: (reply) => {
            check(reply)
            etag = reply.etag
          },
        }
      })
    },
  },
]

/** Sends one request outside of the measurement. */
export async function askOnce(port: number, call: Call): Promise<Reply> {
  const connection = await openConnection(port)
  try {
    return await connection.ask(call)
  } finally {
    connection.close()
  }
}

export async function createNote(
  { port, token }: Client,
  number: number,
): Promise<{ readonly id: string; readonly etag: string }> {
  const reply = await askOnce(port, {
    method: 'POST',
    path: '/notes',
    headers: authorized(token),
    body: noteBody(number),
  })
  const id = fieldOf(JSON.parse(reply.body.toString()), 'id')
  if (reply.status !== 201 || typeof id !== 'string' || reply.etag === undefined) throw wrong(reply)
  return { id, etag: reply.etag }
}

function authorized(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` }
}

function lanesOf(connections: number, lane: (index: number) => Lane): Lane[] {
  return Array.from({ length: connections }, (_, index) => lane(index))
}

/** Checks the status of every reply, and the body of one in a hundred, because parsing all would slow the generator. */
function checked(status: number, isRight: (body: unknown) => boolean): (reply: Reply) => void {
  let count = 0
  return (reply) => {
    const isDue = count % 100 === 0
    count += 1
    if (reply.status !== status || (isDue && !isRight(JSON.parse(reply.body.toString())))) throw wrong(reply)
  }
}

function wrong({ status, body }: Reply): Error {
  return new Error(`A wrong reply: ${status} ${body.toString().slice(0, 300)}`)
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
