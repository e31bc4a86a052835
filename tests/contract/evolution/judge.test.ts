import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type ContractDocument,
  type JsonObject,
  loadDocument,
  object,
} from '../../../src/contract/document/document.ts'
import { compareContracts } from './compare.ts'
import { appended, both, having, without } from './edit-document.ts'
import { judgeHistory } from './judge.ts'
import { type Listed, listedChanges, releasedContracts } from './released.ts'
import { redoclyOpinion } from './second-opinion.ts'

const [first] = releasedContracts()
const today = loadDocument()
const changelog = readFileSync(new URL('../../../CHANGELOG.md', import.meta.url), 'utf8')

const breaking = having('/components/schemas/NoteCreate/properties/title/maxLength', 400)
const breakingId = 'request/maxLength /components/schemas/NoteCreate/properties/title'
const growing = having('/components/schemas/Note/properties/colour', { type: 'string' })
const loosening = having('/paths/~1tags/get/security', [])

/** The first release with a change, as a new version. */
function next(version: string, change: (root: JsonObject) => JsonObject = (root) => root): ContractDocument {
  if (first === undefined) throw new Error('Nothing was ever released')
  const root = change(first.root)
  const renamed = { ...root, info: { ...object(root['info']), version } }
  return { root: renamed, version, text: JSON.stringify(renamed) }
}

function violationsOf(contract: ContractDocument, lines: string, listed: readonly Listed[] = []): readonly string[] {
  if (first === undefined) throw new Error('Nothing was ever released')
  // Before all others, because the real changelog may have this version one day.
  const section = lines === '' ? '' : `## [${contract.version}] - unreleased\n\n### API\n${lines}\n\n`
  const text = changelog.replace('## [', `${section}## [`)
  return judgeHistory([first, contract], { listed, changelog: text }).flatMap(({ violations }) => violations)
}

function listing(change: string, version: string): Listed {
  return { change, version, reason: 'It has to be, and here is why.' }
}

describe('the contract as it stands', () => {
  test('breaks no released one, has the version that its changes need, and is in the changelog', () => {
    const verdicts = judgeHistory([...releasedContracts(), today], { listed: listedChanges(), changelog })
    expect(verdicts.flatMap(({ violations }) => violations)).toEqual([])
  })

  test('the changelog of the first release names all its operations', () => {
    const poorer = changelog.replaceAll('`compareRevisions`', 'comparing')
    const verdicts = judgeHistory(releasedContracts(), { listed: [], changelog: poorer })
    expect(verdicts[0]?.violations).toEqual([
      'CHANGELOG.md, [1.0.0], API: a line is missing that names `compareRevisions` (compareRevisions is new).',
    ])
  })
})

describe('a breaking change', () => {
  const line = '- Titles of `createNote` have at most 400 characters: `title`.'

  test('is refused unless it is listed', () => {
    const [violation, ...others] = violationsOf(next('2.0.0', breaking), line)
    expect(violation).toContain(`"${breakingId}" breaks clients and is not listed`)
    expect(others).toEqual([])
  })

  test('is refused in anything but a new major version, listed or not', () => {
    const violations = violationsOf(next('1.1.0', breaking), line, [listing(breakingId, '1.1.0')])
    expect(violations).toEqual(['info.version is 1.1.0, but these changes (major) demand at least 2.0.0.'])
  })

  test('is accepted when it is listed and the major version rises', () => {
    expect(violationsOf(next('2.0.0', breaking), line, [listing(breakingId, '2.0.0')])).toEqual([])
  })

  test('is asked for in the step that makes it only, so that its release can be kept', () => {
    const released = next('2.0.0', breaking)
    const section = `## [2.0.0] - 2026-11-27\n\n### API\n${line}\n\n`
    const rules = { listed: [listing(breakingId, '2.0.0')], changelog: changelog.replace('## [', `${section}## [`) }
    const violationsAfter = (last: ContractDocument): readonly string[] =>
      judgeHistory([...(first === undefined ? [] : [first]), released, last], rules).flatMap((step) => step.violations)
    expect(violationsAfter(released)).toEqual([])
    expect(violationsAfter(next('2.0.0', both(breaking, growing)))).toEqual([
      'info.version is 2.0.0, but these changes (minor) demand at least 2.1.0.',
    ])
  })

  test('that is listed but not made is refused, so that the list stays true', () => {
    const violations = violationsOf(next('2.0.0', breaking), line, [
      listing(breakingId, '2.0.0'),
      listing('operation-removed listTags', '2.0.0'),
    ])
    expect(violations).toEqual([
      expect.stringContaining('"operation-removed listTags" is listed for 2.0.0, but does not happen there'),
    ])
    expect(violationsOf(next('1.0.0'), '', [listing(breakingId, '3.0.0')])).toEqual([
      expect.stringContaining('there is no such version'),
    ])
  })

  test('cannot be listed without a reason', () => {
    expect(() => listedChanges('- { change: a, version: 2.0.0, reason: why not }')).toThrow(/a reason is a sentence/)
    expect(() => listedChanges('- { change: a, version: 2.0.0 }')).toThrow(/"reason" must be text/)
  })
})

