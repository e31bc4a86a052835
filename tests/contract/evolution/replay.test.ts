import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type ContractDocument, type JsonObject, loadDocument } from '../../../src/contract/document/document.ts'
import { type Operation, readOperations } from '../../../src/contract/document/operations.ts'
import type { Handlers } from '../../../src/contract/types.ts'
import { Problem } from '../../../src/http/problem.ts'
import { startServer } from '../../support/server.ts'
import { both, having, moved } from './edit-document.ts'
import { essenceOf, type Recording, type Step } from './recording.ts'
import { brokenStories, RELEASED, releasedContracts } from './released.ts'
import { oldClient } from './replay.ts'
import { parseVersion } from './versions.ts'

const today = loadDocument()
const [major] = parseVersion(today.version)
const isOfThisMajor = ({ version }: ContractDocument): boolean => parseVersion(version)[0] === major
const released = releasedContracts()

function recordingOf({ version }: ContractDocument): Recording {
  return JSON.parse(readFileSync(new URL(`${version}.requests.json`, RELEASED), 'utf8')) as Recording
}

/** Replays stories of these contracts, each once although most are in several releases; returns what is broken. */
async function replayAll(contracts: readonly ContractDocument[]): Promise<string[]> {
  const stories = contracts.flatMap((contract) => recordingOf(contract).stories.map((story) => ({ contract, story })))
  const grouped = Map.groupBy(Map.groupBy(stories, ({ story }) => essenceOf(story)).values(), (tellers) =>
    tellers.map(({ contract }) => contract.version).join(', '),
  )
  const broken: string[] = []
  for (const group of grouped.values()) {
    // Each with its own server, because recordings of two releases may register the same addresses.
    const server = await startServer()
    try {
      const client = oldClient(...(group[0] ?? []).map(({ contract }) => contract))
      broken.push(...(await client.replay(server, { stories: group.flatMap(([first]) => first?.story ?? []) })))
    } finally {
      await server.stop()
    }
  }
  return broken
}

describe('clients of every release', { timeout: 120_000 }, () => {
  test('of this major version still get what their contract promised', async () => {
    expect(await replayAll(released.filter(isOfThisMajor))).toEqual([])
  })

  test('of earlier major versions do so too, except for what is listed as broken', async () => {
    const broken = await replayAll(released.filter((contract) => !isOfThisMajor(contract)))
    const stories = new Set(broken.map((violation) => /story of \w+/.exec(violation)?.[0]))
    expect(stories, broken.join('\n')).toEqual(new Set(brokenStories().map(({ change }) => change)))
  })

  test('are recorded with each operation, with all its successes, parameters and media types', () => {
    for (const contract of released) {
      const steps = recordingOf(contract).stories.flatMap((story) => story.steps)
      const lacking = readOperations(contract.root).flatMap((operation) => unrecorded(operation, steps))
      expect(lacking, contract.version).toEqual([])
    }
  })
})

const NOTE = '/components/schemas/Note'

/** Changes of the contract and the handlers together, so that the server itself is consistent. */
const seeds: readonly {
  title: string
  story: string
  change: (root: JsonObject) => JsonObject
  body?: object
  refuses?: true
  violation: RegExp
}[] = [
  {
    title: 'a reply loses a field',
    story: 'getNote',
    change: having(`${NOTE}/required`, ['id']),
    body: { is_public: undefined },
    violation: /must have required property 'is_public'/,
  },
  {
    title: 'a reply may be longer than it was',
    story: 'getNote',
    change: having(`${NOTE}/properties/title/maxLength`, 600),
    body: { title: 'x'.repeat(501) },
    violation: /title must NOT have more than 500 characters/,
  },
  {
    title: 'a field of a reply may be null',
    story: 'getNote',
    change: having(`${NOTE}/properties/owner_id`, { type: ['string', 'null'] }),
    body: { owner_id: null },
    violation: /owner_id must be string/,
  },
  {
    title: 'a request needs another field',
    story: 'createNote',
    change: both(
      having(`${NOTE}Create/required`, ['colour']),
      having(`${NOTE}Create/properties/colour`, { type: 'string' }),
    ),
    violation: /201 was the reply, now it is 422 .*"colour"/,
  },
  {
    title: 'a request may not be as long as it was',
    story: 'createNote',
    change: having('/components/schemas/NoteCreate/properties/title/maxLength', 499),
    violation: /201 was the reply, now it is 422 .*string_too_long/,
  },
  {
    title: 'a page may not be as long as it was',
    story: 'listNotes',
    change: having('/components/parameters/Limit/schema/maximum', 50),
    violation: /limit=100\): 200 was the reply, now it is 422/,
  },
  {
    title: 'an operation has another address',
    story: 'listTags',
    change: moved('/paths/~1tags', '/paths/~1labels'),
    violation: /200 was the reply, now it is 404/,
  },
  {
    title: 'a handler refuses what it took, although the contract is the same',
    story: 'getNote',
    change: (root) => root,
    refuses: true,
    violation: /200 was the reply, now it is 404/,
  },
  {
    title: 'an operation wants another scope',
    story: 'listNotes',
    change: having('/paths/~1notes/get/security', [{ oauth2: ['notes:read', 'notes:write'] }]),
    violation: /200 was the reply, now it is 403/,
  },
]

