import { describe, expect, test } from 'vitest'
import { type Json, string } from '../../../src/contract/document/document.ts'
import { useServer } from '../../support/fixtures.ts'
import { type Answer, enrol } from '../../support/people.ts'
import { operations } from '../harness/document-examples.ts'
import { isSuccess, send } from '../operations.ts'
import { prepare } from './edge-requests.ts'
import { valueOf } from './edge-values.ts'
import { type Bound, bounds, FAULTS } from './edges.ts'

// A megabyte in each of a hundred exchanges is much to judge again, and every reply is held to the contract in any case.
const server = useServer({ isRecorded: false })

interface Expected {
  readonly status: number
  readonly type?: string
}

const NOBODYS = { status: 404 } as const
const NO_SUCH_CURSOR = { status: 422, type: 'cursor_invalid' } as const
const WRONG_PASSWORD = { status: 422, type: 'password_wrong' } as const
/** Only what the note has is taken. */
const NOT_AS_READ = { status: 422, type: 'read_only' } as const
/** The edit is taken, and the note that it would make has more characters than a note may have. */
const NOTE_TOO_LONG = { status: 422, type: 'string_too_long' } as const

/** What answers a value at the edge that nothing fits: everything else succeeds. By the end of `operationId name keyword`. */
const atEdge: readonly (readonly [ending: string, expected: Expected])[] = [
  [' note_id minLength', NOBODYS],
  [' session_id minLength', NOBODYS],
  [' key_id minLength', NOBODYS],
  [' note_id maxLength', NOBODYS],
  [' session_id maxLength', NOBODYS],
  [' key_id maxLength', NOBODYS],
  [' version maximum', NOBODYS],
  ['against maximum', NOBODYS],
  ['cursor minLength', NO_SUCH_CURSOR],
  ['cursor maxLength', NO_SUCH_CURSOR],
  ['Last-Event-ID minLength', NO_SUCH_CURSOR],
  ['Last-Event-ID maxLength', NO_SUCH_CURSOR],
  ['current_password minLength', WRONG_PASSWORD],
  ['current_password maxLength', WRONG_PASSWORD],
  ['getNote If-None-Match minLength', { status: 304 }],
  ['getNote If-None-Match maxLength', { status: 304 }],
  ['createToken /username minLength', { status: 401 }],
  ['createToken /username maxLength', { status: 401 }],
  ['createToken /password minLength', { status: 401 }],
  ['createToken /password maxLength', { status: 401 }],
  ['createToken /refresh_token minLength', { status: 401 }],
  ['createToken /refresh_token maxLength', { status: 401 }],
  ['Note /id minLength', NOT_AS_READ],
  ['Note /id maxLength', NOT_AS_READ],
  ['Note /owner_id minLength', NOT_AS_READ],
  ['Note /owner_id maxLength', NOT_AS_READ],
  ['Note /created_at minLength', NOT_AS_READ],
  ['Note /created_at maxLength', NOT_AS_READ],
  ['Note /updated_at minLength', NOT_AS_READ],
  ['Note /updated_at maxLength', NOT_AS_READ],
  ['Note /version minimum', { status: 200 }],
  ['Note /version maximum', NOT_AS_READ],
  // There are fewer scopes than that.
  ['/scopes maxItems', { status: 422, type: 'duplicate_items' }],
  ['/edits/0/heading minLength', { status: 422, type: 'heading_not_found' }],
  ['/edits/0/heading maxLength', { status: 422, type: 'heading_not_found' }],
  ['/edits/0/within minItems', { status: 422, type: 'heading_not_found' }],
  ['/edits/0/within maxItems', { status: 422, type: 'heading_not_found' }],
  ['/edits/0/within/0 minLength', { status: 422, type: 'heading_not_found' }],
  ['/edits/0/within/0 maxLength', { status: 422, type: 'heading_not_found' }],
  // No note has anything that often.
  ['/edits/0/occurrence maximum', { status: 422 }],
  ['/edits/0/find minLength', { status: 422, type: 'text_not_found' }],
  ['/edits/0/find maxLength', { status: 422, type: 'text_not_found' }],
  ['/edits/0/task minLength', { status: 422, type: 'task_not_found' }],
  ['/edits/0/task maxLength', { status: 422, type: 'task_not_found' }],
  ['/edits/0/text maxLength', NOTE_TOO_LONG],
  ['/edits/0/replace maxLength', NOTE_TOO_LONG],
]

const titleOf = ({ operation, name, keyword }: Bound): string => `${operation.operationId} ${name} ${keyword}`

describe.each(
  operations.filter(({ operationId }) => bounds.some(({ operation }) => operation.operationId === operationId)),
)('$operationId', ({ operationId }) => {
  test.each(bounds.filter(({ operation }) => operation.operationId === operationId))(
    'takes $name at its $keyword of $limit, and nothing beyond',
    async (bound) => {
      const person = await enrol(server)
      const { item, attempt } = await prepare(bound, server, person)
      const ask = (value: Json) => send(server, attempt(value), `Bearer ${person.accessToken}`)
      const beyond = valueOf(bound, bound.limit + (bound.keyword.startsWith('min') ? -1 : 1), item)
      if (beyond !== undefined) refuses(bound, await ask(beyond))
      const atLimit = valueOf(bound, bound.limit, item)
      if (atLimit !== undefined) takes(bound, atLimit, await ask(atLimit))
    },
  )
})

function takes(bound: Bound, value: Json, answer: Answer): void {
  const [, expected] = atEdge.find(([ending]) => titleOf(bound).endsWith(ending)) ?? []
  if (expected === undefined) {
    expect(isSuccess(answer), answer.text.slice(0, 300)).toBe(true)
    const echoed = answer.body[bound.name.split('/').at(-1) ?? '']
    if (bound.in === 'body' && echoed !== undefined)
      expect(echoed).toEqual(typeof value === 'string' ? value.trim() : value)
  } else {
    expect(answer.status, answer.text.slice(0, 300)).toBe(expected.status)
    if (expected.type !== undefined)
      expect(answer.body['errors']).toContainEqual(expect.objectContaining({ type: expected.type }))
    expect(answer.body['errors'] ?? []).not.toContainEqual(expect.objectContaining(faultOf(bound)))
  }
}

function refuses(bound: Bound, answer: Answer): void {
  if (bound.operation.body?.isOAuth === true && bound.name === '/scope') {
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_scope'])
    return
  }
  expect(answer.status, answer.text.slice(0, 300)).toBe(422)
  const { pointer, type } = faultOf(bound)
  // A value has one error: what does not have its format is told so first.
  const format = `${string(bound.schema['format'] ?? '')
    .replace(/^idn-/, '')
    .replaceAll('-', '_')}_parsing`
  const found = (answer.body['errors'] as { pointer: string; type: string }[]).find(
    (error) => error.pointer === pointer,
  )
  expect([type, format], answer.text.slice(0, 300)).toContain(found?.type)
}

function faultOf({ in: where, name, keyword, operation }: Bound): { pointer: string; type: string } {
  // To OAuth, a parameter without a value is missing (RFC 6749 §3.1).
  const type = operation.body?.isOAuth === true && keyword === 'minLength' ? 'missing' : FAULTS[keyword]
  return { pointer: where === 'body' ? name : `/${name}`, type }
}