test('an operation that is less protected must be listed, although no client breaks', () => {
  const line = '- `listTags` is public.'
  expect(violationsOf(next('1.1.0', loosening), line)).toEqual([
    expect.stringContaining('"security-loosened listTags" guards an operation less'),
  ])
  expect(violationsOf(next('1.1.0', loosening), line, [listing('security-loosened listTags', '1.1.0')])).toEqual([])
})

describe('the version', () => {
  const line = '- A `Note` has a `colour`.'

  test.each([
    ['stays although something was added', '1.0.0', growing, 'demand at least 1.1.0'],
    ['rises too little', '1.0.1', growing, 'demand at least 1.1.0'],
    [
      'stays although a text changed',
      '1.0.0',
      having('/paths/~1tags/get/summary', 'Another'),
      '(patch) demand at least 1.0.1',
    ],
    ['rises although nothing changed', '1.1.0', (root: JsonObject) => root, 'nothing changed since 1.0.0'],
  ])('is refused when it %s', (_, version, change, violation) => {
    expect(violationsOf(next(version, change), version === '1.0.0' ? '' : line).join()).toContain(violation)
  })

  test.each(['1.1.0', '1.2.0', '2.0.0'])('%s may follow when something was added', (version) => {
    expect(violationsOf(next(version, growing), line)).toEqual([])
  })
})

describe('the changelog', () => {
  test.each([
    ['- Notes are better now.', '`colour`'],
    ['- `getNote` answers with `colour`.', '`createNote`'],
    ['- A `Note` is better now.', '`colour`'],
  ])('is refused when it says only: %s', (line, missing) => {
    const violations = violationsOf(next('1.1.0', growing), line)
    expect(violations.join()).toContain('a line is missing that names')
    expect(violations.join()).toContain(missing)
  })

  test('is refused when it names what does not exist', () => {
    const line = '- A `Note` has a `colour`; `paintNote` and `text_colour` too.'
    expect(violationsOf(next('1.1.0', growing), line)).toEqual([
      'CHANGELOG.md, [1.1.0], API: names `paintNote`, which the contract does not have.',
      'CHANGELOG.md, [1.1.0], API: names `text_colour`, which the contract does not have.',
    ])
  })

  test('is refused when the version has no part on the API', () => {
    const contract = next('1.999.0', growing)
    const verdicts = judgeHistory([next('1.0.0'), contract], { listed: [], changelog })
    expect(verdicts[1]?.violations).toEqual(['CHANGELOG.md has no "## [1.999.0]" with an "### API" in it.'])
  })
})

describe('the second opinion', () => {
  test('reports a break that our own comparison overlooked', () => {
    const [found, ...others] = redoclyOpinion(next('1.0.0'), next('1.1.0', breaking), [])
    expect(found).toMatchObject({
      impact: 'major',
      id: expect.stringContaining('redocly/schema-constraint-changed /paths//notes/post'),
    })
    expect(others).toEqual([])
  })

  test('adds nothing where our own comparison has found the change', () => {
    const expected = appended('/components/schemas/Conflict/properties/field/enum', 'colour')
    const change = both(breaking, both(expected, without('/paths/~1tags/get')))
    const [before, after] = [next('1.0.0'), next('2.0.0', change)]
    expect(redoclyOpinion(before, after, compareContracts(before.root, after.root))).toEqual([])
  })
})
