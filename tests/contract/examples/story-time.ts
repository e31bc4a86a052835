/** When the story of the examples is told; everything that has happened in it lies before. */
const TOLD_AT = '2026-11-22T11:00:00Z'
const MICROS_PER_SECOND = 1_000_000n
export const MICROS_PER_DAY = 86_400n * MICROS_PER_SECOND

/** The times of the story as the clock of the database has them, so that what expired then expires now. */
export interface StoryTime {
  readonly toNow: (time: string) => string
}

/** The distance is of whole seconds: a time keeps its digits behind the point. */
export function createStoryTime(): StoryTime {
  const distance = BigInt(Math.floor((Date.now() - Date.parse(TOLD_AT)) / 1_000)) * MICROS_PER_SECOND
  return { toNow: (time) => textOf(microsOf(time) + distance) }
}

/** Microseconds since 1970; a Date would lose them. */
export function microsOf(time: string): bigint {
  const [, second = '', fraction = ''] = /^(.{19})(?:\.(\d{1,6}))?Z$/.exec(time) ?? []
  return BigInt(Date.parse(`${second}Z`)) * 1_000n + BigInt(fraction.padEnd(6, '0'))
}

function textOf(micros: bigint): string {
  const second = new Date(Number(micros / 1_000n)).toISOString().slice(0, 19)
  const fraction = String(micros % MICROS_PER_SECOND)
    .padStart(6, '0')
    .replace(/0+$/, '')
  return `${second}${fraction === '' ? '' : `.${fraction}`}Z`
}
