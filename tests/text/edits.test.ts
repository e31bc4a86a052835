import { describe, expect, test } from 'vitest'
import { editBounds } from '../../src/notes/core/bounds.ts'
import { applyEdits, type Edit } from '../../src/text/edits.ts'
import { costOf } from './random.ts'

const applyTo = (content: string, edits: readonly Edit[]) => applyEdits(content, edits, editBounds)

const append = (text: string): Edit => ({ op: 'append', text })
const prepend = (text: string): Edit => ({ op: 'prepend', text })
const replaceSection = (heading: string, text: string): Edit => ({ op: 'replace_section', heading, text })
const insertUnder = (heading: string, text: string, position?: 'start' | 'end'): Edit => ({
  op: 'insert_under',
  heading,
  text,
  ...(position === undefined ? {} : { position }),
})
const replaceText = (find: string, replace: string, occurrence?: number): Edit => ({
  op: 'replace_text',
  find,
  replace,
  ...(occurrence === undefined ? {} : { occurrence }),
})
const toggle = (task: string, checked?: boolean): Edit => ({
  op: 'toggle_task',
  task,
  ...(checked === undefined ? {} : { checked }),
})

const applied: readonly (readonly [guarantee: string, content: string, edit: Edit, result: string])[] = [
  ['append writes into an empty note', '', append('a'), 'a'],
  ['append puts a line break between', 'a', append('b'), 'a\nb'],
  ['append adds no line break after one', 'a\n', append('b'), 'a\nb'],
  ['append keeps the line break of its text', 'a\n', append('b\n'), 'a\nb\n'],
  ['append uses the ending most lines have', 'a\r\nb\r\nc\nd', append('e'), 'a\r\nb\r\nc\nd\r\ne'],
  ['append of nothing changes nothing', 'a', append(''), 'a'],
  ['prepend writes into an empty note', '', prepend('a'), 'a'],
  ['prepend puts a line break between', 'b', prepend('a'), 'a\nb'],
  ['prepend adds no line break after one', 'b', prepend('a\n'), 'a\nb'],
  ['prepend uses the ending most lines have', 'b\r\n', prepend('a'), 'a\r\nb\r\n'],

  [
    'replace_section keeps the blank lines around the text',
    '# A\n\nold\n\nolder\n\n# B\n',
    replaceSection('A', 'new'),
    '# A\n\nnew\n\n# B\n',
  ],
  [
    'replace_section includes deeper headings',
    '# A\nold\n## A1\nold\n# B\n',
    replaceSection('A', 'new'),
    '# A\nnew\n# B\n',
  ],
  [
    'replace_section ends at a higher heading',
    '## A\nold\n# B\nb\n',
    replaceSection('A', 'new\n'),
    '## A\nnew\n# B\nb\n',
  ],
  [
    'replace_section of the last section keeps the final line break',
    '# A\nold\n',
    replaceSection('A', 'new'),
    '# A\nnew\n',
  ],
  ['replace_section of the last section adds no final line break', '# A\nold', replaceSection('A', 'new'), '# A\nnew'],
  ['replace_section fills an empty section', '# A\n# B\n', replaceSection('A', 'new'), '# A\nnew\n# B\n'],
  [
    'replace_section fills a blank section and keeps it apart',
    '# A\n\n# B\n',
    replaceSection('A', 'new'),
    '# A\n\nnew\n\n# B\n',
  ],
  ['replace_section fills a section at the end of the note', '# A', replaceSection('A', 'new'), '# A\nnew'],
  ['replace_section empties a section', '# A\n\nold\n\n# B\n', replaceSection('A', ''), '# A\n\n# B\n'],
  [
    'replace_section takes blank lines of its text for those at the edges',
    '# A\nold\n# B\n',
    replaceSection('A', '\nnew\n\n'),
    '# A\n\nnew\n\n# B\n',
  ],
  ['replace_section in CRLF', '# A\r\nold\r\n# B\r\n', replaceSection('A', 'new'), '# A\r\nnew\r\n# B\r\n'],

  [
    'insert_under goes to the end of the section',
    '# A\n- a\n\n# B\n',
    insertUnder('A', '- b'),
    '# A\n- a\n- b\n\n# B\n',
  ],
  [
    'insert_under goes to the start of the section',
    '# A\n\n- a\n',
    insertUnder('A', '- b', 'start'),
    '# A\n\n- b\n- a\n',
  ],
  [
    'insert_under includes deeper headings',
    '# A\n## A1\nx\n# B\n',
    insertUnder('A', 'y', 'end'),
    '# A\n## A1\nx\ny\n# B\n',
  ],
  [
    'insert_under starts before deeper headings',
    '# A\n## A1\nx\n',
    insertUnder('A', 'y', 'start'),
    '# A\ny\n## A1\nx\n',
  ],
  ['insert_under the last heading, without a final line break', '# A\n- a', insertUnder('A', '- b'), '# A\n- a\n- b'],
  ['insert_under an empty section', '# A\n\n# B', insertUnder('A', 'x', 'start'), '# A\n\nx\n\n# B'],
  ['insert_under a heading that is all there is', '# A', insertUnder('A', 'x'), '# A\nx'],

  ['replace_text replaces the only occurrence', 'a b c', replaceText('b', 'x'), 'a x c'],
  ['replace_text takes the text literally', 'a $& .* b', replaceText('.*', "$&$'"), "a $& $&$' b"],
  ['replace_text reaches over lines', 'a\nb\nc', replaceText('a\nb\n', ''), 'c'],

  ['append takes the line breaks of the note', 'a\r\n', append('b\nc\n'), 'a\r\nb\r\nc\r\n'],
  ['append takes the line breaks that most lines have', 'a\nb\r\nc\n', append('d\r\n'), 'a\nb\r\nc\nd\n'],
  ['append keeps its line breaks in a note without any', 'a', append('b\r\nc'), 'a\nb\r\nc'],
  ['insert_under takes the line breaks of the note', '# A\r\n', insertUnder('A', 'x\ny'), '# A\r\nx\r\ny\r\n'],
  ['replace_section takes the line breaks of the note', '# A\r\nx', replaceSection('A', '1\n2'), '# A\r\n1\r\n2'],

  ['prepend goes behind front matter', '---\nt: x\n---\nb', prepend('a'), '---\nt: x\n---\na\nb'],
  ['prepend goes behind front matter in CRLF', '---\r\n---\r\nb', prepend('a'), '---\r\n---\r\na\r\nb'],
  ['prepend goes behind front matter that ends with dots', '---\nt: x\n...\n', prepend('a'), '---\nt: x\n...\na'],
  ['prepend goes behind front matter in TOML', '+++\nt = 1\n+++\nb', prepend('a'), '+++\nt = 1\n+++\na\nb'],
  ['prepend goes behind front matter that is all there is', '---\nt: x\n---', prepend('a'), '---\nt: x\n---\na'],
  ['prepend goes behind a byte-order mark', '\ufeffb', prepend('a'), '\ufeffa\nb'],
  ['prepend goes before a thematic break', '---\nt: x\n', prepend('a'), 'a\n---\nt: x\n'],
  ['prepend goes before a thematic break and a list', '---\n- - -\n', prepend('a'), 'a\n---\n- - -\n'],
  ['prepend goes before lines of dots', '...\na\n...\n', prepend('b'), 'b\n...\na\n...\n'],
  ['toggle_task passes over front matter', '---\n- [ ] a\n---\n- [ ] a\n', toggle('a'), '---\n- [ ] a\n---\n- [x] a\n'],
  ['replace_text reaches into front matter', '---\nt: x\n---\n', replaceText('t: x', 't: y'), '---\nt: y\n---\n'],

  ['toggle_task ticks', '- [ ] buy milk\n', toggle('buy milk'), '- [x] buy milk\n'],
  ['toggle_task unticks', '* [X] buy milk', toggle('buy milk'), '* [ ] buy milk'],
  ['toggle_task sets', '1. [ ] buy milk', toggle('buy milk', true), '1. [x] buy milk'],
  ['toggle_task leaves what is set', '+ [X] buy milk', toggle('buy milk', true), '+ [X] buy milk'],
  [
    'toggle_task finds nested tasks',
    '- [ ] a\n    - [ ] b\n        1) [ ] c\n',
    toggle('c'),
    '- [ ] a\n    - [ ] b\n        1) [x] c\n',
  ],
  ['toggle_task finds tasks indented by tabs', '- [ ] a\n\t- [ ] b\r\n', toggle('b'), '- [ ] a\n\t- [x] b\r\n'],
  [
    'toggle_task compares whole texts',
    '- [ ] buy milk today\n- [ ]  buy milk \n',
    toggle(' buy milk'),
    '- [ ] buy milk today\n- [x]  buy milk \n',
  ],
  ['toggle_task compares composed letters', '- [ ] caf\u00e9', toggle('cafe\u0301'), '- [x] caf\u00e9'],
  ['toggle_task passes over code', '```\n- [ ] a\n```\n- [ ] a\n', toggle('a'), '```\n- [ ] a\n```\n- [x] a\n'],
  [
    'toggle_task passes over code in a list',
    '- x\n  ~~~\n  - [ ] a\n  ~~~\n- [ ] a\n',
    toggle('a'),
    '- x\n  ~~~\n  - [ ] a\n  ~~~\n- [x] a\n',
  ],
  [
    'toggle_task passes over indented code',
    'x\n\n    - [ ] a\n\n- [ ] a\n',
    toggle('a'),
    'x\n\n    - [ ] a\n\n- [x] a\n',
  ],
]

