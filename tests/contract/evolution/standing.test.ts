import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compileContract } from '../../../src/contract/compile.ts'
import { loadDocument } from '../../../src/contract/document/document.ts'
import { problemKinds } from '../../../src/http/problem-kinds.ts'
import { digestViolations, pinDigests } from './digests.ts'
import { both, copied, type Edit, having, reordered, replaced, without } from './edit-document.ts'
import { standingViolations } from './standing.ts'

const { root } = loadDocument()
const SCHEMAS = '/components/schemas'
const ORDER = `${SCHEMAS}/NoteOrder/x-enum-varnames`
const PINNED = `${SCHEMAS}/NoteCreate/properties/is_pinned`
const DATES = { deprecated: true, 'x-deprecated-since': '2026-11-22', 'x-sunset': '2027-06-30' }

function violationsOf(edit: Edit): string[] {
  return standingViolations({ root: edit(root) })
}

test('the contract and the released files violate no rule', () => {
  expect(standingViolations({ root })).toEqual([])
})

describe('a deprecated part has both dates', () => {
  const places = [
    '/paths/~1tags/get',
    '/components/parameters/Skip',
    PINNED,
    `${SCHEMAS}/Note/properties/owner_id`,
    '/components/headers/Link',
  ]

  test.each(places)('at %s', (place) => {
    expect(violationsOf(having(`${place}/deprecated`, true))).toEqual([
      `${place} is deprecated; x-deprecated-since must give the date (YYYY-MM-DD)`,
    ])
    expect(violationsOf(copied(place, place, DATES))).toEqual([])
    expect(violationsOf(copied(place, place, { ...DATES, 'x-sunset': '2027-02-28' }))).toEqual([
      expect.stringContaining('x-sunset is too early'),
    ])
    expect(violationsOf(having(`${place}/x-sunset`, '2027-06-30'))).toEqual([
      `${place} has deprecation dates, but is not deprecated`,
    ])
  })

  test('and the server accepts a contract that has them', () => {
    const edit = places.reduce<Edit>(
      (all, place) => both(all, copied(place, place, DATES)),
      (document) => document,
    )
    expect(() => compileContract(edit(root))).not.toThrow()
  })

  test('a field or an example named `deprecated` is not deprecated', () => {
    const field = having(`${SCHEMAS}/Note/properties/deprecated`, { type: 'boolean' })
    expect(
      violationsOf(both(field, having('/components/responses/NotFound/content/x/examples/a/value/deprecated', true))),
    ).toEqual([])
  })
})

describe('names of enum values match the values', () => {
  test.each([
    ['are gone, though two values are alike but for a sign', without(ORDER), 'need x-enum-varnames'],
    ['are too few', without(`${ORDER}/5`), 'has 5 names for 6 values'],
    ['have one twice', having(`${ORDER}/4`, 'CreatedAt'), 'has a name twice'],
    ['say something else', having(`${ORDER}/4`, 'Heading'), 'calls "title" Heading'],
    ['change places', reordered(ORDER, '1'), 'calls "created_at" CreatedAtDescending'],
    ['are no identifiers', having(`${ORDER}/5`, 'Title-Descending'), 'calls "-title" Title-Descending'],
  ])('and are refused when they %s', (_, edit, violation) => {
    expect(violationsOf(edit).join('\n')).toContain(violation)
  })
})

describe('the name of a schema works in generated code', () => {
  test.each([
    ['like the function that makes another one in Go', 'NewNote', 'like the function that makes a Note'],
    ['like another one but for its case', 'APIKey', 'called APIKey but for its case'],
  ])('and is refused when it is called %s', (_, name, violation) => {
    expect(violationsOf(copied(`${SCHEMAS}/Note`, `${SCHEMAS}/${name}`)).join()).toContain(violation)
  })
})

describe('a problem type of the contract', () => {
  const slug = 'too-many-api-keys'

  test('is known to the server', () => {
    expect(violationsOf(replaced(slug, 'api-key-limit'))).toEqual([
      expect.stringContaining('names /problems/api-key-limit, which src/http'),
    ])
    const { [slug]: _, ...fewer } = problemKinds
    expect(standingViolations({ root }, fewer)).toEqual([
      expect.stringContaining(`names /problems/${slug}, which src/http`),
    ])
  })

  test('has the status that the server sends', () => {
    const kinds = { ...problemKinds, [slug]: { status: 429 } }
    expect(standingViolations({ root }, kinds)).toEqual([
      `The contract shows /problems/${slug} with 409; in src/http/problem-kinds.ts it has 429.`,
    ])
  })
})

describe('a released file', () => {
  let folder: URL
  const write = (name: string, text: string) => writeFileSync(new URL(name, folder), text)

  beforeEach(() => {
    folder = pathToFileURL(`${mkdtempSync(join(tmpdir(), 'released-'))}/`)
    write('1.0.0.yaml', 'openapi: 3.1.0\n')
    write('1.0.0.requests.json', '{}\n')
    write('breaking-changes.yaml', '[]\n')
    pinDigests(['1.0.0.yaml', '1.0.0.requests.json'], folder)
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is unchanged', () => {
    expect(digestViolations(folder)).toEqual([])
    write('breaking-changes.yaml', '- { change: a, version: 2.0.0, reason: It grows with each release. }\n')
    expect(digestViolations(folder)).toEqual([])
  })

  test.each(['1.0.0.yaml', '1.0.0.requests.json'])(
    '%s is not edited, and a pinned digest is never rewritten',
    (name) => {
      write(name, 'edited\n')
      pinDigests([name], folder)
      expect(digestViolations(folder)).toEqual([`${name} was changed after it was released: take the change back.`])
    },
  )

  test.each(['1.0.0.yaml', '1.0.0.requests.json'])('%s is not removed', (name) => {
    rmSync(new URL(name, folder))
    expect(digestViolations(folder)).toEqual([`${name} is missing among the released files.`])
  })

  test('has a digest', () => {
    write('1.0.1.yaml', 'openapi: 3.1.0\n')
    expect(digestViolations(folder)).toEqual([
      '1.0.1.requests.json is missing among the released files.',
      '1.0.1.yaml has no digest in digests.json: npm run release:contract writes it.',
    ])
    rmSync(new URL('digests.json', folder))
    expect(digestViolations(folder)).toHaveLength(4)
  })
})

describe('every pattern and format is told in words', () => {
  test.each([
    ['pattern', having(`${SCHEMAS}/NoteCreate/properties/title/pattern`, '^[a-f]+$'), '^[a-f]+$'],
    ['pattern', having('/components/parameters/Cursor/schema/pattern', '^x'), '^x'],
    ['format', having(`${SCHEMAS}/UserCreate/properties/email/format`, 'ipv6'), 'ipv6'],
  ] as const)('a new %s is missing there', (keyword, edit, rule) => {
    expect(violationsOf(edit)).toEqual([
      `the ${keyword} ${rule} is not in x-rules-in-words, so nobody is told what it means`,
    ])
  })

  test('words that nothing needs, or that are no sentence, are found', () => {
    expect(violationsOf(having('/x-rules-in-words/formats/ipv4', 'Must be an IPv4 address.'))).toEqual([
      'x-rules-in-words explains the format ipv4, which no schema has',
    ])
    expect(violationsOf(having('/x-rules-in-words/formats/uuid', 'a UUID'))).toEqual([
      'x-rules-in-words must say in a short sentence of ASCII what the format uuid demands',
    ])
  })
})
