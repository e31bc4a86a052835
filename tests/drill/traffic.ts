import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, form, ask, person, type Person, register } from '../support/people.ts'

/** What became of one request. */
export interface Outcome {
  /** When it was sent, in milliseconds of `performance.now()`. */
  readonly at: number
  readonly took: number
  /** The status, or "gone" if there was no reply, or "hung" if there was none within the time limit. */
  readonly result: number | 'gone' | 'hung'
  readonly what: 'create' | 'read' | 'change'
}

/** A note that a client asked to create, with the key of its request. */
export interface Wanted {
  readonly key: string
  readonly writer: number
  /** The id that the server told with its 201. */
  id: string | undefined
}

/** 50 requests a second, whatever becomes of those before. */
export interface Traffic {
  readonly outcomes: readonly Outcome[]
  readonly wanted: readonly Wanted[]
  readonly writers: readonly Writer[]
  /** How often a client had to log in with its password, because its session was refused. */
  readonly thrownOut: () => number
  /** How often a client renewed its access token. */
  readonly renewed: () => number
  /** Sends no more requests, and repeats those whose outcome is unknown, as clients do. */
  readonly end: () => Promise<void>
}

export interface Writer {
  person: Person
  comingIn: Promise<void> | undefined
  /** A note that this writer changes again and again: the text is a number. */
  readonly journal: { readonly path: string; acknowledged: number; next: number; isBusy: boolean }
}

const EVERY_MS = 20
const WRITERS = 4
/** The promise is 5 s; so much later the client stops waiting. */
const LIMIT_MS = 6_000
const REPEATS = 60

interface Place {
  readonly url: string
}

interface Counts {
  thrownOut: number
  renewed: number
}

export async function startTraffic(place: Place): Promise<Traffic> {
  const writers = await Promise.all(Array.from({ length: WRITERS }, () => openWriter(place)))
  const outcomes: Outcome[] = []
  const wanted: Wanted[] = []
  const known: { path: string; writer: Writer }[] = writers.map((writer) => ({ path: writer.journal.path, writer }))
  const counts = { thrownOut: 0, renewed: 0 }
  const underWay = new Set<Promise<void>>()

  const send = async (
    writer: Writer,
    what: Outcome['what'],
    asking: (person: Person) => Promise<Answer>,
  ): Promise<Answer | undefined> => {
    const at = performance.now()
    const note = (result: Outcome['result']) => outcomes.push({ at, took: performance.now() - at, result, what })
    const late = delay(LIMIT_MS, 'hung' as const)
    const asked = asking(writer.person).catch(() => 'gone' as const)
    const reply = await Promise.race([asked, late])
    if (typeof reply === 'string') note(reply)
    else note(reply.status)
    if (typeof reply !== 'string' && reply.status === 401) await comeIn(place, writer, counts)
    return typeof reply === 'string' ? undefined : reply
  }

  const create = async (writer: Writer, note: Wanted): Promise<void> => {
    const reply = await send(writer, 'create', (by) => createNote(by, note.key))
    if (reply?.status !== 201) return
    note.id = String(reply.body['id'])
    known.push({ path: `/notes/${note.id}`, writer })
  }
  const steps: ((turn: number) => Promise<void>)[] = [
    async (turn) => {
      const [writer, index] = pick(writers, turn)
      const note: Wanted = { key: `drill-${crypto.randomUUID()}`, writer: index, id: undefined }
      wanted.push(note)
      await create(writer, note)
    },
    async (turn) => {
      const [{ path, writer }] = pick(known, turn * 7)
      await send(writer, 'read', (by) => by.ask('GET', path))
    },
    async (turn) => {
      const [writer] = pick(writers, turn)
      await changeJournal(writer, (asking) => send(writer, 'change', asking))
    },
    async (turn) => {
      const [{ path, writer }] = pick(known, turn * 13)
      await send(writer, 'read', (by) => by.ask('GET', path))
    },
  ]
  let turn = 0
  const began = performance.now()
  const timer = setInterval(() => {
    // As many as are due: a timer of a busy process comes late.
    for (; began + turn * EVERY_MS <= performance.now(); turn += 1) {
      const [step] = pick(steps, turn)
      const going = step(Math.floor(turn / steps.length)).finally(() => underWay.delete(going))
      underWay.add(going)
    }
  }, 5)
  return {
    outcomes,
    wanted,
    writers,
    thrownOut: () => counts.thrownOut,
    renewed: () => counts.renewed,
    end: async () => {
      clearInterval(timer)
      await Promise.all(underWay)
      for (const note of wanted) await repeat(place, writers, note)
    },
  }
}

async function openWriter(place: Place): Promise<Writer> {
  const made = await register(place)
  const note = await made.ask('POST', '/notes', { body: { title: 'Journal', content: '0' } })
  return {
    person: made,
    comingIn: undefined,
    journal: { path: `/notes/${String(note.body['id'])}`, acknowledged: 0, next: 1, isBusy: false },
  }
}

function pick<T>(list: readonly T[], turn: number): readonly [item: T, index: number] {
  const index = turn % list.length
  const item = list[index]
  if (item === undefined) throw new Error('There is nothing to pick from')
  return [item, index]
}

/** The same request each time, so that a repeated one gets the first answer. */
export function createNote(by: Person, key: string): Promise<Answer> {
  return by.ask('POST', '/notes', {
    body: { title: key, content: 'x'.repeat(200) },
    headers: { 'Idempotency-Key': key },
  })
}

/** One change at a time, so that the last one is known. */
async function changeJournal(
  { journal }: Writer,
  send: (asking: (by: Person) => Promise<Answer>) => Promise<Answer | undefined>,
): Promise<void> {
  if (journal.isBusy) return
  journal.isBusy = true
  const number = journal.next
  journal.next += 1
  const reply = await send((by) => by.ask('PATCH', journal.path, { body: { content: String(number) } }))
  if (reply?.status === 200) journal.acknowledged = number
  journal.isBusy = false
}

/** As a client does whose access token is refused: it renews it, and logs in again only if that is refused too. */
function comeIn(place: Place, writer: Writer, counts: Counts): Promise<void> {
  const { email, password, refreshToken } = writer.person
  const token = (fields: Readonly<Record<string, string>>) =>
    ask(place, 'POST', '/auth/token', form(fields)).catch(() => undefined)
  const renew = async (): Promise<void> => {
    let reply = await token({ grant_type: 'refresh_token', refresh_token: refreshToken })
    if (reply === undefined || reply.status >= 500) return
    if (reply.status === 200) counts.renewed += 1
    else {
      counts.thrownOut += 1
      reply = await token({ username: email, password })
    }
    if (reply?.status !== 200) return
    const tokens = {
      accessToken: String(reply.body['access_token']),
      refreshToken: String(reply.body['refresh_token']),
    }
    writer.person = person(place, { email, password, ...tokens })
  }
  writer.comingIn ??= renew().finally(() => void (writer.comingIn = undefined))
  return writer.comingIn
}

/** Repeats a request without a 201 until it has one, with the same key. */
async function repeat(place: Place, writers: readonly Writer[], note: Wanted): Promise<void> {
  const [writer] = pick(writers, note.writer)
  for (let times = 0; note.id === undefined && times < REPEATS; times += 1) {
    const reply = await createNote(writer.person, note.key).catch(() => undefined)
    if (reply?.status === 201) note.id = String(reply.body['id'])
    else if (reply?.status === 401) await comeIn(place, writer, { thrownOut: 0, renewed: 0 })
    else await delay(500)
  }
}