test.each(applied)('%s', (_, content, edit, result) => {
  expect(applyTo(content, [edit])).toEqual({ content: result })
})

describe('headings', () => {
  const found: readonly (readonly [what: string, content: string, heading: string, result: string])[] = [
    ['with closing signs', '## A ##  \n', 'A', '## A ##  \nx\n'],
    ['whose last word ends with a sign', '# C#\n', 'C#', '# C#\nx\n'],
    ['indented by three blanks', '   # A\n', 'A', '   # A\nx\n'],
    ['underlined by =', 'A\n===\n', '# A', 'A\n===\nx\n'],
    ['underlined by -', 'A\n-\n', '## A', 'A\n-\nx\n'],
    ['underlined, of two lines', 'A\nb\n---\n', 'A b', 'A\nb\n---\nx\n'],
    ['in decomposed letters', '# Cafe\u0301\n', 'Caf\u00e9', '# Cafe\u0301\nx\n'],
    ['of the level asked for', '# A\n## A\n', '## A', '# A\n## A\nx\n'],
    ['with a hash sign but no level', '# #a\n', '#a', '# #a\nx\n'],
    ['after a fence that was closed', '```\n# A\n```\n# A\n', 'A', '```\n# A\n```\n# A\nx\n'],
    ['after a shorter fence within one', '````\n```\n# A\n````\n# A\n', 'A', '````\n```\n# A\n````\n# A\nx\n'],
    ['after a fence of the other kind within one', '~~~\n```\n# A\n~~~\n# A\n', 'A', '~~~\n```\n# A\n~~~\n# A\nx\n'],
    ['after inline code that begins a line', '``` a ``` b\n# A\n', 'A', '``` a ``` b\n# A\nx\n'],
    ['after a list that holds an open fence', '- ```\n  # A\n\n# A\n', 'A', '- ```\n  # A\n\n# A\nx\n'],
    ['with no text', '#\n', '', '#\nx\n'],
    ['after front matter', '---\n# A\n---\n# A\n', 'A', '---\n# A\n---\n# A\nx\n'],
    ['after front matter in TOML', '+++\n# A\n+++\n# A\n', 'A', '+++\n# A\n+++\n# A\nx\n'],
    ['after a byte-order mark', '\ufeff# A\n', 'A', '\ufeff# A\nx\n'],
    ['after a line of dashes that nothing closes', '---\n# A\n', 'A', '---\n# A\nx\n'],
    ['above a rule, after another rule', '---\n\nA\n----\n', 'A', '---\n\nA\n----\nx\n'],
  ]
  test.each(found)('are found %s', (_, content, heading, result) => {
    expect(applyTo(content, [insertUnder(heading, 'x')])).toEqual({ content: result })
  })

  test.each([
    ['a line in a fence', '```md\n# A\n```\n'],
    ['a line in a fence never closed', '~~~\n# A\n'],
    ['indented code', '    # A\n'],
    ['a line indented by a tab', '\t# A\n'],
    ['a hashtag', '#A\n'],
    ['seven signs', '####### A\n'],
    ['a list item above a rule', '- A\n---\n'],
    ['a lazy line of a list item above a rule', '- b\nA\n---\n'],
    ['a heading in a list item', '- b\n  # A\n'],
    ['a quote above a rule', '> A\n---\n'],
    ['a paragraph apart from the rule', 'A\n\n---\n'],
    ['a head of a table', 'A | b\n--- | ---\n'],
    ['a line of front matter above its end', '---\nA\n---\n\ntext\n'],
    ['a line of front matter in CRLF above its end', '---\r\nA\r\n---\r\n\r\ntext\r\n'],
    ['a comment of front matter', '---\n# A\nt: x\n...\ntext\n'],
    ['a comment of front matter after a byte-order mark', '\ufeff---\n# A\n---\n'],
    ['a comment of front matter whose ends have blanks behind them', '--- \n# A\n---\t\n'],
  ])('are not: %s', (_, content) => {
    expect(applyTo(content, [insertUnder('A', 'x')]).fault?.type).toBe('heading_not_found')
  })
})

