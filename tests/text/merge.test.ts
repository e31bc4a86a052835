import { expect, test } from 'vitest'
import { mergeText } from '../../src/text/merge.ts'

const family = '👨‍👩‍👧‍👦'
const smallFamily = '👨‍👩‍👧'

const merged: readonly (readonly [guarantee: string, base: string, mine: string, theirs: string, text: string])[] = [
  ['nothing changed', 'a\n', 'a\n', 'a\n', 'a\n'],
  ['empty texts', '', '', '', ''],
  ['a text written by one side only, from nothing', '', 'a\n', '', 'a\n'],
  ['a text deleted by one side only', 'a\n', '', 'a\n', ''],
  ['the same change of both sides, once', 'a\nb\n', 'a\nx\n', 'a\nx\n', 'a\nx\n'],
  ['the same change of both sides beside another', 'a\nb\nc\n', 'x\nb\nc\n', 'x\nb\nC\n', 'x\nb\nC\n'],
  [
    'the same insertion of both sides beside another change',
    'a\nb\nc\n',
    'a\nb\nc\nz\n',
    'A\nb\nc\nz\n',
    'A\nb\nc\nz\n',
  ],
  ['edits of different lines', 'a\nb\nc\n', 'A\nb\nc\n', 'a\nb\nC\n', 'A\nb\nC\n'],
  ['edits of neighbouring lines', 'a\nb\n', 'A\nb\n', 'a\nB\n', 'A\nB\n'],
  ['an insertion and an edit far apart', 'a\nb\nc\nd\n', 'x\na\nb\nc\nd\n', 'a\nb\nc\nD\n', 'x\na\nb\nc\nD\n'],
  [
    'an insertion beside an edited line',
    '- [ ] a\n- [ ] b\n',
    '- [ ] a\n- [ ] b\n- [ ] c\n',
    '- [ ] a\n- [x] b\n',
    '- [ ] a\n- [x] b\n- [ ] c\n',
  ],
  ['insertions at different places', 'a\nb\n', 'x\na\nb\n', 'a\nb\ny\n', 'x\na\nb\ny\n'],
  ['a deletion and an edit elsewhere', 'a\nb\nc\nd\n', 'b\nc\nd\n', 'a\nb\nc\nD\n', 'b\nc\nD\n'],
  [
    'a moved line and an edit of a line that stayed',
    'a\nb\nc\nd\ne\n',
    'b\nc\nd\na\ne\n',
    'a\nb\nC\nd\ne\n',
    'b\nC\nd\na\ne\n',
  ],
  [
    'different words of one line',
    'the quick brown fox\n',
    'the slow brown fox\n',
    'the quick brown dog\n',
    'the slow brown dog\n',
  ],
  [
    'a ticked task and its reworded text',
    '- [ ] buy milk\n',
    '- [x] buy milk\n',
    '- [ ] buy oat milk\n',
    '- [x] buy oat milk\n',
  ],
  ['different cells of a table row', '| a | b |\n', '| x | b |\n', '| a | y |\n', '| x | y |\n'],
  ['signs of a script without blanks', '我喜欢喝茶\n', '他喜欢喝茶\n', '我喜欢喝酒\n', '他喜欢喝酒\n'],
  [
    'an emoji of several code points beside other words',
    `${family} at home\n`,
    `${smallFamily} at home\n`,
    `${family} at work\n`,
    `${smallFamily} at work\n`,
  ],
  ['flags as whole flags', '🇩🇪🇫🇷🇮🇹\n', '🇩🇰🇫🇷🇮🇹\n', '🇩🇪🇫🇷🇮🇪\n', '🇩🇰🇫🇷🇮🇪\n'],
  [
    'letters with combining marks',
    'cafe\u0301 au lait\n',
    'cafe\u0300 au lait\n',
    'cafe\u0301 au riz\n',
    'cafe\u0300 au riz\n',
  ],
  ['edits of a CRLF text, which stays one', 'a\r\nb\r\nc\r\n', 'A\r\nb\r\nc\r\n', 'a\r\nb\r\nC\r\n', 'A\r\nb\r\nC\r\n'],
  ['unchanged mixed line endings', 'a\nb\r\nc\nd\r\n', 'A\nb\r\nc\nd\r\n', 'a\nb\r\nc\nD\r\n', 'A\nb\r\nc\nD\r\n'],
  ['endings turned by one side and words by the other', 'a\nb\nc\n', 'a\r\nb\r\nc\r\n', 'a\nx\nc\n', 'a\r\nx\r\nc\r\n'],
  ['endings turned by one side, for lines the other inserts', 'a\r\nb\r\n', 'a\nb\n', 'a\r\nb\r\nc\r\n', 'a\nb\nc\n'],
  ['endings turned by both sides', 'a\nb\nc\n', 'A\r\nb\r\nc\r\n', 'a\r\nb\r\nC\r\n', 'A\r\nb\r\nC\r\n'],
  [
    'one ending changed by one side and a word of that line by the other',
    'a b\nc\n',
    'a b\r\nc\n',
    'a x\nc\n',
    'a x\r\nc\n',
  ],
  ['no line break at the end, if neither side added one', 'a\nb\nc', 'A\nb\nc', 'a\nb\nC', 'A\nb\nC'],
  ['a line break added at the end, beside an edit of that line', 'a\nb', 'a\nb\n', 'a\nB', 'a\nB\n'],
  ['a line break removed from the end', 'a\nb\nc\n', 'a\nb\nc', 'A\nb\nc\n', 'A\nb\nc'],
  ['a line appended to a text without a final line break', 'a\nb\nc', 'a\nb\nc\nd', 'A\nb\nc', 'A\nb\nc\nd'],
  ['an empty last line, whichever side removes the line after it', 'a\n\nc\n', 'a\n\nc', 'a\n\n', 'a\n\n'],
]

