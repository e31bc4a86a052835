import { describe, expect, test } from 'vitest'
import { editBounds } from '../../src/notes/core/bounds.ts'
import type { Candidate } from '../../src/text/candidates.ts'
import { applyEdits, type Edit } from '../../src/text/edits.ts'
import { Distance } from '../../src/text/nearest.ts'
import { costOf, randomFrom } from './random.ts'

const applyTo = (content: string, edit: Edit) => applyEdits(content, [edit], editBounds)
const insert = (heading: string, rest: { within?: string[]; occurrence?: number } = {}): Edit => ({
  op: 'insert_under',
  heading,
  text: 'x',
  ...rest,
})

const diary = '# 2025\n## Notes\na\n# 2026\n## May\n### Notes\nb\n## Notes\nc\n'

describe('of several headings, the one is meant', () => {
  test.each([
    ['that is under another one', insert('Notes', { within: ['2025'] }), diary.replace('a\n', 'a\nx\n')],
    ['that is deep under another one', insert('Notes', { within: ['2026', 'May'] }), diary.replace('b\n', 'b\nx\n')],
    ['that is under one with marks', insert('### Notes', { within: ['# 2026'] }), diary.replace('b\n', 'b\nx\n')],
    ['whose number is given', insert('Notes', { occurrence: 2 }), diary.replace('b\n', 'b\nx\n')],
    ['whose number and level are given', insert('## Notes', { occurrence: 2 }), `${diary}x\n`],
    ['of those under another one', insert('Notes', { within: ['2026'], occurrence: 2 }), `${diary}x\n`],
    ['that is the only one, by its number', insert('May', { occurrence: 1 }), diary.replace('b\n', 'b\nx\n')],
  ] as const)('%s', (_, edit, result) => {
    expect(applyTo(diary, edit)).toEqual({ content: result })
  })

  test('not one under a heading that another heading of its level has closed', () => {
    expect(applyTo(diary, insert('Notes', { within: ['May', 'Notes'] })).fault).toMatchObject({
      type: 'heading_not_found',
    })
    expect(applyTo('# a\n# b\n## c\n', insert('c', { within: ['a'] })).fault?.type).toBe('heading_not_found')
  })
})

test('of several tasks and texts, the one is meant whose number is given; those that overlap count', () => {
  expect(applyTo('- [ ] a\n- [ ] a\n', { op: 'toggle_task', task: 'a', occurrence: 2 })).toEqual({
    content: '- [ ] a\n- [x] a\n',
  })
  expect(applyTo('aaa', { op: 'replace_text', find: 'aa', replace: 'b', occurrence: 2 })).toEqual({ content: 'ab' })
  expect(applyTo('a', { op: 'replace_text', find: 'a', replace: 'b', occurrence: 1 })).toEqual({ content: 'b' })
})

describe('a number beyond the last', () => {
  test.each<[string, Edit]>([
    ['heading_not_found', insert('Notes', { occurrence: 4 })],
    ['text_not_found', { op: 'replace_text', find: 'Notes', replace: '', occurrence: 4 }],
  ])('is %s, with how many there are', (type, edit) => {
    const { fault } = applyTo(diary, edit)
    expect(fault).toMatchObject({ type, count: 3 })
    expect(fault?.candidates?.map(({ line, occurrence }) => [line, occurrence])).toEqual([
      [2, 1],
      [6, 2],
      [8, 3],
    ])
  })
})

const candidatesOf = (content: string, edit: Edit): readonly Candidate[] =>
  applyTo(content, edit).fault?.candidates ?? []

