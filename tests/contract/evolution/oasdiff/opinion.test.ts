import { describe, expect, test } from 'vitest'
import { type ContractDocument, loadDocument } from '../../../../src/contract/document/document.ts'
import { compareContracts } from '../compare.ts'
import { releasedContracts } from '../released.ts'
import { createOasdiffOpinion, type Policy, readPolicy } from './opinion.ts'
import { type Comparison, comparisons, recordedReports } from './recording.ts'

/**
 * oasdiff itself needs Go, so these tests read its recorded reports, recorded.json. `.ci/run` compares them with the
 * program if it is installed.
 */
const reports = recordedReports()
const policy = readPolicy()
const compared = comparisons()

function comparisonOf(title: string): Comparison {
  const found = compared.find((comparison) => comparison.title === title)
  if (found === undefined) throw new Error(`Nothing is compared under "${title}"`)
  return found
}

/** The findings that remain, by title, after our own comparison or with another one in its place. */
function left(title: string, changes?: ReturnType<typeof compareContracts>, by: Policy = policy): string[] {
  const { before, after } = comparisonOf(title)
  const { judge } = createOasdiffOpinion(by, () => reports[title] ?? null)
  return judge(before, after, changes ?? compareContracts(before.root, after.root)).map(({ id }) => id)
}

test('there is a recording for each comparison, and no other', () => {
  expect(Object.keys(reports)).toEqual(compared.map(({ title }) => title))
})

describe('a break that oasdiff finds', () => {
  test.each([
    ['an operation is removed', 'oasdiff/api-removed-without-deprecation listTags'],
    ['an operation is renamed', 'oasdiff/api-operation-id-removed listTags'],
    ['a scope is removed', 'oasdiff/api-security-component-oauth-scope-removed'],
  ])('counts when our own comparison overlooks it: %s', (title, id) => {
    expect(left(title, [])).toEqual([expect.stringMatching(new RegExp(`^${id} [0-9a-f]{12}$`))])
  })

  test.each(['an operation is removed', 'an operation is renamed', 'a scope is removed'])(
    'is not reported a second time when our own comparison knows it: %s',
    (title) => {
      expect(left(title)).toEqual([])
    },
  )

  test('counts when our own comparison knows a break of another operation only', () => {
    const change = {
      impact: 'major',
      id: 'operation-removed getMe',
      text: '',
      operations: ['getMe'],
      names: [],
    } as const
    expect(left('an operation is removed', [change])).toHaveLength(1)
  })

  test('is a break because policy.yaml raises it, although oasdiff rates it lower', () => {
    expect(left('a scope is removed', [], { ...policy, raised: new Set() })).toEqual([])
  })
})

test('an addition is no break', () => {
  expect(left('a reply gets a new field', [])).toEqual([])
})

test('a list that may grow is left to our own comparison, if that has found the change', () => {
  const title = 'a list that was announced to grow gets a value'
  expect(left(title)).toEqual([])
  expect(left(title, [])).toEqual([expect.stringContaining('response-property-enum-value-added listSecurityEvents')])
  expect(left(title, undefined, { ...policy, deferred: new Map() })).toHaveLength(1)
})

describe('a false alarm', () => {
  const title = 'a pattern that the enum implies is removed'
  const [alarm] = policy.falseAlarms

  test('is accepted in the version that it is listed for, and in no other', () => {
    expect(left(title)).toEqual([])
    const elsewhere = policy.falseAlarms.map((listed) => ({ ...listed, version: '1.0.2' }))
    expect(left(title, undefined, { ...policy, falseAlarms: elsewhere })).toEqual([alarm?.change])
  })

  test('that oasdiff does not raise is reported, so that the list stays true', () => {
    const { before, after } = comparisonOf(title)
    const unheard = (against: ContractDocument, report = reports[title] ?? null) => {
      const opinion = createOasdiffOpinion(policy, () => report)
      opinion.judge(before, against, [])
      return opinion.unheard()
    }
    expect(unheard(after)).toEqual([])
    expect(unheard({ ...after, version: '9.0.0' })).toEqual(policy.falseAlarms)
    expect(unheard(after, [])).toEqual(policy.falseAlarms)
  })

  test('is listed for an existing contract', () => {
    const versions = [...releasedContracts(), loadDocument()].map(({ version }) => version)
    expect(versions).toEqual(expect.arrayContaining(policy.falseAlarms.map(({ version }) => version)))
  })
})

test('a report that is not a list is refused, because it would pass for one without findings', () => {
  const { before, after } = comparisonOf('an operation is removed')
  expect(() => createOasdiffOpinion(policy, () => ({})).judge(before, after, [])).toThrow(/not a list/)
})
