import { describe, expect, test } from 'vitest'
import { loadDocument } from '../../../src/contract/document.ts'
import { worstOf } from './changes.ts'
import { compareContracts } from './compare.ts'
import { deprecated } from './edit-document.ts'
import { seededBreaks } from './seeded-breaks.ts'

const { root } = loadDocument()

describe('comparing two contracts', () => {
  test('a contract is the same as itself, whatever the order of its members', () => {
    expect(compareContracts(root, Object.fromEntries(Object.entries(root).toReversed()))).toEqual([])
  })

  test.each(seededBreaks)('$title: $impact', ({ seed, impact, finds }) => {
    const changes = compareContracts(root, seed(root))
    expect(changes.map(({ id }) => id)).toContainEqual(expect.stringContaining(finds))
    expect(worstOf(changes), JSON.stringify(changes, undefined, 1)).toBe(impact)
    expect(changes.find(({ id }) => id.startsWith(finds))?.impact).toBe(impact)
  })

  test.each([
    ['later', '2027-07-30', 'minor'],
    ['earlier, which takes time away that was promised', '2027-05-30', 'major'],
  ])('a sunset that comes %s', (_, moved, impact) => {
    const [before, after] = ['2027-06-30', moved].map((day) => deprecated('/paths/~1tags/get', day)(root))
    expect(compareContracts(before ?? {}, after ?? {})).toMatchObject([{ id: 'sunset listTags', impact }])
  })
})
