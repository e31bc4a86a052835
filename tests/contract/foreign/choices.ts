import { randomBytes, randomUUID } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Json } from '../../../src/contract/document/document.ts'
import { VICTIMS_TAG } from './belongings.ts'
import { namingOf } from './cases.ts'
import { keys } from './keys.ts'
import type { Kind } from './naming.ts'
import { type PlacedSchema, samplesOf } from './places.ts'
import type { Worlds } from './worlds.ts'

/** A value for a place that names something of the victim's, and one of the same form that names nothing. */
export interface Choice {
  readonly title: string
  readonly foreign: Json
  readonly unknown: Json
}

/** Every value worth trying in a place. Where nothing is named, both are the same. */
export function choicesOf(worlds: Worlds, operationId: string, { place, schema }: PlacedSchema): Choice[] {
  const { names } = namingOf(operationId, place)
  if (names !== 'nothing') return choices[names](worlds, operationId)
  return samplesOf(schema).map((value) => ({
    title: `${place} ${JSON.stringify(value).slice(0, 40)}`,
    foreign: value,
    unknown: value,
  }))
}

type Make = (worlds: Worlds, operationId: string) => Choice[]

const choices: Record<Kind, Make> = {
  note: ({ belongings }) => things(belongings.notes, 'note'),
  session: ({ belongings }) => things(belongings.sessions, 'session'),
  apiKey: ({ belongings }) => things(belongings.apiKeys, 'API key'),
  cursor: ({ cursors }, operationId) => {
    const { foreign = {}, altered = '' } = cursors[operationId] ?? {}
    return Object.entries(foreign).map(([title, cursor]) => ({ title, foreign: cursor, unknown: altered }))
  },
  version: ({ belongings: { version } }) => [
    { title: 'the current version', foreign: version, unknown: version + 900 },
    { title: 'a superseded version', foreign: version - 1, unknown: version + 899 },
  ],
  entityTag: ({ belongings: { version } }) => {
    const pair = (title: string, of: (current: number, superseded: number) => string): Choice => {
      return { title, foreign: of(version, version - 1), unknown: of(version + 900, version + 899) }
    }
    return [
      pair('the current ETag', (current) => `"${current}"`),
      pair('a superseded ETag', (_, superseded) => `"${superseded}"`),
      pair('a list of ETags', (current, superseded) => `"${superseded}", "${current}"`),
      { title: 'any ETag', foreign: '*', unknown: '*' },
      pair('a weak ETag', (current) => `W/"${current}"`),
    ]
  },
  idempotencyKey: () => [
    { title: 'a key used with this request', foreign: keys.same, unknown: randomUUID() },
    { title: 'a key used with another request', foreign: keys.other, unknown: randomUUID() },
  ],
  tag: () =>
    [VICTIMS_TAG, VICTIMS_TAG.toUpperCase()].map((tag) => ({
      title: `the tag ${tag}`,
      foreign: tag,
      unknown: `unknown-${randomUUID()}`,
    })),
  email: ({ belongings: { email } }) =>
    [email, email.toUpperCase()].map((address) => ({
      title: `the e-mail ${address === email ? 'as typed' : 'in capitals'}`,
      foreign: address,
      unknown: `person-${randomUUID()}@example.com`,
    })),
  password: ({ belongings: { password } }) => [
    { title: "the victim's password", foreign: password, unknown: `pass-${randomUUID()}` },
  ],
  token: ({ belongings: { endedTokens } }) =>
    Object.entries(endedTokens).map(([title, token]) => ({
      title: `an ended ${title}`,
      foreign: token,
      unknown: unknownToken(),
    })),
  refreshToken: ({ belongings: { endedRefreshToken } }) => [
    { title: 'an ended refresh token', foreign: endedRefreshToken, unknown: unknownToken() },
  ],
}

function things(ids: Readonly<Record<string, string>>, thing: string): Choice[] {
  return Object.entries(ids).map(([state, id]) => ({ title: `${state} ${thing}`, foreign: id, unknown: uuidv7() }))
}

function unknownToken(): string {
  return `nrt_${randomBytes(32).toString('base64url')}`
}
