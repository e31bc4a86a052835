import { expect, test } from 'vitest'
import { useFixture } from '../../support/fixtures.ts'
import { list } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { Answer } from '../../support/people.ts'
import { operationCalled, operations } from '../harness/document-examples.ts'
import { PLATFORM_HEADERS } from '../harness/platform-headers.ts'
import { type Attempt, send } from '../operations.ts'
import { withHeaders } from '../harness/partial-requests.ts'
import type { Comparison } from './comparison.ts'
import {
  bearerFor,
  compared,
  exampleRequests,
  headerExamples,
  parametersOf,
  setScene,
  successOf,
  textOf,
} from './requests.ts'
import { manyOf } from './stages.ts'
import { tellStory } from './story.ts'

const story = useFixture(tellStory, (told) => told.stop())

/** The examples of parameters that samples of code leave out; those of the others are in every example of an operation. */
const optional = operations.flatMap((operation) =>
  parametersOf(operation)
    .filter(({ name, in: place }) => place !== 'path' && !hasParameter(first(operation).attempt, name))
    .map((parameter) => ({ operation, parameter, title: `${parameter.name} of ${operation.operationId}` })),
)

test.each(optional)(
  'the example of the parameter $title is taken',
  async ({ operation, parameter: { name, in: place, example } }) => {
    const request = first(operation)
    await setScene(story, request)
    let value =
      typeof example === 'string' && /^\d{4}-/.test(example)
        ? story.time.toNow(example)
        : textOf(list(example)[0] ?? example)
    if (name === 'cursor' || name === 'Last-Event-ID') value = await realCursor(operation)
    const attempt =
      place === 'header' ? withHeaders(request.attempt, { [name]: value }) : withQuery(request.attempt, name, value)
    const answer = await send(story.server, attempt, await bearerFor(operation, story))
    expect(answer.status, answer.text).toBe(name === 'If-None-Match' ? 304 : successOf(operation))
  },
)

/** Headers that the answer to an example need not have, by what brings them about. */
const circumstances: Readonly<
  Record<string, (operation: Operation) => Promise<{ answer: Answer; comparison: Comparison }>>
> = {
  Link: many,
  'X-Total-Count': async (operation) => {
    const request = first(operation)
    await setScene(story, request)
    return compared(story, operation, withQuery(request.attempt, 'count', 'true'))
  },
  'Idempotency-Replayed': async (operation) => {
    const request = first(operation)
    await setScene(story, request)
    await send(story.server, request.attempt, await bearerFor(operation, story))
    return compared(story, operation, request.attempt)
  },
  '304': async (operation) => {
    const request = first(operation)
    await setScene(story, request)
    const holding = parametersOf(operation).find(({ name }) => name === 'If-None-Match')
    return compared(
      story,
      operation,
      withHeaders(request.attempt, { 'If-None-Match': textOf(holding?.example ?? null) }),
    )
  },
}

const others = operations.flatMap((operation) =>
  [...operation.responses.keys()].flatMap((status) =>
    headerExamples(operation, status)
      .filter(({ name }) => !PLATFORM_HEADERS.has(name))
      .filter(({ required }) => !required || (status < 400 && status !== successOf(operation)))
      .map((header) => ({
        ...header,
        operation,
        status,
        title: `${header.name} of ${operation.operationId} ${status}`,
      })),
  ),
)

test.each(others)('the example of the header $title is given', async ({ operation, status, name, example }) => {
  const bringAbout = circumstances[name] ?? circumstances[String(status)]
  if (bringAbout === undefined) throw new Error(`Nothing here brings ${name} about`)
  const { answer, comparison } = await bringAbout(operation)
  expect(answer.status, answer.text).toBe(status)
  comparison.compare(name, textOf(example), answer.headers.get(name) ?? '')
  expect(comparison.differences()).toEqual([])
})

function first(operation: Operation) {
  const [request] = exampleRequests(operation)
  if (request === undefined) throw new Error(`${operation.operationId} has no example`)
  return request
}

async function many(operation: Operation): Promise<{ answer: Answer; comparison: Comparison }> {
  await story.reset()
  await manyOf[operation.operationId]?.(story)
  return compared(story, operation, first(operation).attempt)
}

function hasParameter({ path, headers }: Attempt, name: string): boolean {
  return name in headers || new URLSearchParams(path.split('?')[1]).has(name)
}

function withQuery(attempt: Attempt, name: string, value: string): Attempt {
  const [path, query] = attempt.path.split('?')
  const pairs = new URLSearchParams(query)
  pairs.set(name, value)
  return { ...attempt, path: `${path}?${pairs.toString()}` }
}

/** The cursor of a page that is not the last. */
async function realCursor(operation: Operation): Promise<string> {
  const source = operation.operationId === 'streamChanges' ? operationCalled('listChanges') : operation
  return cursorIn((await many(source)).answer)
}

function cursorIn({ headers }: Answer): string {
  return /[?&]cursor=([\w-]+)/.exec(headers.get('link') ?? '')?.[1] ?? ''
}
