import { expect, test } from 'vitest'
import { editBounds } from '../../src/notes/core/bounds.ts'
import { applyEdits } from '../../src/text/edits.ts'
import { isEdge } from '../../src/text/search.ts'
import { costOf, type Random, randomFrom } from './random.ts'

const replaceIn = (content: string, find: string, replace: string, occurrence?: number) =>
  applyEdits(
    content,
    [{ op: 'replace_text', find, replace, ...(occurrence === undefined ? {} : { occurrence }) }],
    editBounds,
  )

test.each([
  ['a line break of the other kind', 'one\r\ntwo\r\n', 'one\ntwo', '1\n2', '1\r\n2\r\n'],
  ['a line break of the other kind, the other way round', 'one\ntwo\n', 'one\r\ntwo', '1\r\n2', '1\n2\n'],
  ['line breaks in what replaces a word, as in most lines', 'one\r\ntwo\r\n', 'two', 'x\ny', 'one\r\nx\r\ny\r\n'],
  ['each line break where it was', 'a\r\nb\nc\r\n', 'a\nb\nc', '1\n2\n3', '1\r\n2\n3\r\n'],
  ['further line breaks as the last', 'a\nb\r\nc\nd\n', 'a\nb\nc', '1\n2\n3\n4', '1\n2\r\n3\r\n4\nd\n'],
  ['a line break alone', 'a\r\nb', '\n', ' ', 'a b'],
  ['line breaks as given where the note has none', 'ab', 'b', 'x\r\ny', 'ax\r\ny'],
  ['a return alone as what it is', 'a\rb\r\n', '\r', 'x', 'axb\r\n'],
  ['a composed letter that is written as two', 'Cafe\u0301 au lait', 'Caf\u00e9', 'Tee', 'Tee au lait'],
  ['a letter written as two that is composed', 'Caf\u00e9 au lait', 'Cafe\u0301', 'Tee', 'Tee au lait'],
  ['marks in any order', 'q\u0301\u0323!', 'q\u0323\u0301', 'x', 'x!'],
  ['Hangul in syllables and letters', '\u1112\u1161\u11ab', '\ud55c', 'x', 'x'],
  ['a sign and its twin', '5 \u212b', '\u00c5', 'm', '5 m'],
  ['a stem before a vowel sign', '\u0939\u093f\u0928\u0940', '\u0928', 'x', '\u0939\u093fx\u0940'],
  ['a part of a letter, of which the rest stays', 'e\u0323\u0301 u', '\u1eb9', 'x', 'x\u0301 u'],
  [
    'with all that surrounds it as it was',
    'e\u0301 A\u030a \u00e9 b e\u0301',
    'b',
    'x',
    'e\u0301 A\u030a \u00e9 x e\u0301',
  ],
])('replace_text finds %s', (_, content, find, replace, result) => {
  expect(replaceIn(content, find, replace)).toEqual({ content: result })
})

test.each([
  ['a letter within a composed one', 'Caf\u00e9', 'Cafe'],
  ['a letter within one written as two', 'Cafe\u0301', 'Cafe'],
  ['half a line break', 'a\r\nb', 'a\r'],
  ['a return within a line break', 'a\r\nb', '\r'],
  ['another letter', 'Cafe', 'Caf\u00e9'],
  ['compatible characters', '\ufb01ne', 'fine'],
  ['a line break for a return', 'a\rb', 'a\nb'],
])('replace_text does not find %s', (_, content, find) => {
  expect(replaceIn(content, find, 'x').fault?.type).toBe('text_not_found')
})

const pieces = [
  'a',
  'b',
  '\n',
  '\n',
  '\r\n',
  '\r',
  'e\u0301',
  '\u00e9',
  'e',
  '\u0323',
  '\u0301',
  '한',
  '\u1112\u1161',
  '😀',
  ' ',
]
const randomPieces = (random: Random, most: number): string =>
  Array.from({ length: random.below(most) }, () => random.oneOf(pieces)).join('')
/** Texts of which some are equal only as readers see them. */
const seen = (text: string): string => text.replaceAll('\r\n', '\n').normalize('NFC')

