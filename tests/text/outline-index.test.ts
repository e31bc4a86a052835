import { expect, test } from 'vitest'
import { editBounds } from '../../src/notes/core/bounds.ts'
import { EditableText } from '../../src/text/editable-text.ts'
import { applyEdits } from '../../src/text/edits.ts'
import { headingName } from '../../src/text/heading-path.ts'
import { OutlineIndex } from '../../src/text/outline-index.ts'
import { costOf, type Random, randomFrom } from './random.ts'

const lines = [
  '# a',
  '## b ##',
  '#',
  'a',
  'b',
  '===',
  '---',
  '- - -',
  '- [ ] a',
  '- [x] b',
  '* [X] c',
  '1. [ ] a',
  '  - [ ] b',
  '    c',
]
const others = [
  '\t- x',
  '```',
  '~~~~',
  '``` js',
  '> q',
  '',
  '',
  '   ',
  '-',
  '- ```',
  '  ```',
  '- [ ]',
  'e\u0301',
  '\u00a0',
  '- - [ ] w',
  '+++',
  '...',
  '--- ',
  '\ufeff---',
]
const endings = ['\n', '\n', '\n', '\r\n', '\r']

function randomMarkdown(random: Random, most: number): string {
  let text = ''
  for (let count = random.below(most); count > 0; count -= 1)
    text +=
      ' '.repeat(random.below(8) === 0 ? random.below(7) : 0) +
      random.oneOf([...lines, ...others]) +
      random.oneOf(endings)
  return random.below(2) === 0 ? text : text.trimEnd()
}

/** Everything that an outline can report. */
function everything(index: OutlineIndex): unknown {
  const headings = index.allHeadings()
  return { headings, tasks: index.allTasks(), ends: headings.map((heading) => index.endOfSection(heading)) }
}

test('an outline that followed every change equals the outline of the current text', () => {
  const random = randomFrom(7)
  for (let round = 0; round < 600; round += 1) {
    const start = random.oneOf(['', '', '---\n', '+++\r\n', '\ufeff---\n', '---\na: b\n---\n', '+++\n+++'])
    const text = new EditableText(start + randomMarkdown(random, round % 25 === 0 ? 400 : 12))
    expect(text.outline).toBeDefined()
    for (let step = 0; step < 8; step += 1) {
      const [one, other] = [random.below(text.content.length + 1), random.below(text.content.length + 1)]
      const length = random.below(3) === 0 ? Math.abs(one - other) : random.below(9)
      const from = Math.min(one, other)
      text.replace({ from, to: Math.min(text.content.length, from + length), text: randomMarkdown(random, 4) })
      expect(everything(text.outline), JSON.stringify(text.content)).toEqual(everything(new OutlineIndex(text.content)))
    }
  }
})

test('a heading of several lines has their current text, although none of them moved', () => {
  const text = new EditableText(`${'a\n'.repeat(200)}===\n`)
  const sought = { name: headingName(`# b ${'a '.repeat(199)}`), within: [] }
  expect(text.outline.findHeadings(sought, 2)).toEqual([])
  text.replace({ from: 0, to: 1, text: 'b' })
  expect(text.outline.findHeadings(sought, 2)).toHaveLength(1)
})

test('the counts of line endings and characters follow every change', () => {
  const random = randomFrom(11)
  for (let round = 0; round < 300; round += 1) {
    const text = new EditableText(randomMarkdown(random, 12))
    for (let step = 0; step < 8; step += 1) {
      const fresh = new EditableText(text.content)
      expect(text.dominantEnding).toBe(fresh.dominantEnding)
      expect(text.isLongerThan(20)).toBe(Array.from(text.content).length > 20)
      // Not within a surrogate pair, because no edit splits one.
      const from = random.below(2) === 0 ? 0 : text.content.length
      text.replace({ from, to: from, text: random.oneOf(['\n', '\r', '\r\n', '😀😀', 'a']) })
    }
  }
})

const size = 2 ** 20 - 4_096
const tasks = Array.from({ length: 90_000 }, (_, index) => `- [ ] t${index}\n`)
  .join('')
  .slice(0, size)
const hundred = Array.from({ length: 100 }, (_, index) => index)

test.each([
  ['toggles of 90 000 tasks', tasks, hundred.map((index) => ({ op: 'toggle_task', task: `t${index * 50}` }) as const)],
  [
    'insertions above them',
    `# A\n\n${tasks}`,
    hundred.map(() => ({ op: 'insert_under', heading: 'A', text: 'x', position: 'start' }) as const),
  ],
  [
    'insertions after a line of list markers',
    `# A\n\n${'- '.repeat(size / 2)}x\n`,
    hundred.map(() => ({ op: 'insert_under', heading: 'A', text: 'x' }) as const),
  ],
])('100 %s cost less than a third of 100 single ones', (_, content, edits) => {
  const cost = (count: number): number =>
    costOf(() => expect(applyEdits(content, edits.slice(0, count), editBounds).fault).toBeUndefined())
  cost(1)
  const single = Math.min(cost(1), cost(1))
  expect(cost(100)).toBeLessThan(33 * single)
})

const fence = { op: 'insert_under', heading: 'A', text: '~~~~~~~~', position: 'start' } as const
const noFence = { op: 'replace_text', find: '~~~~~~~~\n', replace: '' } as const

test('edits that turn a long text into code and back are refused once 16 times the largest text was read', () => {
  const edits = hundred.map((index) => (index % 2 === 0 ? fence : noFence))
  const whole = applyEdits(`# A\n\n${tasks}`, [...edits, { op: 'toggle_task', task: 't1' }], editBounds)
  expect(whole.fault).toMatchObject({ index: 15, type: 'too_much_reading' })
  const half = applyEdits(
    `# A\n\n${tasks.slice(0, size / 2)}`,
    [...edits, { op: 'toggle_task', task: 't1' }],
    editBounds,
  )
  expect(half.fault).toMatchObject({ index: 31, type: 'too_much_reading' })
})