test('50 appends of a line give 50 lines', () => {
  const edits = Array.from({ length: 50 }, (_, i) => append(`line ${i}`))
  expect(applyTo('', edits).content?.split('\n')).toEqual(edits.map((_, i) => `line ${i}`))
})

test('replace_section can be repeated without effect', () => {
  for (const content of ['# A\n\nold\n\n# B\n', '# A\n# B', '# A', '# A\n\n\n# B\n', '# A\r\n\r\nold\r\n']) {
    for (const text of ['new', 'new\n', '\nnew', '\n\nnew\n\n', '']) {
      const once = applyTo(content, [replaceSection('A', text)])
      expect(applyTo(once.content ?? '', [replaceSection('A', text)]), JSON.stringify([content, text])).toEqual(once)
    }
  }
})

test('each edit sees the result of the ones before it', () => {
  const edits = [append('# A'), insertUnder('A', '- [ ] a'), toggle('a'), replaceText('] a', '] b')]
  expect(applyTo('x', edits)).toEqual({ content: 'x\n# A\n- [x] b' })
})

test.each([
  ['heading_not_found', '# A\n', replaceSection('B', 'x')],
  ['heading_not_found', '# A\n', insertUnder('## A', 'x')],
  ['heading_ambiguous', '# A\n## A\n', replaceSection('A', 'x')],
  ['text_not_found', 'a', replaceText('b', 'x')],
  ['text_not_found', '', replaceText('b', 'x')],
  ['text_not_found', '😀', replaceText('\ude00', 'x')],
  ['text_not_found', '😀', replaceText('\ud83d', 'x')],
  ['text_ambiguous', 'a a', replaceText('a', 'x')],
  ['text_ambiguous', 'aaa', replaceText('aa', 'x')],
  ['text_ambiguous', 'a', replaceText('', 'x')],
  ['task_not_found', '- [ ] a\n- [y] b\n-[ ] b\n- b\n[ ] b\n', toggle('b')],
  ['task_ambiguous', '- [ ] a\n- [x] a\n', toggle('a', true)],
])('an error is reported as %s, with the index of its edit, and no edit is applied', (type, content, edit) => {
  const outcome = applyTo(content, [append(''), edit, append('never')])
  expect(outcome).toEqual({ fault: expect.objectContaining({ index: 1, type }) })
})