describe('a client of the latest release notices when', () => {
  test.each(seeds)('$title', async ({ story, change, body, refuses, violation }) => {
    const contract = releasedContracts().at(-1)
    if (contract === undefined) throw new Error('Nothing was ever released')
    const document = { ...today, root: change(today.root) }
    const changed = await startServer({
      document,
      override: (handlers) => replyingWith(handlers, story, refuses === true ? 'a refusal' : body),
    })
    try {
      const stories = recordingOf(contract).stories.filter(({ operation }) => operation === story)
      expect((await oldClient(contract).replay(changed, { stories })).join('\n')).toMatch(violation)
    } finally {
      await changed.stop()
    }
  })

  test('nothing breaks: new fields, new headers and new values of a list that may grow are ignored', async () => {
    const contract = releasedContracts().at(-1)
    if (contract === undefined) throw new Error('Nothing was ever released')
    const document = { ...today, root: having(`${NOTE}/properties/colour`, { type: 'string' })(today.root) }
    const changed = await startServer({
      document,
      override: (handlers) => replyingWith(handlers, 'getNote', { colour: 'red' }),
    })
    try {
      const stories = recordingOf(contract).stories.filter(({ operation }) => operation === 'getNote')
      expect(await oldClient(contract).replay(changed, { stories })).toEqual([])
    } finally {
      await changed.stop()
    }
  })
})

/** Parts of an operation in the contract that no request of the recording has shown. */
function unrecorded({ operationId, responses, parameters, body }: Operation, steps: readonly Step[]): string[] {
  const accepted = steps.filter((step) => step.operation === operationId && step.status < 400)
  const statuses = [...responses.keys()].filter(
    (status) => status < 400 && !accepted.some((step) => step.status === status),
  )
  const types = [...(body?.content.keys() ?? [])].filter(
    (type) => !accepted.some(({ headers }) => headers['content-type'] === type),
  )
  const unsent = parameters.filter(({ in: where, name }) => {
    if (where === 'query') return !accepted.some(({ send }) => new RegExp(`[?&]${name}=|:link`).test(send))
    return where === 'header' && !accepted.some(({ headers }) => name.toLowerCase() in headers)
  })
  return [...statuses, ...types, ...unsent.map(({ name }) => name)].map((what) => `${operationId} ${what}`)
}

/** Handlers, one of which replies with other fields. The types would refuse it, so they are bypassed. */
function replyingWith(handlers: Handlers, operationId: string, fields: object | 'a refusal' | undefined): Handlers {
  if (fields === undefined) return handlers
  const handle = handlers[operationId as keyof Handlers] as (
    ...given: unknown[]
  ) => Promise<{ status: number; body: object }>
  const changed = async (...given: unknown[]) => {
    if (fields === 'a refusal') throw new Problem('not-found', 'Not any more.')
    const reply = await handle(...given)
    return reply.status === 200 ? { ...reply, body: { ...reply.body, ...fields } } : reply
  }
  return { ...handlers, [operationId]: changed }
}
