import pino from 'pino'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/config.ts'
import { type Json, object, string } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { Handlers } from '../../../src/contract/types.ts'
import { listen } from '../../../src/listener.ts'
import { type RunningServer, startAlone } from '../../../src/start.ts'
import { useFixture, useServer } from '../../support/fixtures.ts'
import { SECRET_KEY } from '../../support/server.ts'
import { operations, responseExamples } from '../harness/document-examples.ts'
import { createComparison } from './comparison.ts'
import { provocations, type Servers } from './provocations.ts'
import { bearerFor, compareHeaders, exampleRequests, requestId, setScene } from './requests.ts'
import { tellStory } from './story.ts'

const story = useFixture(tellStory, (told) => told.stop())
const closed = useServer(() => ({ db: story.server.db, registration: 'closed' }))
const throwing = useServer(() => ({ db: story.server.db, override: failEverywhere }))
const limited = useServer(() => ({ db: story.server.db, userQuota: 1, addressQuota: 1 }))
const cutOff = useFixture(startWithoutDatabase, (running) => running.stop())
const servers: Servers = { closed, throwing, cutOff, limited }
let scene: Operation | undefined

/** Every problem that the document shows under an operation. */
const shown = operations.flatMap((operation) =>
  [...operation.responses.keys()]
    .filter((status) => status >= 400)
    .flatMap((status) =>
      responseExamples(operation, status).map(({ name, value }) => {
        const problem = object(value)
        const kind = string(problem['type']).replace('/problems/', '')
        return { operation, status, name, problem, kind, title: `${operation.operationId} ${status} ${name}` }
      }),
    ),
)

test.each(shown)(
  'the problem $title is answered in the words of the document',
  async ({ operation, status, name, problem, kind }) => {
    const provoke = provocationOf(kind, name)
    const [request] = exampleRequests(operation)
    if (provoke === undefined || request === undefined) throw new Error(`Nothing here brings ${kind} ${name} about`)
    // Once for each operation: what alters the story begins by telling it anew, and the others are refused before they can.
    if (operation !== scene) await setScene(story, request)
    scene = operation
    const bearer = await bearerFor(operation, story)
    const answer = await provoke({ story, servers, operation, problem, attempt: request.attempt, bearer })
    expect(answer.status, answer.text).toBe(status)
    const known = 'current' in problem ? await story.known() : { ids: new Set<string>(), times: new Set<string>() }
    const comparison = createComparison(known, story.time, [requestId])
    comparison.compare('', problem, JSON.parse(answer.text) as Json)
    // How long is left of a minute depends on when it began.
    if (kind !== 'rate-limited') compareHeaders(comparison, operation, answer)
    expect(comparison.differences()).toEqual([])
  },
)

test('whatever is provoked here is shown somewhere', () => {
  const names = Object.entries(provocations).flatMap(([kind, examples]) =>
    Object.keys(examples).map((name) => `${kind} ${name}`),
  )
  expect(names.toSorted()).toEqual([...new Set(shown.map(({ kind, name }) => `${kind} ${name}`))].toSorted())
})

function provocationOf(kind: string, name: string) {
  const kinds: Readonly<Record<string, (typeof provocations)[keyof typeof provocations]>> = provocations
  return kinds[kind]?.[name]
}

function fail(): never {
  throw new Error('a fault of the server')
}

function failEverywhere(handlers: Handlers): Handlers {
  return Object.fromEntries(Object.keys(handlers).map((id) => [id, fail])) as unknown as Handlers
}

/** As in production: its words about a database that is away are those of the process, not of a test. */
async function startWithoutDatabase(): Promise<RunningServer> {
  const log = pino({ enabled: false })
  // Port 1 of the loopback address: nobody listens.
  const config = loadConfig({
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
    SECRET_KEY,
  })
  return startAlone(config, await listen(config, log), log, new AbortController().signal)
}
