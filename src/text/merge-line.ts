import { diffTokens, numberTokens } from './hunks.ts'
import { endingOf, withoutEnding } from './lines.ts'
import { regionsOf } from './regions.ts'
import { isBlank, splitWords } from './words.ts'

/**
 * Merges one line that both sides may have changed. The ending is merged separately from the words: changing \n to \r\n
 * and changing a word do not conflict. Returns undefined if the changes do.
 */
export function mergeLine(base: string, mine: string, theirs: string): string | undefined {
  const ending = pick(endingOf(base), endingOf(mine), endingOf(theirs))
  const [baseBody, mineBody, theirsBody] = [withoutEnding(base), withoutEnding(mine), withoutEnding(theirs)]
  const body = pick(baseBody, mineBody, theirsBody) ?? mergeWords(baseBody, mineBody, theirsBody)
  return ending === undefined || body === undefined ? undefined : body + ending
}

/** Whether a line is an edited `base` rather than a new line in its place: at least half of its characters stayed. */
export function isEditOf(line: string, base: string): boolean {
  if (line === base) return true
  const words = splitWords(base)
  const ids = new Map<string, number>()
  const hunks = diffTokens(numberTokens(words, ids), numberTokens(splitWords(line), ids))
  const removed = new Set(hunks.flatMap(({ aStart, aEnd }) => words.slice(aStart, aEnd).map((_, i) => aStart + i)))
  const all = size(words)
  return all > 0 && size(words.filter((_, i) => !removed.has(i))) * 2 >= all
}

function size(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + (isBlank(word) ? 0 : word.length), 0)
}

function pick<T extends string>(base: T, mine: T, theirs: T): T | undefined {
  if (mine === theirs || theirs === base) return mine
  return mine === base ? theirs : undefined
}

function mergeWords(base: string, mine: string, theirs: string): string | undefined {
  const ids = new Map<string, number>()
  const words = [base, mine, theirs].map((text) => splitWords(text))
  const [baseWords = [], mineWords = [], theirsWords = []] = words
  const [b, m, t] = [numberTokens(baseWords, ids), numberTokens(mineWords, ids), numberTokens(theirsWords, ids)]
  let merged = ''
  let done = 0
  for (const region of regionsOf(diffTokens(b, m), diffTokens(b, t))) {
    merged += baseWords.slice(done, region.base.start).join('')
    done = region.base.end
    const mineText = mineWords.slice(region.mine.start, region.mine.end).join('')
    const theirsText = theirsWords.slice(region.theirs.start, region.theirs.end).join('')
    if (region.theirsHunks.length === 0 || mineText === theirsText) merged += mineText
    else if (region.mineHunks.length === 0) merged += theirsText
    else return undefined
  }
  return merged + baseWords.slice(done).join('')
}
