const clusters = new Intl.Segmenter('und', { granularity: 'grapheme' })

const blank = /^\s/u
// Scripts that write words without blanks between them, and pictures: each sign stands for itself.
const alone =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}|\p{Extended_Pictographic}|\p{RI}/u
const letter = /[\p{L}\p{N}\p{M}_]/u

type Kind = 'blank' | 'alone' | 'letter' | 'sign'

/**
 * The words of a line; joined, they are the line. Each consists of whole grapheme clusters (UAX #29), so whatever is
 * built of them splits neither a surrogate pair nor an emoji. Signs between letters belong to the word: half of a date,
 * of a number or of an address must not be changed by one side and the other half by the other.
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let run: { cluster: string; kind: Kind }[] = []
  for (const { segment: cluster } of clusters.segment(line)) {
    const kind = kindOf(cluster)
    const before = run.at(-1)?.kind
    const goesOn = kind !== 'alone' && before !== 'alone' && (kind === 'blank') === (before === 'blank')
    if (!goesOn) {
      words.push(...wordsOf(run))
      run = []
    }
    run.push({ cluster, kind })
  }
  words.push(...wordsOf(run))
  return words
}

export function isBlank(word: string): boolean {
  return blank.test(word)
}

function kindOf(cluster: string): Kind {
  if (blank.test(cluster)) return 'blank'
  if (alone.test(cluster)) return 'alone'
  return letter.test(cluster) ? 'letter' : 'sign'
}

function* wordsOf(run: readonly { cluster: string; kind: Kind }[]): Generator<string> {
  const first = run.findIndex(({ kind }) => kind !== 'sign')
  const last = run.findLastIndex(({ kind }) => kind !== 'sign')
  let word = ''
  for (const [index, { cluster }] of run.entries()) {
    word += cluster
    if (first !== -1 && index >= first && index < last) continue
    yield word
    word = ''
  }
}