describe('what an edit may have meant is listed', () => {
  test('for an ambiguous heading: each with its line, its number and the headings above it', () => {
    expect(candidatesOf(diary, insert('Notes'))).toEqual([
      { text: '## Notes', line: 2, occurrence: 1, within: ['# 2025'] },
      { text: '### Notes', line: 6, occurrence: 2, within: ['# 2026', '## May'] },
      { text: '## Notes', line: 8, occurrence: 3, within: ['# 2026'] },
    ])
  })

  test('for an unknown heading: the nearest first, whatever their case, each once', () => {
    expect(candidatesOf('# Later\n# Shipping\n# shopping\n# Shopping\n# Shopping\n', insert('Shoping'))).toEqual([
      { text: '# shopping', line: 3 },
      { text: '# Shopping', line: 4 },
      { text: '# Shipping', line: 2 },
      { text: '# Later', line: 1 },
    ])
  })

  test('for a heading that is elsewhere: where it is', () => {
    expect(candidatesOf(diary, insert('Notes', { within: ['2024'] })).slice(0, 3)).toEqual([
      { text: '## Notes', line: 2, within: ['# 2025'] },
      { text: '### Notes', line: 6, within: ['# 2026', '## May'] },
      { text: '## Notes', line: 8, within: ['# 2026'] },
    ])
  })

  test('for tasks and texts', () => {
    expect(candidatesOf('- [ ] eggs\n- [x] milk\n', { op: 'toggle_task', task: 'mlik' })).toEqual([
      { text: 'milk', line: 2 },
      { text: 'eggs', line: 1 },
    ])
    expect(
      candidatesOf('one\r\n\r\nDue tomorow.\r\n', { op: 'replace_text', find: '\ntomorrow\nx', replace: '' }),
    ).toEqual([
      { text: 'Due tomorow.', line: 3 },
      { text: 'one', line: 1 },
    ])
    expect(candidatesOf('a b\nb', { op: 'replace_text', find: 'b', replace: '' })).toEqual([
      { text: 'a b', line: 1, occurrence: 1 },
      { text: 'b', line: 2, occurrence: 2 },
    ])
  })

  test('and is nothing where the note has nothing', () => {
    expect(candidatesOf('text', insert('A'))).toEqual([])
    expect(candidatesOf('- [ ]\n', { op: 'toggle_task', task: 'A' })).toEqual([])
    expect(candidatesOf('', { op: 'replace_text', find: 'A', replace: '' })).toEqual([])
  })

  test('bounded: 20 at most, of 100 characters at most, in less than 7 000 bytes', () => {
    const many = Array.from({ length: 50 }, (_, index) => `# ${index}\n`).join('')
    expect(candidatesOf(many, insert('none'))).toHaveLength(20)
    expect(candidatesOf('# a\n'.repeat(50), insert('a'))).toHaveLength(20)
    expect(candidatesOf('aa'.repeat(50), { op: 'replace_text', find: 'a', replace: '' })).toHaveLength(20)
    for (const wide of ['😀', '\u0007', '語', '"', 'a']) {
      const path = [1, 2, 3, 4, 5, 6].map((level) => `${'#'.repeat(level)} ${wide.repeat(300)}\n`).join('')
      const line = `${wide.repeat(300)}\n`
      const lists = [
        candidatesOf(path.repeat(30), insert(wide)),
        candidatesOf(path.repeat(30), insert(wide, { within: ['none'] })),
        candidatesOf(`- [ ] ${line}`.repeat(30), { op: 'toggle_task', task: wide }),
        candidatesOf(Array.from({ length: 30 }, (_, n) => `${n}${line}`).join(''), {
          op: 'replace_text',
          find: 'none',
          replace: '',
        }),
        candidatesOf(line, { op: 'replace_text', find: wide, replace: '' }),
      ]
      for (const list of lists) {
        expect(list.length).toBeGreaterThan(0)
        expect(Buffer.byteLength(JSON.stringify(list))).toBeLessThan(7_000)
        for (const { text, within = [] } of list)
          for (const shown of [text, ...within]) expect(Array.from(shown).length).toBeLessThanOrEqual(100)
      }
    }
  })
})