describe('for 1 MiB, in less than 1.5 s of processor time', () => {
  const size = 2 ** 20
  test.each([
    [
      'a text of one letter with the difference in the middle',
      'a'.repeat(size),
      replaceText(`${'a'.repeat(size / 4)}b${'a'.repeat(size / 4)}`, ''),
    ],
    ['headings only', '# a\n'.repeat(size / 4), replaceSection('b', '')],
    ['a line of blanks', ' '.repeat(size), toggle('a')],
    ['a line of hash signs', `# ${'# '.repeat(size / 2)}`, insertUnder('a', '')],
    ['a line of list markers', '- '.repeat(size / 2), toggle('a')],
    ['markers ever deeper', Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}- a`).join('\n'), toggle('b')],
    ['a line of dashes', `a\n${'- '.repeat(size / 2)}x`, insertUnder('b', '')],
    ['a paragraph above many rules', 'a\n--- \n'.repeat(size / 7), insertUnder('b', '')],
    ['backticks', `\`\`\`${'` '.repeat(size / 2)}`, toggle('a')],
    ['lines in a fence', `\`\`\`\n${'````x\n'.repeat(size / 6)}`, toggle('a')],
    ['a heading of marks out of order', `# a${'\u0301\u0323'.repeat(size / 2)}`, toggle('a')],
    ['marks out of order', `a${'\u0301\u0323'.repeat(size / 2)}`, replaceText('b', '')],
    ['unclosed boxes', '- [ '.repeat(size / 4), toggle('a')],
  ])('applyEdits ends for %s', (_, content, edit) => {
    expect(costOf(() => expect(applyTo(content, [edit]).fault).toBeDefined())).toBeLessThan(1500)
  })
})