test('whether a text is found, and what becomes of the note, does not depend on how either is spelt', () => {
  const random = randomFrom(13)
  const respell = (text: string): string => {
    const form = random.oneOf(['NFC', 'NFD', ''])
    const spelt = form === '' ? text : text.normalize(form)
    const breaks = random.below(3)
    if (breaks === 0) return spelt
    return breaks === 1 ? spelt.replaceAll('\r\n', '\n') : spelt.replaceAll(/\r?\n/g, '\r\n')
  }
  let found = 0
  for (let round = 0; round < 20_000; round += 1) {
    // A lone return before a line break reads as one that has it: leave it out.
    const content = randomPieces(random, 14).replaceAll(/\r+(?!\n)/g, '')
    const at = random.below(content.length + 1)
    const cut = random.below(3) === 0 ? randomPieces(random, 4) : content.slice(at, at + 1 + random.below(4))
    const find = cut.replaceAll('\r', '').toWellFormed().replaceAll('\ufffd', '')
    if (find === '') continue
    const replace = randomPieces(random, 4).replaceAll(/\r+(?!\n)/g, '')
    const occurrence = random.below(3) === 0 ? 1 + random.below(3) : undefined
    const one = replaceIn(content, find, replace, occurrence)
    const other = replaceIn(respell(content), respell(find), replace, occurrence)
    const context = JSON.stringify([content, find, replace, one, other])
    expect(other.fault?.type, context).toBe(one.fault?.type)
    expect(seen(other.content ?? ''), context).toBe(seen(one.content ?? ''))
    if (one.content !== undefined) found += 1
  }
  expect(found).toBeGreaterThan(2_000)
})

test('what is not touched keeps its form: the note begins and ends as before, up to the characters that were found', () => {
  const random = randomFrom(17)
  let found = 0
  for (let round = 0; round < 5_000; round += 1) {
    const [before, middle, after] = [randomPieces(random, 8), randomPieces(random, 4), randomPieces(random, 8)]
    // A part that begins and ends with letters on their own.
    const find = `<${middle.replaceAll('\r', '')}>`
    const { content } = replaceIn(`${before}.${find}.${after}`, seen(find), 'X')
    expect(content, JSON.stringify([before, find, after])).toBe(`${before}.X.${after}`)
    found += 1
  }
  expect(found).toBe(5_000)
})

test('in a note with line breaks of one kind, whatever is inserted has them too', () => {
  const random = randomFrom(19)
  const ops = [
    (text: string) => ({ op: 'append', text }) as const,
    (text: string) => ({ op: 'prepend', text }) as const,
    (text: string) => ({ op: 'insert_under', heading: 'A', text }) as const,
    (text: string) => ({ op: 'replace_section', heading: 'A', text }) as const,
    (text: string) => ({ op: 'replace_text', find: 'a\nb', replace: text }) as const,
    (text: string) => ({ op: 'replace_text', find: 'b', replace: text }) as const,
  ]
  for (let round = 0; round < 2_000; round += 1) {
    const text = Array.from({ length: 1 + random.below(6) }, () => random.oneOf(['x', '\n', '\r\n'])).join('')
    const front = random.oneOf(['', '---\nt: x\n---\n'])
    for (const edit of ops.map((make) => make(text))) {
      const unix = `${front}# A\n\na\nb\n\n# B\n`
      const [one, other] = [unix, unix.replaceAll('\n', '\r\n')].map((content) =>
        applyEdits(content, [edit], editBounds),
      )
      expect(one?.content).not.toContain('\r')
      expect(other?.content, JSON.stringify(edit)).toBe(one?.content?.replaceAll('\n', '\r\n'))
    }
  }
})

test('no character after which a text may be cut changes together with the one before it', () => {
  const trailing = new Set<number>()
  for (let code = 0x80; code < 0x11_00_00; code += 1) {
    if (code >= 0xd8_00 && code < 0xe0_00) continue
    const char = String.fromCodePoint(code)
    for (const part of Array.from(char.normalize('NFD')).slice(1)) trailing.add(part.codePointAt(0) ?? 0)
    // Changes places with a mark of another class.
    for (const mark of ['\u0345', '\u0334'])
      if (`a${mark}${char}`.normalize('NFD') !== `a${mark}${char.normalize('NFD')}`) trailing.add(code)
  }
  expect(trailing.size).toBeGreaterThan(900)
  const cut = [...trailing].filter((code) => isEdge(`a${String.fromCodePoint(code)}`, 1))
  // Both halves of a compatibility form are letters on their own.
  expect(cut.map((code) => code.toString(16))).toEqual([])
})

const size = 2 ** 20
test.each([
  ['marks without a letter', '\u0301'.repeat(size)],
  ['marks out of order', `a${'\u0301\u0323'.repeat(size / 2)}`],
  ['letters written as two', 'e\u0301'.repeat(size / 2)],
  ['lines in CRLF', 'a\r\n'.repeat(size / 3)],
])('20 replacements in 1 MiB of %s take less than 5 s of processor time', (_, content) => {
  const edits = Array.from({ length: 20 }, () => ({ op: 'replace_text', find: '!\n', replace: 'y!\n' }) as const)
  expect(
    costOf(() =>
      expect(applyEdits(`${content.slice(3)}!\n`, edits, { ...editBounds, length: 2 * size }).fault).toBeUndefined(),
    ),
  ).toBeLessThan(5_000)
})
