/** Mulberry32: the same seed gives the same texts, so that a failure can be repeated. */
export interface Random {
  readonly below: (limit: number) => number
  readonly oneOf: (choices: readonly string[]) => string
}

export function randomFrom(seed: number): Random {
  let state = seed
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
  return { below, oneOf: (choices) => choices[below(choices.length)] ?? '' }
}

const words = ['a', 'b', 'the', '- [ ]', '- [x]', '#', '👨‍👩‍👧', '🇩🇪', 'e\u0301', '茶', 'fox.', '', '|']

export function randomText(random: Random): string {
  const ending = random.oneOf(['\n', '\n', '\n', '\r\n'])
  let text = ''
  for (let line = random.below(9); line > 0; line -= 1) {
    const count = random.below(6)
    text += Array.from({ length: count }, () => random.oneOf(words)).join(' ')
    text += random.below(12) === 0 ? '\r\n' : ending
  }
  return random.below(3) === 0 ? text.replace(/\r?\n$/, '') : text
}

/** Makes a few insertions of new words, deletions and moves, at lines or at words. */
export function randomEdit(random: Random, text: string, name: string, canMove = true): string {
  const byLines = random.below(2) === 0
  const parts = text.split(byLines ? /(?<=\n)/ : /(?<= )/)
  for (let edit = random.below(4); edit > 0; edit -= 1) {
    const at = random.below(parts.length + 1)
    const action = random.below(4)
    const fresh = `${name}${random.below(1_000_000)}`
    if (action === 0 || (action === 2 && !canMove)) parts.splice(at, 1)
    else if (action === 1) parts.splice(at, 1, byLines ? `${fresh} ${parts[at] ?? '\n'}` : `${fresh} `)
    else if (action === 2) parts.splice(random.below(parts.length + 1), 0, ...parts.splice(at, 1))
    else parts.splice(at, 0, byLines ? `${fresh}\n` : `${fresh} `)
  }
  const edited = parts.join('')
  return random.below(12) === 0 ? edited.replaceAll(/\r?\n/g, '\r\n') : edited
}

/** Milliseconds of processor time: unlike elapsed time, it does not grow much with other work on the machine. */
export function costOf(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}
