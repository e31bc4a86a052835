import { operationCalled } from '../../contract/harness/document-examples.ts'
import { answersWithFields } from './documented.ts'
import { type Hold, type Invariant, ours, truthful } from './invariant.ts'
import { type Fields, isFields, isSuccess, micros, type Seen } from './seen.ts'

const DAY = 86_400_000_000
/** The clocks of a database and its server differ a little, and a row may wait for a connection. Microseconds. */
const TOLERANCE = 10_000_000

/** Fields that are moments, in the order in which they may come about. */
const ORDERED = [
  ['created_at', 'updated_at'],
  ['updated_at', 'deleted_at'],
  ['deleted_at', 'erased_after'],
  ['created_at', 'last_used_at'],
  ['last_used_at', 'expires_at'],
  ['created_at', 'expires_at'],
] as const
const PAST = ['created_at', 'updated_at', 'deleted_at', 'last_used_at'] as const

/** Operations whose success makes something, and so says that it was made just now. */
const MAKERS = new Set(['registerUser', 'createNote', 'createApiKey'])
const keyBody = operationCalled('createApiKey').body?.content.get('application/json')?.value['properties']
const defaultDays =
  isFields(keyBody) && isFields(keyBody['expires_in_days']) ? Number(keyBody['expires_in_days']['default']) : Number.NaN

/** What a moment in an answer must agree with: other moments, the clock, the settings of the server, and its id. */
export const times: Invariant = {
  title: 'Moments are in order and true',
  concerns: [
    ...new Set([...ORDERED.flatMap((pair) => answersWithFields(...pair)), ...answersWithFields('id', 'created_at')]),
    'createApiKey expires_at',
    'listTrash erased_after',
    'ids in order',
  ],
  judge: (traffic, hold) => {
    const sound = truthful(traffic)
    for (const seen of sound) {
      for (const thing of thingsIn(seen.body)) judgeThing(seen, thing, hold)
      if (isSuccess(seen)) judgeMaking(seen, hold)
    }
    for (const seen of ours(traffic)) judgeTrash(seen, hold)
    judgeIds(sound, hold)
  },
}

function judgeThing(seen: Seen, thing: Fields, hold: Hold): void {
  const concern = `${seen.operationId} ${seen.status}`
  for (const [before, after] of ORDERED) {
    const [one, other] = [thing[before], thing[after]]
    if (typeof one !== 'string' || typeof other !== 'string') continue
    hold(concern, seen, micros(one) <= micros(other), `${before} is after ${after}`)
  }
  for (const name of PAST) {
    const moment = thing[name]
    if (typeof moment === 'string')
      hold(concern, seen, micros(moment) <= seen.ended * 1_000 + TOLERANCE, `${name} is in the future`)
  }
  const [id, created] = [thing['id'], thing['created_at']]
  if (typeof id !== 'string' || typeof created !== 'string') return
  hold(concern, seen, isVersion7(id), `${id} is no UUIDv7`)
  hold(
    concern,
    seen,
    Math.abs(millisOf(id) * 1_000 - micros(created)) < TOLERANCE,
    'created_at is not when its id was made',
  )
}

function judgeMaking(seen: Seen, hold: Hold): void {
  const { operationId, status, answer, given, headers, began, ended } = seen
  if (!MAKERS.has(operationId) || headers['idempotency-replayed'] !== undefined) return
  const made = micros(answer['created_at'])
  const isNow = made >= began * 1_000 - TOLERANCE && made <= ended * 1_000 + TOLERANCE
  hold(`${operationId} ${status}`, seen, isNow, 'created_at is not now')
  if (operationId !== 'createApiKey') return
  const days = (micros(answer['expires_at']) - made) / DAY
  hold(
    'createApiKey expires_at',
    seen,
    days === Number(given['expires_in_days'] ?? defaultDays),
    `it expires after ${days} days`,
  )
}

/** "After the days that the operator of the server has set … it is erased." */
function judgeTrash(seen: Seen, hold: Hold): void {
  if (seen.operationId !== 'listTrash' || seen.status !== 200) return
  for (const note of seen.items) {
    const days = (micros(note['erased_after']) - micros(note['deleted_at'])) / DAY
    hold('listTrash erased_after', seen, days === seen.server.settings.trashDays, `erased after ${days} days`)
  }
}

/** What is made later has the greater id. */
function judgeIds(sound: readonly Seen[], hold: Hold): void {
  const latest = new Map<string, { readonly id: string; readonly ended: number }>()
  for (const seen of sound.filter(({ operationId, headers, status }) => {
    return MAKERS.has(operationId) && status === 201 && headers['idempotency-replayed'] === undefined
  })) {
    const id = String(seen.answer['id'])
    const previous = latest.get(seen.server.id)
    if (previous !== undefined && previous.ended < seen.began)
      hold('ids in order', seen, previous.id < id, `${id} after ${previous.id}`)
    latest.set(seen.server.id, { id, ended: seen.ended })
  }
}

function thingsIn(value: unknown): Fields[] {
  if (Array.isArray(value)) return value.flatMap(thingsIn)
  if (!isFields(value)) return []
  return [...('created_at' in value ? [value] : []), ...Object.values(value).flatMap(thingsIn)]
}

function isVersion7(id: string): boolean {
  return id[14] === '7' && /[89ab]/.test(id[19] ?? '')
}

function millisOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)
}
