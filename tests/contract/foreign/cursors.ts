import type { OperationId } from '../../../src/contract/types.ts'
import type { Json } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { Person } from '../../support/people.ts'
import { operations } from '../harness/document-examples.ts'
import { STRANGERS_TAG } from './belongings.ts'
import { namingOf } from './cases.ts'
import { attemptOf, type Draft, draftAbout, withValue } from './drafts.ts'
import { samplesOf, type Shape, shapesOf } from './places.ts'

/** By operation: cursors that are not of the list as it is asked for, and one that was altered. */
export type Cursors = Readonly<
  Record<string, { readonly foreign: Readonly<Record<string, string>>; readonly altered: string }>
>

interface Readers {
  readonly stranger: Person
  /** Notes of the stranger. */
  readonly own: readonly [first: string, second: string]
  readonly victim: Person
  /** A note of the victim. */
  readonly foreign: string
}

interface List {
  readonly operation: Operation
  readonly shape: Shape
  readonly place: string
}

/** Operations that take the cursors of another one's list. */
const LIST_OF: Readonly<Partial<Record<OperationId, OperationId>>> = { streamChanges: 'listChanges' }

const lists = operations.flatMap((operation): List[] => {
  return shapesOf(operation).flatMap((shape) => {
    const place = shape.places.find(
      (candidate) => namingOf(operation.operationId, candidate.place).names === 'cursor',
    )?.place
    const isOwnList = !Object.hasOwn(LIST_OF, operation.operationId)
    return place === undefined || !isOwnList ? [] : [{ operation, shape, place }]
  })
})

/** Reads a page of every list, as the victim and as the stranger, and keeps the cursors of their Links. */
export async function readCursors({ stranger, own, victim, foreign }: Readers): Promise<Cursors> {
  const [note, otherNote] = own
  const strangers = new Map<string, string>()
  for (const list of lists) strangers.set(list.operation.operationId, await needCursor(stranger, list, note))
  const found = lists.map(async (list) => {
    const { operationId } = list.operation
    const mine = strangers.get(operationId) ?? ''
    const others = [...strangers]
      .filter(([id]) => id !== operationId)
      .map(([id, cursor]) => [`a cursor of ${id as OperationId}`, cursor])
    const ofOtherNote = await cursorOf(stranger, list, draftAbout(operationId, list.shape, otherNote))
    const given = Object.fromEntries([
      ["the victim's cursor", await needCursor(victim, list, foreign)],
      ...others,
      ...(await withFilters(stranger, list, note)),
      ...(ofOtherNote === mine ? [] : [['the cursor of another note', ofOtherNote]]),
    ]) as Record<string, string>
    return [
      operationId,
      { foreign: given, altered: mine.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A')) },
    ] as const
  })
  const cursors = Object.fromEntries(await Promise.all(found))
  for (const [reader, list] of Object.entries(LIST_OF)) if (cursors[list]) cursors[reader] = cursors[list]
  return cursors
}

/** Parameters that say nothing about which notes are listed. */
const NO_FILTERS: ReadonlySet<string> = new Set(['query/count'])

/** Cursors of the same list with each other filter and order. Numbers of items are no filters. */
async function withFilters(stranger: Person, { operation, shape, place }: List, note: string | undefined) {
  const { operationId } = operation
  const plain = draftAbout(operationId, shape, note)
  const filters = shape.places.flatMap(({ place: filter, schema }) => {
    if (filter === place || !filter.startsWith('query/') || schema['type'] === 'integer') return []
    if (NO_FILTERS.has(filter)) return []
    const values: Json[] = namingOf(operationId, filter).names === 'tag' ? [STRANGERS_TAG] : samplesOf(schema)
    return values.filter((value) => value !== schema['default']).map((value) => ({ filter, value }))
  })
  const found = []
  for (const { filter, value } of filters) {
    const cursor = await cursorOf(stranger, { operation, shape, place }, withValue(plain, filter, value))
    if (cursor !== undefined) found.push([`a cursor with ${filter} ${JSON.stringify(value)}`, cursor])
  }
  return found
}

async function needCursor(person: Person, list: List, note: string | undefined): Promise<string> {
  const cursor = await cursorOf(person, list, draftAbout(list.operation.operationId, list.shape, note))
  if (cursor === undefined) throw new Error(`${list.operation.operationId} has no second page`)
  return cursor
}

/** The cursor of the first page, which has one item; undefined when it is the last page. */
async function cursorOf(person: Person, { operation }: List, draft: Draft): Promise<string | undefined> {
  const { method, path, headers } = attemptOf(operation, withValue(draft, 'query/limit', 1))
  const { headers: given } = await person.ask(method, path, { headers })
  return /[?&]cursor=([^&>]+)/.exec(given.get('link') ?? '')?.[1]
}
