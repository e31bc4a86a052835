import { describe, expect, test } from 'vitest'
import { at, isObject, type Json, object, type Place } from '../../../src/contract/document/document.ts'
import { useServer } from '../../support/fixtures.ts'
import { type Answer, enrol, type Person } from '../../support/people.ts'
import { document, operations } from '../harness/document-examples.ts'
import { sample } from '../numbers/edges.ts'
import { isSuccess, send, wellFormed } from '../operations.ts'
import { type Draft, toAttempt, toDraft } from './draft.ts'
import { type FieldError, isRefusedByOAuth, obey, type Own } from './obey.ts'
import { type Trial, trialsOf } from './trials.ts'

const server = useServer({ isRecorded: false })

const MAX_STEPS = 3

/** What a good request says of its sender, and no message can know. */
const PERSONAL: ReadonlySet<string> = new Set(['username', 'password', 'current_password', 'email', 'note_id'])

const trials = operations.flatMap((operation) => trialsOf(operation).map((trial) => ({ operation, ...trial })))
const kinds: readonly Trial['kind'][] = [
  'union',
  'enum',
  'bound',
  'unknown name',
  'missing field',
  'type',
  'pattern or format',
]

describe.each(operations)('$operationId', (operation) => {
  test.each(kinds.filter((kind) => trials.some((one) => one.operation === operation && one.kind === kind)))(
    'who obeys its refusals succeeds in three steps: %s',
    async (kind) => {
      const failures: string[] = []
      for (const { title, spoil } of trials.filter((one) => one.operation === operation && one.kind === kind)) {
        const failure = await follow(operation, title, spoil)
        if (failure !== undefined) failures.push(`${title}: ${failure}`)
      }
      expect(failures).toEqual([])
    },
  )
})

test('there are trials of every kind', () => {
  for (const kind of kinds) expect(trials.filter((one) => one.kind === kind).length, kind).toBeGreaterThan(20)
})

/** Sends a wrong request and corrects it as it is told to. Returns what went wrong. */
async function follow(
  operation: (typeof operations)[number],
  title: string,
  spoil: Trial['spoil'],
): Promise<string | undefined> {
  const person = await enrol(server)
  const good = toDraft(operation, await wellFormed(operation, server, person))
  const own = ownOf(good, person)
  let draft = personal(spoil(good), own)
  let answer = await send(server, toAttempt(draft), `Bearer ${person.accessToken}`)
  // OAuth ignores what it does not know (RFC 6749 §3.2).
  const isOAuth = operation.body?.isOAuth === true
  if (isOAuth && title.startsWith('body') && isSuccess(answer)) return undefined
  if (answer.status !== 422 && !isRefusedByOAuth(answer))
    return `is answered ${answer.status} ${answer.text.slice(0, 200)}`
  const told = [answer.text]
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const fault = wordsLack(answer)
    if (fault !== undefined) return fault
    draft = obey(draft, answer, own)
    answer = await send(server, toAttempt(draft), `Bearer ${person.accessToken}`)
    if (isSuccess(answer)) return undefined
    told.push(answer.text)
  }
  return told.join('\n').slice(0, 3_000)
}

/** A person reads only the words, so they must have all that the members for programs have. Returns what they lack. */
function wordsLack({ status, body, text }: Answer): string | undefined {
  if (status !== 422) return undefined
  const errors = body['errors'] as FieldError[]
  const places = errors.map(({ loc }) => JSON.stringify(loc))
  if (new Set(places).size < places.length) return `one value has two errors: ${text}`
  if (!String(body['detail']).includes(errors[0]?.msg ?? '')) return `the detail does not repeat the first: ${text}`
  if (Buffer.byteLength(text) >= 8_192) return `${text.length} characters`
  const silent = errors.find(({ msg, allowed = [], nearest = '', limit = '' }) =>
    [...allowed, nearest, String(limit)].some((part) => !msg.includes(part)),
  )
  return silent && `the words do not say all: ${JSON.stringify(silent)}`
}

/** The values of this person where there are any, otherwise those that the contract shows. */
function ownOf(good: Draft, person: Person): Own {
  const values = new Map<string, Json>(named(good.body ?? null).filter(([name]) => PERSONAL.has(name)))
  values.set('refresh_token', person.refreshToken)
  // Every note that a good request names has this version.
  values.set('against', '1')
  values.set('If-Match', '"1"')
  for (const [name, value] of Object.entries(good.path)) values.set(name, value)
  return (name, [where, ...steps]) => {
    if (where !== 'body') return values.get(name)
    return steps.length === 0 ? good.body : (values.get(name) ?? shown.get(name))
  }
}

/** The request with this person's own values in the place of examples, where it has not been made wrong. */
function personal(draft: Draft, own: Own): Draft {
  const replace = (value: Json): Json => {
    if (Array.isArray(value)) return value.map((item) => replace(item as Json))
    if (!isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => {
        const isExample = shown.get(name) === member && (PERSONAL.has(name) || name === 'refresh_token')
        return [name, isExample ? (own(name, ['body', name]) ?? member) : replace(member)]
      }),
    )
  }
  return { ...draft, body: draft.body === undefined ? undefined : replace(draft.body) }
}

function named(value: Json): [name: string, value: Json][] {
  if (Array.isArray(value)) return value.flatMap((item) => named(item as Json))
  return isObject(value) ? Object.entries(value).flatMap(([name, member]) => [[name, member], ...named(member)]) : []
}

/** What the contract shows of each field of a body, by its name. */
const shown = new Map<string, Json>(
  operations.flatMap(({ body }) => [...(body?.content.values() ?? [])].flatMap((schema) => [...samplesIn(schema)])),
)

function* samplesIn(schema: Place): Generator<[name: string, value: Json]> {
  for (const index of Array.from({ length: lengthOf(schema.value['oneOf']) }, (_, each) => String(each)))
    yield* samplesIn(at(document.root, schema, 'oneOf', index))
  for (const name of Object.keys(object(schema.value['properties'] ?? {}))) {
    const property = at(document.root, schema, 'properties', name)
    yield [name, sample(property)]
    if (isObject(property.value['items'])) yield* samplesIn(at(document.root, property, 'items'))
  }
}

function lengthOf(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : 0
}
