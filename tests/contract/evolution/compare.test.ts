import { describe, expect, test } from 'vitest'
import { loadDocument } from '../../../src/contract/document/document.ts'
import { worstOf } from './changes.ts'
import { compareContracts } from './compare.ts'
import { appended, both, deprecated, having, reordered, without } from './edit-document.ts'
import { seededBreaks } from './seeded-breaks.ts'

const { root } = loadDocument()
const KIND = '/components/schemas/Conflict/properties/field'
const pattern = (text: string) => having(`${KIND}/pattern`, text)

describe('comparing two contracts', () => {
  test('a contract equals itself, whatever the order of its members', () => {
    expect(compareContracts(root, Object.fromEntries(Object.entries(root).toReversed()))).toEqual([])
    expect(compareContracts(root, reordered('/components/schemas/TagCount/properties', 'count')(root))).toEqual([])
  })

  test.each(seededBreaks)('$title: $impact', ({ seed, impact, finds }) => {
    const changes = compareContracts(root, seed(root))
    expect(changes.map(({ id }) => id)).toContainEqual(expect.stringContaining(finds))
    expect(worstOf(changes), JSON.stringify(changes, undefined, 1)).toBe(impact)
    expect(changes.find(({ id }) => id.startsWith(finds))?.impact).toBe(impact)
  })

  test('a reply gets a value that clients have to ignore', () => {
    const reason = '/components/schemas/StreamEnd/properties/reason'
    const announced = both(
      having(`${reason}/description`, 'Why. Ignore reasons that you do not know.'),
      having(`${reason}/enum`, ['credential_ended']),
    )
    const before = announced(root)
    const after = appended(`${reason}/enum`, 'bored')(before)
    expect(compareContracts(before, after)).toMatchObject([{ id: `reply/enum ${reason}`, impact: 'minor' }])
  })

  test.each([
    ['later', '2027-07-30', 'minor'],
    ['earlier, which takes time away that was promised', '2027-05-30', 'major'],
  ])('a sunset that comes %s', (_, moved, impact) => {
    const [before, after] = ['2027-06-30', moved].map((day) => deprecated('/paths/~1tags/get', day)(root))
    expect(compareContracts(before ?? {}, after ?? {})).toMatchObject([{ id: 'sunset listTags', impact }])
  })

  test.each([
    ['goes', pattern('^[a-z_]+$'), without(`${KIND}/pattern`), 'patch'],
    [
      'is removed while the list grows',
      pattern('^[a-z_]+$'),
      both(without(`${KIND}/pattern`), appended(`${KIND}/enum`, 'robot')),
      'major',
    ],
    ['changes', pattern('^[a-z_]+$'), pattern('^[a-z_]*$'), 'patch'],
    ['goes that refused one of the values', pattern('^[a-s]+$'), without(`${KIND}/pattern`), 'major'],
    [
      'is removed with the list that implied it',
      pattern('^[a-z_]+$'),
      both(without(`${KIND}/pattern`), without(`${KIND}/enum`)),
      'major',
    ],
  ])('a pattern beside an enum that %s', (_, seed, change, impact) => {
    const before = seed(root)
    const changes = compareContracts(before, change(before))
    expect(changes.map(({ id }) => id)).toContain(`reply/pattern ${KIND}`)
    expect(worstOf(changes)).toBe(impact)
  })
})
