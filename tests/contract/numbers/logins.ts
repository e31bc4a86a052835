import { expect } from 'vitest'
import { about, claim, INFO, type Measure } from './claims.ts'
import type { Figure } from './figures.ts'
import { type Lab, STEP } from './lab.ts'

const WRONG = 'not the password'
const HOME = '192.0.2.1'

/** How long the next login of somebody who has failed so often must wait, in seconds; 0 when it need not. */
async function waitOf(lab: Lab, username: string, password = WRONG, from = HOME): Promise<number> {
  const { status, headers } = await lab.token({ username, password }, from)
  expect([200, 401, 429]).toContain(status)
  return status === 429 ? Number(headers.get('retry-after')) : 0
}

/** As many guesses as the contract allows, at once or as the waits allow. */
async function guess(lab: Lab, username: string, times: number, from = HOME): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    const wait = await waitOf(lab, username, WRONG, from)
    expect(wait, `guess ${time}`).toBe(0)
  }
}

const freeFailures: Measure = async ({ value }, lab) => {
  const { email, password } = await lab.person()
  await guess(lab, email, value)
  expect(await waitOf(lab, email, password)).toBeGreaterThan(0)
}

const afterFreeFailures: Measure = async ({ value }, lab) => {
  const { email } = await lab.person()
  let last = 401
  for (let guesses = 0; last === 401 && guesses < 20; guesses += 1)
    last = (await lab.token({ username: email, password: WRONG })).status
  expect(last).toBe(value)
}

/** Failures at as many addresses are counted together: at one, each for itself. */
const addressesCounted: Measure = async ({ value }, lab) => {
  const { email } = await lab.person()
  const addresses = Array.from({ length: value + 1 }, (_, index) => `198.51.100.${index + 1}`)
  for (const address of addresses) await guess(lab, email, 4, address)
  expect(value).toBe(1)
}

/** The waits that begin one after the other, each waited for to the millisecond, until they rise no more. */
async function waits(lab: Lab): Promise<number[]> {
  const { email } = await lab.person()
  while ((await waitOf(lab, email)) === 0);
  const seen: number[] = []
  while (seen.length < 2 || seen.at(-1) !== seen.at(-2)) {
    const wait = await waitOf(lab, email)
    seen.push(wait)
    await lab.clock.pass(wait - STEP)
    expect(await waitOf(lab, email)).toBe(1)
    await lab.clock.pass(STEP)
    expect(await waitOf(lab, email)).toBe(0)
  }
  return seen
}

const firstWait: Measure = async ({ value }, lab) => expect((await waits(lab)).at(0)).toBe(value)
const longestWait: Measure = async ({ value }, lab) => expect((await waits(lab)).at(-1)).toBe(value)

const growth: Measure = async ({ value }: Figure, lab) => {
  const seen = await waits(lab)
  const [longest = 0] = seen.slice(-1)
  for (const [index, wait] of seen.slice(1).entries()) expect(wait).toBe(Math.min(longest, value * (seen[index] ?? 0)))
}

export const loginClaims = [
  claim(about('createToken'), 'After # failures from # address, further', freeFailures, addressesCounted),
  claim(about('createToken'), 'from there must wait, from # to #.', firstWait, longestWait),
  claim(
    INFO,
    '| wrong passwords from # address | # | # with `Retry-After` |',
    addressesCounted,
    freeFailures,
    afterFreeFailures,
  ),
  claim('problem-kinds/too-many-attempts/remedy', 'each further failure # the wait, up to #.', growth, longestWait),
]