test('whoever repeats a refused edit with what the refusal lists gets through in two more steps', () => {
  const random = randomFrom(3)
  const words = ['a', 'B', 'c #', '#', 'e\u0301', 'C#', '😀', 'long '.repeat(15), '- x', '---']
  for (let round = 0; round < 400; round += 1) {
    const content = Array.from({ length: 1 + random.below(12) }, () => {
      const mark = random.oneOf(['# ', '## ', '### ', '- [ ] ', '', '1. [x] '])
      return `${mark}${random.oneOf(words)}${random.oneOf(['', ' #', ' b'])}${random.oneOf(['\n', '\r\n', '\n\n'])}`
    }).join('')
    const edits: Edit[] = [
      insert(random.oneOf(words)),
      { op: 'toggle_task', task: random.oneOf(words) },
      { op: 'replace_text', find: random.oneOf(words), replace: 'x' },
    ]
    for (const first of edits) {
      let edit = first
      for (let step = 0; step < 3; step += 1) {
        const { fault } = applyTo(content, edit)
        const [candidate] = fault?.candidates ?? []
        if (fault === undefined || (step === 0 && candidate === undefined)) break
        expect({ step, content, edit, fault }).toMatchObject({ step: expect.toSatisfy((n: number) => n < 2) })
        edit = obeying(edit, candidate)
      }
    }
  }
})

function obeying(edit: Edit, candidate: Candidate | undefined): Edit {
  if (candidate?.occurrence !== undefined) return { ...edit, occurrence: candidate.occurrence } as Edit
  const { text = '' } = candidate ?? {}
  if (edit.op === 'toggle_task') return { ...edit, task: text }
  if (edit.op === 'replace_text') return { ...edit, find: text }
  return insert(text)
}

function slowDistance(one: string, other: string, isWithin: boolean): number {
  let row = Array.from({ length: one.length + 1 }, (_, index) => index)
  let best = one.length
  for (let at = 1; at <= other.length; at += 1) {
    const next = [isWithin ? 0 : at]
    for (let place = 1; place <= one.length; place += 1) {
      const same = (row[place - 1] ?? 0) + (one[place - 1] === other[at - 1] ? 0 : 1)
      next.push(Math.min(same, (row[place] ?? 0) + 1, (next[place - 1] ?? 0) + 1))
    }
    row = next
    best = Math.min(best, row[one.length] ?? 0)
  }
  return isWithin ? best : (row[one.length] ?? 0)
}

test('the distance of two texts is that of Levenshtein, for texts of any length up to 100', () => {
  const random = randomFrom(5)
  for (let round = 0; round < 2_000; round += 1) {
    const [one, other] = [random.below(101), random.below(101)].map((length) =>
      Array.from({ length }, () => random.oneOf(['a', 'b', 'c', '語'])).join(''),
    ) as [string, string]
    const distance = new Distance(one)
    expect(distance.to(other), `${one} ${other}`).toBe(slowDistance(one, other, false))
    expect(distance.within(`xx${other}`, 2, 2 + other.length).distance).toBe(slowDistance(one, other, true))
  }
})

const size = 2 ** 20
const hundred = 'abcdefghij'.repeat(10)
test.each<[string, string, Edit]>([
  ['a million lines', 'a\n'.repeat(size / 2), { op: 'replace_text', find: hundred, replace: '' }],
  ['one long line', 'ab'.repeat(size / 2), { op: 'replace_text', find: hundred, replace: '' }],
  ['headings ever deeper', '# a\n## b\n'.repeat(size / 9), insert(hundred, { within: ['none'] })],
  [
    'headings ever nearer',
    Array.from({ length: 10_000 }, (_, n) => `# ${hundred.slice(0, n / 100)}${n}\n`).join(''),
    insert(hundred),
  ],
  [
    '90 000 tasks',
    Array.from({ length: 90_000 }, (_, n) => `- [ ] t${n}\n`)
      .join('')
      .slice(0, size),
    { op: 'toggle_task', task: hundred },
  ],
  [
    '20 occurrences in composed form',
    'Cafe\u0301 '.repeat(size / 6),
    { op: 'replace_text', find: 'Caf\u00e9', replace: '' },
  ],
])('candidates in %s take less than 1.5 s of processor time', (_, content, edit) => {
  expect(costOf(() => expect(candidatesOf(content, edit).length).toBeGreaterThan(0))).toBeLessThan(1_500)
})