test.each(merged)('mergeText keeps %s', (_, base, mine, theirs, text) => {
  expect(mergeText(base, mine, theirs)).toEqual({ text, conflicts: [] })
  expect(mergeText(base, theirs, mine)).toEqual({ text, conflicts: [] })
})

type Part = readonly [base: string, mine: string, theirs: string, line: number]
const conflicting: readonly (readonly [
  guarantee: string,
  base: string,
  mine: string,
  theirs: string,
  parts: readonly Part[],
])[] = [
  ['the same word changed twice', 'a b c\n', 'a x c\n', 'a y c\n', [['a b c\n', 'a x c\n', 'a y c\n', 1]]],
  ['a word edited beside one inserted', 'a b\n', 'a x\n', 'a b c\n', [['a b\n', 'a x\n', 'a b c\n', 1]]],
  [
    'both halves of a date',
    'on 2024-01-02 we\n',
    'on 2025-01-02 we\n',
    'on 2024-01-03 we\n',
    [['on 2024-01-02 we\n', 'on 2025-01-02 we\n', 'on 2024-01-03 we\n', 1]],
  ],
  [
    'one emoji changed twice',
    `${family} x\n`,
    `${smallFamily} x\n`,
    '👪 x\n',
    [[`${family} x\n`, `${smallFamily} x\n`, '👪 x\n', 1]],
  ],
  [
    'a rewritten sentence against an edit of a word in it',
    'one two three\n',
    'uno dos tres\n',
    'one 2 three\n',
    [['one two three\n', 'uno dos tres\n', 'one 2 three\n', 1]],
  ],
  ['a deletion against an edit', 'a\nb\nc\n', 'a\nc\n', 'a\nB\nc\n', [['b\n', '', 'B\n', 2]]],
  ['everything deleted against an edit', 'a\nb\n', '', 'a\nB\n', [['a\nb\n', '', 'a\nB\n', 1]]],
  ['everything deleted against an appended line', 'a\n', '', 'a\nb\n', [['a\n', '', 'a\nb\n', 1]]],
  ['two texts appended', 'a\n', 'a\nx\n', 'a\ny\n', [['', 'x\n', 'y\n', 2]]],
  ['two texts appended after a line without ending', 'a', 'a\nx', 'a\ny', [['', 'x', 'y', 2]]],
  ['two texts written into an empty note', '', 'x', 'y', [['', 'x', 'y', 1]]],
  ['two texts inserted between the same lines', 'a\nb\n', 'a\nx\nb\n', 'a\ny\nb\n', [['', 'x\n', 'y\n', 2]]],
  ['a moved line against an edit of it', 'a\nb\nc\nd\n', 'b\nc\nd\na\n', 'A\nb\nc\nd\n', [['a\n', '', 'A\n', 1]]],
  [
    'a task inserted before another against the tick of that one',
    '- [ ] a\n- [ ] b\n',
    '- [ ] x\n- [ ] a\n',
    '- [x] a\n- [ ] b\n',
    [['- [ ] a\n- [ ] b\n', '- [ ] x\n- [ ] a\n', '- [x] a\n- [ ] b\n', 1]],
  ],
  [
    'two tasks that replace two others against the tick of one',
    '- [ ] apples and pears\n- [ ] bread\n',
    '- [ ] flute lesson\n- [ ] yoga\n',
    '- [x] apples and pears\n- [ ] bread\n',
    [
      [
        '- [ ] apples and pears\n- [ ] bread\n',
        '- [ ] flute lesson\n- [ ] yoga\n',
        '- [x] apples and pears\n- [ ] bread\n',
        1,
      ],
    ],
  ],
  [
    'two rewritten lines against an edit of one',
    'aa bb\ncc dd\n',
    'xx yy\nzz ww\n',
    'aa b\ncc dd\n',
    [['aa bb\ncc dd\n', 'xx yy\nzz ww\n', 'aa b\ncc dd\n', 1]],
  ],
  [
    'two places',
    'a\nb\nc\n',
    'x\nb\nx\n',
    'y\nb\ny\n',
    [
      ['a\n', 'x\n', 'y\n', 1],
      ['c\n', 'x\n', 'y\n', 3],
    ],
  ],
  ['the texts as given, although endings were turned', 'a\nb\n', 'x\r\nb\r\n', 'y\nb\n', [['a\n', 'x\r\n', 'y\n', 1]]],
]

test.each(conflicting)('mergeText reports %s', (_, base, mine, theirs, parts) => {
  const conflicts = parts.map(([b, m, t, line]) => ({ base: b, mine: m, theirs: t, line }))
  expect(mergeText(base, mine, theirs)).toEqual({ text: undefined, conflicts })
  const turned = conflicts.map((conflict) => ({ ...conflict, mine: conflict.theirs, theirs: conflict.mine }))
  expect(mergeText(base, theirs, mine)).toEqual({ text: undefined, conflicts: turned })
})
