const clusters = new Intl.Segmenter('und', { granularity: 'grapheme' })

const blank = /^\s/u
// Scripts that write words without spaces, and pictographs: each character is a token of its own.
const alone =
  /\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Thai}|\p{sc=Lao}|\p{sc=Khmer}|\p{sc=Myanmar}|\p{ExtPict}|\p{RI}/u
const letter = /[\p{L}\p{N}\p{M}_]/u

type Kind = 'blank' | 'alone' | 'letter' | 'symbol'

/**
 * The words of a line; joined, they are the line. Each consists of whole grapheme clusters (UAX #29), so no merge
 * splits a surrogate pair or an emoji. Symbols between letters belong to the word, so that the two sides cannot each
 * change one half of a date, a number or an address.
 */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let run: { cluster: string; kind: Kind }[] = []
  for (const { segment: cluster } of clusters.segment(line)) {
    const kind = kindOf(cluster)
    const before = run.at(-1)?.kind
    const continues = kind !== 'alone' && before !== 'alone' && (kind === 'blank') === (before === 'blank')
    if (!continues) {
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
  return letter.test(cluster) ? 'letter' : 'symbol'
}

function* wordsOf(run: readonly { cluster: string; kind: Kind }[]): Generator<string> {
  const first = run.findIndex(({ kind }) => kind !== 'symbol')
  const last = run.findLastIndex(({ kind }) => kind !== 'symbol')
  let word = ''
  for (const [index, { cluster }] of run.entries()) {
    word += cluster
    if (first !== -1 && index >= first && index < last) continue
    yield word
    word = ''
  }
}
